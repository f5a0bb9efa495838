"""Pairs of texts from files of lines and from tables."""

from __future__ import annotations

import json

import pytest

from elman.data import as_pairs, read_pairs
from elman.data.pairs import Pairs, held_out_pairs, source_key
from elman.errors import ArgumentError, DataError, FormatError, ShapeError

ENGLISH = ["Run!", "Who are you?", "I have 7 cats.", "We live here.", "No."]
FRENCH = ["Cours !", "Qui es-tu ?", "J'ai 7 chats.", "Nous vivons ici.", "Non."]


def written(folder, name, lines, end="\n"):
    path = folder / name
    path.write_text("\n".join(lines) + end, "utf-8", newline="")
    return path


def test_line_n_of_one_file_belongs_to_line_n_of_the_other(tmp_path):
    pairs = read_pairs(written(tmp_path, "a", ENGLISH), written(tmp_path, "b", FRENCH))
    assert (list(pairs.source), list(pairs.target)) == (ENGLISH, FRENCH)
    assert pairs.notes == ()
    assert pairs.where(1).endswith("line 2")


def test_a_final_newline_more_or_less_is_no_difference(tmp_path):
    plain = written(tmp_path, "a", ENGLISH)
    for end in ("", "\n"):
        assert len(read_pairs(plain, written(tmp_path, "b", FRENCH, end))) == 5
    longer = read_pairs(plain, written(tmp_path, "b", FRENCH, "\n\n"))
    assert list(longer.target) == FRENCH
    assert "an empty last line more" in longer.notes[0]
    assert "an empty last line more" in read_pairs(tmp_path / "b", plain).notes[0]


@pytest.mark.parametrize("lost", [0, 2, 4])
def test_files_of_unequal_length_are_refused_with_the_line_that_looks_shifted(tmp_path, lost):
    source = written(tmp_path, "a", ENGLISH)
    target = written(tmp_path, "b", FRENCH[:lost] + FRENCH[lost + 1 :])
    said = rf"a: 5 lines, and .*b has 4; from line {lost + 1} on they look shifted"
    with pytest.raises(DataError, match=said):
        read_pairs(source, target)
    with pytest.raises(DataError, match=rf"b: 4 lines, .*from line {lost + 1} on"):
        read_pairs(target, source)


def test_pairs_with_an_empty_side_are_left_out_and_counted(tmp_path):
    source = written(tmp_path, "a", ["one", "", "three", " "])
    pairs = read_pairs(source, written(tmp_path, "b", ["un", "deux", "", ""]))
    assert list(pairs.source) == ["one"]
    assert "3 pairs with an empty side left out, first" in pairs.notes[0]
    assert pairs.notes[0].endswith("line 2")
    with pytest.raises(FormatError, match="holds no pair"):
        read_pairs(written(tmp_path, "a", [""]), written(tmp_path, "b", ["un"]))


def test_a_carriage_return_or_another_separator_of_unicode_divides_no_line(tmp_path):
    source = written(tmp_path, "a", ["one\u2028more\r", "two\x0b"])
    assert list(read_pairs(source, written(tmp_path, "b", ["un", "deux"])).source) == [
        "one\u2028more",
        "two\x0b",
    ]


def test_several_files_are_several_references(tmp_path):
    others = [written(tmp_path, "b", ["un", "deux"]), written(tmp_path, "c", ["1", ""])]
    pairs = read_pairs(written(tmp_path, "a", ["one", "two"]), others)
    assert pairs.references == (("un", "1"), ("deux",))
    assert "1 empty reference left out" in pairs.notes[0]
    with pytest.raises(DataError, match=r"2 lines, and .* has 1"):
        read_pairs(tmp_path / "a", [tmp_path / "b", written(tmp_path, "c", ["1"])])


def test_a_tabbed_file_needs_no_header(tmp_path):
    path = written(tmp_path, "fra.txt", ['Go.\tVa !\tCC-BY "1', "Go.\tBouge !\tCC-BY"])
    pairs = read_pairs(path)
    assert pairs.grouped().references == (("Va !", "Bouge !"),)
    assert "has no header: sources are its column 1, targets its column 2" in pairs.notes[0]
    turned = read_pairs(path, source_column="2", target_column="1")
    assert list(turned.source) == ["Va !", "Bouge !"]
    with pytest.raises(FormatError, match=r"line 2: 1 column, with tabs between; at least 2"):
        read_pairs(written(tmp_path, "b.tsv", ["Go.\tVa !", "Run!"]))


@pytest.mark.parametrize("name", ["a.tsv", "a.csv", "a.jsonl"])
def test_a_table_has_columns_of_usual_names_or_of_those_told(tmp_path, name):
    rows = [
        {"n": 1, "Source": "007", "target": "1998-05-03"},
        {"n": 2, "Source": "b", "target": "c"},
    ]
    sign = "\t" if name == "a.tsv" else ","
    lines = [sign.join(rows[0]), *(sign.join(map(str, row.values())) for row in rows)]
    if name == "a.jsonl":
        lines = [json.dumps(row) for row in rows]
    path = written(tmp_path, name, lines)
    assert read_pairs(path).source == ("007", "b")
    assert read_pairs(path).target == ("1998-05-03", "c")
    told = read_pairs(path, source_column="target", target_column="Source")
    assert told.source == ("1998-05-03", "c")
    with pytest.raises(DataError, match=r"no column 'cible' among"):
        read_pairs(path, source_column="Source", target_column="cible")


def test_a_cell_of_a_table_may_list_references(tmp_path):
    rows = [
        {"source": "hi", "references": ["salut", "bonjour"]},
        {"source": "a", "references": [""]},
    ]
    pairs = read_pairs(written(tmp_path, "a.jsonl", [json.dumps(row) for row in rows]))
    assert pairs.references == (("salut", "bonjour"),)
    assert pairs.flat().source == ("hi", "hi")
    assert "1 pair with an empty side" in pairs.notes[0]
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(
        pyarrow.table({"source": ["hi"], "target": [["a", "b"]]}), tmp_path / "a.parquet"
    )
    assert read_pairs(tmp_path / "a.parquet").references == (("a", "b"),)


def test_what_is_no_pair_is_refused(tmp_path):
    path = written(tmp_path, "a.jsonl", ['{"source": "a", "target": 3}'])
    with pytest.raises(DataError, match=r"line 1, column 'target': found 3"):
        read_pairs(path)
    with pytest.raises(DataError, match="there is no such file"):
        read_pairs(tmp_path / "none.csv")
    with pytest.raises(FormatError, match="is no table, and nothing is told"):
        read_pairs(written(tmp_path, "a.en", ENGLISH))
    with pytest.raises(ArgumentError, match="target_column: not given beside the other"):
        read_pairs(path, source_column="source")
    with pytest.raises(ArgumentError, match="sourcecolumn: is no option"):
        read_pairs(path, sourcecolumn="source")
    with pytest.raises(DataError, match="no columns called source and target"):
        read_pairs(written(tmp_path, "b.csv", ["a,b,c", "x,y,z"]))


def test_pairs_of_a_program():
    assert as_pairs(["a"], [["b", "c"]]).references == (("b", "c"),)
    for given, error in (
        (("a", "b"), ShapeError),
        ((["a"], ["b", "c"]), ShapeError),
        (([], []), ShapeError),
        ((["a"], [3]), DataError),
        (([None], ["a"]), DataError),
        ((["a"], [[]]), DataError),
    ):
        with pytest.raises(error):
            as_pairs(*given)
    with pytest.raises(ShapeError, match="as many of both"):
        Pairs(["a"], [])


def test_no_source_stands_in_both_parts():
    source = [f"Word {n % 40}{sign}" for n, sign in zip(range(200), "!?., " * 40, strict=True)]
    source += [text.upper() for text in source] + ["Ｗｏｒｄ 7"]
    parts = held_out_pairs(Pairs(source, source), 0.25, seed=3)
    keys = [{*map(source_key, part.source)} for part in parts[:2]]
    assert len(keys[1]) == 10
    assert not keys[0] & keys[1]
    assert len(parts.train) + len(parts.held_out) == len(source)
    again = held_out_pairs(Pairs(source, source), count=10, seed=3)
    assert again.held_out.source == parts.held_out.source
    assert (
        held_out_pairs(Pairs(source, source), count=10, seed=4).held_out.source
        != parts.held_out.source
    )
    with pytest.raises(ArgumentError, match="leaves one part empty"):
        held_out_pairs(Pairs(source, source), count=40)
    with pytest.raises(ArgumentError, match="one of the two"):
        held_out_pairs(Pairs(source, source))
