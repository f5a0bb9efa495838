"""The equations of one step on single numbers, written out anew with Python's own functions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from elman.kernels import reference
from elman.kernels.contract import GRU, LSTM, GRUWeights, LSTMWeights, RNNWeights, Simple
from elman.state import LSTMState, RNNState


def sigmoid(v):
    return 1 / (1 + math.exp(-v))


def column(*values):
    return np.array(values)[:, None]


X, H, C = 0.7, -0.4, 0.9
ONE_X, ONE_STATE = column(X), LSTMState(column(H), column(C))


def test_lstm_on_single_numbers():
    weights = LSTMWeights(
        column(0.1, 0.2, 0.3, 0.4),
        column(0.5, 0.6, 0.7, 0.8),
        np.array([-0.1, -0.2, -0.3, -0.4]),
        peephole=column(0.15, 0.25, 0.35),
        projection=column(2.0),
    )
    i = sigmoid(0.1 * X + 0.5 * H - 0.1 + 0.15 * C)
    f = sigmoid(0.2 * X + 0.6 * H - 0.2 + 0.25 * C + 1.0)
    g = math.tanh(0.3 * X + 0.7 * H - 0.3)
    c = min(f * C + i * g, 0.4)
    o = sigmoid(0.4 * X + 0.8 * H - 0.4 + 0.35 * c)
    assert f * C + i * g > 0.4  # so the clip is seen
    outputs, state = reference.step(LSTM(forget_bias=1.0, cell_clip=0.4), weights, ONE_X, ONE_STATE)
    assert outputs.item() == pytest.approx(2 * o * math.tanh(c), rel=1e-12)
    assert state.hidden.item() == outputs.item()
    assert state.cell.item() == pytest.approx(c, rel=1e-12)


@pytest.mark.parametrize("reset_after", [True, False])
def test_gru_on_single_numbers(reset_after):
    weights = GRUWeights(
        column(0.1, 0.2, 0.3),
        column(0.5, 0.6, 0.7),
        np.array([-0.1, -0.2, -0.3]),
        np.array([0.9]) if reset_after else None,
    )
    r = sigmoid(0.1 * X + 0.5 * H - 0.1)
    z = sigmoid(0.2 * X + 0.6 * H - 0.2)
    recurrent = r * (0.7 * H + 0.9) if reset_after else 0.7 * (r * H)
    n = math.tanh(0.3 * X - 0.3 + recurrent)
    outputs, _ = reference.step(GRU(reset_after), weights, ONE_X, RNNState(column(H)))
    assert outputs.item() == pytest.approx((1 - z) * n + z * H, rel=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("bias", [0.2, -0.9])
def test_simple_on_single_numbers(activation, bias):
    weights = RNNWeights(column(0.6), column(0.5), np.array([bias]))
    pre = 0.6 * X + 0.5 * H + bias
    expected = math.tanh(pre) if activation == "tanh" else max(pre, 0.0)
    outputs, _ = reference.step(Simple(activation), weights, ONE_X, RNNState(column(H)))
    assert outputs.item() == pytest.approx(expected, rel=1e-12)


def test_layer_norm_of_two_units():
    """Two numbers normalise to ±d/sqrt(d² + epsilon), with d half of their difference."""
    weights = RNNWeights(
        column(1.0, 4.0), np.zeros((2, 2)), np.zeros(2), np.array([0.5, 0.25]), np.ones(2)
    )
    state = RNNState(np.zeros((1, 2)))
    outputs, _ = reference.step(Simple(), weights, column(1.0), state)
    unit = 1.5 / math.sqrt(1.5**2 + 1e-5)
    expected = [[math.tanh(-0.5 * unit), math.tanh(0.25 * unit)]]
    np.testing.assert_allclose(outputs, expected, rtol=1e-12)


def test_large_numbers_saturate_without_a_warning():
    weights = LSTMWeights(column(*[1e4, -1e4] * 2), column(0.0, 0.0, 0.0, 0.0), np.zeros(4))
    outputs, state = reference.step(LSTM(), weights, column(1e3), ONE_STATE)
    assert outputs.item() == 0.0
    assert state.cell.item() == 1.0
