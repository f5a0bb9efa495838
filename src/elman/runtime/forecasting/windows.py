"""From windows of series to answers in the series' own units; one pass over all windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from elman.data.series.panel import Panel
from elman.data.series.windows import TRAITS, Prepared, WindowBatch, WindowReader, Windows
from elman.runtime.forecasting.calibration import Calibration
from elman.runtime.forecasting.companions import Companions
from elman.runtime.forecasting.forecasting import Answers
from elman.runtime.forecasting.paths import check_count, draws_of, ways_on
from elman.runtime.forecasting.preparing import prepare
from elman.runtime.network import Network, Run

__all__ = ["Reach", "WindowForecasting", "linear_inputs"]

_ROWS = 1024
_DRAWN = 200  # paths from which quantiles are read, where a network has to be fed with draws
_LARGEST = 2**23  # most float32 values of a batch's inputs: 32 MiB


class _Scaled(NamedTuple):
    """Answers as the network has them, with what brings them back to scaled values."""

    mean: Float[np.ndarray, "B H K"]
    quantiles: Float[np.ndarray, "B H K Q"]
    targets: Float[np.ndarray, "B S K"]
    level: Float[np.ndarray, "B K"]
    spread: Float[np.ndarray, "B K"]


class Reach(NamedTuple):
    """How a network gets from a window to its horizon.

    Attributes:
        parameters: Its raw outputs for the horizon, `[B, H, K, P]`, of windows that begin at
            these rows.
        drawn: Normalised paths `[H, K, S]` of one window that begins at this row, S of them, by
            these draws: where a step's distribution has to be drawn from to get at the next
            one's. None: steps are told without each other.
    """

    parameters: Callable[[WindowForecasting, WindowBatch, np.ndarray], np.ndarray]
    drawn: Callable[[WindowForecasting, WindowBatch, np.ndarray, int, Any], np.ndarray] | None = (
        None
    )


def _at_once(
    work: WindowForecasting, batch: WindowBatch, starts: Int[np.ndarray, "B"]
) -> Float[np.ndarray, "B H K P"]:
    """One answer for all steps."""
    plan, head = work.companions.plan, work.companions.head
    lengths = np.full(len(batch.inputs), batch.inputs.shape[1], np.int64)
    raw = work.run(batch.inputs, lengths)
    return raw.reshape(len(raw), -1, plan.targets, head.parameters)[:, : plan.horizon]


class WindowForecasting:
    """A network at work on one panel: scaled once, then read window by window.

    Args:
        companions: What travels with the network.
        panel: Whose rows reach as far ahead as its windows will.
        network: The runtime's; None: there is none yet (`by` gives one).
        run: What answers in place of the network's `run`; None: that.
        known: Rows of each series that its scale may come from, if it is new; None: its history.
        reach: How the network gets from a window to its horizon; None: by one answer.

    Attributes:
        companions, network, run: As they were given.
        prepared: The panel as the network reads it.
        new: Names of series that it was not trained on.
        treated: What was done with those.
    """

    treated = "scaled by their own history"

    def __init__(
        self,
        companions: Companions,
        panel: Panel,
        network: Network | None = None,
        run: Run | None = None,
        known: Int[np.ndarray, "N"] | None = None,
        reach: Reach | None = None,
    ) -> None:
        self.companions, self._panel = companions, panel
        self._reach = Reach(_at_once) if reach is None else reach
        panel = companions.transformed(panel)
        self._scaler, self.new = companions.scaler_for(panel, known)
        self.prepared: Prepared = prepare(
            companions.identified(panel),
            self._scaler,
            companions.covariates,
            flags=companions.plan.flags,
            calendar=companions.plan.calendar,
        )
        if network is not None:
            self.network = network
            self.run: Run = network.run if run is None else run

    @property
    def features(self) -> int:
        """D, of a step as the network reads it."""
        plan = self.companions.plan
        return self.prepared.values.shape[1] + (TRAITS * plan.targets if plan.traits else 0)

    def carrying(self, companions: Companions) -> WindowForecasting:
        """The same panel with what travels with a network; the scales are the same."""
        found = copy(self)
        found.companions = companions
        return found

    def by(self, network: Network, companions: Companions) -> WindowForecasting:
        """The same panel, read by a network that was trained, and with what travels with it."""
        found = self.carrying(companions)
        found.network, found.run = network, network.run
        return found

    def answers(self, windows: Windows) -> Answers:
        """The forecast at each window's end."""
        parts = list(self._scaled(windows))
        mean = np.concatenate([part.mean for part in parts])
        quantiles = np.concatenate([part.quantiles for part in parts])
        if self.companions.calibration is not None:
            quantiles = self.companions.calibration.apply(quantiles)
        level, spread = (
            np.concatenate([getattr(p, n) for p in parts]) for n in ("level", "spread")
        )
        back = self._back(windows.series, level, spread)
        return Answers(back(mean), back(quantiles))

    def calibrated(self, windows: Windows) -> Calibration:
        """How far off the answers to held-out windows are."""
        parts = list(self._scaled(windows, true_targets=True))
        actual, mean, quantiles = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("targets", "mean", "quantiles")
        )
        return Calibration.fit(actual, mean, quantiles, self.companions.plan.levels)

    def paths(self, windows: Windows, count: int, seed: int) -> Float[np.ndarray, "W S H K"]:
        """Ways to go on from each window's end: whole paths, in the targets' own units.

        A recursive network reads what was drawn of the step before. The others say what each
        step may be by itself; how steps hang together they take from their errors on held-out
        windows (`elman.runtime.forecasting.paths`). One of single values takes those as they are.

        Args:
            windows: W of them.
            count: S ≥ 1.
            seed: ≥ 0. A path depends on it, its number, its series' name and its time alone.

        Raises:
            ArgumentError: The model says nothing of its uncertainty, or `count` is below 1.
        """
        check_count(self.companions, count, self._drawn is not None)
        reader, found = self.reader(windows), []
        for row in range(len(windows)):
            rows = np.array([row])
            batch, start = reader.batch(rows), windows.starts[rows]
            drawn = self._paths(batch, start, count, self._generator(seed, int(start[0])))
            back = self._back(windows.series[rows], batch.level, batch.spread)
            found.append(np.moveaxis(back(drawn[None])[0], -1, 0))
        return np.stack(found)

    def linear(self, windows: Windows) -> Float[np.ndarray, "W H K"] | None:
        """What the linear map says of each window, in the targets' own units."""
        linear = self.companions.linear
        if linear is None:
            return None
        reader = self.reader(windows, plain=True)
        said, level, spread = [], [], []
        for rows in self._rows(reader):
            batch = reader.batch(rows)
            said.append(
                linear(linear_inputs(batch, windows.input_steps)).reshape(batch.targets.shape)
            )
            level.append(batch.level)
            spread.append(batch.spread)
        back = self._back(windows.series, np.concatenate(level), np.concatenate(spread))
        return back(np.concatenate(said))

    def _back(
        self, series: Int[np.ndarray, "W"], level: np.ndarray, spread: np.ndarray
    ) -> Callable[[np.ndarray], np.ndarray]:
        """What brings normalised values `[W, H, K, ...]` to the targets' own units."""

        def back(values: np.ndarray) -> np.ndarray:
            wide = (slice(None), None, slice(None), *(None,) * (values.ndim - 3))
            scaled = values * spread.astype(np.float64)[wide] + level.astype(np.float64)[wide]
            per = self._scaler.spread[series][wide], self._scaler.centre[series][wide]
            return self.companions.restored(scaled * per[0] + per[1])

        return back

    def _scaled(self, windows: Windows, true_targets: bool = False) -> Iterator[_Scaled]:
        """The answers in batches that bound the memory."""
        head, levels = self.companions.head, self.companions.plan.levels
        reader = self.reader(windows)
        wanted = self.reader(windows, plain=True) if true_targets else None
        for rows in self._rows(reader):
            batch, starts = reader.batch(rows), windows.starts[rows]
            scale = batch.spread[:, None]
            params = self._reach.parameters(self, batch, starts)
            base = self._base(batch)
            mean = head.point(params, scale) + base
            if self._drawn is not None:
                quantiles = self._drawn_quantiles(batch, starts)
            else:
                quantiles = head.quantile(params, levels, scale) + base[..., None]
            targets = batch.targets if wanted is None else wanted.batch(rows).targets
            yield _Scaled(mean, quantiles, targets, batch.level, batch.spread)

    def _base(self, batch: WindowBatch) -> Float[np.ndarray, "B #H K"]:
        """What the network's answers are added to: the linear map's, or nothing."""
        linear, plan = self.companions.linear, self.companions.plan
        if not plan.linear or linear is None:
            return np.zeros((len(batch.inputs), 1, plan.targets), np.float32)
        said = linear(linear_inputs(batch, plan.input_steps))
        return said.reshape(len(said), plan.horizon, plan.targets).astype(np.float32)

    @property
    def _drawn(self) -> Callable[..., np.ndarray] | None:
        """What draws paths; None where steps are told without each other."""
        distribution = self.companions.plan.output not in ("point", "quantiles")
        return self._reach.drawn if distribution else None

    def _drawn_quantiles(
        self, batch: WindowBatch, starts: Int[np.ndarray, "B"]
    ) -> Float[np.ndarray, "B H K Q"]:
        found = []
        for k, start in enumerate(starts):
            one = WindowBatch(*(getattr(batch, field.name)[k : k + 1] for field in fields(batch)))
            paths = self._paths(one, start[None], _DRAWN, self._generator(0, int(start)))
            found.append(
                np.moveaxis(np.quantile(paths, self.companions.plan.levels, axis=-1), 0, -1)
            )
        return np.stack(found)

    def _paths(
        self,
        batch: WindowBatch,
        start: Int[np.ndarray, "1"],
        count: int,
        draws: np.random.Generator,
    ) -> Float[np.ndarray, "H K S"]:
        """Normalised paths of one window."""
        if self._drawn is not None:
            return self._drawn(self, batch, start, count, draws)
        params = self._reach.parameters(self, batch, start)[0]
        ways = ways_on(self.companions, params, batch.spread, count, draws)
        return ways + self._base(batch)[0][..., None]

    def _generator(self, seed: int, start: int) -> np.random.Generator:
        return draws_of(self._panel, int(self.prepared.series[start]), start, seed)

    def reader(self, windows: Windows, plain: bool = False, lesson: bool = False) -> WindowReader:
        """The windows as the network reads them.

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
            normalise=plan.normalise,
            season=plan.season,
            traits=plan.traits and not plain,
            base=self._base if lesson and plan.linear else None,
        )

    def _rows(self, reader: WindowReader) -> Iterator[Int[np.ndarray, "B"]]:
        size = max(1, min(_ROWS, _LARGEST // (reader.steps * self.prepared.values.shape[1])))
        every = np.arange(len(reader))
        return (every[start : start + size] for start in range(0, len(every), size))


def linear_inputs(batch: WindowBatch, steps: int) -> Float[np.ndarray, "B F"]:
    """What the linear map reads of a window: its targets' values at the L input steps."""
    values = batch.inputs[:, :steps, : batch.targets.shape[-1]]
    return np.ascontiguousarray(values).reshape(len(values), -1)
