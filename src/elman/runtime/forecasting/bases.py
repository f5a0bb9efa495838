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
from elman.data.series.windows import WindowBatch
from elman.metrics.forecasts import Exponential, fit_exponential, followed

__all__ = ["ExponentialForecasts", "fit_to", "naive_base"]

_WIDER = 20  # a series with more missing steps than this times its rows is followed row by row
_ENTRIES = 2**22  # values of a block of series that is followed at once: 32 MiB


def fit_to(
    panel: Panel,
    trained: Int[np.ndarray, "N"],
    season: int,
    horizon: int,
    squared: bool = False,
) -> Exponential:
    """The smoothing of each series and target, by its first rows.

    Args:
        panel: N series of K targets.
        trained: So many rows of each may be learnt from.
        season: m.
        horizon: H.
        squared: Whether errors count by their squares.

    Returns:
        Of N times K series, the targets of each one after the other.
    """
    past = panel if (trained == panel.lengths).all() else panel.cut(trained)
    found = [
        (block.series, fit_exponential(block.values, season, horizon, squared))
        for block in _blocks(past)
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
        self._states = np.empty((3, int(self._starts[-1])), np.float32)
        for block in _blocks(panel):
            found = followed(block.values, fit.select(block.series))
            for state, values in zip(self._states, found[:3], strict=True):
                for row, series in enumerate(block.series):
                    part = slice(self._starts[series], self._starts[series + 1])
                    state[part] = values[row, : part.stop - part.start]

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
        back = ahead - season * -(-ahead // season)
        place = self._place[last]
        found = np.empty((len(last), horizon, targets))
        for k in range(targets):
            own = series * targets + k
            at = self._starts[own] + place
            damping = self.fit.rates[own, 2][:, None]
            level, trend, seasonal = self._states
            said = level[at, None] + np.cumsum(damping**ahead, axis=1) * trend[at, None]
            inside = place[:, None] + back >= 0
            said = said + np.where(inside, seasonal[np.maximum(at[:, None] + back, 0)], 0)
            logs = self.fit.logs[own][:, None]
            found[..., k] = np.where(logs, np.exp(np.minimum(said, 700)), said)
        return found


def naive_base(batch: WindowBatch, steps: int, season: int) -> Float[np.ndarray, "B H K"]:
    """The last value of the same step of the season, of normalised windows of L steps."""
    horizon, targets = batch.targets.shape[1:]
    past = batch.inputs[:, :steps, :targets]
    season = min(season, steps)
    back = np.arange(horizon) % season
    return past[:, steps - season + back]


class _Block:
    """Some series of like length, from their first steps on, as one array."""

    def __init__(self, series: np.ndarray, values: np.ndarray) -> None:
        self.series, self.values = series, values


def _blocks(panel: Panel) -> Any:
    """All series and targets, the longest last, in blocks that bound the memory."""
    targets, spans, places = panel.target.shape[1], _spans(panel), _places(panel)
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
    first = np.repeat(panel.steps[panel.offsets[:-1]], panel.lengths)
    rows = np.arange(len(panel.steps)) - np.repeat(panel.offsets[:-1], panel.lengths)
    by_row = np.repeat(_spans(panel) == panel.lengths, panel.lengths)
    return np.where(by_row, rows, panel.steps - first)
