"""Unrolling: what lengths, states and directions may look like, and the errors.

The laws (a sequence equals its steps, and so on) stand in tests/laws/test_cells.py.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.cells import GRUCell, RNNCell
from elman.errors import ArgumentError, ShapeError
from elman.layers import bidirectional_unroll, dynamic_unroll, static_unroll
from elman.state import RNNState
from tests.unchecked import unchecked

INPUTS = torch.randn(3, 5, 2, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def cell():
    return RNNCell(2, 4, generator=torch.Generator().manual_seed(1))


def test_the_network_by_hand(cell):
    """Two steps of the simple cell, its weights used twice."""
    first = torch.tanh(INPUTS[:, 0] @ cell.weight_ih.T + cell.bias)
    second = torch.tanh(INPUTS[:, 1] @ cell.weight_ih.T + first @ cell.weight_hh.T + cell.bias)
    outputs, state = dynamic_unroll(cell, INPUTS[:, :2])
    torch.testing.assert_close(outputs, torch.stack([first, second], dim=1))
    torch.testing.assert_close(state.hidden, second)


@pytest.mark.parametrize(
    "lengths",
    [
        (2, 5, 0),
        np.array([2, 5, 0]),
        np.array([2, 5, 0], np.uint8),
        torch.tensor([2, 5, 0]),
        torch.tensor([2, 5, 0], dtype=torch.int32),
    ],
)
def test_lengths_of_any_kind(cell, lengths):
    expected = dynamic_unroll(cell, INPUTS, lengths=[2, 5, 0])
    found = dynamic_unroll(cell, INPUTS, lengths=lengths)
    assert torch.equal(found[0], expected[0])
    assert torch.equal(found[1].hidden, expected[1].hidden)


def test_a_row_of_length_zero_keeps_its_initial_state(cell):
    start = RNNState(torch.arange(12.0).reshape(3, 4))
    for reverse in (False, True):
        outputs, state = dynamic_unroll(
            cell, INPUTS, lengths=[2, 5, 0], initial_state=start, reverse=reverse
        )
        assert torch.equal(state.hidden[2], start.hidden[2])
        assert (outputs[2] == 0).all()
        last = 0 if reverse else 1
        assert torch.equal(state.hidden[0], outputs[0, last])


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_resets_of_any_kind(cell, kind):
    resets = [[False, False, True, False, False]] * 3
    outputs, _ = dynamic_unroll(cell, INPUTS, resets=kind(resets))
    separate, _ = dynamic_unroll(cell, INPUTS[:, 2:])
    torch.testing.assert_close(outputs[:, 2:], separate)


def test_both_directions(cell):
    backward_cell = GRUCell(2, 3)
    lengths = [5, 2, 0]
    (ahead, back), (ahead_state, back_state) = bidirectional_unroll(
        cell, backward_cell, INPUTS, lengths=lengths
    )
    expected, expected_state = dynamic_unroll(cell, INPUTS, lengths=lengths)
    assert torch.equal(ahead, expected)
    assert torch.equal(ahead_state.hidden, expected_state.hidden)
    alone, alone_state = dynamic_unroll(backward_cell, INPUTS[1:2, :2].flip(1))
    torch.testing.assert_close(back[1:2, :2], alone.flip(1))
    torch.testing.assert_close(back_state.hidden[1:2], alone_state.hidden)


def test_both_directions_take_their_own_initial_states(cell):
    start = RNNState(torch.ones(3, 4)), RNNState(-torch.ones(3, 4))
    _, finals = bidirectional_unroll(cell, cell, INPUTS, lengths=[0, 5, 5], initial_states=start)
    assert (finals[0].hidden[0] == 1).all()
    assert (finals[1].hidden[0] == -1).all()


def test_a_static_unroll_takes_and_gives_lists(cell):
    steps = list(INPUTS.unbind(1))
    start = RNNState(torch.ones(3, 4))
    outputs, state = static_unroll(cell, steps, lengths=[5, 0, 2], initial_state=start)
    assert [output.shape for output in outputs] == [(3, 4)] * 5
    assert (state.hidden[1] == 1).all()
    assert torch.equal(state.hidden[2], outputs[1][2])


def test_inputs_need_not_be_vectors():
    class Pixels:
        def initial_state(self, batch):
            return RNNState(torch.zeros(batch, 2, 3))

        def __call__(self, inputs, state):
            total = state.hidden + inputs
            return total, RNNState(total)

    outputs, state = dynamic_unroll(Pixels(), torch.ones(4, 5, 2, 3), lengths=[5, 1, 0, 2])
    assert outputs.shape == (4, 5, 2, 3)
    assert state.hidden[:, 0, 0].tolist() == [5, 1, 0, 2]


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([2, 6, 0], r"lengths\[1\]: found 6; give steps from 0 to 5"),
        ([2, 5, -1], r"lengths\[2\]: found -1"),
        ([2, 5], "found torch.int64 of shape .2.; pass 3 integers"),
        ([2.0, 5.0, 1.0], "found torch.float32"),
        (torch.tensor([True, False, True]), "found torch.bool"),
        ([[2, 5, 0]], r"of shape \[1, 3\]"),
        ("all", "lengths: found 'all'"),
        ([2, None, 1], "lengths: found"),
    ],
)
def test_bad_lengths(cell, lengths, message):
    with unchecked(), pytest.raises(ShapeError, match=message):
        dynamic_unroll(cell, INPUTS, lengths=lengths)


@pytest.mark.parametrize(
    "resets", [torch.zeros(3, 4, dtype=torch.bool), torch.zeros(3, 5), [[True]] * 3, "never"]
)
def test_bad_resets(cell, resets):
    with unchecked(), pytest.raises(ShapeError, match="resets"):
        dynamic_unroll(cell, INPUTS, resets=resets)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (torch.zeros(3), r"inputs: found \[3\]"),
        ([[1.0, 2.0]], "inputs: found list"),
        (torch.zeros(3, 5), r"inputs: found .*give a tensor \[B, T, 2\]"),
        (torch.zeros(3, 5, 4), r"\(3, 5, 4\).*give \(3, 5, 2\)"),
    ],
)
def test_bad_inputs(cell, inputs, message):
    with unchecked(), pytest.raises(ShapeError, match=message):
        dynamic_unroll(cell, inputs)


def test_bad_states_steps_and_cells(cell):
    with pytest.raises(ShapeError, match="initial_state: found 2 rows; pass 3"):
        dynamic_unroll(cell, INPUTS, initial_state=cell.initial_state(2))
    with pytest.raises(ShapeError, match="found steps of shapes"):
        static_unroll(cell, [torch.zeros(3, 2), torch.zeros(2, 2)])
    with pytest.raises(ShapeError, match="found steps of shapes"):
        static_unroll(cell, [])
    with pytest.raises(ArgumentError, match=r"initial_state\(batch\) and __call__"):
        dynamic_unroll(torch.nn.Linear(2, 2), INPUTS)
