"""A network at work on series: from windows of them to answers in the series' own units."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from elman.data.series.panel import Panel
from elman.data.series.windows import TRAITS, Prepared, WindowBatch, WindowReader, Windows
from elman.runtime.forecasting.bases import ExponentialForecasts, naive_forecasts
from elman.runtime.forecasting.calibration import Calibration, grow
from elman.runtime.forecasting.companions import Companions
from elman.runtime.forecasting.past import evidence
from elman.runtime.forecasting.paths import check_count
from elman.runtime.forecasting.preparing import prepare
from elman.runtime.network import Network, Run

__all__ = ["Answers", "Back", "Forecasting", "Said", "linear_inputs"]

Back = Callable[[np.ndarray], np.ndarray]
"""From normalised values `[W, H, K, ...]` to the targets' own units."""

_ROWS = 1024
_LEAST = 1e-300  # of what is read in logarithms
_LARGEST = 2**23  # most float32 values of a batch's inputs: 32 MiB


class Answers(NamedTuple):
    """What is said of some windows, in the targets' own units.

    Attributes:
        mean: float64 `[W, H, K]`, the forecast.
        quantiles: float64 `[W, H, K, Q]`, at `Companions.levels`.
    """

    mean: Float[np.ndarray, "W H K"]
    quantiles: Float[np.ndarray, "W H K Q"]


class Said(NamedTuple):
    """What a network says of some windows: normalised, and not calibrated.

    Attributes:
        mean: `[W, H, K]`.
        quantiles: `[W, H, K, Q]`, at the plan's levels.
        back: To the targets' own units.
        targets: `[W, H, K]`, what came, normalised likewise; None where it was not asked for.
        sizes: `[W, K]`, of what each window has read, normalised likewise; see `Forecasting.sizes`.
            None where errors do not grow with it.
    """

    mean: Float[np.ndarray, "W H K"]
    quantiles: Float[np.ndarray, "W H K Q"]
    back: Back
    targets: Float[np.ndarray, "W H K"] | None
    sizes: Float[np.ndarray, "W K"] | None = None


class Forecasting:
    """A network at work on one panel: scaled once, then read as its strategy has it.

    Args:
        companions: What travels with the network.
        panel: Whose rows reach as far ahead as its windows will.
        network: The runtime's; None: there is none yet (`by` gives one).
        run: What answers in place of the network's `run`; None: that.
        known: Rows of each series that its scale may come from, if it is new; None: its history.

    Attributes:
        companions, panel, network, run: As they were given.
        prepared: The panel as networks that read windows have it.
        new: Names of series that it was not trained on.
    """

    def __init__(
        self,
        companions: Companions,
        panel: Panel,
        network: Network | None = None,
        run: Run | None = None,
        known: Int[np.ndarray, "N"] | None = None,
    ) -> None:
        self.companions, self.panel = companions, panel
        panel = companions.transformed(panel)
        self._scaler, self.new = companions.scaler_for(panel, known)
        self.prepared: Prepared = prepare(
            companions.identified(panel),
            self._scaler,
            companions.covariates,
            flags=companions.plan.flags,
            calendar=companions.plan.calendar,
            zone=companions.plan.zone if companions.plan.calendar else None,
        )
        self._smoothed: ExponentialForecasts | None = None
        if network is not None:
            self.network = network
            self.run: Run = network.run if run is None else run

    def unit(self, series: Int[np.ndarray, "W"]) -> Float[np.ndarray, "W K"]:
        """How large the deviations of some series are that scaling divides by."""
        return self._scaler.spread[series]

    @property
    def features(self) -> int:
        """D, of a step as a network that reads windows has it."""
        plan = self.companions.plan
        return self.prepared.values.shape[1] + (TRAITS * plan.targets if plan.traits else 0)

    def carrying(self, companions: Companions) -> Forecasting:
        """The same panel with what travels with a network; the scales are the same."""
        found = copy(self)
        found.companions = companions
        if companions.exponential is not self.companions.exponential:
            found._smoothed = None
        return found

    def by(self, network: Network, companions: Companions) -> Forecasting:
        """The same panel, read by a network that was trained, and with what travels with it."""
        found = self.carrying(companions)
        found.network, found.run = network, network.run
        return found

    def answers(self, windows: Windows) -> Answers:
        """The forecast at each window's end."""
        told = self.companions.plan.how.reach.said(self, windows)
        mean, quantiles = told.mean, told.quantiles
        if self.companions.calibration is not None:
            mean, quantiles = self.companions.calibration.forecast(
                mean, quantiles, self.companions.plan.levels, told.sizes
            )
        return Answers(*(self._above(windows, told.back(said)) for said in (mean, quantiles)))

    def sizes(
        self, starts: Int[np.ndarray, "W"], spread: Float[np.ndarray, "W K"]
    ) -> Float[np.ndarray, "W K"] | None:
        """How large what windows have read is on average, in units of their normalised values.

        1 where they read nothing but zeros; None where values may be negative, or are read in
        logarithms, which grow with nothing.

        Args:
            starts: The row at which each window begins.
            spread: Of its normalisation.
        """
        plan = self.companions.plan
        if not plan.floor or plan.transform != "none":
            return None
        read = np.abs(self.panel.target[starts[:, None] + np.arange(plan.input_steps)])
        count = (~np.isnan(read)).sum(axis=1)
        unit = self._scaler.spread[self.prepared.series[starts]] * spread
        found = np.nansum(read, axis=1) / np.maximum(count, 1) / unit
        return np.where(found > 0, found, 1.0)

    def _above(self, windows: Windows, said: np.ndarray) -> np.ndarray:
        """Nothing below 0 of series that never were, where the plan says so."""
        if not self.companions.plan.floor:
            return said
        lowest = np.minimum.reduceat(
            np.nan_to_num(self.panel.target, nan=0), self.panel.offsets[:-1]
        ).min(axis=1)
        floor = np.where(lowest < 0, -np.inf, 0.0)[windows.series]
        return np.maximum(said, floor.reshape(-1, *(1,) * (said.ndim - 1)))

    def calibrated(
        self,
        windows: Windows,
        middle: bool | None = True,
        earlier: tuple[Forecasting, Windows] | None = None,
        relative: bool = False,
    ) -> Calibration:
        """How far off the answers to held-out windows are.

        Args:
            windows: The held-out ones.
            middle: Whether the forecast itself may be shifted, too; None: it is no median, and
                has nothing to do with the quantile of level 0.5.
            earlier: Windows before these, and what answers them: their errors count likewise.
            relative: Whether errors grow with the size of what windows have read.
        """
        plan = self.companions.plan
        parts = [(self, windows)] if earlier is None else [earlier, (self, windows)]
        found = [plan.how.reach.said(work, each, targets=True) for work, each in parts]
        starts, series = (
            np.concatenate([getattr(each, name) for _, each in parts])
            for name in ("starts", "series")
        )
        windows = replace(windows, starts=starts, series=series)
        sizes = [said.sizes for said in found if said.sizes is not None and relative]
        calibration = Calibration.fit(
            np.concatenate([said.targets for said in found if said.targets is not None]),
            np.concatenate([said.mean for said in found]),
            np.concatenate([said.quantiles for said in found]),
            plan.levels,
            self.panel.steps[starts + windows.input_steps - 1] if middle else None,
            evidence(self.panel, windows, plan.season),
            np.concatenate(sizes) if sizes else None,
        )
        return replace(calibration, middle=None) if middle is None else calibration

    def paths(self, windows: Windows, count: int, seed: int) -> Float[np.ndarray, "W S H K"]:
        """Ways to go on from each window's end: whole paths, in the targets' own units.

        Some networks read what was drawn of the step before. The others say what each step may
        be by itself; how steps hang together they take from their errors on held-out windows
        (`elman.runtime.forecasting.paths`). One of single values takes those as they are.

        Args:
            windows: W of them.
            count: S ≥ 1.
            seed: ≥ 0. A path depends on it, its number, its series' name and its time alone.

        Raises:
            ArgumentError: The model says nothing of its uncertainty, or `count` is below 1.
        """
        reach = self.companions.plan.how.reach
        check_count(self.companions, count, reach.draws(self.companions.plan))
        ways, back = reach.ways(self, windows, count, seed)
        return np.moveaxis(self._above(windows, back(ways)), -1, 1)

    def learnt(self, windows: Windows) -> dict[str, Float[np.ndarray, "W H K"]]:
        """What baselines that travel with the model say, by name, in the targets' own units."""
        found = {}
        if self.companions.exponential is not None:
            last = windows.starts + windows.input_steps - 1
            smoothed = self._exponential(last, windows.series, windows.horizon)
            found["exponential smoothing"] = smoothed
        linear = self.linear(windows)
        return found if linear is None else found | {"linear map": linear}

    def grow(self, windows: Windows) -> bool:
        """Whether the errors of the smoothing of series grow with what windows have read."""
        if self.companions.exponential is None or not len(windows):
            return False
        reader = self.reader(windows, plain=True)
        errors, sizes = [], []
        for rows in self.rows(reader):
            batch, starts = reader.batch(rows), windows.starts[rows]
            size = self.sizes(starts, batch.spread)
            if size is None:
                return False
            last, series = starts + windows.input_steps - 1, windows.series[rows]
            said = self._exponential(last, series, windows.horizon)
            said = self.normalised(said, series, batch.level, batch.spread)
            errors.append(batch.targets - said)
            sizes.append(size)
        times = self.panel.steps[windows.starts + windows.input_steps - 1]
        return grow(np.concatenate(errors), np.concatenate(sizes), times)

    def linear(self, windows: Windows) -> Float[np.ndarray, "W H K"] | None:
        """What the linear map says of each window, in the targets' own units."""
        linear = self.companions.linear
        if linear is None:
            return None
        reader = self.reader(windows, plain=True)
        said, level, spread = [], [], []
        for rows in self.rows(reader):
            batch = reader.batch(rows)
            said.append(
                linear(linear_inputs(batch, windows.input_steps)).reshape(batch.targets.shape)
            )
            level.append(batch.level)
            spread.append(batch.spread)
        back = self.back(windows.series, np.concatenate(level), np.concatenate(spread))
        return back(np.concatenate(said))

    def back(self, series: Int[np.ndarray, "W"], level: np.ndarray, spread: np.ndarray) -> Back:
        """From values as windows of this level and spread `[W, K]` have them."""

        def back(values: np.ndarray) -> np.ndarray:
            wide = (slice(None), None, slice(None), *(None,) * (values.ndim - 3))
            scaled = values * spread.astype(np.float64)[wide] + level.astype(np.float64)[wide]
            per = self._scaler.spread[series][wide], self._scaler.centre[series][wide]
            return self.companions.restored(scaled * per[0] + per[1])

        return back

    def base(self, batch: WindowBatch) -> Float[np.ndarray, "B #H K"]:
        """What the network's answers are added to, normalised; 0 where the plan has nothing."""
        plan = self.companions.plan
        if plan.base == "none":
            return np.zeros((len(batch.inputs), 1, plan.targets), np.float32)
        last = batch.starts + plan.input_steps - 1
        series, said = self.prepared.series[last], []
        if plan.base == "seasonal":
            naive = naive_forecasts(self.panel, last, series, plan.horizon, plan.season)
            said.append(self.normalised(naive, series, batch.level, batch.spread))
        if plan.linear and self.companions.linear is not None:
            found = self.companions.linear(linear_inputs(batch, plan.input_steps))
            said.append(found.reshape(len(found), plan.horizon, plan.targets))
        if plan.exponential:
            found = self._exponential(last, series, plan.horizon)
            said.append(self.normalised(found, series, batch.level, batch.spread))
        return np.mean(said, axis=0).astype(np.float32)

    def base_of(self, windows: Windows) -> Float[np.ndarray, "W H K"]:
        """What the answers to windows begin with, normalised."""
        reader = self.reader(windows, plain=True)
        found = [self.base(reader.batch(rows)) for rows in self.rows(reader)]
        whole = len(windows), windows.horizon, self.companions.plan.targets
        return np.broadcast_to(np.concatenate(found), whole)

    def spread_of(self, windows: Windows) -> Float[np.ndarray, "W K"]:
        """What normalised values of windows are multiplied by, to be scaled ones."""
        reader = self.reader(windows, plain=True)
        return np.concatenate([reader.batch(rows).spread for rows in self.rows(reader)])

    def normalised(
        self,
        values: Float[np.ndarray, "B H K"],
        series: Int[np.ndarray, "B"],
        level: Float[np.ndarray, "B K"],
        spread: Float[np.ndarray, "B K"],
    ) -> Float[np.ndarray, "B H K"]:
        """Values in the targets' own units as windows of this level and spread have them."""
        if self.companions.plan.transform == "log":
            values = np.log(np.maximum(values, _LEAST))
        scaled = (values - self._scaler.centre[series][:, None]) / self._scaler.spread[series][
            :, None
        ]
        return (scaled - level[:, None]) / spread[:, None]

    @property
    def _exponential(self) -> ExponentialForecasts:
        """The smoothing of the panel, made when it is first asked for."""
        if self._smoothed is None:
            fit = self.companions.smoothing_for(self.panel)
            assert fit is not None  # what asks for it has looked
            self._smoothed = ExponentialForecasts(self.panel, fit)
        return self._smoothed

    def reader(self, windows: Windows, plain: bool = False, lesson: bool = False) -> WindowReader:
        """The windows as networks that read such have them.

        Args:
            windows: Any.
            plain: Past and horizon alone, nothing known ahead.
            lesson: What is to be told is what the network has to learn: without its base.
        """
        plan = self.companions.plan
        return WindowReader(
            self.prepared,
            windows,
            ahead=plan.ahead and not plain,
            shift_known=plan.shift_known and not plain,
            window_scaling=plan.window_scaling,
            season=plan.season,
            traits=plan.traits and not plain,
            base=self.base if lesson and plan.base != "none" else None,
        )

    def rows(self, reader: WindowReader) -> Iterator[Int[np.ndarray, "B"]]:
        """All windows in batches that bound the memory."""
        size = max(1, min(_ROWS, _LARGEST // (reader.steps * self.prepared.values.shape[1])))
        every = np.arange(len(reader))
        return (every[start : start + size] for start in range(0, len(every), size))


def linear_inputs(batch: WindowBatch, steps: int) -> Float[np.ndarray, "B F"]:
    """What the linear map reads of a window: its targets' values at the L input steps."""
    values = batch.inputs[:, :steps, : batch.targets.shape[-1]]
    return np.ascontiguousarray(values).reshape(len(values), -1)
