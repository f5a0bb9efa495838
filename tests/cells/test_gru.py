"""The GRU against its equations, written out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.cells import GRUCell
from elman.errors import ArgumentError, ShapeError
from elman.kernels.contract import GRU, GRUWeights
from tests.cell_zoo import make, random_inputs, random_state
from tests.unchecked import unchecked


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("name", ["gru", "gru_reset_before"])
def test_one_step_is_the_equations(name):
    cell = make(name)
    before = random_state(cell, 2)
    inputs = random_inputs(2, 1)[:, 0]
    outputs, after = cell(inputs, before)

    w = {key: value.detach().numpy() for key, value in cell.named_parameters()}
    h, x = before.hidden.numpy(), inputs.numpy()
    W_r, W_z, W_n = np.split(w["weight_ih"], 3)
    U_r, U_z, U_n = np.split(w["weight_hh"], 3)
    b_r, b_z, b_n = np.split(w["bias"], 3)
    r = sigmoid(x @ W_r.T + h @ U_r.T + b_r)
    z = sigmoid(x @ W_z.T + h @ U_z.T + b_z)
    if name == "gru":
        n = np.tanh(x @ W_n.T + b_n + r * (h @ U_n.T + w["recurrent_bias"]))
    else:
        n = np.tanh(x @ W_n.T + b_n + (r * h) @ U_n.T)
    expected = (1 - z) * n + z * h

    np.testing.assert_allclose(outputs.detach().numpy(), expected, rtol=1e-10)
    assert after.hidden is outputs


def test_only_a_reset_after_the_product_has_a_bias_inside():
    assert GRUCell(3, 4).recurrence == GRU(reset_after=True)
    assert GRUCell(3, 4).recurrent_bias.shape == (4,)
    assert GRUCell(3, 4, reset_after=False).recurrent_bias is None


def test_the_kernels_get_the_parameters_themselves():
    cell = make("gru_norm")
    weights = cell.weights()
    assert isinstance(weights, GRUWeights)
    assert weights._asdict() == dict(cell.named_parameters())
    assert None not in weights


def test_bad_calls():
    with pytest.raises(ArgumentError):
        GRUCell(3, 0)
    cell = GRUCell(3, 4)
    with unchecked(), pytest.raises(ShapeError, match=r"\(2, 5, 7\).* give \(2, 5, 3\)"):
        cell.unroll(torch.zeros(2, 5, 7), cell.initial_state(2))
