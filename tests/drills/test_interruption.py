"""Training that is cut off: by Ctrl-C, by SIGTERM, by a kill, by a full disk."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import elman
from elman import files
from elman.errors import BundleError, CheckpointError
from elman.tasks import Classifier
from elman.training import RunFolder, StepEnd, Trainer
from elman.training.run.checkpoint import load_checkpoint
from tests.tasks.sequences import TINY, classes
from tests.training.networks import CONFIG, examples, same_bits, weights
from tests.training.runs import InterruptAt, interrupted_and_resumed, trained, without_seconds

pytestmark = pytest.mark.drill

# Continuous integration runs a fixed sample; `make drills` runs all.
ALL = os.environ.get("ELMAN_DRILLS") == "all"
ROOT = Path(__file__).parents[2]

LONG = replace(CONFIG, epochs=40, augment={"shift": 0.5})  # 200 steps


@cache
def undisturbed():
    """The long run that nobody stops: weights, records and the lines of its steps."""
    steps = []
    module, history = trained(LONG, data=examples(ragged=False), listeners=[steps.append])
    told = [replace(step, seconds=0.0) for step in steps if isinstance(step, StepEnd)]
    return weights(module), without_seconds(history), told


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stop", range(1, 201) if ALL else (1, 5, 117))
def test_stopped_at_a_step(tmp_path, stop, workers):
    """200 steps, stopped at each of them: weights, metrics and log are those of a whole run."""
    told = {"config": LONG, "data": examples(ragged=False), "workers": workers}
    module, history = interrupted_and_resumed(tmp_path, [stop], **told)
    expected, records, steps = undisturbed()
    assert same_bits(weights(module), expected)
    assert without_seconds(history) == records
    lines = [json.loads(line) for line in RunFolder(tmp_path).steps.read_text().splitlines()]
    assert [(line["epoch"], line["step"]) for line in lines] == [(s.epoch, s.step) for s in steps]
    assert [line["loss"] for line in lines] == [step.loss for step in steps]
    assert [line["gradient_norm"] for line in lines] == [step.gradient_norm for step in steps]


def test_killed_at_random_moments(tmp_path):
    kills = 200 if ALL else 4
    line = [sys.executable, "-m", "tests.drills.kills", str(tmp_path), str(kills), "0"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["kills"] == kills
    assert found["checkpoints"] > kills


@pytest.mark.parametrize("drawing", range(60 if ALL else 4))
def test_any_steps(tmp_path, drawing):
    """Six epochs of five steps, interrupted up to four times anywhere."""
    draws = random.Random(drawing)
    cuts = sorted(draws.sample(range(1, 30), draws.randint(1, 4)))
    steps = [b - a for a, b in zip([0, *cuts], cuts, strict=False)]
    whole, history = trained()
    module, again = interrupted_and_resumed(tmp_path, steps)
    assert same_bits(weights(whole), weights(module))
    assert without_seconds(history) == without_seconds(again)


RUN = """
import signal, sys
from tests.tasks.sequences import TINY, classes
from elman.tasks import Classifier
from elman.training import StepEnd, Trainer
stop, number, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
emit = Trainer._emit
def watched(self, event):
    global stop
    emit(self, event)
    stop -= isinstance(event, StepEnd)
    if not stop:
        signal.raise_signal(number)
Trainer._emit = watched
Classifier(**TINY, run=path).fit(*classes())
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, None), (signal.SIGKILL, -9)])
def test_a_process_that_is_cut_off_is_resumed(tmp_path, number, code):
    path = tmp_path / "run"
    done = subprocess.run(
        [sys.executable, "-c", RUN, "6", str(int(number)), str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    # Where tabulate is installed, torch imports it at exit; what that evaluates makes Python forget
    # that it was interrupted, and exit with 1.
    assert done.returncode in ((-signal.SIGINT, 1) if code is None else (code,)), done.stderr
    if code is None:
        assert done.stderr.rstrip().endswith("KeyboardInterrupt")
    X, y = classes()
    assert not RunFolder(path).model.exists()
    resumed = Classifier(**TINY, run=path, resume=True).fit(X, y)
    whole = Classifier(**TINY).fit(X, y)
    assert (resumed.predict_proba(X) == whole.predict_proba(X)).all()
    assert (elman.load(RunFolder(path).model).predict(X) == whole.predict(X)).all()


class FullDisk:
    """A disk on which the writing of files fails from the given one on."""

    def __init__(self, monkeypatch, left: int) -> None:
        self.left = left
        self._fsync = os.fsync
        monkeypatch.setattr(files.os, "fsync", self)

    def __call__(self, descriptor: int) -> None:
        self.left -= 1
        if self.left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._fsync(descriptor)


def test_full_disk_while_saving_a_model(tmp_path, monkeypatch):
    X, y = classes()
    model = Classifier(**TINY).fit(X, y)
    model.save(tmp_path / "m")
    before = (tmp_path / "m").read_bytes()
    FullDisk(monkeypatch, 0)
    with pytest.raises(BundleError, match="No space left"):
        model.set_params(seed=1).fit(X, y).save(tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


@pytest.mark.parametrize("left", range(0, 19, 1 if ALL else 4))
def test_full_disk_while_training(tmp_path, monkeypatch, left):
    """Whichever write fails first, the checkpoint that stands is whole and can be resumed.

    The files that are synced: configuration, metrics, first checkpoint, steps, and one
    checkpoint an epoch; each with its folder, whose failure is passed over.
    """
    whole, _ = trained()
    folder = RunFolder(tmp_path / "run")
    with monkeypatch.context() as patch:
        FullDisk(patch, left)
        with pytest.raises(CheckpointError, match=r"could not be written.*No space left"):
            trained(folder=folder)
    assert not list(folder.last.parent.glob(".*"))
    module, _ = trained(folder=folder, resume=folder.config.exists())
    assert same_bits(weights(whole), weights(module))


LIMITED = """
import resource, signal, sys
from elman.training import CheckpointSaved, RunFolder
from tests.training.runs import trained
left, folder = int(sys.argv[1]), RunFolder(sys.argv[2])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def limit(event):
    global left
    left -= isinstance(event, CheckpointSaved)
    if not left:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (folder.last.stat().st_size // 2, hard))
trained(folder=folder, listeners=[limit])
"""


@pytest.mark.parametrize("left", range(1, 7) if ALL else (4,))
def test_a_disk_that_takes_half_a_checkpoint(tmp_path, left):
    """The system itself refuses the second half of the file."""
    folder = RunFolder(tmp_path / "run")
    line = [sys.executable, "-c", LIMITED, str(left), str(folder.path)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT)
    assert "CheckpointError" in done.stderr
    assert "File too large" in done.stderr
    assert load_checkpoint(folder.last).place["epoch"] == left
    module, _ = trained(folder=folder, resume=True)
    assert same_bits(weights(trained()[0]), weights(module))


def test_full_disk_when_interrupted(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path)
    armed = []

    def arm(event):
        if isinstance(event, StepEnd) and not armed:
            armed.append(FullDisk(monkeypatch, 0))

    with pytest.raises(CheckpointError, match="No space left"):
        trained(folder=folder, listeners=[arm, InterruptAt(2)])
    monkeypatch.undo()
    assert load_checkpoint(folder.last).place["step"] == 0
    whole, _ = trained()
    module, _ = trained(folder=folder, resume=True)
    assert same_bits(weights(whole), weights(module))


def test_an_interrupted_fit_leaves_the_estimator_as_it_was(monkeypatch):
    X, y = classes()
    model = Classifier(**TINY).fit(X, y)
    before = model.predict_proba(X)
    emit, interrupt = Trainer._emit, InterruptAt(2)

    def watched(self, event):
        emit(self, event)
        interrupt(event)

    monkeypatch.setattr(Trainer, "_emit", watched)
    with pytest.raises(KeyboardInterrupt):
        model.set_params(seed=1).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), before)
