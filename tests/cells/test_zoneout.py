"""Zoneout: which units keep their value, and the expectation in evaluation."""

from __future__ import annotations

import pytest
import torch

from elman.cells import GRUCell, LSTMCell, Zoneout
from elman.errors import ArgumentError
from elman.layers import dynamic_unroll
from tests.cell_zoo import Leaky, make, random_inputs, random_state

WIDTH = 400


def step(cell):
    """A step from a random state: before, the cell's own result, and zoneout's."""
    torch.manual_seed(0)
    state = random_state(cell, 3)
    inputs = torch.randn(3, 2)
    _, plain = cell.cell(inputs, state.inner)
    outputs, after = cell(inputs, state)
    return state.inner, plain, outputs, after.inner


def kept(before, plain, after):
    assert ((after == before) | (after == plain)).all()
    return (after == before).float().mean().item()


def test_units_keep_their_value_at_the_rate():
    before, plain, outputs, after = step(Zoneout(GRUCell(2, WIDTH), 0.3))
    assert kept(before.hidden, plain.hidden, after.hidden) == pytest.approx(0.3, abs=0.04)
    assert outputs is after.hidden


def test_hidden_and_cell_have_rates_and_masks_of_their_own():
    before, plain, outputs, after = step(Zoneout(LSTMCell(2, WIDTH), hidden=0.1, cell_rate=0.5))
    assert kept(before.hidden, plain.hidden, after.hidden) == pytest.approx(0.1, abs=0.04)
    assert kept(before.cell, plain.cell, after.cell) == pytest.approx(0.5, abs=0.04)
    assert outputs is after.hidden
    before, _, _, after = step(Zoneout(LSTMCell(2, WIDTH), 0.5))
    same_hidden, same_cell = after.hidden == before.hidden, after.cell == before.cell
    assert (same_hidden & same_cell).float().mean().item() == pytest.approx(0.25, abs=0.04)


def test_evaluation_gives_the_expectation():
    before, plain, outputs, after = step(Zoneout(LSTMCell(2, 5), hidden=0.1, cell_rate=0.5).eval())
    torch.testing.assert_close(after.hidden, 0.1 * before.hidden + 0.9 * plain.hidden)
    torch.testing.assert_close(after.cell, 0.5 * before.cell + 0.5 * plain.cell)
    assert outputs is after.hidden


def test_rate_zero_is_the_cell_itself():
    cell = make("zoneout")
    cell.hidden = 0.0
    inputs = random_inputs(2, 4)
    found, _ = dynamic_unroll(cell, inputs)
    expected, _ = dynamic_unroll(cell.cell, inputs)
    torch.testing.assert_close(found, expected)


def test_counters_and_outputs_that_are_no_state_pass_through():
    cell = Zoneout(Leaky(), 0.5)
    state = cell.initial_state(2)
    inputs = random_inputs(2, 1)[:, 0]
    outputs, plain = Leaky()(inputs, state.inner)
    found, after = cell(inputs, state)
    assert torch.equal(found, outputs)
    assert after.inner.count.tolist() == plain.count.tolist() == [1, 1]


@pytest.mark.parametrize("options", [{"rate": 1.0}, {"hidden": -0.1}, {"cell_rate": 2.0}])
def test_a_rate_is_a_probability_below_one(options):
    with pytest.raises(ArgumentError):
        Zoneout(LSTMCell(2, 3), **options)
