"""A trained forecaster, answering without torch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int, Shaped

from elman.blueprint import Blueprint
from elman.bundle import Bundle
from elman.data import as_panel
from elman.data.series.ahead import extended, joined_panels
from elman.data.series.panel import Panel
from elman.data.series.windows import TRAITS, Windows, cut
from elman.data.tables.dialect import Dialect
from elman.data.tables.timestamps import read_times, shown
from elman.errors import ArgumentError, BundleError, DataError
from elman.parameters import whole_number
from elman.runtime.forecasting import (
    Answerable,
    Backtest,
    Companions,
    Forecast,
    Forecasting,
    Origins,
    Written,
    answerable,
    answers_on,
    besides,
    first_targets,
    panel_of_windows,
    tested,
    usable,
)
from elman.runtime.network import Network, Run
from elman.runtime.travelling import below, metadata_of, reading_of

__all__ = ["ForecasterModel"]


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
        reading: What the training was told of how its file is written: options of `as_panel`.

    Raises:
        BundleError: The bundle is not a forecaster's, or lacks a part.
    """

    task = "forecaster"
    score_name = "score"
    answer_options: ClassVar = {}

    def __init__(self, bundle: Bundle, run: Run | None = None) -> None:
        if bundle.task != self.task:
            raise BundleError("bundle", f"its task is {bundle.task!r}", "give a forecaster's")
        self.bundle = bundle
        self.blueprint: Blueprint = bundle.blueprint
        self.companions = Companions.from_bundle(bundle)
        self.plan = self.companions.plan
        self.metadata = metadata_of(bundle)
        self.reading = reading_of(bundle)
        self._until = _until(bundle, len(self.companions.names))
        _check_network(self.blueprint, self.companions)
        self._network = Network(bundle.blueprint, bundle.weights)
        self._given = run

    def __reduce__(self) -> Any:
        return type(self), (self.bundle, self._given)  # the network is built anew

    def facts(self) -> dict[str, Any]:
        """What `elman info` tells beside network and version."""
        plan, columns = self.plan, self.plan.columns
        return {
            "strategy": plan.strategy,
            "horizon": plan.horizon,
            "window": plan.input_steps,
            "season": plan.season,
            "frequency": self.metadata.get("frequency", plan.frequency),
            "series": len(self.companions.names),
            "target": list(columns.wide or columns.target),
            "column of times": columns.time,
            "column of series": columns.series,
            "known up to now": list(columns.past),
            "known ahead": list(columns.future),
            "static": list(columns.static),
            "calendar": list(plan.calendar),
            "output": plan.output,
            "levels": [f"{level:g}" for level in self.companions.levels],
            "notes": self.metadata.get("notes", []),
        }

    def panel(self, frame: Any, ahead: Any = None) -> Panel:
        """The series of a frame, as this model reads them.

        Args:
            frame: As `fit` took it: the columns have the same names. Or windows as one array
                `[N, T, K]`, each a series of its own.
            ahead: Known-ahead covariates after the end of the series: a frame of their columns,
                times and series' names.

        Raises:
            DataError, ArgumentError: It does not fit; see `elman.data.as_panel`.
        """
        return usable(self._read(frame, ahead), self.plan, self.plan.input_steps)

    def _read(self, frame: Any, ahead: Any = None) -> Panel:
        plan = self.plan
        if isinstance(frame, np.ndarray) and frame.ndim == 3:
            return panel_of_windows(frame, self.companions)
        return as_panel(
            frame,
            columns=plan.columns,
            frequency=plan.frequency,
            categories=self.companions.categories,
            ahead=ahead,
            joint=plan.joint,
            timezone=plan.timezone,
            **Dialect.among(self.reading),
        )

    def predict(
        self, frame: Any, ahead: Any = None, *, horizon: int | None = None, strict: bool = False
    ) -> Forecast:
        """The next steps of each series, from the end of its history.

        A series with missing steps is forecast by what is there, one of which nothing can be read
        is skipped; both are in the notes.

        Args:
            frame: The series so far; see `panel`.
            ahead: See `panel`; needed if the model was trained with known-ahead covariates.
            horizon: So many steps. Beyond those that the model was trained for it is applied
                again to its own forecasts. None: as trained.
            strict: A series that is too short, has a gap or no value in the steps that are read,
                or whose covariates that are known ahead end too early is an error.

        Raises:
            DataError: Every series is such a one, or with `strict` any; or see `panel`.
            ArgumentError: `horizon` is below 1.
        """
        horizon = self.plan.horizon if horizon is None else whole_number("horizon", horizon, 1)
        needed = min(horizon, self.plan.horizon)
        ready = self._ready(self._read(frame, ahead), strict, needed)
        panel = extended(ready.panel, self.plan.horizon, needed)
        work = self.forecasting(panel)
        windows = self._after(panel, panel.history)
        found = answers_on(work, windows, self.forecasting, horizon)
        return Forecast(
            panel.names,
            found.times,
            panel.columns.target,
            found.mean,
            self.companions.levels,
            found.quantiles,
            (
                *panel.notes,
                *ready.notes,
                *found.notes,
                *self._unknown(ready.panel, horizon),
                *self._strangers(work),
            ),
            Written.like(panel),
            ready.skipped,
        )

    def _unknown(self, panel: Panel, horizon: int) -> tuple[str, ...]:
        """A note where the network reads on after what is known of the steps ahead."""
        read = self.plan.horizon * -(-horizon // self.plan.horizon)
        if not panel.columns.future or (panel.lengths - panel.history >= read).all():
            return ()
        return (
            f"{self.plan.horizon} steps are forecast at once; what is not known of those after the "
            f"{horizon} that were asked for is read as missing.",
        )

    def _ready(self, panel: Panel, strict: bool, needed: int | None = None) -> Answerable:
        """The series that are forecast from their ends."""
        if strict:
            return Answerable(usable(panel, self.plan, self.plan.input_steps), (), ())
        return answerable(panel, self.companions, needed)

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
        ready = self._ready(self._read(frame, ahead), strict=False)
        panel = extended(ready.panel, self.plan.horizon)
        work = self.forecasting(panel)
        return work.paths(self._after(panel, panel.history), paths, seed)

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
            start: The first forecast time, in the zone of times without one; None: as early as
                there is a window.

        Raises:
            DataError: There is no window; or see `panel`.
            ArgumentError: `origins` or `stride` is below 1, or `start` is no time.
        """
        if origins is not None and origins < 1:
            raise ArgumentError("origins", f"found {origins}", "a number of at least 1, or None")
        span = self.plan.horizon + ((origins or 1) - 1) * stride
        padded = self.plan.short == "pad"  # short ones are tested, too
        needed = self.plan.input_steps + (span if padded else 0)
        panel = usable(self._read(frame), self.plan, needed)
        first = None if start is None else _first_from(panel, start, self.plan.timezone)
        if origins is not None:
            latest = np.maximum(panel.history - span, 0)
            first = latest if first is None else np.maximum(first, latest)
        windows = self._cut(panel, stride, first)
        return self._tested(panel, windows)

    def evaluate(self, frame: Any, actual: Any = None) -> dict[str, Any]:
        """The honesty report on one forecast of each series.

        Args:
            frame: The series. Without `actual`, the last steps of each are held back and
                forecast from those before.
            actual: What came after the end of the frame: a frame like it, of at least the
                horizon, whose first steps are compared.

        Returns:
            Plain data; see `elman.metrics.honesty.report`.

        Raises:
            DataError: A series is too short, or `actual` does not go on where the frame ends;
                with `actual` also as `predict`.
        """
        if actual is None:
            return self.backtest(frame, origins=1).report
        horizon, later = self.plan.horizon, self._read(actual)
        short = np.flatnonzero(later.history < horizon)
        if len(short):
            n = int(short[0])
            raise DataError(
                f"actual, series {later.names[n]!r}",
                f"{later.history[n]} steps{besides(len(short))}",
                f"at least {horizon}, the horizon",
            )
        before = self._read(frame)
        panel = joined_panels(before, later.cut(horizon))
        first = panel.steps[panel.offsets[:-1] + before.history]
        begins = dict(zip(panel.names, first.tolist(), strict=True))
        if panel.gap_before.any():  # a hole at the end of the frame is one here
            panel = panel.filled()
        panel = usable(panel, self.plan, self.plan.input_steps + horizon)
        history = _rows_from(panel, panel.steps, [begins[name] for name in panel.names])
        return self._tested(panel, self._after(panel, history, skip=True)).report

    def _tested(self, panel: Panel, windows: Windows) -> Backtest:
        work = self.forecasting(panel, np.maximum(first_targets(panel, windows), 1))
        learnt = partial(work.learnt, windows)
        answers = work.answers(windows)
        found = Origins(panel, windows, answers, self.companions, learnt, self._until)
        return tested(found, self._strangers(work))

    def forecasting(self, panel: Panel, known: Int[np.ndarray, "N"] | None = None) -> Forecasting:
        """The network at work on a panel that `panel` gave.

        Args:
            panel: The series.
            known: Of each, rows that a new series' scale may come from; None: its history.
        """
        return Forecasting(self.companions, panel, self._network, self._given, known)

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
        if not self.plan.how.whole_series:
            windows = windows.where_observed(np.asarray(~np.isnan(panel.target).all(axis=1)))
        if not len(windows):
            needed = self.plan.input_steps + self.plan.horizon
            crossing = f"; {windows.crossing} windows cross one" if windows.crossing else ""
            advice = "; or train with gaps='mask'" if windows.crossing else ""
            raise DataError(
                "frame",
                f"no series has {needed} steps without a gap{crossing}",
                f"{self.plan.input_steps} steps to read and {self.plan.horizon} to compare{advice}",
            )
        return windows

    def _after(self, panel: Panel, history: Int[np.ndarray, "N"], skip: bool = False) -> Windows:
        """The window of each series that ends with so many of its rows.

        Without a value to read in it a series is an error, or skipped if others have one.
        """
        steps, horizon = self.plan.input_steps, self.plan.horizon
        short = np.flatnonzero(history < steps)
        if len(short):
            n = int(short[0])
            raise DataError(
                f"series {panel.names[n]!r}",
                f"{history[n]} steps{besides(len(short))}",
                f"at least {steps}, which the model reads; or train with short='pad'",
            )
        ends = panel.offsets[:-1] + history
        starts = ends - steps
        seen = np.concatenate(([0], np.cumsum(~np.isnan(panel.target).all(axis=1))))
        read = panel.offsets[:-1] if self.plan.how.whole_series else starts
        blind = seen[ends] == seen[read]
        empty = np.flatnonzero(blind)
        if len(empty) and not (skip and len(empty) < len(panel)):
            n = int(empty[0])
            raise DataError(
                f"series {panel.names[n]!r}",
                f"no value in the {ends[n] - read[n]} steps that are read{besides(len(empty))}",
                "observed values: leave these series out",
            )
        gaps = np.cumsum(panel.gap_before)
        crossed = np.flatnonzero(gaps[starts + steps + horizon - 1] != gaps[starts])
        if len(crossed):
            n = int(crossed[0])
            raise DataError(
                f"series {panel.names[n]!r}",
                f"a gap in the {steps} steps that are read, or those to forecast"
                f"{besides(len(crossed))}",
                "fill it, or train with gaps='mask'",
            )
        kept = np.flatnonzero(~blind).astype(np.int32)
        return Windows(steps, horizon, starts[kept], kept, 0, len(empty))

    def _strangers(self, work: Forecasting) -> list[str]:
        if not work.new:
            return []
        some = ", ".join(work.new[:3]) + (", …" if len(work.new) > 3 else "")
        return [f"{len(work.new)} series unseen in training ({some}): {self.plan.how.treated}."]


def _until(bundle: Bundle, series: int) -> dict[str, np.ndarray]:
    """How far fitting went, of so many series; see `elman.runtime.forecasting.evaluation`."""
    found = below(bundle, "until.")
    for name, steps in found.items():
        if steps.shape != (series,) or steps.dtype != np.int64:
            raise BundleError(f"until.{name}", f"{steps.dtype} {steps.shape}", f"int64 [{series}]")
    return found


def _check_network(blueprint: Blueprint, companions: Companions) -> None:
    """`BundleError` unless the network reads and answers what the plan says."""
    plan = companions.plan
    features = companions.features + TRAITS * plan.targets * plan.traits
    wanted = plan.how.shape(plan, features, companions.head.parameters)
    found = (blueprint.configuration, blueprint.input_size, blueprint.output_size)
    if found != wanted:
        raise BundleError("network", f"found {found}", f"{tuple(wanted)}, by its plan")
    if wanted.configuration == "sequence_to_sequence" and not blueprint.streams:
        raise BundleError("network", "it reads in both directions", "one that reads forwards")


def _first_from(panel: Panel, start: Any, timezone: str | None) -> Int[np.ndarray, "N"]:
    """Of each series the first row, counted within it, at `start` or later."""
    dates, wrong = panel.times.dtype.kind == "M", f"found {start!r}"
    try:
        if not dates and isinstance(start, str):  # from the command line
            start = int(start)
        found, *_ = read_times(
            np.array([start]).reshape(1),
            lambda row: "start",
            timezone=timezone if dates else None,
            is_days=panel.frequency.is_days,
        )
    except ValueError as error:  # of several values, or of none that is a time
        raise ArgumentError("start", wrong, "a time of the series") from error
    if found.dtype != panel.times.dtype:
        raise ArgumentError("start", wrong, f"a time such as {shown(panel.times[0])}")
    return _rows_from(panel, panel.times, [found[0]] * len(panel))


def _rows_from(
    panel: Panel, grid: Shaped[np.ndarray, "R"], places: Sequence[Any]
) -> Int[np.ndarray, "N"]:
    """Of each series the first row, counted within it, at its place on the grid or later."""
    return np.array(
        [int(np.searchsorted(grid[panel.rows(n)], place)) for n, place in enumerate(places)]
    )
