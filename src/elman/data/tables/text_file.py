"""A text file that is read as a table: where it is, and how it is written."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from elman.data.tables.columns import Table, as_table
from elman.data.tables.delimited import read_rows
from elman.data.tables.dialect import Layout, Source

__all__ = ["Row", "TextFile"]

Row = tuple[int, list[str]]
"""The line on which a row ends, and its fields."""


@dataclass(frozen=True, eq=False)
class TextFile:
    """A text file: where it is, what messages call it, how it is written."""

    source: Source
    where: str
    layout: Layout

    def rows(self) -> Iterator[Row]:
        """Its rows, header first."""
        return read_rows(self.source, self.where, self.layout)

    def table(self, names: list[str], content: Any) -> Table:
        """Its table, of which messages name lines and fields: it is read again."""

        @functools.lru_cache(maxsize=1)
        def row_of(row: int) -> Row:
            return next(islice(self.rows(), row + 1, None))

        return as_table(
            content,
            self.where,
            lambda row: f"{self.where}, line {row_of(row)[0]}",
            lambda row, column: row_of(row)[1][names.index(column)],
        )
