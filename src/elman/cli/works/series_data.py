"""The series that a forecaster reads: from files and named sets, as the options say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
import typer

from elman.cli.completion import sets
from elman.cli.options import WRITTEN
from elman.data import as_panel
from elman.data.series.ahead import joined_panels
from elman.data.series.panel import Panel
from elman.data.series.roles import sources
from elman.data.sets.series import load_series, series_names
from elman.data.tables.dialect import Dialect
from elman.errors import ArgumentError, DataError
from elman.printable import many
from elman.runtime import Backtest, ForecasterModel

__all__ = [
    "AHEAD",
    "REPAIR",
    "TIMEZONE",
    "AheadOption",
    "RepairOption",
    "SeriesDataOption",
    "SeriesPartOption",
    "SplitSeries",
]
__all__ += ["READING", "STRICT", "StrictOption", "TimezoneOption", "backtest_of"]
__all__ += ["date_format_of", "naming", "part_for", "read_for", "split_series", "told_of_series"]

AHEAD = "File of what is known of the steps to come: the columns known ahead."
REPAIR = "What may be repaired: some of sort,drop_duplicates,numbers,infinite."
TIMEZONE = "Of times that have none, as Europe/Paris; times are told in it."
STRICT = "A series that cannot be read whole is an error, rather than forecast by what is there."

SeriesDataOption = Annotated[
    str,
    typer.Option(
        "--data",
        help="A set's name, or a table (.csv, .tsv, .parquet), or a folder of such.",
        autocompletion=sets,
    ),
]
SeriesPartOption = Annotated[
    str | None, typer.Option("--part", help="Of a named set: train or test; default: all.")
]
AheadOption = Annotated[str | None, typer.Option(help=AHEAD)]
RepairOption = Annotated[str | None, typer.Option(help=REPAIR)]
StrictOption = Annotated[bool, typer.Option("--strict", help=STRICT)]
TimezoneOption = Annotated[str | None, typer.Option(help=TIMEZONE)]

_LISTS = ("target", "past", "future", "static", "repair")
READING = (*_LISTS, "time", "series", "frequency", "timezone", *WRITTEN)
_TEST_SHARE = 0.1  # of a file's series, unless the horizon is longer


@dataclass(frozen=True, eq=False)
class SplitSeries:
    """Series, of which the last steps are for testing.

    Attributes:
        name: Where they come from.
        whole: All of it.
        training: Without the steps held back.
        held: Steps of each series that are held back; 0: none.
        how: The same in words.
    """

    name: str
    whole: Panel
    training: Panel
    held: int
    how: str

    def before(self, held: int) -> Panel:
        """The series up to `held` steps before their end, with what is known of those."""
        return self.whole.cut(self.whole.history - held, keep_ahead=True)


def date_format_of(model: ForecasterModel, told: Mapping[str, Any]) -> str | None:
    """How times are written: as told, or as in the file that was trained on."""
    return told.get("date_format") or model.reading.get("date_format")


@contextmanager
def naming(source: str) -> Iterator[None]:
    """Within this block, errors that tell of a frame or a series tell of `source`, too."""
    try:
        yield
    except DataError as error:
        whole, _, series = error.where.partition("series ")
        if whole not in ("", "frame", "frame, ", "actual", "actual, "):
            raise
        where = f"{source}, series {series}" if series else source
        raise type(error)(where, error.found, error.expected) from error


def _listed(text: str | None) -> tuple[str, ...]:
    """The names in `promo,price`."""
    return tuple(name.strip() for name in text.split(",")) if text else ()


def told_of_series(about: Mapping[str, Any]) -> dict[str, Any]:
    """What the options say of series, as `elman.data.as_panel` takes it."""
    told = {name: about[name] for name in READING if about.get(name) is not None}
    return told | {name: _listed(told[name]) for name in _LISTS if name in told}


def read_for(
    model: ForecasterModel,
    source: str,
    part: str | None = None,
    *,
    ahead: str | None = None,
    repair: str | None = None,
    timezone: str | None = None,
    **written: str | None,
) -> Panel:
    """Series with a model's columns.

    Args:
        model: Whose columns the data have.
        source: A file, or the name of a set.
        part: Of a named set; None: all.
        ahead: A file with covariates of the steps to come.
        repair: What may be repaired.
        timezone: Of times without one; None: as in training.
        written: How a text file is written; likewise.

    Raises:
        DataError, ArgumentError: As `elman.data.as_panel`.
    """
    plan, categories = model.plan, model.companions.categories
    columns = plan.columns
    options: dict[str, Any] = {
        "categories": categories,
        "frequency": plan.frequency,
        "ahead": ahead,
        "repair": _listed(repair),
        "timezone": timezone or plan.timezone,
        "joint": plan.joint,
    }
    told = {name: value for name, value in written.items() if value is not None}
    if source not in series_names():
        options |= Dialect.among(model.reading) | told
        if part is not None:
            raise ArgumentError(
                "--part", f"{source} is a file", "leave it out: only sets have parts"
            )
        return as_panel(source, columns=columns, **options)
    for role in ("past", "future", "static"):
        options[role] = sources(getattr(columns, role), categories)
    return load_series(source, part, target=columns.wide or columns.target, **options)


def backtest_of(model: ForecasterModel, series: SplitSeries) -> Backtest:
    """Forecasts from each step of the test part whose horizon lies in it."""
    with naming(series.name):
        return model.backtest(series.whole, origins=series.held - model.plan.horizon + 1)


def part_for(
    model: ForecasterModel, source: str, part: str | None, steps: int | None, **reading: Any
) -> SplitSeries:
    """The series that a model is scored on: a set's test part, or the last steps of each.

    Args:
        model: Whose columns the data have.
        source: A file, or the name of a set.
        part: Of a named set; None: test.
        steps: Held back of each series; None: all of the test part; a horizon of anything else.
        reading: As of `read_for`.

    Raises:
        DataError, ArgumentError: As `read_for`; or the series are too short.
    """
    horizon = model.plan.horizon
    if source in series_names() and part in (None, "test") and steps is None:
        training, later = (read_for(model, source, each, **reading) for each in ("train", "test"))
        return _joined(source, training, later, horizon, "its test part")
    panel = read_for(model, source, part, **reading)
    return _last_steps(source, panel, horizon, steps or horizon, model.plan.short)


def split_series(
    about: Mapping[str, Any],
    horizon: int,
    joint: bool,
    short: str,
    model: ForecasterModel | None = None,
) -> SplitSeries:
    """The series that a training is told to read, and what it holds back of them.

    Args:
        about: Of `Settings`.
        horizon: Steps that are forecast.
        joint: The forecaster's parameter.
        short: Likewise; unless `error`, series without a step beside the test part are left out.
        model: Whose columns the data have, where `about` names none.

    Raises:
        DataError, ArgumentError: The series cannot be read, or are shorter than the test part.
    """
    source, test, steps = about["data"], about.get("test"), about.get("test_steps")
    if test is not None and steps is not None:
        raise ArgumentError("--test-steps", "given with --test", "one of the two")
    named = source in series_names()
    options = {"joint": joint, **told_of_series(about)}
    if model is not None and not named:
        plan = model.plan
        like = {"columns": plan.columns, "frequency": plan.frequency, "timezone": plan.timezone}
        like |= Dialect.among(model.reading)
        options = {**like, "categories": model.companions.categories, **options}
    if test is None and (steps is not None or not named):
        return _last_steps(source, _read(source, None, options), horizon, steps, short)
    training = _read(source, "train", options)
    if test is not None:
        like = {"columns": training.columns, "frequency": training.frequency}
        options = {**options, **like, "categories": training.categories}
    later = _read(test or source, "test", options)
    return _joined(source, training, later, horizon, test or "its test part")


def _joined(source: str, training: Panel, later: Panel, horizon: int, whence: str) -> SplitSeries:
    """Series with a test part of its own."""
    held = int(later.history.min())
    if held < horizon:
        raise DataError(f"{source}, {whence}", f"{held} steps", f"at least {horizon}, the horizon")
    with naming(whence):
        whole = joined_panels(training, later)
    return SplitSeries(source, whole, training, held, f"{whence}, {held:,} steps of each series")


def _read(source: str, part: str | None, options: Mapping[str, Any]) -> Panel:
    """The series of a set, or of a file, which has no parts."""
    if source in series_names():
        return load_series(source, part, **options)
    return as_panel(source, **options)


def _last_steps(
    source: str, whole: Panel, horizon: int, steps: int | None, short: str
) -> SplitSeries:
    """The last steps of each series held back: as many as told, or a horizon or a tenth."""
    if steps == 0:
        return SplitSeries(source, whole, whole, 0, "none: all steps are for training")
    if steps is None:
        steps = max(horizon, round(_TEST_SHARE * int(whole.history.min())))
    if steps < horizon:
        raise ArgumentError(
            "--test-steps", f"found {steps}", f"at least {horizon}, the horizon; or 0"
        )
    few = whole.history <= steps
    if few.any() and (short == "error" or few.all()):
        n = int(few.argmax())
        raise DataError(
            f"{source}, series {whole.names[n]!r}",
            f"{many(int(whole.history[n]), 'step')}, of which {steps} would be the test part",
            "fewer --test-steps, a shorter --horizon, or --short drop",
        )
    if few.any():
        left = (
            f"{int(few.sum())} series with at most {steps} steps left out: nothing to learn from."
        )
        whole = whole.select(~few)
        whole = replace(whole, notes=(*whole.notes, left))
    training = whole.cut(np.asarray(whole.history - steps))
    return SplitSeries(source, whole, training, steps, f"the last {steps:,} steps of each series")
