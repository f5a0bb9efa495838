from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from elman import state as states
from elman.layers import dynamic_unroll
from elman.state import RNNState
from elman.training import Streams, truncated_unroll
from tests import cell_zoo


def one_recording(steps, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(steps, 1, generator=draw, dtype=torch.float64)


class Linear(nn.Module):
    """h(t) = w·h(t-1) + x(t), whose gradients can be written down."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight, dtype=torch.float64))

    def unroll(self, inputs, lengths=None, initial_state=None, resets=None):
        assert lengths is None
        hidden = inputs.new_zeros(len(inputs), 1) if initial_state is None else initial_state.hidden
        outputs = []
        for t in range(inputs.shape[1]):
            if resets is not None:
                hidden = hidden.masked_fill(resets[:, t, None], 0)
            hidden = self.weight * hidden + inputs[:, t]
            outputs.append(hidden)
        return torch.stack(outputs, 1), RNNState(hidden)


def written_out(x, y, weight, window, stride):
    """The gradient of each update's ½·Σ(h - y)², by the sum over the lags that it may reach.

    ∂h(t)/∂w = Σ_k w^k h(t-1-k) over the k for which step t-k is in the window.
    """
    h = np.zeros(len(x) + 1)  # h[t + 1] is the state after step t
    for t in range(len(x)):
        h[t + 1] = weight * h[t] + x[t]
    gradients = []
    for stop in range(stride, len(x) + 1, stride):
        first = max(0, stop - window)
        gradients.append(
            sum(
                (h[t + 1] - y[t]) * weight**k * h[t - k]
                for t in range(stop - stride, stop)
                for k in range(t - first + 1)
            )
        )
    return gradients


@pytest.mark.parametrize(
    ("window", "stride"), [(4, 4), (4, 2), (4, 1), (5, 2), (1, 1), (12, 12), (12, 3), (12, 1)]
)
def test_gradients_of_a_linear_cell_are_the_sum_written_out(window, stride):
    x, y = one_recording(12), one_recording(12, seed=1)
    cell, state, found = Linear(0.9), None, []
    for part in Streams([x], [y], 1, window, stride).windows(seed=0, epoch=1):
        cell.zero_grad()
        outputs, state = truncated_unroll(cell.unroll, part, state)
        (0.5 * (outputs - part.batch.targets).square().sum()).backward()
        found.append(cell.weight.grad.item())
    expected = written_out(x[:, 0].numpy(), y[:, 0].numpy(), 0.9, window, stride)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["rnn", "lstm_all", "gru", "stacked_wrapped", "own_module"])
def test_one_window_is_full_backpropagation_to_the_bit(name):
    x = cell_zoo.random_inputs(1, 9)[0]
    window = next(Streams([x], [x], 1, 9).windows(seed=0, epoch=1))

    def gradients(run):
        torch.manual_seed(3)  # of the dropout's keys
        cell = cell_zoo.make(name)
        outputs, _ = run(cell)
        outputs.sin().sum().backward()
        return [outputs, *(parameter.grad for parameter in cell.parameters())]

    full = gradients(lambda cell: dynamic_unroll(cell, x[None]))
    found = gradients(lambda cell: truncated_unroll(partial(dynamic_unroll, cell), window))
    for whole, windowed in zip(full, found, strict=True):
        cell_zoo.assert_same_bits(name, windowed, whole)


@pytest.mark.parametrize("name", sorted(cell_zoo.CELLS))
@settings(max_examples=5)
@given(
    lengths=st.lists(st.integers(0, 7), min_size=1, max_size=5).filter(any),
    rows=st.integers(1, 3),
    window=st.integers(1, 6),
    data=st.data(),
)
def test_windows_read_what_whole_recordings_say(name, lengths, rows, window, data):
    """Only gradients are cut off: outputs are those of each recording read from its beginning."""
    stride = data.draw(st.integers(1, window))
    cell = cell_zoo.make(name, training=False)
    run = partial(dynamic_unroll, cell)
    inputs = [cell_zoo.random_inputs(1, steps, seed=n)[0] for n, steps in enumerate(lengths)]
    with torch.no_grad():
        expected = [run(steps[None])[0][0] for steps in inputs]
        state = None
        for part in Streams(inputs, expected, rows, window, stride).windows(seed=0, epoch=1):
            outputs, state = truncated_unroll(run, part, state)
            real = slice(None)
            if part.batch.lengths is not None:
                real = torch.arange(outputs.shape[1]) < part.batch.lengths[:, None]
            torch.testing.assert_close(
                outputs[real], part.batch.targets[real], rtol=1e-9, atol=1e-11
            )


def test_the_carried_state_is_that_where_the_next_window_begins():
    cell = cell_zoo.make("lstm")
    x = cell_zoo.random_inputs(1, 9)[0]
    run, state = partial(dynamic_unroll, cell), None
    for part in Streams([x], [x], 1, 5, 2).windows(seed=0, epoch=1):
        _, state = truncated_unroll(run, part, state)
    assert not any(leaf.requires_grad for leaf in states.leaves(state))
    _, expected = run(
        x[None, :7]
    )  # the last of 5 windows ends with step 9; the next would begin at 7
    cell_zoo.assert_states_close(state, expected)


def test_a_learned_beginning_is_learnt_wherever_a_recording_begins():
    cell = cell_zoo.make("learned")
    inputs = [cell_zoo.random_inputs(1, 4, seed=n)[0] for n in range(3)]
    run, state, reached = partial(dynamic_unroll, cell), None, []
    for part in Streams(inputs, inputs, 1, 2).windows(seed=0, epoch=1):
        cell.zero_grad()
        outputs, state = truncated_unroll(run, part, state)
        outputs.sum().backward()
        gradient = next(iter(cell.initial)).grad
        reached.append(gradient is not None and bool(gradient.any()))
    assert reached == [True, False] * 3


def test_without_a_state_all_rows_begin_afresh():
    cell = cell_zoo.make("gru")
    x = cell_zoo.random_inputs(1, 6)[0]
    second = list(Streams([x], [x], 1, 3).windows(seed=0, epoch=1))[1]
    run = partial(dynamic_unroll, cell)
    assert torch.equal(truncated_unroll(run, second)[0], run(x[None, 3:])[0])
