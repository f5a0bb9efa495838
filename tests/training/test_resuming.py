"""Training that is interrupted, damaged or done twice, and goes on to the same bits."""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import get_args

import pytest
import torch

from elman.errors import CheckpointError
from elman.training import (
    CheckpointDamaged,
    CheckpointSaved,
    CrossEntropy,
    EpochEnd,
    RunFolder,
    StepEnd,
    Trainer,
)
from elman.training.config import OptimizerName
from elman.training.loop.losses import accuracy
from elman.training.run.checkpoint import load_checkpoint
from tests.training.networks import CONFIG, examples, reader, same_bits, weights
from tests.training.runs import InterruptAt, interrupted_and_resumed, trained, without_seconds


@pytest.mark.parametrize("steps", [[1], [5], [7], [3, 9], [29]])
def test_resumed_is_the_same_to_the_bit(tmp_path, steps):
    whole, history = trained()
    module, again = interrupted_and_resumed(tmp_path, steps)
    assert same_bits(weights(whole), weights(module))
    assert without_seconds(history) == without_seconds(again)
    assert history.best_epoch == again.best_epoch
    assert RunFolder(tmp_path).read_metrics() == list(again.records)


@pytest.mark.parametrize(
    "settings",
    [
        *({"optimizer": name} for name in get_args(OptimizerName)),
        {"average": 0.8},
        {"accumulate": 2, "clip_value": 1e-3},
        {"batch_tokens": 20},
        {"average": 0.9, "accumulate": 3, "batch_tokens": 14, "optimizer": "nesterov"},
    ],
)
def test_every_setting_resumes_to_the_bit(tmp_path, settings):
    config = replace(CONFIG, **settings)
    whole, history = trained(config)
    module, again = interrupted_and_resumed(tmp_path, [1, 7], config)
    assert same_bits(weights(whole), weights(module))
    assert without_seconds(history) == without_seconds(again)
    assert not same_bits(weights(whole), weights(trained(CONFIG)[0])) or settings == {
        "optimizer": CONFIG.optimizer
    }


def test_resumed_with_augmentation(tmp_path):
    config = replace(CONFIG, augment={"shift": 1.0, "scale": 0.1}, optimizer="momentum")
    data = examples(ragged=False)
    whole, _ = trained(config, data=data)
    module, _ = interrupted_and_resumed(tmp_path, [8], config, data=data)
    assert same_bits(weights(whole), weights(module))


def test_interrupted_while_validating(tmp_path):
    whole, history = trained()

    def press(outputs, batch):
        if not torch.is_grad_enabled() and not pressed:
            pressed.append(True)
            signal.raise_signal(signal.SIGINT)
        return CrossEntropy()(outputs, batch)

    pressed: list[bool] = []
    folder = RunFolder(tmp_path)
    module = reader()
    args = (examples(), examples(9, seed=1), CONFIG)
    with pytest.raises(KeyboardInterrupt):
        Trainer(module, press, *args, score=accuracy, folder=folder).run()
    assert load_checkpoint(folder.last).place["step"] == 5
    module, again = trained(resume=True, folder=folder)
    assert same_bits(weights(whole), weights(module))
    assert without_seconds(history) == without_seconds(again)


def test_resuming_a_complete_run_changes_nothing(tmp_path):
    folder = RunFolder(tmp_path)
    module, history = trained(folder=folder)
    again, same = trained(folder=folder, resume=True)
    assert same_bits(weights(module), weights(again))
    assert history == same


def test_termination_goes_the_same_way(tmp_path):
    class Terminated(KeyboardInterrupt):
        pass

    def handler(number, frame):
        raise Terminated

    previous = signal.signal(signal.SIGTERM, handler)
    try:
        with pytest.raises(Terminated):
            trained(folder=RunFolder(tmp_path), listeners=[InterruptAt(7, signal.SIGTERM)])
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, previous)
    place = load_checkpoint(RunFolder(tmp_path).last).place
    assert (place["epoch"], place["step"]) == (2, 2)


def test_second_interrupt_does_not_wait(tmp_path):
    def twice(event):
        if isinstance(event, StepEnd):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            pytest.fail("the second one was held back")

    with pytest.raises(KeyboardInterrupt):
        trained(folder=RunFolder(tmp_path), listeners=[twice])


def test_without_a_folder_an_interrupt_is_raised_on():
    with pytest.raises(KeyboardInterrupt):
        trained(listeners=[InterruptAt(3)])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_resume_refuses_other_data_and_other_configuration(tmp_path):
    folder = RunFolder(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        trained(folder=folder, listeners=[InterruptAt(3)])
    with pytest.raises(CheckpointError, match="saved with other data"):
        trained(folder=folder, resume=True, data=examples(22, seed=7))
    with pytest.raises(CheckpointError, match=r"started with training\.epochs = 6, now it is 7"):
        trained(replace(CONFIG, epochs=7), folder=folder, resume=True)
    with pytest.raises(CheckpointError, match="belongs to another network"):
        Trainer(
            reader(units=4), CrossEntropy(), examples(), examples(9, seed=1), CONFIG, folder=folder
        ).run(resume=True)


def test_resume_needs_a_run(tmp_path):
    with pytest.raises(CheckpointError, match="holds no training run"):
        trained(folder=RunFolder(tmp_path), resume=True)
    with pytest.raises(CheckpointError, match="no folder"):
        trained(resume=True)


def test_checkpoints_between_the_ends_of_epochs(tmp_path):
    seen = []
    folder = RunFolder(tmp_path)
    config = replace(CONFIG, checkpoint_every=3, epochs=2)
    trained(config, folder=folder, listeners=[seen.append])
    saved = [(e.epoch, e.step) for e in seen if isinstance(e, CheckpointSaved)]
    assert saved == [(1, 0), (1, 3), (2, 0), (2, 1), (2, 4), (3, 0)]
    before = load_checkpoint(folder.previous).place
    assert (before["epoch"], before["step"]) == (2, 4)


@pytest.mark.parametrize("damage", ["cut", "bit", "gone"])
def test_a_damaged_checkpoint_is_passed_over(tmp_path, damage):
    whole, history = trained()
    folder = RunFolder(tmp_path)
    config = replace(CONFIG, checkpoint_every=4)
    with pytest.raises(KeyboardInterrupt):
        trained(config, folder=folder, listeners=[InterruptAt(18)])
    content = bytearray(folder.last.read_bytes())
    if damage == "gone":
        folder.last.unlink()
    elif damage == "cut":
        folder.last.write_bytes(content[:-1])
    else:
        content[-1] ^= 1
        folder.last.write_bytes(content)
    seen, good = [], folder.previous.read_bytes()

    def look(event):
        seen.append(event)
        if sum(isinstance(e, CheckpointSaved) for e in seen) == 1:
            assert folder.previous.read_bytes() == good  # the damaged one did not take its place

    module, again = trained(config, resume=True, folder=folder, listeners=[look])
    assert isinstance(seen[0], CheckpointDamaged)
    assert seen[0].path == str(folder.last)
    first = next(event for event in seen if isinstance(event, StepEnd))
    assert (first.epoch, first.step) == (4, 2)  # the 16th of 20 was saved before
    assert same_bits(weights(whole), weights(module))
    assert without_seconds(history) == without_seconds(again)


def test_a_second_trainer_is_refused_while_the_first_lives(tmp_path):
    folder = RunFolder(tmp_path)
    refused = []

    def intrude(event):
        if isinstance(event, EpochEnd):
            with pytest.raises(CheckpointError, match="another training is at work here"):
                trained(folder=RunFolder(tmp_path), resume=True)
            refused.append(event)

    module, _ = trained(folder=folder, listeners=[intrude])
    assert len(refused) == 6
    assert same_bits(weights(module), weights(trained()[0]))


@pytest.mark.parametrize("optimizer", ["adam", "momentum"])
def test_workers_change_no_bit(tmp_path, optimizer):
    config = replace(CONFIG, optimizer=optimizer, augment={"shift": 1.0, "rotate": 0.1})
    data = examples(ragged=False)
    whole, history = trained(config, data=data)
    module, again = interrupted_and_resumed(tmp_path, [3, 9], config, data=data, workers=2)
    assert same_bits(weights(whole), weights(module))
    assert without_seconds(history) == without_seconds(again)
