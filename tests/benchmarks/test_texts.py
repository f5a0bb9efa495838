"""How texts are measured: names by language, whole reviews, words a second."""

from __future__ import annotations

import doctest
import importlib
from collections import Counter

import numpy as np
import pytest

from benchmarks import names, ragged, sentiment
from benchmarks.report import tables, targets
from benchmarks.report import texts as chapter
from benchmarks.suites import text
from elman.data.texts import LabelledTexts
from tests.benchmarks.fakes import point

PLACE = {"processor": "P", "cores": 2, "python": "3.11.7"}


def some(count: int) -> LabelledTexts:
    texts = tuple(f"text {k}" for k in range(count))
    labels = np.array(["a", "b", "b", "b", "b"] * (count // 5))
    return LabelledTexts(texts, labels, tuple(map(str, range(count))), "some")


def test_a_fifth_of_each_class_is_held_out_and_what_is_taken_costs_little():
    assert doctest.testmod(names).failed == 0
    train, test = names.held_out(some(50), seed=0)
    assert Counter(test.labels.tolist()) == {"a": 2, "b": 8}
    assert not {*train.texts} & {*test.texts}
    assert len(train) + len(test) == 50
    reached = {(0.0, 0.0): (0.84, 0.5), (0.5, 0.2): (0.837, 0.6), (0.5, 0.9): (0.835, 0.7)}
    assert names.taken(reached) == (0.5, 0.2)


def test_folds_are_kept_and_not_run_again(monkeypatch, tmp_path):
    ran = []

    def run_fold(data, recipe, seed, number):
        ran.append(number)
        return {"fold": number, "accuracy": 0.5 + number / 10, "baselines": {"majority": 0.5}}

    monkeypatch.setattr(sentiment, "run_fold", run_fold)
    monkeypatch.setattr(sentiment, "RESULTS", tmp_path)
    for numbers in ([1], [0, 1]):
        sentiment.measure("fake", some(50), {"units": 3}, 0, numbers)
    kept = sentiment.load(tmp_path, "fake")
    assert kept is not None
    assert ran == [1, 0]
    assert [one["fold"] for one in kept["seeds"]["0"]["folds"]] == [0, 1]
    assert kept["seeds"]["0"]["accuracy"] == pytest.approx(0.55)
    sentiment.measure("fake", some(50), {"units": 4}, 0, [0])
    assert ran == [1, 0, 0]  # by another recipe


def test_words_a_second_and_their_targets():
    times = {"Elman": 0.5, text.FROZEN: 0.4, text.PACKED: 3.0, text.PADDED: 1.0}
    measured = point(times, about="tagger", size="32xTx150x150", words=1000)
    for each in measured["measurements"]:
        each["processor"] = each["seconds"]
    lines = tables.text_table([measured])
    assert lines[2] == "| tagger | 32 T 150 150 | Elman | 2,000 |  |  |"
    assert lines[4] == "| tagger | 32 T 150 150 | PyTorch, packed | 333 | 6.00× | 6.00× |"
    verdicts = [target.verdict(1) for target in targets.all_targets({"text": [measured]}, "avx2")]
    assert verdicts == ["6.00×: met", "2.00×: met", "**1.25×: missed by 4 %**"]


@pytest.mark.parametrize("task", ragged.NETWORKS)
def test_elman_and_torch_learn_the_same_from_the_same_batches(monkeypatch, task):
    """By the first batch's loss and gradients; of made-up texts and a small table."""
    draws = np.random.default_rng(0)
    rows = [draws.integers(1, 30, n) for n in (5, 2, 7, 1)]
    monkeypatch.setattr(ragged, "VOCABULARY", 30)
    network = ragged.NETWORKS[task]._replace(units=4, words=15)
    monkeypatch.setitem(ragged.NETWORKS, task, network)
    monkeypatch.setattr(ragged, "_words", lambda task: rows)
    elman_nn, words = (importlib.import_module(f"benchmarks.peers.{m}") for m in
                       ("elman_nn", "words"))  # fmt: skip
    for module in (elman_nn, words):
        monkeypatch.setattr(module, "VOCABULARY", 30)
    theirs = words.training(task, True).results()
    for vectors in ("rows", "whole table", "frozen"):
        ours = elman_nn.words(task, vectors).results()
        both = ours.keys() & theirs.keys()
        assert {"loss", "weight_ih_l0_reverse"} <= both
        assert ("embedding" in both) is (vectors != "frozen")
        for name in both:
            np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-4, atol=1e-5)


def test_the_chapter_shows_losses_too(monkeypatch):
    seed = {"seed": 0, "test": {"accuracy": 0.8, "balanced_accuracy": 0.5, "macro_f1": 0.5},
            "alone": {"pool max": {"accuracy": 0.79, "balanced_accuracy": 0.48}},
            "baselines": {"naive Bayes": {"accuracy": 0.82, "balanced_accuracy": 0.45}},
            }  # fmt: skip
    fold = {"fold": 0, "accuracy": 0.75, "baselines": {"naive Bayes": 0.78}, "train_seconds": 30.0}
    folds = sentiment.measured([fold, {**fold, "fold": 1, "accuracy": 0.77}])
    reports = {
        "names": {"median": seed["test"], "seeds": [seed], "environment": PLACE},
        "sentiment": {"seeds": {"0": folds}, "environment": PLACE},
    }
    monkeypatch.setattr(chapter, "load", lambda folder, name: reports.get(name))
    parts = chapter.texts_chapter()
    page = "\n".join(parts)
    assert "| naive Bayes | 82.00 | 45.00 |" in page
    assert "| one network, pool max | 79.00 | 48.00 |" in page
    assert "| **median of 1 seed** | 80.00 | 50.00 |" in page
    assert "| sentences | 2 of 10 | **76.00** (75.00 to 77.00) | 78.00 |" in page
    assert "P, 2 cores." in page
    monkeypatch.setattr(chapter, "load", lambda folder, name: None)
    assert chapter.texts_chapter() == []
