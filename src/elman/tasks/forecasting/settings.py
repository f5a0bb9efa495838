"""What a forecaster is told, and what it finds out where it is told nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral
from typing import Any, get_args

import numpy as np
from jaxtyping import Int

from elman.data.series.panel import Panel
from elman.data.series.windows import Normalisation
from elman.errors import ArgumentError, DataError
from elman.metrics.forecasts import make_head
from elman.runtime.forecasting import (
    GAPS,
    LARGEST,
    SHORT,
    STRATEGIES,
    TRANSFORMS,
    ForecastPlan,
)
from elman.training.config import whole_number
from elman.transforms.calendar import calendar_features
from elman.transforms.calendar import usual as usual_features
from elman.transforms.series_scaler import Scaling

__all__ = ["going_on", "held_out_steps", "plan_of"]

_RECURSIVE_WINDOW = 20  # the lesson's
_DAY, _WEEK = 24, 168  # hours
_LASTING = (
    "strategy",
    "horizon",
    "segment",
    "output",
    "levels",
    "linear",
    "transform",
    "scaling",
    "normalise",
    "traits",
    "identify",
)
"""What cannot change from one training to the next."""
_NAMES: dict[str, tuple[str, ...]] = {
    "keep": ("best", "last"),
    "strategy": STRATEGIES,
    "gaps": GAPS,
    "short": SHORT,
    "transform": TRANSFORMS,
    "scaling": get_args(Scaling),
    "normalise": get_args(Normalisation),
}


def plan_of(given: Mapping[str, Any], panel: Panel, horizon: int) -> ForecastPlan:
    """The plan that a forecaster's parameters and its series ask for.

    Raises:
        ArgumentError: A parameter is outside its range, or two do not go together.
    """
    counts = given["output"] == "negative_binomial"
    usual = {"scaling": "none" if counts else "standard"}
    usual["normalise"] = _usual_normalisation(given["strategy"], counts)
    chosen: dict[str, Any] = {name: given[name] or usual.get(name) for name in _NAMES}
    chosen["linear"] = bool(given["linear"])
    for name, known in _NAMES.items():
        if chosen[name] not in known:
            raise ArgumentError(name, f"found {chosen[name]!r}", f"one of {', '.join(known)}")
    if counts:
        _check_counts(chosen)
    horizon = whole_number("horizon", horizon, 1)
    if chosen["strategy"] == "smoothing":
        _check_smoothing(given)
        seasons = _seasons(given, panel, horizon)
        season = seasons[0] if seasons else 1
    else:
        season = panel.frequency.season if given["season"] is None else given["season"]
        season, seasons = whole_number("season", season, 1), ()
    segment = _segment(given, horizon, season)
    plan = ForecastPlan(
        strategy=chosen["strategy"],
        input_steps=_window(given, panel, horizon, seasons or (season,), segment),
        horizon=horizon,
        season=season,
        seasons=seasons,
        segment=segment,
        output=given["output"],
        levels=_levels(given["levels"], given["output"]),
        transform=chosen["transform"],
        scaling=chosen["scaling"],
        normalise=chosen["normalise"],
        linear=_of_windows("linear", given),
        traits=_of_windows("traits", given),
        flags=_has_holes(panel) or given["gaps"] == "mask" or given["short"] == "pad",
        calendar=_calendar(given["calendar"], panel),
        identify=bool(given["identify"]),
        gaps=chosen["gaps"],
        short=chosen["short"],
        joint=panel.target.shape[1] > 1,
        frequency=panel.frequency.to_text(),
        timezone=panel.timezone,
        columns=panel.columns,
    )
    for name in ("input_steps", "horizon", "season", "segment"):
        if (steps := getattr(plan, name)) > LARGEST:
            raise ArgumentError(name, f"found {steps}", f"at most {LARGEST} steps")
    return plan


def _check_counts(chosen: Mapping[str, Any]) -> None:
    for name, kept in (
        ("transform", ("none",)),
        ("scaling", ("none",)),
        ("normalise", ("mean", "none")),
        ("linear", (False,)),
    ):
        if chosen[name] not in kept:
            raise ArgumentError(
                name,
                f"{chosen[name]!r} with output='negative_binomial'",
                f"{kept[0]!r}, so that counts stay counts",
            )


def _check_smoothing(given: Mapping[str, Any]) -> None:
    """What the smoothing does itself, or does not do."""
    itself = "leave it out: the smoothing has a scale and level of its own for each series"
    for name, usual, instead in (
        ("transform", "none", "'none': series of positive values are read in logarithms anyway"),
        ("scaling", None, itself),
        ("normalise", None, itself),
        ("linear", False, "strategy 'direct' or 'segments'"),
        ("traits", False, "strategy 'direct' or 'segments'"),
        ("windows_per_epoch", None, "leave it out: each series is read as a whole"),
        ("stride", 1, "1: each series is read as a whole"),
        ("joint", False, "a series for each target, or another strategy"),
    ):
        if given[name] != usual:
            raise ArgumentError(name, f"{given[name]!r} with strategy='smoothing'", instead)
    if given["output"] == "negative_binomial":
        raise ArgumentError(
            "output", "'negative_binomial' with strategy='smoothing'", "another output or strategy"
        )


def _seasons(given: Mapping[str, Any], panel: Panel, horizon: int) -> tuple[int, ...]:
    """What the smoothing follows: as told, or the usual season, and of hours a week besides."""
    told = given["season"]
    if told is None:
        usual = panel.frequency.season
        room = int((panel.history - held_out_steps(given["validation"], panel, horizon)).min())
        told = (_DAY, _WEEK) if usual == _DAY and room >= 2 * _WEEK else usual
    if isinstance(told, list | tuple):
        seasons = tuple(whole_number("season", steps, 2) for steps in told)
        if len(seasons) != 2 or seasons[0] >= seasons[1]:
            raise ArgumentError("season", f"found {told!r}", "two of them, the shorter first")
        return seasons
    season = whole_number("season", told, 1)
    return (season,) if season > 1 else ()


def _of_windows(name: str, given: Mapping[str, Any]) -> bool:
    """An option of networks that answer for a whole window.

    Told at each step, a window's traits would tell a recursive network of later ones.
    """
    if given[name] and given["strategy"] not in ("direct", "segments"):
        raise ArgumentError(
            name, f"set with strategy={given['strategy']!r}", "strategy 'direct' or 'segments'"
        )
    return bool(given[name])


def going_on(warm: Any, plan: ForecastPlan, panel: Panel, window: int | None) -> ForecastPlan:
    """The plan of the model that training goes on from, which the new one must agree with.

    Raises:
        ArgumentError: Something differs that the model was made for, or the series do.
    """
    names = [*_LASTING, *(("input_steps",) if window is not None else ())]
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


def _usual_normalisation(strategy: str, counts: bool) -> str:
    """A recursive network learns at every step, where a window's level would tell the future."""
    if counts:
        return "mean"
    return "none" if strategy == "recursive" else "last"


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


def _window(
    given: Mapping[str, Any], panel: Panel, horizon: int, seasons: tuple[int, ...], segment: int
) -> int:
    """L: as told, or what the series leave room for."""
    if given["window"] is not None:
        return whole_number("window", given["window"], 1)
    if given["strategy"] == "recursive":
        return _RECURSIVE_WINDOW
    held = held_out_steps(given["validation"], panel, horizon)
    room = int((panel.history - held).min()) - horizon
    longest = max(horizon, *seasons)  # smoothing looks back further than its window
    longest *= 1 if given["strategy"] == "smoothing" else 2
    wanted = min(longest, max(room // 2, 1))
    if wanted < segment:
        raise DataError(
            "window",
            f"the shortest series has {int(panel.history.min())} steps",
            f"a window, horizon and validation part of {horizon} steps each: tell window=, "
            "or short='drop' or 'pad'",
        )
    return wanted // segment * segment


def _segment(given: Mapping[str, Any], horizon: int, season: int) -> int:
    """Steps of a segment; the longest that the horizon is made of, within a season."""
    if given["strategy"] != "segments":
        if given["segment"] is not None:
            raise ArgumentError(
                "segment", f"{given['segment']} with strategy={given['strategy']!r}", "leave it out"
            )
        return 1
    if given["segment"] is not None:
        return whole_number("segment", given["segment"], 1)
    longest = season if season > 1 else math.isqrt(horizon)
    return max(k for k in range(1, max(longest, 1) + 1) if horizon % k == 0)


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


def _calendar(given: Any, panel: Panel) -> tuple[Any, ...]:
    if given is None or given is False:
        return ()
    names = usual_features(panel.frequency.unit) if given is True else tuple(given)
    calendar_features(panel.times[:1], names)  # raises where there is no such feature
    return names


def _has_holes(panel: Panel) -> bool:
    rows = np.arange(len(panel.target)) - np.repeat(panel.offsets[:-1], panel.lengths)
    history = rows < np.repeat(panel.history, panel.lengths)
    return any(bool(np.isnan(block[history]).any()) for block in (panel.target, panel.past))
