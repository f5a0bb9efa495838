"""Tags of words and of features: learnt, answered, saved, scored."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

import elman
from elman import Tagger
from elman.errors import ArgumentError, BundleError, DataError, ShapeError
from elman.kernels.crf import Transitions
from elman.metrics.spans import spans
from elman.runtime.tagging.schemes import allowed_by
from elman.training import BinaryCrossEntropy

SMALL = {"units": 8, "embedding": 6, "characters": 4, "character_units": 3, "min_count": 1}
FAST = {**SMALL, "epochs": 2, "learning_rate": 0.02}
NAMES = ("ann", "bob", "cleo", "dan", "eva")
PLACES = ("rome", "oslo", "york", "bern")


def sentences(rows: int, seed: int = 0) -> tuple[list[list[str]], list[list[str]]]:
    """Names of one or two words, places of "new" and another: spans."""
    draws = np.random.default_rng(seed)
    X, y = [], []
    for _ in range(rows):
        words, tags = [], []
        for _ in range(draws.integers(1, 4)):
            kind = draws.integers(3)
            if kind == 0:
                names = draws.choice(NAMES, size=draws.integers(1, 3))
                words += names.tolist()
                tags += ["B-PER", *["I-PER"] * (len(names) - 1)]
            elif kind == 1:
                words += ["new", str(draws.choice(PLACES))]
                tags += ["B-LOC", "I-LOC"]
            words.append(str(draws.choice(["went", "is", "saw", "new"])))
            tags.append("O")
        X.append(words)
        y.append(tags)
    return X, y


def frames(rows: int, seed: int = 0) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Whether the sum so far is positive."""
    draws = np.random.default_rng(seed)
    X = [draws.normal(size=(draws.integers(1, 9), 2)).astype("float32") for _ in range(rows)]
    return X, [np.where(x[:, 0].cumsum() > 0, "up", "down") for x in X]


@pytest.fixture(scope="module")
def fitted() -> Tagger:
    with pytest.warns(UserWarning, match=r"The tags are spans \(BIO\): 19 of 25 pairs of tags"):
        return Tagger(**{**FAST, "epochs": 12}).fit(*sentences(150))


def test_it_learns_words_and_answers_with_spans(fitted):
    X, y = sentences(60, seed=1)
    assert fitted.score(X, y) > 0.9
    found = fitted.predict([*X, []])
    assert [len(tags) for tags in found] == [*map(len, X), 0]
    allowed = allowed_by("bio", fitted.classes_.tolist())
    for tags in found:
        assert allowed.lets(np.searchsorted(fitted.classes_, tags)) is None
    result = fitted.evaluate(X, y)
    assert list(result["baselines"]) == ["most frequent tag", "averaged perceptron"]
    assert 0 < result["span_f1"] <= 1
    assert {one["type"] for one in result["spans"]} == {"LOC", "PER"}
    assert sum(one["true"] for one in result["spans"]) == sum(len(spans(tags)) for tags in y)
    assert result["baseline_scores"]["averaged perceptron"]["span_f1"] > 0
    assert any("are unknown to it" in note for note in result["notes"])
    assert 0 <= result["right"] <= 1


def test_probabilities_are_those_of_all_paths(fitted):
    X, _ = sentences(10, seed=2)
    for tags, chances in zip(fitted.predict(X), fitted.predict_proba(X), strict=True):
        assert chances.shape == (len(tags), 5)
        np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-5)
    illegal = np.flatnonzero([tag.startswith("I-") for tag in fitted.classes_])
    assert (fitted.predict_proba([["ann", "went"]])[0][0, illegal] == 0).all()


def test_a_sentence_is_tagged_alike_alone_and_among_others(fitted):
    X, _ = sentences(12, seed=3)
    together = fitted.predict_proba(X)
    for words, chances in zip(X, together, strict=True):
        assert (fitted.predict_proba([words])[0] == chances).all()


def test_saved_loaded_and_pickled_it_says_the_same(fitted, tmp_path):
    X, y = sentences(10, seed=4)
    fitted.save(tmp_path / "tagger.elman")
    model, again = elman.load(tmp_path / "tagger.elman"), Tagger.load(tmp_path / "tagger.elman")
    for one in (model, again, pickle.loads(pickle.dumps(fitted))):
        assert all((a == b).all() for a, b in zip(one.predict(X), fitted.predict(X), strict=True))
        assert one.evaluate(X, y) == fitted.evaluate(X, y)
    assert model.facts()["spans"] == "BIO"
    assert model.facts()["reads"].startswith("words, of which 13 are known, and")
    assert again.set_params(epochs=1).fit(X, y).model_.scheme == "bio"
    with pytest.raises(DataError, match=r"y\[0\]\[0\]: 'I-PER' at the start"):
        again.fit([["ann"]], [["I-PER"]])


def test_what_was_trained_on_is_known_again(fitted):
    X, y = sentences(150)
    assert fitted.evaluate(X[:7], y[:7])["seen"] == 7
    assert fitted.evaluate([["nobody", "knows", "this"]], [["O", "O", "O"]])["seen"] == 0


@pytest.mark.parametrize("output", ["crf", "softmax"])
def test_features_of_steps(output, tmp_path):
    X, y = frames(80)
    tagger = Tagger(output=output, units=8, epochs=8, learning_rate=0.03, bidirectional=False)
    tagger.fit(X, y)
    tests = frames(40, seed=1)
    result = tagger.evaluate(*tests)
    assert result["score"] > 0.8
    assert list(result["baselines"])[1].startswith("logistic regression on")
    assert "span_f1" not in result
    assert (tagger.model_.blueprint.crf is not None) is (output == "crf")
    assert tagger.model_.codes is None
    tagger.save(tmp_path / "tagger.elman")
    again = elman.load(tmp_path / "tagger.elman").predict(tests[0])
    assert all((a == b).all() for a, b in zip(again, tagger.predict(tests[0]), strict=True))
    trace = tagger.trace(tests[0][0])
    np.testing.assert_allclose(trace.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(trace[-1], tagger.predict_proba(tests[0])[0][-1], rtol=1e-4)


def test_spans_are_decoded_under_the_scheme_whatever_is_learnt():
    X, y = sentences(40)
    draws = np.random.default_rng(0)
    noise = [[str(draws.choice(NAMES)) for _ in range(6)] for _ in range(50)]
    with pytest.warns(UserWarning, match="The tags are spans"):
        tagger = Tagger(**{**FAST, "epochs": 1}, output="softmax").fit(X, y)
    allowed = allowed_by("bio", tagger.classes_.tolist())
    for tags in tagger.predict(noise):
        assert allowed.lets(np.searchsorted(tagger.classes_, tags)) is None
    free = Tagger(**{**FAST, "epochs": 1}, scheme="none", output="softmax").fit(X, y)
    assert free.model_.scheme is None
    assert (free.model_._transitions.pairs == Transitions.zeros(5).pairs).all()


def test_a_scheme_that_is_told_is_not_inferred(recwarn):
    X, y = sentences(20)
    assert Tagger(**FAST, scheme="bio").fit(X, y).model_.scheme == "bio"
    assert not [w for w in recwarn if "spans" in str(w.message)]
    y[3] = ["I-PER", *y[3][1:]]
    with pytest.raises(DataError, match=r"y\[3\]\[0\]: 'I-PER' at the start; spans as 'bio'"):
        Tagger(**FAST, scheme="bio").fit(X, y)
    with pytest.warns(UserWarning, match="keep to none of BIO, IOB1, BIOES"):
        assert Tagger(**FAST).fit(X, y).model_.scheme is None


def test_words_only_of_the_training_part_are_known():
    X, y = sentences(30)
    words = {word for row in X for word in row}
    other = [["someone", "new"]], [["B-PER", "O"]]
    tagger = Tagger(**FAST, scheme="bio", validation=other)
    tagger.set_params(characters=0).fit(X, y)
    assert set(tagger.model_.codes.words) == words
    assert tagger.model_.codes.letters == 0
    rare = Tagger(**{**FAST, "min_count": 1000}, scheme="bio", validation=None).fit(X, y)
    assert rare.model_.codes.words == ()
    assert len(rare.predict(X)) == len(X)


def test_an_empty_sentence_and_one_of_unknown_words():
    X, y = sentences(20)
    tagger = Tagger(**FAST, scheme="bio", validation=None).fit([[], *X], [[], *y])
    assert [len(tags) for tags in tagger.predict([[], ["???", "\u00a0", "a b"], []])] == [0, 3, 0]
    assert tagger.predict([[]])[0].tolist() == []
    rows = [*tagger.model_.rows(tagger.model_.sequences([[], ["ann"]]), ["s", "t"])]
    assert [(row["id"], row["word"]) for row in rows] == [("t", "ann")]


def test_tags_that_were_never_learnt_are_counted_not_met_with_an_error(fitted):
    result = fitted.evaluate([["ann", "is"], ["ann"]], [["B-PER", "NEW"], ["B-PER"]])
    assert "1 steps have a label that was not trained" in result["notes"]
    assert result["span_f1"] is None  # NEW writes no span
    X, y = [["ann", "is"], ["ann"]], [["B-PER", "B-NEW"], ["B-PER"]]
    result = fitted.evaluate(X, y)
    assert result["span_f1"] > 0
    missed = [row for row in result["spans"] if row["type"] == "NEW"]
    assert [(row["true"], row["right"]) for row in missed] == [(1, 0)]
    assert result["baseline_scores"]["averaged perceptron"]["span_f1"] > 0
    assert 0 <= result["accuracy"] <= 2 / 3
    assert "log_loss" not in result


def test_diagnosis_and_pictures_of_the_inside(fitted):
    X, y = sentences(6, seed=5)
    found = elman.diagnose(fitted, (X, y))
    assert found.cost == "the loss"
    assert elman.diagnose(fitted, X).cost.startswith("a random projection")
    recording = fitted.model_.record(X[0])
    assert recording.inputs.shape == (len(X[0]),)
    np.testing.assert_allclose(recording.answers, fitted.predict_proba(X[:1])[0], rtol=1e-4)
    assert [(layer.number, layer.reverse) for layer in recording.layers] == [(1, False), (1, True)]


def test_weights_of_sequences_count_and_those_of_steps_where_they_can():
    X, y = sentences(20)
    weight = np.ones(20)
    weight[4:] = 0
    tagger = Tagger(**FAST, scheme="bio", validation=None).fit(X, y, sample_weight=weight)
    assert tagger.result_["train_sequences"] == 4
    each = [np.ones(len(row)) for row in X]
    Tagger(**FAST, scheme="bio", output="softmax").fit(X, y, sample_weight=each)
    with pytest.raises(ArgumentError, match="sample_weight: one for each step with output='crf'"):
        Tagger(**FAST, scheme="bio").fit(X, y, sample_weight=each)


def test_it_has_no_parameter_that_it_would_refuse():
    assert "pool" not in Tagger().get_params()


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"loss": BinaryCrossEntropy()}, ArgumentError, "loss: one of your own with output='crf'"),
        ({"output": "hmm"}, ArgumentError, "output: found 'hmm'"),
        ({"scheme": "bilou"}, ArgumentError, "scheme: found 'bilou'"),
        ({"scheme": "bioes"}, ArgumentError, "no sequence of|with the tag"),
        ({"embedding": 0}, ArgumentError, "embedding"),
        ({"word_dropout": 1.0}, ArgumentError, "word_dropout"),
    ],
)
def test_parameters_that_do_not_go_together(given, error, said):
    X, y = [["a", "b"]] * 12, [["B-A", "I-A"]] * 12
    with pytest.raises(error, match=said):
        Tagger(**{**FAST, **given}).fit(X, y)


@pytest.mark.parametrize(
    ("X", "y", "error", "said"),
    [
        ([["a"], "b"], [["A"], ["B"]], ShapeError, r"X\[1\]: found the text 'b'"),
        (["a b"], [["A", "B"]], ShapeError, r"X\[0\]: found the text 'a b'"),
        ([["a", 1]], [["A", "B"]], DataError, r"X\[0\]\[1\]: found 1"),
        ([["a", "b"]], [["A"]], ShapeError, r"y\[0\]: 1 labels for 2 steps"),
        ([["a", "b"]], [["A", None]], DataError, r"y\[0\]\[1\]"),
        ([["a", "b"]] * 20, [["A", "A"]] * 20, DataError, "one tag only, 'A'"),
        ([[], []], [[], []], DataError, "no label"),
        ([], [], ShapeError, "found no sequences"),
    ],
)
def test_wrong_input(X, y, error, said):
    with pytest.raises(error, match=said):
        Tagger(**FAST).fit(X, y)


def test_words_are_not_features_nor_features_words(fitted):
    X, y = frames(20)
    features = Tagger(units=4, epochs=1).fit(X, y)
    with pytest.raises(DataError, match="found words; features: the model has learnt"):
        features.predict([["ann"]])
    for wrong in (np.zeros((1, 2, 3)), [[1.0, 2.0]]):
        with pytest.raises(DataError, match=r"no words|found 1\.0"):
            fitted.predict(wrong)
    with pytest.raises(DataError, match="found features; words, as were learnt"):
        Tagger(**FAST, scheme="none", validation=(X, y)).fit(*sentences(20))
    with pytest.raises(DataError, match="label 'X'"):
        Tagger(**FAST, scheme="none", validation=([["a"]], [["X"]])).fit(*sentences(20))


def test_a_damaged_file_is_told(fitted, tmp_path):
    fitted.save(tmp_path / "tagger.elman")
    found = elman.bundle.load(tmp_path / "tagger.elman")
    fewer = {k: v for k, v in found.tensors.items() if not k.startswith("words.")}
    for tensors, settings, said in (
        (fewer, found.settings, "others than the network reads"),
        (found.tensors, {**found.settings, "scheme": "bilou"}, "setting scheme"),
        ({**found.tensors, "classes.offsets": np.array([0, 1])}, found.settings, "do not fit"),
    ):
        made = elman.bundle.Bundle("tagger", found.blueprint, found.weights, tensors, settings)
        with pytest.raises(BundleError, match=said):
            type(fitted.model_)(made)


def test_it_is_plain_data(fitted):
    result = fitted.evaluate(*sentences(5, seed=6))
    assert json.loads(json.dumps(result))["score"] == result["score"]
    assert any("The tags are spans" in note for note in fitted.result_["notes"])


def test_words_begin_with_vectors_of_a_file(tmp_path):
    X, y = sentences(20)
    path = tmp_path / "vectors.txt"
    path.write_text("3 6\nann 1 2 3 4 5 6\nbob 6 5 4 3 2 1\nzzz 1 1 1 1 1 1\n")
    given = {**FAST, "epochs": 2, "vectors": path, "scheme": "bio"}
    with pytest.warns(UserWarning, match=r"2 of .* tokens begin with their vectors"):
        frozen = Tagger(**given, frozen=2).fit(X, y)
    vectors = elman.embeddings(frozen)
    assert vectors.vector("ann").tolist() == [1, 2, 3, 4, 5, 6]
    with pytest.warns(UserWarning, match=r"2 of .* tokens begin with their vectors"):
        tuned = Tagger(**given, frozen=1, validation=None).fit(X, y)
    assert elman.embeddings(tuned).vector("ann").tolist() != [1, 2, 3, 4, 5, 6]
    assert np.abs(elman.embeddings(tuned).vector("ann") - [1, 2, 3, 4, 5, 6]).max() < 0.5
    with pytest.raises(ArgumentError, match=r"embedding: 5, and the vectors of .* have 6 numbers"):
        Tagger(**{**given, "embedding": 5}).fit(X, y)
    with pytest.raises(ArgumentError, match=r"vectors: .*, and X holds features"):
        Tagger(epochs=1, vectors=path).fit([np.zeros((2, 1))] * 9, [["a", "b"]] * 9)
