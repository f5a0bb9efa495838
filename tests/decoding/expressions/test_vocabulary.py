"""Expressions against Python's own `re`, and against all texts of small vocabularies."""

import itertools
import re
import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from elman.decoding.expressions import NEVER, Guide
from elman.errors import ArgumentError

CHARACTERS = "abcé0日 \n_𝄞"
BYTES = [bytes([value]) for value in range(256)]

USUAL = ["a", "b", "é", "𝄞", ".", "日", " ", r"\d", r"\w", r"\s", r"\W", r"\D", r"\S", r"\."]
OTHERS = ["[ab]", "[^a]", "[a-c_]", "[]a]", "[a-]", "[^]]", r"[\d日]", r"[^\w]", r"\x61", r"\u00e9"]
ATOMS = st.sampled_from([*USUAL, *OTHERS, r"\n"])
TIMES = st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{,2}", "{1,}", "{0}", "{0,0}", "{,}"])


def grouped(inner):
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
        st.tuples(inner, TIMES).map(lambda two: f"(?:{two[0]}){two[1]}"),
        inner.map(lambda one: f"({one}|)"),
    )


EXPRESSIONS = st.recursive(ATOMS, grouped, max_leaves=6)


def place_after(guide, tokens):
    place = guide.start
    for token in tokens:
        place = guide.after(place, token)
    return place


@given(EXPRESSIONS, st.lists(st.text(CHARACTERS, max_size=5), min_size=8, max_size=8))
def test_characters_match_as_in_pythons_re(expression, texts):
    try:
        guide = Guide(expression, list(CHARACTERS))
    except ArgumentError:
        assert not any(re.fullmatch(expression, text) for text in texts)
        return
    for text in texts:
        place = place_after(guide, [CHARACTERS.index(one) for one in text])
        assert guide.accepts(place) == bool(re.fullmatch(expression, text)), (expression, text)


@given(EXPRESSIONS, st.lists(st.text(CHARACTERS, max_size=5), min_size=8, max_size=8))
def test_bytes_match_as_in_pythons_re(expression, texts):
    guide = Guide(expression, BYTES)
    for text in texts:
        place = place_after(guide, text.encode())
        assert guide.accepts(place) == bool(re.fullmatch(expression, text)), (expression, text)


@given(EXPRESSIONS, st.binary(max_size=6))
def test_bytes_that_are_no_utf8_never_match(expression, content):
    try:
        content.decode()
    except UnicodeDecodeError:
        assert not Guide(expression, BYTES).accepts(place_after(Guide(expression, BYTES), content))


SETS = [r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", "."]


@pytest.fixture(scope="module")
def sets():
    return {expression: Guide(expression, BYTES) for expression in SETS}


@given(st.characters(exclude_categories=["Cs"]))
def test_sets_hold_what_they_hold_in_re(sets, character):
    for expression, guide in sets.items():
        place = place_after(guide, character.encode())
        assert guide.accepts(place) == bool(re.fullmatch(expression, character))


@given(
    EXPRESSIONS,
    st.lists(st.text("abé0 ", max_size=3), min_size=1, max_size=4),
    st.integers(1, 3),
    st.frozensets(st.integers(0, 3), max_size=2),
)
def test_a_token_is_allowed_if_a_match_can_still_come(expression, pieces, left, required):
    """Against all texts of up to three tokens, listed."""
    required = frozenset(token for token in required if token < len(pieces))
    tokens = [k for k, piece in enumerate(pieces) if piece]
    found = {
        listed: bool(re.fullmatch(expression, "".join(pieces[k] for k in listed)))
        and required <= set(listed)
        for length in range(left + 1)
        for listed in itertools.product(tokens, repeat=length)
    }
    assume(any(found.values()))
    guide = Guide(expression, pieces)
    for length in range(left):
        for before in itertools.product(tokens, repeat=length):
            place = place_after(guide, before)
            if place == 0:
                continue
            wanted = [
                any(found[listed] for listed in found if listed[: length + 1] == (*before, k))
                for k in range(len(pieces))
            ]
            missing = required.difference(before)
            assert guide.allowed(place, left - length, missing).tolist() == wanted


def test_the_distance_is_in_tokens():
    guide = Guide("(abc)+d", ["a", "b", "c", "d", "bc", None, "abcd"])
    assert guide.distance(guide.start) == 1
    assert guide.distance(place_after(guide, [0])) == 2
    assert guide.after(guide.start, 5) == 0
    assert np.flatnonzero(guide.allowed(guide.start, 2)).tolist() == [6]
    assert np.flatnonzero(guide.allowed(guide.start, 3)).tolist() == [0, 6]
    with_ = [guide.distance(guide.start, frozenset({token})) for token in range(7)]
    assert with_ == [3, 4, 4, 2 + 1, 3, NEVER, 1]
    assert guide.distance(guide.start, frozenset({1, 4})) == 6
    assert guide.distance(guide.start, frozenset({0, 3, 6})) == NEVER
    without = Guide("(abc)+d", ["a", "b", "c", "d", "bc", None, "abcd"], left_out=[6, 1])
    assert without.distance(without.start) == 3


def test_no_way_leads_into_a_dead_end():
    """After "ab" only a letter that the vocabulary lacks could follow."""
    guide = Guide("abx|ac", ["a", "b", "c", "ab"])
    assert np.flatnonzero(guide.allowed(guide.start, 9)).tolist() == [0]
    assert np.flatnonzero(guide.allowed(guide.after(guide.start, 0), 9)).tolist() == [2]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("a(", "column 2: found '(' that is not closed"),
        ("(a", "column 1: found '(' that is not closed"),
        ("a)", "column 2: found ')' that closes nothing"),
        ("*a", "column 1: found '*' with nothing to repeat"),
        ("a|*", "nothing to repeat"),
        ("a**", "a repetition of a repetition"),
        ("a+?", "a repetition of a repetition"),
        ("a{3,2}", "found at least 3 and at most 2 times"),
        ("a{2", "without numbers of times"),
        ("a{b}", "without numbers of times"),
        ("a{}", "without numbers of times"),
        ("a{99999}", "found 99999 times"),
        ("a{9999999999999}", "without numbers of times"),
        ("[a", "column 1: found '[' that is not closed"),
        ("[]", "is not closed"),
        ("[b-a]", "a range from 'b' back to 'a'"),
        (r"[\d-z]", "a range from or to a set"),
        ("^a", "a text matches as a whole"),
        ("a$", "a text matches as a whole"),
        ("(?=a)", "a group of a kind"),
        (r"\k", r"found \k"),
        ("a\\", "found \\;"),
        (r"\x6", "2 hexadecimal digits"),
        (r"\U00110000", "up to 10FFFF"),
        (r"(a)\1", r"found \1"),
        ("(" * 60 + "a" + ")" * 60, "groups in each other"),
        ("((a{1000}){1000}){1000}", "steps"),
        ("(a|b)*a(a|b){20}", "states"),
        ("a" * 10_001, "has 10001 characters"),
        (7, "found 7"),
        ("xyz", "no text of this vocabulary matches 'xyz'"),
        ("[^\\w\\W]", "no text of this vocabulary"),
    ],
)
def test_what_is_no_expression_is_said_with_its_column(expression, words):
    with pytest.raises(ArgumentError, match=re.escape(words)):
        Guide(expression, ["a", "b"])


@given(st.text("ab()[]{}|*+?\\^$.-,0d", max_size=12))
def test_any_text_is_an_expression_or_an_error(text):
    try:
        guide = Guide(text, ["a", "b", "0"])
    except ArgumentError:
        return
    with warnings.catch_warnings():  # of what may become a set of sets one day
        warnings.simplefilter("ignore", FutureWarning)
        compiled = re.compile(text)
    for length in range(4):
        for listed in itertools.product(range(3), repeat=length):
            written = "".join("ab0"[k] for k in listed)
            assert guide.accepts(place_after(guide, listed)) == bool(compiled.fullmatch(written))
