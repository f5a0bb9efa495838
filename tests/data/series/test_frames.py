"""Every accepted form of a frame, and that the forms of one content agree."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data import as_panel
from elman.data.series.panel import Columns, Panel
from elman.data.tables.columns import as_table
from elman.errors import ArgumentError, DataError, MissingExtraError, ShapeError

BLOCKS = ("offsets", "times", "steps", "target", "past", "future", "static", "history")


def same(one: Panel, other: Panel) -> None:
    assert (one.names, one.frequency) == (other.names, other.frequency)
    for block in BLOCKS:
        np.testing.assert_array_equal(getattr(one, block), getattr(other, block))


def sales() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "date": pd.date_range("2024-05-01", periods=4).tolist() * 2,
            "shop": ["z"] * 4 + ["a"] * 4,
            "sold": np.arange(8, dtype=np.float32),
            "weather": ["sun", None, "rain", "sun"] * 2,
            "open": [True, False] * 4,
            "staff": [1, 2, 3, 4, 5, 6, 7, 8],
            "country": ["DE"] * 4 + ["FR"] * 4,
            "area": [10.5] * 4 + [20.0] * 4,
        }
    )


ROLES = {
    "series": "shop", "target": "sold", "past": ["weather", "staff"], "future": "open",
    "static": ["country", "area"],
}  # fmt: skip


def test_a_frame_in_long_form():
    panel = as_panel(sales(), **ROLES)
    assert panel.names == ("z", "a")  # as they appear
    assert len(panel) == 2
    assert panel.offsets.tolist() == [0, 4, 8]
    assert panel.columns == Columns(
        "date", "shop", ("sold",), ("weather=rain", "weather=sun", "staff"), ("open",),
        ("country=DE", "country=FR", "area"),
    )  # fmt: skip
    assert panel.categories == {"weather": ("rain", "sun"), "country": ("DE", "FR")}
    assert panel.past[:3].tolist()[0] == [0, 1, 1]
    assert np.isnan(panel.past[1, :2]).all()
    assert panel.past[2].tolist() == [1, 0, 3]
    assert panel.future[:, 0].tolist() == [1, 0] * 4
    assert panel.static.tolist() == [[1, 0, 10.5], [0, 1, 20]]
    assert panel.history.tolist() == [4, 4]
    assert panel.times.dtype == np.dtype("datetime64[us]")
    types_of = [block.dtype for block in (panel.target, panel.past, panel.future, panel.static)]
    assert types_of == [np.float32, np.float64, np.float32, np.float64]
    assert panel.notes == (
        "Times are column 'date' (guessed).",
        "Frequency: daily (inferred).",
        "2 of 8 values of 'weather' are missing.",
    )


def forms_of(frame: pd.DataFrame) -> dict:
    texts = frame.assign(date=frame["date"].dt.strftime("%Y-%m-%d"))
    forms = {
        "arrow": pa.Table.from_pandas(frame, preserve_index=False),
        "categories": frame.astype({"shop": "category", "weather": "category"}),
        "arrow dictionary": pa.Table.from_pandas(
            frame.astype({"shop": "category", "weather": "category"}), preserve_index=False
        ),
        "objects": frame.astype(dict.fromkeys(("shop", "weather", "country"), object)),
        "nullable": frame.convert_dtypes(),
        "texts": texts,
        "texts of arrow": pa.Table.from_pandas(texts, preserve_index=False),
        "nanoseconds": frame.astype({"date": "datetime64[ns]"}),
        "days": frame.assign(date=frame["date"].dt.date),
        "days of arrow": pa.Table.from_pandas(
            frame.assign(date=frame["date"].dt.date), preserve_index=False
        ),
        "index": frame.set_index("date"),
        "nameless index": frame.set_index(pd.DatetimeIndex(frame["date"], name=None)).drop(
            columns="date"
        ),
        "arrays": {name: frame[name].to_numpy() for name in frame},
        "lists": {name: frame[name].tolist() for name in frame},
    }
    return forms


@pytest.mark.parametrize("form", forms_of(sales()))
def test_forms_agree(form):
    same(as_panel(forms_of(sales())[form], **ROLES), as_panel(sales(), **ROLES))


def test_interleaved_rows_are_brought_together():
    frame = sales()
    interleaved = frame.iloc[[0, 4, 1, 5, 2, 6, 3, 7]]
    for form in (interleaved, pa.Table.from_pandas(interleaved, preserve_index=False)):
        same(as_panel(form, **ROLES), as_panel(frame, **ROLES))


@given(st.permutations(range(8)))
def test_shuffled_and_sorted_equals_sorted(order):
    frame = sales().sort_values("shop", key=lambda names: names.map(["z", "a"].index))
    shuffled = frame.iloc[list(order)]
    panel = as_panel(shuffled, **ROLES, repair="sort")
    expected = as_panel(frame, **ROLES)
    same(panel.select([panel.names.index(name) for name in expected.names]), expected)


@given(st.permutations(range(8)), st.lists(st.integers(0, 7), max_size=5))
def test_rows_that_stand_twice_are_dropped(order, again):
    frame = sales()
    doubled = frame.iloc[[*order, *again]]
    panel = as_panel(doubled, **ROLES, repair=["sort", "drop_duplicates"])
    expected = as_panel(frame, **ROLES)
    same(panel.select([panel.names.index(name) for name in expected.names]), expected)
    dropped = [note for note in panel.notes if "dropped" in note]
    rows = f"{len(again)} row{'s' if len(again) != 1 else ''} dropped: their time stood before."
    assert dropped == ([rows] if again else [])


@given(st.integers(2, 4), st.integers(2, 9), st.data())
def test_long_and_wide_agree(series, rows, data):
    values = np.arange(series * rows, dtype=float).reshape(series, rows)
    first = [data.draw(st.integers(0, rows - 2)) for _ in range(series)]
    holes = [data.draw(st.integers(first[n] + 1, rows - 1)) for n in range(series)]
    for n in range(series):
        values[n, : first[n]] = np.nan
        values[n, holes[n]] = np.nan
    days = np.datetime64("2024-05-01") + np.arange(rows)
    names = [f"s{n}" for n in range(series)]
    rain = np.arange(rows, dtype=float)
    wide = {"day": days, "rain": rain, **dict(zip(names, values, strict=True))}
    kept = [slice(n, None) for n in first]
    long = {
        "name": np.concatenate([[names[n]] * (rows - first[n]) for n in range(series)]),
        "day": np.concatenate([days[own] for own in kept]),
        "rain": np.concatenate([rain[own] for own in kept]),
        "value": np.concatenate([values[n, own] for n, own in enumerate(kept)]),
    }
    from_wide = as_panel(wide, target=names, future="rain", frequency="D")
    from_long = as_panel(long, series="name", target="value", future="rain", frequency="D")
    same(from_wide, from_long)
    assert from_wide.columns.target == from_long.columns.target == ("value",)
    assert from_wide.columns.wide == tuple(names)
    left_out = sum(first)
    assert any(f"{left_out} row" in note for note in from_wide.notes) == (left_out > 0)


def test_joint_targets_are_one_series():
    frame = {"time": [1, 2, 3], "a": [1, 2, 3], "b": [4, 5, 6]}
    panel = as_panel(frame, target=["a", "b"], joint=True)
    assert (panel.names, panel.target.tolist()) == (("all",), [[1, 4], [2, 5], [3, 6]])
    assert panel.columns.target == ("a", "b")
    assert panel.columns.wide == ()


def test_arrays_are_series_of_steps():
    panel = as_panel(np.arange(6.0).reshape(3, 2))
    assert (panel.names, panel.frequency.to_text()) == (("0", "1"), "step")
    assert panel.target[:, 0].tolist() == [0, 2, 4, 1, 3, 5]
    assert panel.times.tolist() == [0, 1, 2] * 2
    assert as_panel(np.arange(4, dtype=np.int16)).target.dtype == np.float32
    assert as_panel(np.arange(6.0).reshape(3, 2), target="1", future="0").future.shape == (3, 1)


def test_time_and_target_are_guessed_where_they_are_clear():
    days = ["2024-05-01", "2024-05-02"]
    assert as_panel({"Month": ["1949-01", "1949-02"], "x": [1, 2]}).columns.time == "Month"
    assert as_panel({"when": days, "n": [1, 2]}).columns.time == "when"
    counted = as_panel({"month": [1, 2], "y": [3, 4]})  # a number: not a date
    assert (counted.columns.time, counted.columns.target) == (None, ("y",))
    assert as_panel({"ds": days, "y": [1, 2], "n": [1, 2]}).columns.target == ("y",)
    assert as_panel({"time": [10, 20, 30], "y": [1, 2, 3]}).times.tolist() == [10, 20, 30]
    with pytest.raises(DataError, match="several columns of dates: 'from', 'to'; pass time="):
        as_panel({"to": days, "from": days, "y": [1, 2]})
    with pytest.raises(DataError, match=r"target is not clear: .*'m', 'n'; pass target="):
        as_panel({"ds": days, "m": [1, 2], "n": [1, 2]})


def test_numbers_name_series_too():
    panel = as_panel({"id": [7, 7, 3, 3], "t": [1, 2, 1, 2], "y": [0] * 4}, series="id", time="t",
                     target="y")  # fmt: skip
    assert panel.names == ("7", "3")


def test_roles_and_categories_of_an_earlier_panel_are_kept():
    first = as_panel(sales(), **ROLES)
    later = sales().iloc[[0, 1]].assign(weather="sun", extra=1)
    panel = as_panel(later, columns=first.columns, categories=first.categories)
    assert panel.columns == first.columns
    assert panel.past[:, :2].tolist() == [[0, 1], [0, 1]]
    assert panel.static.tolist() == [[1, 0, 10.5]]
    nothing = as_panel(
        later.assign(weather=None), columns=first.columns, categories=first.categories
    )
    assert np.isnan(nothing.past[:, :2]).all()
    wide = as_panel({"t": [1, 2], "a": [1, 2], "b": [3, 4]}, time="t", target=["a", "b"])
    again = as_panel({"t": [5, 6], "b": [1, 2], "a": [3, 4]}, columns=wide.columns)
    assert again.names == ("a", "b")
    assert as_panel({"t": [5, 6], "c": [1, 2]}, columns=wide.columns, target="c").names == ("c",)


def test_a_panel_passes_or_takes_other_roles():
    panel = as_panel(sales(), **ROLES)
    assert as_panel(panel) is panel
    assert as_panel(panel, columns=panel.columns) is panel
    other = as_panel(panel, target="staff", past="sold")
    assert other.names == panel.names
    assert (other.columns.target, other.columns.past) == (("staff",), ("sold",))
    assert other.columns.series == "shop"
    np.testing.assert_array_equal(other.future, panel.future)
    joint = as_panel({"a": [1, 2], "b": [3, 4]}, target=["a", "b"], joint=True)
    assert as_panel(joint) is joint
    with pytest.raises(DataError, match="column 'weather=rain': is not there"):
        as_panel(other, columns=panel.columns)


def test_a_panel_takes_the_roles_of_training():
    names = {"a": [1, 2, 4], "b": [3, 4, 5], "c": [0, 0, 0]}
    whole = as_panel(names, target=["a", "b", "c"], joint=True)
    trained = as_panel(whole, target="b", past="a")
    assert (trained.names, trained.columns.target) == (("all",), ("b",))
    again = as_panel(whole, columns=trained.columns, frequency=trained.frequency.to_text())
    same(again, as_panel(trained, columns=trained.columns, frequency="step"))
    assert again.columns == trained.columns


def test_paths_and_names_are_read(monkeypatch, tmp_path):
    panel = as_panel(np.arange(5.0))
    monkeypatch.setattr("elman.data.sets.series._SETS", {"sunspots": None, "stocks/aapl": None})
    monkeypatch.setattr("elman.data.sets.series.load_series", lambda name, categories: panel)
    rows = {"time": [1, 2, 2], "y": [1.0, 2.0, 3.0]}
    monkeypatch.setattr(
        "elman.data.tables.reader.read",
        lambda path, texts, dialect: as_table(
            rows, path.name, lambda row: f"{path.name}, line {row + 2}"
        ),
    )
    assert as_panel("sunspots") is panel
    path = tmp_path / "sales.csv"
    path.touch()
    for source in (path, str(path)):
        with pytest.raises(DataError, match=r"^sales.csv, line 4, column 'time': 2 stands"):
            as_panel(source)
    with pytest.raises(ArgumentError, match="did you mean sunspots"):
        as_panel("sunspot")


def test_names_in_a_file_stay_texts_and_lines_are_named(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("shop,day,sold\n007,2024-05-01,1\n007,2024-05-02,2\n07,2024-05-01,3\n")
    assert as_panel(path, series="shop", target="sold").names == ("007", "07")
    path.write_text("shop,day,sold\n007,2024-05-01,1\n007,2024-05-01,2\n")
    with pytest.raises(DataError, match=r"sales.csv, line 3, column 'day', series '007': 2024"):
        as_panel(path, series="shop", target="sold")


def test_float32_is_kept_only_where_all_are_exact_in_it():
    small = np.ones(3, dtype=np.float32)
    frame = {"y": small, "short": np.ones(3, np.int16), "long": np.ones(3, np.int64)}
    narrow = as_panel(frame, target="y", past=["short"])
    assert (narrow.target.dtype, narrow.past.dtype) == (np.float32, np.float32)
    assert as_panel(frame, target="y", past=["short", "long"]).past.dtype == np.float64


@pytest.mark.parametrize("frame", [[1, 2], 5, None, np.zeros((2, 2, 2)), np.array(["a"])])
def test_what_is_no_frame_is_refused(frame):
    with pytest.raises(ShapeError, match="array"):
        as_panel(frame)


def test_a_frame_needs_narwhals(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("narwhals")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "narwhals", None)
    with pytest.raises(MissingExtraError, match=r"narwhals.*pip install .*\[train\]"):
        as_panel(sales(), **ROLES)
    assert len(as_panel({"y": [1.0, 2.0]})) == 1
