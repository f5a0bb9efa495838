"""Cells on top of each other."""

from __future__ import annotations

import copy

import pytest
import torch

from elman.cells import Dropout, GRUCell, LSTMCell, RNNCell, Stacked
from elman.errors import ArgumentError, ShapeError
from elman.layers import dynamic_unroll
from tests.cell_zoo import Leaky, make, random_inputs
from tests.unchecked import unchecked


def test_each_cell_reads_the_one_below():
    cells = [RNNCell(3, 2), LSTMCell(2, 4)]
    inputs = torch.randn(5, 3)
    below, below_state = cells[0](inputs, cells[0].initial_state(5))
    above, above_state = cells[1](below, cells[1].initial_state(5))
    stack = Stacked(cells)
    outputs, state = stack(inputs, stack.initial_state(5))
    torch.testing.assert_close(outputs, above)
    torch.testing.assert_close(state[0].hidden, below_state.hidden)
    torch.testing.assert_close(state[1].cell, above_state.cell)
    assert (stack.input_size, stack.output_size) == (3, 4)


def test_parameters_are_named_by_place():
    names = dict(Stacked([RNNCell(3, 2), Dropout(GRUCell(2, 4))]).named_parameters())
    assert "cells.0.weight_ih" in names
    assert "cells.1.cell.recurrent_bias" in names


def test_a_concatenated_state_holds_the_same_numbers():
    apart, joined = make("stacked"), make("stacked_concatenated")
    inputs = random_inputs(2, 4)
    outputs, states = dynamic_unroll(apart, inputs, lengths=[4, 2])
    same, state = dynamic_unroll(joined, inputs, lengths=[4, 2])
    assert torch.equal(outputs, same)
    expected = [states[0].hidden, states[1].hidden, states[1].cell, states[2].hidden]
    assert torch.equal(state, torch.cat(expected, dim=1))


def test_cells_can_be_plain_objects_and_are_found_by_index():
    leaky, gru = Leaky(), GRUCell(3, 2, dtype=torch.float64)
    stack = Stacked([leaky, gru])
    assert stack.cells[0] is leaky
    assert stack.cells[-1] is gru
    assert len(stack.cells) == 2
    assert list(copy.deepcopy(stack).state_dict()) == list(stack.state_dict())
    with pytest.raises(IndexError):
        stack.cells[2]


def test_bad_stacks():
    with pytest.raises(ArgumentError, match="found none"):
        Stacked([])
    with pytest.raises(ArgumentError, match=r"cells\[1\]"):
        Stacked([RNNCell(3, 2), "lstm"])
    with pytest.raises(ArgumentError, match="cells"):
        Stacked([RNNCell])
    with pytest.raises(ShapeError, match=r"cells\[1\]: it reads 5 features.* puts out 2"):
        Stacked([RNNCell(3, 2), RNNCell(5, 2)])
    with pytest.raises(ArgumentError, match="int64"):
        Stacked([Dropout(RNNCell(3, 2))], state_is_tuple=False)


def test_bad_states():
    apart, joined = make("stacked"), make("stacked_concatenated")
    inputs = random_inputs(2, 4)
    with unchecked(), pytest.raises(ShapeError, match="3 cells' states"):
        apart(inputs[:, 0], apart.initial_state(2)[:2])
    with unchecked(), pytest.raises(ShapeError, match=r"found \[2, 9\]; one tensor \[B, 10\]"):
        joined.unroll(inputs, torch.zeros(2, 9, dtype=torch.float64))
