"""The baselines of a tagger of words."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data.words import as_words
from elman.errors import BundleError
from elman.metrics import perceptron
from elman.metrics.perceptron import Perceptron, fit_perceptron
from elman.metrics.tagging import TagBaselines, fit_tags, tag_card

NOUN, VERB, OTHER = range(3)
SENTENCES = [
    (["the", "run", "ends"], [OTHER, NOUN, VERB]),
    (["they", "run", "home"], [OTHER, VERB, NOUN]),
    (["the", "walk", "ends"], [OTHER, NOUN, VERB]),
    (["they", "run", "."], [OTHER, VERB, OTHER]),
    ([], []),
]
WORDS = as_words([words for words, _ in SENTENCES])
TAGS = [np.array(tags, int) for _, tags in SENTENCES]


@pytest.fixture(scope="module")
def fitted() -> TagBaselines:
    return fit_tags(WORDS, TAGS, 3)


def test_the_most_frequent_tag_of_each_word_and_of_all(fitted):
    new = as_words([["the", "Run", "stops"], []])
    found = fitted.predict(new)["most frequent tag"]
    assert [row.tolist() for row in found] == [[OTHER, VERB, OTHER], []]


def test_the_perceptron_reads_what_stands_around_a_word():
    both = ("run", "walk", "stop", "talk", "cut", "end", "help", "look")
    sentences = [["the", word, "ends"] for word in both] + [["they", word, "."] for word in both]
    tags = [np.array([OTHER, NOUN, VERB])] * 8 + [np.array([OTHER, VERB, OTHER])] * 8
    left_out = [0, 9]
    kept = [n for n in range(16) if n not in left_out]
    learnt = as_words([sentences[n] for n in kept])
    fitted = fit_tags(learnt, [tags[n] for n in kept], 3)
    found = fitted.predict(as_words([sentences[n] for n in left_out]))
    assert [r.tolist() for r in found["averaged perceptron"]] == [[2, 0, 1], [2, 1, 2]]
    assert [r.tolist() for r in found["most frequent tag"]] == [[2, 1, 1], [2, 0, 2]]


def test_the_perceptron_is_the_mean_over_all_moments():
    # One tag of two, one word: wrong once, at the first moment, where all weights are alike.
    found = fit_perceptron([["a"]], [np.array([1])], 2)
    moments = perceptron.EPOCHS
    assert np.allclose(np.abs(found.values), 1 - 1 / moments)
    assert found.predict(["a"]).tolist() == [1]


def test_of_very_many_weights_the_largest_are_kept(monkeypatch):
    whole = fit_tags(WORDS, TAGS, 3).perceptron
    monkeypatch.setattr(perceptron, "LARGEST", 9)
    found = fit_tags(WORDS, TAGS, 3).perceptron
    assert 9 <= len(found.values) < len(whole.values)
    assert np.abs(found.values).min() >= np.sort(np.abs(whole.values))[-9]


def test_scores_beside_each_other(fitted):
    flat = np.concatenate(TAGS)
    cards = fitted.scorecards(WORDS, flat)
    assert cards["averaged perceptron"]["accuracy"] == 1.0
    assert cards["most frequent tag"]["accuracy"] == pytest.approx(11 / 12)
    assert "span_f1" not in cards["most frequent tag"]
    flat[0] = -1
    assert fitted.scores(WORDS, flat)["averaged perceptron"] == pytest.approx(11 / 12)


def test_spans_are_scored_where_tags_are_spans():
    names, lengths = ("B-A", "I-A", "O"), np.array([3, 0, 2])
    true, found = np.array([0, 1, 2, 0, 2]), np.array([0, 2, 2, 0, 2])
    card = tag_card(true, found, np.eye(3)[found], None, lengths, names)
    assert card["span_f1"] == 0.5
    assert card["accuracy"] == 0.8
    assert tag_card(true - 1, found, np.eye(3)[found], None, lengths, names)["span_f1"] is None
    foreign = np.array([-1, -2, 2, 0, 2])  # B-B I-B O: one span that was missed
    card = tag_card(foreign, found, np.eye(3)[found], None, lengths, names, ("B-B", "I-B"))
    assert (card["span_f1"], card["accuracy"]) == (0.5, 0.6)
    one = tag_card(np.array([-1, -1, 2, 0, 2]), found, np.eye(3)[found], None, lengths)
    assert {name: card[name] for name in one} == one  # all other scores know one foreign tag
    odd = tag_card(foreign, found, np.eye(3)[found], None, lengths, names, ("NN", "VB"))
    assert odd["span_f1"] is None
    fitted = fit_tags(as_words([["a", "b"]]), [np.array([0, 1])], 3, names=names)
    again = TagBaselines.from_tensors(fitted.tensors())
    cards = again.scorecards(as_words([["a", "b"], ["a"]]), np.array([0, 1, 0]))
    assert cards["averaged perceptron"]["span_f1"] == 1.0


def test_there_and_back(fitted):
    again = TagBaselines.from_tensors(fitted.tensors())
    new = as_words([["they", "walk", "home", "."]])
    for name, found in fitted.predict(new).items():
        assert (again.predict(new)[name][0] == found[0]).all()


@pytest.mark.parametrize(
    "damage",
    [
        {"usual": np.array([7, 7])},
        {"perceptron.tags": np.array([0], np.int32)},
        {"perceptron.count": np.array([0])},
        {"perceptron.ends": np.zeros(0, np.int64)},
        {"names.offsets": np.array([0, 0])},
    ],
)
def test_damage_is_told(fitted, damage):
    tensors = fitted.tensors()
    with pytest.raises(BundleError):
        TagBaselines.from_tensors({**tensors, **damage})
    for name in tensors:
        with pytest.raises(BundleError):
            TagBaselines.from_tensors({k: v for k, v in tensors.items() if k != name}).predict(
                WORDS
            )


def test_a_perceptron_of_one_tag_says_it():
    found = fit_perceptron([["a", "b"]], [np.array([0, 0])], 1)
    assert Perceptron.from_tensors(found.tensors()).predict(["a", "c"]).tolist() == [0, 0]
