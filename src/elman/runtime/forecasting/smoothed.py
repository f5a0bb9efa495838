"""Forecasts by exponential smoothing and a network, from the same windows as all others."""

from __future__ import annotations

from copy import copy

import numpy as np
from jaxtyping import Float, Int
from numpy.lib.stride_tricks import sliding_window_view

from elman.data.series.panel import Panel
from elman.data.series.windows import Prepared, WindowReader, Windows
from elman.runtime.forecasting.calibration import Calibration
from elman.runtime.forecasting.classical import adapted
from elman.runtime.forecasting.companions import Companions
from elman.runtime.forecasting.forecasting import Answers, Forecasting
from elman.runtime.forecasting.paths import check_count, draws_of, ways_on
from elman.runtime.forecasting.plan import ForecastPlan
from elman.runtime.forecasting.smoothing import Back, Smoothing, answers, padded
from elman.runtime.network import Network, Run

__all__ = ["SmoothedForecasting", "further_features", "work_on"]


class SmoothedForecasting:
    """A smoothing and its network at work on one panel; it answers as `Forecasting` does.

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
        self._plain = Forecasting(companions, panel, known=known)
        self.prepared: Prepared = self._plain.prepared
        self.features = self._plain.features
        if network is not None:
            self._network, self._run = network, run

    @property
    def new(self) -> tuple[str, ...]:
        """See the class."""
        trained = set(self._trained()[0].names)
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

    def reader(self, windows: Windows, plain: bool = False) -> WindowReader:
        """The windows as the linear map reads them."""
        return self._plain.reader(windows, plain)

    def smoothing(self, until: Int[np.ndarray, "N"]) -> Smoothing:
        """How each series of the panel is smoothed, from its first row on.

        Args:
            until: Of unseen series, how many rows may be fitted.

        Raises:
            DataError: A value does not suit the smoothing, or an unseen series has none.
        """
        trained, begins = self._trained()
        panel = self._panel
        first = panel.steps[panel.offsets[:-1]]
        known = dict(zip(trained.names, begins.tolist(), strict=True))
        begun = [known.get(name, step) for name, step in zip(panel.names, first, strict=True)]
        values = padded(panel.target[:, 0], panel.offsets)
        values[np.arange(values.shape[1]) >= until[:, None]] = np.nan
        return adapted(trained, panel.names, values, first - begun, self._with.plan.horizon)[0]

    def _raw(self, windows: Windows) -> tuple[Float[np.ndarray, "W H 1 P"], Back, Smoothing]:
        """Raw outputs at each window's end, what brings them back, and the smoothing."""
        panel, plan = self._panel, self._with.plan
        after = windows.starts + windows.input_steps
        until = panel.history.copy()
        np.minimum.at(until, windows.series, after - panel.offsets[windows.series])
        smoothing = self.smoothing(until)
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

    def _trained(self) -> tuple[Smoothing, Int[np.ndarray, "N"]]:
        smoothing, begins = self._with.smoothing, self._with.begins
        assert smoothing is not None
        assert begins is not None  # both travel with every network of this strategy
        return smoothing, begins


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


def work_on(
    companions: Companions,
    panel: Panel,
    network: Network | None = None,
    run: Run | None = None,
    known: Int[np.ndarray, "N"] | None = None,
) -> Forecasting | SmoothedForecasting:
    """A network at work on a panel, as its strategy has it; see `Forecasting`."""
    smoothed = companions.plan.strategy == "smoothing"
    work = SmoothedForecasting if smoothed else Forecasting
    return work(companions, panel, network, run, known)
