"""What stands after the end of each series: steps to come, or what came."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data import as_panel
from elman.data.series.ahead import extended, joined_panels
from elman.errors import DataError

START = np.datetime64("2024-01-30", "D")


def days(lengths, first=0, **more):
    """Series s0, s1, … of daily values that count on, the first day of each as given."""
    first = np.broadcast_to(first, len(lengths))
    step = np.concatenate([np.arange(n) + f for n, f in zip(lengths, first, strict=True)])
    names = np.repeat([f"s{n}" for n in range(len(lengths))], lengths)
    table = {"shop": names, "day": START + step, "y": 100.0 + step}
    return as_panel(table | more, series="shop", time="day", target="y", frequency="D")


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(1, 12))
def test_as_many_steps_follow_each_history_as_are_asked_for(lengths, horizon):
    panel = days(lengths)
    found = extended(panel, horizon)
    assert found.history.tolist() == lengths
    assert found.lengths.tolist() == [length + horizon for length in lengths]
    for n, length in enumerate(lengths):
        rows = found.rows(n)
        expected = START + np.arange(length + horizon)
        np.testing.assert_array_equal(found.times[rows], expected.astype("datetime64[us]"))
        assert (np.diff(found.steps[rows]) == 1).all()
        np.testing.assert_array_equal(found.target[rows][:length], panel.target[panel.rows(n)])
        assert np.isnan(found.target[rows][length:]).all()
    assert not found.gap_before.any()


def test_times_go_on_by_month():
    table = {"month": ["2023-11-30", "2023-12-31", "2024-01-31"], "y": [1.0, 2.0, 3.0]}
    found = extended(as_panel(table), 2)
    assert [str(time)[:10] for time in found.times[3:]] == ["2024-02-29", "2024-03-31"]


def test_covariates_that_are_known_ahead_must_reach_far_enough():
    table = {"shop": ["a"] * 3 + ["b"] * 3, "y": range(6), "promo": [0.0, 1.0] * 3}
    table["day"] = np.tile(START + np.arange(3), 2)
    later = {"shop": ["a", "a", "b"], "day": START + np.array([3, 4, 3]), "promo": [7.0, 8.0, 9.0]}
    roles = {"series": "shop", "time": "day", "target": "y", "future": "promo"}
    panel = as_panel(table, **roles, ahead=later)
    assert extended(panel, 1) is panel
    with pytest.raises(
        DataError, match=r"'b'.*promo known until 2024-02-02.*1 more step: .*ahead="
    ):
        extended(panel, 2)


def test_rows_that_came_follow_their_series_in_any_order():
    panel = days((5, 3))
    later = days((2, 4), (5, 3)).select([1, 0])
    found = joined_panels(panel, later)
    whole = days((7, 7))
    assert found.names == whole.names
    assert found.history.tolist() == [7, 7]
    for name in ("offsets", "times", "steps", "target", "past", "future"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name), err_msg=name)


def test_a_gap_between_the_two_stays_a_gap():
    found = joined_panels(days((5,)), days((2,), 8))
    assert np.flatnonzero(found.gap_before).tolist() == [5]


def test_rows_ahead_give_way_to_what_came():
    panel = extended(days((5, 5)), 3)
    found = joined_panels(panel, days((2, 2), 5))
    np.testing.assert_array_equal(found.target, days((7, 7)).target)


def test_rows_that_are_only_counted_are_the_next_ones():
    values = np.arange(9.0)
    found = joined_panels(as_panel(values[:6]), as_panel(values[6:]))
    whole = as_panel(values)
    for name in ("times", "steps", "target", "history"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name), err_msg=name)


@pytest.mark.parametrize("frequency", ["rows", "rows:B"])
def test_by_row_the_next_row_is_the_next_step(frequency):
    times = START + np.array([0, 1, 4, 5, 6, 11, 12])
    table = {"day": times, "y": np.arange(7.0)}
    whole = as_panel(table, frequency=frequency)
    parts = [
        as_panel({name: column[part] for name, column in table.items()}, frequency=frequency)
        for part in (slice(4), slice(4, None))
    ]
    found = joined_panels(*parts)
    for name in ("times", "steps", "target"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name), err_msg=name)
    assert not found.gap_before.any()
    with pytest.raises(DataError, match=r"begins at 2024-01-30.*after 2024-02-11"):
        joined_panels(*parts[::-1])


def test_numbers_keep_their_precision():
    panel, later = days((3,)), days((1,), 3)
    narrow = replace(panel, target=panel.target.astype(np.float32))
    exact = replace(later, target=np.array([[1.0 + 2**-40]]))
    assert joined_panels(narrow, exact).target[3, 0] == 1.0 + 2**-40


def test_notes_of_both_are_kept_once():
    panel, later = (
        replace(days((3,), first), notes=("Daily.", note)) for first, note in ((0, "a"), (3, "b"))
    )
    assert joined_panels(panel, later).notes == ("Daily.", "a", "b")


def hours(first, count):
    moments = np.datetime64(first, "us") + np.arange(count) * np.timedelta64(1, "h")
    return as_panel({"time": moments, "y": np.arange(float(count))}, frequency="h")


@pytest.mark.parametrize(
    ("panel", "later", "named"),
    [
        (days((5, 3)), days((2,), 5), "'s1' is not in both frames"),
        (days((5,)), days((2, 2), 5), "'s1' is not in both frames"),
        (days((5, 3)), days((2, 2), (5, 2)), "'s1'.*begins at 2024-02-01.*after 2024-02-01"),
        (days((5,)), days((9,)), "'s0'.*begins at 2024-01-30.*where the frame ends"),
        (hours("2024-05-01", 5), hours("2024-05-01T07:30", 5), "07:30 is no step.*hourly"),
    ],
)
def test_rows_that_do_not_go_on(panel, later, named):
    with pytest.raises(DataError, match=named):
        joined_panels(panel, later)
