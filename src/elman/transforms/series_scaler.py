"""Several series, each brought to a like size by its own scale, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np
from jaxtyping import Float, Int

from elman.bundle import pack_strings, unpack_strings
from elman.errors import ArgumentError, BundleError, ShapeError

__all__ = ["Scaling", "SeriesScaler"]

Scaling = Literal["standard", "robust", "mean", "none"]

_NORMAL_IQR = 1.349  # the distance between the quartiles of a normal distribution of deviation 1


@dataclass(frozen=True, eq=False)
class SeriesScaler:
    """Per series and column: (value - centre) / spread.

    Attributes:
        kind: What centre and spread are. "standard": mean and standard deviation. "robust":
            median, and the distance between the quartiles over 1.349, which is a normal
            distribution's deviation (the deviation itself where half of the values are alike).
            "mean": 0 and the mean size. "none": 0 and 1.
        centre: float64 `[N, K]`.
        spread: float64 `[N, K]`, positive; 1 for a column that never varies or has no value.

    >>> values = np.array([[1.0], [3.0], [np.nan], [70.0], [70.0]])
    >>> scaler = SeriesScaler.fit(values, np.array([0, 3, 5]), "standard")
    >>> scaler.transform(values, np.array([0, 0, 0, 1, 1]))[:, 0].tolist()
    [-1.0, 1.0, nan, 0.0, 0.0]
    """

    kind: Scaling
    centre: Float[np.ndarray, "N K"]
    spread: Float[np.ndarray, "N K"]

    @classmethod
    def fit(
        cls, values: Float[np.ndarray, "R K"], offsets: Int[np.ndarray, "N+1"], kind: Scaling
    ) -> SeriesScaler:
        """Learn the scale of each column of each series.

        Args:
            values: All series' rows, one series after the other; what is not a number is missing.
            offsets: The rows of series n are `offsets[n]` … `offsets[n + 1] - 1`; rows after the
                last are no one's.
            kind: See the class.

        Raises:
            ArgumentError: `kind` is none of the four.
        """
        if kind not in get_args(Scaling):
            known = ", ".join(get_args(Scaling))
            raise ArgumentError("scaling", f"found {kind!r}", f"one of {known}")
        shape = (len(offsets) - 1, values.shape[1])
        centre, spread = np.zeros(shape), np.ones(shape)
        if kind != "none":
            for n, k in np.ndindex(shape):  # a column at a time, so that no copy is large
                column = values[offsets[n] : offsets[n + 1], k]
                known = column[~np.isnan(column)].astype(np.float64)
                if len(known):
                    centre[n, k], spread[n, k] = _scale(known, kind)
        return cls(kind, centre, np.where(spread > 0, spread, 1.0))

    def transform(
        self, values: Float[np.ndarray, "R K"], index: Int[np.ndarray, "R"]
    ) -> Float[np.ndarray, "R K"]:
        """The values scaled, in float32; what is missing stays missing.

        Args:
            values: In the series' own units.
            index: Which series each row is of.

        Raises:
            ShapeError: The values have other columns, or another number of rows than `index`.
        """
        centre, spread = self._of(values, index)
        return ((values - centre) / spread).astype(np.float32)

    def inverse(
        self, values: Float[np.ndarray, "*M ... K"], index: Int[np.ndarray, "*M"]
    ) -> Float[np.ndarray, "*M ... K"]:
        """Scaled values in the series' own units again, float64.

        Args:
            values: With any axes between those of `index` and the columns, as `[B, H, K]`.
            index: Which series each entry is of.

        Raises:
            ShapeError: The values have other columns, or do not begin with the axes of `index`.
        """
        centre, spread = self._of(values, index)
        return values * spread + centre

    def scale_only(
        self, spreads: Float[np.ndarray, "*M ... K"], index: Int[np.ndarray, "*M"]
    ) -> Float[np.ndarray, "*M ... K"]:
        """Deviations or widths of scaled values in the series' own units; else as `inverse`."""
        return spreads * self._of(spreads, index)[1]

    def select(self, indices: Any) -> SeriesScaler:
        """The scaler of these series (indices, a slice or a mask `[N]`), in this order."""
        return SeriesScaler(self.kind, self.centre[indices], self.spread[indices])

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs, as arrays for a model file."""
        return {**pack_strings([self.kind]), "centre": self.centre, "spread": self.spread}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> SeriesScaler:
        """The scaler that `tensors` described; `BundleError` if it is damaged."""
        kind = "".join(unpack_strings(dict(tensors), "series scaler"))
        centre, spread = (
            np.asarray(tensors.get(name, np.zeros(())), dtype=np.float64)
            for name in ("centre", "spread")
        )
        sound = kind in get_args(Scaling) and centre.ndim == 2 and centre.shape == spread.shape
        if not (sound and np.isfinite(centre).all() and np.isfinite(spread).all()):
            raise BundleError("series scaler", "its arrays are missing or damaged", "save it again")
        if (spread <= 0).any():
            raise BundleError("series scaler", "a spread that is not positive", "save it again")
        return cls(cast(Scaling, kind), centre, spread)

    def _of(self, values: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Centre and spread that fit each of the values, by broadcasting."""
        columns, between = self.centre.shape[1], values.ndim - 1 - index.ndim
        fits = between >= 0 and values.shape[: index.ndim] == index.shape
        if not fits or values.shape[-1] != columns:
            raise ShapeError(
                "values",
                f"shape {values.shape} for an index of shape {index.shape}",
                f"the axes of the index first, and {columns} columns last",
            )
        shape = (*index.shape, *(1,) * between, columns)
        return self.centre[index].reshape(shape), self.spread[index].reshape(shape)


def _scale(known: Float[np.ndarray, "T"], kind: Scaling) -> tuple[float, float]:
    """Centre and spread of at least one value; the spread is 0 where there is none."""
    if kind == "mean":
        return 0.0, float(np.abs(known).mean())
    if known.min() == known.max():  # rounding gives a constant a deviation that is not quite 0
        return float(known[0]), 0.0
    deviation = float(known.std())
    if kind == "standard":
        return float(known.mean()), deviation
    low, middle, high = np.quantile(known, (0.25, 0.5, 0.75))
    return float(middle), float(high - low) / _NORMAL_IQR or deviation
