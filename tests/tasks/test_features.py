"""Features of words and tokens from language models that read forwards and from the end."""

from __future__ import annotations

import os
import pickle
import shutil

import numpy as np
import pytest
import torch
from sklearn.base import clone

import elman
from elman import Classifier, Generator, Tagger
from elman.errors import ArgumentError, BundleError
from elman.runtime.writing.states import Passage

LINES = ["the cat sat on the mat", "a dog ran, the cat ran", "the mat is old!"] * 8
FAST = {"units": 6, "embedding": 5, "epochs": 1, "learning_rate": 0.02, "batch_size": 4}
QUICK = {"units": 7, "embedding": 4, "epochs": 1, "learning_rate": 0.02, "threads": 1}
X = [["the", "cat", "sat"], ["a", "dog", "ran"], ["the", "old", "mat"], [], ["dog"]] * 3
Y = [["D", "N", "V"], ["D", "N", "V"], ["D", "A", "N"], [], ["N"]] * 3
TEXTS, LABELS = ["the cat sat", "a dog  ran!", "old mat", "the dog"] * 4, ["c", "d", "m", "d"] * 4


@pytest.fixture(scope="module")
def generators():
    return Generator(**FAST).fit(LINES), Generator(**FAST, cell="gru", backward=True).fit(LINES)


@pytest.fixture(scope="module")
def models(generators):
    return [one.model_ for one in generators]


@pytest.fixture(scope="module")
def files(generators, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    paths = [folder / "forward.elman", folder / "backward.elman"]
    for model, path in zip(generators, paths, strict=True):
        model.save(path)
    return paths


@pytest.fixture(scope="module")
def tagger(files):
    return Tagger(**QUICK, min_count=1, features_from=[*files]).fit(X, Y)


@pytest.fixture(scope="module")
def classifier(models):
    return Classifier(**QUICK, features_from=models).fit(TEXTS, LABELS)


def last_state(model, text: str) -> np.ndarray:
    """The state of a generator's uppermost layer after it has read a text, by its module."""
    ids = model.model_.framing.framed(model.codec_.encode(text))
    ids = ids if model.model_.framing.eos is None else ids[:-1]
    read = {}
    layer = next(b for b in model.module_.body if type(b).__name__ == "Recurrent")
    hook = layer.register_forward_hook(lambda _m, _i, out: read.update(out=out[0].values))
    with torch.no_grad():
        model.module_.unroll(torch.from_numpy(ids)[None])
    hook.remove()
    return read["out"][0, -1].numpy()


def test_a_words_features_are_the_generators_states_around_it(tagger, generators):
    forward, backward = generators
    words = ["the", "cat", "sät"]
    (found,) = tagger.model_.states.at([Passage.of_words(words)])
    assert found.shape == (3, 12)
    for k in range(3):
        before = last_state(forward, " ".join(words[: k + 1]))
        behind = last_state(backward, " ".join(words[k:]))
        np.testing.assert_allclose(found[k, :6], before, atol=1e-5)
        np.testing.assert_allclose(found[k, 6:], behind, atol=1e-5)


def test_the_order_in_which_they_are_given_changes_nothing(models, tagger):
    other = Tagger(**QUICK, min_count=1, features_from=models[::-1]).fit(X, Y)
    assert other.model_.states.hash == tagger.model_.states.hash
    for name, weight in tagger.model_.bundle.weights.items():
        np.testing.assert_array_equal(weight, other.model_.bundle.weights[name])


@pytest.mark.parametrize("codec", ["words", "subwords"])
def test_a_generator_of_other_tokens_tells_of_those_that_were_read(codec):
    if codec == "subwords":
        pytest.importorskip("tokenizers")
    options = {**FAST, "codec": codec, "vocabulary": 300 if codec == "subwords" else None}
    pair = [Generator(**options, backward=one).fit(LINES) for one in (False, True)]
    model = Tagger(**QUICK, features_from=[one.model_ for one in pair]).fit(X, Y)
    words = ["the", "dog", "ran,"]
    (found,) = model.model_.states.at([Passage.of_words(words)])
    for k in range(3):
        np.testing.assert_allclose(
            found[k, :6], last_state(pair[0], " ".join(words[: k + 1])), atol=1e-5
        )
        rest = (" " * (k > 0 and codec == "subwords")) + " ".join(words[k:])
        np.testing.assert_allclose(found[k, 6:], last_state(pair[1], rest), atol=1e-5)


def test_tags_are_the_same_alone_in_a_batch_and_from_torch(tagger):
    together = tagger.predict_proba(X)
    for words, found in zip(X, together, strict=True):
        tagger.model_.states._known.clear()
        np.testing.assert_array_equal(tagger.predict_proba([words])[0], found)
    model = tagger.model_
    sequences = model.sequences(X)
    given = model._features_of_language(sequences)
    with torch.no_grad():
        said = tagger.module_(
            torch.from_numpy(model.read(sequences)),
            torch.from_numpy(sequences.lengths),
            torch.from_numpy(given),
        )
    np.testing.assert_allclose(model.outputs(sequences), said.scores.numpy(), atol=1e-4)


def test_the_features_matter(tagger):
    """A word's tag depends on letters of the sentence that no word vector and no cell reads."""
    network, codes = tagger.model_._network, tagger.model_.read(tagger.model_.sequences([X[0]]))
    given = tagger.model_._features_of_language(tagger.model_.sequences([X[0]]))
    assert (
        np.abs(network.run(codes, None, given) - network.run(codes, None, 0 * given)).max() > 1e-4
    )


@pytest.mark.parametrize("which", ["tagger", "classifier"])
def test_a_saved_model_has_its_language_models_in_itself(which, request, tmp_path):
    model, given = request.getfixturevalue(which), {"tagger": X, "classifier": TEXTS}[which]
    model.save(tmp_path / "model.elman")
    read = elman.load(tmp_path / "model.elman")
    for one, other in zip(read.predict_proba(given), model.predict_proba(given), strict=True):
        np.testing.assert_array_equal(one, other)
    assert "from the end" in read.facts()["features"]
    assert "MiB" in read.facts()["features"]
    # What travels is what features need: no head, no n-grams.
    assert not any("baselines" in name for name in model.model_.states.tensors())
    sizes = {name for name in model.model_.states.tensors() if "weights" in name}
    assert not any(name.endswith("2.weight") for name in sizes)


def test_traces_and_recordings_read_beginnings(tagger, classifier):
    words = X[0]
    trace = tagger.trace(words)
    for t in range(3):
        np.testing.assert_allclose(
            trace[t], tagger.predict_proba([words[: t + 1]])[0][t], atol=1e-6
        )
    assert tagger.model_.record(words).layers[0].inputs.shape[0] == 3
    text = "a dog ran"
    trace = classifier.trace(text)
    for t, beginning in enumerate(("a", "a dog", "a dog ran")):
        np.testing.assert_allclose(trace[t], classifier.predict_proba([beginning])[0], atol=1e-6)
    assert classifier.model_.record(text).answers.shape == (3, 3)


def test_a_tokens_features_stand_where_it_stands_in_the_text(classifier, generators):
    model = classifier.model_
    sequences = model.sequences(["a dog  ran!"])
    found = model._features_of_language(sequences)[0]
    beginnings = ["a", "a dog", "a dog  ran", "a dog  ran!"]
    ends = ["a dog  ran!", "dog  ran!", "ran!", "!"]
    for k in range(4):
        np.testing.assert_allclose(
            found[k, :6], last_state(generators[0], beginnings[k]), atol=1e-5
        )
        np.testing.assert_allclose(found[k, 6:], last_state(generators[1], ends[k]), atol=1e-5)


def test_with_all_that_a_training_may_have(models, tmp_path):
    more = {"frequency_loss": 1.0, "input_dropout": 0.2, "word_dropout": 0.1, "run": tmp_path / "a"}
    Tagger(**QUICK, **more, features_from=models[1]).fit(X, Y)
    assert elman.load(tmp_path / "a" / "model.elman").states.size == 6
    Tagger(**QUICK, output="softmax", characters=0, features_from=models[0]).fit(X, Y)
    parts = Classifier(
        **QUICK, features_from=models[0], calibrate=True, validation=0.25, pool="attention"
    )
    result = parts.fit(TEXTS, LABELS).evaluate(TEXTS, LABELS)
    assert result["sequences"] == len(TEXTS)
    again = Classifier(**QUICK, features_from=models[0])
    again.partial_fit(TEXTS, LABELS, classes=["c", "d", "m"]).partial_fit(TEXTS[:4], LABELS[:4])
    assert again.model_.states.size == 6


def test_training_goes_on_with_the_same_language_models(tagger, models, files, tmp_path):
    tagger.save(tmp_path / "model.elman")
    again = Tagger.load(tmp_path / "model.elman")
    for path in files:
        assert str(path) in again.features_from
    gone = Tagger.load(tmp_path / "model.elman").set_params(features_from=models)  # the same
    for one in (again, gone):
        one.fit(X, Y)
        assert one.model_.states.hash == tagger.model_.states.hash
    other = Tagger.load(tmp_path / "model.elman").set_params(features_from=models[0])
    with pytest.raises(ArgumentError, match="other language models"):
        other.fit(X, Y)
    given = Classifier(**QUICK, features_from=models).fit(TEXTS, LABELS)
    given.save(tmp_path / "given.elman")
    Classifier.load(tmp_path / "given.elman").fit(TEXTS, LABELS)  # the file holds them, no path


def test_features_are_kept_in_the_cache_folder_where_asked(models, tmp_path, monkeypatch):
    monkeypatch.setenv("ELMAN_CACHE", str(tmp_path))
    options = {**QUICK, "features_from": models, "keep_features": True}
    first = Tagger(**options, verbose=True).fit(X, Y)
    (kept,) = (tmp_path / "features").iterdir()
    second = Tagger(**options, verbose=True).fit(X, Y)
    assert any("is kept in" in note for note in first.result_["notes"])
    assert any("is read from" in note for note in second.result_["notes"])
    for name, weight in first.model_.bundle.weights.items():
        np.testing.assert_array_equal(weight, second.model_.bundle.weights[name])
    kept.write_bytes(kept.read_bytes()[:-9])
    with pytest.warns(UserWarning, match="damaged, and is made anew"):
        Tagger(**options).fit(X, Y)
    assert kept.stat().st_size
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ELMAN_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="is not kept"):
        Tagger(**options).fit(X, Y)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nowhere.elman", "no such file"),
        ("TAGGER", "of the task tagger"),
        (["FORWARD", "FORWARD"], "two that read forward"),
        ([], "found 0"),
        (["FORWARD"] * 3, "found 3"),
        (7, "found 7"),
        ("given", "give them again"),
    ],
)
def test_what_is_no_pair_of_language_models_is_refused(given, said, files, tagger, tmp_path):
    tagger.save(tmp_path / "tagger.elman")
    place = {"FORWARD": files[0], "TAGGER": tmp_path / "tagger.elman"}
    several = (
        [place.get(one, one) for one in given]
        if isinstance(given, list)
        else place.get(given, given)
    )
    with pytest.raises((ArgumentError, BundleError), match=said):
        Tagger(**QUICK, features_from=several).fit(X, Y)


def test_an_estimator_in_the_place_of_its_model_is_refused_as_copies_of_it_are_not_fitted(
    generators, models
):
    with pytest.raises(ArgumentError, match="its model_, or its file"):
        Tagger(**QUICK, features_from=generators[0]).fit(X, Y)
    copied = clone(Tagger(**QUICK, features_from=models[0])).fit(X, Y)
    assert copied.model_.states.size == 6
    pickled = pickle.loads(pickle.dumps(copied))
    np.testing.assert_array_equal(pickled.predict_proba(X)[0], copied.predict_proba(X)[0])
    with pytest.raises(ArgumentError, match="without features_from"):
        elman.diagnose(copied, (X, Y))


def test_another_network_begins_with_a_model_and_takes_its_language_models(models, files, tmp_path):
    paths = [str(shutil.copy(path, tmp_path)) for path in files]
    Tagger(**QUICK, features_from=paths).fit(X, Y).save(tmp_path / "model.elman")
    for path in paths:
        os.remove(path)
    other = Tagger.starting_from(tmp_path / "model.elman", units=9)
    with pytest.warns(UserWarning, match="From .*the vectors of"):
        other.fit(X, Y)
    assert other.model_.states.size == 12


def test_what_a_language_model_does_not_know_is_said(models):
    with pytest.warns(UserWarning, match=r"10.00% of the tokens are unknown to .* forward"):
        Classifier(**QUICK, features_from=models[0]).fit(["ö the", "a cat"] * 4, ["a", "b"] * 4)


def test_features_need_words_or_texts(models):
    steps, tags = np.zeros((6, 3, 2)), [["a", "b", "a"]] * 6
    with pytest.raises(ArgumentError, match="features_from: given, and X holds features"):
        Tagger(**QUICK, features_from=models).fit(steps, tags)
    with pytest.raises(ArgumentError, match="features_from: given, and X holds features"):
        Classifier(units=3, epochs=1, features_from=models).fit(steps, list("ababab"))


def test_a_file_whose_language_models_were_changed_is_refused(classifier, tmp_path):
    bundle = classifier.model_.bundle
    for change in (
        {"readers": []},
        {"readers": [7]},
        {"readers": bundle.settings["readers"][:1]},
        {"readers": [{**one, "codec": "0" * 64} for one in bundle.settings["readers"]]},
        {"readers": [{**one, "blueprint": {}} for one in bundle.settings["readers"]]},
    ):
        changed = elman.bundle.Bundle(
            bundle.task, bundle.blueprint, bundle.weights, bundle.tensors,
            {**bundle.settings, **change},
        )  # fmt: skip
        elman.bundle.save(tmp_path / "changed.elman", changed)
        with pytest.raises(BundleError, match="language models"):
            elman.load(tmp_path / "changed.elman")
