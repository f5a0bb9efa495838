"""The remedies: gradients that can be told beforehand, and a short run of each."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from elman.cells import RNNCell
from elman.data.synthetic import ADDING_BASELINE, adding
from elman.diagnosis.remedies import REMEDIES, Remedy, gradient_by_lag, measure_remedies
from elman.errors import ArgumentError, TrainingError
from elman.layers import dynamic_unroll
from elman.training import Trainer


class Decaying(nn.Module):
    """The last state of h(t) = x(t) + factor·h(t-1), for inputs that keep ReLU open."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.cell = RNNCell(1, 1, activation="relu")
        with torch.no_grad():
            self.cell.weight_ih.fill_(1.0)
            self.cell.weight_hh.fill_(factor)

    def forward(self, inputs, lengths):
        return dynamic_unroll(self.cell, inputs, lengths=lengths)[1].hidden


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.1])
def test_the_gradient_falls_and_grows_by_the_recurrent_weight(factor):
    network = Decaying(factor)
    weights = [p.clone() for p in network.parameters()]
    found = gradient_by_lag(network, torch.rand(4, 9, 1), torch.full((4, 1), 50.0))
    assert len(found) == 9
    for lag in range(9):
        assert found[lag] / found[0] == pytest.approx(factor**lag, rel=1e-6)
    assert all(torch.equal(p, q) for p, q in zip(network.parameters(), weights, strict=True))
    assert all(p.grad is None for p in network.parameters())


def test_the_gradient_is_the_mean_over_rows_of_what_autograd_gives():
    inputs, targets = (torch.from_numpy(array) for array in adding(5, 6, seed=1))
    cell, dense = RNNCell(2, 3).double(), nn.Linear(3, 1).double()

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.dense = cell, dense

        def forward(self, inputs, lengths):
            return self.dense(dynamic_unroll(self.cell, inputs)[0][:, -1])

    found = gradient_by_lag(Network(), inputs, targets)
    squares = torch.zeros(6, dtype=torch.float64)
    for row, target in zip(inputs.double(), targets.double(), strict=True):
        steps = [step.requires_grad_() for step in row.clone().unbind()]
        state = torch.zeros(3, dtype=torch.float64)
        for step in steps:
            state = torch.tanh(cell.weight_ih @ step + cell.weight_hh @ state + cell.bias)
        grads = torch.autograd.grad((dense(state) - target).square().sum(), steps)
        squares += torch.stack([g.square().sum() for g in grads]) / 5
    torch.testing.assert_close(torch.tensor(found), squares.sqrt().flip(0).float())


@pytest.fixture(scope="module")
def measured():
    return measure_remedies(steps=4, epochs=2, seed=5)


def test_every_remedy_is_measured_under_the_same_conditions(measured):
    numbers = measured.to_dict()
    assert [entry["name"] for entry in numbers["remedies"]] == [r.name for r in REMEDIES]
    assert numbers["baseline"] == ADDING_BASELINE
    assert (numbers["steps"], numbers["updates"], numbers["seed"]) == (4, 200, 5)
    for entry, remedy in zip(numbers["remedies"], REMEDIES, strict=True):
        assert entry["learning_rate"] == remedy.learning_rate
        assert entry["updates"] == [100, 200]
        assert len(entry["gradient_before"]) == len(entry["gradient_after"]) == 4
        assert entry["gradient_before"] != entry["gradient_after"]
        assert entry["stopped"] is None
        assert entry["error"][-1] < ADDING_BASELINE  # four steps: all learn something


def test_clipping_starts_where_the_plain_network_does(measured):
    plain, clipped = (
        next(entry for entry in measured.remedies if entry.name == name)
        for name in ("tanh", "clipping")
    )
    assert plain.gradient_before == clipped.gradient_before
    assert (plain.clip_norm, clipped.clip_norm) == (None, 1.0)


def test_the_same_seed_gives_the_same_numbers(measured):
    again = measure_remedies(steps=4, epochs=2, seed=5, remedies=REMEDIES[:2])
    for entry, other in zip(again.remedies, measured.remedies[:2], strict=True):
        assert dataclasses.replace(entry, seconds=0.0) == dataclasses.replace(other, seconds=0.0)


def test_progress_is_told_for_each_update():
    told = []
    measure_remedies(
        steps=4, epochs=1, remedies=REMEDIES[:2], progress=lambda *update: told.append(update)
    )
    names = [remedy.name for remedy in REMEDIES[:2]]
    assert told == [(name, k, 100) for name in names for k in range(1, 101)]


def test_a_training_that_cannot_go_on_is_kept_with_its_reason(monkeypatch):
    def fail(self):
        raise TrainingError("the loss", "is nan", "lower the rate")

    monkeypatch.setattr(Trainer, "run", fail)
    (entry,) = measure_remedies(steps=4, epochs=1, remedies=REMEDIES[:1]).remedies
    assert entry.stopped == "the loss: is nan; lower the rate"
    assert (entry.error, entry.updates, entry.gradient_after) == ([], [], [])


def test_numbers_below_their_least_are_errors():
    with pytest.raises(ArgumentError, match="epochs"):
        measure_remedies(epochs=0)
    with pytest.raises(ArgumentError, match="steps"):
        measure_remedies(steps=1)
    with pytest.raises(ArgumentError, match="seed"):
        measure_remedies(seed=-1)


def test_each_remedy_makes_a_fresh_cell_of_two_features():
    for remedy in REMEDIES:
        assert isinstance(remedy, Remedy)
        draws = torch.Generator().manual_seed(0)
        assert remedy.cell(5, draws).input_size == 2
