"""The trainer on recordings that are read window by window."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from elman import state as states
from elman.cells import Dropout, GRUCell, LSTMCell, Stacked
from elman.errors import ArgumentError, CheckpointError
from elman.layers import dynamic_unroll
from elman.targets import Target
from elman.training import (
    Examples,
    MeanSquaredError,
    RunFolder,
    StepEnd,
    StepSkipped,
    Streams,
    Trainer,
    TrainingConfig,
    truncated_unroll,
)
from elman.training.run.checkpoint import load_checkpoint
from tests.training.networks import same_bits, weights
from tests.training.runs import InterruptAt, without_seconds

CONFIG = TrainingConfig(optimizer="adamw", learning_rate=0.01, clip_norm=1.0, epochs=2, seed=5)
PLAIN = TrainingConfig(optimizer="sgd", learning_rate=0.1, clip_norm=None, epochs=2, seed=5)


class Follower(nn.Module):
    """A number for each step, by cells that keep random keys and counters in their state."""

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        self.cell = Stacked([Dropout(LSTMCell(1, 3), recurrent=dropout), GRUCell(3, 4)])
        self.head = nn.Linear(4, 1)

    def unroll(self, inputs, **time):
        outputs, state = dynamic_unroll(self.cell, inputs, **time)
        return self.head(outputs), state

    def forward(self, inputs, lengths):
        return self.unroll(inputs, lengths=lengths)[0]


def follower(dropout=0.2):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Follower(dropout)


def recordings(*lengths, seed=0):
    draw = torch.Generator().manual_seed(seed)
    inputs = [torch.randn(steps, 1, generator=draw) for steps in lengths]
    return inputs, [steps.cumsum(0) for steps in inputs]


def streams(truncation=4, stride=None):
    return Streams(*recordings(9, 5, 0, 7, 2), rows=2, truncation=truncation, stride=stride)


def held_out():
    inputs, targets = recordings(6, 6, seed=1)
    lengths = torch.tensor([6, 4])
    kind = Target.NUMBERS_PER_STEP
    return Examples(torch.stack(inputs), torch.stack(targets), lengths, kind=kind)


def trained(config=CONFIG, train=None, resume=False, **options):
    module = follower()
    train = streams() if train is None else train
    trainer = Trainer(module, MeanSquaredError(), train, held_out(), config, **options)
    return module, trainer.run(resume)


def test_it_trains_as_the_loop_written_out():
    module, by_hand = follower(dropout=0.0), follower(dropout=0.0)
    cut = streams(truncation=4, stride=3)
    Trainer(module, MeanSquaredError(), cut, None, PLAIN).run()
    optimizer, state = torch.optim.SGD(by_hand.parameters(), lr=0.1), None
    for epoch in (1, 2):
        for window in cut.windows(PLAIN.seed, epoch):
            optimizer.zero_grad()
            outputs, state = truncated_unroll(by_hand.unroll, window, state)
            MeanSquaredError()(outputs, window.batch).mean().backward()
            optimizer.step()
    for found, expected in zip(module.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("window", "stride", "changes", "workers"),
    [(4, None, {}, 0), (4, 3, {"average": 0.8}, 0), (5, 2, {"checkpoint_every": 3}, 2)],
)
def test_resumed_after_any_window_to_the_bit(tmp_path, window, stride, changes, workers):
    config, cut = replace(CONFIG, **changes), streams(window, stride)
    whole, history = trained(config, cut)
    for steps in range(1, len(cut) + 2):
        folder = RunFolder(tmp_path / str(steps))
        with pytest.raises(KeyboardInterrupt):
            trained(config, cut, folder=folder, listeners=[InterruptAt(steps)], workers=workers)
        module, again = trained(config, cut, resume=True, folder=folder, workers=workers)
        assert same_bits(weights(whole), weights(module))
        assert without_seconds(history) == without_seconds(again)


def test_the_carried_state_is_in_the_checkpoint(tmp_path):
    folder = RunFolder(tmp_path)
    cut = Streams(*recordings(12, 12), rows=2, truncation=4)
    with pytest.raises(KeyboardInterrupt):
        trained(train=cut, folder=folder, listeners=[InterruptAt(2)])
    carried = {k: v for k, v in load_checkpoint(folder.last).more.items() if k[:8] == "carried."}
    expected = list(states.leaves(follower().cell.initial_state(2)))
    assert [list(carried[f"carried.{k}"].shape) for k in range(5)] == [
        list(leaf.shape) for leaf in expected
    ]
    assert carried["carried.3"].tolist() == [8, 8]  # the dropout's counter: two windows of four


def test_a_run_goes_on_with_the_windows_it_began_with(tmp_path):
    folder = RunFolder(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        trained(folder=folder, listeners=[InterruptAt(1)])
    with pytest.raises(CheckpointError, match="saved with other data"):
        trained(train=streams(truncation=5), folder=folder, resume=True)


def test_after_a_step_that_was_skipped_rows_begin_afresh():
    """An input that is not a number spoils its own window, and nothing after it."""
    inputs, targets = recordings(12)
    inputs[0][5] = math.nan
    module, seen = follower(dropout=0.0), []
    cut = Streams(inputs, targets, 1, 3)
    Trainer(module, MeanSquaredError(), cut, None, PLAIN, listeners=[seen.append]).run()
    steps = [event for event in seen if isinstance(event, StepEnd | StepSkipped)]
    assert [type(event) for event in steps] == [StepEnd, StepSkipped, StepEnd, StepEnd] * 2
    assert steps[1].rows == (0,)
    _, healthy = truncated_unroll(module.unroll, list(cut.windows(5, 1))[2])
    assert all(torch.isfinite(leaf).all() for leaf in states.leaves(healthy))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"augment": {"shift": 1.0}}, "augment: .* with truncation; whole sequences, or None"),
        ({"batch_tokens": 100}, "batch_tokens: 100 with truncation; whole sequences, or None"),
        ({"accumulate": 2}, "accumulate: 2 with truncation; whole sequences, or 1"),
    ],
)
def test_settings_that_windows_do_not_have(changes, message):
    with pytest.raises(ArgumentError, match=message):
        trained(replace(CONFIG, **changes))


def test_a_module_that_cannot_go_on_from_a_state():
    with pytest.raises(ArgumentError, match="module: a Linear without a method unroll"):
        Trainer(nn.Linear(1, 1), MeanSquaredError(), streams(), None, CONFIG)
