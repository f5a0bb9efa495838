"""What may be wrong with pairs: each kind of trouble is counted, and told where it stands."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data import read_pairs
from elman.data.doctor import examined, part_of_pairs
from elman.data.pairs import Pairs
from elman.data.readers.pairs import holds_pairs, holds_tabbed_pairs
from elman.data.readers.shifted import shifted_lines

WORDS = ("one", "seven hundred", "two", "a rather long number", "nine", "thirteen of them")


def sentences(count: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Lines whose length, number and end tell which belong together."""
    draws = np.random.default_rng(seed)
    source, target = [], []
    for _ in range(count):
        said = " ".join(draws.choice(WORDS, draws.integers(1, 6)))
        number, end = draws.integers(0, 50), "?!."[draws.integers(3)]
        source.append(f"{said} {number}{end}")
        target.append(f"{said.upper()} {number} {end}")
    return source, target


def test_facts_of_pairs(tmp_path):
    path = tmp_path / "t.csv"
    long = "x" * 30
    rows = [("a b", "c"), ("a b", "d"), ("e", "e"), ("", "f"), ("g", ""), (long, "y"), ("a b", "c")]
    path.write_text("source,target\n" + "".join(f"{a},{b}\n" for a, b in rows))
    found = examined(part_of_pairs(read_pairs(path)))
    told = found["pairs"]
    assert (found["what"], found["rows"], found["empty"]) == ("pair", 5, 2)
    assert told["empty"] == {"source": 1, "target": 1}
    assert found["duplicates"]["rows"] == 1
    assert (told["copies"]["rows"], told["uneven"]["rows"]) == (1, 1)
    assert told["copies"]["first"] == [f"{path}, line 4"]
    assert told["uneven"]["first"] == [f"{path}, line 7"]
    assert (told["several"]["sources"], told["several"]["most"]) == (1, 2)
    assert told["shifted"] is None
    assert found["lengths"]["source characters"]["1"] == 30
    assert found["lengths"]["source words"]["0.5"] == 2
    said = "\n".join(found["advice"])
    for words in ("1 row with an empty source", "1 row with an empty target", "over 4 times",
                  "1 pair with a target that is its source", "stood there before"):  # fmt: skip
        assert words in said


def test_what_parts_share(tmp_path):
    train = Pairs(["Run!", "Stop."], ["cours", "halte"])
    test = Pairs(["run", "Stop.", "go"], ["cours !", "halte", "va"])
    between = examined(part_of_pairs(train), part_of_pairs(test))["between"]
    assert between["rows"] == 1
    assert (between["sources"]["rows"], between["sources"]["first"]) == (2, ["pair 1", "pair 2"])
    clean = examined(part_of_pairs(train), part_of_pairs(Pairs(["go"], ["va"])))
    assert clean["between"]["sources"]["rows"] == 0
    assert clean["advice"] == []


@pytest.mark.parametrize("by", [1, -1, 2])
def test_lines_between_two_gaps_look_shifted(by):
    source, target = sentences(600)
    assert shifted_lines(source, target) is None
    early, late = (target, source) if by < 0 else (source, target)
    del early[200 : 200 + abs(by)], late[400 : 400 + abs(by)]
    found = shifted_lines(source, target)
    assert found is not None
    assert (abs(found.first - 200) < 5, abs(found.last - 400) < 5) == (True, True)
    assert found.by == -by
    told = examined(part_of_pairs(Pairs(source, target)))
    lacks = "source" if by > 0 else "target"
    assert f"a {lacks} is missing before them" in "\n".join(told["advice"])


@pytest.mark.parametrize("seed", range(5))
def test_chance_shifts_nothing(seed):
    source, _ = sentences(400, seed)
    _, target = sentences(400, seed + 100)
    assert shifted_lines(source, target) is None
    assert shifted_lines(source[:10], target[:10]) is None
    assert shifted_lines(["x"] * 400, ["y"] * 400) is None


def test_which_files_are_of_pairs(tmp_path):
    def holds(name, text):
        path = tmp_path / name
        path.write_text(text)
        return holds_pairs(path), holds_tabbed_pairs(path)

    assert holds("a.csv", "source,target\na,b\n") == (True, False)
    assert holds("b.jsonl", '{"src": "a", "reference": ["b", "c"]}\n') == (True, False)
    assert holds("c.csv", "input,output\n1,2\n") == (False, False)
    assert holds("d.tsv", "a\tb\nc\td\n") == (False, True)
    assert holds("e.tsv", "a\tgood\nb\tgood\nc\tbad\nd\tbad\n") == (False, False)  # labels
    assert holds("f.tsv", "a\t1\nb\t2\n") == (False, False)
    assert holds("g.txt", "one text\n") == (False, False)
    assert holds("h.csv", 'source,target\n"a,b\n') == (False, False)  # damaged
