"""What a fit says where no progress is shown."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
from sklearn.base import clone

from elman import Classifier, Forecaster, Regressor
from elman.errors import ArgumentError
from elman.training import EpochEnd, RunEnd, RunFolder, RunStart, StopTraining
from tests.tasks.sequences import TINY, classes, tiny_classifier


def test_a_damaged_checkpoint_is_warned_of(tmp_path):
    X, y = classes()
    whole = tiny_classifier(run=tmp_path).fit(X, y)
    last = RunFolder(tmp_path).last
    last.write_bytes(last.read_bytes()[:-1])
    with pytest.warns(UserWarning, match=r"passed over a damaged checkpoint: .*last\.safetensors"):
        again = tiny_classifier(run=tmp_path, resume=True).fit(X, y)
    np.testing.assert_array_equal(whole.predict_proba(X), again.predict_proba(X))


def test_a_skipped_step_is_warned_of():
    X, y = classes()
    X[7] = 3e38
    with pytest.warns(UserWarning, match=r"skipped epoch 1, step \d: the (loss|norm)"):
        tiny_classifier(
            epochs=1, scaling="none", validation=None, cell="rnn", activation="relu"
        ).fit(X, y)


def test_a_validation_part_that_was_given_is_said_to_be(tmp_path):
    X, y = classes()
    tiny_classifier(run=tmp_path, validation=(X, y)).fit(X, y)
    assert RunFolder(tmp_path).read_config()["task"]["validation"] == "given"


def test_tensorboard_is_written_into_the_folder(monkeypatch, tmp_path):
    written = []

    class Writer:
        def __init__(self, folder, purge_step):
            written.append(folder)

        def add_scalar(self, name, value, step):
            written.append(name)

        def close(self):
            written.append("closed")

    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer  # pyright: ignore
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    tiny_classifier(run=tmp_path, tensorboard=True).fit(*classes())
    assert written[0] == str(tmp_path / "tensorboard")
    assert {"train/loss", "validation/score"} < set(written)
    assert written[-1] == "closed"


def test_tensorboard_needs_a_folder():
    with pytest.raises(ArgumentError, match="tensorboard: the run has no folder"):
        tiny_classifier(tensorboard=True).fit(*classes())


class Watching:
    """An object that counts what it is told."""

    def __init__(self):
        self.seen = []

    def __call__(self, event):
        self.seen.append(event)


@pytest.mark.parametrize("make", [Classifier, Regressor])
def test_callbacks_are_told_and_may_stop(make):
    X, y = classes()
    watching = Watching()

    def stop(event):
        if isinstance(event, EpochEnd) and event.record.epoch == 2:
            raise StopTraining

    model = make(**TINY | {"epochs": 9}, baselines=False, callbacks=[watching, stop]).fit(X, y)
    assert len(model.history_.records) == 2
    assert model.history_.to_frame()["epoch"].tolist() == [1, 2]
    assert isinstance(watching.seen[0], RunStart)
    assert isinstance(watching.seen[-1], RunEnd)
    copied = clone(model)
    assert copied.callbacks[1] is stop
    assert "callbacks" not in model.model_.bundle.settings["estimator"]


def test_a_forecasters_callbacks():
    watching = Watching()
    model = Forecaster(window=8, units=4, epochs=2, threads=1, callbacks=[watching])
    model.fit(np.sin(np.arange(80.0)), horizon=2)
    assert sum(isinstance(event, EpochEnd) for event in watching.seen) == 2
    assert len(model.history_.to_frame()) == 2


@pytest.mark.parametrize("wrong", [print, "print", [print, 3], [Watching], None])
def test_callbacks_that_are_none(wrong):
    with pytest.raises(ArgumentError, match=r"callbacks(\[\d\])?: found"):
        tiny_classifier(callbacks=wrong).fit(*classes())
