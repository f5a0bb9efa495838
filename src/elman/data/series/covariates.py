"""Columns of a table as blocks of numbers: texts one-hot, what is missing as NaN.

Letters: R rows, C columns of a block, N series.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from elman.data.tables import columns
from elman.data.tables.columns import Table
from elman.data.tables.fields import MISSING, is_number, number
from elman.data.tables.repairs import Order
from elman.data.tables.timestamps import shown
from elman.errors import DataError
from elman.printable import many, quoted

__all__ = ["Block", "Place", "Reader", "check_whole", "constant"]

Place = Callable[[int, str | None], str]  # what messages call a row and a column

_MOST_CATEGORIES = 256


@dataclass(frozen=True, eq=False)
class Block:
    """Numbers of several columns.

    Attributes:
        values: float32 or float64 `[R, C]`; NaN is missing.
        names: C names; "shop=Berlin" for the categories of a text column.
        sources: C names of the columns that they were made from.
    """

    values: np.ndarray
    names: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(eq=False)
class Reader:
    """Reads blocks of one table, and collects what it found.

    Attributes:
        table: The table.
        order: Where the panel's rows stand in the table.
        place: What messages call a row (of the table) and a column.
        repair: Names of repairs.
        known: The categories of text columns, where they are settled; None reads them off.
        categories: Those of the text columns that were read.
        notes: What was missing and repaired.
    """

    table: Table
    order: Order
    place: Place
    repair: Collection[str]
    known: Mapping[str, tuple[str, ...]] | None
    categories: dict[str, tuple[str, ...]]
    notes: list[str]

    def block(self, names: Sequence[str], *, target: bool = False) -> Block:
        """The columns `names` as one block.

        Raises:
            DataError: A column holds what is not a number, an unknown category, or an infinite
                number.
        """
        expanded: list[tuple[str, str]] = []  # name, source
        for name in names:
            labels = None if target else self._categories(name)
            if labels is None:
                expanded.append((name, name))
            else:
                self.categories[name] = labels
                expanded.extend((f"{name}={label}", name) for label in labels)
        floats = np.result_type(np.float32, *(self._float(name) for name in names))
        values = np.empty((len(self.order.times), len(expanded)), dtype=floats)
        k = 0
        for name in names:
            if name in self.categories:
                width = len(self.categories[name])
                self._one_hot(name, values[:, k : k + width])
                k += width
            else:
                values[:, k] = self.order.take(self._numbers(name, target))
                k += 1
        return Block(
            values, tuple(name for name, _ in expanded), tuple(source for _, source in expanded)
        )

    def _categories(self, name: str) -> tuple[str, ...] | None:
        """The categories of a text column; None where it is one of numbers."""
        column = self.table.columns[name]
        is_text = columns.kind(column) == "text"
        if self.known is not None:
            if name in self.known and not is_text and columns.kind(column) != "nothing":
                raise DataError(
                    self.place(0, name),
                    f"found {columns.dtype_name(column)}",
                    f"a text: one of {', '.join(self.known[name])}",
                )
            return self.known.get(name)
        if not is_text:
            return None
        labels = columns.codes(column)[1]
        if 2 * sum(map(is_number, labels)) >= len(labels):
            return None
        if len(labels) > _MOST_CATEGORIES:
            raise DataError(
                f"{self.table.name}, column {name!r}",
                f"{len(labels)} different texts",
                f"at most {_MOST_CATEGORIES} categories: group them, or leave the column out",
            )
        return tuple(sorted(labels))

    def _float(self, name: str) -> np.dtype:
        """The type of number that holds a column exactly."""
        if name in self.categories:
            return np.dtype(np.float32)
        column = self.table.columns[name]
        if isinstance(column, np.ndarray):
            return column.dtype if column.dtype.kind in "fiub" else np.dtype(np.float64)
        narrow = ("Float32", "Boolean", "Int8", "Int16", "UInt8", "UInt16")
        return np.dtype(np.float32 if str(column.dtype) in narrow else np.float64)

    def _one_hot(self, name: str, values: np.ndarray) -> None:
        """Write a text column's categories into `values`, `[R, categories]`."""
        if columns.kind(self.table.columns[name]) == "nothing":
            values[:] = np.nan
            return
        codes, labels = columns.codes(self.table.columns[name])
        known = {label: k for k, label in enumerate(self.categories[name])}
        new = [label for label in labels if label not in known]
        if new:  # it is none of the known ones, and that is what is read
            unknown = np.isin(codes, [k for k, label in enumerate(labels) if label not in known])
            count = many(int(unknown.sum()), "value")
            self.notes.append(
                f"{count} of {name!r} taken as unknown: {quoted(new, 3)} stood in no training row."
            )
        none = len(known)
        numbers = np.array([known.get(label, none) for label in labels] + [-1])[codes]
        numbers = self.order.take(numbers)
        values[:] = numbers[:, None] == np.arange(len(known))
        absent = numbers < 0
        values[absent] = np.nan
        self._note_missing(name, int(absent.sum()), len(absent))

    def _numbers(self, name: str, target: bool) -> np.ndarray:
        """A column's numbers in the table's order, without infinite ones."""
        column = self.table.columns[name]
        kind = columns.kind(column)
        if kind == "text":
            values = self._parsed(name, target)
        elif kind in ("number", "nothing"):
            values = columns.numbers(column)
        else:
            raise DataError(
                self.place(0, name), f"found {columns.dtype_name(column)}", "a column of numbers"
            )
        if values.dtype.kind != "f":
            return values
        finite = np.isfinite(values)
        if finite.all():
            return values
        infinite = np.isinf(values)
        if infinite.any():
            if "infinite" not in self.repair:
                row = int(infinite.argmax())
                raise DataError(
                    self.place(row, name),
                    f"found {values[row]}",
                    "finite numbers; repair 'infinite' takes them for missing",
                )
            values = np.where(infinite, np.nan, values)
            count = many(int(infinite.sum()), "infinite number")
            self.notes.append(f"{count} in {name!r} taken for missing.")
        self._note_missing(name, int((~finite).sum()), len(values))
        return values

    def _parsed(self, name: str, target: bool) -> np.ndarray:
        """Numbers that stand as text."""
        column = self.table.columns[name]
        codes, labels = columns.codes(column)
        words = [k for k, label in enumerate(labels) if not is_number(label)]
        refused = [k for k in words if labels[k].strip() not in MISSING]
        if refused or "numbers" not in self.repair:
            row = int((codes == (refused[0] if refused else 0)).argmax())
            if refused and (target or len(refused) == len(labels)):
                expected = "a column of numbers"
            else:
                expected = "numbers; repair 'numbers' reads those that stand as text"
            raise DataError(self.place(row, name), f"found {columns.cell(column, row)!r}", expected)
        self.notes.append(f"{len(codes)} texts in {name!r} read as numbers.")
        return np.array([*map(number, labels), np.nan])[codes]

    def _note_missing(self, name: str, count: int, rows: int) -> None:
        if count:
            self.notes.append(f"{count} of {rows} values of {name!r} are missing.")


def check_whole(block: Block, order: Order, place: Place) -> None:
    """Check that covariates that are known ahead are there in every row.

    Raises:
        DataError: One has a hole, or ends before its series.
    """
    for k, source in enumerate(block.sources):
        absent = np.isnan(block.values[:, k])
        if not absent.any():
            continue
        row = int(absent.argmax())
        end = int(order.offsets[np.searchsorted(order.offsets, row, side="right")])
        stops = absent[row:end].all()
        raise DataError(
            place(order.original(row), source),
            f"ends {many(end - row, 'row')} before its series"
            if stops
            else f"has a hole at {shown(order.times[row])}",
            "covariates that are known ahead in every row",
        )


def constant(block: Block, order: Order, place: Place) -> np.ndarray:
    """Static covariates `[N, C]`: each series' one value.

    Raises:
        DataError: A value changes inside a series, or is missing.
    """
    first = block.values[order.offsets[:-1]]
    for k, source in enumerate(block.sources):
        values = block.values[:, k]
        same = values == np.repeat(first[:, k], np.diff(order.offsets))
        if same.all():
            continue
        row = int((~same).argmax())
        raise DataError(
            place(order.original(row), source),
            "is missing" if np.isnan(values[row]) else "changes inside the series",
            "one value for each series; a value that changes is past= or future=",
        )
    return first
