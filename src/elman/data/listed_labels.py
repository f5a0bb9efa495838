"""Several labels a row as each row lists them: which columns there are depends on the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.errors import DataError
from elman.printable import many, quoted

__all__ = ["ListedLabels"]


class ListedLabels:
    """Several labels a row, from lists of those that each row has.

    As far as targets go this is a frame: an array with names of its columns. But other rows list
    other labels, so that columns go by their names and never by their places.

    Attributes:
        values: int64 `[N, L]`, 0 or 1 for each label.
        columns: What the labels are called.
    """

    def __init__(self, values: np.ndarray, columns: Sequence[str]) -> None:
        self.values, self.columns = values, tuple(columns)

    @property
    def shape(self) -> tuple[int, ...]:
        """`(N, L)`."""
        return self.values.shape

    def __len__(self) -> int:
        return len(self.values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.values, dtype=dtype, copy=True if copy is None else copy)

    def of(self, names: Sequence[str], where: str = "y") -> np.ndarray:
        """The same for these labels `[N, len(names)]`; one that no row lists is 0 in all.

        Raises:
            DataError: Rows list labels that are none of them: nothing was learnt of these.
        """
        if foreign := [name for name in self.columns if name not in names]:
            rows = int(self.values[:, [name in foreign for name in self.columns]].any(1).sum())
            found = f"{many(rows, 'row')} with labels that were not learnt: {quoted(foreign)}"
            raise DataError(where, found, f"of the labels {quoted(names)}")
        place = {name: k for k, name in enumerate(self.columns)}
        none = np.zeros(len(self.values), dtype=self.values.dtype)
        columns = [self.values[:, place[name]] if name in place else none for name in names]
        return np.stack(columns, axis=1)
