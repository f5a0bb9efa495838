"""What a network's answers may begin with: a seasonal naive forecast, smoothing, a linear map.

The smoothing follows each series from its first row on, once for a whole panel; what it says at a
row knows nothing that comes after.

Letters: N series, R rows, K targets, B windows, L steps that are read, H of the horizon.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from elman.data.series.panel import Panel, ranges
from elman.metrics.forecasts import (
    NAIVE,
    Exponential,
    fit_exponential,
    followed,
    season_places,
)

__all__ = ["ExponentialForecasts", "fit_to", "naive_forecasts"]

_WIDER = 20  # a series with more missing steps than this times its rows is followed row by row
_SEASONS = 2  # that a naive forecast sees: a step of the last one may be missing
_ENTRIES = 2**22  # values of a block of series that is followed at once: 32 MiB


def fit_to(
    panel: Panel,
    trained: Int[np.ndarray, "N"],
    season: int,
    horizon: int,
    squared: bool = False,
    begin: Exponential | None = None,
) -> Exponential:
    """The smoothing of each series and target, by its first rows.

    Args:
        panel: N series of K targets.
        trained: So many rows of each may be learnt from.
        season: m.
        horizon: H.
        squared: Whether errors count by their squares.
        begin: What suited fewer rows; see `fit_exponential`.

    Returns:
        Of N times K series, the targets of each one after the other.
    """
    past = panel if (trained == panel.lengths).all() else panel.cut(trained)
    found = [
        (
            block.series,
            fit_exponential(
                block.values,
                season,
                horizon,
                squared,
                begin=None if begin is None else begin.select(block.series),
            ),
        )
        for block in _blocks(past, _places(past))
    ]
    order = np.argsort(np.concatenate([series for series, _ in found]), kind="stable")
    names = ("rates", "seasonal", "logs")
    arrays = [np.concatenate([getattr(fit, name) for _, fit in found])[order] for name in names]
    return Exponential(season, *arrays)


class ExponentialForecasts:
    """What smoothing says at the rows of a panel.

    Args:
        panel: N series of K targets.
        fit: Of N times K series.
    """

    def __init__(self, panel: Panel, fit: Exponential) -> None:
        self.panel, self.fit = panel, fit
        targets = panel.target.shape[1]
        self._place = _places(panel)
        spans = np.repeat(_spans(panel), targets)
        self._starts = np.concatenate(([0], np.cumsum(spans)))
        self._states = np.empty((2, int(self._starts[-1])), np.float32)
        self._seasons = np.empty(int(self._starts[-1]) + fit.season * len(spans), np.float32)
        self._first, self._begins = np.empty((2, len(spans)), np.int64)
        for block in _blocks(panel, self._place):
            found = followed(block.values, fit.select(block.series))
            self._first[block.series], self._begins[block.series] = found.first, found.begins
            for row, series in enumerate(block.series):
                part = slice(self._starts[series], self._starts[series + 1])
                steps = part.stop - part.start
                self._states[0, part] = found.level[row, :steps]
                self._states[1, part] = found.trend[row, :steps]
                start, size = part.start + fit.season * series, steps + fit.season
                self._seasons[start : start + size] = found.season[row, :size]

    def __call__(
        self, last: Int[np.ndarray, "B"], series: Int[np.ndarray, "B"], horizon: int
    ) -> Float[np.ndarray, "B H K"]:
        """The forecast after some rows, in the targets' own unit.

        Args:
            last: The rows.
            series: Of which series each is.
            horizon: H.
        """
        targets, season = self.panel.target.shape[1], self.fit.season
        ahead = np.arange(1, horizon + 1)
        place = self._place[last]
        found = np.empty((len(last), horizon, targets))
        for k in range(targets):
            own = series * targets + k
            at = self._starts[own] + place
            damping = self.fit.rates[own, 2][:, None]
            level, trend = self._states
            said = level[at, None] + np.cumsum(damping**ahead, axis=1) * trend[at, None]
            there, known = season_places(
                place, self._first[own], self._begins[own], season, horizon
            )
            seasonal = self._seasons[(self._starts[own] + season * own)[:, None] + there]
            said = said + np.where(known, seasonal, 0)
            logs = self.fit.logs[own][:, None]
            found[..., k] = np.where(logs, np.exp(np.minimum(said, 700)), said)
        return found


def naive_forecasts(
    panel: Panel,
    last: Int[np.ndarray, "B"],
    series: Int[np.ndarray, "B"],
    horizon: int,
    season: int,
) -> Float[np.ndarray, "B H K"]:
    """The seasonal naive forecast after some rows, from the two seasons up to them.

    Args:
        panel: N series of K targets.
        last: The rows.
        series: Of which series each is.
        horizon: H.
        season: m.
    """
    look = _SEASONS * season
    rows = last[:, None] - look + 1 + np.arange(look)
    past = panel.target[np.maximum(rows, 0)].astype(np.float64)
    past[rows < panel.offsets[series][:, None]] = np.nan
    said = NAIVE["seasonal naive"](np.moveaxis(past, 2, 1), horizon, season)
    return np.moveaxis(said, 1, 2)


class _Block:
    """Some series of like length, from their first steps on, as one array."""

    def __init__(self, series: np.ndarray, values: np.ndarray) -> None:
        self.series, self.values = series, values


def _blocks(panel: Panel, places: Int[np.ndarray, "R"]) -> Any:
    """All series and targets, the longest last, in blocks that bound the memory."""
    targets, spans = panel.target.shape[1], _spans(panel)
    order = np.argsort(spans, kind="stable")
    begin = 0
    while begin < len(order):
        end = begin + 1
        while end < len(order) and (end + 1 - begin) * targets * spans[order[end]] <= _ENTRIES:
            end += 1
        chosen = order[begin:end]
        rows = ranges(panel.offsets[:-1][chosen], panel.history[chosen])
        owner = np.repeat(np.arange(len(chosen)), panel.history[chosen])
        values = np.full((len(chosen), targets, int(spans[chosen].max())), np.nan)
        values[owner, :, places[rows]] = panel.target[rows]
        series = (chosen[:, None] * targets + np.arange(targets)).ravel()
        yield _Block(series, values.reshape(len(series), -1))
        begin = end


def _spans(panel: Panel) -> Int[np.ndarray, "N"]:
    """Steps from the first row of each series to its last one."""
    whole = panel.steps[panel.offsets[1:] - 1] - panel.steps[panel.offsets[:-1]] + 1
    return np.where(whole <= _WIDER * panel.lengths, whole, panel.lengths)


def _places(panel: Panel) -> Int[np.ndarray, "R"]:
    """Where each row stands among the steps of its series."""
    # A panel may have so many rows that every array of them is felt: in place, and small numbers.
    spans, rows = _spans(panel), len(panel.steps)
    kind = np.int32 if max(rows, int(spans.max(initial=0))) < 2**31 else np.int64
    found = np.arange(rows, dtype=kind)
    found -= np.repeat(panel.offsets[:-1].astype(kind), panel.lengths)
    for series in np.flatnonzero(spans != panel.lengths):
        own = slice(panel.offsets[series], panel.offsets[series + 1])
        found[own] = panel.steps[own] - panel.steps[own.start]
    return found
