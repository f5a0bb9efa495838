"""Quantiles that keep their promise: shifted by what held-out windows showed (conformal)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from elman.errors import BundleError

__all__ = ["Calibration"]

_FEWEST = 30  # windows; with fewer, the steps of the horizon share their errors
_HALF = 8  # windows in each half of the held-out time, for the middle to be judged by
_MIDDLE = 0.5
_FEW = 2.0  # independent errors, of which the outermost are taken
_PATHS = 256  # whole residual paths kept, as templates of how errors hang together over time


@dataclass(frozen=True, eq=False)
class Calibration:
    """What windows that were not trained on say of a forecaster's errors.

    Split conformal prediction, a level at a time: the quantile of level p is shifted by the
    p-quantile (of finite-sample rank) of what was observed less what that quantile was, as in
    conformalised quantile regression (Romano et al. 2019, arXiv 1905.03222v1). All values are
    normalised as the network has them, so series of any unit share one table. Where there are
    fewer than 30 windows, one table holds for all steps of the horizon.

    The middle, which is the forecast itself and the quantile of level 0.5, moves by the median
    error only if that found in the earlier half of the held-out time makes errors smaller in the
    later half, and the other way round: else it is chance, and it stays.

    Attributes:
        offsets: float32 `[H, K, Q]`, added to the quantiles.
        middle: float32 `[H, K]`, added to the forecast; None in older files: the forecast stays as
            it is, whatever the quantile of level 0.5.
        paths: float32 `[S, H, K]`, errors of whole forecasts (observed less forecast).
        windows: How many windows this was found on.
    """

    offsets: Float[np.ndarray, "H K Q"]
    paths: Float[np.ndarray, "S H K"]
    windows: int
    middle: Float[np.ndarray, "H K"] | None = None

    @classmethod
    def fit(
        cls,
        actual: Float[np.ndarray, "W H K"],
        mean: Float[np.ndarray, "W H K"],
        quantiles: Float[np.ndarray, "W H K Q"],
        levels: tuple[float, ...],
        times: Int[np.ndarray, "W"] | None = None,
        worth: float | None = None,
    ) -> Calibration:
        """From held-out windows, missing actual values (NaN) left out.

        Args:
            actual: What came, normalised.
            mean: What was forecast.
            quantiles: At the levels.
            levels: Of the quantiles.
            times: The step at which each window's forecast was made; None: the middle stays.
            worth: How many independent windows these are worth, as they overlap and series move
                together; None: as many as there are.
        """
        offsets = np.zeros(quantiles.shape[1:], np.float32)
        for q, level in enumerate(levels):
            errors = actual - quantiles[..., q]
            if len(errors) < _FEWEST:
                errors = errors.reshape(-1, 1, errors.shape[-1])
            offsets[..., q] = _finite_quantile(errors, level, worth)
        errors = actual - mean
        middle = _middle(errors, times)
        if _MIDDLE in levels:  # it is where the forecast is, if it was there before
            q = levels.index(_MIDDLE)
            same = (quantiles[..., q] == mean).all(axis=0)
            offsets[..., q] = np.where(same, middle, offsets[..., q])
        whole = np.flatnonzero(np.isfinite(errors).all(axis=(1, 2)))
        chosen = whole[np.linspace(0, len(whole) - 1, min(_PATHS, len(whole))).astype(int)]
        return cls(offsets, errors[chosen].astype(np.float32), len(actual), middle)

    def apply(self, quantiles: Float[np.ndarray, "W H K Q"]) -> Float[np.ndarray, "W H K Q"]:
        """The quantiles shifted, and sorted so that none crosses another."""
        return np.sort(quantiles + self.offsets, axis=-1)

    def forecast(
        self,
        mean: Float[np.ndarray, "W H K"],
        quantiles: Float[np.ndarray, "W H K Q"],
        levels: tuple[float, ...],
    ) -> tuple[Float[np.ndarray, "W H K"], Float[np.ndarray, "W H K Q"]]:
        """The forecast and its quantiles shifted; where it was the one of 0.5 it still is.

        None of them crosses that of 0.5.
        """
        if self.middle is None:
            return mean, self.apply(quantiles)
        shifted = mean + self.middle
        if _MIDDLE not in levels:
            return shifted, self.apply(quantiles)
        q, applied = levels.index(_MIDDLE), quantiles + self.offsets
        middle = np.where(quantiles[..., q] == mean, shifted, applied[..., q])[..., None]
        below = np.minimum(np.sort(applied[..., :q], axis=-1), middle)
        above = np.maximum(np.sort(applied[..., q + 1 :], axis=-1), middle)
        return shifted, np.concatenate([below, middle, above], axis=-1)

    def tensors(self) -> dict[str, np.ndarray]:
        """Arrays for a model file."""
        windows = np.array([self.windows], np.int64)
        arrays = {"offsets": self.offsets, "paths": self.paths, "windows": windows}
        return arrays if self.middle is None else arrays | {"middle": self.middle}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> Calibration:
        """What `tensors` gave; `BundleError` if it is damaged."""
        nothing = np.zeros((), np.float32)
        offsets, paths, windows = (
            tensors.get(name, nothing) for name in ("offsets", "paths", "windows")
        )
        counted = windows.shape == (1,) and windows.dtype == np.int64 and windows[0] >= 0
        middle = tensors.get("middle")
        shaped = offsets.ndim == 3 and paths.ndim == 3 and paths.shape[1:] == offsets.shape[:2]
        if middle is not None:
            shaped = shaped and middle.shape == offsets.shape[:2] and _finite(middle)
        if not (counted and shaped and _finite(offsets) and _finite(paths)):
            raise BundleError("calibration", "its arrays are missing or damaged", "save it again")
        return cls(offsets, paths, int(windows[0]), middle)


def _finite(array: np.ndarray) -> bool:
    return array.dtype == np.float32 and bool(np.isfinite(array).all())


def _middle(errors: Float[np.ndarray, "W H K"], times: np.ndarray | None) -> np.ndarray:
    """The median error, where each half of the time says that it makes errors smaller."""
    nothing = np.zeros(errors.shape[1:], np.float32)
    if times is None:
        return nothing
    early = times <= np.median(times)
    halves = errors[early], errors[~early]
    if min(map(len, halves)) < _HALF or any(np.isnan(half).all() for half in halves):
        return nothing
    for found, judged in (halves, halves[::-1]):
        shift = _medians(found)
        if not np.nansum(np.abs(judged - shift)) < np.nansum(np.abs(judged)):
            return nothing
    return np.array(_medians(errors), np.float32, order="C")


def _medians(errors: Float[np.ndarray, "W H K"]) -> Float[np.ndarray, "H K"]:
    """Of each target's errors: at each step, or with few windows of all steps together."""
    shape = errors.shape[1:]
    if len(errors) < _FEWEST:
        errors = errors.reshape(-1, 1, errors.shape[-1])
    return np.broadcast_to(_finite_quantile(errors, _MIDDLE), shape)


def _finite_quantile(
    errors: Float[np.ndarray, "W H K"], level: float, worth: float | None = None
) -> np.ndarray:
    """The order statistic of rank p(n + 1), away from the middle, over the observed errors.

    For p above one half its rank is rounded up and for p below down, so intervals err on the
    wide side; beyond the last rank it is the largest error. Of errors that are worth w < n
    independent ones the level is nearer to 0 or 1, by 2 / w of the way: with two or fewer it is
    the outermost error.
    """
    if worth is not None and worth < len(errors) and level != 0.5:
        end = float(level > 0.5)
        level += (end - level) * min(1.0, _FEW / worth)
    ordered = np.sort(errors, axis=0)  # NaN come last
    count = np.isfinite(errors).sum(axis=0)
    place = level * (count + 1)
    rank = np.ceil(place) if level > 0.5 else np.floor(place) if level < 0.5 else np.round(place)
    index = np.clip(rank.astype(int) - 1, 0, np.maximum(count - 1, 0))
    found = np.take_along_axis(ordered, index[None], axis=0)[0]
    return np.where(count > 0, found, 0.0)
