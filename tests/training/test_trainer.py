from __future__ import annotations

import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from elman.errors import ArgumentError, TrainingError
from elman.training import (
    CrossEntropy,
    EpochEnd,
    EpochStart,
    RunEnd,
    RunFolder,
    RunStart,
    StepEnd,
    StepSkipped,
    StopTraining,
    Trainer,
)
from elman.training.loop.batches import batch_rows
from elman.training.loop.losses import accuracy
from elman.training.randomness import generator
from elman.training.run.checkpoint import load_checkpoint
from tests.training.networks import CONFIG, examples, reader, same_bits, weights
from tests.training.runs import InterruptAt, trained


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
    best = load_checkpoint(folder.last).best
    assert same_bits(weights(module), {k: v.numpy() for k, v in best.items()})
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


def test_a_listener_may_stop_the_training(tmp_path):
    """The epoch in progress is validated and kept, the others are told, and resuming goes on."""
    seen = []

    def stop(event):
        if isinstance(event, StepEnd) and event.epoch == 2:
            raise StopTraining("enough")

    folder = RunFolder(tmp_path)
    _, history = trained(folder=folder, listeners=[stop, seen.append])
    assert [record.epoch for record in history.records] == [1, 2]
    assert history.records[1].validation_loss is not None
    assert [event.step for event in seen if isinstance(event, StepEnd)] == [1, 2, 3, 4, 5, 1]
    assert seen[-1] == RunEnd(history.best_epoch, stopped_early=True, reason="enough")
    _, more = trained(folder=folder, resume=True)
    assert more.records[:2] == history.records
    assert len(more.records) == 6


def test_a_listener_that_stops_at_the_start_leaves_one_step():
    def stop(event):
        raise StopTraining

    _, history = trained(listeners=[stop])
    assert len(history.records) == 1


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


class Breaking:
    """The usual loss, but not a number in the calls given, counted from 1."""

    def __init__(self, *calls: int) -> None:
        self._calls, self._call = calls, 0

    def __call__(self, outputs, batch):
        loss = CrossEntropy()(outputs, batch)
        if torch.is_grad_enabled():  # no call of the validation
            self._call += 1
        return loss._replace(total=loss.total * (float("nan") if self._call in self._calls else 1))


def broken(*calls, config=CONFIG, **options):
    module = reader()
    seen = []
    trainer = Trainer(
        module, Breaking(*calls), examples(), None, config, listeners=[seen.append], **options
    )
    return trainer, seen


def test_a_loss_that_is_not_finite_skips_its_step():
    trainer, seen = broken(8)
    before = {}

    def look(event):
        if (event.epoch, event.step) == (2, 2) and isinstance(event, StepEnd):
            before.update(weights(trainer.module))
        if isinstance(event, StepSkipped):
            assert same_bits(weights(trainer.module), before)

    trainer._listeners.append(lambda event: hasattr(event, "step") and look(event))
    history = trainer.run()
    (skipped,) = (event for event in seen if isinstance(event, StepSkipped))
    assert (skipped.epoch, skipped.step, skipped.found) == (2, 3, "the loss is nan")
    draws = generator(CONFIG.seed, "order", 2)
    assert skipped.rows == tuple(batch_rows(examples(), CONFIG.batch_size, draws=draws)[2])
    steps = [e for e in seen if isinstance(e, StepEnd) and e.epoch == 2]
    assert [event.step for event in steps] == [1, 2, 4, 5]
    mean = sum(e.loss * e.sequences for e in steps) / sum(e.sequences for e in steps)
    assert history.records[1].train_loss == pytest.approx(mean)


def test_too_many_skipped_steps_in_a_row_end_the_training(tmp_path):
    config = replace(CONFIG, max_skipped=2)
    folder = RunFolder(tmp_path / "run")
    trainer, _ = broken(3, 4, 8, 9, 10, config=config, folder=folder)
    message = r"epoch 2, step 5 of 5: the loss is nan \(so were 2 steps before\); lower learn"
    with pytest.raises(TrainingError, match=message):
        trainer.run()
    last = load_checkpoint(folder.last)
    assert (last.place["epoch"], last.place["step"], last.place["skipped"]) == (2, 5, 3)
    good, _ = broken(3, 4, config=config, folder=RunFolder(tmp_path / "good"))
    good._listeners.append(InterruptAt(5))
    with pytest.raises(KeyboardInterrupt):
        good.run()
    kept = {name: tensor.numpy() for name, tensor in last.weights.items()}
    assert same_bits(kept, weights(good.module))


def test_the_count_of_skipped_steps_survives_an_interruption(tmp_path):
    config = replace(CONFIG, max_skipped=2)
    folder = RunFolder(tmp_path)
    trainer, _ = broken(2, 3, config=config, folder=folder)

    def press(event):
        if isinstance(event, StepSkipped) and event.step == 3:
            signal.raise_signal(signal.SIGINT)

    trainer._listeners.append(press)
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    resumed, _ = broken(1, config=config, folder=folder)
    with pytest.raises(TrainingError, match=r"step 4 of 5: the loss is nan \(so were 2 steps"):
        resumed.run(resume=True)


def test_gradients_that_are_not_finite_skip_the_step():
    def steep(outputs, batch):
        loss = CrossEntropy()(outputs * 1e-30, batch)
        return loss._replace(total=loss.total + (outputs * 0).abs().sqrt().sum())

    module = reader()
    before = weights(module)
    with pytest.raises(TrainingError, match="the norm of the gradients is nan"):
        Trainer(module, steep, examples(), None, CONFIG).run()
    assert same_bits(before, weights(module))


@pytest.mark.parametrize("every", [1, None])
def test_weights_that_are_not_finite_are_never_saved(tmp_path, every):
    folder = RunFolder(tmp_path)
    config = replace(CONFIG, checkpoint_every=every)
    trainer, seen = broken(config=config, folder=folder)

    def spoil(event):
        if isinstance(event, StepEnd) and (event.epoch, event.step) == (2, 3):
            with torch.no_grad():
                trainer.module.head.bias[0] = float("inf")

    trainer._listeners.append(spoil)
    with pytest.raises(TrainingError, match=r"a weight is no longer finite;.*good state is in"):
        trainer.run()
    assert isinstance(seen[-1], StepEnd if every else StepSkipped)
    last = load_checkpoint(folder.last)
    assert (last.place["epoch"], last.place["step"]) == (2, 2 if every else 0)
    assert all(torch.isfinite(tensor).all() for tensor in last.weights.values())


def test_denormals_are_flushed_in_training_only():
    seen = []

    def look(event):
        if isinstance(event, StepEnd):
            seen.append((torch.tensor(1e-40) * 1).item())

    trained(replace(CONFIG, epochs=1), listeners=[look])
    assert set(seen) == {0.0}
    assert (torch.tensor(1e-40) * 1).item() > 0
