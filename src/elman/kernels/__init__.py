"""The recurrences: whole sequences or one step, NumPy arrays in, NumPy arrays out.

`contract` says what every implementation agrees on, `equations` and `reference` are the
specification in plain NumPy, `native` is the compiled twin.
"""
