from __future__ import annotations

import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from elman.errors import ArgumentError, CheckpointError, TrainingError
from elman.training import (
    CrossEntropy,
    EpochEnd,
    EpochStart,
    RunEnd,
    RunFolder,
    RunStart,
    StepEnd,
    Trainer,
    TrainingConfig,
    load_checkpoint,
)
from elman.training.losses import accuracy
from tests.training.networks import CONFIG, examples, reader, same_bits, weights


def trained(config=CONFIG, resume=False, validation=True, data=None, **options):
    module = reader()
    held_out = examples(9, seed=1) if validation else None
    trainer = Trainer(
        module, CrossEntropy(), data or examples(), held_out, config, score=accuracy, **options
    )
    history = trainer.run(resume=resume)
    return module, history


def test_it_learns():
    _, history = trained(replace(CONFIG, epochs=25))
    assert history.best.validation_score == 1.0
    assert history.records[-1].train_loss < 0.6 * history.records[0].train_loss


def test_same_seed_same_bits_and_the_callers_generator_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, _ = trained()
    assert torch.equal(torch.rand(3), expected)
    second, _ = trained()
    other, _ = trained(replace(CONFIG, seed=4))
    assert same_bits(weights(first), weights(second))
    assert not same_bits(weights(first), weights(other))


def test_the_best_epoch_is_kept(tmp_path):
    folder = RunFolder(tmp_path)
    module, history = trained(replace(CONFIG, learning_rate=0.3, epochs=8), folder=folder)
    merits = [(r.validation_score, -r.validation_loss) for r in history.records]
    assert history.best_epoch == 1 + int(np.argmax([score * 1e6 + loss for score, loss in merits]))
    best = load_checkpoint(folder.best)
    assert same_bits(weights(module), {k: v.numpy() for k, v in best.weights.items()})
    assert not module.training
    with torch.no_grad():
        again = accuracy(
            module(examples(9, seed=1).inputs, examples(9, seed=1).lengths), examples(9, seed=1)
        )
    assert again.mean().item() == pytest.approx(history.best.validation_score)


def test_without_validation_the_last_epoch_is_kept():
    _, history = trained(validation=False)
    assert history.best_epoch == 6
    assert history.best.validation_loss is None


def test_early_stopping():
    _, history = trained(replace(CONFIG, learning_rate=1e-9, epochs=50, early_stopping=3))
    assert len(history.records) < 50
    assert len(history.records) == history.best_epoch + 3


def test_early_stopping_needs_validation():
    with pytest.raises(ArgumentError, match="early_stopping: there is no validation part"):
        trained(replace(CONFIG, early_stopping=3), validation=False)


def test_augmentation_needs_images_of_one_size():
    with pytest.raises(ArgumentError, match="augment: sequences of different lengths"):
        trained(replace(CONFIG, augment={"shift": 1.0}))


def test_events_come_in_order():
    seen = []
    trained(replace(CONFIG, epochs=2), listeners=[seen.append])
    epoch = [EpochStart, *[StepEnd] * 5, EpochEnd]
    assert [type(event) for event in seen] == [RunStart, *epoch, *epoch, RunEnd]
    assert [event.sequences for event in seen if isinstance(event, StepEnd)] == [5, 5, 5, 5, 2] * 2


def test_train_loss_is_the_mean_over_sequences():
    seen = []
    _, history = trained(replace(CONFIG, epochs=1), listeners=[seen.append])
    steps = [event for event in seen if isinstance(event, StepEnd)]
    expected = sum(s.loss * s.sequences for s in steps) / 22
    assert history.records[0].train_loss == pytest.approx(expected, rel=1e-6)


class InterruptAt:
    """A listener that presses Ctrl-C after the given number of steps."""

    def __init__(self, steps: int, number: int = signal.SIGINT) -> None:
        self._left, self._number = steps, number

    def __call__(self, event) -> None:
        if isinstance(event, StepEnd):
            self._left -= 1
            if self._left == 0:
                signal.raise_signal(self._number)


def interrupted_and_resumed(path, steps, config=CONFIG, **options):
    """Interrupted after each of the given numbers of steps, then trained to the end."""
    folder = RunFolder(path)
    for k, count in enumerate(steps):
        with pytest.raises(KeyboardInterrupt):
            trained(config, resume=k > 0, folder=folder, listeners=[InterruptAt(count)], **options)
    return trained(config, resume=True, folder=folder, **options)


def without_seconds(history):
    return [replace(record, seconds=0.0) for record in history.records]


@pytest.mark.parametrize("steps", [[1], [5], [7], [3, 9], [29]])
def test_resumed_is_the_same_to_the_bit(tmp_path, steps):
    whole, history = trained()
    module, again = interrupted_and_resumed(tmp_path, steps)
    assert same_bits(weights(whole), weights(module))
    assert without_seconds(history) == without_seconds(again)
    assert history.best_epoch == again.best_epoch
    assert RunFolder(tmp_path).read_metrics() == list(again.records)


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
    with pytest.raises(CheckpointError, match="saved with other config"):
        trained(replace(CONFIG, epochs=7), folder=folder, resume=True)
    with pytest.raises(CheckpointError, match="belongs to another network"):
        Trainer(
            reader(units=4), CrossEntropy(), examples(), examples(9, seed=1), CONFIG, folder=folder
        ).run(resume=True)


def test_resume_needs_a_checkpoint(tmp_path):
    with pytest.raises(CheckpointError, match="does not exist"):
        trained(folder=RunFolder(tmp_path), resume=True)
    with pytest.raises(CheckpointError, match="no folder"):
        trained(resume=True)


def test_a_loss_that_is_not_finite(tmp_path):
    folder = RunFolder(tmp_path)
    calls = []

    def breaks(outputs, batch):
        loss = CrossEntropy()(outputs, batch)
        calls.append(1)
        return loss._replace(total=loss.total * (float("nan") if len(calls) == 8 else 1.0))

    trainer = Trainer(reader(), breaks, examples(), None, CONFIG, folder=folder)
    with pytest.raises(
        TrainingError, match=r"epoch 2, step 3 of 5: the loss is nan; lower learning_rate"
    ):
        trainer.run()
    last = load_checkpoint(folder.last)
    assert (last.place["epoch"], last.place["step"]) == (2, 0)
    assert all(torch.isfinite(tensor).all() for tensor in last.weights.values())


def test_gradients_and_weights_that_are_not_finite():
    big = TrainingConfig(optimizer="sgd", learning_rate=1e38, epochs=2, batch_size=22)
    with pytest.raises(
        TrainingError, match=r"step 1 of 1: (the loss|a weight|the validation loss) is"
    ):
        trained(big)

    def steep(outputs, batch):
        loss = CrossEntropy()(outputs * 1e-30, batch)
        return loss._replace(total=loss.total + (outputs * 0).abs().sqrt().sum())

    clipped = replace(big, clip_norm=1.0)
    with pytest.raises(TrainingError, match="the norm of the gradients is"):
        Trainer(reader(), steep, examples(), None, clipped).run()


def test_denormals_are_flushed_in_training_only():
    seen = []

    def look(event):
        if isinstance(event, StepEnd):
            seen.append((torch.tensor(1e-40) * 1).item())

    trained(replace(CONFIG, epochs=1), listeners=[look])
    assert set(seen) == {0.0}
    assert (torch.tensor(1e-40) * 1).item() > 0
