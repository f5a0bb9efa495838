"""What a forecaster does unless it is told: chosen by what needs no network, on held-out steps.

Which window is read, how it is normalised and what the answer begins with is compared on the last
part of what may be learnt from and on what is held out, by forecasts that are fitted to what comes
before. It takes seconds: of many series and windows some are enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from elman.data.series.panel import Panel
from elman.data.series.windows import Normalisation, Windows, cut
from elman.errors import ArgumentError, DataError, ElmanError
from elman.metrics.forecasts import fit_linear_forecast
from elman.runtime.forecasting import Forecasting, ForecastPlan, linear_inputs, strategy_of, usable
from elman.runtime.forecasting.bases import ExponentialForecasts, fit_to, naive_forecasts
from elman.runtime.forecasting.past import are_smaller, evidence
from elman.tasks.forecasting.settings import about_values, held_out_steps, is_intermittent, plan_of
from elman.tasks.forecasting.stage import beginning

__all__ = ["Choice", "chosen"]

_SERIES = 200  # that are compared on
_TOGETHER = 30  # series, whose smoothing hardly depends on what one of them is compared on
_TRAIN, _TEST = 4_000, 1_000  # windows
_COMPARED = 0.25  # of the steps that may be learnt from
_INNER = 0.2  # of those before, on which the linear map's strength is chosen
_NORMALISATIONS: tuple[Normalisation, ...] = ("last", "standard", "season")
_FITTING = 3  # steps to fit to, for each of a window longer than the usual one
_LONGEST = 512  # steps of a window
_BETTER = 0.97  # of an error: what is less different is no reason to leave what is usual
_BATCH = 512


class Choice(NamedTuple):
    """What was chosen.

    Attributes:
        given: The parameters, none of these left open.
        notes: Why, in sentences.
    """

    given: dict[str, Any]
    notes: tuple[str, ...]


def chosen(given: Mapping[str, Any], panel: Panel, horizon: int) -> Choice:
    """The parameters with window, normalisation and beginning as the series suggest.

    Args:
        given: The parameters; what is told in them stays.
        panel: The series.
        horizon: H.

    Raises:
        ArgumentError, DataError: As of `plan_of`.
    """
    given = dict(given)
    if given["linear"] and given["base"] is None:
        given["base"] = "linear"
    how = strategy_of(given["strategy"]) if isinstance(given["strategy"], str) else None
    plan = plan_of(given, panel, horizon)
    if how is None or "base" in how.refuses or plan.output == "negative_binomial":
        return Choice(given, tuple(about_values(panel)))
    if all(given[name] is not None for name in ("window", "window_scaling", "base")):
        return Choice(given, ())
    try:
        found = _Comparison.of(given, plan, panel)
        return found.choice(given, panel, horizon)
    except (DataError, ArgumentError):  # too short to compare anything
        usual = "exponential" if given["base"] is None else given["base"]
        return Choice(given | {"base": usual}, ())


@dataclass(frozen=True, eq=False)
class _Comparison:
    """Series, split for the comparison.

    Attributes:
        plan: As it is without a choice.
        panel: Some of the series, treated as the plan says.
        split: Rows of each before those that are forecast.
        end: Rows of each of which forecasts are compared.
        squared: Whether errors count by their squares.
    """

    plan: ForecastPlan
    panel: Panel
    split: Int[np.ndarray, "N"]
    end: Int[np.ndarray, "N"]
    squared: bool

    @classmethod
    def of(cls, given: Mapping[str, Any], plan: ForecastPlan, panel: Panel) -> _Comparison:
        """Raises `DataError` where there is no room."""
        panel = usable(panel, replace(plan, short="drop"), plan.horizon + 2)
        if len(panel) > _SERIES:
            some = np.random.default_rng(0).choice(len(panel), _SERIES, replace=False)
            panel = panel.select(np.sort(some))
        held = held_out_steps(given["validation"], panel, plan.horizon)
        trained = panel.history - np.minimum(held, panel.history - 1)
        part = np.maximum(np.rint(_COMPARED * trained).astype(int), plan.horizon)
        split = trained - part
        room = split >= plan.horizon + 2
        if not room.any():
            raise DataError("series", "too short to compare forecasts on", "longer ones")
        return cls(
            plan, panel.select(room), split[room], panel.history[room], is_intermittent(panel)
        )

    def choice(self, given: dict[str, Any], panel: Panel, horizon: int) -> Choice:
        """Compare, and say what was found."""
        plans = list(self._plans(given, panel, horizon))
        longest = max(plan.input_steps for plan in plans)
        test = self._windows(longest, first=self.split, last=self.end, most=_TEST)
        if not len(test):
            raise DataError("windows", "none to compare on", "longer series")
        plain = replace(plans[0], transform="none")  # errors are of the values themselves
        work = Forecasting(beginning(self.panel, plain, self.split), self.panel)
        actual = self.panel.target[test.ahead()]
        unit, squared = work.unit(test.series), self.squared
        errors = {
            "exponential": self._exponential(test),
            "seasonal": self._seasonal(test),
        }
        linear = [self._linear(plan, test) for plan in plans]
        scores = [_error(_missed(each, actual, unit, squared), squared) for each in linear]
        best = int(np.argmin(scores))
        if scores[0] * _BETTER <= scores[best]:
            best = 0
        errors["linear"] = linear[best]
        errors["mean"] = (errors["linear"] + errors["exponential"]) / 2
        missed = {name: _missed(each, actual, unit, squared) for name, each in errors.items()}
        found = {name: _error(each, squared) for name, each in missed.items()}
        plan = plans[best]
        base = given["base"] or _base(missed, found, evidence(self.panel, test, plan.season))
        told = {
            "window": plan.input_steps,
            "window_scaling": plan.window_scaling,
            "base": base,
        }
        said = _said(plan, base, found, len(test), self.squared)
        return Choice(given | told, (*about_values(panel), said))

    def _plans(self, given: dict[str, Any], panel: Panel, horizon: int) -> Iterator[ForecastPlan]:
        """Plans that differ in window and normalisation, the usual one first."""
        usual = self.plan.input_steps
        steps = (usual, usual // 2, 2 * usual) if given["window"] is None else (usual,)
        ways = _NORMALISATIONS if given["window_scaling"] is None else (self.plan.window_scaling,)
        room = int(np.median(self.split)) - horizon
        for window in steps:
            longest = min(room // (_FITTING if window > usual else 2), _LONGEST)
            if window != usual and not 2 <= window <= longest:
                continue
            for way in ways:
                if way == "season" and window < self.plan.season:
                    continue
                told = given | {"window": window, "window_scaling": way, "base": "none"}
                try:
                    yield plan_of(told | {"linear": False}, panel, horizon)
                except ElmanError:  # of segments: no whole number of them
                    continue

    def _windows(self, steps: int, first: Any, last: Any, most: int) -> Windows:
        found = cut(
            self.panel.offsets,
            self.panel.history,
            self.panel.gap_before,
            input_steps=steps,
            horizon=self.plan.horizon,
            first=first,
            last=last,
        )
        found = found.where_observed(np.asarray(~np.isnan(self.panel.target).all(axis=1)))
        if len(found) <= most:
            return found
        rows = np.linspace(0, len(found) - 1, most).astype(np.int64)
        return replace(found, starts=found.starts[rows], series=found.series[rows])

    def _linear(self, plan: ForecastPlan, test: Windows) -> Float[np.ndarray, "W H K"]:
        """What the linear map of a plan says of the windows, fitted to what comes before."""
        companions = beginning(self.panel, plan, self.split)
        work = Forecasting(companions, self.panel)
        inner = self.split - np.maximum((_INNER * self.split).astype(int), plan.horizon)
        train = self._windows(plan.input_steps, None, self.split, _TRAIN)
        judged = self._windows(plan.input_steps, inner, self.split, _TEST)
        before = self._windows(plan.input_steps, None, inner, _TRAIN)
        strength = None
        if len(before) and len(judged):
            strength = fit_linear_forecast(_batches(work, before), _batches(work, judged)).strength
        if not len(train):
            raise DataError("windows", "none to fit a linear map to", "longer series")
        linear = fit_linear_forecast(_batches(work, train), strength=strength)
        shift = test.input_steps - plan.input_steps
        same = replace(test, input_steps=plan.input_steps, starts=test.starts + shift)
        said = work.carrying(replace(companions, linear=linear)).linear(same)
        assert said is not None  # it was given
        return said

    def _exponential(self, test: Windows) -> Float[np.ndarray, "W H K"]:
        """Of many series, which choose together, by all they have: short ones need it."""
        until = self.end if len(self.panel) >= _TOGETHER else self.split
        fit = fit_to(self.panel, until, self.plan.season, self.plan.horizon, self.squared)
        last = test.starts + test.input_steps - 1
        return ExponentialForecasts(self.panel, fit)(last, test.series, test.horizon)

    def _seasonal(self, test: Windows) -> Float[np.ndarray, "W H K"]:
        last = test.starts + test.input_steps - 1
        return naive_forecasts(self.panel, last, test.series, test.horizon, self.plan.season)


def _batches(work: Forecasting, windows: Windows) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    reader = work.reader(windows, plain=True)
    for start in range(0, len(reader), _BATCH):
        batch = reader.batch(np.arange(start, min(start + _BATCH, len(reader))))
        inputs = linear_inputs(batch, windows.input_steps)
        yield inputs, batch.targets.reshape(len(batch.targets), -1)


def _missed(
    said: Float[np.ndarray, "W H K"],
    actual: Float[np.ndarray, "W H K"],
    unit: Float[np.ndarray, "W K"],
    squared: bool,
) -> Float[np.ndarray, "W H K"]:
    error = np.abs(said - actual) / unit[:, None]
    return error**2 if squared else error


def _error(missed: Float[np.ndarray, "W H K"], squared: bool) -> float:
    if not np.isfinite(missed).any():
        return np.inf
    mean = float(np.nanmean(missed))
    return mean**0.5 if squared else mean


def _base(missed: Mapping[str, np.ndarray], found: Mapping[str, float], worth: float) -> str:
    """The best one; the mean, which errs least by chance, unless another is surely better."""
    best = min(found, key=found.__getitem__)
    if not np.isfinite(found["mean"]) or are_smaller(missed[best], missed["mean"], worth):
        return best
    return "mean"


_NAMES = {
    "linear": "linear map",
    "exponential": "exponential smoothing",
    "mean": "the mean of these two",
    "seasonal": "seasonal naive",
}


def _said(
    plan: ForecastPlan, base: str, found: Mapping[str, float], windows: int, squared: bool
) -> str:
    scores = ", ".join(f"{_NAMES[name]} {found[name]:.3g}" for name in _NAMES)
    begins = _NAMES.get(base, "nothing")
    if base == "mean":
        begins = "the mean of linear map and exponential smoothing"
    kind = "roots of mean squared" if squared else "mean absolute"
    return (
        f"Chosen on {windows:,} forecasts of held-out steps, fitted to what came before: windows "
        f"of {plan.input_steps} steps, normalised by {plan.window_scaling!r}; answers begin with "
        f"{begins} ({kind} errors, in deviations of a series: {scores})."
    )
