"""Transcribers: learnt, saved, gone on with; what does not fit is said."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

import elman
from elman import Transcriber
from elman.errors import ArgumentError, DataError, ShapeError
from tests.tasks.tones import RATE, SOUND, learnt, spoken, tones


def test_tones_are_learnt_and_the_saved_model_says_the_same(tmp_path):
    model, test = learnt(), tones(40, seed=7)
    found = model.evaluate(test)
    assert found["score"] > 0.95
    assert found["recordings"] == 40
    assert found["score"] == 1 - found["label_errors"]["rate"]
    assert set(found["baselines"]) == {"most frequent", "nothing"}
    assert found["baselines"]["nothing"] == 0.0
    assert "worth more" in found["verdict"]
    model.save(tmp_path / "tones.elman")
    kept = elman.load(tmp_path / "tones.elman")
    assert kept.predict(test) == model.predict(test)
    assert kept.sound == model.model_.sound
    again = Transcriber.load(tmp_path / "tones.elman")
    again.set_params(epochs=1, validation=None)
    assert again.fit(tones(20, seed=3)).codec_.hash == model.codec_.hash


def test_each_recording_is_the_same_alone_and_among_others():
    model, test = learnt().model_, tones(9, seed=8)
    together = model.scores(test)
    for n in range(9):
        (alone,) = model.scores(test.select([n]))
        np.testing.assert_array_equal(alone, together[n])


def test_labels_that_do_not_fit_are_left_out_and_named():
    data = tones(12, seed=1)
    assert data.texts is not None
    signals, texts = (data.signals[0][:200], *data.signals[1:]), ("aa", *data.texts[1:])
    short = replace(data, signals=signals, texts=texts)
    model = Transcriber(units=4, epochs=1, sound=SOUND, validation=None)
    with pytest.warns(UserWarning, match=r"1 recording of the training part left out.*recording 0 "
                      r"\(2 labels need 3 steps, it has 2\)"):  # fmt: skip
        model.fit(short)
    assert model.result_["train_recordings"] == 11
    assert model.history_ is not None
    assert all(np.isfinite(one.train_loss) for one in model.history_.records)
    none = short.select([0])
    with pytest.raises(DataError, match="do not fit into the steps"):
        Transcriber(units=4, epochs=1, sound=SOUND, validation=None).fit(none)


def test_a_network_that_says_nothing_is_said_to():
    model = Transcriber(units=4, epochs=1, learning_rate=1e-5, sound=SOUND, validation=None)
    model.fit(tones(12))  # at random it says something: bring the blank above all
    bundle = model.model_.bundle
    name = max(
        n for n, w in bundle.weights.items() if w.shape == (model.model_.blueprint.output_size,)
    )
    weights = {
        **bundle.weights,
        name: np.eye(1, len(bundle.weights[name]), dtype=np.float32)[0] * 99,
    }
    silent = type(model.model_)(replace(bundle, weights=weights))
    found = silent.evaluate(tones(12))
    assert any("every frame is blank" in note and "More epochs" in note for note in found["notes"])
    model._hold(silent.bundle, model.module_)
    model.set_params(warm_start=True)
    with pytest.warns(UserWarning, match="It says nothing of 12 of 12 recordings"):
        model.fit(tones(12))


def test_labels_may_be_words_and_features_may_be_given():
    draws = np.random.default_rng(0)
    X = [draws.normal(size=(int(draws.integers(6, 12)), 3)) for _ in range(12)]
    y = [["left", "right-turn"][: 1 + n % 2] for n in range(12)]
    model = Transcriber(units=4, epochs=1, validation=(X[:3], y[:3])).fit(X, y)
    assert {"left", "right-turn"} <= set(model.codec_.tokens)
    assert model.model_.sound is None
    assert model.evaluate(X, y)["seconds"] is None
    with pytest.raises(ArgumentError, match="a model of features"):
        model.listen()
    with pytest.raises(DataError, match="features: the model has learnt from those"):
        model.predict(tones(2))


def test_of_a_text_with_letters_that_training_never_saw_each_is_an_error():
    found = learnt().evaluate(tones(2), ["abz", "zz"])
    assert found["unknown"] == 3
    assert found["label_errors"]["labels"] == 5
    assert any("3 of 5 labels are unknown" in note for note in found["notes"])
    assert found["label_errors"]["substitutions"] + found["label_errors"]["deletions"] >= 3


@pytest.mark.parametrize(
    ("X", "y", "error", "said"),
    [
        (tones(3), ["a", "b"], ShapeError, "y: 2 texts; 3, one for each recording"),
        (replace(tones(3), texts=None), None, ArgumentError, "y: not given, and X has no texts"),
        ([np.zeros((5, 2))] * 2, [["a b"], ["c"]], DataError, r"y\[0\]: found the label 'a b'"),
        (
            [np.zeros((5, 2))] * 2,
            [1, 2],
            DataError,
            r"y\[0\]: found 1; a text, or a list of labels",
        ),
        ([np.zeros((5, 2))] * 2, [None, "a"], DataError, r"y\[0\]: found None; a text"),
        ([np.zeros((5, 2))] * 2, ["", ""], DataError, "no label stands 1 times or more"),
    ],
)
def test_what_does_not_fit_is_refused(X, y, error, said):
    with pytest.raises(error, match=said):
        Transcriber(units=4, epochs=1, validation=None).fit(X, y)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"codec": "letters"}, "codec: found 'letters'"),
        ({"validation": 2.0}, "validation: found 2.0"),
        ({"validation": 0.001}, "leaves one part empty"),
        ({"scaling": "half"}, "scaling: found 'half'"),
    ],
)
def test_parameters_outside_their_range_are_refused(given, said):
    with pytest.raises(ArgumentError, match=said):
        Transcriber(**{"units": 4, "epochs": 1, "sound": SOUND, **given}).fit(tones(20))


def test_what_is_said_of_the_files_is_said_once():
    data = replace(tones(12), notes=("a: 1 of 13 files could not be read",))
    with pytest.warns(UserWarning, match="1 of 13 files"):
        found = Transcriber(units=4, epochs=1, sound=SOUND).fit(data).result_["notes"]
    assert found.count("a: 1 of 13 files could not be read") == 1


def test_distorted_copies_are_learnt_from_and_features_have_none():
    model = Transcriber(
        units=4, epochs=1, sound=SOUND, validation=None, distort="copies=2,speed=0.1"
    )
    assert model.fit(tones(12)).result_["train_recordings"] == 36
    with pytest.raises(ArgumentError, match=r"distort: .* and X holds no sounds"):
        model.set_params(sound="log-mel,stack=2,stride=2").fit([np.zeros((5, 2))] * 2, ["a", "b"])


def test_silence_and_noise_are_answered_without_a_warning():
    model = learnt().model_
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quiet = replace(tones(2), signals=(np.zeros(RATE, np.float32), spoken("a")[:100]))
        assert model.predict(quiet) == ["", ""]
