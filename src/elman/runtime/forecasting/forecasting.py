"""A network at work on series: from windows of them to answers in the series' own units."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from elman.data.series.panel import Panel
from elman.data.series.windows import TRAITS, Prepared, WindowBatch, WindowReader, Windows
from elman.runtime.forecasting.calibration import Calibration
from elman.runtime.forecasting.companions import Companions
from elman.runtime.forecasting.paths import check_count
from elman.runtime.forecasting.preparing import prepare
from elman.runtime.network import Network, Run

__all__ = ["Answers", "Back", "Forecasting", "Said", "linear_inputs"]

Back = Callable[[np.ndarray], np.ndarray]
"""From normalised values `[W, H, K, ...]` to the targets' own units."""

_ROWS = 1024
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
    """

    mean: Float[np.ndarray, "W H K"]
    quantiles: Float[np.ndarray, "W H K Q"]
    back: Back
    targets: Float[np.ndarray, "W H K"] | None


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
        if network is not None:
            self.network = network
            self.run: Run = network.run if run is None else run

    @property
    def features(self) -> int:
        """D, of a step as a network that reads windows has it."""
        plan = self.companions.plan
        return self.prepared.values.shape[1] + (TRAITS * plan.targets if plan.traits else 0)

    def carrying(self, companions: Companions) -> Forecasting:
        """The same panel with what travels with a network; the scales are the same."""
        found = copy(self)
        found.companions = companions
        return found

    def by(self, network: Network, companions: Companions) -> Forecasting:
        """The same panel, read by a network that was trained, and with what travels with it."""
        found = self.carrying(companions)
        found.network, found.run = network, network.run
        return found

    def answers(self, windows: Windows) -> Answers:
        """The forecast at each window's end."""
        mean, quantiles, back, _ = self.companions.plan.how.reach.said(self, windows)
        if self.companions.calibration is not None:
            levels = self.companions.plan.levels
            mean, quantiles = self.companions.calibration.forecast(mean, quantiles, levels)
        return Answers(back(mean), back(quantiles))

    def calibrated(self, windows: Windows, middle: bool = True) -> Calibration:
        """How far off the answers to held-out windows are.

        Args:
            windows: The held-out ones.
            middle: Whether the forecast itself may be shifted, too.
        """
        plan = self.companions.plan
        said = plan.how.reach.said(self, windows, targets=True)
        assert said.targets is not None
        times = self.panel.steps[windows.starts + windows.input_steps - 1]
        return Calibration.fit(
            said.targets, said.mean, said.quantiles, plan.levels, times if middle else None
        )

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
        return np.moveaxis(back(ways), -1, 1)

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
        """What the network's answers are added to: the linear map's, or nothing."""
        linear, plan = self.companions.linear, self.companions.plan
        if not plan.linear or linear is None:
            return np.zeros((len(batch.inputs), 1, plan.targets), np.float32)
        said = linear(linear_inputs(batch, plan.input_steps))
        return said.reshape(len(said), plan.horizon, plan.targets).astype(np.float32)

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
            base=self.base if lesson and plan.linear else None,
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
