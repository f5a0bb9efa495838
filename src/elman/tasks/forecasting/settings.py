"""What a forecaster is told, and what it finds out where it is told nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from jaxtyping import Int

from elman.data.series.panel import Panel
from elman.data.series.windows import cut
from elman.errors import ArgumentError
from elman.metrics.forecasts import make_head
from elman.parameters import told, whole_number
from elman.printable import closest
from elman.runtime.forecasting import (
    CHOICES,
    LARGEST,
    ForecastPlan,
    known_strategies,
    strategy_of,
)
from elman.runtime.forecasting.strategies import Asked, Strategy
from elman.tasks.forecasting.parameters import ForecastParameters
from elman.transforms.calendar import calendar_features
from elman.transforms.calendar import usual as usual_features

__all__ = ["about_values", "going_on", "held_out_steps", "is_intermittent", "plan_of"]

_LASTING = (
    "strategy",
    "horizon",
    "segment",
    "output",
    "levels",
    "base",
    "transform",
    "scaling",
    "window_scaling",
    "traits",
    "identify",
)
"""What cannot change from one training to the next."""
_TURN = {"minute": 1 / 24, "hour": 1, "weekday": 7, "day": 31, "week": 366, "month": 366}
_TURN |= {"dayofyear": 366}
"""Days in which a feature of the calendar comes round."""
_LEFT_OUT, _PADDED = 0.1, 0.5  # of the series, at most, for a longer window of the others
_MOST_CROSSING = 0.1  # of the windows; if more cross a gap, missing steps are read as missing
_NAMES = {name: known for name, known in CHOICES.items() if name != "output"}  # `make_head` does
_NAMES["keep"] = ("best", "last")


def plan_of(given: Mapping[str, Any], panel: Panel, horizon: int) -> ForecastPlan:
    """The plan that a forecaster's parameters and its series ask for.

    Raises:
        ArgumentError: A parameter is outside its range, or two do not go together.
    """
    _check_name("strategy", given["strategy"], known_strategies())
    how, counts = strategy_of(given["strategy"]), given["output"] == "negative_binomial"
    usual = {
        "scaling": "none" if counts else "standard",
        "window_scaling": "mean" if counts else how.window_scaling,
    }
    usual |= {"gaps": "drop", "base": "none"}  # until the windows are known
    chosen: dict[str, Any] = {name: given[name] or usual.get(name) for name in _NAMES}
    if given["linear"] and given["base"] not in (None, "linear"):
        found = f"{given['base']!r} with linear=True"
        raise ArgumentError("base", found, "one of the two")
    if given["linear"]:
        chosen["base"] = "linear"
    for name, known in _NAMES.items():
        _check_name(name, chosen[name], known)
    if counts:
        _check_counts(chosen)
    _check_options(how, given)
    horizon = whole_number("horizon", horizon, 1)
    spans = how.spans(_asked(given, panel, horizon))
    plan = ForecastPlan(
        strategy=given["strategy"],
        input_steps=spans.input_steps,
        horizon=horizon,
        season=spans.season,
        seasons=spans.seasons,
        segment=spans.segment,
        output=given["output"],
        levels=_levels(given["levels"], given["output"]),
        transform=chosen["transform"],
        scaling=chosen["scaling"],
        window_scaling=chosen["window_scaling"],
        base=chosen["base"],
        floor=_is_never_negative(panel),
        traits=bool(given["traits"]),
        flags=_has_holes(panel) or given["gaps"] == "mask" or given["short"] == "pad",
        calendar=_calendar(given["calendar"], panel),
        identify=bool(given["identify"]),
        gaps=chosen["gaps"],
        short=chosen["short"],
        joint=panel.target.shape[1] > 1,
        frequency=panel.frequency.to_text(),
        timezone=panel.timezone,
        zone=panel.zone,
        columns=panel.columns,
    )
    if given["gaps"] is None and _loses_much(plan, panel):
        plan = replace(plan, gaps="mask", flags=True)
    for name in ("input_steps", "horizon", "season", "segment"):
        if (steps := getattr(plan, name)) > LARGEST:
            raise ArgumentError(name, f"found {steps}", f"at most {LARGEST} steps")
    return plan


def _loses_much(plan: ForecastPlan, panel: Panel) -> bool:
    """Whether too many windows cross a gap to be left out."""
    gaps = panel.gap_before
    if not gaps.any():
        return False
    if plan.how.whole_series:
        return True
    found = cut(
        panel.offsets, panel.history, gaps, input_steps=plan.input_steps, horizon=plan.horizon
    )
    return found.crossing > _MOST_CROSSING * (found.crossing + len(found))


def _check_name(name: str, found: Any, known: tuple[str, ...]) -> None:
    if found not in known:
        raise ArgumentError(name, f"found {found!r}", closest(found, known))


def _check_counts(chosen: Mapping[str, Any]) -> None:
    for name, kept in (
        ("transform", ("none",)),
        ("scaling", ("none",)),
        ("window_scaling", ("mean", "none")),
        ("base", ("none",)),
    ):
        if chosen[name] not in kept:
            raise ArgumentError(
                name,
                f"{chosen[name]!r} with output='negative_binomial'",
                f"{kept[0]!r}, so that counts stay counts",
            )


def _check_options(how: Strategy, given: Mapping[str, Any]) -> None:
    """`ArgumentError` where an option is set that the strategy does not have."""
    strategy, parameters = given["strategy"], told(ForecastParameters)
    for name, instead in how.refuses.items():
        if given[name] not in (parameters[name].default, "none"):
            raise ArgumentError(name, f"{given[name]!r} with strategy={strategy!r}", instead)
    if given["output"] == "negative_binomial" and not how.counts:
        raise ArgumentError(
            "output",
            f"'negative_binomial' with strategy={strategy!r}",
            "another output or strategy",
        )


def _asked(given: Mapping[str, Any], panel: Panel, horizon: int) -> Asked:
    """What the steps of the plan are chosen from."""
    steps = {
        name: None if given[name] is None else whole_number(name, given[name], 1)
        for name in ("window", "segment")
    }
    season = given["season"]
    if isinstance(season, list | tuple):
        season = tuple(whole_number("season", each, 2) for each in season)
    elif season is not None:
        season = whole_number("season", season, 1)
    held = held_out_steps(given["validation"], panel, horizon)
    lengths = _judged(panel.history, held, horizon, given["short"])
    return Asked(
        **steps,
        season=season,
        usual_season=panel.frequency.season,
        horizon=horizon,
        room=lengths[0],
        shortest=lengths[1],
    )


def _judged(
    history: Int[np.ndarray, "N"], held: Int[np.ndarray, "N"], horizon: int, short: str
) -> tuple[int, int]:
    """Room for windows, and steps, of the shortest series that counts for the choice of a window.

    Short ones that are left out or padded do not: of those with room for a window and a horizon
    a tenth more are left out for the others' sake, and half of them are padded.
    """
    room = history - held
    enough = room >= 2 * horizon
    if short == "error" or not enough.any():
        return int(room.min()), int(history.min())
    share = _LEFT_OUT if short == "drop" else _PADDED
    order = np.argsort(room[enough], kind="stable")
    chosen = order[int(share * len(order))]
    return int(room[enough][chosen]), int(history[enough][chosen])


def going_on(warm: Any, plan: ForecastPlan, panel: Panel, given: Mapping[str, Any]) -> ForecastPlan:
    """The plan of the model that training goes on from, which the new one must agree with.

    Raises:
        ArgumentError: Something differs that the model was made for, or the series do.
    """
    names = [name for name in _LASTING if given.get(name, plan) is not None]
    names += ["input_steps"] if given["window"] is not None else []
    for name in names:
        now, before = getattr(plan, name), getattr(warm.plan, name)
        if now != before:
            raise ArgumentError(
                "warm_start", f"{name} {now!r}; the model has {before!r}", "that, or a new model"
            )
    if panel.names != warm.companions.names:
        odd = sorted(set(panel.names) ^ set(warm.companions.names)) or ["their order"]
        raise ArgumentError(
            "warm_start", f"other series than the model's: {odd[0]!r}", "the same, or a new model"
        )
    return warm.plan


def held_out_steps(validation: Any, panel: Panel, horizon: int) -> Int[np.ndarray, "N"]:
    """How many of each series' last steps are for validation: at least a horizon, or none.

    Raises:
        ArgumentError: It is neither a share, nor a number of steps, nor None.
    """
    if validation is None:
        return np.zeros(len(panel), np.int64)
    if isinstance(validation, Integral) and not isinstance(validation, bool):
        steps = whole_number("validation", validation, horizon)
        return np.full(len(panel), steps, np.int64)
    if isinstance(validation, float | np.floating) and 0 < validation < 1:
        share = np.rint(float(validation) * panel.history).astype(np.int64)
        return np.maximum(share, horizon)
    raise ArgumentError(
        "validation",
        f"found {validation!r}",
        f"a share between 0 and 1, at least {horizon} steps (the horizon), or None",
    )


def _levels(given: Any, output: str) -> tuple[float, ...]:
    try:
        levels = tuple(float(level) for level in given)
    except (TypeError, ValueError) as error:
        raise ArgumentError("levels", f"found {given!r}", "numbers such as (0.1, 0.9)") from error
    inside = all(0 < level < 1 for level in levels)
    if not inside or list(levels) != sorted(set(levels)):
        raise ArgumentError("levels", f"found {given!r}", "increasing numbers between 0 and 1")
    make_head(output, levels if output == "quantiles" else ())  # whose errors name both
    return levels


def is_intermittent(panel: Panel) -> bool:
    """Whether most values are 0 and none is below."""
    return _is_never_negative(panel) and 2 * (panel.target == 0).sum() > _observed(panel)


def about_values(panel: Panel) -> list[str]:
    """What kind of quantity the targets are, where it matters, in sentences."""
    values = panel.target[~np.isnan(panel.target)]
    if not _is_never_negative(panel):
        return []
    kind = "counts" if (values % 1 == 0).all() else "quantities"
    share = float((values == 0).mean())
    what = f"Values are {kind} that are never negative: nothing below 0 is forecast."
    if is_intermittent(panel):
        zeros = f"{100 * share:.0f} % of them are 0"
        what += f" {zeros}, so that the mean is forecast: the median would be 0."
    return [what]


def _observed(panel: Panel) -> int:
    return int((~np.isnan(panel.target)).sum())


def _is_never_negative(panel: Panel) -> bool:
    """Whether no value is below 0, and they are not all alike."""
    values = panel.target[~np.isnan(panel.target)]
    return bool(len(values) and values.min() >= 0 and values.max() > 0)


def _calendar(given: Any, panel: Panel) -> tuple[Any, ...]:
    if given is False:
        return ()
    if given is None:
        if panel.times.dtype.kind != "M":
            return ()
        return _worth_telling(usual_features(panel.frequency.unit), panel)
    names = usual_features(panel.frequency.unit) if given is True else tuple(given)
    calendar_features(panel.times[:1], names)  # raises where there is no such feature
    return names


def _worth_telling(names: tuple[Any, ...], panel: Panel) -> tuple[Any, ...]:
    """Features that come round at least twice in the series."""
    last = panel.offsets[1:] - 1
    span = float(
        (panel.times[last] - panel.times[panel.offsets[:-1]]).max() / np.timedelta64(1, "D")
    )
    return tuple(name for name in names if span >= 2 * _TURN[name])


def _has_holes(panel: Panel) -> bool:
    rows = np.arange(len(panel.target)) - np.repeat(panel.offsets[:-1], panel.lengths)
    history = rows < np.repeat(panel.history, panel.lengths)
    return any(bool(np.isnan(block[history]).any()) for block in (panel.target, panel.past))
