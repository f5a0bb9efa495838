"""Which of some series can be read, and how: gaps, short ones, ones without a value.

Of what is trained on a plan says what becomes of them. A forecast is made of all that can be read
at all, and what cannot is skipped and said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from elman.data.series.panel import Panel
from elman.data.series.roles import sources
from elman.errors import DataError
from elman.printable import quoted
from elman.runtime.forecasting.companions import Companions
from elman.runtime.forecasting.plan import ForecastPlan

__all__ = ["Answerable", "answerable", "besides", "usable"]

_NAMED = 3  # series that a note names


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
    elif plan.how.whole_series and panel.gap_before.any():
        row = int(panel.gap_before.argmax())
        raise DataError(
            f"series {panel.owner(row)!r}",
            f"a gap before {panel.times[row]}; {int(panel.gap_before.sum())} gaps in all",
            f"gaps='mask': {plan.strategy} reads a series from its first step on",
        )
    few = panel.history < steps
    if not few.any() or plan.short == "error":
        return panel
    if plan.short == "pad":
        return panel.padded(steps)
    if few.all():
        raise DataError("frame", f"all {len(panel)} series have fewer than {steps} steps", "more")
    left = f"with fewer than {steps} steps left out"
    return _without(panel, few, left)[0]


class Answerable(NamedTuple):
    """Series that can be forecast.

    Attributes:
        panel: They, each with as many rows as are read.
        skipped: Names of the others.
        notes: What was done, each a sentence.
    """

    panel: Panel
    skipped: tuple[str, ...]
    notes: tuple[str, ...]


def answerable(panel: Panel, companions: Companions, needed: int | None = None) -> Answerable:
    """All series of a panel that can be forecast from their ends.

    Steps that are missing, in a gap or before a series that is shorter than what is read, are read
    as missing. A series without a value there, with a value that the model cannot read, or without
    what must be known of the steps ahead is skipped.

    Args:
        panel: The series.
        companions: Of the model.
        needed: Of how many steps ahead covariates must be known; None: of the whole horizon.

    Raises:
        DataError: Every series is skipped.
    """
    plan = companions.plan
    skipped: list[str] = []
    notes: list[str] = []

    def without(wrong: np.ndarray, reason: str) -> Panel:
        if not wrong.any():
            return panel
        kept, names = _left(panel, wrong, reason)
        skipped.extend(names)
        notes.append(f"{_some(names)} skipped: {reason}.")
        return kept

    panel = without(_unsuitable(panel, companions), "a value that the model cannot read")
    named = ", ".join(sources(plan.columns.future, companions.categories))
    ahead = f"{named} not known for all steps ahead"
    blind = _blind(panel, plan.horizon if needed is None else needed)
    if not blind.all():  # else it is told how far each would have to be known
        panel = without(blind, ahead)
    panel, said = _mended(panel, plan)
    notes += said
    empty = ~_observed(panel, plan)
    panel = without(empty, f"no value in the {plan.input_steps} steps that are read")
    return Answerable(panel, tuple(skipped), tuple(notes))


def _mended(panel: Panel, plan: ForecastPlan) -> tuple[Panel, list[str]]:
    """Missing steps as rows without a value, and what is said of series that need not have any."""
    notes = []
    gap = _gap_read(panel, plan)
    if gap.any():
        if plan.gaps != "mask":
            names = _some([panel.names[n] for n in np.flatnonzero(gap)])
            notes.append(f"{names} with a gap in the steps that are read: read as missing.")
        panel = panel.filled()
    short = panel.history < plan.input_steps
    if short.any():
        if plan.short != "pad":
            names = _some([panel.names[n] for n in np.flatnonzero(short)])
            steps = f"the {plan.input_steps} steps that are read"
            notes.append(f"{names} shorter than {steps}: those before read as missing.")
        panel = panel.padded(plan.input_steps)
    return panel, notes


def besides(count: int, noun: str = "such series") -> str:
    """Of several the others than the one that is named, as words at the end of a sentence.

    >>> besides(1), besides(3)
    ('', ', and 2 more such series')
    """
    return f", and {count - 1} more {noun}" if count > 1 else ""


def _left(panel: Panel, wrong: Bool[np.ndarray, "N"], reason: str) -> tuple[Panel, list[str]]:
    """The panel without some series, and their names."""
    names = [panel.names[n] for n in np.flatnonzero(wrong)]
    if wrong.all():
        raise DataError(f"series {names[0]!r}", reason + besides(len(names)), "other series")
    return panel.select(~wrong), names


def _without(panel: Panel, wrong: Bool[np.ndarray, "N"], reason: str) -> tuple[Panel, list[str]]:
    kept, names = _left(panel, wrong, reason)
    return replace(kept, notes=(*kept.notes, f"{_some(names)} {reason}.")), names


def _some(names: Sequence[str]) -> str:
    """So many series, with the names of the first."""
    return f"{len(names)} series ({quoted(names, _NAMED)})"


def _unsuitable(panel: Panel, companions: Companions) -> Bool[np.ndarray, "N"]:
    wrong = companions.unsuitable(panel).any(axis=1)
    return np.logical_or.reduceat(wrong, panel.offsets[:-1])


def _blind(panel: Panel, needed: int) -> Bool[np.ndarray, "N"]:
    """Series whose covariates that must be known so many steps ahead end too early."""
    if not panel.columns.future:
        return np.zeros(len(panel), bool)
    return panel.lengths - panel.history < needed


def _gap_read(panel: Panel, plan: ForecastPlan) -> Bool[np.ndarray, "N"]:
    """Series with a gap in what is read of them."""
    gaps = np.concatenate(([0], np.cumsum(panel.gap_before)))
    ends = panel.offsets[:-1] + panel.history
    return gaps[ends] > gaps[_first_read(panel, plan) + 1]


def _observed(panel: Panel, plan: ForecastPlan) -> Bool[np.ndarray, "N"]:
    """Series with a value in what is read of them."""
    seen = np.concatenate(([0], np.cumsum(~np.isnan(panel.target).all(axis=1))))
    return seen[panel.offsets[:-1] + panel.history] > seen[_first_read(panel, plan)]


def _first_read(panel: Panel, plan: ForecastPlan) -> np.ndarray:
    if plan.how.whole_series:
        return panel.offsets[:-1]
    return panel.offsets[:-1] + np.maximum(panel.history - plan.input_steps, 0)
