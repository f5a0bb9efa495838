"""Which column of a table is what: as the user says, or guessed and said."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from elman.data.series.panel import Columns
from elman.data.tables import columns
from elman.data.tables.columns import Table
from elman.data.tables.timestamps import looks_like_times
from elman.errors import ArgumentError, DataError
from elman.printable import quoted

__all__ = ["Roles", "choose", "column", "completed", "listed", "sources"]

_COMPARED = 1000  # names of columns that one may have been meant for
_TIME_NAMES = ("time", "timestamp", "datetime", "date", "ds")
_DATE_NAMES = ("month", "year", "week", "day", "quarter", "period")  # may also be numbers: features
_PERIOD = re.compile(r"\d{4}[-/ ]?[QqMmWwHh]\d{1,2}")
_TARGET_NAMES = ("y", "value", "target")


@dataclass(frozen=True)
class Roles:
    """The columns of a table by what they are for, and notes on what was guessed."""

    time: str | None
    series: str | None
    target: tuple[str, ...]
    past: tuple[str, ...]
    future: tuple[str, ...]
    static: tuple[str, ...]
    notes: tuple[str, ...] = ()


def choose(
    table: Table,
    *,
    target: str | Sequence[str] | None,
    time: str | None,
    series: str | None,
    past: str | Sequence[str],
    future: str | Sequence[str],
    static: str | Sequence[str],
    guess_time: bool = True,
) -> Roles:
    """The roles of a table's columns; time and target are guessed where they are None.

    Raises:
        DataError: A column is not there (the message names the closest), or the target cannot
            be guessed.
        ArgumentError: A column is used twice.
    """
    blocks = [listed(block) for block in (past, future, static)]
    used = [*(name for name in (time, series) if name is not None), *sum(blocks, ())]
    targets = None if target is None else listed(target)
    _check_names(table, [*used, *(targets or ())])
    notes: list[str] = []
    if time is None and guess_time:
        time = _guessed_time(table, {*used, *(targets or ())})
        if time is not None:
            used.append(time)
            notes.append(f"Times are column {time!r} (guessed).")
        else:
            notes.append("No column of times: rows are steps at equal distances.")
            notes += _periods(table, {*used, *(targets or ())})
    if targets is None:
        targets = _guessed_target(table, used)
        notes.append(f"Target: {quoted(targets)} (guessed).")
    if not targets:
        raise ArgumentError("target", "found no name", "at least one column")
    return Roles(time, series, targets, blocks[0], blocks[1], blocks[2], tuple(notes))


def sources(names: Iterable[str], categories: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The columns from which a block's columns were made: "shop" for "shop=Berlin".

    >>> sources(["shop=Berlin", "shop=Paris", "rain"], {"shop": ("Berlin", "Paris")})
    ('shop', 'rain')
    """
    made = {f"{name}={value}": name for name, values in categories.items() for value in values}
    return tuple(dict.fromkeys(made.get(name, name) for name in names))


def completed(
    chosen: dict[str, Any], columns: Columns, categories: Mapping[str, tuple[str, ...]]
) -> dict[str, Any]:
    """The roles that were given, and those of an earlier panel for the others."""
    earlier = {
        "target": columns.wide or columns.target,
        "time": columns.time,
        "series": columns.series,
        "past": sources(columns.past, categories),
        "future": sources(columns.future, categories),
        "static": sources(columns.static, categories),
    }
    return {role: given or earlier[role] for role, given in chosen.items()}


def listed(names: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several as a tuple."""
    return (names,) if isinstance(names, str) else tuple(names)


def column(table: Table, name: str) -> None:
    """Check that a column is there.

    Raises:
        DataError: It is not; the message names the closest.
    """
    if name in table.columns:
        return
    names = list(table.columns)
    lower = {other.lower(): other for other in reversed(names[:_COMPARED])}
    close = difflib.get_close_matches(name.lower(), lower, n=2, cutoff=0.6)
    hint = " or ".join(repr(lower[other]) for other in close)
    raise DataError(
        f"{table.name}, column {name!r}",
        "is not there",
        f"did you mean {hint}?" if hint else f"one of {quoted(names)}",
    )


def _check_names(table: Table, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        column(table, name)
        if name in seen:
            raise ArgumentError(
                f"column {name!r}", "is used twice", "one role (time, series, target, …) for each"
            )
        seen.add(name)


def _guessed_time(table: Table, used: set[str]) -> str | None:
    free = {name.lower(): name for name in reversed(list(table.columns)) if name not in used}
    for name in _TIME_NAMES:
        if name in free and _may_be_time(table, free[name]):
            return free[name]
    dates = [name for name in free.values() if looks_like_times(table.columns[name])]
    for name in _DATE_NAMES:
        if free.get(name) in dates:
            return free[name]
    if len(dates) > 1:
        raise DataError(table.name, f"has several columns of dates: {quoted(dates)}", "pass time=")
    return dates[0] if dates else None


def _periods(table: Table, used: set[str]) -> list[str]:
    """What is said of a column of periods such as 1980Q1, which are not read as times."""
    for name in (name for name in table.columns if name not in used):
        found = table.columns[name]
        if columns.kind(found) != "text":
            continue
        first = str(columns.objects(found[:1])[0]).strip()
        if _PERIOD.fullmatch(first):
            said = f"Column {name!r} holds periods such as {first!r}, which are not read as times"
            return [f"{said}: write the first day of each, as 1980-04-01."]
    return []


def _may_be_time(table: Table, name: str) -> bool:
    found = table.columns[name]
    return columns.kind(found) in ("number", "time", "text")


def _guessed_target(table: Table, used: Sequence[str]) -> tuple[str, ...]:
    free = [name for name in table.columns if name not in used]
    found = [name for name in free if columns.kind(table.columns[name]) == "number"]
    if len(found) == 1 or (table.is_array and found):
        return tuple(found)
    usual = [name for name in found if name.lower() in _TARGET_NAMES]
    if len(usual) == 1:
        return (usual[0],)
    raise DataError(
        table.name,
        f"the target is not clear: columns of numbers are {quoted(found) or 'none'}",
        "pass target=",
    )
