"""A cell that goes on from the state d steps back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from elman import state
from elman.cells import (
    BatchNormRNNCell,
    Dilated,
    Dropout,
    GRUCell,
    LearnedInitialState,
    Zoneout,
)
from elman.errors import ArgumentError
from elman.kernels.dilation import interleave
from elman.layers import dynamic_unroll
from elman.unrolling.loop import loop
from tests.cell_zoo import assert_states_close, lstm, make, random_inputs, random_state
from tests.unchecked import unchecked

several = settings(max_examples=30)


@several
@given(lengths=st.lists(st.integers(0, 6), min_size=1, max_size=4), reverse=st.booleans())
def test_dilation_one_is_the_cell_itself(lengths, reverse):
    cell = make("lstm_all")
    inputs, start = random_inputs(len(lengths), 6), random_state(cell, len(lengths))
    given_state = state.DilatedState(state.map_leaves(lambda leaf: leaf[:, None], start))
    expected, final = dynamic_unroll(
        cell, inputs, lengths=lengths, initial_state=start, reverse=reverse
    )
    found, dilated = dynamic_unroll(
        Dilated(cell, 1), inputs, lengths=lengths, initial_state=given_state, reverse=reverse
    )
    torch.testing.assert_close(found, expected)
    assert_states_close(dilated.at(0), final)


@several
@given(dilation=st.integers(1, 5), steps=st.integers(0, 11), seed=st.integers(0, 2**16))
def test_it_is_so_many_cells_on_interleaved_sequences(dilation, steps, seed):
    cell = make("gru")
    inputs = random_inputs(3, steps, seed)
    start = random_state(Dilated(cell, dilation), 3, seed)
    found, final = dynamic_unroll(Dilated(cell, dilation), inputs, initial_state=start)
    for k in range(dilation):
        expected, own = dynamic_unroll(cell, inputs[:, k::dilation], initial_state=start.at(k))
        torch.testing.assert_close(found[:, k::dilation], expected)
        # The newest state is the last step's, the one before it the step's before, ...
        assert_states_close(final.at((k - steps) % dilation), own)


@several
@given(
    dilation=st.integers(1, 6),
    lengths=st.lists(st.integers(0, 9), min_size=1, max_size=4),
    reverse=st.booleans(),
)
def test_the_interleaved_sequences_hold_each_step_once(dilation, lengths, reverse):
    order = np.arange(dilation)
    parts = interleave(np.array(lengths), order, reverse)
    for row, length in enumerate(lengths):
        reading = range(length)[::-1] if reverse else range(length)
        slots = list(range(-dilation, 0))  # whose state each slot holds: a start, or a step
        begun = {}
        for t in reading:
            begun.setdefault(t % dilation, slots[0] + dilation)
            slots = [*slots[1:], t]
        assert parts.lengths[row].tolist() == [len(range(k, length, dilation)) for k in order]
        assert sorted(parts.first[row]) == sorted(parts.last[row]) == order.tolist()
        for k, first in begun.items():
            assert parts.first[row, k] == first
        for slot, step in enumerate(slots):
            ends = parts.last[row, slot]
            if step >= 0:
                assert ends == step % dilation
            else:
                assert parts.lengths[row, ends] == 0
                assert parts.first[row, ends] == step + dilation


def test_a_state_lasts_so_many_steps():
    cell = Dilated(lstm(), 3)
    inputs = random_inputs(1, 7).requires_grad_()
    outputs, final = dynamic_unroll(cell, inputs)
    (reached,) = torch.autograd.grad(outputs[0, 6].sum(), inputs)
    assert reached[0].abs().amax(1).gt(0).tolist() == [True, False, False] * 2 + [True]
    torch.testing.assert_close(final.at(-1).hidden, outputs[:, 6])
    torch.testing.assert_close(final.at(0).hidden, outputs[:, 4])


def test_a_learned_state_inside_starts_all_alike():
    cell = Dilated(LearnedInitialState(lstm()), 3)
    with torch.no_grad():
        for parameter in cell.cell.initial:
            parameter.normal_()
    start = cell.initial_state(2)
    assert start.states.hidden.shape == (2, 3, 2)
    assert torch.equal(start.at(0).cell, cell.cell.initial[1].expand(2, 2))
    assert torch.equal(start.at(0).cell, start.at(2).cell)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda cell: Dropout(cell, input=0.5, recurrent=0.5),
        lambda cell: Dropout(cell, output=0.5, variational=True),
        lambda cell: Zoneout(cell, 0.5),
    ],
)
def test_noise_inside_differs_between_the_interleaved_sequences(wrap):
    cell = Dilated(wrap(GRUCell(3, 16)), 2)
    torch.manual_seed(0)
    inputs = torch.randn(1, 3).expand(1, 8, 3).contiguous()
    outputs, _ = dynamic_unroll(cell, inputs)
    assert not torch.equal(outputs[:, 0], outputs[:, 1])
    cell.eval()
    outputs, _ = dynamic_unroll(cell, inputs)
    torch.testing.assert_close(outputs[:, ::2], outputs[:, 1::2])


def test_rows_that_count_in_each_other_meet_at_each_step_alone():
    cell = Dilated(BatchNormRNNCell(3, 2, max_steps=9, dtype=torch.float64), 2).train()
    inputs, start = random_inputs(5, 6), cell.initial_state(5)
    found, final = dynamic_unroll(cell, inputs, initial_state=start)
    expected, by_step = loop(cell, inputs, start)
    torch.testing.assert_close(found, expected)
    assert_states_close(final, by_step)


def test_its_state_is_saved_and_read_again(tmp_path):
    cell = Dilated(lstm(), 3)
    kept = state.map_leaves(torch.Tensor.detach, random_state(cell, 4))
    state.save(tmp_path / "state", kept, rows=[2, 0])
    found = state.load(tmp_path / "state")
    assert state.describe(found) == "DilatedState(LSTMState([2, 3, 2], [2, 3, 2]))"
    np.testing.assert_array_equal(found.states.cell, kept.states.cell[[2, 0]].numpy())


@pytest.mark.parametrize("dilation", [0, -1, 2.0, True, None])
def test_a_dilation_is_a_positive_integer(dilation):
    with unchecked(), pytest.raises(ArgumentError, match="dilation: found"):
        Dilated(lstm(), dilation)


def test_what_is_wrapped_is_a_cell():
    with pytest.raises(ArgumentError, match="cell: found"):
        Dilated(torch.nn.Linear(3, 3), 2)
