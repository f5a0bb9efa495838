"""A classifier of sounds: features travel with it, files and arrays give the same answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import elman
from elman import Classifier
from elman.data import Recordings, read_recordings
from elman.errors import ArgumentError, BundleError, DataError, ShapeError
from elman.runtime.classifier import ClassifierModel
from elman.training.events import RunStart
from elman.transforms import SoundFeatures
from elman.transforms.sound import SoundDistortion
from tests.data.readers.test_sound import _wav as wav

RATE = 8000
SMALL = {"units": 8, "cell": "gru", "epochs": 10, "learning_rate": 0.03, "pool": "mean"}


def _tones(count: int = 40, seed: int = 0) -> Recordings:
    """Tones that rise or fall: their averages are alike."""
    draws = np.random.default_rng(seed)
    signals, labels = [], []
    for n in range(count):
        time = np.arange(draws.integers(1000, 2400)) / RATE
        slope = 4000 * (1 if n % 2 else -1)
        phase = 2 * np.pi * (1200 * time + slope * (time - time[-1] / 2) ** 2)
        signals.append(0.3 * np.sin(phase) + 0.01 * draws.normal(size=len(time)))
        labels.append("up" if n % 2 else "down")
    return Recordings(tuple(signals), RATE, np.array(labels))


@pytest.fixture(scope="module")
def model():
    return Classifier(**SMALL, sound="log-mel,bands=20").fit(_tones())


def test_it_learns_from_recordings_and_their_labels(model):
    test = _tones(20, seed=1)
    found = model.evaluate(test)
    assert found["score"] == 1.0
    assert found["seen"] == 0
    assert set(found["baselines"]) == {
        "majority class",
        "logistic regression on the flattened input",
    }
    assert model.evaluate(_tones())["seen"] == 40


def test_the_features_travel_in_the_model_file(model, tmp_path):
    test = _tones(6, seed=1)
    model.save(tmp_path / "tones.elman")
    loaded = elman.load(tmp_path / "tones.elman")
    assert loaded.sound == SoundFeatures(rate=RATE, bands=20)
    np.testing.assert_array_equal(loaded.predict_proba(test), model.predict_proba(test))
    signals = list(test.signals)
    np.testing.assert_array_equal(loaded.predict(signals), model.predict(test))
    trace = loaded.trace(signals[0])
    np.testing.assert_allclose(trace[-1], loaded.predict_proba(test)[0], atol=1e-6)
    assert "20 log-mel bands" in loaded.facts()["reads"]
    again = Classifier.load(tmp_path / "tones.elman")
    assert again.sound == "log-mel,bands=20"


def test_features_as_an_object_travel_too(tmp_path):
    features = SoundFeatures(rate=RATE, kind="mfcc", deltas=1)
    model = Classifier(**SMALL | {"epochs": 1}, sound=features).fit(_tones())
    model.save(tmp_path / "tones.elman")
    assert Classifier.load(tmp_path / "tones.elman").model_.sound == features


def test_files_give_what_arrays_give(model, tmp_path):
    test = _tones(6, seed=1)
    for n, (signal, label) in enumerate(zip(test.signals, test.labels, strict=True)):
        (tmp_path / label).mkdir(exist_ok=True)
        (tmp_path / label / f"{n}.wav").write_bytes(wav(signal))
    read = read_recordings(tmp_path)
    whole = model.evaluate(read)
    assert model.evaluate(str(tmp_path))["score"] == whole["score"] == 1.0
    with pytest.warns(UserWarning, match="6 recordings, labelled by 2 subfolders"):
        fitted = Classifier(**SMALL | {"epochs": 1}, validation=None).fit(tmp_path)
    assert fitted.classes_.tolist() == ["down", "up"]
    pytest.importorskip("soxr")
    other = model.predict(read.resampled(11025).resampled(RATE))
    assert other.tolist() == read.labels.tolist()


def test_distorted_copies_are_learnt_from_and_the_score_is_on_what_was_recorded():
    told = "copies=2,speed=0.1,noise_db=20,gain_db=6,tilt=0.3,times=1,bands=1"
    steps = []

    def tell(event):
        if isinstance(event, RunStart):
            steps.append(event.steps)

    more = SMALL | {"epochs": 1, "batch_size": 4, "callbacks": [tell]}
    plain = Classifier(**more).fit(_tones())
    copied = Classifier(**more, distort=told).fit(_tones())
    assert copied.result_["train_sequences"] == plain.result_["train_sequences"] == 36
    assert copied.result_["validation_sequences"] == 4
    assert steps == [9, 27]


def test_what_does_not_fit_is_told(model):
    with pytest.raises(DataError, match="sounds of 11025 Hz"):
        model.predict(Recordings((np.zeros(3000),), 11025))
    with pytest.raises(DataError, match="found ndarray"):
        model.predict(np.zeros((2, 30, 20)))
    with pytest.raises(ArgumentError, match="bandz"):
        Classifier(sound="mfcc,bandz=3").fit(_tones())
    with pytest.raises(ArgumentError, match="sound"):
        Classifier(sound="mfcc").fit(np.zeros((4, 5, 1)), [0, 1, 0, 1])
    with pytest.raises(ArgumentError, match="codec"):
        Classifier(codec="characters").fit(_tones())
    with pytest.raises(DataError, match="8000 Hz, and features of 16000 Hz"):
        Classifier(sound=SoundFeatures(rate=16000)).fit(_tones())
    plain = Classifier(units=4, epochs=1, validation=None).fit(np.zeros((4, 5, 1)), [0, 1, 0, 1])
    with pytest.raises(DataError, match="found sounds"):
        plain.predict(_tones())
    with pytest.raises(ShapeError, match="no recordings"):
        model.predict(Recordings((), RATE))


def test_a_model_file_with_other_features_is_refused(model):
    bundle = model.model_.bundle
    for told in ({"rate": 0}, {"rate": RATE, "bands": 30}, {"rate": RATE, "bandz": 1}):
        settings = {**bundle.settings, "sound": told}
        with pytest.raises(BundleError, match="sound"):
            ClassifierModel(replace(bundle, settings=settings))


def test_a_warm_start_goes_on_with_the_same_features_only(model, tmp_path):
    model.save(tmp_path / "tones.elman")
    again = Classifier.load(tmp_path / "tones.elman").set_params(warm_start=True, epochs=1)
    again.fit(_tones(seed=2))
    assert again.model_.sound == model.model_.sound
    again.set_params(sound="mfcc")
    with pytest.raises(ArgumentError, match="sound"):
        again.fit(_tones(seed=2))


def test_distortion_is_what_it_says():
    features = SoundFeatures(rate=RATE, bands=20)
    signal = _tones(1).signals[0]
    draws = np.random.default_rng(0)
    steps = features.of(signal)
    hidden = SoundDistortion(times=1, bands=1, time_share=0.5).masked(steps, features, draws)
    changed = hidden != steps
    rows, columns = changed.all(axis=1), changed.all(axis=0)
    assert (changed == (rows[:, None] | columns[None])).all()
    np.testing.assert_allclose(
        hidden[changed], np.broadcast_to(steps.mean(axis=0), steps.shape)[changed]
    )
    lengths = [len(SoundDistortion(speed=0.3).heard(signal, draws)) for _ in range(50)]
    assert min(lengths) >= len(signal) / np.exp(0.3) - 1
    assert max(lengths) <= len(signal) * np.exp(0.3) + 1
    assert np.std(lengths) > 0.05 * len(signal)
    noisy = SoundDistortion(speed=0, noise_db=40).heard(signal, draws)
    ratio = np.sum(signal**2) / np.sum((noisy - signal) ** 2)
    assert 10 * np.log10(ratio) == pytest.approx(40, abs=0.5)
    with pytest.raises(ArgumentError, match="speed"):
        SoundDistortion(speed=1.5)
    with pytest.raises(ArgumentError, match="noise"):
        SoundDistortion.from_text("noise=3")
