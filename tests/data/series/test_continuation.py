"""Covariates that are known ahead go on from each series' end, step by step."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data import as_panel
from elman.errors import ArgumentError, DataError

FIRST = np.datetime64("2024-05-01", "us")
DAY = np.timedelta64(1, "D")
ROLES = {"series": "shop", "time": "day", "target": "sold", "future": ["price", "event"]}


def rows(shop: str, first: int, last: int) -> dict:
    days = np.arange(first, last)
    return {
        "shop": np.repeat(shop, len(days)),
        "day": FIRST + days * DAY,
        "price": days + 0.5,
        "event": np.where(days % 3 == 0, "fair", "none"),
    }


def joined(*parts: dict) -> dict:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def history() -> dict:
    past = joined(rows("z", 0, 5), rows("a", 2, 9))
    return past | {"sold": np.arange(12.0), "rain": np.arange(12.0)}


def refused(ahead, match: str, error: type[Exception] = DataError, **options) -> None:
    with pytest.raises(error, match=match):
        as_panel(history(), ahead=ahead, **(ROLES | options))


@given(st.integers(0, 4), st.integers(1, 4), st.booleans())
def test_rows_ahead_follow_the_history(of_z, of_a, arrow):
    ahead = joined(rows("a", 9, 9 + of_a), rows("z", 5, 5 + of_z))  # in any order
    frame = pa.table(ahead) if arrow else ahead
    panel = as_panel(history(), ahead=frame, past="rain", **ROLES)
    whole = joined(rows("z", 0, 5 + of_z), rows("a", 2, 9 + of_a))
    assert panel.names == ("z", "a")
    assert panel.history.tolist() == [5, 7]
    assert panel.lengths.tolist() == [5 + of_z, 7 + of_a]
    np.testing.assert_array_equal(panel.times, whole["day"])
    np.testing.assert_array_equal(panel.steps, panel.frequency.ordinals(panel.times))
    assert panel.columns.future == ("price", "event=fair", "event=none")
    np.testing.assert_array_equal(panel.future[:, 0], whole["price"])
    np.testing.assert_array_equal(panel.future[:, 1], whole["event"] == "fair")
    later = np.concatenate([np.arange(n) >= h for n, h in zip(panel.lengths, [5, 7], strict=True)])
    np.testing.assert_array_equal(np.isnan(panel.target[:, 0]), later)
    np.testing.assert_array_equal(np.isnan(panel.past[:, 0]), later)
    assert panel.target[~later, 0].tolist() == list(range(12))
    assert panel.notes[-1].startswith(f"Known ahead: {of_z + of_a} row")


def test_a_step_that_is_left_out_is_named():
    late = joined(rows("z", 5, 7), rows("a", 10, 12))
    refused(
        late,
        r"^ahead, row 2, column 'day', series 'a': found 2024-05-11; 2024-05-10: the rows go on "
        "from 2024-05-09, daily",
    )
    hole = {name: np.delete(values, 1) for name, values in rows("z", 5, 8).items()}
    refused(hole, r"row 1, .* found 2024-05-08; 2024-05-07")
    refused(rows("z", 4, 5) | {"day": rows("z", 6, 7)["day"]}, r"row 0, .* found 2024-05-07")
    half = rows("z", 5, 7)
    half["day"] = half["day"] + np.timedelta64(1, "h")
    refused(half, r"row 0, .* found 2024-05-06 01:00; 2024-05-06")


def test_other_faults_are_named_as_in_the_frame():
    refused(rows("b", 5, 6), "row 0, column 'shop': there is no series 'b' in the history")
    later = rows("z", 5, 8)
    refused(later | {"price": [1, np.nan, 2]}, r"row 1, column 'price', .* has a hole")
    refused(later | {"price": [1, 2, np.nan]}, r"row 2, column 'price', .* ends 1 row before")
    refused(later | {"price": [1, 2, np.inf]}, r"row 2, column 'price', .*found inf")
    refused(later | {"day": [5, 6, 7]}, "numbers and dates in the history")
    refused({k: v[::-1] for k, v in later.items()}, r"row 1, .* stands after .*'sort'")
    unnamed = {name: values for name, values in later.items() if name != "price"}
    refused(unnamed, r"^ahead, column 'price': is not there")
    refused(later, "no covariate is known ahead", ArgumentError, future=())
    backwards = {name: values[::-1] for name, values in later.items()}
    panel = as_panel(history(), ahead=backwards, repair="sort", **ROLES)
    assert panel.lengths.tolist() == [8, 7]


def test_series_without_times_or_names_are_continued_by_position():
    frame = {"sold": np.arange(4.0), "price": np.arange(4.0)}
    panel = as_panel(frame, target="sold", future="price", ahead={"price": [4.0, 5.0]})
    assert panel.times.tolist() == [0, 1, 2, 3, 4, 5]
    assert (panel.history.tolist(), panel.future[:, 0].tolist()) == ([4], [0, 1, 2, 3, 4, 5])


def test_wide_series_share_what_is_ahead():
    frame = {"day": FIRST + np.arange(3) * DAY, "a": [1.0, 2, 3], "b": [np.nan, 5, 6],
             "price": [1.0, 2, 3]}  # fmt: skip
    ahead = {"day": FIRST + np.arange(3, 5) * DAY, "price": [4.0, 5.0]}
    panel = as_panel(frame, target=["a", "b"], future="price", ahead=ahead)
    assert (panel.names, panel.history.tolist()) == (("a", "b"), [3, 2])
    assert panel.lengths.tolist() == [5, 4]
    assert panel.future[:, 0].tolist() == [1, 2, 3, 4, 5, 2, 3, 4, 5]
    whole = as_panel(frame, target=["a", "b"], future="price")
    with pytest.raises(ArgumentError, match="give it with the frame"):
        as_panel(whole, ahead=ahead)


def test_rows_as_steps_only_have_to_be_later():
    days = pd.to_datetime(["2024-04-30", "2024-05-02", "2024-05-03"])
    frame = {"day": days, "close": [1.0, 2, 3], "open": [1, 1, 1]}
    ahead = {"day": pd.to_datetime(["2024-05-06", "2024-05-10"]), "open": [1, 1]}
    roles = {"target": "close", "future": "open", "frequency": "rows"}
    panel = as_panel(frame, ahead=ahead, **roles)
    assert panel.steps.tolist() == [0, 1, 2, 3, 4]
    early = ahead | {"day": pd.to_datetime(["2024-05-03", "2024-05-10"])}
    panel = as_panel(frame, ahead=early, **roles)
    assert panel.times[panel.history[0] :].tolist() == [pd.Timestamp("2024-05-10")]
    assert "1 row of those ahead left out: they are history." in panel.notes


def test_what_is_ahead_may_hold_history_too():
    panel = as_panel(history(), ahead=rows("z", 2, 7), **ROLES)
    alone = as_panel(history(), ahead=rows("z", 5, 7), **ROLES)
    np.testing.assert_array_equal(panel.times, alone.times)
    np.testing.assert_array_equal(panel.future, alone.future)
    assert "3 rows of those ahead left out: they are history." in panel.notes


def test_rows_without_a_target_at_the_end_are_ahead():
    days = pd.date_range("2024-05-01", periods=5)
    frame = {"day": days, "sold": [1, 2, np.nan, 4, np.nan], "price": [1.0, 1, 1, 1, 2]}
    panel = as_panel(frame, target="sold", future="price")
    assert (panel.history.tolist(), panel.lengths.tolist()) == ([4], [5])
    assert "1 row without a target at the end of 1 series: taken as ahead." in panel.notes
    bare = as_panel(frame, target="sold")
    assert (bare.history.tolist(), bare.lengths.tolist()) == ([4], [4])
    assert "1 row without a target at the end of 1 series left out." in bare.notes
    observed = as_panel(frame, target="sold", past="price")
    assert observed.history.tolist() == [5]
    wide = as_panel({"day": days, "a": [1, 2, 3, np.nan, np.nan], "b": np.arange(5.0)},
                    target=("a", "b"))  # fmt: skip
    assert wide.history.tolist() == [3, 5]
    never = as_panel(frame | {"sold": np.full(5, np.nan)}, target="sold")
    assert never.history.tolist() == [5]


def test_a_panel_is_continued_once():
    panel = as_panel(history(), **ROLES)
    longer = as_panel(panel, ahead=rows("z", 5, 7))
    assert longer.lengths.tolist() == [7, 7]
    with pytest.raises(ArgumentError, match="rows ahead already"):
        as_panel(longer, ahead=rows("z", 7, 8))
    assert as_panel(longer, target="sold") is longer
    with pytest.raises(ArgumentError, match="with rows ahead takes no other"):
        as_panel(longer, frequency="rows")
