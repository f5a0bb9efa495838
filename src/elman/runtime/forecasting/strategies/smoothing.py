"""Smoothing: exponential smoothing follows each series, a network reads what that leaves.

After ES-RNN (Smyl 2020, doi 10.1016/j.ijforecast.2019.03.017); the numbers are made by
`elman.runtime.forecasting.smoothing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy.lib.stride_tricks import sliding_window_view

from elman.blueprint import Blueprint, CellConfig, sequence_to_sequence
from elman.data.series.panel import Panel
from elman.data.series.windows import Prepared, Windows
from elman.errors import ArgumentError, BundleError
from elman.runtime.forecasting.classical import adapted, started, suitable_form
from elman.runtime.forecasting.companions import Companions
from elman.runtime.forecasting.forecasting import Back, Forecasting, Said
from elman.runtime.forecasting.paths import draws_of, ways_on
from elman.runtime.forecasting.plan import ForecastPlan
from elman.runtime.forecasting.smoothing import Smoothing, answers, padded
from elman.runtime.forecasting.strategies.strategy import Asked, Parts, Shape, Spans, Strategy

__all__ = [
    "SMOOTHING",
    "Followed",
    "further_features",
    "smoothing_cells",
    "smoothing_of",
]

_DAY, _WEEK = 24, 168  # hours


class Followed(NamedTuple):
    """What else travels with the network.

    Attributes:
        smoothing: Of the series that it was trained on.
        begins: int64 `[N]`, the step at which each of those began in training.
    """

    smoothing: Smoothing
    begins: Int[np.ndarray, "N"]

    @classmethod
    def begun(cls, companions: Companions, panel: Panel, trained: Int[np.ndarray, "N"]) -> Followed:
        """The smoothing that training begins with, of the first `trained` rows.

        Only whether the series are positive is read off all of their history.
        """
        values = padded(panel.target[:, 0], panel.offsets)
        values[np.arange(values.shape[1]) >= trained[:, None]] = np.nan
        form = suitable_form(panel.target)
        smoothing = started(panel.names, values, companions.plan.seasons, form)
        return cls(smoothing, panel.steps[panel.offsets[:-1]])

    @classmethod
    def from_tensors(cls, plan: ForecastPlan, tensors: Mapping[str, np.ndarray]) -> Followed:
        """What `tensors` gave; `BundleError` if it is damaged."""
        smoothing, begins = Smoothing.from_tensors(tensors), tensors.get("begins", np.zeros(()))
        if begins.shape != (len(smoothing),) or begins.dtype != np.int64:
            raise BundleError(
                "smoothing", f"begins of shape {begins.shape}", "save the model again"
            )
        if smoothing.seasons != plan.seasons:
            raise BundleError("smoothing", f"seasons {smoothing.seasons}", f"{plan.seasons}")
        return cls(smoothing, begins)

    def tensors(self) -> dict[str, np.ndarray]:
        """Arrays for a model file."""
        return self.smoothing.tensors() | {"begins": self.begins}

    def about(self) -> dict[str, Any]:
        """Facts for a training's result."""
        return {"smoothing": self.smoothing.form, "seasons": list(self.smoothing.seasons)}


class _Smoothed:
    """Each series is smoothed and read from its first row on; see `Reach`.

    A window only says where its forecast begins. In multiplicative form what a distribution
    calls its mean becomes a median.
    """

    def draws(self, plan: ForecastPlan) -> bool:
        """How steps hang together is taken from the errors on held-out windows."""
        return False

    def said(self, work: Forecasting, windows: Windows, targets: bool = False) -> Said:
        """All windows of a series in one pass over it."""
        head = work.companions.head
        raw, back, smoothing = _raw(work, windows)
        quantiles = head.quantile(raw, work.companions.plan.levels)
        came = _normalised(work, windows, back, smoothing) if targets else None
        return Said(head.point(raw), quantiles, back, came)

    def ways(
        self, work: Forecasting, windows: Windows, count: int, seed: int
    ) -> tuple[Float[np.ndarray, "W H 1 S"], Back]:
        """From what is said of each step by itself."""
        raw, back, _ = _raw(work, windows)
        ways = np.empty((*raw.shape[:3], count))
        for w, (series, start) in enumerate(zip(windows.series, windows.starts, strict=True)):
            draws = draws_of(work.panel, int(series), int(start), seed)
            ways[w] = ways_on(work.companions, raw[w], 1.0, count, draws)
        return ways, back


def _raw(
    work: Forecasting, windows: Windows
) -> tuple[Float[np.ndarray, "W H 1 P"], Back, Smoothing]:
    """Raw outputs at each window's end, what brings them back, and the smoothing."""
    panel, plan = work.panel, work.companions.plan
    after = windows.starts + windows.input_steps
    until = panel.history.copy()
    np.minimum.at(until, windows.series, after - panel.offsets[windows.series])
    smoothing = smoothing_of(work.companions, panel, until)
    raw, back = answers(
        work.network,
        smoothing,
        panel.target,
        panel.offsets,
        after - 1,
        windows.series,
        plan.horizon,
        further_features(work.prepared, plan),
        work.run,
    )
    return raw, back, smoothing


def _normalised(
    work: Forecasting, windows: Windows, back: Back, smoothing: Smoothing
) -> Float[np.ndarray, "W H 1"]:
    """What came, as the network has it."""
    actual = work.panel.target[windows.ahead()].astype(np.float64)
    expected = back(np.zeros(actual.shape))
    spread = smoothing.spread[windows.series][:, None, None]
    if smoothing.form == "multiplicative":
        return np.log(actual / expected) / spread
    unit = smoothing.scale[windows.series][:, None, None]
    return (actual - expected) / unit / spread


def smoothing_of(companions: Companions, panel: Panel, until: Int[np.ndarray, "N"]) -> Smoothing:
    """How each series of a panel is smoothed, from its first row on.

    Args:
        companions: What travels with the network.
        panel: The series.
        until: Of unseen series, how many rows may be fitted.

    Raises:
        DataError: A value does not suit the smoothing, or an unseen series has none.
    """
    trained, begins = _followed(companions)
    first = panel.steps[panel.offsets[:-1]]
    known = dict(zip(trained.names, begins.tolist(), strict=True))
    begun = [known.get(name, step) for name, step in zip(panel.names, first, strict=True)]
    values = padded(panel.target[:, 0], panel.offsets)
    values[np.arange(values.shape[1]) >= until[:, None]] = np.nan
    return adapted(trained, panel.names, values, first - begun, companions.plan.horizon)[0]


def _followed(companions: Companions) -> Followed:
    followed = companions.own
    assert isinstance(followed, Followed)  # it travels with every network of this strategy
    return followed


def further_features(prepared: Prepared, plan: ForecastPlan) -> Float[np.ndarray, "R F"]:
    """What the network reads at each row beside the smoothed values.

    Flags, past covariates, calendar and static features as of that row; of the covariates known
    ahead those of all H steps after it. Near a series' end, where there are fewer, these numbers
    mean nothing: no forecast and no target begins there.
    """
    values, first = prepared.values, prepared.unknown
    count = len(plan.columns.future)
    future = np.pad(values[:, first : first + count], ((0, plan.horizon), (0, 0)))
    ahead = sliding_window_view(future[1:], plan.horizon, axis=0).reshape(len(values), -1)
    return np.concatenate([values[:, 1:first], ahead, values[:, first + count :]], axis=1)


def smoothing_cells(
    cells: Sequence[CellConfig], seasons: tuple[int, ...], dilated: bool
) -> tuple[CellConfig, ...]:
    """Cells after Smyl 2020.

    Args:
        cells: The layers, from the input up.
        seasons: Of the plan.
        dilated: Whether their dilations were told. Else each layer after the first goes on from
            the state a season before: the second a first season, those above the next.

    Returns:
        The cells; where a layer is as large as the one below, it adds to what that says.
    """
    found = [cells[0]]
    for k, cell in enumerate(cells[1:]):
        if seasons and not dilated:
            cell = replace(cell, dilation=seasons[min(k, len(seasons) - 1)])
        found.append(replace(cell, residual=cell.units == cells[k].units))
    return tuple(found)


def _spans(asked: Asked) -> Spans:
    """It reads a horizon or its longest season: the smoothing looks back further."""
    seasons = _seasons(asked)
    longest = max(asked.horizon, *seasons, 1)
    return Spans(asked.window_of(longest), seasons[0] if seasons else 1, seasons)


def _seasons(asked: Asked) -> tuple[int, ...]:
    """As told, or the usual season, and of hours a week besides."""
    told = asked.season
    if told is None:
        room = asked.usual_season == _DAY and asked.room >= 2 * _WEEK
        told = (_DAY, _WEEK) if room else asked.usual_season
    if isinstance(told, int):
        return (told,) if told > 1 else ()
    if len(told) != 2 or told[0] >= told[1]:
        raise ArgumentError("season", f"found {told!r}", "two of them, the shorter first")
    return told


def _shape(plan: ForecastPlan, features: int, parameters: int) -> Shape:
    """A step is a whole window of what the smoothing leaves; all H steps are answered at each."""
    ahead = len(plan.columns.future) * (plan.horizon - 1)
    return Shape(
        "sequence_to_sequence",
        plan.input_steps + features - 1 + ahead,
        plan.horizon * plan.targets * parameters,
    )


def _blueprint(plan: ForecastPlan, parts: Parts) -> Blueprint:
    shape = _shape(plan, parts.features, parts.parameters)
    return sequence_to_sequence(
        cells=smoothing_cells(parts.cells, plan.seasons, parts.dilated),
        outputs=shape.outputs,
        input_size=shape.inputs,
        dropout=parts.dropout,
    )


_ITSELF = "leave it out: the smoothing has a scale and level of its own for each series"
_AT_ONCE = "strategy 'direct' or 'segments'"

SMOOTHING = Strategy(
    spans=_spans,
    shape=_shape,
    blueprint=_blueprint,
    reach=_Smoothed(),
    refuses={
        "transform": "'none': series of positive values are read in logarithms anyway",
        "scaling": _ITSELF,
        "window_scaling": _ITSELF,
        "linear": _AT_ONCE,
        "base": _AT_ONCE,
        "traits": _AT_ONCE,
        "windows_per_epoch": "leave it out: each series is read as a whole",
        "stride": "1: each series is read as a whole",
        "joint": "a series for each target, or another strategy",
        "segment": "leave it out",
    },
    seasonal=True,
    whole_series=True,
    counts=False,
    own=Followed,
    treated="smoothed by the classical fit on their own history",
)
