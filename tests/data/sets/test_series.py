"""The catalogue's time series: what each holds, its parts, and its roles."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from elman.data import as_panel
from elman.data.sets import catalogue
from elman.data.sets.series import describe, holder, load_series, series_names
from elman.errors import ArgumentError, DataError

pytest.importorskip("narwhals", reason="the extra 'train' is not installed")

ALL = {  # series, rows of train, test and all, frequency, season
    "airline": (1, (115,), (29,), (144,), "monthly", 12),
    "beijing-pm25": (1, (35_059,), (8_765,), (43_824,), "hourly", 24),
    "etth1": (7, (11_520,), (2_880,), (17_420,), "hourly", 24),
    "exchange-rates": (8, (6_070,), (1_518,), (7_588,), "by step", 1),
    "m4-hourly": (414, (700, 960), (48,), (748, 1_008), "by step", 24),
    "stocks/aapl": (1, (2_415,), (604,), (3_019,), "by row", 5),
    "stocks/ibm": (1, (2_416,), (604,), (3_020,), "by row", 5),
    "stocks/jpm": (1, (2_416,), (604,), (3_020,), "by row", 5),
    "stocks/msft": (1, (2_415,), (604,), (3_019,), "by row", 5),
    "stocks/sp500": (1, (4_084,), (1_021,), (5_105,), "by row", 5),
    "sunspots": (1, (2_256,), (564,), (2_820,), "monthly", 12),
    "temperatures": (1, (2_920,), (730,), (3_650,), "daily", 7),
}


def test_names():
    assert series_names() == tuple(sorted(ALL))
    for name in series_names():
        assert catalogue.manifest(holder(name)).task == "forecasting"
        assert describe(name).endswith(".")


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_set_has_the_rows_that_its_origin_states(name, real_data):
    count, train, test, rows, frequency, season = ALL[name]
    for part, lengths in (("train", train), ("test", test), (None, rows)):
        panel = load_series(name, part)
        assert len(panel) == count
        assert tuple(np.unique(panel.lengths)) == lengths
        assert panel.frequency.describe() == frequency
        assert panel.frequency.season == season
        assert panel.past.shape[1] == panel.future.shape[1] == panel.static.shape[1] == 0
        assert panel.notes[0] == describe(name)
        assert any("Part" in note for note in panel.notes) == (
            part is not None and name != "m4-hourly"
        )


@pytest.mark.parametrize("name", sorted(ALL))
def test_the_test_part_goes_on_where_the_training_part_ends(name, real_data):
    train, test, whole = (load_series(name, part) for part in ("train", "test", None))
    assert train.names == test.names == whole.names
    for n in range(0, len(whole), 60):
        before, after = train.rows(n), test.rows(n)
        rows = slice(whole.rows(n).start, None)
        for block in ("times", "target"):
            joined = np.concatenate((getattr(train, block)[before], getattr(test, block)[after]))
            np.testing.assert_array_equal(joined, getattr(whole, block)[rows][: len(joined)])


def test_m4_values_are_those_of_the_file(real_data):
    content = catalogue.contents("timeseries", ["m4_hourly_train.csv"])["m4_hourly_train.csv"]
    rows = list(csv.reader(io.StringIO(content.decode())))[1:]
    panel = load_series("m4-hourly", "train")
    assert panel.names == tuple(row[0] for row in rows)
    for n, row in enumerate(rows):
        np.testing.assert_array_equal(
            panel.target[panel.rows(n), 0], [float(v) for v in row[1:] if v]
        )
        assert panel.times[panel.offsets[n]] == 1


def test_etth1_is_one_series_for_each_column(real_data):
    panel = load_series("etth1", "test")
    assert panel.names == ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")
    assert panel.times[0] == np.datetime64("2017-10-24")
    joint = load_series("etth1", "test", joint=True)
    assert joint.target.shape == (2_880, 7)
    np.testing.assert_array_equal(joint.target.T.ravel(), panel.target[:, 0])


def test_missing_days_are_gaps(real_data):
    panel = load_series("temperatures")
    before = np.flatnonzero(panel.gap_before) - 1
    assert panel.times[before].astype("datetime64[D]").astype(str).tolist() == [
        "1984-12-30",
        "1988-12-30",
    ]


def test_missing_values_and_covariates(real_data):
    panel = load_series("beijing-pm25", past=("TEMP", "cbwd"))
    assert np.isnan(panel.target).sum() == 2_067
    assert np.isnan(panel.target[:24]).all()
    assert panel.columns.past == ("TEMP", "cbwd=NE", "cbwd=NW", "cbwd=SE", "cbwd=cv")
    assert panel.past[0].tolist() == [-11, 0, 1, 0, 0]
    assert panel.times[-1] == np.datetime64("2014-12-31T23")


def test_other_columns_of_a_stock(real_data):
    assert load_series("stocks/aapl").target[:2, 0].tolist() == [10.68, 10.71]
    panel = load_series("stocks/ibm", target="Volume", past=["Open"])
    assert panel.columns.target == ("Volume",)
    assert np.isnan(panel.past).sum() == 1  # 31 July 2017


def test_exchange_rates_begin_as_in_the_file(real_data):
    panel = load_series("exchange-rates")
    assert panel.names[::7] == ("Australia", "Singapore")
    assert panel.target[panel.offsets[:-1], 0].tolist() == [
        0.7855, 1.611, 0.861698, 0.634196, 0.211242, 0.006838, 0.593, 0.525486,
    ]  # fmt: skip


def test_what_is_not_there(cache):
    with pytest.raises(ArgumentError, match=r"no data set 'ETTh1'; did you mean etth1\?"):
        load_series("ETTh1")
    with pytest.raises(ArgumentError, match="part: found 'valid'; 'train', 'test' or None"):
        load_series("airline", "valid")
    with pytest.raises(DataError, match="run: elman data get stocks"):
        load_series("stocks/sp500")


def test_a_set_takes_roles_and_an_earlier_panels_columns(real_data):
    pollution = as_panel("beijing-pm25", past=["TEMP", "cbwd"])
    assert pollution.columns.past[0] == "TEMP"
    again = as_panel("beijing-pm25", columns=pollution.columns, categories=pollution.categories)
    assert again.columns == pollution.columns
    joint = as_panel("etth1", joint=True)
    assert len(joint) == 1
    assert as_panel("etth1", columns=joint.columns).columns == joint.columns
    assert len(as_panel("etth1", columns=as_panel("etth1").columns)) == 7
