"""Tables from files and frames: columns of any library, dates, order, repairs."""
