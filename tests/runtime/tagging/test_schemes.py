"""Which tags may follow each other."""

from __future__ import annotations

import numpy as np
import pytest

from elman.errors import ArgumentError, DataError
from elman.runtime.tagging.schemes import allowed_by, check_paths, scheme_of

PLAIN = ["B-A", "B-B", "I-A", "I-B", "O"]
WHOLE = ["B-A", "E-A", "I-A", "O", "S-A", "S-B"]


def paths(tags: list[str], *texts: str) -> list[np.ndarray]:
    return [np.array([tags.index(one) for one in text.split()], int) for text in texts]


@pytest.mark.parametrize(
    ("scheme", "tags", "text", "step"),
    [
        ("bio", PLAIN, "O B-A I-A B-A B-B I-B", None),
        ("bio", PLAIN, "I-A", 0),
        ("bio", PLAIN, "O I-A", 1),
        ("bio", PLAIN, "B-A I-B", 1),
        ("iob1", PLAIN, "I-A I-A B-A I-B O", None),
        ("iob1", PLAIN, "B-A", 0),
        ("iob1", PLAIN, "I-A B-B", 1),
        ("bioes", WHOLE, "S-A B-A I-A E-A S-B O", None),
        ("bioes", WHOLE, "B-A E-A B-A E-A", None),
        ("bioes", WHOLE, "B-A O", 1),
        ("bioes", WHOLE, "E-A", 0),
        ("bioes", WHOLE, "O I-A", 1),
        ("bioes", WHOLE, "O B-A", 2),
    ],
)
def test_what_each_scheme_allows(scheme, tags, text, step):
    assert allowed_by(scheme, tags).lets(paths(tags, text)[0]) == step


@pytest.mark.parametrize(
    ("tags", "texts", "wanted"),
    [
        (PLAIN, ["B-A I-A O", ""], "bio"),
        (PLAIN, ["I-A I-A O", "I-A B-A"], "iob1"),
        (PLAIN, ["I-A O", "B-A O"], None),
        (WHOLE, ["S-A O B-A E-A"], "bioes"),
        (WHOLE, ["B-A O"], None),
        (["B-A", "E-A"], ["B-A E-A"], None),  # nothing writes a sequence of one step
    ],
)
def test_the_scheme_that_sequences_keep_to(tags, texts, wanted):
    scheme, sentence = scheme_of(tags, paths(tags, *texts))
    assert scheme == wanted
    assert sentence is not None
    assert ("every pair of tags is allowed" in sentence) is (wanted is None)


def test_tags_that_are_no_spans_have_no_scheme():
    assert scheme_of(["NOUN", "VERB"], paths(["NOUN", "VERB"], "NOUN VERB")) == (None, None)


@pytest.mark.parametrize(
    ("scheme", "tags", "said"),
    [
        ("bio", ["NOUN", "O"], "'bio' with the tag 'NOUN'"),
        ("bio", WHOLE, "'bio' with the tag 'E-A'"),
        ("bio", ["O-A", "B-A", "I-A"], "'bio' with the tag 'O-A'"),
        ("bioes", ["B-A", "E-A"], "no sequence of 1 steps"),
    ],
)
def test_tags_that_are_none_of_a_scheme(scheme, tags, said):
    with pytest.raises(ArgumentError, match=said):
        allowed_by(scheme, tags)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("O I-A", r"y\[1\]\[1\]: 'I-A' after 'O'; spans as 'bio' has them"),
        ("I-A", r"y\[1\]\[0\]: 'I-A' at the start"),
    ],
)
def test_a_sequence_that_does_not_keep_to_it(text, said):
    with pytest.raises(DataError, match=said):
        check_paths("bio", allowed_by("bio", PLAIN), PLAIN, paths(PLAIN, "O", text))


def test_a_span_that_does_not_end():
    with pytest.raises(DataError, match=r"y\[0\]\[1\]: the last tag is 'B-A'"):
        check_paths("bioes", allowed_by("bioes", WHOLE), WHOLE, paths(WHOLE, "O B-A"))
