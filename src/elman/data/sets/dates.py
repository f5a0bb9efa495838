"""Dates as people write them in English, and as ISO 8601 does: pairs made on the spot.

Each is a pure function of its arguments, the same on every machine and in every locale.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

import numpy as np

from elman.errors import ArgumentError

__all__ = ["FORMS", "DatePairs", "date_pairs", "spelled"]

FORMS = (
    "{d} {Month} {y}",
    "{d} {Mon} {y}",
    "{d} {month} {y}",
    "{d} {MONTH} {y}",
    "{dd}-{Mon}-{y}",
    "{dd}.{mm}.{y}",
    "{y}/{mm}/{dd}",
    "{y} {Month} {d}",
    "{y}, {Month} the {th}",
    "{th} {Month} {y}",
    "{th} of {Month} {y}",
    "{th} of {Month}, {y}",
    "the {th} of {Month} {y}",
    "the {word} of {Month} {y}",
    "{Month} the {word}, {y}",
    "{Month} {d}, {y}",
    "{Month} {th}, {y}",
    "{Mon} {d}, {y}",
    "{Mon} {d} {y}",
    "{month} {d} {y}",
    "{MON} {dd} {y}",
    "{Weekday}, {d} {Month} {y}",
    "{Weekday}, {Month} {d}, {y}",
    "{Weekday} the {th} of {Month} {y}",
    "{Day}, {d} {Mon} {y}",
    "{weekday} {th} {month} {y}",
)
"""How a date is written. None leaves its day in doubt, as 03/05/1998 would."""

_FIRST, _LAST = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)
_TEST = 10  # of so many days one, drawn, is of the test part
# fmt: off
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ONES = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
)
_TEENS = (
    "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth",
    "seventeenth", "eighteenth", "nineteenth",
)
# fmt: on
_TWENTIES = ("twentieth", *(f"twenty-{one}" for one in _ONES))
_WORDS = (*_ONES, *_TEENS, *_TWENTIES, "thirtieth", "thirty-first")


class DatePairs(NamedTuple):
    """N dates.

    Attributes:
        source: As people write them: "3rd of May 1998".
        target: As ISO 8601 does: "1998-05-03".
    """

    source: tuple[str, ...]
    target: tuple[str, ...]


def date_pairs(count: int, seed: int, part: str = "all") -> DatePairs:
    """Distinct dates from 1900 to 2099 in English, in one of `FORMS` each, drawn by the seed.

    The days of the two parts are not the same ones, so no date of the one stands in the other,
    however it is written.

    >>> pairs = date_pairs(3, seed=0)
    >>> pairs.source
    ('the ninth of March 1920', '2002/03/11', '20 april 1983')
    >>> pairs.target
    ('1920-03-09', '2002-03-11', '1983-04-20')

    Args:
        count: N, ≥ 1.
        seed: ≥ 0. What is drawn first does not depend on `count`.
        part: 'train' (nine days of ten), 'test' (the others) or 'all'.

    Raises:
        ArgumentError: A number is below its least, there are not so many, or no such part.
    """
    if part not in ("train", "test", "all"):
        raise ArgumentError("part", f"found {part!r}", "'train', 'test' or 'all'")
    if count < 1 or seed < 0:
        raise ArgumentError("count, seed", f"found {count}, {seed}", "≥ 1 and ≥ 0")
    days = _days(part)
    found: dict[str, str] = {}  # two forms may write a day alike: of May there is no short name
    for cell in np.random.default_rng(seed).permutation(len(days) * len(FORMS)).tolist():
        day = _FIRST + datetime.timedelta(days[cell // len(FORMS)])
        found[spelled(day, FORMS[cell % len(FORMS)])] = day.isoformat()
        if len(found) == count:
            return DatePairs(tuple(found), tuple(found.values()))
    raise ArgumentError("count", f"found {count}", f"at most {len(found)}, all that there are")


def spelled(day: datetime.date, form: str) -> str:
    """A day in one of `FORMS`.

    >>> spelled(datetime.date(1998, 5, 3), "{Weekday} the {th} of {Month} {y}")
    'Sunday the 3rd of May 1998'
    """
    month, weekday = _MONTHS[day.month - 1], _WEEKDAYS[day.weekday()]
    return form.format(
        d=day.day,
        dd=f"{day.day:02}",
        th=_ordinal(day.day),
        word=_WORDS[day.day - 1],
        mm=f"{day.month:02}",
        Month=month,
        month=month.lower(),
        MONTH=month.upper(),
        Mon=month[:3],
        MON=month[:3].upper(),
        y=day.year,
        Weekday=weekday,
        weekday=weekday.lower(),
        Day=weekday[:3],
    )


def _ordinal(day: int) -> str:
    """The day as a number that counts: 1st, 2nd, 3rd, 4th; 11th, 12th and 13th."""
    ending = "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def _days(part: str) -> list[int]:
    """The days of a part, counted from the first."""
    days = np.arange((_LAST - _FIRST).days + 1)
    test = np.isin(days, np.random.default_rng(0).permutation(days)[: len(days) // _TEST])
    return {"train": days[~test], "test": days[test], "all": days}[part].tolist()
