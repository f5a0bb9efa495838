"""Days with slashes, as 31/12/2024 or 12/31/2024: which number is the day, and the same in ISO.

It is certain where a number of the column is above 12, else it is asked for.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["ASKED", "Slashed", "formatted", "is_slashed", "slashed"]

ASKED = "which number is the day: dates='day-first' or dates='month-first'"
"""What a message asks for where it is not certain."""

_SLASHED = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4})"
    r"(?:[ T]+(\d{1,2}):(\d{2})((?::\d{2}(?:\.\d+)?)?)(?: ?([AaPp])\.?[Mm]\.?)?)?"
)
_MONTHS = 12


class Slashed(NamedTuple):
    """A column of days with slashes.

    Attributes:
        texts: The same in ISO 8601; None for what is missing, and as it is for what is no day.
        order: `day-first` or `month-first`.
        said: The same in a sentence.
    """

    texts: np.ndarray
    order: str
    said: str


def formatted(text: str, date_format: str) -> str | None:
    """A date that is written in this format, in ISO 8601; None where it is none.

    >>> formatted("31.12.2024 18h", "%d.%m.%Y %Hh"), formatted("x", "%Y")
    ('2024-12-31 18:00:00', None)
    """
    try:
        return datetime.datetime.strptime(text, date_format).isoformat(" ")
    except ValueError:
        return None


def is_slashed(text: str) -> bool:
    """Whether a text is a day with slashes, perhaps with a time.

    >>> is_slashed("01/31/2024 12:00 AM"), is_slashed("2024-01-31")
    (True, False)
    """
    return _SLASHED.fullmatch(text.strip()) is not None


def slashed(texts: Sequence[str | None] | np.ndarray, told: str | None) -> Slashed | None:
    """Texts of which the first is a day with slashes in ISO 8601; None where that is not certain.

    >>> slashed(["01/02/2024 1:05 PM", "01/31/2024 12:00 AM"], None).texts.tolist()
    ['2024-01-02 13:05', '2024-01-31 00:00']
    >>> slashed(["01/02/2024"], None) is None, slashed(["01/02/2024"], "day-first").texts.tolist()
    (True, ['2024-02-01'])

    Args:
        texts: The column.
        told: `day-first` or `month-first`; None: found out.
    """
    found = [None if text is None else _SLASHED.fullmatch(str(text).strip()) for text in texts]
    days = [match for match in found if match is not None]
    order = told or _order(days)
    if order is None:
        return None
    iso = np.empty(len(found), dtype=object)
    for n, (text, match) in enumerate(zip(texts, found, strict=True)):
        iso[n] = text if match is None else _iso(match, order)
    shown = "day/month/year" if order == "day-first" else "month/day/year"
    return Slashed(iso, order, f"Dates such as {days[0][0]} are read as {shown}." if days else "")


def _order(days: Sequence[re.Match[str]]) -> str | None:
    """Which number is the day, if a number above 12 says so, and none says otherwise."""
    first = any(int(match[1]) > _MONTHS for match in days)
    second = any(int(match[2]) > _MONTHS for match in days)
    if first == second:
        return None
    return "day-first" if first else "month-first"


def _iso(match: re.Match[str], order: str) -> str:
    day, month = (match[1], match[2]) if order == "day-first" else (match[2], match[1])
    date = f"{match[3]}-{int(month):02}-{int(day):02}"
    if match[4] is None:
        return date
    hour = int(match[4])
    if match[7] is not None:  # twelve is the first hour of a half day
        hour = hour % _MONTHS + (_MONTHS if match[7] in "pP" else 0)
    return f"{date} {hour:02}:{match[5]}{match[6]}"
