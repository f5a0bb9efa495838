"""Sets of data by name: the catalogue, its downloads, and what its files hold."""
