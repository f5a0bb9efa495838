"""A trained forecaster, answering without torch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from elman.blueprint import Blueprint
from elman.bundle import Bundle
from elman.data.ahead import extended
from elman.data.frames import as_panel
from elman.data.panel import Panel
from elman.data.windows import Windows, cut
from elman.errors import ArgumentError, BundleError, DataError
from elman.runtime.batching import Run
from elman.runtime.companions import Companions
from elman.runtime.evaluation import Origins, tested
from elman.runtime.forecast import Backtest, Forecast
from elman.runtime.forecast_plan import ForecastPlan
from elman.runtime.forecast_smoothing import SmoothedForecasting, work_on
from elman.runtime.forecasting import Forecasting
from elman.runtime.network import Network
from elman.runtime.travelling import below

__all__ = ["ForecasterModel", "usable"]


class ForecasterModel:
    """Says how series go on.

    Args:
        bundle: Of the task `forecaster`.
        run: What answers instead of the NumPy network (a torch module on another device).

    Attributes:
        bundle: The model as data.
        blueprint: The network.
        plan: How windows are read and written.
        companions: Scalers, calibration and the like.
        metadata: How the model was trained: plain data.

    Raises:
        BundleError: The bundle is not a forecaster's, or lacks a part.
    """

    def __init__(self, bundle: Bundle, run: Run | None = None) -> None:
        if bundle.task != "forecaster":
            raise BundleError("bundle", f"its task is {bundle.task!r}", "give a forecaster's")
        self.bundle = bundle
        self.blueprint: Blueprint = bundle.blueprint
        self.companions = Companions.from_bundle(bundle)
        self.plan = self.companions.plan
        self.metadata: dict[str, Any] = bundle.settings.get("metadata", {})
        self._until = below(bundle, "until.")
        self._network = Network(bundle.blueprint, bundle.weights)
        self._given = run

    def __reduce__(self) -> Any:
        return type(self), (self.bundle, self._given)  # the network is built anew

    def panel(self, frame: Any, ahead: Any = None) -> Panel:
        """The series of a frame, as this model reads them.

        Args:
            frame: As `fit` took it: the columns have the same names. Or an array of windows
                `[N, T]` or `[N, T, K]`, each a series of its own.
            ahead: Known-ahead covariates after the end of the series: a frame of their columns,
                times and series' names.

        Raises:
            DataError, ArgumentError: It does not fit; see `elman.data.frames.as_panel`.
        """
        plan = self.plan
        panel = as_panel(
            frame,
            columns=plan.columns,
            frequency=plan.frequency,
            categories=self.companions.categories,
            ahead=ahead,
            joint=plan.joint,
        )
        return usable(panel, plan, plan.input_steps)

    def predict(self, frame: Any, ahead: Any = None) -> Forecast:
        """The next steps of each series, from the end of its history.

        Args:
            frame: The series so far; see `panel`.
            ahead: See `panel`; needed if the model was trained with known-ahead covariates.

        Raises:
            DataError: A series is too short, has a gap in the steps that are read, or the
                covariates that are known ahead end too early; or see `panel`.
        """
        panel = extended(self.panel(frame, ahead), self.plan.horizon)
        work = self.forecasting(panel)
        windows = self._newest(panel)
        answers = work.answers(windows)
        times = panel.times[windows.ahead()]
        return Forecast(
            panel.names,
            times,
            panel.columns.target,
            answers.mean,
            self.companions.levels,
            answers.quantiles,
            (*panel.notes, *self._strangers(work)),
        )

    def sample(
        self, frame: Any, ahead: Any = None, *, paths: int = 100, seed: int = 0
    ) -> Float[np.ndarray, "N S H K"]:
        """Ways in which each series may go on, as whole paths.

        Args:
            frame: See `predict`.
            ahead: See `predict`.
            paths: S, how many for each series.
            seed: A path depends on it, its number and its series' name, not on the others.

        Raises:
            DataError: As `predict`.
            ArgumentError: The model says nothing of its uncertainty, or `paths` is below 1.
        """
        panel = extended(self.panel(frame, ahead), self.plan.horizon)
        work = self.forecasting(panel)
        return work.paths(self._newest(panel), paths, seed)

    def backtest(
        self,
        frame: Any,
        *,
        origins: int | None = None,
        stride: int = 1,
        start: Any = None,
    ) -> Backtest:
        """Forecasts from many places in the past, in one pass, beside what came.

        Args:
            frame: The series with what came; see `panel`.
            origins: How many of each series, the latest ones; None: all that there are.
            stride: Steps from one origin of a series to the next.
            start: The first forecast time; None: as early as there is a window.

        Raises:
            DataError: There is no window; or see `panel`.
            ArgumentError: `origins` or `stride` is below 1.
        """
        if origins is not None and origins < 1:
            raise ArgumentError("origins", f"found {origins}", "a number of at least 1, or None")
        panel = self.panel(frame)
        first = None if start is None else _first_from(panel, start)
        if origins is not None:
            span = self.plan.horizon + (origins - 1) * stride
            latest = np.maximum(panel.history - span, 0)
            first = latest if first is None else np.maximum(first, latest)
        windows = self._cut(panel, stride, first)
        return self._tested(panel, windows)

    def evaluate(self, frame: Any, actual: Any = None) -> dict[str, Any]:
        """The honesty report on one forecast of each series.

        Args:
            frame: The series. Without `actual`, the last steps of each are held back and
                forecast from those before.
            actual: What came after the end of the frame: a frame like it.

        Returns:
            Plain data; see `elman.metrics.honesty.report`.

        Raises:
            DataError: A series is too short, or `actual` does not go on where the frame ends.
        """
        if actual is not None:
            frame = joined_panels(self.panel(frame), self.panel(actual))
        return self.backtest(frame, origins=1).report

    def _tested(self, panel: Panel, windows: Windows) -> Backtest:
        work = self.forecasting(panel)
        answers, linear = work.answers(windows), work.linear(windows)
        found = Origins(panel, windows, answers, self.companions, linear, dict(self._until))
        return tested(found, self._strangers(work))

    def forecasting(self, panel: Panel) -> Forecasting | SmoothedForecasting:
        """The network at work on a panel that `panel` gave."""
        return work_on(self.companions, panel, self._network, self._given)

    def _cut(self, panel: Panel, stride: int, first: Any) -> Windows:
        windows = cut(
            panel.offsets,
            panel.history,
            panel.gap_before,
            input_steps=self.plan.input_steps,
            horizon=self.plan.horizon,
            stride=stride,
            first=first,
        )
        if not len(windows):
            needed = self.plan.input_steps + self.plan.horizon
            raise DataError(
                "frame",
                f"no series has {needed} steps without a gap"
                + (f"; {windows.crossing} windows cross one" if windows.crossing else ""),
                f"{self.plan.input_steps} steps to read and {self.plan.horizon} to compare",
            )
        return windows

    def _newest(self, panel: Panel) -> Windows:
        """The window at each series' end, whose horizon is still to come."""
        steps, horizon = self.plan.input_steps, self.plan.horizon
        short = np.flatnonzero(panel.history < steps)
        if len(short):
            n = int(short[0])
            raise DataError(
                f"series {panel.names[n]!r}",
                f"{panel.history[n]} steps, and {len(short) - 1} more such series",
                f"at least {steps}, which the model reads; or train with short='pad'",
            )
        starts = panel.offsets[:-1] + panel.history - steps
        gaps = np.cumsum(panel.gap_before)
        crossed = np.flatnonzero(gaps[starts + steps + horizon - 1] != gaps[starts])
        if len(crossed):
            n = int(crossed[0])
            raise DataError(
                f"series {panel.names[n]!r}",
                f"a gap in its last {steps} steps, and {len(crossed) - 1} more such series",
                "fill it, or train with gaps='mask'",
            )
        return Windows(steps, horizon, starts, np.arange(len(panel), dtype=np.int32), 0)

    def _strangers(self, work: Forecasting | SmoothedForecasting) -> list[str]:
        if not work.new:
            return []
        some = ", ".join(work.new[:3]) + (", …" if len(work.new) > 3 else "")
        return [f"{len(work.new)} series unseen in training ({some}): {work.treated}."]


def usable(panel: Panel, plan: ForecastPlan, steps: int) -> Panel:
    """A panel with its gaps and short series treated as told; what is done is in its notes.

    Args:
        panel: As it was read.
        plan: Its `gaps` and `short` say how.
        steps: Rows of history that a series needs.

    Raises:
        DataError: A series is too short, or none is left; or one that is read from its first row
            on has a gap.
    """
    if plan.gaps == "mask":
        panel = panel.filled()
    elif plan.strategy == "smoothing" and panel.gap_before.any():
        row = int(panel.gap_before.argmax())
        n = int(np.searchsorted(panel.offsets, row, side="right")) - 1
        raise DataError(
            f"series {panel.names[n]!r}",
            f"a gap before {panel.times[row]}; {int(panel.gap_before.sum())} gaps in all",
            "gaps='mask': smoothing reads a series from its first step on",
        )
    few = panel.history < steps
    if not few.any() or plan.short == "error":
        return panel
    if plan.short == "pad":
        return panel.padded(steps)
    if few.all():
        raise DataError("frame", f"all {len(panel)} series have fewer than {steps} steps", "more")
    kept = panel.select(~few)
    note = f"{int(few.sum())} series with fewer than {steps} steps were left out."
    return replace(kept, notes=(*kept.notes, note))


def joined_panels(panel: Panel, later: Panel) -> Panel:
    """The series of `panel`, each with the rows that `later` has after it.

    Raises:
        DataError: The series differ, or do not go on where they end.
    """
    if set(panel.names) != set(later.names):
        odd = sorted(set(panel.names) ^ set(later.names))[0]
        raise DataError("actual", f"series {odd!r} is not in both frames", "the same series")
    place = {name: n for n, name in enumerate(later.names)}
    later = later.select(np.array([place[name] for name in panel.names]))
    first, last = later.steps[later.offsets[:-1]], panel.steps[panel.offsets[1:] - 1]
    if (first <= last).any():
        n = int((first <= last).argmax())
        raise DataError(
            f"actual, series {panel.names[n]!r}",
            f"begins at {later.times[later.offsets[n]]}",
            f"a time after {panel.times[panel.offsets[n + 1] - 1]}, where the frame ends",
        )
    places = np.repeat(panel.offsets[1:], later.lengths)
    return replace(
        panel,
        offsets=panel.offsets + later.offsets,
        history=panel.lengths + later.history,
        **{
            name: np.insert(getattr(panel, name), places, getattr(later, name), axis=0)
            for name in ("times", "steps", "target", "past", "future")
        },
    )


def _first_from(panel: Panel, start: Any) -> np.ndarray:
    """Of each series the first row, counted within it, at `start` or later."""
    try:
        moment = np.asarray(start).astype(panel.times.dtype)
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            "start", f"found {start!r} ({error})", "a time of the series"
        ) from error
    return np.array(
        [int(np.searchsorted(panel.times[panel.rows(n)], moment)) for n in range(len(panel))]
    )
