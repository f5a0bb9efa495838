"""Central differences for every cell: every input through every output.

Inputs, initial state and parameters are varied, outputs and final state looked at: entry by entry
for the built-in cells, in random directions for each pair of an input and an output for wrappers
and users' cells. Dropout and zoneout train with the keys of a given state, so they are functions.
"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from elman import state
from elman.layers import bidirectional_unroll, dynamic_unroll
from tests.cell_zoo import CELLS, make, random_inputs, random_state
from tests.unchecked import unchecked

LENGTHS = [3, 0, 2]
RESETS = torch.tensor([[False, True, False], [True, True, True], [False, False, True]])


def floats(tree):
    return [leaf for leaf in state.leaves(tree) if leaf.is_floating_point()]


def check(cells, run):
    """Compare gradients of `run(inputs, states)` by inputs, states and the cells' parameters."""
    inputs = random_inputs(len(LENGTHS), 3).requires_grad_()
    states = tuple(random_state(cell, len(LENGTHS)) for cell in cells)
    varied = [inputs]
    varied += [leaf.requires_grad_() for leaf in floats(states)]
    for cell in cells:
        varied += list(cell.parameters()) if isinstance(cell, nn.Module) else []

    def function(*_):  # gradcheck varies the tensors in place
        outputs, finals = run(inputs, states)
        return *floats(outputs), *floats(finals)

    entry_by_entry = all(hasattr(cell, "recurrence") for cell in cells)
    with unchecked():  # checking shapes takes longer than the steps
        assert torch.autograd.gradcheck(
            function, varied, fast_mode=not entry_by_entry, check_undefined_grad=False
        )


@pytest.mark.parametrize("reverse", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("name", CELLS)
def test_with_lengths(name, reverse):
    cell = make(name)
    check(
        [cell],
        lambda inputs, states: dynamic_unroll(
            cell, inputs, lengths=LENGTHS, initial_state=states[0], reverse=reverse
        ),
    )


@pytest.mark.parametrize("name", CELLS)
def test_with_resets(name):
    cell = make(name, training=False)  # in training a reset row draws fresh masks
    check(
        [cell],
        lambda inputs, states: dynamic_unroll(
            cell, inputs, lengths=LENGTHS, initial_state=states[0], resets=RESETS
        ),
    )


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_in_both_directions(name):
    cells = make(name), make(name)
    check(
        cells,
        lambda inputs, states: bidirectional_unroll(
            *cells, inputs, lengths=LENGTHS, initial_states=states
        ),
    )


@pytest.mark.parametrize("name", CELLS)
def test_one_step(name):
    cell = make(name)
    check([cell], lambda inputs, states: cell(inputs[:, 0], states[0]))


def test_a_learned_initial_state_is_reached_through_resets():
    cell = make("learned")
    inputs = random_inputs(3, 3)
    start = random_state(cell, 3)

    def loss(lengths):
        outputs, _ = dynamic_unroll(
            cell, inputs, lengths=lengths, initial_state=start, resets=RESETS
        )
        return outputs.sum()

    reached = torch.autograd.grad(loss([3, 0, 3]), list(cell.initial))
    assert all((gradient != 0).all() for gradient in reached)
    unreached = torch.autograd.grad(loss([1, 0, 2]), list(cell.initial), allow_unused=True)
    assert all(gradient is None for gradient in unreached)
