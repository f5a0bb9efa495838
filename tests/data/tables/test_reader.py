"""The reader of tables: the same with and without Arrow, and errors that name the place."""

from __future__ import annotations

import gzip
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.data import as_panel
from elman.data.tables.columns import kind, missing, numbers, objects
from elman.data.tables.reader import parse, read
from elman.errors import DataError, FormatError, MissingExtraError

SALES = """day,shop,units,price
2024-05-01,007,3,1.5
2024-05-02,007,NA,1.5
2024-05-03,007,4,
2024-05-04,008,NaN,2e0
"""


@pytest.fixture
def write(tmp_path):
    def write_file(content: str | bytes, name: str = "sales.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


def columns_of(path, text=()):
    return read(path, texts=lambda names: text).columns


def assert_sales(columns):
    assert list(columns) == ["day", "shop", "units", "price"]
    np.testing.assert_array_equal(numbers(columns["units"]), [3, np.nan, 4, np.nan])
    np.testing.assert_array_equal(numbers(columns["price"]), [1.5, 1.5, np.nan, 2])
    days = np.array(objects(columns["day"]), dtype="datetime64[D]")
    np.testing.assert_array_equal(days, np.arange("2024-05-01", "2024-05-05", dtype="M8[D]"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_dialects_agree(reader, write, delimiter, end, mark):
    text = mark + SALES.replace(",", delimiter).replace("\n", end)
    assert_sales(columns_of(write(text)))
    assert_sales(columns_of(write(gzip.compress(text.encode()), "sales.csv.gz")))


def test_other_names_of_files(reader, write):
    assert_sales(columns_of(write(SALES.replace(",", "\t"), "SALES.TSV")))
    with pytest.raises(FormatError, match=r"sales\.xlsx: is of no format .* or \.parquet"):
        read(write(SALES, "sales.xlsx"))
    with pytest.raises(DataError, match=r"absent\.csv: cannot be read \(No such file"):
        read("absent.csv")


def test_quotes_spaces_and_words_for_missing(reader, write):
    text = ' a , b,name\n"1", 2,"x, ""y"""\n"null",NA,\n N/A ,-inf,NA\n'
    columns = columns_of(write(text))
    np.testing.assert_array_equal(numbers(columns["a"]), [1, np.nan, np.nan])
    np.testing.assert_array_equal(numbers(columns["b"]), [2, np.nan, -np.inf])
    assert objects(columns["name"]).tolist()[::2] == ['x, "y"', "NA"]  # a text may be "NA"
    assert missing(columns["name"]).tolist() == [False, True, False]


def test_columns_asked_for_as_text(reader, write):
    path = write(SALES)
    assert objects(columns_of(path, text=("shop",))["shop"]).tolist() == ["007"] * 3 + ["008"]
    assert numbers(columns_of(path)["shop"]).tolist() == [7, 7, 7, 8]
    assert kind(columns_of(path, text=["day"])["day"]) == "text"
    path = write("name,v\nNA,1\nNA,2\n", "names.csv")
    assert objects(columns_of(path, text=["name"])["name"]).tolist() == ["NA", "NA"]


def rows(count, field):
    """A table of `count` rows, whose second field is what `field` says for a row."""
    return "day,units\n" + "".join(f"{k},{field(k)}\n" for k in range(count))


def test_a_word_among_numbers_is_named_with_its_line(reader, write):
    for count, odd in ((30, 15), (5000, 4000)):  # among the rows that are judged, and after them
        path = write(rows(count, lambda k, odd=odd: "abc" if k == odd else k / 2))
        message = rf"sales\.csv, line {odd + 2}, column 'units': found 'abc'; a number"
        with pytest.raises(DataError, match=message):
            read(path)
    path = write(rows(30, lambda k: "1_000" if k == 3 else k))
    with pytest.raises(DataError, match=r"line 5, column 'units': found '1_000'"):
        read(path)


def test_a_column_of_words_stays_text(reader, write):
    columns = columns_of(write(rows(30, lambda k: "a" if k % 2 else 1)))
    assert kind(columns["units"]) == "text"
    assert objects(columns["units"])[:3].tolist() == ["1", "a", "1"]


def test_a_column_that_begins_after_the_judged_rows(reader, write):
    late = {
        late: columns_of(write(rows(2000, lambda k, late=late: late if k > 1500 else "")))["units"]
        for late in ("7", "sale", "NA")
    }
    assert [kind(column) for column in late.values()] == ["number", "text", "nothing"]
    np.testing.assert_array_equal(numbers(late["7"]), [np.nan] * 1501 + [7] * 499)
    assert missing(late["sale"]).tolist() == [True] * 1501 + [False] * 499
    assert set(objects(late["sale"])[1501:]) == {"sale"}
    assert missing(late["NA"]).all()


def test_a_word_in_a_column_that_begins_late(reader, write):
    path = write(rows(2000, lambda k: ("x" if k == 1700 else k) if k > 1500 else ""))
    with pytest.raises(DataError, match=r"line 1702, column 'units': found 'x'"):
        read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"sales\.csv: the file is empty"),
        ("day,units\n", "found a header and no rows"),
        ("day,day\n1,2\n", "found the columns 'day', 'day'; a header with a name for each"),
        ("day,\n1,2\n", "found the columns 'day', ''"),
        ("2024,3\n2025,4\n", "found '2024', '3', numbers where the columns' names belong"),
        (rows(20, lambda k: "1,2" if k == 9 else 1), r"line 11: found 3 fields; 2 fields"),
        (rows(3000, lambda k: "1,2" if k == 2900 else 1), r"line 2902: found 3 fields"),
        (rows(3000, lambda k: '"x' if k == 2900 else "x"), r"line 3001: not a CSV row"),
        (rows(20, lambda k: "жар").encode("cp1251"), r"line 2: found 0xe6 \(byte 12\).*encoding="),
        (
            rows(3000, lambda k: "жар" if k == 2900 else "a").encode("cp1251"),
            r"line 2902: found 0xe6.* no UTF-8; its encoding=",
        ),
    ],
)
def test_damage_is_named_with_its_line(reader, write, content, message):
    with pytest.raises(FormatError, match=message):
        read(write(content))


def test_a_gzip_file_that_was_cut(reader, write):
    rng = np.random.default_rng(0)
    packed = gzip.compress(rows(50_000, lambda k: rng.random()).encode())
    with pytest.raises(FormatError, match="packed stream is damaged"):
        read(write(packed[: len(packed) // 2], "sales.csv.gz"))


def test_lines_are_those_of_the_file(reader, write):
    text = '\n\nname,units\n"two\nlines",1\n\nb,2\n'
    table = read(write(text, "odd.csv"))
    assert objects(table.columns["name"])[0] == "two\nlines"
    assert [table.where(row).rpartition("/")[2] for row in range(2)] == [
        "odd.csv, line 5",
        "odd.csv, line 7",
    ]


def test_errors_of_a_panel_name_the_line(reader, write):
    path = write("day,units\n2024-05-01,3\n2024-05-03,2\n2024-05-02,2\n")
    with pytest.raises(DataError, match=r"sales\.csv, line 4, column 'day'"):
        as_panel(path)
    assert as_panel(path, repair="sort").target[:, 0].tolist() == [3, 2, 2]


def test_times_with_a_zone_keep_it(reader, write):
    text = "time,v\n2024-05-01T00:00+02:00,1\n2024-05-01T01:00+02:00,2\n2024-05-01T02:00+02:00,3\n"
    panel = as_panel(write(text))
    assert panel.times[0] == np.datetime64("2024-04-30T22:00")
    assert "Times are local in UTC+02:00." in panel.notes


def test_parquet(write, tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="the extra 'parquet' is not installed")
    from pyarrow import parquet

    table = pyarrow.table({"day": [1, 2, 3], "units": [3.0, None, 5.0]})
    parquet.write_table(table, tmp_path / "sales.parquet")
    panel = as_panel(tmp_path / "sales.parquet", time="day")
    np.testing.assert_array_equal(panel.target[:, 0], [3, np.nan, 5])
    with pytest.raises(FormatError, match="is not a whole Parquet file"):
        read(write("PAR1", "cut.parquet"))


def test_parquet_without_pyarrow(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install .*\[parquet\]"):
        read(write("", "sales.parquet"))


def test_a_large_file_read_slowly_says_why(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr("elman.data.tables.reader._LARGE", 10)
    monkeypatch.setattr("elman.data.tables.reader._SMALL", 0)
    path = write(SALES)
    with pytest.warns(
        UserWarning, match=r"csv module, as pyarrow is not installed \(faster: .*pip"
    ):
        read(path)


NUMBERS = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["", "NA", "nan", " 3 ", "1e5", "-.5"]),
)
DATES = st.dates().map(str) | st.just("")
FIELDS = NUMBERS | DATES | st.sampled_from(["a", "1,5", 'q"', "0x1"])


@st.composite
def tables(draw):
    """Rows of two columns, each of numbers, of dates, or of anything."""
    length = draw(st.integers(1, 40))
    kinds = (draw(st.sampled_from([NUMBERS, DATES, FIELDS])) for _ in range(2))
    columns = [draw(st.lists(kind, min_size=length, max_size=length)) for kind in kinds]
    return [*zip(*columns, strict=True)]


def read_both_ways(table):
    """What Arrow makes of a table, and what the csv module does: columns, or an error's text."""
    text = "".join(
        ",".join('"' + field.replace('"', '""') + '"' for field in row) + "\n"
        for row in [("one", "two"), *table]
    ).encode()

    def columns(arrow):
        with pytest.MonkeyPatch.context() as patched:
            if not arrow:
                patched.setitem(sys.modules, "pyarrow", None)
            patched.setattr("elman.data.tables.reader._SMALL", 0)
            try:
                return parse(text, "drawn").columns
            except DataError as error:
                return str(error)

    return columns(arrow=True), columns(arrow=False)


def test_arrow_and_the_csv_module_agree():
    pytest.importorskip("pyarrow", reason="the extra 'parquet' is not installed")
    useful = Counter()

    @given(tables())
    @settings(max_examples=200)
    def law(table):
        fast, slow = read_both_ways(table)
        if isinstance(fast, str) or isinstance(slow, str):
            assert fast == slow
            useful["error"] += 1
            return
        for name in ("one", "two"):
            there = ~missing(slow[name])
            np.testing.assert_array_equal(missing(fast[name]), ~there)
            useful[kind(fast[name])] += there.any()
            if kind(slow[name]) in ("number", "nothing"):
                np.testing.assert_array_equal(numbers(fast[name]), numbers(slow[name]))
            elif kind(fast[name]) == "text":
                np.testing.assert_array_equal(objects(fast[name])[there], slow[name][there])
            else:  # Arrow reads dates, which are texts else
                assert kind(fast[name]) == "time"
                days = slow[name][there].astype("datetime64[D]")
                np.testing.assert_array_equal(objects(fast[name])[there], days)

    law()
    assert min(useful[name] for name in ("number", "text", "time")) >= 15, useful


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("row", ['s150,0,5,"a"b', '"s150,0,5,a', 's150,0,5,a"b"'])
def test_a_quote_within_a_field_is_told_by_its_line(reader, write, end, row):
    rows = [f"s{k // 10},{k % 10},{k},a" for k in range(2000)]
    rows[1500] = row
    if row.startswith('"'):
        rows[1560] = '"' + rows[1560]
    path = write(end.join(["series,step,x,label", *rows]) + end)
    if row.endswith('b"'):  # Python's module takes it for a part of the text
        assert read(path).rows == 2000
        return
    with pytest.raises((FormatError, DataError), match=r"line 15\d\d"):
        read(path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_empty_lines_before_the_header_hold_nothing(reader, write, delimiter):
    text = "\n \n\n" + "series,step,x\na,0,1\na,1,2\n".replace(",", delimiter)
    assert list(read(write(text.replace(" ", ""))).columns) == ["series", "step", "x"]
