"""The simple cell against its equation, written out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.cells import RNNCell
from elman.errors import ArgumentError, ShapeError
from elman.kernels.contract import RNNWeights, Simple
from elman.state import RNNState
from tests.unchecked import unchecked


def arrays(cell):
    return {name: value.detach().numpy() for name, value in cell.named_parameters()}


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_one_step_is_the_equation(activation):
    torch.manual_seed(0)
    cell = RNNCell(3, 4, activation=activation, dtype=torch.float64)
    torch.nn.init.normal_(cell.bias)
    inputs, hidden = torch.randn(2, 3).double(), torch.randn(2, 4).double()
    outputs, state = cell(inputs, RNNState(hidden))
    w = arrays(cell)
    pre = inputs.numpy() @ w["weight_ih"].T + hidden.numpy() @ w["weight_hh"].T + w["bias"]
    expected = np.tanh(pre) if activation == "tanh" else np.maximum(pre, 0)
    np.testing.assert_allclose(outputs.detach().numpy(), expected, rtol=1e-12)
    assert state.hidden is outputs


def test_the_kernels_get_the_parameters_themselves():
    cell = RNNCell(3, 4, activation="relu", layer_norm=True)
    assert cell.recurrence == Simple("relu")
    weights = cell.weights()
    assert isinstance(weights, RNNWeights)
    assert all(getattr(weights, name) is value for name, value in cell.named_parameters())
    assert len(list(cell.parameters())) == 5


def test_the_same_generator_gives_the_same_weights():
    first, second, third = (
        RNNCell(3, 4, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first.weight_ih, second.weight_ih)
    assert torch.equal(first.weight_hh, second.weight_hh)
    assert not torch.equal(first.weight_ih, third.weight_ih)


def test_the_initial_state_has_the_parameters_dtype_and_device():
    cell = RNNCell(3, 4, dtype=torch.float64)
    assert torch.equal(cell.initial_state(2).hidden, torch.zeros(2, 4, dtype=torch.float64))
    assert cell.float().initial_state(2).hidden.dtype == torch.float32
    assert RNNCell(3, 4, device="meta").initial_state(2).hidden.device.type == "meta"


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"input_size": 0}, "input_size"),
        ({"hidden_size": -1}, "hidden_size"),
        ({"hidden_size": 2.0}, "hidden_size"),
        ({"activation": "sigmoid"}, "activation"),
    ],
)
def test_bad_options(options, where):
    with unchecked(), pytest.raises(ArgumentError) as caught:
        RNNCell(**{"input_size": 3, "hidden_size": 4} | options)
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("inputs", "found", "expected"),
    [
        (torch.zeros(2, 5), "(2, 5)", "(2, 3)"),
        (torch.zeros(3), "(3,)", "[B, 3]"),
        (torch.zeros(2, 3, dtype=torch.float64), "float64", "float32"),
        ([[0.0, 0.0, 0.0]], "list", "[B, 3]"),
    ],
)
def test_inputs_that_do_not_fit(inputs, found, expected):
    cell = RNNCell(3, 4)
    with unchecked(), pytest.raises(ShapeError) as caught:
        cell(inputs, cell.initial_state(2))
    assert found in str(caught.value)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    "state", [RNNState(torch.zeros(3, 4)), RNNState(torch.zeros(2, 5)), torch.zeros(2, 4)]
)
def test_states_that_do_not_fit(state):
    cell = RNNCell(3, 4)
    with unchecked(), pytest.raises(ShapeError, match="state"):
        cell(torch.zeros(2, 3), state)
    with unchecked(), pytest.raises(ShapeError, match="state"):
        cell.unroll(torch.zeros(2, 5, 3), state)
