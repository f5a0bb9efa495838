"""A regressor that reads recordings window by window."""

from __future__ import annotations

import signal

import numpy as np
import pytest

import elman
from elman.errors import ArgumentError
from elman.tasks import Regressor
from elman.training.loop.stepping import Stepper
from tests.tasks.sequences import TINY, sums

WINDOWS = TINY | {"baselines": False, "per_step": True}


def tiny(**changes) -> Regressor:
    return Regressor(**WINDOWS | changes)


def echo(steps, seed=0):
    """One recording of random numbers, and each of them again two steps later."""
    numbers = np.random.default_rng(seed).normal(size=steps)
    return [numbers], [np.concatenate([[0, 0], numbers[:-2]])]


def test_one_long_recording_is_learnt(tmp_path):
    model = tiny(truncation=20, epochs=4, validation=None).fit(*echo(2000))
    fresh = echo(500, seed=1)
    assert model.score(*fresh) > 0.9
    model.save(tmp_path / "m")
    assert elman.load(tmp_path / "m").score(*fresh) == model.score(*fresh)


@pytest.mark.parametrize("ragged", [False, True])
def test_windows_that_hold_whole_sequences_train_as_those_do(ragged):
    X, _, running = sums(20, ragged)
    settings = {"batch_size": 20, "validation": None, "optimizer": "sgd", "epochs": 3}
    whole = tiny(**settings).fit(X, running)
    windows = tiny(**settings, truncation=5).fit(X, running)
    for a, b in zip(whole.predict(X), windows.predict(X), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4)
    shorter = tiny(**settings, truncation=2).fit(X, running)
    assert not np.allclose(whole.predict(X)[0], shorter.predict(X)[0], rtol=1e-4)


def test_recordings_of_different_lengths_stand_behind_each_other():
    X, _, running = sums(60, ragged=True)
    model = tiny(truncation=4, stride=2, batch_size=3, epochs=10).fit(X, running)
    assert model.score(X, running) > 0.8
    assert model.result_["train_sequences"] == 54


def test_an_interrupted_run_goes_on_to_the_same_answers(tmp_path, monkeypatch):
    X, y = echo(400)
    settings = {"truncation": 30, "stride": 10, "validation": None}
    whole = tiny(**settings).fit(X, y)
    step, left = Stepper.step, iter(range(51))

    def interrupted(stepper, batches, rate):
        if next(left) == 50:
            signal.raise_signal(signal.SIGINT)
        return step(stepper, batches, rate)

    with monkeypatch.context() as patched:
        patched.setattr(Stepper, "step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            tiny(**settings, run=tmp_path).fit(X, y)
    resumed = tiny(**settings, run=tmp_path, resume=True).fit(X, y)
    assert (whole.predict(X)[0] == resumed.predict(X)[0]).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"per_step": False, "truncation": 3}, "truncation: 3 with per_step=False; per_step=True"),
        ({"bidirectional": True, "truncation": 3}, "truncation: 3 with bidirectional=True"),
        ({"stride": 2}, "stride: 2 without truncation; give truncation, too"),
        ({"truncation": 3, "stride": 4}, "stride: found 4 for a truncation of 3"),
        ({"truncation": 0}, "truncation: found 0"),
        ({"truncation": 3, "augment": {"shift": 1.0}}, "augment: .* with truncation"),
    ],
)
def test_parameters_that_do_not_go_together(changes, message):
    X, total, running = sums(20)
    y = running if changes.get("per_step", True) else total
    with pytest.raises(ArgumentError, match=message):
        tiny(**changes).fit(X, y)


def test_weights_of_sequences_do_not_go_with_windows():
    X, _, running = sums(20)
    with pytest.raises(ArgumentError, match="truncation: weights of sequences"):
        tiny(truncation=3).fit(X, running, sample_weight=np.arange(1.0, 21.0))
