"""Tables of JSON lines: the same columns as from CSV, and an error for each kind of broken line."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from elman.data import as_panel, load
from elman.data.tables.columns import kind
from elman.data.tables.reader import read
from elman.errors import DataError, FormatError


@pytest.fixture
def write(tmp_path):
    def write_file(content: str | bytes, name: str = "t.jsonl"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


def test_kinds_of_columns(write):
    table = read(
        write('{"a": 1, "b": 0.5, "c": "x", "d": true}\n\n{"a": 2, "c": null, "e": "1"}\n')
    )
    assert {name: kind(column) for name, column in table.columns.items()} == {
        "a": "number", "b": "number", "c": "text", "d": "number", "e": "text",
    }  # fmt: skip
    assert table.columns["a"].dtype == np.int64
    assert table.columns["b"].tolist()[0] == 0.5
    assert np.isnan(table.columns["b"][1])
    assert table.columns["c"].tolist() == ["x", None]
    assert table.where(1).endswith("t.jsonl, line 3")
    assert table.field(1, "e") == "1"


def test_whole_numbers_of_64_bits_are_kept(write):
    ids = [2**62 + 1, -(2**63)]
    table = read(write("".join(json.dumps({"id": k}) + "\n" for k in ids)))
    assert table.columns["id"].tolist() == ids


def test_lines_end_at_a_line_feed_only(write):
    said = "one\u2028two\x85three"
    table = read(write(json.dumps({"t": said}, ensure_ascii=False) + '\r\n{"t": "b"}'))
    assert table.columns["t"].tolist() == [said, "b"]


@pytest.mark.parametrize("name", ["t.jsonl", "t.ndjson", "t.jsonl.gz"])
def test_sequences_and_series_from_json_lines(write, name):
    rows = [
        {"series": s, "step": k, "x": 0.5 * k, "label": s} for s in ("a", "b") for k in range(3)
    ]
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path = write(gzip.compress(content) if name.endswith(".gz") else content, name)
    data = load(path)
    assert data.labels.tolist() == ["a", "b"]
    assert data.sequences.values[0, :, 0].tolist() == [0, 0.5, 1]
    assert as_panel(path, series="series", time="step", target="x").names == ("a", "b")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ('{"a": 1}\n[1]\n', "line 2: found a list"),
        ('{"a": 1}\n\n{"a":\n', "line 3: is no JSON (Expecting value, column 6)"),
        ('{"a": 1, "a": 2}\n', "line 1: found the key 'a' twice"),
        ('{"a": {"b": 1, "b": 2}}\n', "line 1: found the key 'b' twice"),
        ('{"a": "x\\ud800"}\n', "line 1, column 'a': found half of a surrogate pair"),
        ('{"a": [{"b": "\\udc00"}]}\n', "line 1, column 'a': found half of a surrogate pair"),
        ('{"a": ' + "9" * 5000 + "}\n", "line 1: is no JSON that can be read"),
        ("[" * 100_000 + "\n", "line 1: is no JSON that can be read"),
        ('{"a": 1}\n{"a": 18446744073709551616}\n', "line 2, column 'a': found 18446744073709551"),
        ("\n\n", "the file is empty"),
        ('{"": 1}\n', "found the columns ''"),
        (b'{"a": "\xe9\xff\x00"}\n', "no UTF-8"),
    ],
)
def test_what_is_broken_is_named(write, content, found):
    with pytest.raises(FormatError) as caught:
        read(write(content))
    assert found in str(caught.value)


def test_a_few_bytes_become_no_large_table(write):
    """A key of its own on each line would make columns as many as rows."""
    content = "".join(f'{{"{k:x}k": 1}}\n' for k in range(20_000))
    with pytest.raises(FormatError, match="unpack to"):
        read(write(content))


def test_a_field_of_another_kind_is_named(write):
    content = '{"series": 1, "step": 1, "x": 1}\n{"series": 1, "step": 2, "x": "hm"}\n'
    with pytest.raises(DataError, match=r"line 2, column 'x': found 'hm'"):
        load(write(content))
