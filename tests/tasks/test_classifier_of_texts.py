"""A classifier of texts: learnt, answered, saved, scored."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import elman
from elman import Classifier, bundle
from elman.errors import ArgumentError, BundleError, DataError
from elman.transforms.text import Words, fit_codec

GOOD, BAD = ("good", "warm", "fun"), ("bad", "dull", "cold")
FAST = {"units": 8, "embedding": 6, "epochs": 8, "learning_rate": 0.03}


def reviews(rows: int, seed: int = 0) -> tuple[list[str], list[str]]:
    draws = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(rows):
        words = ["a", "film", f"of {draws.integers(1, 99)} minutes"][: draws.integers(1, 4)]
        label = ("bad", "good")[draws.integers(2)]
        words += draws.choice(GOOD if label == "good" else BAD, size=draws.integers(1, 3)).tolist()
        draws.shuffle(words)
        texts.append(" ".join(words))
        labels.append(label)
    return texts, labels


@pytest.fixture(scope="module")
def fitted() -> Classifier:
    return Classifier(**FAST).fit(*reviews(150))


def test_it_learns_texts_and_stands_beside_their_baselines(fitted):
    X, y = reviews(60, seed=1)
    assert fitted.score(X, y) > 0.9
    result = fitted.evaluate([*X, "never seen"], [*y, "bad"])
    names = list(result["baselines"])
    assert names[0] == "majority class"
    assert names[1].startswith("naive Bayes")
    assert names[2].startswith("logistic regression on TF-IDF")
    assert any("2 of " in note and "are unknown to it" in note for note in result["notes"])
    chances = fitted.predict_proba(X)
    assert chances.shape == (60, 2)
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-5)


def test_the_codec_is_fitted_on_the_training_part_alone():
    X, y = reviews(60)
    X = [f"{text} w{k}" for k, text in enumerate(X)]  # a word of its own in each
    model = Classifier(**{**FAST, "epochs": 1}).fit(X, y)
    assert model.result_["validation_sequences"] > 0
    own = [
        word for word in model.model_.codec.tokens if word.startswith("w") and word[1:].isdigit()
    ]
    assert len(own) == model.result_["train_sequences"]


def test_the_vocabulary_is_bounded_and_rare_words_are_unknown():
    X, y = reviews(80)
    model = Classifier(**{**FAST, "epochs": 1}, vocabulary=8).fit(X, y)
    assert len(model.model_.codec) == 8
    model = Classifier(**{**FAST, "epochs": 1}, min_count=1000, codec="characters")
    with pytest.raises(DataError, match="no token stands 1000 times"):
        model.fit(X, y)


def test_the_model_file_answers_alike_and_knows_what_is_new(fitted, tmp_path):
    X, y = reviews(20, seed=2)
    fitted.save(tmp_path / "model.elman")
    model = elman.load(tmp_path / "model.elman")
    np.testing.assert_array_equal(model.predict_proba(X), fitted.predict_proba(X))
    assert model.predict(pd.Series(X)).tolist() == model.predict(tuple(X)).tolist()
    assert model.facts()["reads"].startswith("texts as 1")
    new = ["warm, though of 101 minutes"]
    assert model.evaluate(new, ["good"])["seen"] == 0
    assert model.evaluate(reviews(150)[0], reviews(150)[1])["seen"] == 150
    again = Classifier.load(tmp_path / "model.elman").fit(X, y)
    assert again.model_.codec.hash == model.codec.hash


def test_the_answer_after_each_word_ends_with_the_answer(fitted):
    text = "a film of 90 minutes, warm"
    pieces, trace = fitted.model_.pieces(text), fitted.trace(text)
    assert pieces == ["a", "film", "of", "[NUM]", "minutes", ",", "warm"]
    assert trace.shape == (7, 2)
    np.testing.assert_allclose(trace[-1], fitted.predict_proba([text])[0], rtol=1e-5)
    assert fitted.model_.record(text).inputs.shape == (7,)


def test_a_text_without_a_token_is_answered(fitted):
    assert fitted.predict_proba(["", "  ", "?!"]).shape == (3, 2)


def test_another_codec_is_refused(fitted, tmp_path):
    other = fit_codec(["other words"])
    X, y = reviews(20)
    model = Classifier(**FAST, codec=other, warm_start=True)
    model._hold(fitted.model_.bundle, fitted.module_)
    with pytest.raises(ArgumentError, match="the model was trained with a codec of the hash"):
        model.fit(X, y)
    fitted.save(tmp_path / "model.elman")
    found = bundle.load(tmp_path / "model.elman")
    changed = [*found.tensors["codec.bytes"].tolist()]
    changed[-1] = ord("z")
    found.tensors["codec.bytes"] = np.array(changed, np.uint8)
    bundle.save(tmp_path / "other.elman", found)
    with pytest.raises(BundleError, match="codec: "):
        elman.load(tmp_path / "other.elman")


def test_a_codec_of_ones_own_is_kept(tmp_path):
    X, y = reviews(40)
    codec = fit_codec(X, "characters")
    model = Classifier(**{**FAST, "epochs": 1}, codec=codec).fit(X, y)
    assert model.model_.codec.hash == codec.hash
    model.save(tmp_path / "model.elman")
    again = Classifier.load(tmp_path / "model.elman").fit(X, y)
    assert again.model_.codec.hash == codec.hash
    assert isinstance(Classifier(**FAST).fit(X, y).model_.codec, Words)


@pytest.mark.parametrize(
    ("options", "X", "error", "said"),
    [
        ({"codec": "wrods"}, None, ArgumentError, "words"),
        ({"codec": 3}, None, ArgumentError, "codec: found 3"),
        ({"per_step": True}, None, ArgumentError, "per_step"),
        ({"network": lambda i, k: None}, None, ArgumentError, "network"),
        ({}, ["a", None, "b"], DataError, r"X\[1\]: found None"),
        ({}, ["", " "], DataError, "no token stands"),
        ({"embedding": 7}, [np.ones((3, 1))] * 2, ArgumentError, "holds no texts"),
    ],
)
def test_what_cannot_be_learnt_is_named(options, X, error, said):
    given, _ = reviews(20)
    X = given if X is None else X
    model = Classifier(**{"units": 2, "epochs": 1, "validation": None, **options})
    with pytest.raises(error, match=said):
        model.fit(X, (["bad", "good"] * 10)[: len(X)])


def test_features_are_no_texts(fitted):
    with pytest.raises(DataError, match="found no texts"):
        fitted.predict(np.zeros((2, 3, 1)))
    model = Classifier(units=2, epochs=1).fit(np.random.rand(20, 3, 1), [0, 1] * 10)
    with pytest.raises(DataError, match="found texts"):
        model.predict(["a text"])


def test_several_labels_a_text():
    X, y = reviews(60)
    Y = np.array([[label == "good", "film" in text] for text, label in zip(X, y, strict=True)])
    model = Classifier(**{**FAST, "epochs": 2}).fit(X, Y.astype(int))
    assert model.predict(X).shape == (60, 2)
    assert "naive Bayes" in " ".join(model.evaluate(X, Y.astype(int))["baselines"])


def test_texts_may_come_bit_by_bit():
    X, y = reviews(60)
    model = Classifier(**FAST)
    for start in range(0, 60, 20):
        model.partial_fit(X[start : start + 20], y[start : start + 20], classes=["bad", "good"])
    assert model.result_["train_sequences"] == 60


def test_a_table_of_texts(tmp_path):
    X, y = reviews(60)
    frame = pd.DataFrame({"review": X, "stars": y, "note": "none"})
    frame.to_csv(tmp_path / "reviews.csv", index=False)
    model = Classifier(**FAST).fit(tmp_path / "reviews.csv", "stars", text="review")
    again = Classifier(**FAST).fit(frame, "stars")  # a column of a usual name
    np.testing.assert_array_equal(model.predict(frame), again.predict(frame))
    assert model.score(tmp_path / "reviews.csv") > 0.9
    assert model.evaluate(frame)["seen"] == 60


@pytest.mark.parametrize(
    "beside", [{}, {"id": range(12)}, {"day": [f"2024-01-{k + 1:02d}" for k in range(12)]}], ids=str
)
def test_a_table_without_a_usual_column_of_texts_says_how_to_name_it(beside):
    table = pd.DataFrame(
        {**beside, "snippet": ["a good film", "a bad film"] * 6, "stars": [1, 0] * 6}
    )
    model = Classifier(**FAST)
    with pytest.raises(DataError, match=r"where a row is a text.* text='snippet'"):
        model.fit(table, "stars")
    assert model.fit(table, "stars", text="snippet").predict(["a good film"]).shape == (1,)


def test_empty_texts_of_a_table_are_left_out_where_that_is_told(tmp_path):
    X, y = reviews(40)
    path = tmp_path / "reviews.csv"
    pd.DataFrame({"review": [*X, ""], "stars": [*y, "good"]}).to_csv(path, index=False)
    with pytest.raises(DataError, match="line 42"):
        Classifier(**FAST).fit(path, "stars", text="review")
    with pytest.warns(UserWarning, match="1 row without a text left out"):
        model = Classifier(**FAST).fit(path, "stars", text="review", drop_empty=True)
    model.save(tmp_path / "model.elman")
    assert elman.load(tmp_path / "model.elman").reading == {"text": "review", "label": "stars"}


def test_diagnose_reads_texts(fitted):
    X, y = reviews(4, seed=3)
    assert "layer 1" in str(elman.diagnose(fitted, (X, y)))
    assert elman.diagnose(fitted, X) is not None


@pytest.fixture
def vectors(tmp_path):
    """A file of vectors of some of the words, one of them by its small letters alone."""
    draws = np.random.default_rng(0)
    rows = [f"{w} {' '.join(map(str, draws.normal(size=6)))}" for w in ("film", "good", "bad")]
    path = tmp_path / "vectors.txt"
    path.write_text("\n".join([*rows, "unused 1 2 3 4 5 6"]) + "\n")
    return path


def rows_of(path, *words):
    found = {line.split()[0]: line.split()[1:] for line in path.read_text().splitlines()}
    return np.array([found[word] for word in words], dtype=np.float32)


def weights(model, *words):
    places = [model.model_.codec.tokens.index(word) for word in words]
    return model.model_.bundle.weights["body.0.weight"][places]


def test_vectors_of_a_file_are_frozen_or_tuned_or_thawed(vectors):
    X, y = reviews(60)
    X = [text.replace("film", "Film") for text in X]
    options = {**FAST, "epochs": 3, "vectors": vectors, "validation": None}
    said = r"3 of \d+ tokens begin with their vectors of .* \(1 with those of their small letters\)"
    with pytest.warns(UserWarning, match=said):
        frozen = Classifier(**options, frozen=3).fit(X, y)
    np.testing.assert_array_equal(
        weights(frozen, "Film", "good", "bad"), rows_of(vectors, "film", "good", "bad")
    )
    assert re.search(said, frozen.result_["notes"][0])
    with pytest.warns(UserWarning, match=said):
        tuned = Classifier(**options).fit(X, y)
    assert (weights(tuned, "good") != rows_of(vectors, "good")).any()
    with pytest.warns(UserWarning, match=said):
        thawed = Classifier(**options, frozen=2).fit(X, y)
    moved = np.abs(weights(thawed, "good") - rows_of(vectors, "good")).max()
    assert 0 < moved < np.abs(weights(tuned, "good") - rows_of(vectors, "good")).max()
    others = weights(frozen, "warm", "dull")
    assert 0.3 < others.std() / rows_of(vectors, "film", "good", "bad").std() < 3


def test_a_file_of_another_width_is_refused(vectors):
    X, y = reviews(20)
    with pytest.raises(ArgumentError, match=r"embedding: 7, and the vectors of .* have 6 numbers"):
        Classifier(**{**FAST, "embedding": 7}, vectors=vectors).fit(X, y)
    with pytest.raises(ArgumentError, match="vectors: found 3"):
        Classifier(**FAST, vectors=3).fit(X, y)


def test_vectors_travel_in_the_model_file_and_go_on_from_there(vectors, tmp_path):
    X, y = reviews(20)
    with pytest.warns(UserWarning, match="begin with their vectors"):
        model = Classifier(**{**FAST, "epochs": 1}, vectors=vectors, frozen=1).fit(X, y)
    model.save(tmp_path / "model.elman")
    vectors.unlink()
    again = Classifier.load(tmp_path / "model.elman").fit(X, y)
    np.testing.assert_array_equal(weights(again, "good"), weights(model, "good"))


def test_words_that_are_not_used_keep_their_vectors():
    X, y = reviews(40)
    model = Classifier(**{**FAST, "epochs": 1}, validation=None).fit(X, y)
    model.set_params(warm_start=True)
    before = weights(model, *model.model_.codec.tokens).copy()
    model.fit(["good film", "bad film"] * 4, ["good", "bad"] * 4)
    moved = (weights(model, *model.model_.codec.tokens) != before).any(axis=1)
    tokens = np.array(model.model_.codec.tokens)
    assert sorted(tokens[moved]) == ["bad", "film", "good"]


def test_tokens_are_dropped_only_where_something_is_unknown():
    X, y = reviews(40)
    first, second = (
        Classifier(**{**FAST, "epochs": 2}, word_dropout=0.3, seed=3).fit(X, y) for _ in range(2)
    )
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    assert "0.3 unknown in training" in first.model_.blueprint.describe()
    codec = fit_codec(X, "subwords", size=300)
    assert codec.reads_all
    with pytest.raises(ArgumentError, match="word_dropout"):
        Classifier(**FAST, codec=codec, word_dropout=0.3).fit(X, y)


@pytest.mark.parametrize("pool", ["mean", "max", "attention"])
def test_every_pool_reads_texts(pool):
    X, y = reviews(150)
    model = Classifier(**FAST, pool=pool, bidirectional=True, input_dropout=0.1).fit(X, y)
    X, y = reviews(40, seed=1)
    assert model.score(X, y) > 0.9
    np.testing.assert_allclose(model.trace(X[0])[-1], model.predict_proba(X[:1])[0], rtol=1e-5)


def test_a_text_is_answered_alike_alone_and_among_others_in_any_order(fitted):
    texts = ["a film of 90 minutes, warm", "", "dull", "warm and funny " * 40, "?!"]
    together = fitted.predict_proba(texts)
    for text, chances in zip(texts, together, strict=True):
        assert (fitted.predict_proba([text])[0] == chances).all()
    assert (fitted.predict_proba(texts[::-1]) == together[::-1]).all()


@pytest.mark.parametrize("pool", ["last", "max"])
def test_long_texts_are_learnt_within_a_budget_and_give_the_same_network(pool):
    X, y = reviews(24)
    X[5], X[8] = " ".join(X * 12), " ".join(X * 30)
    assert len(X[8].split()) > 2700
    given = {"units": 3, "embedding": 3, "epochs": 1, "validation": None, "pool": pool}
    given |= {"baselines": False, "batch_size": 4, "optimizer": "momentum"}
    whole, budget = (Classifier(**given, memory=memory).fit(X, y) for memory in (None, "100KB"))
    for name, weight in whole.model_.bundle.weights.items():
        np.testing.assert_allclose(budget.model_.bundle.weights[name], weight, atol=1e-5)
