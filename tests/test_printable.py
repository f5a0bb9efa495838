from __future__ import annotations

import json
import pickle

import pytest

from elman.errors import DataError
from elman.printable import printable, printable_json, quoted

OBEYED = "\x00\x07\x08\r\x1b\x7f\x80\x9b\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069"
OBEYED += "\ud800"  # half a pair


@pytest.mark.parametrize("sign", OBEYED)
def test_what_a_terminal_obeys_is_written_out(sign):
    shown = printable(f"a{sign}b")
    assert sign not in shown
    assert shown.isprintable()
    assert shown == f"a{ascii(sign)[1:-1]}b"


def test_all_else_is_left_alone():
    text = "naïve\tcafé\n日本語 עברית العربية 👩‍🚀"
    assert printable(text) == text


def test_json_says_the_same():
    told = {"a\x1b": ["\u202e\x9b", "ü\n"]}
    text = json.dumps(told, ensure_ascii=False, indent=1)
    assert json.loads(printable_json(text)) == told
    assert printable(printable_json(text)) == printable_json(text)
    assert "ü" in printable_json(text)


def test_messages_show_what_was_found_but_stay_short():
    error = DataError("\x1b[2Ja.csv", "x" * 10**6, "\u202e")
    assert error.where == "\x1b[2Ja.csv"
    assert str(error).startswith("\\x1b[2Ja.csv: xxx")
    assert str(error).endswith("\\u202e")
    assert len(str(error)) < 3000
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_many_names_are_listed_in_part():
    names = [f"c{k}" for k in range(100_000)]
    assert quoted(names) == ", ".join(map(repr, names[:12])) + ", ... (100000 in all)"
