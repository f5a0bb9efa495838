"""The calendar's circles, held against Python's own dates."""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError
from elman.transforms.calendar import calendar_features, column_names, usual

NAMES = ("minute", "hour", "weekday", "day", "week", "month", "dayofyear")


def turns(time: datetime) -> list[float]:
    """The share of each circle that has been gone, in the order of `NAMES`."""
    day = time.timetuple().tm_yday - 1
    return [
        time.minute / 60,
        time.hour / 24,
        time.weekday() / 7,
        (time.day - 1) / calendar.monthrange(time.year, time.month)[1],
        (day // 7) / (365.2425 / 7),
        (time.month - 1) / 12,
        day / (366 if calendar.isleap(time.year) else 365),
    ]


moments = st.datetimes(datetime(1700, 1, 1), datetime(2262, 1, 1))


@given(st.lists(moments, min_size=1, max_size=5), st.sampled_from(["us", "ms", "s", "ns"]))
def test_features_are_points_on_circles(times, unit):
    array = np.array(times, dtype=f"datetime64[{unit}]")
    angles = 2 * np.pi * np.array([turns(time) for time in times])
    features = calendar_features(array, NAMES)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features[:, 0::2], np.sin(angles), atol=1e-6)
    np.testing.assert_allclose(features[:, 1::2], np.cos(angles), atol=1e-6)


def test_each_of_a_years_days_is_another():
    begin = datetime(2024, 1, 1)
    times = np.array([begin + timedelta(days=k) for k in range(366)], dtype="datetime64[us]")
    assert len(np.unique(calendar_features(times, ["dayofyear"]), axis=0)) == 366


def test_columns_have_names():
    names = usual("day")
    assert len(column_names(names)) == calendar_features(np.zeros(3, "M8[us]"), names).shape[1]
    assert column_names(()) == ()
    assert calendar_features(np.zeros(3, "M8[us]"), ()).shape == (3, 0)


@pytest.mark.parametrize("unit", ["second", "minute", "hour", "day", "business day", "week"])
def test_usual_names_are_known(unit):
    assert usual(unit)
    assert set(usual(unit)) <= set(NAMES)


def test_whole_years_and_plain_steps_have_no_calendar():
    assert usual("year") == usual("step") == ()
    with pytest.raises(ArgumentError, match="calendar: times are int64, not dates"):
        calendar_features(np.arange(5), ["hour"])
    with pytest.raises(ArgumentError, match="calendar: found 'moon'; some of minute, hour"):
        calendar_features(np.zeros(3, "M8[us]"), ["moon"])
