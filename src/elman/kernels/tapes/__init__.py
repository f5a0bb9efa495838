"""What runs tapes: `evaluation` and `reference` in NumPy, `program` and `native` compiled."""
