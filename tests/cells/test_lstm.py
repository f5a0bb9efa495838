"""The LSTM against its equations, written out by hand with every option on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.cells import LSTMCell
from elman.errors import ArgumentError, ShapeError
from elman.kernels.contract import LSTM, LSTMWeights
from elman.state import LSTMState
from tests.cell_zoo import make, random_inputs, random_state
from tests.unchecked import unchecked


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_one_step_is_the_equations():
    cell = make("lstm_all")
    before = random_state(cell, 2)
    inputs = random_inputs(2, 1)[:, 0]
    outputs, after = cell(inputs, before)

    w = {name: value.detach().numpy() for name, value in cell.named_parameters()}

    def normal(x, gain):
        return (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5) * gain

    h, c = before.hidden.numpy(), before.cell.numpy()
    from_inputs = normal(inputs.numpy() @ w["weight_ih"].T, w["norm_ih"])
    from_hidden = normal(h @ w["weight_hh"].T, w["norm_hh"])
    i, f, g, o = np.split(from_inputs + from_hidden + w["bias"], 4, axis=1)
    i, f = sigmoid(i + w["peephole"][0] * c), sigmoid(f + w["peephole"][1] * c + 0.5)
    c = np.clip(f * c + i * np.tanh(g), -0.9, 0.9)
    o = sigmoid(o + w["peephole"][2] * c)
    seen = normal(c, w["norm_cell"][0]) + w["norm_cell"][1]
    h = (o * np.tanh(seen)) @ w["projection"].T

    np.testing.assert_allclose(after.cell.detach().numpy(), c, rtol=1e-10)
    np.testing.assert_allclose(outputs.detach().numpy(), h, rtol=1e-10)
    assert after.hidden is outputs


def test_the_forget_bias_starts_at_one_and_is_no_parameter():
    cell = LSTMCell(3, 4)
    assert cell.recurrence == LSTM(forget_bias=1.0)
    assert (cell.bias == 0).all()
    assert [name for name, _ in cell.named_parameters()] == ["weight_ih", "weight_hh", "bias"]


def test_the_kernels_get_the_parameters_themselves():
    cell = make("lstm_all")
    weights = cell.weights()
    assert isinstance(weights, LSTMWeights)
    assert weights._asdict() == dict(cell.named_parameters())
    assert None not in weights


def test_sizes_with_a_projection():
    cell = LSTMCell(3, 5, projection=2)
    assert (cell.hidden_size, cell.output_size) == (5, 2)
    hidden, memory = cell.initial_state(4)
    assert (hidden.shape, memory.shape) == ((4, 2), (4, 5))


@pytest.mark.parametrize(
    ("option", "value"), [("projection", 0), ("cell_clip", -1.0), ("hidden_size", 0)]
)
def test_bad_options(option, value):
    with pytest.raises(ArgumentError) as caught:
        LSTMCell(**{"input_size": 3, "hidden_size": 4, option: value})
    assert caught.value.where == option


def test_hidden_and_cell_in_the_wrong_places():
    cell = LSTMCell(3, 5, projection=2)
    hidden, memory = cell.initial_state(4)
    with unchecked(), pytest.raises(ShapeError, match=r"hidden: found .*\(4, 5\).* give \(4, 2\)"):
        cell(torch.zeros(4, 3), LSTMState(memory, hidden))
