"""Grids of times: words, numbers of steps and back, and what is inferred from times."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.series.frequency import Frequency, infer
from elman.data.tables.timestamps import shown
from elman.errors import ArgumentError, DataError

WORDS = ("us", "250ms", "s", "min", "15min", "h", "6h", "D", "3D", "B", "W", "2W", "MS", "ME",
         "2MS", "QS", "QE", "YS", "YE", "5YE")  # fmt: skip


def stamps(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[us]")


def a_time(frequency: Frequency, stamp: int) -> np.ndarray:
    """A time `[1]` that may lie on the frequency's grid."""
    time = np.array([stamp * 1_000_000], dtype="datetime64[us]")
    if frequency.unit == "business day":
        days = np.busday_offset(time.astype("M8[D]"), 0, roll="forward")
        return days.astype("M8[us]") + (time - time.astype("M8[D]"))
    if frequency.day == 31:
        months = time.astype("M8[M]")
        return ((months + 1).astype("M8[D]") - 1).astype("M8[us]")
    return time


@pytest.mark.parametrize(
    "word", [*WORDS, "step", "7step", "rows:B", "rows:ME", "rows:3D", "step:24"]
)
def test_words_come_back(word):
    assert Frequency.from_text(word).to_text() == word


@pytest.mark.parametrize(
    "word", ["", "H", "daily", "0h", "-1h", "2B", "1.5h", "rows:x", "15", "h:24", "step:0"]
)
def test_other_words_are_refused(word):
    with pytest.raises(ArgumentError, match="15min"):
        Frequency.from_text(word)


@given(
    st.sampled_from(WORDS),
    st.integers(-(10**9), 3 * 10**9),
    st.lists(st.integers(-200, 200), min_size=1, max_size=8),
)
def test_ordinals_and_times_are_inverse(word, stamp, jumps):
    frequency = Frequency.from_text(word)
    first = a_time(frequency, stamp)
    frequency = frequency.starting(first)
    start = frequency.ordinals(first)
    ordinals = start + np.array(jumps)
    times = frequency.times(ordinals)
    assert times.dtype == np.dtype("datetime64[us]")
    assert frequency.ordinals(times).tolist() == ordinals.tolist()
    np.testing.assert_array_equal(frequency.times(start), first)
    np.testing.assert_array_equal(frequency.shift(first, np.array(jumps)), times)
    assert (np.diff(times[np.argsort(jumps, kind="stable")]) >= np.timedelta64(0)).all()


@given(st.integers(1, 50), st.integers(-100, 100), st.lists(st.integers(-99, 99), min_size=1))
def test_whole_numbers_are_a_grid_too(count, first, jumps):
    times = first + count * np.array([0, *jumps])
    frequency = Frequency("step", count).starting(times)
    np.testing.assert_array_equal(frequency.times(frequency.ordinals(times)), times)
    assert 0 <= frequency.origin < count
    if count > 1:
        assert frequency.off_grid(times + 1).all()


def test_a_time_off_the_grid_is_named():
    times = stamps("2024-01-01 00:30", "2024-01-01 01:30", "2024-01-01 02:00")
    with pytest.raises(DataError, match=r"times\[2\]: 2024-01-01 02:00 is not .*hourly"):
        Frequency.from_text("h").starting(times).ordinals(times)


@pytest.mark.parametrize(
    ("word", "first", "expected"),
    [
        ("ME", "2024-01-31", ["2024-02-29", "2024-03-31", "2024-04-30"]),
        ("MS", "2024-01-30", ["2024-02-29", "2024-03-30", "2024-04-30"]),
        ("QE", "2023-12-31", ["2024-03-31", "2024-06-30", "2024-09-30"]),
        ("B", "2024-05-02 17:00", ["2024-05-03 17:00", "2024-05-06 17:00", "2024-05-07 17:00"]),
        ("YS", "2024-02-29", ["2025-02-28", "2026-02-28", "2027-02-28"]),
        ("15min", "2024-05-31 23:45", ["2024-06-01", "2024-06-01 00:15", "2024-06-01 00:30"]),
    ],
)
def test_shift_goes_on_as_a_calendar_does(word, first, expected):
    for frequency in (Frequency.from_text(word), Frequency.from_text(f"rows:{word}")):
        begun = frequency if frequency.rows else frequency.starting(stamps(first))
        moved = begun.shift(stamps(first)[:, None], np.arange(1, 4))
        np.testing.assert_array_equal(moved, stamps(*expected)[None])


@pytest.mark.parametrize(
    ("times", "word", "said"),
    [
        (("2024-01-01 00:00", "2024-01-01 01:00"), "h", "hourly"),
        (("2024-01-01 00:07", "2024-01-01 00:22"), "15min", "every 15 minutes"),
        (("2024-01-01", "2024-01-02", "2024-01-03"), "D", "daily"),
        (("2024-01-03", "2024-01-10"), "W", "weekly"),
        (("2024-01-05", "2024-01-08", "2024-01-09"), "B", "every business day"),
        (("2024-01-05", "2024-01-06", "2024-01-07"), "D", "daily"),
        (("1949-01", "1949-02", "1949-03"), "MS", "monthly"),
        (("2024-01-31", "2024-02-29", "2024-03-31"), "ME", "monthly"),
        (("2024-03-31", "2024-06-30"), "QE", "quarterly"),
        (("2020-01-01", "2021-01-01"), "YS", "yearly"),
        (("2024-01-29", "2024-02-26", "2024-03-25"), "4W", "every 4 weeks"),
        (("2024-01-01 00:00:00", "2024-01-01 00:00:00.004"), "4ms", "every 4 milliseconds"),
    ],
)
def test_inferred(times, word, said):
    found = infer(stamps(*times), np.array([0, len(times)]))
    assert (found.to_text(), found.describe()) == (word, said)
    assert found.ordinals(stamps(*times))[0] <= found.ordinals(stamps(*times))[-1]


def test_the_most_common_difference_counts_and_gaps_are_allowed():
    times = np.array([0, 1, 2, 9, 10, 30, 31])
    assert infer(times, np.array([0, 7])).to_text() == "step"
    assert infer(np.array([1, 3, 7, 9]), np.array([0, 4])) == Frequency("step", 2, origin=1)


def test_each_series_must_share_it():
    hours = stamps("2024-01-01").repeat(6) + np.arange(6) * np.timedelta64(1, "h")
    days = stamps("2024-01-01").repeat(5) + np.arange(5) * np.timedelta64(1, "D")
    times, offsets = np.concatenate([hours, days]), np.array([0, 6, 11])
    with pytest.raises(DataError, match=r"series 'b': mixed frequencies: .* daily, .* hourly"):
        infer(times, offsets, ("a", "b"))
    assert infer(times, offsets, rows=True).to_text() == "rows:h"
    months = stamps("2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01", "2024-05-01")
    years = stamps("2020-01-01", "2021-01-01", "2022-01-01", "2023-01-01")
    with pytest.raises(DataError, match=r"series 1: .* yearly, .* monthly"):
        infer(np.concatenate([months, years]), np.array([0, 5, 9]))


def test_a_series_of_two_rows_may_have_a_gap_between_them():
    times = np.array([0, 1, 2, 3, 0, 5, 7])
    assert infer(times, np.array([0, 4, 6, 7])).to_text() == "step"


def test_rows_without_a_common_difference_go_on_by_the_median():
    times = np.array([0, 10, 21, 33, 46])
    assert infer(times, np.array([0, 5]), rows=True) == Frequency("step", 11, rows=True)


@pytest.mark.parametrize(
    ("seconds", "word"),
    [(10.0006, "rows:10s"), (303.2, "rows:5min"), (7.4, "rows:7400ms"), (86401.3, "rows:D")],
)
def test_the_median_of_dates_is_about_a_unit(seconds, word):
    odd = np.array([0.9, 0.99, 1, 1.01, 1.1]) * seconds * 1e6
    times = stamps("2024-01-01") + np.concatenate([[0], np.cumsum(odd)]).astype("timedelta64[us]")
    assert infer(times, np.array([0, 6]), rows=True).to_text() == word


def test_single_rows_have_none():
    with pytest.raises(DataError, match="pass frequency="):
        infer(np.array([5, 6]), np.array([0, 1, 2]))


def test_seasons():
    words = (
        "10s",
        "30min",
        "h",
        "5h",
        "D",
        "B",
        "W",
        "ME",
        "2MS",
        "QS",
        "YE",
        "step",
        "ms",
        "step:24",
        "2step:7",
    )
    seasons = [Frequency.from_text(word).season for word in words]
    assert seasons == [6, 48, 24, 1, 7, 5, 52, 12, 6, 4, 1, 1, 1, 24, 7]


def test_times_are_shown_as_short_as_they_are():
    (day, minute) = stamps("2024-01-31", "2024-01-31 12:05")
    assert [shown(day), shown(minute), shown(np.int64(7))] == [
        "2024-01-31",
        "2024-01-31 12:05",
        "7",
    ]
