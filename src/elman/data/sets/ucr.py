"""The three text formats of the UCR and UEA archives of labelled series.

All give the sequences `[T_i, I]` and their labels as the text has them.
"""

from __future__ import annotations

import numpy as np

__all__ = ["parse_rows", "parse_ts", "parse_tsv"]

Series = tuple[list[np.ndarray], list[str]]


def parse_tsv(text: str) -> Series:
    """One series of one feature a line: its class, then its values, between tabs."""
    lines = [line.split("\t") for line in text.splitlines()]
    return [np.array(line[1:], dtype=np.float32)[:, None] for line in lines], [
        line[0] for line in lines
    ]


def parse_ts(text: str) -> Series:
    """After `@data` one series a line: values between commas, features and class between colons."""
    lines = text.partition("@data")[2].split()
    rows, labels = [], []
    for line in lines:
        *features, label = line.split(":")
        rows.append(np.array([feature.split(",") for feature in features], dtype=np.float32).T)
        labels.append(label)
    return rows, labels


def parse_rows(text: str) -> Series:
    """One step a line, between blanks: series, step, class, then its features; steps in order."""
    table = np.array(text.split(), dtype=np.float64).reshape(len(text.splitlines()), -1)
    starts = np.flatnonzero(np.diff(table[:, 0], prepend=np.nan))
    rows = np.split(table[:, 3:].astype(np.float32), starts[1:])
    return rows, [str(int(label)) for label in table[starts, 2]]
