"""The time series of the catalogue by name, each as a `Panel`, whole or in two parts."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from elman.data.series.frames import panel_of
from elman.data.series.panel import Columns, Panel, ranges
from elman.data.series.roles import completed
from elman.data.sets import catalogue
from elman.data.tables import reader
from elman.data.tables.columns import objects
from elman.errors import ArgumentError

__all__ = ["as_panel", "describe", "holder", "load_series", "series_names"]

_SERIES, _STOCKS = "timeseries", "stocks"  # the sets of the catalogue
_ROLES = ("target", "time", "series", "past", "future", "static")
_TEST_SHARE = 0.2  # of the rows, where a set has no test part of its own
_ETTH1_PARTS = {"train": slice(0, 11_520), "test": slice(11_520, 14_400)}
_COUNTRIES = (
    "Australia",
    "Britain",
    "Canada",
    "Switzerland",
    "China",
    "Japan",
    "New Zealand",
    "Singapore",
)

_Part = tuple[dict[str, np.ndarray], str]
"""The columns of a part, and a sentence on what it is."""


@dataclass(frozen=True)
class _SeriesSet:
    """One set: where it lies, how a part of it is read as columns, and their roles."""

    holder: str
    about: str
    read: Callable[[str | None], _Part]
    roles: Mapping[str, Any]


def series_names() -> tuple[str, ...]:
    """The names that `load_series` takes, sorted."""
    return tuple(sorted(_SETS))


def as_panel(frame: Any, **options: Any) -> Panel:
    """Time series in any accepted form, or a set of them by its name, as one checked `Panel`.

    >>> as_panel({"sold": [3.0, 4.0, 7.0]}).target[:, 0].tolist()
    [3.0, 4.0, 7.0]

    Args:
        frame: A pandas, polars or Arrow table; a mapping of columns; an array `[T]` or `[T, K]`;
            the path of a table (CSV or Parquet); a Panel; or a name of `series_names()`, whose
            columns have the set's own roles where none are given.
        options: What the columns are for (`target=`, `time=`, `series=`, `past=`, `future=`,
            `static=`, `joint=`), their `frequency=`, and more: those of
            `elman.data.series.frames.panel_of`.

    Raises:
        DataError, ShapeError, ArgumentError, MissingExtraError: As of `panel_of`, or of
            `load_series`.
    """
    if isinstance(frame, str) and frame in _SETS:
        _check_path(options.get("ahead"))
        return _named(frame, **options)
    for given in (frame, options.get("ahead")):
        _check_path(given)
    return panel_of(frame, **options)


def load_series(name: str, part: str | None = None, **roles: Any) -> Panel:
    """The time series called `name`.

    Args:
        name: One of `series_names()`.
        part: 'train', 'test', or None for all. M4 has a test part of its own; ETTh1's are those
            of the literature (12 and 4 months of 30 days, then 4 months; the rest is in neither);
            of the others the last fifth of the rows is the test part.
        roles: Options of `as_panel` in place of the set's own: `target=`, `past=("Volume",)`,
            `joint=True`. No set uses covariates unless asked.

    Raises:
        ArgumentError: There is no such set, part or option.
        ChecksumError: A file of the set is not the one that its manifest describes.
        DataError: The set is not here.
    """
    chosen = _set(name)
    if part not in (None, "train", "test"):
        raise ArgumentError("part", f"found {part!r}", "'train', 'test' or None (all)")
    table, note = chosen.read(part)
    panel = panel_of(table, **(dict(chosen.roles) | roles), name=name)
    return replace(panel, notes=(chosen.about, *filter(None, [note]), *panel.notes))


def describe(name: str) -> str:
    """What the series are, in a sentence or two.

    >>> describe("airline")
    'International airline passengers in thousands, monthly, 1949 to 1960.'

    Raises:
        ArgumentError: There is no such set.
    """
    return _set(name).about


def holder(name: str) -> str:
    """The set of the catalogue in which the series lie.

    >>> holder("stocks/aapl")
    'stocks'

    Raises:
        ArgumentError: There is no such set.
    """
    return _set(name).holder


def _check_path(given: Any) -> None:
    """`ArgumentError` for a text that is neither a table's path nor the name of a set."""
    if isinstance(given, str | os.PathLike):
        path = os.fspath(given)
        if not os.path.exists(path) and not os.path.splitext(path)[1]:
            raise catalogue.unknown(path, series_names())


def _named(
    source: str,
    /,
    *,
    columns: Columns | None = None,
    categories: Mapping[str, tuple[str, ...]] | None = None,
    joint: bool = False,
    **options: Any,
) -> Panel:
    """The set called `source`, in the roles that were given, or that an earlier panel has."""
    chosen = {role: options.pop(role, None) for role in _ROLES}
    if columns is not None:
        chosen = completed(chosen, columns, categories or {})
        joint = joint or len(columns.target) > 1
    roles = {role: value for role, value in chosen.items() if value}
    if joint:
        roles["joint"] = True
    panel = load_series(source, categories=categories, **roles)
    return panel_of(panel, columns=columns, **options)


def _set(name: str) -> _SeriesSet:
    if name not in _SETS:
        raise catalogue.unknown(name, _SETS)
    return _SETS[name]


def _columns(holder: str, path: str) -> dict[str, np.ndarray]:
    """The columns of a file with a header."""
    content = catalogue.contents(holder, [path])[path]
    table = reader.parse(content, path)
    return {name: objects(column) for name, column in table.columns.items()}


def _of_file(holder: str, path: str) -> Callable[[str | None], _Part]:
    """The reader of a file whose last fifth is the test part."""
    return lambda part: _part(_columns(holder, path), part)


def _part(table: dict[str, np.ndarray], part: str | None) -> _Part:
    """All rows, all but the last fifth, or the last fifth."""
    if part is None:
        return table, ""
    rows = len(next(iter(table.values())))
    test = round(_TEST_SHARE * rows)
    kept = slice(rows - test) if part == "train" else slice(rows - test, None)
    note = f"Part {part!r}: the last {test} of {rows} rows are taken as the test part."
    return {name: column[kept] for name, column in table.items()}, note


def _etth1(part: str | None) -> _Part:
    table = _columns(_SERIES, "ETTh1.csv")
    if part is None:
        return table, ""
    kept, rows = _ETTH1_PARTS[part], len(table["date"])
    note = f"Part {part!r}: rows {kept.start} to {kept.stop - 1} of {rows}, the usual split."
    return {name: column[kept] for name, column in table.items()}, note


def _m4_hourly(part: str | None) -> _Part:
    """Long form; in the files a row is a series, and shorter ones end in empty fields."""
    names, train = _m4_file("m4_hourly_train.csv")
    _, test = _m4_file("m4_hourly_test.csv")
    wide = {"train": train, "test": test, None: np.concatenate((train, test), axis=1)}[part]
    held = ~np.isnan(wide)
    counts = held.sum(axis=1)
    before = (~np.isnan(train)).sum(axis=1) if part == "test" else np.zeros_like(counts)
    table = {
        "series": np.repeat(names, counts),
        "hour": ranges(before + 1, counts),
        "value": wide[held],
    }
    return table, "Hours are counted from 1 in each series: the files have no dates."


def _m4_file(path: str) -> tuple[np.ndarray, np.ndarray]:
    """The names of N series, and their values `[N, T]`."""
    names, *values = _columns(_SERIES, path).values()
    return names, np.stack(values, axis=1)


def _beijing(part: str | None) -> _Part:
    table = _columns(_SERIES, "beijing_pm25.csv")
    year, month, day, hour = (table.pop(name) for name in ("year", "month", "day", "hour"))
    del table["No"]
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    return _part({"time": days + hour.astype("timedelta64[h]"), **table}, part)


def _exchange_rates(part: str | None) -> _Part:
    content = catalogue.contents(_SERIES, ["exchange_rate.txt"])["exchange_rate.txt"]
    rates = np.loadtxt(content.decode().splitlines(), delimiter=",")
    return _part(
        {"day": np.arange(len(rates)), **dict(zip(_COUNTRIES, rates.T, strict=True))}, part
    )


def _stock(about: str, member: str, time: str, target: str) -> _SeriesSet:
    roles = {"time": time, "target": target, "frequency": "rows"}
    return _SeriesSet(_STOCKS, about, _of_file(_STOCKS, member), roles)


def _shares(company: str, ticker: str) -> _SeriesSet:
    about = f"Daily closing price of {company}, 2006 to 2017; also columns Open, High, Low, Volume."
    return _stock(about, f"{ticker}.csv", "Date", "Close")


_SETS = {
    "airline": _SeriesSet(
        _SERIES,
        "International airline passengers in thousands, monthly, 1949 to 1960.",
        _of_file(_SERIES, "airline-passengers.csv"),
        {"time": "Month", "target": "Passengers"},
    ),
    "beijing-pm25": _SeriesSet(
        _SERIES,
        "Fine dust in Beijing's air, hourly, 2010 to 2014, some missing; also columns DEWP, TEMP, "
        "PRES, cbwd (direction of the wind, text), Iws, Is, Ir.",
        _beijing,
        {"time": "time", "target": "pm2.5"},
    ),
    "etth1": _SeriesSet(
        _SERIES,
        "Six loads and the oil temperature (OT) of a transformer, hourly, July 2016 to June 2018.",
        _etth1,
        {"time": "date", "target": ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")},
    ),
    "exchange-rates": _SeriesSet(
        _SERIES,
        "Exchange rates of eight countries, daily, 1990 to 2016; the days are numbered, as "
        "the file has no dates.",
        _exchange_rates,
        {"time": "day", "target": _COUNTRIES, "frequency": "step"},
    ),
    "m4-hourly": _SeriesSet(
        _SERIES,
        "The hourly series of the M4 competition: 414, to be forecast 48 hours ahead.",
        _m4_hourly,
        {"series": "series", "time": "hour", "target": "value", "frequency": "step:24"},
    ),
    "sunspots": _SeriesSet(
        _SERIES,
        "Sunspot numbers of Zurich, monthly, 1749 to 1983; their cycle is some eleven years.",
        _of_file(_SERIES, "monthly-sunspots.csv"),
        {"time": "Month", "target": "Sunspots"},
    ),
    "temperatures": _SeriesSet(
        _SERIES,
        "Daily minimum temperature in Melbourne in degrees Celsius, 1981 to 1990; two days are "
        "missing.",
        _of_file(_SERIES, "daily-min-temperatures.csv"),
        {"time": "Date", "target": "Temp"},
    ),
    "stocks/aapl": _shares("Apple", "AAPL"),
    "stocks/ibm": _shares("IBM", "IBM"),
    "stocks/jpm": _shares("JPMorgan Chase", "JPM"),
    "stocks/msft": _shares("Microsoft", "MSFT"),
    "stocks/sp500": _stock(
        "The S&P 500 index at the close of each trading day, 2000 to April 2020; also columns "
        "open, high, low, adjclose, volume.",
        "sp500-2000.csv",
        "date",
        "close",
    ),
}
