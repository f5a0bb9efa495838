"""Smoothing: exponential smoothing follows each series, a network reads what that leaves.

After ES-RNN (Smyl 2020, doi 10.1016/j.ijforecast.2019.03.017); the numbers are made by
`elman.runtime.forecasting.smoothing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy.lib.stride_tricks import sliding_window_view

from elman.blueprint import Blueprint, CellConfig, sequence_to_sequence
from elman.data.series.panel import Panel
from elman.data.series.windows import Prepared, WindowReader, Windows
from elman.errors import ArgumentError, BundleError
from elman.runtime.forecasting.calibration import Calibration
from elman.runtime.forecasting.classical import adapted, started, suitable_form
from elman.runtime.forecasting.companions import Companions
from elman.runtime.forecasting.forecasting import Answers
from elman.runtime.forecasting.paths import check_count, draws_of, ways_on
from elman.runtime.forecasting.plan import ForecastPlan
from elman.runtime.forecasting.smoothing import Back, Smoothing, answers, padded
from elman.runtime.forecasting.strategies.strategy import Asked, Parts, Shape, Spans, Strategy
from elman.runtime.forecasting.windows import WindowForecasting
from elman.runtime.network import Network, Run

__all__ = [
    "SMOOTHING",
    "Followed",
    "SmoothedForecasting",
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


class SmoothedForecasting:
    """A smoothing and its network at work on one panel; it answers as `Forecasting` says.

    A window only says where its forecast begins: each series is smoothed and read from its first
    row on. In multiplicative form what a distribution calls its mean becomes a median.

    Args:
        companions: What travels with the network.
        panel: Whose rows reach as far ahead as its windows will.
        network: The runtime's; None: there is none yet (`by` gives one).
        run: What answers in place of the network's `run`; None: that.

    Attributes:
        prepared: The panel as other networks and the linear map read it.
        features: D, of a step of those.
        new: Names of series that it was not trained on.
        treated: What was done with those.
    """

    treated = "smoothed by the classical fit on their own history"

    def __init__(
        self,
        companions: Companions,
        panel: Panel,
        network: Network | None = None,
        run: Run | None = None,
        known: Int[np.ndarray, "N"] | None = None,
    ) -> None:
        self._with, self._panel = companions, panel
        self._plain = WindowForecasting(companions, panel, known=known)
        self.prepared: Prepared = self._plain.prepared
        self.features = self._plain.features
        if network is not None:
            self._network, self._run = network, run

    @property
    def new(self) -> tuple[str, ...]:
        """See the class."""
        trained = set(_followed(self._with).smoothing.names)
        return tuple(name for name in self._panel.names if name not in trained)

    def carrying(self, companions: Companions) -> SmoothedForecasting:
        """The same panel with what travels with a network."""
        found = copy(self)
        found._with, found._plain = companions, self._plain.carrying(companions)
        return found

    def by(self, network: Network, companions: Companions) -> SmoothedForecasting:
        """The same panel, read by a network that was trained, and with what travels with it."""
        found = self.carrying(companions)
        found._network, found._run = network, None
        return found

    def answers(self, windows: Windows) -> Answers:
        """The forecast at each window's end."""
        head, calibration = self._with.head, self._with.calibration
        raw, back, _ = self._raw(windows)
        quantiles = head.quantile(raw, self._with.plan.levels)
        if calibration is not None:
            quantiles = calibration.apply(quantiles)
        return Answers(back(head.point(raw)), back(quantiles))

    def calibrated(self, windows: Windows) -> Calibration:
        """How far off the answers to held-out windows are."""
        head, levels = self._with.head, self._with.plan.levels
        raw, back, smoothing = self._raw(windows)
        actual = self._panel.target[windows.ahead()].astype(np.float64)
        expected = back(np.zeros(actual.shape))
        spread = smoothing.spread[windows.series][:, None, None]
        if smoothing.form == "multiplicative":
            normalised = np.log(actual / expected) / spread
        else:
            unit = smoothing.scale[windows.series][:, None, None]
            normalised = (actual - expected) / unit / spread
        return Calibration.fit(normalised, head.point(raw), head.quantile(raw, levels), levels)

    def paths(self, windows: Windows, count: int, seed: int) -> Float[np.ndarray, "W S H K"]:
        """Ways to go on from each window's end: whole paths, in the targets' own units.

        How steps hang together is taken from the errors on held-out windows.

        Args:
            windows: W of them.
            count: S ≥ 1.
            seed: ≥ 0. A path depends on it, its number, its series' name and its time alone.

        Raises:
            ArgumentError: The model says nothing of its uncertainty, or `count` is below 1.
        """
        check_count(self._with, count, drawn=False)
        raw, back, _ = self._raw(windows)
        drawn = np.empty((*raw.shape[:3], count))
        for w, (series, start) in enumerate(zip(windows.series, windows.starts, strict=True)):
            draws = draws_of(self._panel, int(series), int(start), seed)
            drawn[w] = ways_on(self._with, raw[w], 1.0, count, draws)
        return np.moveaxis(back(drawn), -1, 1)

    def linear(self, windows: Windows) -> Float[np.ndarray, "W H K"] | None:
        """What the linear map says of each window, in the targets' own units."""
        return self._plain.linear(windows)

    def reader(self, windows: Windows, plain: bool = False, lesson: bool = False) -> WindowReader:
        """The windows as networks that read such have them."""
        return self._plain.reader(windows, plain, lesson)

    def _raw(self, windows: Windows) -> tuple[Float[np.ndarray, "W H 1 P"], Back, Smoothing]:
        """Raw outputs at each window's end, what brings them back, and the smoothing."""
        panel, plan = self._panel, self._with.plan
        after = windows.starts + windows.input_steps
        until = panel.history.copy()
        np.minimum.at(until, windows.series, after - panel.offsets[windows.series])
        smoothing = smoothing_of(self._with, panel, until)
        raw, back = answers(
            self._network,
            smoothing,
            panel.target,
            panel.offsets,
            after - 1,
            windows.series,
            plan.horizon,
            further_features(self.prepared, plan),
            self._run,
        )
        return raw, back, smoothing


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
    work=SmoothedForecasting,
    refuses={
        "transform": "'none': series of positive values are read in logarithms anyway",
        "scaling": _ITSELF,
        "normalise": _ITSELF,
        "linear": _AT_ONCE,
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
)
