"""How far one step of a series is from the next: inferred from times, or said in a word.

Letters: N series, R rows of all series, one series after the other.

Times are datetime64 in microseconds (UTC, or local without a zone) or whole numbers. A grid has a
period and a place where it begins; months also remember a day, so that "monthly, on the last day"
is a grid like any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from elman.data.tables.timestamps import shown
from elman.errors import ArgumentError, DataError

__all__ = ["Frequency", "infer"]

_DAY = 86_400_000_000  # microseconds
_PERIODS = {  # microseconds, largest first
    "week": 7 * _DAY,
    "day": _DAY,
    "hour": 3_600_000_000,
    "minute": 60_000_000,
    "second": 1_000_000,
    "millisecond": 1_000,
    "microsecond": 1,
}
_MONTHS = {"year": 12, "quarter": 3, "month": 1}  # largest first
_LAST_DAY = 31  # of a month: a day past its end means its last one
_LAST_BUSINESS_DAY = 32  # of a month: the last one that is not on a weekend
_WORKING_WEEK = "1111100"
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MET = 3  # so often a weekday must have been left out to be one that is closed
_HOLIDAYS = 0.1  # of the open days; more that are missing are no holidays …
_LONGEST_HOLIDAY = 10  # … and neither is a gap of more open days
_MONDAY = np.datetime64("1970-01-05", "D")

_WORDS = {  # the words of `frequency=`: unit, day of the month
    "us": ("microsecond", 1),
    "ms": ("millisecond", 1),
    "s": ("second", 1),
    "min": ("minute", 1),
    "h": ("hour", 1),
    "D": ("day", 1),
    "B": ("business day", 1),
    "W": ("week", 1),
    "MS": ("month", 1),
    "ME": ("month", _LAST_DAY),
    "BME": ("month", _LAST_BUSINESS_DAY),
    "QS": ("quarter", 1),
    "QE": ("quarter", _LAST_DAY),
    "BQE": ("quarter", _LAST_BUSINESS_DAY),
    "YS": ("year", 1),
    "YE": ("year", _LAST_DAY),
    "BYE": ("year", _LAST_BUSINESS_DAY),
    "step": ("step", 1),
}
_ADVERBS = {
    "second": "every second",
    "minute": "every minute",
    "hour": "hourly",
    "day": "daily",
    "business day": "every business day",
    "week": "weekly",
    "month": "monthly",
    "quarter": "quarterly",
    "year": "yearly",
    "step": "by step",
}
_NEARLY = 0.02  # by so much the time after rows without a common difference may be off
_JUDGED = 3  # a series with fewer differences has no frequency of its own


@dataclass(frozen=True)
class Frequency:
    """How far one step is from the next.

    >>> Frequency.from_text("15min").describe()
    'every 15 minutes'

    Attributes:
        unit: One of microsecond, millisecond, second, minute, hour, day, business day, week,
            month, quarter, year; or "step" for times that are whole numbers.
        count: So many units are one step; at least 1 (business days: 1).
        origin: Where the grid begins: microseconds after 1970-01-01 (below one period; for
            business days the time of day; for months that of the first one), or a whole number.
        day: Of months, quarters and years: the day of the month; 31 is the last one, 32 the last
            one from Monday to Friday.
        rows: Every row is one step, whatever its time; unit and count only continue the times
            after the end.
        cycle: Of whole numbers: the season in steps, as only the user can know it.
        week: Of business days: for each day from Monday on whether it is one, as "1111110".
    """

    unit: str
    count: int = 1
    origin: int = 0
    day: int = 1
    rows: bool = False
    cycle: int = 1
    week: str = _WORKING_WEEK

    @classmethod
    def from_text(cls, text: str) -> Frequency:
        """The frequency that a word of `frequency=` means: "h", "15min", "ME", "rows", "step:24".

        "B:1111110" are business days of another week: of these from Monday on to Saturday.

        Raises:
            ArgumentError: It is none of the words.
        """
        if text == "rows":
            return cls("step", rows=True)
        if text.startswith("rows:"):
            return replace(cls.from_text(text.removeprefix("rows:")), rows=True)
        week = _WORKING_WEEK
        if re.fullmatch(r"B:[01]{7}", text) and "1" in text:
            text, week = "B", text[2:]
        match = re.fullmatch(r"(\d*)([A-Za-z]+)(?:(?<=step):(\d+))?", text)
        unit, day = _WORDS.get(match[2] if match else "", ("", 1))
        count = int(match[1] or 1) if match else 0
        cycle = int(match[3] or 1) if match else 0
        if not unit or min(count, cycle) < 1 or (unit == "business day" and count != 1):
            raise ArgumentError(
                "frequency",
                f"found {text!r}",
                f"one of {', '.join(_WORDS)}, with a number before it where a step is several "
                "('15min'; not before B); or 'rows', 'step:24' (a season is 24 steps)",
            )
        return cls(unit, count, day=day, cycle=cycle, week=week)

    def to_text(self) -> str:
        """The word that `from_text` takes; where the grid begins is not part of it.

        By row it also says how times go on after the end: "rows:B".
        """
        day = self.day if self.unit in _MONTHS and self.day >= _LAST_DAY else 1
        word = next(word for word, meaning in _WORDS.items() if meaning == (self.unit, day))
        cycle = f":{self.cycle}" if self.cycle > 1 else ""
        if self.unit == "business day" and self.week != _WORKING_WEEK:
            cycle = f":{self.week}"
        return f"{'rows:' if self.rows else ''}{self.count if self.count > 1 else ''}{word}{cycle}"

    def describe(self) -> str:
        """In words: "hourly", "every 15 minutes", "by row"."""
        if self.rows:
            return "by row"
        if self.week != _WORKING_WEEK:
            closed = [
                day for day, is_open in zip(_WEEKDAYS, self.week, strict=True) if is_open == "0"
            ]
            return f"every day but {' and '.join(closed)}" if closed else "daily"
        if self.count > 1:
            return f"every {self.count} {self.unit}s"
        return _ADVERBS.get(self.unit, f"every {self.unit}")

    @property
    def season(self) -> int:
        """The usual season in steps: a day, a week, a year; 1 where there is none.

        >>> [Frequency.from_text(text).season for text in ("h", "D", "ME", "15min")]
        [24, 7, 12, 96]
        """
        if self.unit == "step":
            return self.cycle
        season = {
            "second": 60,
            "minute": 24 * 60,
            "hour": 24,
            "day": 7,
            "business day": self.week.count("1"),
            "week": 52,
            "month": 12,
            "quarter": 4,
        }.get(self.unit, 1)
        return season // self.count if season % self.count == 0 else 1

    @property
    def is_days(self) -> bool:
        """Whether a step is a day or longer, so that times are dates."""
        return self.unit in (*_MONTHS, "week", "day", "business day")

    def starting(self, times: np.ndarray) -> Frequency:
        """The same frequency on the grid that the first of `times` (`[R]`, R >= 1) lies on."""
        first = times[0]
        if self.unit == "step":
            return replace(self, origin=int(first) % self.count)
        stamp = int(first.astype(np.int64))
        if self.unit == "business day":
            return replace(self, origin=stamp % _DAY)
        if self.unit not in _MONTHS:
            return replace(self, origin=stamp % (self.count * _PERIODS[self.unit]))
        month = first.astype("datetime64[M]")
        phase = np.datetime64(int(month.astype(np.int64)) % self._period, "M")
        day = self.day if self.day >= _LAST_DAY else int(_day_of_month(first))
        return replace(self, origin=int(phase.astype("M8[us]").astype(int)) + stamp % _DAY, day=day)

    def ordinals(self, times: np.ndarray) -> np.ndarray:
        """The number of each time on the grid, int64 `[R]`.

        Raises:
            DataError: A time is off the grid.
        """
        off = self.off_grid(times)
        if off.any():
            row = int(off.argmax())
            raise DataError(
                f"times[{row}]",
                f"{shown(times[row])} is not on the grid ({self.describe()})",
                "times a whole number of steps apart",
            )
        return self._below(times)

    def off_grid(self, times: np.ndarray) -> np.ndarray:
        """Which times are no step of the grid, bool `[R]`."""
        return self.times(self._below(times)) != times

    def times(self, ordinals: np.ndarray) -> np.ndarray:
        """The times with these numbers on the grid: the inverse of `ordinals`."""
        if self.unit == "step":
            return self.origin + np.asarray(ordinals) * self.count
        if self.unit == "business day":
            first = np.busday_offset(_MONDAY, 0, roll="forward", weekmask=self.week)
            days = np.busday_offset(first, ordinals, weekmask=self.week)
            return days.astype("datetime64[us]") + self._clock
        origin = np.array(self.origin, dtype="datetime64[us]")
        return self._moved(origin, ordinals, self.day)

    def shift(self, times: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """`times` moved by so many steps (negative: back); the two broadcast.

        By row, the nominal grid carries on from each time.

        >>> month_ends = np.array(["2024-01-31"], dtype="datetime64[us]")
        >>> Frequency.from_text("ME").starting(month_ends).shift(month_ends, np.arange(1, 3))
        array(['2024-02-29T00:00:00.000000', '2024-03-31T00:00:00.000000'],
              dtype='datetime64[us]')
        """
        if not self.rows:
            return self.times(self.ordinals(np.ravel(times)).reshape(np.shape(times)) + steps)
        if self.unit == "step":
            return times + np.asarray(steps) * self.count
        if self.unit == "business day":
            days = times.astype("datetime64[D]")
            clock = times - days
            moved = np.busday_offset(days, steps, roll="backward", weekmask=self.week)
            return moved.astype("datetime64[us]") + clock
        day = self.day if self.day >= _LAST_DAY else _day_of_month(times)
        return self._moved(times, steps, day)

    @property
    def _period(self) -> int:
        """Microseconds, months or numbers of one step."""
        return self.count * (_MONTHS.get(self.unit) or _PERIODS.get(self.unit) or 1)

    @property
    def _clock(self) -> np.timedelta64:
        """The time of day of a grid of business days or months."""
        return np.timedelta64(self.origin % _DAY, "us")

    def _below(self, times: np.ndarray) -> np.ndarray:
        """The number of the last step of the grid that is not after each time, int64 `[R]`."""
        if self.unit == "step":
            return (times - self.origin) // self.count
        if self.unit == "business day":
            days = (times - self._clock).astype("datetime64[D]")
            first = np.busday_offset(_MONDAY, 0, roll="forward", weekmask=self.week)
            return np.busday_count(first, days, weekmask=self.week).astype(np.int64)
        if self.unit in _MONTHS:
            first = np.datetime64(self.origin, "us").astype("datetime64[M]")
            months = times.astype("datetime64[M]") - first
            return months.astype(np.int64) // self._period
        return (times.astype(np.int64) - self.origin) // self._period

    def _moved(self, times: np.ndarray, steps: np.ndarray, day: int | np.ndarray) -> np.ndarray:
        if self.unit not in _MONTHS:
            return times + np.asarray(steps) * np.timedelta64(self._period, "us")
        months = times.astype("datetime64[M]") + np.asarray(steps) * self._period
        length = (months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")
        if np.ndim(day) == 0 and day == _LAST_BUSINESS_DAY:
            last = np.busday_offset((months + 1).astype("datetime64[D]"), -1, roll="forward")
            length = (last - months.astype("datetime64[D]")).astype(np.int64) + 1
        days = np.minimum(day, length.astype(np.int64)) - 1
        clock = times - times.astype("datetime64[D]")
        return (months.astype("datetime64[D]") + days).astype("datetime64[us]") + clock


def infer(
    times: np.ndarray,
    offsets: np.ndarray,
    names: Sequence[str] | None = None,
    *,
    rows: bool = False,
) -> Frequency:
    """The frequency of several series: their most common difference, which all must share.

    Days of which some weekdays are always left out are business days; where others are missing
    here and there, as on holidays, each row is a step. Times from four weeks apart on, which all
    lie on one day of the month, on its last day or on the last one that is not on a weekend, are
    months, quarters or years.

    >>> days = np.array(["2024-05-03", "2024-05-06", "2024-05-07"], dtype="datetime64[us]")
    >>> infer(days, np.array([0, 3])).describe()
    'every business day'

    Args:
        times: `[R]`, datetime64[us] or int64, strictly increasing inside each series.
        offsets: int64 `[N+1]`: series n holds rows offsets[n] to offsets[n+1].
        names: N names for messages; None numbers them.
        rows: Every row shall be one step: no agreement is asked for, and the result only
            continues times (by about the median difference where no difference is common).

    Raises:
        DataError: No series has two rows; or the frequencies are mixed (`rows` False).
    """
    gaps, owners = _differences(times, offsets)
    if len(gaps) == 0:
        raise DataError(
            "frequency", "no series has two rows, so none can be inferred", "pass frequency="
        )
    common = _most_common(gaps, median=rows)
    if times.dtype.kind != "M":
        found = Frequency("step", common, rows=rows)
    elif common >= 28 * _DAY and (day := _day_of_all(times)):
        gaps, owners = _differences(times.astype("datetime64[M]"), offsets)
        common = _most_common(gaps, median=rows)
        found = Frequency(*_unit(common, _MONTHS), day=day, rows=rows)
    elif common == _DAY and (week := _open_days(times, gaps)):
        found = Frequency("business day", rows=rows, week=week)
    elif rows and 2 * (gaps == common).sum() < len(gaps):
        found = Frequency(*_about(common), rows=True)
    else:
        found = Frequency(*_unit(common, _PERIODS), rows=rows)
    if rows:
        return found
    if odd := _odd_series(gaps, owners, common, len(offsets) - 1):
        index, gap = odd
        name = repr(names[index]) if names else str(index)
        if found.unit == "step":
            other = Frequency("step", gap)
        else:
            other = Frequency(*_unit(gap, _MONTHS if found.unit in _MONTHS else _PERIODS))
        raise DataError(
            f"series {name}",
            f"mixed frequencies: this series is {other.describe()}, most rows are "
            f"{found.describe()}",
            "series of one frequency; or pass the finest one as frequency=",
        )
    found = found.starting(times)
    return replace(found, rows=_has_holidays(found, times, offsets))


def _open_days(times: np.ndarray, gaps: np.ndarray) -> str:
    """The week of days of which some weekdays never occur; empty where all do.

    Saturday and Sunday together are believed at once, others if they were left out often enough.
    """
    if not (gaps > _DAY).any():
        return ""
    days = times.astype("datetime64[D]")
    if np.is_busday(days).all():
        return _WORKING_WEEK
    weekdays = (days.astype(np.int64) + 3) % 7
    present = np.bincount(weekdays, minlength=7) > 0
    week = "".join("1" if each else "0" for each in present)
    weeks = (int(days.max().astype(np.int64)) - int(days.min().astype(np.int64))) // 7
    return week if weeks >= _MET and present.sum() in (4, 5, 6) else ""


def _has_holidays(found: Frequency, times: np.ndarray, offsets: np.ndarray) -> bool:
    """Whether open days are missing here and there, as few and as short as holidays are."""
    if found.unit != "business day" or found.off_grid(times).any():
        return False
    missing = _differences(found.ordinals(times), offsets)[0] - 1
    return bool(0 < missing.sum() <= _HOLIDAYS * len(times) and missing.max() <= _LONGEST_HOLIDAY)


def _differences(times: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Differences between neighbouring rows of the same series, and whose they are."""
    gaps = np.diff(times.astype(np.int64))
    if len(offsets) > 2:
        inside = np.ones(len(gaps), dtype=bool)
        inside[offsets[1:-1] - 1] = False
        gaps = gaps[inside]
    owners = np.repeat(np.arange(len(offsets) - 1, dtype=np.int32), np.diff(offsets) - 1)
    return gaps, owners


def _most_common(gaps: np.ndarray, *, median: bool) -> int:
    """The most common difference; or the median, where no difference holds for half of them."""
    values, counts = np.unique(gaps, return_counts=True)
    if median and 2 * counts.max() < len(gaps):
        return max(1, int(np.median(gaps)))
    return int(values[counts.argmax()])


def _unit(period: int, units: dict[str, int]) -> tuple[str, int]:
    """The largest unit that divides `period`, and how often."""
    return next((unit, period // size) for unit, size in units.items() if period % size == 0)


def _about(period: int) -> tuple[str, int]:
    """The largest unit of which some are nearly this period, and how many."""
    for unit, size in _PERIODS.items():
        count = round(period / size)
        if count and abs(count * size - period) <= _NEARLY * period:
            return unit, count
    raise AssertionError(period)  # microseconds fit


def _odd_series(
    gaps: np.ndarray, owners: np.ndarray, common: int, series: int
) -> tuple[int, int] | None:
    """The first series whose own most common difference is another, and that difference."""
    if (gaps == common).all():
        return None
    values, codes = np.unique(gaps, return_inverse=True)
    pairs, counts = np.unique(owners * np.int64(len(values)) + codes, return_counts=True)
    owner, value = pairs // len(values), values[pairs % len(values)]
    most = np.zeros(series, dtype=np.int64)
    np.maximum.at(most, owner, counts)
    usual = np.zeros(series, dtype=np.int64)
    usual[owner[value == common]] = counts[value == common]
    odd = (np.bincount(owners, minlength=series) >= _JUDGED) & (most > usual)
    if not odd.any():
        return None
    index = int(odd.argmax())
    own = owner == index
    return index, int(value[own][counts[own].argmax()])


def _day_of_all(times: np.ndarray) -> int:
    """The day of the month on which all times lie; 31 and 32 as of `Frequency`, 0 if several."""
    clock = times - times.astype("datetime64[D]")
    if (clock != clock[0]).any():
        return 0
    tomorrow = times.astype("datetime64[D]") + 1
    if (_day_of_month(tomorrow) == 1).all():
        return _LAST_DAY
    days = _day_of_month(times)
    if (days == days[0]).all():
        return int(days[0])
    following = (times.astype("datetime64[M]") + 1).astype("datetime64[D]")
    last = np.busday_offset(following, -1, roll="forward")
    return _LAST_BUSINESS_DAY if (times.astype("datetime64[D]") == last).all() else 0


def _day_of_month(times: np.ndarray) -> np.ndarray:
    days = times.astype("datetime64[D]")
    return (days - days.astype("datetime64[M]")).astype(np.int64) + 1
