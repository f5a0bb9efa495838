"""Errors before the forecasts: whether series err together, and how much evidence they are."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from elman.data.series.panel import Panel
from elman.data.series.windows import Windows
from elman.metrics.forecasts import FEWEST_BLOCKS, together

__all__ = ["are_smaller", "evidence", "past_errors"]

_WORTH = 0.01  # of an error: what makes it less smaller does nothing
_FEWEST = 8  # times of which something can be told
_PAST = 60  # times at which errors are compared, at most


def evidence(panel: Panel, windows: Windows, season: int) -> float:
    """How many independent forecasts some windows are worth: of times, by series that differ.

    Windows that overlap are worth as many as lie side by side. Series are worth as many as their
    past errors say, by how much these vary together; one, where nothing is known of it.

    Args:
        panel: The series.
        windows: At least one.
        season: m.
    """
    last = panel.steps[windows.starts + windows.input_steps - 1]
    span = np.full(len(panel), np.iinfo(np.int64).min)  # steps before 1970 are negative
    np.maximum.at(span, windows.series, last)
    first = np.full(len(panel), np.iinfo(np.int64).max)
    np.minimum.at(first, windows.series, last)
    seen = np.unique(windows.series)
    times = float(np.median(span[seen] - first[seen] + windows.horizon) / windows.horizon)
    if len(seen) < 2:
        return times
    rows = np.full(len(panel), 1)
    begins = windows.starts + windows.input_steps - panel.offsets[windows.series]
    rows[windows.series] = begins
    np.minimum.at(rows, windows.series, begins)
    for horizon in (windows.horizon, 1):  # of short series a step's errors have to do
        errors = past_errors(panel, rows, horizon, season, np.ones((len(panel), 1)))[:, seen]
        known, signed = together(errors)
        if known >= _FEWEST:
            ratio = max(signed, together(np.abs(errors))[1], 1.0)
            return times * max(len(seen) / ratio, 1.0)
    return times


def are_smaller(
    errors: Float[np.ndarray, "W H K"], others: Float[np.ndarray, "W H K"], worth: float
) -> bool:
    """Whether errors are smaller than others by more than a hundredth, and than chance often does.

    By fewer than three independent windows it cannot be told.

    Args:
        errors: Of W windows, NaN where nothing was observed.
        others: Of the same.
        worth: As many independent windows these are; see `evidence`.
    """
    saved = _means(others - errors)
    mean = float(np.nanmean(saved))
    doubt = float(np.nanstd(saved)) / np.sqrt(worth - 1) if worth >= FEWEST_BLOCKS else np.inf
    return mean > max(_WORTH * float(np.nanmean(others)), doubt)


def _means(errors: Float[np.ndarray, "W H K"]) -> Float[np.ndarray, " W"]:
    """Of each window; NaN where nothing was observed."""
    known = ~np.isnan(errors)
    total, count = np.where(known, errors, 0).sum(axis=(1, 2)), known.sum(axis=(1, 2))
    return np.divide(total, count, out=np.full(len(errors), np.nan), where=count > 0)


def past_errors(
    panel: Panel,
    first: Int[np.ndarray, "N"],
    horizon: int,
    season: int,
    scale: Float[np.ndarray, "N K"],
) -> Float[np.ndarray, "J N"]:
    """Scaled errors of the seasonal naive forecast at times before all forecasts, the latest first.

    Each is the mean over a horizon, and no two of these overlap; NaN where less than half of its
    steps are known.

    Args:
        panel: N series of K targets.
        first: Of each, rows before the forecasts.
        horizon: H.
        season: m.
        scale: What errors are divided by.
    """
    starts = panel.offsets[:-1] + np.minimum(first, panel.lengths - 1)
    end = int(panel.steps[starts].max())
    found = [
        _errors_of(panel, part, first, end, horizon, season, scale) for part in panel.parts()
    ]  # an array of all rows would be felt
    return np.concatenate(found, axis=1)


def _errors_of(
    panel: Panel,
    part: slice,
    first: np.ndarray,
    end: int,
    horizon: int,
    season: int,
    scale: np.ndarray,
) -> Float[np.ndarray, "J n"]:
    """Of some series; times are counted back from the step `end`."""
    lag = season * -(-horizon // season)
    lengths, begin = panel.lengths[part], panel.offsets[part.start]
    owner = np.repeat(np.arange(len(lengths)), lengths)
    inside = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    rows = np.flatnonzero((inside >= lag) & (inside < first[part][owner]))
    owner, rows = owner[rows], rows + begin
    even = panel.steps[rows] - panel.steps[rows - lag] == lag
    rows, owner = rows[even], owner[even]
    block = (end - 1 - panel.steps[rows]) // horizon
    kept = (block >= 0) & (block < _PAST)
    rows, owner, block = rows[kept], owner[kept], block[kept]
    usable = np.where(scale[part] > 0, scale[part], np.nan)[owner]
    error = ((panel.target[rows] - panel.target[rows - lag]) / usable).mean(axis=1)
    known = ~np.isnan(error)
    place, size = (block * len(lengths) + owner)[known], _PAST * len(lengths)
    count = np.bincount(place, minlength=size)
    total = np.bincount(place, error[known], minlength=size)
    mean = np.divide(total, count, out=np.full(size, np.nan), where=2 * count >= horizon)
    return mean.reshape(_PAST, len(lengths))
