"""What a translator is held against: each against its definition, and what travels with a model."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from elman.errors import BundleError, ShapeError
from elman.metrics import translation_memory, word_translation
from elman.metrics.pair_baselines import COPYING, MEMORY, WORD_BY_WORD, PairBaselines, fit_pairs
from elman.metrics.translation_memory import fit_memory
from elman.metrics.word_translation import WordTable, fit_words

PAIRS = [
    ("The house is small.", "Das Haus ist klein."),
    ("The house is old.", "Das Haus ist alt."),
    ("The book is small.", "Das Buch ist klein."),
    ("A book!", "Ein Buch!"),
    ("A house!", "Ein Haus!"),
]
ENGLISH, GERMAN = ([pair[k] for pair in PAIRS] for k in (0, 1))


def random_texts(count: int, seed: int) -> list[str]:
    draws = np.random.default_rng(seed)
    words = ["".join(draws.choice(list("abcdef"), size=draws.integers(1, 5))) for _ in range(60)]
    return [" ".join(draws.choice(words, size=draws.integers(1, 8))) for _ in range(count)]


def test_the_memory_finds_what_scikit_learn_finds():
    known, asked = list(dict.fromkeys(random_texts(300, 0))), random_texts(100, 1)
    # The start and end of a text are letters of their own here: two marks stand for them.
    marked = [[f"<{text}>" for text in texts] for texts in (known, asked)]
    words = TfidfVectorizer(token_pattern=r"\w+", ngram_range=(1, 2), sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    cosines = np.zeros((len(asked), len(known)))
    for vectors, (fitted, new) in ((words, (known, asked)), (letters, marked)):
        matrix: Any = vectors.fit_transform(fitted)
        cosines += (vectors.transform(new) @ matrix.T).toarray()
    found = fit_memory(known, known).nearest(asked)
    best = cosines.max(axis=1)
    assert np.allclose(cosines[np.arange(len(asked)), found], best, atol=1e-5)
    assert len(set(found)) > 50


def test_the_memory_keeps_a_sources_first_answer_and_finds_it():
    memory = fit_memory(["a b", "c d", "a b"], ["1", "2", "3"])
    assert memory.sources == ("a b", "c d")
    assert memory.answers(["c d", "a b", "A  b!", "zzz", ""]) == ["2", "1", "1", "1", "1"]


def test_a_memory_that_is_too_large_is_drawn(monkeypatch):
    monkeypatch.setattr(translation_memory, "MOST_BYTES", 400)
    texts = [f"{k:05}" for k in range(100)]
    memory = fit_memory(texts, texts, seed=3)
    assert len(memory.sources) == 40
    assert memory.sources == tuple(sorted(memory.sources)) != tuple(texts[:40])
    assert memory.sources == fit_memory(texts, texts, seed=3).sources
    baselines = PairBaselines(memory, fit_words(texts, texts))
    assert "one of 40 of 100 sources, drawn at random" in baselines.notes[0]
    long = fit_memory(["x" * 1000], ["y"])
    assert len(long.sources) == 1


def test_common_runs_count_for_nothing_where_there_are_many_texts(monkeypatch):
    monkeypatch.setattr(translation_memory, "_FEW", 2)
    texts = [f"the {k:03}" for k in range(100)]
    index = translation_memory._index_of(texts, 0)
    runs = index.ngrams.counts(["the"])
    assert index.rarity[runs.columns].tolist() == [0]
    assert fit_memory(texts, texts).answers(["the 071"]) == ["the 071"]


def slow_model_1(pairs: list[tuple[str, str]], rounds: int) -> dict[str, str]:
    """IBM's first model as its definition has it, one link at a time."""
    cut = [
        (["", *word_translation.WORD.findall(s.lower())], word_translation.WORD.findall(t.lower()))
        for s, t in pairs
    ]
    chance: dict[tuple[str, str], float] = {(e, f): 1.0 for s, t in cut for e in s for f in t}
    for _ in range(rounds):
        counts: dict[tuple[str, str], float] = defaultdict(float)
        for s, t in cut:
            for f in t:
                total = sum(chance[e, f] for e in s)
                for e in s:
                    counts[e, f] += chance[e, f] / total
        totals: dict[str, float] = defaultdict(float)
        for (e, _), count in counts.items():
            totals[e] += count
        chance = {(e, f): count / totals[e] for (e, f), count in counts.items()}
    best: dict[str, str] = {}
    for (e, f), value in chance.items():
        if e and (e not in best or value > chance[e, best[e]] + 1e-12):
            best[e] = f
    return best


def test_word_by_word_is_ibms_first_model():
    table = fit_words(ENGLISH, GERMAN)
    found = dict(zip(table.words, table.translations, strict=True))
    assert found == slow_model_1(PAIRS, 5)
    assert {"house": "haus", "book": "buch", "small": "klein"}.items() <= found.items()
    pairs = list(zip(random_texts(80, 0), random_texts(80, 1), strict=True))
    sources, targets = ([pair[k] for pair in pairs] for k in (0, 1))
    large, slow = fit_words(sources, targets), slow_model_1(pairs, 5)
    agreed = [slow[w] == t for w, t in zip(large.words, large.translations, strict=True)]
    assert len(agreed) == len(slow)
    assert np.mean(agreed) > 0.95  # ties are broken by rounding


def test_words_keep_their_capitals_and_all_else_its_place():
    table = WordTable(("book", "is", "old", "the"), ("buch", "ist", "alt", "das"), 1, 1)
    assert table.answers(["The  BOOK is, hm, old!", ""]) == ["Das  Buch ist, hm, alt!", ""]


def test_too_many_links_or_words_are_drawn_and_said(monkeypatch):
    monkeypatch.setattr(word_translation, "MOST_LINKS", 60)
    monkeypatch.setattr(word_translation, "MOST_WORDS", 3)
    table = fit_words(ENGLISH, GERMAN, seed=1)
    assert 0 < table.fitted_on < table.available == 5
    assert table.left_out == 9 - 3
    notes = PairBaselines(fit_memory(ENGLISH, GERMAN), table).notes
    assert notes[0].startswith(f"word by word was fitted on {table.fitted_on} of 5 pairs")
    assert notes[1] == "word by word leaves out the 6 rarest words"


def test_texts_without_a_word():
    table = fit_words(["", " "], ["", "x"])
    assert table.words == ()
    assert table.answers(["a b"]) == ["a b"]


def test_all_three_answer_and_travel():
    baselines = fit_pairs(ENGLISH, GERMAN)
    asked = ["A book.", "The house is small.", "Völlig anders"]
    said = baselines.answers(asked)
    assert tuple(said) == baselines.names == (COPYING, MEMORY, WORD_BY_WORD)
    assert said[COPYING] == asked
    assert said[MEMORY][1] == "Das Haus ist klein."
    assert said[WORD_BY_WORD][2] == "Völlig anders"
    assert baselines.notes == ()
    again = PairBaselines.from_tensors(baselines.tensors())
    assert again.answers(asked) == said
    assert again.notes == ()


def test_what_does_not_fit_is_refused():
    for fit in (fit_memory, fit_words, fit_pairs):
        with pytest.raises(ShapeError, match="targets: 1 for 2 sources"):
            fit(["a", "b"], ["c"])
        with pytest.raises(ShapeError, match="at least one"):
            fit([], [])
    tensors = fit_pairs(ENGLISH, GERMAN).tensors()
    for name in tensors:
        with pytest.raises(BundleError, match="baselines"):
            PairBaselines.from_tensors({k: v for k, v in tensors.items() if k != name})
    for name in ("words_to", "memory_targets"):
        cut = {f"{name}_offsets": tensors[f"{name}_offsets"][:-1]}
        with pytest.raises(BundleError, match="baselines"):
            PairBaselines.from_tensors(tensors | cut)
        fewer = {f"{name}_bytes": np.zeros(0, np.uint8), f"{name}_offsets": np.zeros(1, np.int64)}
        with pytest.raises(BundleError, match="do not fit together"):
            PairBaselines.from_tensors(tensors | fewer)
