"""The calendar as features: hour, weekday, month and the like, each as a point on a circle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float, Shaped

from elman.errors import ArgumentError

__all__ = ["CalendarName", "calendar_features", "column_names", "usual"]

CalendarName = Literal["minute", "hour", "weekday", "day", "week", "month", "dayofyear"]

_WEEKS = 365.2425 / 7  # of a year, on average

_MINUTES = ("minute", "hour", "weekday", "dayofyear")
_DAYS = ("weekday", "day", "dayofyear")
_USUAL: dict[str, tuple[CalendarName, ...]] = {
    "second": _MINUTES,
    "minute": _MINUTES,
    "hour": ("hour", "weekday", "dayofyear"),
    "day": _DAYS,
    "business day": _DAYS,
    "week": ("week",),
    "month": ("month",),
    "quarter": ("month",),
}


def usual(unit: str) -> tuple[CalendarName, ...]:
    """What is usually worth telling a network of series whose steps are of this unit.

    >>> usual("hour"), usual("year")
    (('hour', 'weekday', 'dayofyear'), ())

    Args:
        unit: As in `elman.data.series.frequency`: "hour", "business day", …
    """
    return _USUAL.get(unit, ())


def column_names(names: Sequence[CalendarName]) -> tuple[str, ...]:
    """What the columns of `calendar_features` are called.

    >>> column_names(["hour"])
    ('sine of hour', 'cosine of hour')
    """
    return tuple(f"{part} of {name}" for name in names for part in ("sine", "cosine"))


def calendar_features(
    times: Shaped[np.ndarray, "R"], names: Sequence[CalendarName]
) -> Float[np.ndarray, "R C"]:
    """For each name sine and cosine of where a time is in its hour, day, week, month or year.

    >>> times = np.array(["2024-05-01T00:00", "2024-05-01T06:00"], dtype="datetime64[m]")
    >>> calendar_features(times, ["hour"]).round(6).tolist()
    [[0.0, 1.0], [1.0, 0.0]]

    Args:
        times: datetime64, of any unit.
        names: "minute" of the hour, "hour" of the day, "weekday", "day" of the month, "week" of
            the year, "month" and "dayofyear"; whole numbers, that is: 6:59 is in the hour 6.

    Returns:
        float32, in [-1, 1]; C is twice the number of names.

    Raises:
        ArgumentError: The times are plain numbers, which have no calendar; or a name is unknown.
    """
    if names and times.dtype.kind != "M":
        raise ArgumentError("calendar", f"times are {times.dtype}, not dates", "no calendar")
    features = np.empty((len(times), 2 * len(names)), dtype=np.float32)
    for k, name in enumerate(names):
        if name not in _TURNS:
            known = ", ".join(get_args(CalendarName))
            raise ArgumentError("calendar", f"found {name!r}", f"some of {known}")
        angle = 2 * np.pi * _TURNS[name](times)
        features[:, 2 * k], features[:, 2 * k + 1] = np.sin(angle), np.cos(angle)
    return features


def _since(times: np.ndarray, larger: str, unit: str) -> np.ndarray:
    """How many whole units have passed since the day, month or year began."""
    whole = times.astype(f"datetime64[{unit}]") - times.astype(f"datetime64[{larger}]")
    return whole.astype(f"timedelta64[{unit}]").astype(np.int64)


def _days(times: np.ndarray, larger: str) -> np.ndarray:
    """How many days the month or year has."""
    begin = times.astype(f"datetime64[{larger}]")
    days = (begin + 1).astype("datetime64[D]") - begin.astype("datetime64[D]")
    return days.astype(np.int64)


def _weekday(times: np.ndarray) -> np.ndarray:
    """0 on Mondays."""
    return (times.astype("datetime64[D]").astype(np.int64) + 3) % 7  # day 0 was a Thursday


_TURNS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "minute": lambda times: _since(times, "h", "m") / 60,
    "hour": lambda times: _since(times, "D", "h") / 24,
    "weekday": lambda times: _weekday(times) / 7,
    "day": lambda times: _since(times, "M", "D") / _days(times, "M"),
    "week": lambda times: _since(times, "Y", "D") // 7 / _WEEKS,
    "month": lambda times: _since(times, "Y", "M") / 12,
    "dayofyear": lambda times: _since(times, "Y", "D") / _days(times, "Y"),
}
"""For each name the share of its circle, in [0, 1), that has been gone."""
