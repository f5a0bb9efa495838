"""Panels: series chosen, cut, filled and padded, without a value changing its time."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data import as_panel
from elman.data.series.panel import Panel
from elman.errors import ArgumentError, DataError

DAY = np.timedelta64(1, "D")


def a_panel(days: list[list[int]]) -> Panel:
    """A series for each list of days; a value tells its series and day."""
    names = [name for name, own in zip("abcdef", days, strict=False) for _ in own]
    flat = np.array([day for own in days for day in own])
    owner = np.array([n for n, own in enumerate(days) for _ in own])
    return as_panel(
        {
            "name": names,
            "time": np.datetime64("2024-01-01") + flat * DAY,
            "y": 1000.0 * owner + flat,
            "rain": -flat.astype(float),
            "size": owner.astype(np.float32),
        },
        series="name",
        target="y",
        future="rain",
        static="size",
        frequency="D",
    )


def stamped(panel: Panel, n: int) -> dict:
    """What series n holds by time, rows of NaN left out."""
    rows = panel.rows(n)
    return {
        time: value
        for time, value in zip(panel.times[rows].tolist(), panel.target[rows, 0], strict=True)
        if not np.isnan(value)
    }


scattered = st.sets(st.integers(0, 40), min_size=1, max_size=12).map(sorted)
unbroken = st.tuples(st.integers(0, 30), st.integers(1, 10)).map(
    lambda place: [*range(place[0], sum(place))]
)
some_days = st.lists(unbroken, min_size=1, max_size=3) | st.lists(
    scattered | unbroken, min_size=1, max_size=5
)


@given(some_days)
def test_gaps_are_where_days_are_missing(days):
    panel = a_panel(days)
    expected = [k > 0 and own[k] != own[k - 1] + 1 for own in days for k in range(len(own))]
    assert panel.gap_before.tolist() == expected
    assert panel.gap_before.dtype == bool


def test_filled_has_every_step_once_and_changes_no_value():
    useful = Counter()

    @given(some_days)
    def law(days):
        panel = a_panel(days)
        filled = panel.filled()
        assert not filled.gap_before.any()
        for n, own in enumerate(days):
            rows = filled.rows(n)
            assert (np.diff(filled.times[rows]) == DAY).all()
            assert len(filled.times[rows]) == own[-1] - own[0] + 1
            assert stamped(filled, n) == stamped(panel, n)
        added = len(filled.times) - len(panel.times)
        assert np.isnan(filled.target).sum() == np.isnan(filled.future).sum() == added
        assert filled.history.tolist() == filled.lengths.tolist()
        if added:
            assert f"{added} missing step" in filled.notes[-1]
        else:
            assert filled is panel
        np.testing.assert_array_equal(filled.steps, filled.frequency.ordinals(filled.times))
        useful["added" if added else "whole"] += 1

    law()
    assert min(useful["added"], useful["whole"]) >= 5, useful


def test_padded_has_enough_history_and_changes_no_value():
    useful = Counter()

    @given(some_days, st.integers(1, 15))
    def law(days, rows):
        panel = a_panel(days)
        padded = panel.padded(rows)
        assert padded.history.tolist() == [max(rows, len(own)) for own in days]
        for n in range(len(days)):
            assert stamped(padded, n) == stamped(panel, n)
        np.testing.assert_array_equal(padded.steps, padded.frequency.ordinals(padded.times))
        assert padded.gap_before.sum() == panel.gap_before.sum()
        added = len(padded.times) - len(panel.times)
        assert (padded is panel) if not added else (f"{added} row" in padded.notes[-1])
        useful["added" if added else "enough"] += 1

    law()
    assert min(useful["added"], useful["enough"]) >= 3, useful


@given(some_days, st.data())
def test_select_keeps_series_whole_in_the_order_asked_for(days, data):
    panel = a_panel(days)
    chosen = data.draw(st.lists(st.integers(0, len(days) - 1), min_size=1))
    part = panel.select(chosen)
    assert part.names == tuple(panel.names[n] for n in chosen)
    assert part.static[:, 0].tolist() == chosen
    for k, n in enumerate(chosen):
        assert stamped(part, k) == stamped(panel, n)
    mask = np.isin(np.arange(len(days)), chosen)
    assert panel.select(mask).names == panel.select(np.flatnonzero(mask)).names


@given(some_days, st.data())
def test_cut_stands_at_an_earlier_time(days, data):
    panel = a_panel(days)
    history = [data.draw(st.integers(1, len(own))) for own in days]
    past = panel.cut(history)
    kept = panel.cut(history, keep_ahead=True)
    for n, own in enumerate(days):
        known = [1000.0 * n + day for day in own[: history[n]]]
        assert past.target[past.rows(n), 0].tolist() == known
        assert list(stamped(kept, n).values()) == known
    assert past.history.tolist() == past.lengths.tolist() == kept.history.tolist() == history
    np.testing.assert_array_equal(kept.future, panel.future)
    np.testing.assert_array_equal(panel.target, a_panel(days).target)


@pytest.mark.parametrize("history", [0, 4, [3, 3]])
def test_cut_outside_the_history_is_refused(history):
    with pytest.raises(ArgumentError, match=r"series '[ab]'; 1 to [23] rows"):
        a_panel([[0, 1, 2], [0, 1]]).cut(history)


def test_filled_and_padded_leave_the_rows_ahead_ahead():
    panel = a_panel([[0, 2, 3, 4], [0, 1, 2, 3]]).cut([2, 4], keep_ahead=True)
    filled = panel.filled()
    assert (filled.history.tolist(), filled.lengths.tolist()) == ([3, 4], [5, 4])
    padded = panel.padded(3)
    assert (padded.history.tolist(), padded.lengths.tolist()) == ([3, 4], [5, 4])
    assert padded.future[:3, 0].tolist()[1:] == [0.0, -2.0]


def test_a_time_stamp_from_another_age_is_not_filled_up():
    with pytest.raises(DataError, match=r"series 'a': 2899999 steps .* 2024-01-01"):
        a_panel([[0, 2_900_000]]).filled()


def test_rows_as_steps_have_no_gaps():
    times = np.datetime64("2024-01-01") + np.array([0, 3, 4, 9]) * DAY
    panel = as_panel({"time": times, "y": np.arange(4.0)}, frequency="rows")
    assert not panel.gap_before.any()
    assert panel.filled() is panel
    assert panel.steps.tolist() == [0, 1, 2, 3]


@given(some_days)
def test_long_columns_make_the_same_panel(days):
    panel = a_panel(days)
    again = as_panel(
        panel.to_columns(),
        series="name", target="y", future="rain", static="size", frequency="D",
    )  # fmt: skip
    assert again.names == panel.names
    assert again.columns == panel.columns
    for block in ("offsets", "times", "steps", "target", "past", "future", "static", "history"):
        np.testing.assert_array_equal(getattr(again, block), getattr(panel, block))


def test_columns_without_names_get_some():
    columns = as_panel(np.arange(3.0)).to_columns()
    assert list(columns) == ["series", "time", "0"]
    assert columns["series"].tolist() == ["0"] * 3


@pytest.mark.parametrize("rows", [1, 3, 4, 7, 100])
def test_parts_hold_every_series_once_and_as_many_as_fit(rows):
    panel = a_panel([[0, 1, 2], [5], [0, 2, 4, 6], [1, 2]])
    found = list(panel.parts(rows))
    assert [n for part in found for n in range(part.start, part.stop)] == [0, 1, 2, 3]
    for part in found:
        size = int(panel.lengths[part].sum())
        assert size <= rows or part.stop - part.start == 1
        if part.stop < 4:
            assert size + panel.lengths[part.stop] > rows
