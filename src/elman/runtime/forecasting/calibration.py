"""Quantiles that keep their promise: shifted by what held-out windows showed (conformal)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from elman.errors import BundleError

__all__ = ["Calibration"]

_FEWEST = 30  # windows; with fewer, the steps of the horizon share their errors
_PATHS = 256  # whole residual paths kept, as templates of how errors hang together over time


@dataclass(frozen=True, eq=False)
class Calibration:
    """What windows that were not trained on say of a forecaster's errors.

    Split conformal prediction, a level at a time: the quantile of level p is shifted by the
    p-quantile (of finite-sample rank) of what was observed less what that quantile was, as in
    conformalised quantile regression (Romano et al. 2019, arXiv 1905.03222v1). All values are
    normalised as the network has them, so series of any unit share one table. Where there are
    fewer than 30 windows, one table holds for all steps of the horizon.

    Attributes:
        offsets: float32 `[H, K, Q]`, added to the quantiles.
        paths: float32 `[S, H, K]`, errors of whole forecasts (observed less forecast).
        windows: How many windows this was found on.
    """

    offsets: Float[np.ndarray, "H K Q"]
    paths: Float[np.ndarray, "S H K"]
    windows: int

    @classmethod
    def fit(
        cls,
        actual: Float[np.ndarray, "W H K"],
        mean: Float[np.ndarray, "W H K"],
        quantiles: Float[np.ndarray, "W H K Q"],
        levels: tuple[float, ...],
    ) -> Calibration:
        """From held-out windows, missing actual values (NaN) left out."""
        offsets = np.zeros(quantiles.shape[1:], np.float32)
        for q, level in enumerate(levels):
            errors = actual - quantiles[..., q]
            if len(errors) < _FEWEST:
                errors = errors.reshape(-1, 1, errors.shape[-1])
            offsets[..., q] = _finite_quantile(errors, level)
        errors = actual - mean
        whole = np.flatnonzero(np.isfinite(errors).all(axis=(1, 2)))
        chosen = whole[np.linspace(0, len(whole) - 1, min(_PATHS, len(whole))).astype(int)]
        return cls(offsets, errors[chosen].astype(np.float32), len(actual))

    def apply(self, quantiles: Float[np.ndarray, "W H K Q"]) -> Float[np.ndarray, "W H K Q"]:
        """The quantiles shifted, and sorted so that none crosses another."""
        return np.sort(quantiles + self.offsets, axis=-1)

    def tensors(self) -> dict[str, np.ndarray]:
        """Arrays for a model file."""
        windows = np.array([self.windows], np.int64)
        return {"offsets": self.offsets, "paths": self.paths, "windows": windows}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> Calibration:
        """What `tensors` gave; `BundleError` if it is damaged."""
        nothing = np.zeros((), np.float32)
        offsets, paths, windows = (
            tensors.get(name, nothing) for name in ("offsets", "paths", "windows")
        )
        counted = windows.shape == (1,) and windows.dtype == np.int64 and windows[0] >= 0
        shaped = offsets.ndim == 3 and paths.ndim == 3 and paths.shape[1:] == offsets.shape[:2]
        if not (counted and shaped and _finite(offsets) and _finite(paths)):
            raise BundleError("calibration", "its arrays are missing or damaged", "save it again")
        return cls(offsets, paths, int(windows[0]))


def _finite(array: np.ndarray) -> bool:
    return array.dtype == np.float32 and bool(np.isfinite(array).all())


def _finite_quantile(errors: Float[np.ndarray, "W H K"], level: float) -> np.ndarray:
    """The order statistic of rank p(n + 1), away from the middle, over the observed errors.

    For p above one half its rank is rounded up and for p below down, so intervals err on the
    wide side; beyond the last rank it is the largest error.
    """
    ordered = np.sort(errors, axis=0)  # NaN come last
    count = np.isfinite(errors).sum(axis=0)
    place = level * (count + 1)
    rank = np.ceil(place) if level > 0.5 else np.floor(place) if level < 0.5 else np.round(place)
    index = np.clip(rank.astype(int) - 1, 0, np.maximum(count - 1, 0))
    found = np.take_along_axis(ordered, index[None], axis=0)[0]
    return np.where(count > 0, found, 0.0)
