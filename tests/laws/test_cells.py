"""Laws of time that every cell obeys, built-in, wrapped or a user's own."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import elman.cells
from elman import state
from elman.layers import dynamic_unroll, static_unroll
from tests.cell_zoo import (
    CELLS,
    FEATURES,
    assert_same_bits,
    assert_states_close,
    make,
    random_inputs,
    random_state,
)

every_cell = pytest.mark.parametrize("name", CELLS)
few = settings(max_examples=8)


class Case(NamedTuple):
    lengths: list[int]
    steps: int
    reverse: bool
    seed: int

    @property
    def inputs(self):
        return random_inputs(len(self.lengths), self.steps, self.seed)


@st.composite
def cases(draw, full=False):
    steps = draw(st.integers(1, 5))
    lengths = draw(st.lists(st.integers(0, steps), min_size=1, max_size=4))
    lengths = [steps] * len(lengths) if full else lengths
    return Case(lengths, steps, draw(st.booleans()), draw(st.integers(0, 2**16)))


def by_hand(cell, inputs, start, lengths, reverse=False, resets=None):
    """The definition: each row alone, one call after the other."""
    outputs, finals = [], []
    for row, length in enumerate(lengths):
        row_state, row_outputs = state.select(start, [row]), {}
        for t in reversed(range(length)) if reverse else range(length):
            if resets is not None and resets[row, t]:
                row_state = cell.initial_state(1)
            output, row_state = cell(inputs[row : row + 1, t], row_state)
            row_outputs[t] = output[0]
        outputs.append(row_outputs)
        finals.append(row_state)
    return outputs, state.join(finals)


def assert_outputs_close(found, expected):
    for row, by_step in zip(found, expected, strict=True):
        for t, output in enumerate(row):
            wanted = by_step.get(t, torch.zeros_like(output))
            torch.testing.assert_close(output, wanted, rtol=1e-9, atol=1e-11)


def test_every_exported_cell_has_a_row():
    exported = {
        value
        for value in vars(elman.cells).values()
        if isinstance(value, type) and issubclass(value, nn.Module)
    }
    made = [make(name) for name in CELLS]
    covered = {
        type(part) for cell in made if isinstance(cell, nn.Module) for part in cell.modules()
    }
    of_tapes = {elman.cells.Written, elman.cells.TapeCell}  # tests/cells/test_written.py
    assert exported - of_tapes <= covered


@every_cell
@few
@given(case=cases())
def test_a_sequence_equals_its_steps_and_a_batch_its_rows(name, case):
    cell = make(name)
    start = random_state(cell, len(case.lengths))
    outputs, final = dynamic_unroll(
        cell, case.inputs, lengths=case.lengths, initial_state=start, reverse=case.reverse
    )
    expected, expected_final = by_hand(cell, case.inputs, start, case.lengths, case.reverse)
    assert_outputs_close(outputs, expected)
    assert_states_close(final, expected_final)


@every_cell
@few
@given(case=cases(full=True), data=st.data())
def test_chunks_equal_the_whole(name, case, data):
    cell = make(name)
    cut = data.draw(st.integers(0, case.steps))
    start = random_state(cell, len(case.lengths))
    whole, final = dynamic_unroll(cell, case.inputs, initial_state=start)
    first, middle = dynamic_unroll(cell, case.inputs[:, :cut], initial_state=start)
    second, end = dynamic_unroll(cell, case.inputs[:, cut:], initial_state=middle)
    torch.testing.assert_close(torch.cat([first, second], 1), whole, rtol=1e-9, atol=1e-11)
    assert_states_close(end, final)


@every_cell
@few
@given(case=cases())
def test_what_stands_past_a_length_changes_nothing(name, case):
    cell = make(name)
    start = random_state(cell, len(case.lengths))
    past = torch.arange(case.steps) >= torch.tensor(case.lengths)[:, None]
    gradients = []
    for filling in (0.0, float("nan")):
        inputs = case.inputs
        inputs[past] = filling
        inputs.requires_grad_()
        if isinstance(cell, nn.Module):
            cell.zero_grad()
        outputs, final = dynamic_unroll(
            cell, inputs, lengths=case.lengths, initial_state=start, reverse=case.reverse
        )
        assert (outputs[past] == 0).all()
        loss = outputs.square().sum()
        loss = loss + sum(leaf.sum() for leaf in state.leaves(final) if leaf.is_floating_point())
        learned = list(cell.parameters()) if isinstance(cell, nn.Module) else []
        gradients.append(torch.autograd.grad(loss, [inputs, *learned], allow_unused=True))
        assert (gradients[-1][0][past] == 0).all()
    for padded, clean in zip(*gradients, strict=True):
        if clean is not None:
            assert_same_bits(name, padded, clean)


@every_cell
@few
@given(case=cases())
def test_no_state_is_the_initial_state(name, case):
    cell = make(name)
    torch.manual_seed(5)
    found = dynamic_unroll(cell, case.inputs, lengths=case.lengths)
    torch.manual_seed(5)
    start = cell.initial_state(len(case.lengths))
    expected = dynamic_unroll(cell, case.inputs, lengths=case.lengths, initial_state=start)
    assert_same_bits(name, found[0], expected[0])
    assert_states_close(found[1], expected[1])


@every_cell
@few
@given(case=cases())
def test_static_equals_dynamic(name, case):
    cell = make(name)
    start = random_state(cell, len(case.lengths))
    steps = list(case.inputs.unbind(1))
    listed, final = static_unroll(cell, steps, lengths=case.lengths, initial_state=start)
    whole, expected = dynamic_unroll(cell, case.inputs, lengths=case.lengths, initial_state=start)
    assert_same_bits(name, torch.stack(listed, 1), whole)
    assert_states_close(final, expected)


@every_cell
@few
@given(case=cases(), data=st.data())
def test_resets_cut_a_row_into_separate_sequences(name, case, data):
    cell = make(name, training=False)  # in training a reset row draws fresh masks
    rows = len(case.lengths)
    flags = st.lists(st.booleans(), min_size=case.steps, max_size=case.steps)
    resets = torch.tensor([data.draw(flags) for _ in range(rows)])
    start = random_state(cell, rows)
    outputs, final = dynamic_unroll(
        cell,
        case.inputs,
        lengths=case.lengths,
        initial_state=start,
        reverse=case.reverse,
        resets=resets,
    )
    expected, expected_final = by_hand(cell, case.inputs, start, case.lengths, case.reverse, resets)
    assert_outputs_close(outputs, expected)
    assert_states_close(final, expected_final)


@every_cell
@few
@given(case=cases(full=True))
def test_reverse_reads_the_flipped_sequence(name, case):
    cell = make(name)
    start = random_state(cell, len(case.lengths))
    backwards, final = dynamic_unroll(cell, case.inputs, initial_state=start, reverse=True)
    flipped, expected = dynamic_unroll(cell, case.inputs.flip(1), initial_state=start)
    torch.testing.assert_close(backwards, flipped.flip(1), rtol=1e-9, atol=1e-11)
    assert_states_close(final, expected)


@every_cell
def test_no_steps_give_no_outputs_and_the_same_state(name):
    cell = make(name)
    start = random_state(cell, 2)
    step_outputs, _ = cell(torch.zeros(2, FEATURES, dtype=torch.float64), start)
    outputs, final = dynamic_unroll(cell, random_inputs(2, 0), initial_state=start)
    assert outputs.shape == (2, 0, step_outputs.shape[1])
    assert_states_close(final, start)


@every_cell
def test_a_batch_of_no_rows(name):
    cell = make(name)
    outputs, final = dynamic_unroll(cell, random_inputs(0, 3), lengths=[])
    assert outputs.shape[:2] == (0, 3)
    assert all(leaf.shape[0] == 0 for leaf in state.leaves(final))
