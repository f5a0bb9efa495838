"""Columns of times: every accepted form, zones, and clock changes."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import narwhals.stable.v1 as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from elman.data import as_panel
from elman.data.tables import timestamps
from elman.data.tables.dialect import Dialect
from elman.data.tables.reader import parse
from elman.data.tables.timestamps import looks_like_times, read_times
from elman.errors import ArgumentError, DataError

PARIS = ZoneInfo("Europe/Paris")
HOUR = datetime.timedelta(hours=1)


def place(row: int) -> str:
    return f"row {row}"


def stamps(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[us]")


def texts(*values) -> np.ndarray:
    return np.array(values, dtype=object)


def local_hours(first: datetime.datetime, count: int) -> tuple[list[str], np.ndarray]:
    """Hours of Paris from `first` (UTC) on: local texts without a zone, and UTC."""
    moments = [first + k * HOUR for k in range(count)]
    local = [moment.astimezone(PARIS).strftime("%Y-%m-%d %H:%M") for moment in moments]
    return local, stamps(*(moment.strftime("%Y-%m-%dT%H:%M") for moment in moments))


@pytest.mark.parametrize(
    "column",
    [
        texts("2024-05-01", "2024-05-01 13:30", "2024-05-01T13:30:00.250"),
        np.array(["2024-05-01", "2024-05-01 13:30", "2024-05-01T13:30:00.250"]),
        np.array(["2024-05-01", "2024-05-01T13:30", "2024-05-01T13:30:00.250"], "M8[ms]"),
        texts(datetime.datetime(2024, 5, 1), datetime.datetime(2024, 5, 1, 13, 30),
              datetime.datetime(2024, 5, 1, 13, 30, 0, 250_000)),
    ],
)  # fmt: skip
def test_times_without_a_zone(column):
    times, notes, *_ = read_times(column, place)
    np.testing.assert_array_equal(
        times, stamps("2024-05-01", "2024-05-01T13:30", "2024-05-01T13:30:00.250")
    )
    assert (times.dtype, notes) == (np.dtype("M8[us]"), [])


def test_days_with_dots_are_day_first():
    column = texts("1.2.2024", "31.12.2024 13:30", " 01.01.2025 ")
    times, notes, *_ = read_times(column, place)
    assert (times == stamps("2024-02-01", "2024-12-31T13:30", "2025-01-01")).all()
    assert notes == []
    assert timestamps.looks_like_times(column)
    assert timestamps.about_dots(column) == ("Dates such as 1.2.2024 are read as day.month.year.",)
    assert timestamps.about_dots(texts("2024-02-01")) == ()
    for bad in ("13.13.2024", "2024-01-01x", "1.2.24"):
        with pytest.raises(DataError, match=f"row 1: found {bad!r}; ISO"):
            read_times(texts("1.2.2024", bad), place)


def test_whole_numbers():
    assert read_times(np.array([3.0, 5.0]), place)[0].tolist() == [3, 5]
    assert read_times(texts(3, 5), place)[0].dtype == np.int64
    with pytest.raises(DataError, match=r"row 1: found 5\.5"):
        read_times(np.array([3.0, 5.5]), place)
    with pytest.raises(ArgumentError, match="times are numbers"):
        read_times(np.array([3, 5]), place, timezone="Europe/Paris")


@pytest.mark.parametrize("bad", ["20240501", "01/05/2024", "May 2024", "2024", "", "2024-05-01 +x",
                                 "2024-05-01T10:00+2", "2024-13-01"])  # fmt: skip
def test_other_texts_are_refused_with_their_row(bad, monkeypatch):
    monkeypatch.setattr(timestamps, "_CHUNK", 2)
    column = texts("2024-05-01", "2024-05-02", "2024-05-03", bad, "2024-05-05")
    with pytest.raises(DataError, match=f"^row 3: found {bad!r}; ISO 8601".replace("+", r"\+")):
        read_times(column, place)


@given(st.lists(st.datetimes(), min_size=1, max_size=9), st.integers(1, 4))
def test_iso_texts_are_read_as_python_reads_them(moments, chunk):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timestamps, "_CHUNK", chunk)
        times, *_ = read_times(texts(*(moment.isoformat() for moment in moments)), place)
    assert times.tolist() == moments


aware = st.datetimes(
    min_value=datetime.datetime(1900, 1, 1),
    max_value=datetime.datetime(2100, 1, 1),
    timezones=st.integers(-839, 839).map(
        lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes))
    ),
)


@given(st.lists(aware, min_size=1, max_size=9))
def test_offsets_are_taken_off(moments):
    utc = [moment.astimezone(datetime.UTC).replace(tzinfo=None) for moment in moments]
    for column in (texts(*(moment.isoformat() for moment in moments)), texts(*moments)):
        times, notes, *_ = read_times(column, place, is_days=False)
        assert times.tolist() == utc
        assert "local in" in notes[0] or "in UTC" in notes[0]


def test_ways_to_write_an_offset():
    column = texts("2024-05-01T12:00Z", "2024-05-01 14:00+02", "2024-05-01T08:30-0330")
    times, *_ = read_times(column, place)
    assert (times == stamps("2024-05-01T12:00")).all()


@pytest.mark.parametrize("table", [pd.DataFrame, pa.table])
def test_columns_with_a_zone_come_out_in_utc(table):
    hours = pd.date_range("2024-10-26 22:00", periods=6, freq="h", tz="UTC")
    local = hours.tz_convert("Europe/Paris")
    column = nw.from_native(table({"t": pa.array(local) if table is pa.table else local}))["t"]
    times, notes, *_ = read_times(column, place)
    np.testing.assert_array_equal(times, hours.tz_localize(None).to_numpy())
    assert notes == ["Times are local in Europe/Paris."]


def test_days_keep_their_local_date():
    days = pd.date_range("2024-03-29", periods=4, freq="D", tz="Europe/Paris")
    panel = as_panel(pd.DataFrame({"day": days, "y": 1.0}))
    assert panel.frequency.to_text() == "D"
    np.testing.assert_array_equal(panel.times, days.tz_localize(None).to_numpy())
    assert "Times are days of Europe/Paris; they keep their local date." in panel.notes
    naive = as_panel({"day": ["2024-03-31", "2024-04-01"], "y": [1, 2]}, timezone="Europe/Paris")
    np.testing.assert_array_equal(naive.times, stamps("2024-03-31", "2024-04-01"))
    one = pd.DataFrame({"day": days[:1], "y": 1.0})
    assert as_panel(one, frequency="D").times[0] == stamps("2024-03-29")[0]
    assert as_panel(one, frequency="h").times[0] == stamps("2024-03-28 23:00")[0]


def test_a_zone_in_some_rows_only():
    mixed = texts("2024-05-01T12:00Z", "2024-05-01T13:00")
    with pytest.raises(DataError, match="row 1: 2024-05-01T13:00 has no time zone"):
        read_times(mixed, place)
    moments = texts(datetime.datetime(2024, 5, 1), datetime.datetime(2024, 5, 1, tzinfo=PARIS))
    with pytest.raises(DataError, match=r"row 1: .* has a time zone, the first row has none"):
        read_times(moments, place)


def test_a_zone_that_is_given_is_of_times_without_one():
    times, notes, *_ = read_times(
        texts("2024-05-01T12:00Z", "2024-05-01T13:00Z"), place, timezone="Europe/Paris"
    )
    assert times[0] == np.datetime64("2024-05-01T12:00")
    assert notes == ["Times are local in Europe/Paris."]
    with pytest.raises(ArgumentError, match="no time zone 'Paris'"):
        read_times(texts("2024-05-01T12:00"), place, timezone="Paris")
    with pytest.raises(ArgumentError, match="no column of times"):
        as_panel(np.zeros(3), timezone="Europe/Paris")


@given(st.integers(0, 9000), st.integers(2, 60))
def test_local_hours_in_order_become_utc(start, count):
    local, utc = local_hours(
        datetime.datetime(2023, 10, 1, tzinfo=datetime.UTC) + start * HOUR, count
    )
    assume(local[0] != "2023-10-29 02:00")  # which of the two it is cannot be told
    times, notes, *_ = read_times(texts(*local), place, timezone="Europe/Paris", is_days=False)
    np.testing.assert_array_equal(times, utc)
    assert len(notes) == 1 + ("2023-10-29 02:00" in local)


def test_each_series_has_its_own_order_of_repeated_hours():
    autumn = datetime.datetime(2024, 10, 26, 22, tzinfo=datetime.UTC)
    local, utc = local_hours(autumn, 5)
    for owners, order in (
        (np.repeat([0, 1], 5), np.arange(10)),
        (np.tile([0, 1], 5), np.arange(10).reshape(2, 5).T.ravel()),
    ):
        times, notes, *_ = read_times(
            texts(*np.array(local * 2)[order]), place, timezone="Europe/Paris", owners=owners
        )
        np.testing.assert_array_equal(times, np.tile(utc, 2)[order])
        assert "4 rows in a repeated hour told apart by their order." in notes


def test_quarter_hours_go_back_by_an_hour():
    local = ["01:45", *(f"02:{m:02}" for m in (0, 15, 30, 45)), "02:15", "02:30", "03:00"]
    times, *_ = read_times(
        texts(*(f"2024-10-27 {time}" for time in local)), place, timezone="Europe/Paris"
    )
    minutes = np.diff(times).astype(int) // 60_000_000
    assert minutes.tolist() == [15, 15, 15, 15, 30, 15, 30]


def test_an_hour_that_was_left_out():
    column = texts("2024-03-31 01:00", "2024-03-31 02:30")
    with pytest.raises(DataError, match="row 1: 2024-03-31 02:30 does not exist in Europe/Paris"):
        read_times(column, place, timezone="Europe/Paris")


def test_repeated_hours_out_of_order_are_not_guessed():
    column = texts("2024-10-28 02:00", "2024-10-27 02:00", "2024-10-27 02:00")
    with pytest.raises(DataError, match=r"row 1: .* stands after .*; times in order"):
        read_times(column, place, timezone="Europe/Paris", is_days=False)


@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "Asia/Beirut", "Australia/Lord_Howe", "UTC"])
def test_clocks_that_change_at_midnight_or_by_half_an_hour(zone):
    utc = np.arange(stamps("2017-01-01")[0], stamps("2019-01-01")[0], np.timedelta64(30, "m"))
    local = pd.DatetimeIndex(utc, tz="UTC").tz_convert(zone).tz_localize(None).to_numpy()
    times, *_ = read_times(local, place, timezone=zone)
    np.testing.assert_array_equal(times, utc)


def test_a_clock_change_that_no_one_mentioned():
    local, _ = local_hours(datetime.datetime(2024, 10, 26, 22, tzinfo=datetime.UTC), 5)
    with pytest.raises(DataError, match=r"2024-10-27 02:00 stands a second time.*timezone="):
        as_panel({"time": local, "y": range(5)})
    local, _ = local_hours(datetime.datetime(2024, 3, 30, 22, tzinfo=datetime.UTC), 6)
    panel = as_panel({"time": local, "y": range(6)})
    assert "1 gap of one hour on a Sunday" in panel.notes[-1]
    assert "timezone=" in panel.notes[-1]
    whole = as_panel({"time": local, "y": range(6)}, timezone="Europe/Paris")
    assert not whole.gap_before.any()


def test_what_looks_like_times():
    assert looks_like_times(texts("1949-01", "x"))
    assert looks_like_times(stamps("2024-01-01"))
    assert not looks_like_times(texts("May 2024"))
    assert not looks_like_times(np.array([2024]))


SLASHED = {
    "day,v\n01/02/2024,1\n13/02/2024,2\n": ("2024-02-01", "day-first"),
    "day,v\n1/2/2024 9:05,1\n1/13/2024 9:05,2\n": ("2024-01-02 09:05", "month-first"),
    "day,v\n01/02/2024 1:05 PM,1\n01/31/2024 12:00:30 AM,2\n": ("2024-01-02 13:05", "month-first"),
    "day,v\n01/02/2024 12:05 pm,1\n01/31/2024 12:00 am,2\n": ("2024-01-02 12:05", "month-first"),
}


@pytest.mark.parametrize("text", SLASHED)
def test_days_with_slashes_by_the_number_above_12(text):
    first, order = SLASHED[text]
    table = parse(text.encode(), "t.csv")
    assert table.written == {"dates": order}
    assert "are read as " in table.notes[0]
    times, *_ = read_times(table.columns["day"], table.where)
    assert times[0] == np.datetime64(first)
    frame = np.array([line.split(",")[0] for line in text.splitlines()[1:]], dtype=object)
    times, notes, *_ = read_times(frame, str)  # of a frame likewise
    assert times[0] == np.datetime64(first)
    assert "are read as " in notes[0]


def test_days_with_slashes_that_are_not_certain_are_asked_for():
    for text in (b"day,v\n01/02/2024,1\n02/02/2024,2\n", b"day,v\n01/13/2024,1\n13/01/2024,2\n"):
        table = parse(text, "t.csv")
        with pytest.raises(DataError, match=r"found '01/\d\d/2024'; .*dates='day-first' or dates="):
            read_times(table.columns["day"], table.where)
    table = parse(b"day,v\n01/02/2024,1\n", "t.csv", dialect=Dialect(dates="day-first"))
    assert read_times(table.columns["day"], table.where)[0][0] == np.datetime64("2024-02-01")
    with pytest.raises(ArgumentError, match="dates"):
        Dialect(dates="year-first")
    wrong = parse(b"day,v\n13/13/2024,1\n", "t.csv", dialect=Dialect(dates="day-first"))
    with pytest.raises(DataError, match="line 2"):
        read_times(wrong.columns["day"], wrong.where)
