"""Features brought to mean 0 and standard deviation 1, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.errors import BundleError, DataError, ShapeError

__all__ = ["Scaler"]


@dataclass(frozen=True, eq=False)
class Scaler:
    """Per feature: (value - mean) / deviation.

    Attributes:
        mean: float64 `[I]`.
        deviation: float64 `[I]`, positive; 1 for a feature that never varies.

    >>> scaler = Scaler.fit(np.array([[1.0, 7.0], [3.0, 7.0]]))
    >>> scaler.transform(np.array([[5.0, 7.0]])).tolist()
    [[3.0, 0.0]]
    """

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def fit(
        cls,
        values: np.ndarray,
        lengths: np.ndarray | None = None,
        counted: np.ndarray | None = None,
    ) -> Scaler:
        """Learn mean and deviation of each feature.

        Args:
            values: `[N, T, I]`, or `[N, I]` without time.
            lengths: `[N]`, each in 0…T: only real steps count; None: all steps do.
            counted: Of these the ones that count: bool `[N, T]`, or `[N]` without time; None: all.

        Raises:
            ShapeError: The rank is not 2 or 3, or the lengths do not fit.
            DataError: There is no step to learn from.
        """
        rows = _real_rows(values, lengths, counted)
        if not len(rows):
            raise DataError("values", "found no steps", "at least one, to learn the scale from")
        lowest, highest = rows.min(axis=0), rows.max(axis=0)
        varies = lowest != highest  # rounding gives a constant a deviation that is not quite 0
        mean = np.where(varies, rows.mean(axis=0, dtype=np.float64), lowest)
        deviation = np.where(varies, rows.std(axis=0, dtype=np.float64), 1.0)
        return cls(mean.astype(np.float64), np.where(deviation > 0, deviation, 1.0))

    def transform(self, values: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
        """`values [..., I]` scaled, in their own float type; with `lengths`, padding stays 0.

        Raises:
            ShapeError: The last axis is not I, or the lengths do not fit.
        """
        self._check(values)
        scaled = ((values - self.mean) / self.deviation).astype(_float_type(values))
        if lengths is not None:
            scaled[~_real(values, lengths)] = 0
        return scaled

    def inverse(self, values: np.ndarray) -> np.ndarray:
        """What `transform` made `values [..., I]` of, up to rounding."""
        self._check(values)
        return (values * self.deviation + self.mean).astype(_float_type(values))

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs, as arrays for a model file."""
        return {"mean": self.mean, "deviation": self.deviation}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> Scaler:
        """The scaler that `tensors` described; `BundleError` if it is damaged."""
        mean, deviation = (
            np.asarray(tensors.get(name, np.zeros(())), dtype=np.float64)
            for name in ("mean", "deviation")
        )
        sound = mean.ndim == 1 and mean.shape == deviation.shape
        if not (sound and np.isfinite(mean).all() and np.isfinite(deviation).all()):
            raise BundleError("scaler", "its arrays are missing or damaged", "save it again")
        if (deviation <= 0).any():
            raise BundleError("scaler", "a deviation that is not positive", "save it again")
        return cls(mean, deviation)

    def _check(self, values: np.ndarray) -> None:
        if values.ndim < 1 or values.shape[-1] != len(self.mean):
            raise ShapeError("values", f"shape {values.shape}", f"[..., {len(self.mean)}]")


def _real(values: np.ndarray, lengths: Any) -> np.ndarray:
    """Mask `[N, T]` of the steps that belong to a sequence."""
    lengths = np.asarray(lengths)
    if values.ndim != 3 or lengths.shape != values.shape[:1]:
        raise ShapeError(
            "lengths",
            f"shape {lengths.shape} beside values {values.shape}",
            "pass values [N, T, I] and lengths [N]",
        )
    return np.arange(values.shape[1]) < lengths[:, None]


def _real_rows(
    values: np.ndarray, lengths: np.ndarray | None, counted: np.ndarray | None
) -> np.ndarray:
    if values.ndim not in (2, 3):
        raise ShapeError("values", f"shape {values.shape}", "pass [N, T, I] or [N, I]")
    if counted is not None:
        if counted.shape != values.shape[:-1]:
            found = f"shape {counted.shape} beside values {values.shape}"
            raise ShapeError("counted", found, "pass one for each step, or row")
        return values[counted if lengths is None else counted & _real(values, lengths)]
    if lengths is not None:
        return values[_real(values, lengths)]
    return values.reshape(-1, values.shape[-1])


def _float_type(values: np.ndarray) -> np.dtype:
    return values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
