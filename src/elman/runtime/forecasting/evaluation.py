"""A forecaster's answers held against what came: the honesty report on a backtest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from elman.data.series.panel import Panel
from elman.data.series.windows import Windows
from elman.kernels import native
from elman.metrics.forecasts import (
    NAIVE,
    chosen_alarms,
    covariate_alarms,
    croston,
    last_value,
    overlap_alarms,
    scaler_alarms,
)
from elman.metrics.honesty import report
from elman.printable import many
from elman.runtime.forecasting.companions import Companions
from elman.runtime.forecasting.forecast import Backtest, Written
from elman.runtime.forecasting.forecasting import Answers
from elman.runtime.forecasting.past import past_errors

__all__ = ["Origins", "first_targets", "honest_report", "tested", "until_tensors"]

_CELLS = 2**22  # most values of the past that are looked at in one go: 32 MiB
_SEASONS = 2  # of the past that a naive forecast sees, at least


class Origins(NamedTuple):
    """What was forecast where.

    Attributes:
        panel: The series, and what came.
        windows: W of them.
        answers: The forecaster's.
        companions: What travels with the network.
        learnt: What gives `[W, H, K]` of baselines that travel with the model, by name.
        until: Times up to which the model was fitted; see `until_tensors`.
    """

    panel: Panel
    windows: Windows
    answers: Answers
    companions: Companions
    learnt: Callable[[], Mapping[str, Float[np.ndarray, "W H K"]]]
    until: Mapping[str, np.ndarray]


def tested(found: Origins, notes: Sequence[str]) -> Backtest:
    """The forecasts beside what came, and the report on them."""
    panel, windows, answers = found.panel, found.windows, found.answers
    last, rows = windows.starts + windows.input_steps - 1, windows.ahead()
    notes = [*panel.notes, *notes]
    if windows.crossing:
        notes.append(f"{windows.crossing} windows that cross a gap were left out.")
    if windows.empty:
        notes.append(f"{many(windows.empty, 'window')} without any value to read left out.")
    if absent := len(panel) - len(np.unique(windows.series)):
        steps = f"{windows.input_steps} and {windows.horizon} steps"
        notes.append(f"{absent} series have no window of {steps}.")
    return Backtest(
        panel.names,
        windows.series,
        panel.times[last],
        panel.steps[last],
        panel.times[rows],
        panel.columns.target,
        answers.mean,
        found.companions.levels,
        answers.quantiles,
        panel.target[rows].astype(np.float64),
        partial(honest_report, found),
        tuple(notes),
        Written.like(panel),
    )


def honest_report(found: Origins) -> dict[str, Any]:
    """The report, see `elman.metrics.honesty.report`, and the `level` of instructions behind it."""
    panel, windows, plan = found.panel, found.windows, found.companions.plan
    baselines, last = _naive(panel, windows, plan.season)
    baselines |= found.learnt()
    first = first_targets(panel, windows)
    scale, root_scale = (_scales(panel, first, plan.season, squared) for squared in (False, True))
    levels = found.companions.levels
    told = report(
        panel.target[windows.ahead()].astype(np.float64),
        found.answers.mean,
        baselines=baselines,
        last=last,
        series=windows.series,
        origins=panel.steps[windows.starts + windows.input_steps - 1],
        names=panel.names,
        targets=panel.columns.target,
        season=plan.season,
        scale=scale,
        root_scale=root_scale,
        quantiles=found.answers.quantiles if levels else None,
        levels=levels,
        leakage=_leakage(found, first),
        past=past_errors(panel, first, windows.horizon, plan.season, scale),
    )
    return {"level": native.isa(), **told}


def until_tensors(
    panel: Panel, trained: Int[np.ndarray, "N"], held: Int[np.ndarray, "N"]
) -> dict[str, np.ndarray]:
    """How far fitting went, for a model file: the steps after the last ones used.

    Args:
        panel: The series that it was fitted on.
        trained: One past the last row, counted in each series, that scaler and training saw.
        held: Rows at each series' end that chose the epoch and calibrated the quantiles.
    """
    chosen = np.where(held > 0, panel.history, 0)
    last = {"scaled": trained, "trained": trained, "chosen": np.maximum(trained, chosen)}
    return {
        name: panel.steps[panel.offsets[:-1] + np.maximum(rows, 1) - 1] + 1
        for name, rows in last.items()
    }


def _naive(
    panel: Panel, windows: Windows, season: int
) -> tuple[dict[str, np.ndarray], Float[np.ndarray, "W K"]]:
    """The naive forecasts `[W, H, K]`, and the last observed values; from what a window reads.

    Where that is less than some seasons, they see these: more than the network does.
    """
    targets, horizon = panel.target.shape[1], windows.horizon
    look = max(windows.input_steps, min(_SEASONS * season, int(panel.history.max())))
    shape = (len(windows), horizon, targets)
    known = NAIVE | ({"Croston": croston} if _is_intermittent(panel) else {})
    found = {name: np.empty(shape) for name in known}
    last = np.empty((len(windows), targets))
    size = max(1, _CELLS // (look * targets))
    ends = windows.starts + windows.input_steps
    for start in range(0, len(windows), size):
        part = slice(start, start + size)
        rows = ends[part, None] - look + np.arange(look)
        past = panel.target[np.maximum(rows, 0)].astype(np.float64)
        past[rows < panel.offsets[windows.series[part], None]] = np.nan
        past = np.moveaxis(past, 2, 1)
        for name, forecast in known.items():
            found[name][part] = np.moveaxis(forecast(past, horizon, season), 1, 2)
        last[part] = last_value(past, 1)[..., 0]
    return found, last


def _is_intermittent(panel: Panel) -> bool:
    """Whether most values are 0 and none is below."""
    observed = panel.target[~np.isnan(panel.target)]
    return bool(len(observed) and observed.min() >= 0 and np.median(observed) == 0)


def first_targets(panel: Panel, windows: Windows) -> Int[np.ndarray, "N"]:
    """Of each series the first row, counted within it, that is forecast; its end if none is."""
    first = panel.lengths.copy()
    within = windows.starts + windows.input_steps - panel.offsets[windows.series]
    np.minimum.at(first, windows.series, within)
    return first


def _scales(
    panel: Panel, first: Int[np.ndarray, "N"], season: int, squared: bool
) -> Float[np.ndarray, "N K"]:
    """The error of the seasonal naive forecast in what came before all forecasts.

    Of a series without two seasons there it is that of the last value.
    """
    found = np.empty((len(panel), panel.target.shape[1]))
    for part in panel.parts():  # an array of all rows would be felt
        rows = slice(panel.offsets[part.start], panel.offsets[part.stop])
        lengths = panel.lengths[part]
        owner = np.repeat(np.arange(len(lengths)), lengths)
        inside = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        before = inside < first[part][owner]
        found[part] = _naive_error(panel.target[rows], owner, inside, before, season, squared)
    return np.sqrt(found) if squared else found


def _naive_error(
    target: np.ndarray,
    owner: np.ndarray,
    inside: np.ndarray,
    before: np.ndarray,
    season: int,
    squared: bool,
) -> Float[np.ndarray, "N K"]:
    """The mean error, or its square, of each series; each row's owner and place in it are told."""
    count = int(owner[-1]) + 1 if len(owner) else 0
    found = np.full((count, target.shape[1]), np.nan)
    for lag in dict.fromkeys((season, 1)):
        rows = np.flatnonzero(before & (inside >= lag))
        change = np.abs(target[rows].astype(np.float64) - target[rows - lag])
        change = change**2 if squared else change
        for k in range(found.shape[1]):
            known = ~np.isnan(change[:, k])
            counts = np.bincount(owner[rows[known]], minlength=count)
            total = np.bincount(owner[rows[known]], change[known, k], minlength=count)
            mean = np.divide(total, counts, out=np.full(count, np.nan), where=counts > 0)
            found[:, k] = np.where(np.isnan(found[:, k]), mean, found[:, k])
    return found


def _leakage(found: Origins, first: Int[np.ndarray, "N"]) -> dict[str, list[Any]]:
    """Each check that was made, with its alarms."""
    panel, columns = found.panel, found.panel.columns
    checked: dict[str, list[Any]] = {}
    scaled, trained, chosen = (_until(found, name) for name in ("scaled", "trained", "chosen"))
    starts = panel.offsets[:-1] + np.minimum(first, panel.lengths - 1)
    begin = np.where(first < panel.lengths, panel.steps[starts], np.iinfo(np.int64).max // 2)
    checked["scaler"] = scaler_alarms(scaled, begin, panel.names)
    checked["overlap of windows"] = overlap_alarms(trained, begin, panel.names)
    unseen = np.maximum(begin, trained)  # what was trained on has its own alarm
    checked["validation part"] = chosen_alarms(chosen, unseen, panel.names)
    for what, known_ahead in (("past", False), ("future", True)):
        if names := getattr(columns, what):
            checked[f"{what} covariates"] = covariate_alarms(
                panel.target,
                getattr(panel, what),
                panel.offsets,
                targets=columns.target,
                names=names,
                horizon=found.windows.horizon,
                known_ahead=known_ahead,
            )
    return checked


def _until(found: Origins, name: str) -> Int[np.ndarray, "N"]:
    """One past the last step that was used of each series; the least number for new ones."""
    place = {series: n for n, series in enumerate(found.companions.names)}
    nothing = np.iinfo(np.int64).min // 2
    known = found.until.get(name, np.full(len(place), nothing))
    return np.array([known[place[s]] if s in place else nothing for s in found.panel.names])
