"""Quantiles that keep their promise: shifted by what held-out windows showed (conformal)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from elman.errors import BundleError

__all__ = ["Calibration", "grow"]

_FEWEST = 30  # windows; with fewer, the steps of the horizon share their errors
_HALF = 8  # windows in each half of the held-out time, for the middle to be judged by
_MIDDLE = 0.5
_JUDGED = (0.1, 0.9)  # levels by which errors are judged
_FEW = 2.0  # independent errors, of which the outermost are taken
_GROWING = 0.99  # of the loss of quantiles that do not grow: below it those that do are told
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
    later half, and the other way round: else it is chance, and it stays. Where errors grow with
    the size of what a window has read (`grow`), all are kept as parts of that size.

    Attributes:
        offsets: float32 `[H, K, Q]`, added to the quantiles.
        middle: float32 `[H, K]`, added to the forecast; None in older files: the forecast stays as
            it is, whatever the quantile of level 0.5.
        paths: float32 `[S, H, K]`, errors of whole forecasts (observed less forecast).
        windows: How many windows this was found on.
        relative: Whether offsets, middle and paths are to be multiplied by a window's size.
    """

    offsets: Float[np.ndarray, "H K Q"]
    paths: Float[np.ndarray, "S H K"]
    windows: int
    middle: Float[np.ndarray, "H K"] | None = None
    relative: bool = False

    @classmethod
    def fit(
        cls,
        actual: Float[np.ndarray, "W H K"],
        mean: Float[np.ndarray, "W H K"],
        quantiles: Float[np.ndarray, "W H K Q"],
        levels: tuple[float, ...],
        times: Int[np.ndarray, "W"] | None = None,
        worth: float | None = None,
        sizes: Float[np.ndarray, "W K"] | None = None,
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
            sizes: Positive, of what each window has read, normalised as the rest, with which
                errors grow; None: they do not.
        """
        if sizes is not None:
            actual, mean = (values / sizes[:, None] for values in (actual, mean))
            quantiles = quantiles / sizes[:, None, :, None]
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
        return cls(
            offsets, errors[chosen].astype(np.float32), len(actual), middle, sizes is not None
        )

    def apply(
        self,
        quantiles: Float[np.ndarray, "W H K Q"],
        sizes: Float[np.ndarray, "W K"] | None = None,
    ) -> Float[np.ndarray, "W H K Q"]:
        """The quantiles shifted, and sorted so that none crosses another."""
        return np.sort(quantiles + self._grown(self.offsets, sizes), axis=-1)

    def forecast(
        self,
        mean: Float[np.ndarray, "W H K"],
        quantiles: Float[np.ndarray, "W H K Q"],
        levels: tuple[float, ...],
        sizes: Float[np.ndarray, "W K"] | None = None,
    ) -> tuple[Float[np.ndarray, "W H K"], Float[np.ndarray, "W H K Q"]]:
        """The forecast and its quantiles shifted; where it was the one of 0.5 it still is.

        None of them crosses that of 0.5. Where errors grow, `sizes` says how large windows are.
        """
        if self.middle is None:
            return mean, self.apply(quantiles, sizes)
        shifted = mean + self._grown(self.middle, sizes)
        if _MIDDLE not in levels:
            return shifted, self.apply(quantiles, sizes)
        q, applied = levels.index(_MIDDLE), quantiles + self._grown(self.offsets, sizes)
        middle = np.where(quantiles[..., q] == mean, shifted, applied[..., q])[..., None]
        below = np.minimum(np.sort(applied[..., :q], axis=-1), middle)
        above = np.maximum(np.sort(applied[..., q + 1 :], axis=-1), middle)
        return shifted, np.concatenate([below, middle, above], axis=-1)

    def paths_of(self, size: Float[np.ndarray, "K"] | None) -> Float[np.ndarray, "S H K"]:
        """Errors of whole forecasts, as a window of this size may have them."""
        return self.paths if size is None or not self.relative else self.paths * size

    def _grown(
        self, errors: Float[np.ndarray, "H K *Q"], sizes: Float[np.ndarray, "W K"] | None
    ) -> Float[np.ndarray, "#W H K *Q"]:
        """Errors as they are in windows of these sizes."""
        if not self.relative:
            return errors[None]
        assert sizes is not None  # who is told relative errors knows of what
        return errors * sizes.reshape(len(sizes), 1, -1, *(1,) * (errors.ndim - 2))

    def tensors(self) -> dict[str, np.ndarray]:
        """Arrays for a model file."""
        windows = np.array([self.windows], np.int64)
        arrays = {"offsets": self.offsets, "paths": self.paths, "windows": windows}
        if self.middle is not None:
            arrays["middle"] = self.middle
        return arrays | ({"relative": np.array([True])} if self.relative else {})

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
        relative = tensors.get("relative", np.array([False]))
        shaped = shaped and relative.shape == (1,) and relative.dtype == np.bool_
        if not (counted and shaped and _finite(offsets) and _finite(paths)):
            raise BundleError("calibration", "its arrays are missing or damaged", "save it again")
        return cls(offsets, paths, int(windows[0]), middle, bool(relative[0]))


def _finite(array: np.ndarray) -> bool:
    return array.dtype == np.float32 and bool(np.isfinite(array).all())


def grow(
    errors: Float[np.ndarray, "W H K"],
    sizes: Float[np.ndarray, "W K"],
    times: Int[np.ndarray, "W"],
) -> bool:
    """Whether errors grow with what windows have read, as where a level rises by a share a year.

    They do if each half of the time says better of the other how far off it is when errors are
    parts of sizes, by the loss of the quantiles of 0.1 and 0.9.

    Args:
        errors: What came less what was forecast, NaN where missing.
        sizes: Of each window, positive, in the same unit.
        times: When each forecast was made.
    """
    early = times <= np.median(times)
    if min(early.sum(), (~early).sum()) < _HALF:
        return False
    return all(
        _lost(errors, sizes, known) < _GROWING * _lost(errors, np.ones_like(sizes), known)
        for known in (early, ~early)
    )


def _lost(errors: np.ndarray, sizes: np.ndarray, known: np.ndarray) -> float:
    """The loss of quantiles of the other windows' errors, told by those of some."""
    wide, lost = sizes[:, None], 0.0
    parts = (errors[known] / wide[known]).reshape(-1, errors.shape[2])
    for level in _JUDGED:
        rest = errors[~known] - _finite_quantile(parts, level) * wide[~known]
        lost += float(np.nanmean(np.maximum(level * rest, (level - 1) * rest)))
    return lost


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
