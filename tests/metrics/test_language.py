"""The baselines of a language model: the order that serves best, what is said of them, files."""

from __future__ import annotations

import numpy as np
import pytest

from elman.errors import BundleError, ShapeError
from elman.metrics import language
from elman.metrics.language import LanguageBaselines, fit_language
from elman.metrics.witten_bell import fit_ngram_model


def turns(count: int, seed: int = 0) -> np.ndarray:
    """Tokens of which the two before the next one tell it, mostly."""
    draws = np.random.default_rng(seed)
    ids = [0, 1]
    for _ in range(count - 2):
        told = (ids[-1] + 2 * ids[-2]) % 5
        ids.append(told if draws.random() < 0.7 else int(draws.integers(5)))
    return np.array(ids)


def test_the_order_is_chosen_by_what_was_not_counted():
    found = fit_language([turns(3000)], 6, validation=[turns(600, 1)])
    assert found.names == ("unigram", "interpolated 3-gram (Witten-Bell)")
    assert not found.notes
    scores = found.scores([turns(500, 2), turns(10, 3)])
    said = found.log_probabilities(turns(500, 2))
    assert list(scores) == list(said) == list(found.names)
    assert scores[found.names[1]] < 1.2 < 1.5 < scores["unigram"] < 1.7
    each = np.concatenate([found.log_probabilities(turns(n, k))["unigram"] for n, k in
                           ((500, 2), (10, 3))])  # fmt: skip
    assert scores["unigram"] == pytest.approx(-each.mean())


def test_without_a_part_to_choose_by_the_last_tenth_chooses_and_is_counted():
    ids = turns(6000)
    found = fit_language([ids[:500], ids[500:]], 6)
    assert found.model.order == 3
    assert found.fitted_on == found.available == 6000
    assert found.model.counts.sum() == 6000


def test_tokens_that_tell_nothing_of_each_other_have_the_unigram_only():
    ids = np.random.default_rng(0).integers(50, size=400)
    found = fit_language([ids], 50)
    assert found.names == ("unigram",)
    assert list(found.scores([ids])) == ["unigram"]


def test_of_long_texts_some_documents_are_counted_and_this_is_said(monkeypatch):
    monkeypatch.setattr(language, "LARGEST_FIT", 250)
    documents = [np.full(100, k) for k in range(6)]
    found = fit_language(documents, 6)
    assert found.fitted_on == 250
    assert np.sort(found.model.counts).tolist() == [0] * 3 + [50, 100, 100]
    assert found.notes == ("the baselines counted 250 of 600 tokens",)
    again = fit_language(documents, 6)
    assert (again.model.counts == found.model.counts).all()


def test_rare_runs_are_left_out_and_this_is_said(monkeypatch):
    monkeypatch.setattr(language, "MOST_RUNS", 30)
    found = fit_language([turns(3000)], 6)
    assert "leaves out" in found.notes[0]
    again = LanguageBaselines.from_tensors(found.tensors())
    assert again.notes == found.notes
    assert again.names == found.names
    assert again.scores([turns(50, 4)]) == found.scores([turns(50, 4)])


def test_what_is_no_model_file_or_no_token():
    found = fit_language([turns(100)], 5)
    with pytest.raises(BundleError):
        LanguageBaselines.from_tensors({**found.tensors(), "language_facts": np.zeros(3)})
    with pytest.raises(ShapeError, match="no token"):
        found.scores([np.zeros(0, np.int64)])


def test_tiny_shakespeare(real_data):
    text = (real_data / "tiny_shakespeare" / "input.txt").read_text()
    letters = sorted(set(text))
    ids = np.searchsorted(letters, list(text))
    cut = len(ids) * 9 // 10
    said = fit_ngram_model([ids[:cut]], len(letters), 5).log_probabilities(ids[cut:])
    assert -said.mean() == pytest.approx(1.669, abs=5e-4)
    assert len(said) == len(ids) - cut
