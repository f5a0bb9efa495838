"""Columns of every library: what they hold, and distinct values as numbers."""

from __future__ import annotations

import datetime
import decimal
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.tables import columns
from elman.data.tables.columns import as_table
from elman.errors import DataError, ShapeError

MAKERS = {
    "pandas": lambda values: pd.DataFrame({"c": values}),
    "objects": lambda values: pd.DataFrame({"c": pd.Series(values, dtype=object)}),
    "category": lambda values: pd.DataFrame({"c": pd.Series(values, dtype="category")}),
    "arrow": lambda values: pa.table({"c": pa.array(values)}),
    "array": lambda values: {"c": np.array(values, dtype=object)},
    "list": lambda values: {"c": values},
}


def column(maker: str, values: list):
    return as_table(MAKERS[maker](values), "frame").columns["c"]


@pytest.mark.parametrize("maker", MAKERS)
@given(st.lists(st.sampled_from(["b", "a", "", "ü", None]), min_size=1, max_size=12))
def test_codes_of_texts(maker, values):
    if not any(values):
        values = [*values, "x"]
    codes, labels = columns.codes(column(maker, values))
    assert labels == list(dict.fromkeys(value for value in values if value is not None))
    assert [None if code < 0 else labels[code] for code in codes] == values
    assert codes.dtype == np.int32


@pytest.mark.parametrize("maker", ["pandas", "arrow", "array", "list"])
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=12))
def test_codes_of_numbers(maker, values):
    codes, labels = columns.codes(column(maker, values))
    assert labels == list(dict.fromkeys(values))
    assert [labels[code] for code in codes] == values


def test_codes_of_numbers_beyond_int64():
    values = [2**64 - 1, 3, 2**64 - 1]
    frame = pa.table({"c": pa.array(values, pa.uint64())})
    codes, labels = columns.codes(as_table(frame, "frame").columns["c"])
    assert (codes.tolist(), labels) == ([0, 1, 0], [2**64 - 1, 3])


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], "number"),
        ([1.5, None], "number"),
        ([True, False], "number"),
        ([decimal.Decimal("1.5"), decimal.Decimal(2)], "number"),
        (["a", None], "text"),
        ([datetime.datetime(2024, 5, 1), None], "time"),
        ([datetime.date(2024, 5, 1), None], "time"),
        ([None, None], "nothing"),
    ],
)
@pytest.mark.parametrize("maker", ["pandas", "objects", "arrow", "array"])
def test_kinds(maker, values, kind):
    found = column(maker, values)
    assert columns.kind(found) == kind
    assert columns.missing(found).tolist() == [value is None for value in values]
    if kind in ("number", "nothing"):
        expected = [np.nan if value is None else float(value) for value in values]
        np.testing.assert_array_equal(columns.numbers(found).astype(float), expected)


def test_lists_and_mixed_objects_are_no_column_of_numbers():
    assert columns.kind(column("pandas", [[1], [2]])) == "other"
    assert columns.kind(column("arrow", [[1], [2]])) == "other"
    assert columns.kind(column("list", [1.5, "x"])) == "other"
    assert columns.kind(column("objects", [1.5, "x"])) == "other"


def test_a_series_and_its_index_are_two_columns():
    days = pd.date_range("2024-05-01", periods=2)
    assert list(as_table(pd.Series([1, 2], index=days), "frame").columns) == ["time", "value"]
    named = pd.Series([1, 2], index=days.rename("day"), name="sold")
    assert list(as_table(named, "frame").columns) == ["day", "sold"]
    assert list(as_table(pd.Series([1, 2], name="sold"), "frame").columns) == ["sold"]
    assert list(as_table(pd.DataFrame([[1, 2]]), "frame").columns) == ["0", "1"]


def test_an_index_that_says_something_is_a_column():
    texts = pd.Index(["2024-05-01", "2024-05-02"], name="day")
    named = pd.DataFrame({"sold": [1, 2]}, index=texts)
    assert list(as_table(named, "frame").columns) == ["day", "sold"]
    assert list(as_table(named.rename_axis(None), "frame").columns) == ["sold"]
    with pytest.raises(DataError, match=r"index and column have one name .*sold"):
        as_table(named.rename_axis("sold"), "frame")


def test_periods_and_several_levels_of_an_index_are_columns():
    months = pd.period_range("2024-01", periods=2, freq="M")
    table = as_table(pd.DataFrame({"sold": [1, 2]}, index=months), "frame")
    assert list(table.columns) == ["time", "sold"]
    assert columns.objects(table.columns["time"])[1] == np.datetime64("2024-02-01")
    levels = pd.MultiIndex.from_product(
        [["a"], ["2024-05-01", "2024-05-02"]], names=["shop", "day"]
    )
    table = as_table(pd.DataFrame({"sold": [1, 2]}, index=levels), "frame")
    assert list(table.columns) == ["shop", "day", "sold"]


def test_a_polars_series_is_a_column():
    assert list(as_table(pl.Series("sold", [1, 2]), "frame").columns) == ["sold"]
    assert list(as_table(pl.Series([1, 2]), "frame").columns) == ["value"]


def test_a_lazy_frame_has_no_rows_yet():
    with pytest.raises(ShapeError, match="LazyFrame; its rows"):
        as_table(pl.LazyFrame({"sold": [1, 2]}), "frame")


def test_a_float32_column_is_not_copied():
    values = np.ones(3, dtype=np.float32)
    assert np.shares_memory(columns.numbers(as_table({"c": values}, "frame").columns["c"]), values)


def test_arrays_need_no_frame_library_and_no_download_machinery():
    program = (
        "import sys; import numpy as np; from elman.data import as_panel; "
        "as_panel({'y': np.ones(3), 'time': np.arange(3)}); "
        "assert not {'narwhals', 'pandas', 'urllib.request', 'torch'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
