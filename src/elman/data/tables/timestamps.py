"""A column of times as datetime64 in microseconds, with time zones and clock changes resolved.

R is the number of rows. Times with a zone come out in UTC. The one exception are steps of days or
longer: midnight in Paris is no regular time of day in UTC, so such times keep their local days.
"""

from __future__ import annotations

import datetime
import re
import zoneinfo
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from elman.data.tables import columns
from elman.data.tables.dates import ASKED, is_slashed, slashed
from elman.errors import ArgumentError, DataError
from elman.printable import many

__all__ = ["Times", "about_dots", "as_texts", "local_times", "looks_like_times", "moments"]
__all__ += ["read_times", "shown", "zone_of"]

Place = Callable[[int], str]

_DATE = len("2024-01-31")  # where a sign no longer belongs to the date
_CHUNK = 1 << 20  # rows of text that are parsed at once
_MICROSECONDS = len("2024-01-31T12:00:00.000000")
_ISO = "ISO 8601 times such as '2024-01-31' or '2024-01-31 12:00'"
_DOTTED = re.compile(
    r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T]+(\d.*))?"
)  # day first wherever there are dots
_CHANGE = np.timedelta64(3, "h")  # no clock change is as long
_LONGEST = 64  # characters of a time
_LARGEST = 2**53  # steps that are counted; up to it whole numbers are floats
_FIRST, _LAST = np.datetime64("0001-01-03", "us"), np.datetime64("9999-12-29", "us")


class Times(NamedTuple):
    """A column of times.

    Attributes:
        values: datetime64[us] or int64 `[R]`; in UTC where there is a zone.
        notes: What was converted.
        zone: The one zone in which they are local, as `zone_of` takes it; None: they have none, or
            several, or are days.
        labelled: Whether each said how far it is off UTC.
    """

    values: np.ndarray
    notes: list[str]
    zone: str | None = None
    labelled: bool = False


def looks_like_times(column: Any) -> bool:
    """Whether a column holds dates, or texts of which the first one is or begins like one."""
    kind = columns.kind(column)
    if kind != "text":
        return kind == "time"
    first = str(columns.objects(column[:1])[0])
    dotted = _DOTTED.fullmatch(first.strip()) is not None
    return dotted or is_slashed(first) or bool(re.match(r"\d{4}-\d\d", first))


def read_times(
    column: Any,
    place: Place,
    *,
    timezone: str | None = None,
    owners: np.ndarray | None = None,
    is_days: bool | None = None,
) -> Times:
    """A column of dates, ISO texts or whole numbers as times, and notes on what was converted.

    Args:
        column: A narwhals Series or an array `[R]`.
        place: What messages call a row of this column.
        timezone: The zone in which times without one are understood: "Europe/Paris". Hours that
            a clock change repeats are told apart by the order of the rows. Times with a zone are
            the moments that they say, and local in this one.
        owners: `[R]`, the series of each row, whose order it is; None is one series.
        is_days: Whether the times are days, which keep their local date; None judges by whether
            all are at one time of day.

    Raises:
        DataError: A time is missing, unreadable, finer than a microsecond, not a whole number, or
            in an hour that a clock change left out; or only some times have a zone.
        ArgumentError: `timezone` is unknown, or the times are numbers.
    """
    if (kind := columns.kind(column)) not in ("time", "text", "number"):
        raise DataError(
            place(0), f"found a column of {columns.dtype_name(column)}", f"{_ISO}, or whole numbers"
        )
    _check_there(column, place)
    column, said = _unslashed(column, place)
    if said:
        found = read_times(column, place, timezone=timezone, owners=owners, is_days=is_days)
        return found._replace(notes=[said, *found.notes])
    if kind == "number":
        if timezone:
            raise ArgumentError("timezone", "the times are numbers", "leave it out")
        return Times(_whole_numbers(columns.numbers(column), place), [])
    told = None if timezone is None else _zone_info(timezone)
    utc, local, zone = (_stamps if kind == "time" else _parsed)(column, place)
    _check_range(local, place)
    if zone is None and told is None:
        return Times(local, [])
    if _is_daily(local) if is_days is None else is_days:
        return Times(local, [f"Times are days of {zone or timezone}; they keep their local date."])
    if zone is None and told is not None:
        return Times(*_from_local(local, told, owners, place), timezone)
    own = timezone or _known_zone(zone, utc, local)
    if own is None:
        several = f"Times have several offsets ({zone}), told in UTC; timezone= names the zone."
        return Times(utc, [several], "UTC", True)
    return Times(utc, [f"Times are local in {own}."], own, True)


def zone_of(zone: str) -> datetime.tzinfo:
    """A zone by its name, as "Europe/Paris", "UTC" or "UTC+02:00".

    Raises:
        ArgumentError: There is no such zone.
    """
    match = re.fullmatch(r"UTC([+-])(\d\d):(\d\d)", zone)
    if match is None:
        return _zone_info(zone)
    ahead = datetime.timedelta(hours=int(match[2]), minutes=int(match[3]))
    if ahead >= datetime.timedelta(days=1):
        raise ArgumentError(
            "timezone", f"there is no time zone {zone!r}", "one within a day of UTC"
        )
    return datetime.timezone(-ahead if match[1] == "-" else ahead)


def local_times(times: np.ndarray, zone: str | None) -> np.ndarray:
    """UTC times as a clock in a zone shows them; numbers, and times of no zone, as they are.

    >>> summer = np.array(["2024-03-31T00:30", "2024-03-31T01:30"], "datetime64[us]")
    >>> local_times(summer, "Europe/Paris").astype("datetime64[m]").tolist()[1].hour
    3

    Args:
        times: datetime64[us], any shape.
        zone: As of `zone_of`.
    """
    if zone is None or times.dtype.kind != "M":
        return times
    return times + _offsets(times, zone_of(zone)).astype("timedelta64[s]")


def _offsets(times: np.ndarray, zone: datetime.tzinfo) -> np.ndarray:
    """Seconds by which a zone is ahead of UTC at UTC times."""

    def ahead(time: np.datetime64) -> int:
        moment: Any = time.astype("datetime64[us]").item()
        offset = moment.replace(tzinfo=datetime.UTC).astimezone(zone).utcoffset()
        return int(offset.total_seconds())

    flat = times.ravel()
    days, day = np.unique(flat.astype("datetime64[D]"), return_inverse=True)
    begin = np.array([ahead(each) for each in days], np.int64)
    offsets = begin[day]
    changing = begin != [ahead(each + 1) for each in days]
    rows = np.flatnonzero(changing[day])
    exact, place = np.unique(flat[rows], return_inverse=True)
    if len(exact):
        offsets[rows] = np.array([ahead(each) for each in exact], np.int64)[place]
    return offsets.reshape(times.shape)


def _known_zone(zone: str | None, utc: np.ndarray, local: np.ndarray) -> str | None:
    """The zone that times came with, by its name or by the one offset that they have."""
    if zone is not None:
        try:
            return zone if zone_of(zone) else None
        except ArgumentError:
            pass
    minutes = np.unique((local - utc).astype("timedelta64[m]").astype(np.int64))
    if len(minutes) != 1:
        return None
    return f"UTC{_offset_text(int(minutes[0]))}" if minutes[0] else "UTC"


def moments(column: Any, place: Place, expected: str = _ISO) -> np.ndarray:
    """A column of dates or ISO texts as moments: in UTC, if they have a zone.

    Args:
        column: A narwhals Series or an array `[R]`.
        place: What messages call a row of this column.
        expected: What messages ask for instead of a text that is none.

    Returns:
        datetime64[us] `[R]`.

    Raises:
        DataError: A time is missing, unreadable or outside the calendar; or only some have a zone.
    """
    _check_there(column, place)
    column, _ = _unslashed(column, place)
    if columns.kind(column) == "time":
        utc, local, _ = _stamps(column, place)
    else:
        local, offsets, zoned = _texts(column, place, expected)
        _check_zones(zoned, column, place)
        utc = local - offsets
    _check_range(local, place)
    return utc


def shown(time: Any) -> str:
    """A time as messages show it: "2024-01-31", "2024-01-31 12:00", "17"."""
    if isinstance(time, np.datetime64):
        return str(np.datetime_as_string(time, unit="auto")).replace("T", " ")
    return str(time)


def about_dots(column: Any) -> tuple[str, ...]:
    """A note on days with dots, which are read day first; none where there are no such."""
    if columns.kind(column) != "text":
        return ()
    first = str(columns.objects(column[:1])[0]).strip()
    dotted = _DOTTED.fullmatch(first) is not None
    return (f"Dates such as {first} are read as day.month.year.",) if dotted else ()


def _unslashed(column: Any, place: Place) -> tuple[Any, str]:
    """A column of days with slashes in ISO 8601, and what is said of it; others as they are.

    Raises:
        DataError: It is not certain which number is the day.
    """
    if columns.kind(column) != "text" or not is_slashed(str(columns.objects(column[:1])[0])):
        return column, ""
    found = slashed(columns.objects(column), None)
    if found is None:
        raise DataError(place(0), f"found {columns.cell(column, 0)!r}", ASKED)
    return found.texts, found.said


def as_texts(
    times: np.ndarray, zone: str | None = None, date_format: str | None = None
) -> np.ndarray:
    """Times as ISO texts, all in the shortest form that says what each is.

    >>> as_texts(np.array(["2024-01-01", "2024-01-01T13:30"], "datetime64[us]")).tolist()
    ['2024-01-01T00:00', '2024-01-01T13:30']
    >>> as_texts(np.array(["2024-07-01T12:00"], "datetime64[us]"), "Europe/Paris").tolist()
    ['2024-07-01T14:00+02:00']

    Args:
        times: datetime64.
        zone: Where they are UTC: the zone in which they are told, with their offsets.
        date_format: How each is written instead, as `datetime.strftime` has it.
    """
    if zone is not None:
        local = local_times(times.astype("datetime64[us]"), zone)
        minutes = (local - times).astype("timedelta64[m]").astype(np.int64)
        ends = {each: _offset_text(int(each)) for each in np.unique(minutes)}
        ended = np.array([ends[each] for each in minutes.tolist()], dtype=object)
        return np.array(as_texts(local, date_format=date_format), dtype=object) + ended
    if date_format is not None:
        moments: Any = times.astype("datetime64[us]").tolist()
        return np.array([each.strftime(date_format) for each in moments], dtype=object)
    finest: Any = "us"
    for unit in ("D", "m", "s", "ms"):
        if (times.astype(f"datetime64[{unit}]") == times).all():
            finest = unit
            break
    return np.datetime_as_string(times.astype(f"datetime64[{finest}]"))


def _offset_text(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def _check_there(column: Any, place: Place) -> None:
    absent = columns.missing(column)
    if absent.any():
        row = int(absent.argmax())
        raise DataError(place(row), "the time is missing", "a time in every row")


def _whole_numbers(values: np.ndarray, place: Place) -> np.ndarray:
    with np.errstate(invalid="ignore"):  # told below, with its row
        whole = values.astype(np.int64)
    wrong = (whole != values) | ~(np.abs(values) <= _LARGEST)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(place(row), f"found {values[row]}", f"{_ISO}, or whole numbers")
    return whole


def _check_range(local: np.ndarray, place: Place) -> None:
    """Check that all is within the calendar, in any zone."""
    outside = ~((local >= _FIRST) & (local <= _LAST))
    if outside.any():
        row = int(outside.argmax())
        raise DataError(place(row), f"found {local[row]}", f"times from {_FIRST} to {_LAST}")


def _stamps(column: Any, place: Place) -> tuple[np.ndarray, np.ndarray, str | None]:
    """Dates and times as UTC, local time and the zone (None: only local is meant)."""
    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        local = column.astype("datetime64[us]")
        _check_fine(column != local.astype(column.dtype), place)
        return local, local, None
    values = columns.objects(column) if isinstance(column, np.ndarray) else column
    if isinstance(values, np.ndarray) or str(values.dtype) == "Object":
        return _python_stamps(columns.objects(values), place)
    zone = getattr(values.dtype, "time_zone", None)
    if getattr(values.dtype, "time_unit", None) == "ns":
        nanoseconds = values.dt.timestamp("ns").to_numpy().astype(np.int64)
        _check_fine(nanoseconds % 1000 != 0, place)
    try:
        utc = values.dt.timestamp("us").to_numpy().astype(np.int64).view("datetime64[us]")
        if zone is None:
            return utc, utc, None
        naive = values.dt.replace_time_zone(None).dt.timestamp("us").to_numpy()
    except Exception as error:  # of whichever library: beyond its range, a zone that it lacks
        raise DataError(place(0), f"{values.dtype} cannot be read ({error})", _ISO) from error
    return utc, naive.astype(np.int64).view("datetime64[us]"), zone


def _check_fine(finer: np.ndarray, place: Place) -> None:
    if finer.any():
        raise DataError(
            place(int(finer.argmax())),
            "found a time with parts of a microsecond",
            "times in microseconds, or leave the column out: rows are steps then",
        )


def _python_stamps(values: np.ndarray, place: Place) -> tuple[np.ndarray, np.ndarray, str | None]:
    zones = np.array([getattr(value, "tzinfo", None) is not None for value in values])
    _check_zones(zones, values, place)
    if not zones[0]:
        local = values.astype("datetime64[us]")
        return local, local, None
    utc = [value.astimezone(datetime.UTC).replace(tzinfo=None) for value in values]
    local = [value.replace(tzinfo=None) for value in values]
    names = sorted({str(value.tzinfo) for value in values})
    return np.array(utc, "datetime64[us]"), np.array(local, "datetime64[us]"), ", ".join(names)


def _check_zones(zones: np.ndarray, values: Any, place: Place) -> None:
    if (zones != zones[0]).any():
        row = int((zones != zones[0]).argmax())
        raise DataError(
            place(row),
            f"{values[row]} has {'a' if zones[row] else 'no'} time zone, the first row has "
            f"{'one' if zones[0] else 'none'}",
            "a zone in all rows or in none",
        )


def _parsed(column: Any, place: Place) -> tuple[np.ndarray, np.ndarray, str | None]:
    """ISO texts as UTC, local time and their offsets (None where the texts have none)."""
    local, offsets, zoned = _texts(column, place, _ISO)
    _check_zones(zoned, column, place)
    if not zoned[0]:
        return local, local, None
    found = sorted({f"{value / 60:+g} h" for value in np.unique(offsets.astype(int))})
    return local - offsets, local, f"offset {', '.join(found)}"


def _texts(column: Any, place: Place, expected: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ISO texts as local times, their offsets (0 where they have none), and which have one."""
    local = np.empty(len(column), dtype="datetime64[us]")
    offsets = np.zeros(len(column), dtype="timedelta64[m]")
    zoned = np.zeros(len(column), dtype=bool)
    for start in range(0, len(column), _CHUNK):
        part = slice(start, min(start + _CHUNK, len(column)))
        texts = _iso(columns.objects(column[part]))
        longest = int(np.argmax(np.frompyfunc(len, 1, 1)(texts)))
        if len(texts[longest]) > _LONGEST:
            row = start + longest
            raise DataError(
                place(row), f"found {columns.cell(column, row)!r:.{_LONGEST}}...", expected
            )
        bare, offsets[part], zoned[part] = _without_offset(texts.astype(str))
        try:
            local[part] = bare.astype("datetime64[us]")
        except (ValueError, TypeError):
            row = start + next(n for n, text in enumerate(bare) if not _is_iso(text))
            raise DataError(place(row), f"found {columns.cell(column, row)!r}", expected) from None
        _check_fine(_too_fine(bare), lambda row, start=start: place(start + row))
        short = bare.view(np.uint32).reshape(len(bare), -1)
        undated = short[:, 4] != ord("-") if short.shape[1] > 4 else np.ones(len(bare), bool)
        if undated.any():  # NumPy reads "20240131" as a year
            row = start + int(undated.argmax())
            raise DataError(place(row), f"found {columns.cell(column, row)!r}", expected)
    return local, offsets, zoned


def _too_fine(texts: np.ndarray) -> np.ndarray:
    """Which ISO texts have more than the microseconds that are read of them."""
    if texts.dtype.itemsize // 4 <= _MICROSECONDS:
        return np.zeros(len(texts), bool)
    signs = np.ascontiguousarray(texts).view(np.uint32).reshape(len(texts), -1)
    finer = np.isin(signs[:, _MICROSECONDS:], [ord(sign) for sign in "123456789"])
    return np.asarray(finer.any(axis=1))


def _iso(texts: np.ndarray) -> np.ndarray:
    """Texts with days such as 31.12.2024 as ISO has them, if the first is such; others as are."""
    if _DOTTED.fullmatch(str(texts[0]).strip()) is None:
        return texts
    found = (_DOTTED.fullmatch(str(text).strip()) for text in texts)
    return np.array(
        [text if day is None else _turned(day) for text, day in zip(texts, found, strict=True)],
        dtype=object,
    )


def _turned(day: re.Match[str]) -> str:
    """A day with the year first, and the time after it."""
    date = f"{day[3]}-{int(day[2]):02}-{int(day[1]):02}"
    return f"{date} {day[4]}" if day[4] else date


def _is_iso(text: str) -> bool:
    try:
        np.datetime64(text, "us")
    except (ValueError, TypeError):
        return False
    return True


def _without_offset(texts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ISO texts without "Z" or "+02:00" at their end, those offsets, and which texts have one."""
    width = texts.dtype.itemsize // 4
    signs = np.ascontiguousarray(texts).view(np.uint32).reshape(len(texts), width).copy()
    begins = np.isin(signs[:, _DATE:], [ord(sign) for sign in "+-Zz"])
    zoned = np.asarray(begins.any(axis=1))
    offsets = np.zeros(len(texts), dtype="timedelta64[m]")
    if not zoned.any():
        return texts, offsets, zoned
    end = np.where(zoned, _DATE + begins.argmax(axis=1), width)
    behind = np.arange(width) >= end[:, None]
    tails = np.where(behind, signs, ord(" ")).astype(np.uint32).view(f"U{width}")[:, 0]
    distinct, codes = np.unique(tails, return_inverse=True)
    minutes = [_minutes(tail.strip(" \0")) for tail in distinct]
    known = np.array([found is not None for found in minutes])[codes]
    signs[behind] = 0
    signs[~known, 0] = ord("?")  # no offset: no time either
    offsets = np.array([found or 0 for found in minutes])[codes].astype("timedelta64[m]")
    return signs.view(f"U{width}")[:, 0], offsets, zoned


def _minutes(offset: str) -> int | None:
    """The minutes of "+02:00", "-0330", "+01" or "Z"; None if it is nothing of this kind."""
    if offset in ("", "Z", "z"):
        return 0
    match = re.fullmatch(r"([+-])(\d\d):?(\d\d)?", offset)
    if not match:
        return None
    return (-1 if match[1] == "-" else 1) * (60 * int(match[2]) + int(match[3] or 0))


def _is_daily(local: np.ndarray) -> bool:
    """Whether all times are one time of day, on more than one day."""
    clock = local - local.astype("datetime64[D]")
    return bool((clock == clock[0]).all() and (local != local[0]).any())


def _zone_info(timezone: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ArgumentError(
            "timezone", f"there is no time zone {timezone!r}", "a name such as 'Europe/Paris'"
        ) from None


def _from_local(
    local: np.ndarray, zone: zoneinfo.ZoneInfo, owners: np.ndarray | None, place: Place
) -> tuple[np.ndarray, list[str]]:
    """Local times of a zone in UTC."""
    timezone = zone.key
    notes = [f"Times without a zone taken as {timezone}, converted to UTC."]
    days, day = np.unique(local.astype("datetime64[D]"), return_inverse=True)
    at_midnight = np.array([_offset(zone, midnight) for midnight in days])
    changing = at_midnight != [_offset(zone, midnight) for midnight in days + 1]
    offsets = at_midnight[day].astype("timedelta64[s]")
    rows = np.flatnonzero(changing[day])
    times, codes = np.unique(local[rows], return_inverse=True)
    before = np.array([_offset(zone, time) for time in times], dtype=np.int64)
    after = np.array([_offset(zone, time, fold=1) for time in times], dtype=np.int64)
    if (gone := (before < after)[codes]).any():
        row = int(rows[gone.argmax()])
        raise DataError(
            place(row),
            f"{shown(local[row])} does not exist in {timezone}: the clock is put forward",
            "local times of that zone; leave timezone= out if they are in UTC",
        )
    offsets[rows] = before[codes].astype("timedelta64[s]")
    twice = before > after
    repeated = rows[twice[codes]]
    if len(repeated):
        _check_order(local, owners, place)
        second = _second_time(local[repeated], None if owners is None else owners[repeated])
        offsets[repeated[second]] = after[codes[twice[codes]][second]].astype("timedelta64[s]")
        notes.append(f"{many(len(repeated), 'row')} in a repeated hour told apart by their order.")
    return local - offsets, notes


def _offset(zone: zoneinfo.ZoneInfo, time: np.datetime64, fold: int = 0) -> int:
    """Seconds by which local time is ahead of UTC."""
    moment: Any = time.astype("datetime64[us]").item()
    offset = zone.utcoffset(moment.replace(fold=fold))
    return int(offset.total_seconds()) if offset is not None else 0


def _check_order(local: np.ndarray, owners: np.ndarray | None, place: Place) -> None:
    """Check that rows stand in order, as their order is all that tells repeated hours apart."""
    order = np.arange(len(local)) if owners is None else np.argsort(owners, kind="stable")
    back = np.diff(local[order]) < -_CHANGE
    if owners is not None:
        back &= np.diff(owners[order]) == 0
    if back.any():
        row = int(order[back.argmax() + 1])
        raise DataError(
            place(row),
            f"{shown(local[row])} stands after {shown(local[order[back.argmax()]])}",
            "times in order, as only that tells the hours apart that the clock repeats",
        )


def _second_time(local: np.ndarray, owners: np.ndarray | None) -> np.ndarray:
    """Which rows of repeated hours stand after the clock was put back, bool `[rows]`.

    The clock was put back where the local time of a series does not go on.
    """
    order = np.arange(len(local)) if owners is None else np.argsort(owners, kind="stable")
    moved = np.diff(local[order])
    new_block = np.abs(moved) > _CHANGE  # another year's
    if owners is not None:
        new_block |= np.diff(owners[order]) != 0
    back = np.concatenate(([0], np.cumsum((moved <= np.timedelta64(0)) & ~new_block)))
    block = np.concatenate(([0], np.cumsum(new_block)))
    at_start = back[np.concatenate(([True], new_block))]
    second = np.empty(len(local), dtype=bool)
    second[order] = back > at_start[block]
    return second
