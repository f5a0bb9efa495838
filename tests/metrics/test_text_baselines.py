"""The baselines of texts: against scikit-learn's own, by law, in model files, at the extremes."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB

from elman.errors import ArgumentError, BundleError, MissingExtraError, ShapeError
from elman.metrics import text_baselines
from elman.metrics.ngrams import LETTERS, WORDS, choose_unit, fit_ngrams
from elman.metrics.text_baselines import TextBaselines, fit_texts

PATTERN = r"\w+(?:['’]\w+)*|[^\w\s]"
WORD_NAMES = [
    "majority class",
    "naive Bayes on words and pairs of words",
    "logistic regression on TF-IDF of words and pairs of words",
]
FIRST = [
    "the",
    "a",
    "of",
    "and",
    "in",
    "film",
    "story",
    "plot",
    "scene",
    "music",
    "actor",
    "time",
    "man",
    "woman",
]
GOOD, BAD = ["fine", "great", "moving", "funny"], ["dull", "weak", "boring", "loud"]


def reviews(count: int, seed: int = 0, classes: int = 2):
    """Texts whose class a few of their words tell, mostly."""
    draws = np.random.default_rng(seed)
    labels = draws.integers(classes, size=count)
    kinds = [BAD, GOOD, ["red", "green", "blue", "pink"]]
    texts = []
    for label in labels:
        told = kinds[label if draws.random() < 0.9 else (label + 1) % classes]
        words = [*draws.choice(FIRST, draws.integers(3, 12)), *draws.choice(told, 2)]
        texts.append(" ".join(draws.permutation(words)))
    return texts, labels


@pytest.fixture(scope="module")
def parts():
    return reviews(300), reviews(200, seed=1)


def test_both_are_scikit_learns_own(parts):
    (texts, labels), (test, wanted) = parts
    fitted = fit_texts(texts, labels)
    counted = CountVectorizer(token_pattern=PATTERN, ngram_range=(1, 2))
    train, new = counted.fit_transform(texts), counted.transform(test)
    weighted = TfidfTransformer(sublinear_tf=True).fit(train)
    bayes = MultinomialNB().fit(train, labels)
    found = fitted.predict(test)
    assert list(found) == WORD_NAMES == list(fitted.names)
    assert (found[WORD_NAMES[1]] == bayes.predict(new)).all()
    chances = fitted._answers(test)[WORD_NAMES[1]].ranks
    np.testing.assert_allclose(chances, bayes.predict_proba(new), atol=1e-5)
    close = [
        np.abs(
            fitted._answers(test)[WORD_NAMES[2]].ranks
            - LogisticRegression(C=strength, max_iter=100)
            .fit(weighted.transform(train).astype(np.float32), labels)
            .predict_proba(weighted.transform(new))
        ).max()
        for strength in (1.0, 10.0, 100.0)
    ]
    assert min(close) < 0.02
    scores = fitted.scores(test, wanted)
    assert scores[WORD_NAMES[1]] > 0.8
    assert scores[WORD_NAMES[2]] > 0.8
    assert fitted.notes == ()


def test_three_classes_and_classes_that_were_not_learnt():
    texts, labels = reviews(300, classes=3)
    fitted = fit_texts(texts, labels * 2)
    assert fitted.bayes.weight.shape[0] == 3
    test, wanted = reviews(100, seed=1, classes=3)
    found = fitted.predict(test)
    assert set(found[WORD_NAMES[1]].tolist()) <= {0, 2, 4}
    cards = fitted.scorecards(test, wanted * 2)
    assert cards[WORD_NAMES[2]]["accuracy"] > 0.7  # pyright: ignore[reportOptionalOperand]
    unknown = fitted.scorecards(test, np.where(wanted == 1, -1, wanted * 2))
    assert unknown[WORD_NAMES[0]]["roc_auc"] is None


def test_several_labels():
    texts, labels = reviews(300)
    several = np.stack([labels, np.array(["music" in text for text in texts]), labels * 0], axis=1)
    fitted = fit_texts(texts, several)
    assert fitted.multilabel
    found = fitted.predict(texts)
    assert next(iter(found)) == "majority of each label"
    for name in list(found)[1:]:
        assert (found[name][:, :2] == several[:, :2]).mean() > 0.9
        assert (found[name][:, 2] == 0).all()
    assert fitted.scorecards(texts, several)[list(found)[1]]["macro_f1"] is not None


def test_weights_count_as_rows_do():
    texts, labels = reviews(60)
    weight = np.arange(60) % 3
    twice = [text for text, times in zip(texts, weight, strict=True) for _ in range(times)]
    plain = fit_texts(twice, np.repeat(labels, weight))
    weighted = fit_texts(texts, labels, weight)
    same = np.isin(weighted.ngrams.keys, plain.ngrams.keys)
    assert same.all()
    np.testing.assert_allclose(weighted.bayes.weight, plain.bayes.weight, rtol=1e-4)


def test_names_are_told_by_their_letters():
    draws = np.random.default_rng(0)
    endings = ["ov", "sen", "ini"]
    labels = draws.integers(3, size=200)
    texts = ["".join(draws.choice(list("abdegklmr"), 6)) + endings[k] for k in labels]
    assert choose_unit(texts) == LETTERS
    fitted = fit_texts(texts[:150], labels[:150])
    assert fitted.names[1] == "naive Bayes on runs of 1 to 3 letters"
    assert "the baselines count letters" in fitted.notes[0]
    assert min(list(fitted.scores(texts[150:], labels[150:]).values())[1:]) > 0.95


def test_words_and_letters_by_what_comes_again():
    assert choose_unit(reviews(100)[0]) == WORDS
    assert choose_unit(["日本語の文です", "別の文です"]) == LETTERS
    assert choose_unit(["", " "]) == LETTERS


def test_runs_stay_within_their_text_and_their_order_counts():
    ngrams = fit_ngrams(["a b", "b a"], WORDS)
    assert len(ngrams.keys) == 4  # a, b, "a b", "b a"
    first, second = (ngrams.counts([text]) for text in ("a b", "b a"))
    assert set(first.columns) != set(second.columns)
    assert len(ngrams.counts(["a", "b"]).columns) == 2
    assert ngrams.counts(["A  b\u00a0b"]).counts.sum() == 4  # a, b twice, "a b"; "b b" is not known
    letters = fit_ngrams(["ab"], LETTERS)
    assert len(letters.keys) == 4 + 3 + 2  # of ab between two marks


def test_parts_of_many_texts_count_as_one(monkeypatch):
    texts, _ = reviews(50)
    whole, counts = fit_ngrams(texts, WORDS), fit_ngrams(texts, WORDS).counts(texts)
    monkeypatch.setattr("elman.metrics.ngrams._TOGETHER", 40)
    parts = fit_ngrams(texts, WORDS)
    assert (parts.keys == whole.keys).all()
    again = parts.counts(texts)
    for one, other in zip(again, counts, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_most_frequent_runs_are_kept_within_the_bound(monkeypatch):
    texts, labels = reviews(100)
    monkeypatch.setattr(text_baselines, "MOST_WEIGHTS", 30)
    fitted = fit_texts(texts, labels)
    assert len(fitted.ngrams.keys) == 30
    assert sum(array.size for array in fitted.tensors().values()) < 30 * 4 + 20
    assert "know the 30 most frequent runs" in fitted.notes[0]
    kept = fitted.ngrams.counts(["the"])
    assert kept.counts.sum() == 1


def test_a_sample_holds_every_class(monkeypatch):
    texts, labels = reviews(200)
    labels[7] = 2
    monkeypatch.setattr(text_baselines, "LARGEST_FIT", 4000)
    fitted = fit_texts(texts, labels)
    assert fitted.fitted_on < 100
    assert fitted.logistic.weight.shape[0] == 3
    assert f"fitted on {fitted.fitted_on} of 200 texts" in fitted.notes[-1]
    again = fit_texts(texts, labels)
    assert (again.logistic.weight == fitted.logistic.weight).all()


@pytest.mark.parametrize("kind", ["two", "three", "labels", "one", "empty"])
def test_they_travel_in_a_model_file(kind):
    texts, labels = reviews(60, classes=3 if kind == "three" else 2)
    if kind == "labels":
        labels = np.stack([labels, 1 - labels], axis=1)
    if kind == "one":
        labels = np.zeros(60, dtype=int)
    if kind == "empty":
        texts = [" "] * 60
    fitted = fit_texts(texts, labels)
    again = TextBaselines.from_tensors(fitted.tensors())
    for name, found in fitted.predict(["great film", "", "\ud800"]).items():
        assert (again.predict(["great film", "", "\ud800"])[name] == found).all()
    assert again.notes == fitted.notes


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("runs", lambda a: a[::-1]),
        ("runs", lambda a: a.astype(float)),
        ("runs", lambda a: a[:-1]),
        ("classes", lambda a: a[::-1]),
        ("classes", lambda a: np.concatenate([a, a + 5])),
        ("majority", lambda a: np.concatenate([a, a])),
        ("bayes", lambda a: a[:, :-1]),
        ("bayes", lambda a: a * np.nan),
        ("logistic_bias", lambda a: a[None]),
        ("rarity", lambda a: a.astype(int)),
        ("text_facts", lambda a: a + 5),
        ("text_facts", lambda a: a[:2]),
        ("text_facts", None),
    ],
)
def test_damaged_arrays_are_refused(parts, name, change):
    tensors = fit_texts(*parts[0]).tensors()
    if change is None:
        del tensors[name]
    else:
        tensors[name] = change(tensors[name])
    with pytest.raises(BundleError):
        TextBaselines.from_tensors(tensors)


def test_what_does_not_fit_is_refused(monkeypatch):
    with pytest.raises(ShapeError):
        fit_texts(["a"], [0, 1])
    with pytest.raises(ShapeError):
        fit_texts([], [])
    with pytest.raises(ArgumentError, match="class indices"):
        fit_texts(["a"], ["x"])
    with pytest.raises(ArgumentError, match="zeros only"):
        fit_texts(["a"], [0], [0.0])
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(MissingExtraError, match="train"):
        fit_texts(*reviews(20))
