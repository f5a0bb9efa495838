"""What is wrong with a frame is named with row, column and series, or repaired and counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from elman.data import as_panel
from elman.errors import ArgumentError, DataError, ShapeError

FORMS = {
    "pandas": pd.DataFrame,
    "arrow": lambda columns: pa.Table.from_pandas(pd.DataFrame(columns), preserve_index=False),
    "lists": lambda columns: {name: list(values) for name, values in columns.items()},
}


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


def loads(**other) -> dict:
    """Two series of four hours, in which single values can be spoilt."""
    hours = pd.date_range("2024-05-01", periods=4, freq="h")
    return {
        "time": [*hours, *hours],
        "plant": ["a"] * 4 + ["b"] * 4,
        "load": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
    } | other


def spoilt(values: list, **places) -> list:
    """The values with others at some places: `_3=None`."""
    changed = list(values)
    for place, value in places.items():
        changed[int(place[1:])] = value
    return changed


ROLES = {"time": "time", "series": "plant", "target": "load"}
TIMES = loads()["time"]


def refused(frame, match: str, error: type[Exception] = DataError, **options) -> None:
    with pytest.raises(error, match=match):
        as_panel(frame, **(ROLES | options))


def test_rows_out_of_order(form):
    frame = form(loads(time=spoilt(TIMES, _5=TIMES[6], _6=TIMES[5])))
    refused(
        frame,
        "^frame, row 6, column 'time', series 'b': 2024-05-01 01:00 stands after "
        "2024-05-01 02:00; .* repair 'sort'",
    )
    panel = as_panel(frame, **ROLES, repair="sort")
    assert panel.target[:, 0].tolist() == [1, 2, 3, 4, 5, 7, 6, 8]
    assert "Rows of 1 series sorted by time: 1 step went back." in panel.notes


def test_a_time_that_stands_twice(form):
    frame = form(loads(time=spoilt(TIMES, _2=TIMES[1])))
    refused(
        frame,
        "^frame, row 2, column 'time', series 'a': 2024-05-01 01:00 stands a second time; "
        ".* repair 'drop_duplicates' keeps the first.*timezone=",
    )
    panel = as_panel(frame, **ROLES, repair="drop_duplicates")
    assert panel.target[:, 0].tolist() == [1, 2, 4, 5, 6, 7, 8]
    assert "1 row dropped: their time stood before." in panel.notes


def test_series_without_their_column(form):
    frame = form({name: values for name, values in loads().items() if name != "plant"})
    refused(frame, "row 4, .*2024-05-01 stands after", series=None)
    same_times = form({"time": TIMES[:1] * 2, "load": [1.0, 2.0]})
    refused(same_times, "several series need series=", series=None)


def test_a_missing_time_and_a_missing_series(form):
    refused(
        form(loads(time=spoilt(TIMES, _5=None))),
        "^frame, row 5, column 'time', series 'b': the time is missing",
    )
    refused(
        form(loads(plant=spoilt(loads()["plant"], _2=None))),
        "^frame, row 2, column 'plant': the series is missing",
    )


def test_another_frequency_in_another_series(form):
    days = pd.date_range("2024-05-01", periods=5, freq="D")
    frame = form(
        {"time": [*TIMES, *days], "plant": ["a"] * 4 + ["c"] * 4 + ["b"] * 5, "load": range(13)}
    )
    refused(frame, "^frame, column 'time', series 'b': mixed frequencies: .* daily, .* hourly")
    assert as_panel(frame, **ROLES, frequency="h").gap_before.sum() == 4
    assert not as_panel(frame, **ROLES, frequency="rows").gap_before.any()


def test_another_frequency_inside_a_series():
    hours = np.arange(30)
    later = 30 + 2 * np.arange(10)
    times = np.datetime64("2024-05-01", "h") + np.concatenate([hours, later])
    frame = {"time": times, "load": np.arange(40.0)}
    refused(
        frame,
        "^frame, row 31, column 'time': mixed frequencies: hourly before, .* 2 times as far",
        series=None,
    )
    assert as_panel(frame, frequency="h").gap_before.sum() == 9
    finer = np.datetime64("2024-05-01", "m") + np.concatenate([60 * hours, 1741 + np.arange(5)])
    refused(
        {"time": finer, "load": np.arange(35.0)},
        "^frame, row 30, column 'time': 2024-05-02 05:01 is off the grid: hourly.*frequency='rows'",
        series=None,
    )


def test_missing_values_are_counted_and_stay(form):
    panel = as_panel(form(loads(load=spoilt(loads()["load"], _1=None, _6=float("nan")))), **ROLES)
    assert np.flatnonzero(np.isnan(panel.target[:, 0])).tolist() == [1, 6]
    assert "2 of 8 values of 'load' are missing." in panel.notes


def test_infinite_numbers(form):
    frame = form(loads(load=spoilt(loads()["load"], _6=-np.inf)))
    refused(
        frame,
        "^frame, row 6, column 'load', series 'b': found -inf; .* repair 'infinite'",
    )
    panel = as_panel(frame, **ROLES, repair=("infinite",))
    assert np.flatnonzero(np.isnan(panel.target[:, 0])).tolist() == [6]
    assert "1 infinite number in 'load' taken for missing." in panel.notes


def test_numbers_as_text(form):
    texts = ["1.0", "2e0", " 3", "NA", "5", "6", "", "8"]
    frame = form(loads(load=texts))
    refused(frame, "^frame, row 3, column 'load', series 'a': found 'NA'|row 0, .*found '1.0'")
    refused(frame, "repair 'numbers'")
    panel = as_panel(frame, **ROLES, repair="numbers")
    np.testing.assert_array_equal(panel.target[:, 0], [1, 2, 3, 5, 6, np.nan, 8])
    assert "8 texts in 'load' read as numbers." in panel.notes
    assert "2 of 8 values of 'load' are missing." in panel.notes
    as_past = as_panel(form(loads(wind=texts)), **ROLES, past="wind", repair="numbers")
    assert as_past.columns.past == ("wind",)
    refused(form(loads(wind=texts)), "column 'wind'.*repair 'numbers'", past="wind")
    refused(
        form(loads(load=["1", "2", "3", "4", "5", "six", "7", "8"])),
        "row 5, column 'load', series 'b': found 'six'",
        repair="numbers",
    )


def test_a_target_of_texts(form):
    refused(
        form(loads(load=["low", "high"] * 4)),
        "^frame, row 0, column 'load', series 'a': found 'low'; a column of numbers",
    )
    refused(form(loads(load=TIMES)), "row 0, column 'load'.*a column of numbers")


def test_a_covariate_that_is_known_ahead_must_be_whole(form):
    hole = form(loads(holiday=[0.0, None, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]))
    refused(
        hole,
        "^frame, row 1, column 'holiday', series 'a': has a hole at 2024-05-01 01:00",
        future="holiday",
    )
    stops = form(loads(holiday=[0.0] * 6 + [None, None]))
    refused(
        stops,
        "^frame, row 6, column 'holiday', series 'b': ends 2 rows before its series",
        future="holiday",
    )
    refused(
        form(loads(holiday=["no"] * 7 + [None])), "row 7, .*ends 1 row before", future="holiday"
    )
    assert as_panel(hole, **ROLES, past="holiday").past.shape == (8, 1)


def test_a_static_covariate_must_not_change(form):
    refused(
        form(loads(region=["n"] * 4 + ["s", "s", "n", "s"])),
        "^frame, row 6, column 'region', series 'b': changes inside the series",
        static="region",
    )
    refused(
        form(loads(size=[1.0] * 4 + [2.0, None, 2.0, 2.0])),
        "^frame, row 5, column 'size', series 'b': is missing",
        static="size",
    )


def test_columns_that_are_not_there(form):
    refused(
        form(loads()),
        r"^frame, column 'Load': is not there; did you mean 'load'\?",
        target="Load",
    )
    refused(form(loads()), "one of 'time', 'plant', 'load'", past="xyz")
    first = as_panel(form(loads()), **ROLES)
    renamed = {{"load": "loads"}.get(name, name): values for name, values in loads().items()}
    with pytest.raises(DataError, match="column 'load': is not there; did you mean 'loads'"):
        as_panel(form(renamed), columns=first.columns)


@pytest.mark.parametrize("roles", [{"past": "load"}, {"static": "plant"}, {"target": ["load"] * 2}])
def test_a_column_has_one_role(roles):
    refused(loads(), "is used twice", ArgumentError, **roles)


def test_an_unknown_category(form):
    first = as_panel(form(loads(sky=["blue", "grey"] * 4)), **ROLES, past="sky")
    known = {"columns": first.columns, "categories": first.categories}
    panel = as_panel(form(loads(sky=["blue"] * 5 + ["red"] * 3)), **known)
    assert panel.past.tolist() == [[1, 0]] * 5 + [[0, 0]] * 3
    assert "3 values of 'sky' taken as unknown: 'red' stood in no training row." in panel.notes
    refused(form(loads(sky=range(8))), "column 'sky'.* a text: one of blue, grey", **known)


def test_texts_that_are_no_categories(form):
    hours = pd.date_range("2024-05-01", periods=300, freq="h")
    frame = form({"time": hours, "load": range(300), "note": [f"note {k}" for k in range(300)]})
    refused(frame, "column 'note': 300 different texts; at most 256", series=None, past="note")


def test_single_rows(form):
    frame = form({name: [*values[:4], values[4]] for name, values in loads().items()})
    panel = as_panel(frame, **ROLES)
    assert panel.lengths.tolist() == [4, 1]
    assert "Series with a single row: 1." in panel.notes
    alone = form({name: values[:1] for name, values in loads().items()})
    refused(alone, "no series has two rows, .* pass frequency=")
    assert as_panel(alone, **ROLES, frequency="h").lengths.tolist() == [1]


def test_no_rows_and_no_columns(form):
    refused(form({name: values[:0] for name, values in loads().items()}), "no rows", ShapeError)
    refused({}, "no rows", ShapeError)
    refused({"load": [1, 2], "time": [1]}, "'load' has 2, 'time' has 1", ShapeError)
    refused({"load": [[1, 2]]}, r"column 'load': found an array of shape \(1, 2\)", ShapeError)
    refused(pd.DataFrame([[1, 2]], columns=["load", "load"]), "two columns have one name")


def test_gaps_are_counted():
    frame = pd.DataFrame(loads()).drop(index=[1, 5, 6])
    panel = as_panel(frame, **ROLES)
    assert panel.gap_before.tolist() == [False, True, False, False, True]
    assert panel.notes[-1] == (
        "2 gaps in 2 series: 3 steps missing, the first after 2024-05-01 in series 'a'."
    )


def test_days_without_weekends_are_business_days():
    days = pd.bdate_range("2024-04-22", "2024-05-10").drop(pd.Timestamp("2024-05-01"))
    frame = {"date": days, "close": np.arange(len(days), dtype=float)}
    panel = as_panel(frame)
    assert panel.frequency.to_text() == "rows:B"
    assert not panel.gap_before.any()
    assert any("frequency='B' takes" in note and "holidays" in note for note in panel.notes)
    strict = as_panel(frame, frequency="B")
    assert strict.times[strict.gap_before].tolist() == [pd.Timestamp("2024-05-02")]
    by_row = as_panel(frame, frequency="rows")
    assert by_row.frequency.to_text() == "rows:B"
    assert any("by row; times after the end go on every business day" in n for n in by_row.notes)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"repair": "fix"}, "repair: found 'fix'; some of sort, drop_duplicates"),
        ({"frequency": "hourly"}, "frequency: found 'hourly'"),
        ({"frequency": "step"}, "times are dates"),
        ({"target": ()}, "target: found no name"),
    ],
)
def test_options_that_do_not_fit(options, match):
    refused(loads(), match, ArgumentError, **options)


def test_a_frequency_of_dates_needs_dates():
    with pytest.raises(ArgumentError, match="'h', but times are whole numbers; 'step'"):
        as_panel({"time": [1, 2], "y": [1, 2]}, frequency="h")
