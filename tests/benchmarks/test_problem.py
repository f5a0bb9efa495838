"""What a point of the grid is: its operations, its numbers, its lengths."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.problem import CELLS, GATES, Problem, draw, lengths, sample

SMALL = Problem("LSTM", batch=3, steps=4, inputs=5, hidden=6, training=True)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("training", [False, True])
def test_operations_are_those_that_torch_counts(cell, training):
    problem = Problem(cell, 3, 4, 5, 6, training)
    numbers = draw(problem)
    weight_ih = torch.from_numpy(numbers.weight_ih).requires_grad_()
    weight_hh = torch.from_numpy(numbers.weight_hh).requires_grad_()
    # Products alone, the gates summed up: what a step does with them is not counted.
    hidden = torch.zeros(3, 6, requires_grad=True)
    with FlopCounterMode(display=False) as counter:
        for row in torch.from_numpy(numbers.inputs).unbind(1):
            gates = row @ weight_ih.T + hidden @ weight_hh.T
            hidden = torch.tanh(gates.reshape(3, GATES[cell], 6).sum(1))
        if training:
            hidden.sum().backward()
    assert counter.get_total_flops() == problem.operations


def test_numbers_are_the_same_for_everybody_and_for_both_modes():
    first, again = draw(SMALL), draw(dataclasses.replace(SMALL, training=False))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert first.weight_hh.shape == (24, 6)
    assert {array.dtype for array in first} == {np.dtype(np.float32)}


def test_lengths_spread_evenly_from_one_to_all_steps():
    real = lengths(Problem("GRU", 32, 512, 1, 1, training=False))
    assert (real.min(), real.max()) == (1, 512)
    assert real.mean() == pytest.approx((1 + 512) / 2, abs=0.5)
    assert np.abs(np.diff(np.sort(real)) - 511 / 31).max() < 1
    assert not np.array_equal(real, np.sort(real))


@pytest.mark.parametrize("steps", [1, 7, 8, 1000])
def test_a_sample_of_outputs_holds_the_last_step(steps):
    outputs = np.arange(2 * steps * 3).reshape(2, steps, 3)
    shown = sample(outputs)
    assert np.array_equal(shown[:, 0], outputs[:, -1])
    assert shown.shape[1] <= 16
