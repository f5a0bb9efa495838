"""A codec from texts."""

import sys

import pytest

from elman.errors import ArgumentError, MissingExtraError
from elman.transforms.text import Characters, Steps, Subwords, Words, fit_codec
from elman.transforms.text.fitting import SIZES

TEXTS = ["to be or not to be"]


def test_the_kind_is_asked_for():
    pytest.importorskip("tokenizers")
    kinds = {kind: type(fit_codec(TEXTS, kind)) for kind in SIZES}
    assert kinds == {"words": Words, "characters": Characters, "subwords": Subwords}
    assert all(fit_codec(TEXTS, kind).kind == kind for kind in SIZES)


def test_sizes_count_all_tokens():
    assert len(fit_codec([" ".join(f"w{k}" for k in range(60_000))])) == 50_000
    assert len(fit_codec(TEXTS, size=7)) == 7
    assert fit_codec(TEXTS, min_count=2).tokens[5:] == ("be", "to")
    assert fit_codec(iter(TEXTS), steps=Steps(numbers=False)).placeholders == {"[URL]": 3}


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"kind": "word"}, "did you mean 'words'"),
        ({"size": 5}, "size"),
        ({"size": 2.5}, "size"),
        ({"min_count": 0}, "min_count"),
        ({"kind": "characters", "steps": Steps()}, "steps"),
        ({"kind": "subwords", "size": 258}, "at least 259"),
    ],
)
def test_arguments_are_checked(options, word):
    with pytest.raises(ArgumentError, match=word):
        fit_codec(TEXTS, **options)


@pytest.mark.parametrize("kind", SIZES)
def test_texts_are_checked(kind):
    for texts, word in (("one text", "texts"), (["a", 3], r"texts\[1\]"), (None, "texts")):
        with pytest.raises(ArgumentError, match=word):
            fit_codec(texts, kind)


def test_the_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingExtraError, match=r"text\]"):
        fit_codec(TEXTS, "subwords")
