"""Files of drawings: what they hold, what is wrong with them, and folders of thousands."""

from __future__ import annotations

import json
import re
import zipfile

import numpy as np
import pytest

from elman.data import Drawings, read, read_drawings
from elman.data.readers.drawings import holds_drawings
from elman.errors import ArgumentError, DataError, FormatError

OMNIGLOT = "START\n1,-2,0\n2,-3,10\nBREAK\n5,-5,40\nBREAK\n"
UNIPEN = """.VERSION 1.0
.WRITER_ID anna
.COORD X Y T
.SEGMENT CHARACTER 0 OK "a"
.SEGMENT CHARACTER 2 OK "b"
.PEN_DOWN
1 2 0
3 4 10
.PEN_UP
9 9 20
.PEN_DOWN
5 6 30
"""
WHOLE = UNIPEN.replace("SEGMENT CHARACTER", "SEGMENT LINE")
INKML = """<?xml version="1.0"?>
<ink xmlns="http://www.w3.org/2003/InkML">
<annotation type="writer">eva</annotation>
<traceFormat><channel name="X"/><channel name="Y"/><channel name="T"/></traceFormat>
<trace id="s1">1 2 0, 3 4 10</trace>
<trace id="s2">'1 '1 '5, '1 '0 '5</trace>
<trace id="s3" type="penUp">0 0 0</trace>
<traceGroup><annotation type="truth">x</annotation><traceView traceDataRef="#s1"/></traceGroup>
<traceGroup><annotation type="truth">y</annotation><traceView traceDataRef="#s2"/></traceGroup>
</ink>"""
SVG = """<svg xmlns="http://www.w3.org/2000/svg"><defs><path d="M9 9h9"/></defs>
<g transform="translate(10,0) scale(2)"><path d="M0 0h1v1z"/><line x1="0" y1="0" x2="1" y2="1"/></g>
<polyline points="0,0 1,1 2,0"/><polygon points="0 0 1 0 1 1"/><rect width="3"/></svg>"""


def kept(tmp_path, name, text):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def lists(data: Drawings, row: int = 0):
    return [stroke.round(6).tolist() for stroke in data.strokes(row)]


def test_omniglots_text(tmp_path):
    found = read_drawings(kept(tmp_path, "one.txt", OMNIGLOT))
    assert lists(found) == [[[1, 2], [2, 3]], [[5, 5]]]
    assert found.times[0].tolist() == [0, 0.01, 0.04]
    assert found.notes == ("1 stroke of one point, read as dots",)
    upright = read_drawings(tmp_path / "one.txt", y="down")
    assert lists(upright)[0] == [[1, -2], [2, -3]]


def test_unipens_text(tmp_path):
    found = read_drawings(kept(tmp_path, "one.unp", UNIPEN))
    assert found.labels.tolist() == ["a", "b"]
    assert found.groups.tolist() == ["anna", "anna"]
    assert lists(found, 0) == [[[1, -2], [3, -4]]]
    assert lists(found, 1) == [[[5, -6]]]
    whole = UNIPEN.replace(".SEGMENT CHARACTER", ".SEGMENT LINE").replace(".COORD X Y T\n", "")
    assert len(lists(read_drawings(kept(tmp_path, "two.unp", whole)))) == 2


def test_segments_of_unipen_that_name_no_components_are_of_what_follows(tmp_path):
    digits = """.VERSION 1.0
.COORD X Y
.SEGMENT DIGIT ? "8"
.PEN_DOWN
1 2
3 4
.PEN_UP
.DT 10
.SEGMENT DIGIT ? "9"
.PEN_DOWN
5 6
.PEN_UP
.PEN_DOWN
7 8
.PEN_UP
"""
    found = read_drawings(kept(tmp_path, "one.unp", digits))
    assert found.labels.tolist() == ["8", "9"]
    assert lists(found, 0) == [[[1, -2], [3, -4]]]
    assert lists(found, 1) == [[[5, -6]], [[7, -8]]]


@pytest.mark.parametrize(
    ("before", "after", "told", "left"),
    [
        ("3 4 10", "3 x 10", r"line 8: found 'x'", "b"),
        ("3 4 10", "3", "line 8: found 1 numbers", "b"),
        ("R 2 OK", "R 1-3 OK", "line 5: names the components 1-3", "a"),
        ("R 2 OK", "R 1 OK", "line 5: is of no stroke with the pen down", "a"),
        ("CHARACTER 2 OK", "", "line 5: found no kind of segment", "a"),
    ],
)
def test_one_bad_drawing_of_a_unipen_file_does_not_end_it(tmp_path, before, after, told, left):
    found = read_drawings(kept(tmp_path, "one.unp", UNIPEN.replace(before, after)))
    assert found.labels.tolist() == [left]
    assert len(found.failed) == 1
    assert re.search(told, found.failed[0])
    assert any(note.startswith("1 drawing left out that could not be") for note in found.notes)


@pytest.mark.parametrize("bad", ["{", "[]", '{"drawing": [[[1], [2, 3]]]}', '{"drawing": []}'])
def test_one_bad_line_of_json_does_not_end_it(tmp_path, bad):
    good = json.dumps({"word": "cat", "drawing": [[[0, 5], [1, 6]]]})
    found = read_drawings(kept(tmp_path, "some.ndjson", f"{good}\n{bad}\n{good}\n"))
    assert len(found) == 2
    assert found.ids == ("some/1", "some/3")
    assert len(found.failed) == 1
    assert any(note.startswith("1 drawing left out that could not be") for note in found.notes)


@pytest.mark.parametrize(
    ("lengths", "error", "told"),
    [([3, 4], DataError, r"lengths\[1\]: found 4"), ([3, 0], DataError, r"lengths\[1\]: found 0"),
     ([3.0, 3.0], FormatError, "lengths: found float64"), ([3], FormatError, "2 whole numbers")],
)  # fmt: skip
def test_lengths_of_arrays_fit_them(tmp_path, lengths, error, told):
    np.savez(tmp_path / "x.npz", X=np.ones((2, 3, 3)), lengths=np.array(lengths))
    with pytest.raises(error, match=told):
        read_drawings(tmp_path / "x.npz")


def test_inkml(tmp_path):
    found = read_drawings(kept(tmp_path, "one.inkml", INKML))
    assert found.labels.tolist() == ["x", "y"]
    assert found.groups.tolist() == ["eva", "eva"]
    assert lists(found, 0) == [[[1, 2], [3, 4]]]
    assert lists(found, 1) == [[[1, 1], [2, 1]]]
    assert found.times[1].tolist() == [0.005, 0.01]
    assert any("lifted pen" in note for note in found.notes)


def test_svg(tmp_path):
    found = read_drawings(kept(tmp_path, "one.svg", SVG))
    assert lists(found) == [
        [[10, 0], [12, 0], [12, 2], [10, 0]],
        [[10, 0], [12, 2]],
        [[0, 0], [1, 1], [2, 0]],
        [[0, 0], [1, 0], [1, 1], [0, 0]],
    ]
    assert found.notes == ("1 of rect: no strokes, left out",)


def test_lines_of_json(tmp_path):
    rows = [{"word": w, "drawing": [[[0, 5], [1, 6]], [[3], [4]]]} for w in ("cat", "dog")]
    text = "\n".join(map(json.dumps, rows))
    found = read_drawings(kept(tmp_path, "some.ndjson", text))
    assert found.labels.tolist() == ["cat", "dog"]
    assert lists(found, 1) == [[[0, 1], [5, 6]], [[3, 4]]]


def test_steps_as_arrays_and_coordinates_given_as_steps(tmp_path):
    steps = np.array([[[1, 1, 0], [2, -3, 1], [-3, 1, 0], [9, 9, 9]]], float)
    np.savez(tmp_path / "steps.npz", X=steps, lengths=[3], y=["k"])
    found = read_drawings(tmp_path / "steps.npz")
    assert lists(found) == [[[1, 1], [3, -2]], [[0, -1]]]
    assert found.labels.tolist() == ["k"]
    page = np.random.default_rng(0).uniform(100, 200, (5, 9, 3))
    page[..., 2] = 0
    np.savez(tmp_path / "page.npz", X=page)
    told = read_drawings(tmp_path / "page.npz")
    assert "read as coordinates" in told.notes[0]
    np.testing.assert_allclose(told.points[0], page[0, :, :2])
    asked = read_drawings(tmp_path / "page.npz", coordinates="offsets")
    np.testing.assert_allclose(asked.points[0][-1], page[0, :, :2].sum(axis=0))


def test_a_folder_names_classes_and_drawers_and_one_bad_file_does_not_end_it(tmp_path):
    for letter in ("a", "b"):
        for who in ("01", "02"):
            kept(tmp_path / "set", f"{letter}/0001_{who}.txt", OMNIGLOT)
    kept(tmp_path / "set", "b/0001_03.txt", OMNIGLOT.replace("-3", "nan"))
    kept(tmp_path / "set", "b/0001_04.txt", "START\nBREAK\n")
    found = read_drawings(tmp_path / "set")
    assert found.labels.tolist() == ["a", "a", "b", "b"]
    assert found.groups.tolist() == ["01", "02", "01", "02"]
    assert found.ids[0] == "a/0001_01"
    assert len(found.failed) == 2
    assert "0001_03.txt, line 3: found 'nan'" in found.failed[0]
    assert any(note.startswith("2 files left out") for note in found.notes)
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in sorted((tmp_path / "set").rglob("*.txt")):
            archive.write(path, f"set/{path.relative_to(tmp_path / 'set')}")
    packed = read_drawings(tmp_path / "set.zip")
    assert packed.labels.tolist() == found.labels.tolist()
    assert holds_drawings(tmp_path / "set")
    assert holds_drawings(tmp_path / "set.zip")
    data = read(tmp_path / "set")
    assert data.feature_names == ("x", "y", "dx", "dy", "up")
    assert data.groups.tolist() == found.groups.tolist()


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.txt", OMNIGLOT.replace("2,-3,10", "2,nan,10"), r"a\.txt, line 3: found 'nan'"),
        ("a.txt", OMNIGLOT.replace("2,-3,10", "2;-3"), r"a\.txt, line 3: found '2;-3'"),
        ("a.txt", "START\n", "holds no stroke"),
        ("a.txt", "BEGIN\n", "begins neither"),
        ("a.txt", "", "begins neither"),
        ("a.unp", WHOLE.replace("3 4 10", "3 x 10"), r"a\.unp, line 8: found 'x'"),
        ("a.unp", UNIPEN.replace(".COORD X Y T", ".COORD X T"), "found 'X T'"),
        ("a.inkml", INKML.replace("3 4 10", "3 nan 10"), "line 5: found 'nan'"),
        ("a.inkml", INKML.replace("3 4 10", "3 4"), "line 5: found the point"),
        ("a.inkml", INKML[:200], "is no XML"),
        ("a.inkml", "<html/>", "is XML of <html>"),
        ("a.inkml", '<!DOCTYPE i [<!ENTITY a "aaaa">]><ink>&a;</ink>', "declares an entity"),
        ("a.svg", "<svg><path d='L1 1'/></svg>", "begins with M"),
        ("a.svg", "<svg><path d='M1 1 L2'/></svg>", "2 numbers behind L"),
        ("a.svg", "<svg><path d='M1 1 Lnan 2'/></svg>", "found 'nan'"),
        ("a.svg", "<svg><g transform='spin(3)'/></svg>", "found spin"),
        ("a.svg", "<svg><rect/></svg>", "holds no stroke"),
        ("a.ndjson", '{"drawing": [[[1], [2, 3]]]}', "line 1: found the stroke"),
        ("a.ndjson", "[]", "line 1: has no drawing"),
        ("a.ndjson", '{"drawing": [[[1e999], [2]]]}', "not finite"),
    ],
)
def test_a_file_that_cannot_be_read_names_its_place(tmp_path, name, text, told):
    with pytest.raises((DataError, FormatError), match=told):
        read_drawings(kept(tmp_path, name, text))


def test_what_does_not_fit_is_refused(tmp_path):
    path = kept(tmp_path, "one.txt", OMNIGLOT)
    with pytest.raises(ArgumentError, match="y: found 'left'"):
        read_drawings(path, y="left")
    with pytest.raises(ArgumentError, match="width"):
        read_drawings(path, width=3)
    with pytest.raises(DataError, match="nowhere"):
        read_drawings(tmp_path / "nowhere.txt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no file of drawings"):
        read_drawings(tmp_path / "empty")
    assert not holds_drawings(tmp_path / "empty")
    assert not holds_drawings(kept(tmp_path, "text.txt", "Once upon a time"))
