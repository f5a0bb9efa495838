"""Scores of written sentences, against sacrebleu's own functions and BLEU worked by hand."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest

from elman.errors import ArgumentError, MissingExtraError, ShapeError
from elman.metrics.translation import (
    bleu,
    chrf,
    exact,
    paired_bootstrap,
    references_of,
)

sacrebleu = pytest.importorskip("sacrebleu", reason="needs extra text")
from sacrebleu.significance import PairedTest  # noqa: E402

WORDS = ["the", "a", "cat", "dog", "sat", "ran", "on", "under", "mat", "big", "old", "and", "then"]


def sentences(count: int, seed: int) -> list[str]:
    draws = np.random.default_rng(seed)
    return [" ".join(draws.choice(WORDS, size=draws.integers(4, 12))) for _ in range(count)]


def spoilt(texts: list[str], share: float, seed: int) -> list[str]:
    draws = np.random.default_rng(seed)
    return [
        " ".join(word if draws.random() > share else str(draws.choice(WORDS)) for word in t.split())
        for t in texts
    ]


def test_bleu_by_hand():
    # Of 6 words 5 are right, of 5 pairs 3, of 4 triples 1, of 3 runs of four none, which counts
    # as half of one (the first of exponential smoothing); the lengths are equal.
    score = bleu(["the cat sat on a mat"], ["the cat lay on a mat"])
    wanted = math.exp(np.log([5 / 6, 3 / 5, 1 / 4, 0.5 / 3]).mean())
    assert score.value == pytest.approx(100 * wanted)
    assert score.name == "BLEU"


def test_a_short_answer_is_punished():
    score = bleu(["the cat sat on"], ["the cat sat on the mat"])
    assert score.value == pytest.approx(100 * math.exp(1 - 6 / 4))


def test_they_are_sacrebleus_own_with_its_signature():
    right = sentences(50, 0)
    said = spoilt(right, 0.3, 1)
    ours = bleu(said, right)
    assert ours.value == sacrebleu.corpus_bleu(said, [right]).score
    assert ours.signature.startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:")
    assert chrf(said, right).value == sacrebleu.corpus_chrf(said, [right]).score
    assert "nw:2" in chrf(said, right, word_order=2).signature
    assert bleu([one.upper() for one in right], right, lowercase=True).value == pytest.approx(100)


def test_several_references_and_not_as_many_of_each():
    right = sentences(20, 0)
    other = spoilt(right, 0.5, 1)
    said = spoilt(right, 0.3, 2)
    pairs = list(zip(right, other, strict=True))
    both = bleu(said, pairs)
    assert both.value == sacrebleu.corpus_bleu(said, [right, other]).score
    assert both.value > bleu(said, right).value
    assert both.signature.startswith("nrefs:2|")
    some = [[one, two] if k % 2 else [one] for k, (one, two) in enumerate(pairs)]
    assert bleu(said, some).signature.startswith("nrefs:var|")
    assert bleu(right, some).value == pytest.approx(100)


def test_an_answer_is_exact_as_any_of_its_references():
    assert exact(["a", "b", "c", "c "], [["x", "a"], ["b"], ["C"], ["c"]]) == 0.5


def test_empty_answers_count_as_wrong_and_stop_nothing():
    assert bleu(["", ""], ["the cat sat on", "a mat is here"]).value == 0
    assert chrf(["", ""], ["the cat sat on", "a mat is here"]).value == 0


@pytest.mark.parametrize("metric", ["bleu", "chrf"])
def test_the_paired_bootstrap_is_sacrebleus(metric, monkeypatch):
    monkeypatch.setenv("SACREBLEU_SEED", "7")
    right = sentences(40, 0)
    first, second = spoilt(right, 0.35, 1), spoilt(right, 0.25, 2)
    ours = paired_bootstrap(first, second, right, metric=metric, samples=200, seed=7)
    measure = {"bleu": sacrebleu.metrics.BLEU, "chrf": sacrebleu.metrics.CHRF}[metric]()
    test = PairedTest(
        [("first", first), ("second", second)], {"m": measure}, [right], "bs", n_samples=200
    )
    _, found = test()
    theirs: Any = next(value for name, value in found.items() if name != "System")
    assert ours.p_value == pytest.approx(theirs[1].p_value, abs=1e-9)
    assert (ours.first.value, ours.second.value) == (theirs[0].score, theirs[1].score)
    assert ours.low < ours.difference < ours.high
    assert (ours.samples, ours.seed) == (200, 7)


def test_a_better_system_is_told_from_a_lucky_one():
    right = sentences(200, 0)
    worse, same, better = (
        spoilt(right, share, seed) for share, seed in ((0.4, 1), (0.4, 2), (0.1, 3))
    )
    sure = paired_bootstrap(worse, better, right, samples=200)
    assert sure.p_value < 0.01
    assert sure.low > 0
    unsure = paired_bootstrap(worse, same, right, samples=200)
    assert unsure.p_value > 0.05
    assert unsure.low < 0 < unsure.high
    equal = paired_bootstrap(worse, worse, right, samples=20)
    assert (equal.difference, equal.low, equal.high, equal.p_value) == (0, 0, 0, 1)


@pytest.mark.parametrize(
    ("said", "right", "error", "text"),
    [
        (["a"], ["a", "b"], ShapeError, "2 of them for 1 sentences"),
        ([], [], ShapeError, "no sentence"),
        (["a"], [[]], ShapeError, r"references\[0\]: no sentence"),
        (["a", None], ["a", "b"], ArgumentError, r"hypotheses\[1\]: found None"),
        (["a"], [["a", 3]], ArgumentError, r"references\[0\]: found 3"),
    ],
)
def test_what_cannot_be_scored_is_named(said, right, error, text):
    for call in (bleu, chrf, exact, references_of):
        with pytest.raises(error, match=text):
            call(said, right)


def test_what_cannot_be_compared_is_named():
    with pytest.raises(ArgumentError, match="metric: found 'ter'; one of bleu, chrf"):
        paired_bootstrap(["a"], ["a"], ["a"], metric="ter")
    with pytest.raises(ArgumentError, match="found 0, 1"):
        paired_bootstrap(["a"], ["a"], ["a"], samples=0, seed=1)
    with pytest.raises(ShapeError, match="references"):
        paired_bootstrap(["a"], ["a", "b"], ["a"])


def test_without_sacrebleu_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics.bleu", None)
    with pytest.raises(MissingExtraError, match=r"needs the package 'sacrebleu'.*text"):
        bleu(["a"], ["a"])
