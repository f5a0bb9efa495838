"""Bad input to a kernel: a typed error that names the argument and what was found."""

from __future__ import annotations

import numpy as np
import pytest

from elman.errors import ArgumentError, ShapeError
from elman.kernels import reference
from elman.kernels.contract import (
    GRU,
    LSTM,
    GRUWeights,
    LSTMWeights,
    Noise,
    RNNWeights,
    Simple,
    Tokens,
)
from elman.state import LSTMState, RNNState
from tests.unchecked import unchecked


@pytest.fixture(autouse=True)
def _as_users_call_it():
    with unchecked():
        yield


RNN = RNNWeights(np.zeros((3, 2)), np.zeros((3, 3)), np.zeros(3))
DEEP = LSTMWeights(np.zeros((12, 2)), np.zeros((12, 3)), np.zeros(12))
GATED = GRUWeights(np.zeros((9, 2)), np.zeros((9, 3)), np.zeros(9))
INPUTS = np.zeros((4, 5, 2))
TOKENS = Tokens(np.zeros((4, 5), np.int64), np.zeros((7, 2)))
NOISE = Noise(np.zeros(4, np.int64), np.zeros(4, np.int64), 0.1)


def changed_id(row, step, token):
    ids = TOKENS.ids.copy()
    ids[row, step] = token
    return TOKENS._replace(ids=ids)


BAD = {
    "rank of inputs": ({"inputs": np.zeros((5, 2))}, "inputs: found float64 of shape"),
    "features": ({"inputs": np.zeros((4, 5, 3))}, "inputs"),
    "dtype of inputs": ({"inputs": np.zeros((4, 5, 2), np.float32)}, "inputs: found float32"),
    "inputs are a list": ({"inputs": [[[0.0, 0.0]]]}, "inputs: found list"),
    "integer weights": ({"weights": RNN._replace(weight_ih=np.ones((3, 2), int))}, "weight_ih"),
    "weights of one row more": ({"weights": RNN._replace(weight_hh=np.zeros((4, 3)))}, "hh"),
    "recurrent weights not square": ({"weights": RNN._replace(weight_hh=np.zeros((3, 2)))}, "hh"),
    "weights as vector": ({"weights": RNN._replace(weight_hh=np.zeros(3))}, "give a matrix"),
    "short bias": ({"weights": RNN._replace(bias=np.zeros(2))}, "weights.bias"),
    "no bias": ({"weights": RNN._replace(bias=None)}, "weights.bias: found None"),
    "half a norm": ({"weights": RNN._replace(norm_ih=np.ones(3))}, "found only norm_ih"),
    "rows not of four gates": (
        {"recurrence": LSTM(), "weights": DEEP._replace(weight_ih=np.zeros((10, 2)))},
        "multiple of the 4 gates",
    ),
    "peephole of two gates": (
        {"recurrence": LSTM(), "weights": DEEP._replace(peephole=np.zeros((2, 3)))},
        "weights.peephole",
    ),
    "projection transposed": (
        {
            "recurrence": LSTM(),
            "weights": DEEP._replace(weight_hh=np.zeros((12, 2)), projection=np.zeros((3, 2))),
        },
        "weights.projection",
    ),
    "bias inside the reset gate before": (
        {
            "recurrence": GRU(reset_after=False),
            "weights": GATED._replace(recurrent_bias=np.ones(3)),
        },
        "recurrent_bias",
    ),
    "weights of another recurrence": ({"weights": DEEP}, "use RNNWeights"),
    "no recurrence": ({"recurrence": "tanh"}, "recurrence: found 'tanh'"),
    "state of another recurrence": (
        {"initial_state": LSTMState(np.zeros((4, 3)), np.zeros((4, 3)))},
        "give RNNState",
    ),
    "state of other rows": ({"initial_state": RNNState(np.zeros((3, 3)))}, "initial_state.hidden"),
    "state is an array": ({"initial_state": np.zeros((4, 3))}, "initial_state: found"),
    "length above T": ({"lengths": np.array([5, 6, 0, 1])}, "lengths[1]: found 6"),
    "negative length": ({"lengths": np.array([5, 0, 0, -1])}, "lengths[3]: found -1"),
    "fractional lengths": ({"lengths": np.array([1.0, 2.0, 3.0, 4.0])}, "give integers"),
    "too few lengths": ({"lengths": np.array([1, 2])}, "lengths"),
    "resets of numbers": ({"resets": np.zeros((4, 5))}, "resets: found float64"),
    "resets of rows only": ({"resets": np.zeros(4, bool)}, "resets: found bool of shape"),
    "id above V - 1": ({"inputs": changed_id(1, 3, 7)}, "inputs.ids[1, 3]: found 7; give ids from"),
    "negative id": ({"inputs": changed_id(2, 0, -1)}, "inputs.ids[2, 0]: found -1"),
    "ids of one step": ({"inputs": TOKENS._replace(ids=np.zeros(4, int))}, "give integers [B, T]"),
    "ids with a fraction": ({"inputs": TOKENS._replace(ids=np.zeros((4, 5)))}, "inputs.ids: found"),
    "embedding of other features": (
        {"inputs": TOKENS._replace(embedding=np.zeros((7, 3)))},
        "inputs.embedding: found float64 of shape (7, 3)",
    ),
    "embedding of another dtype": (
        {"inputs": TOKENS._replace(embedding=np.zeros((7, 2), np.float32))},
        "inputs.embedding: found float32",
    ),
    "embedding as vector": ({"inputs": TOKENS._replace(embedding=np.zeros(7))}, "[V, 2]"),
    "rate one": ({"noise": NOISE._replace(zoneout_hidden=1.0)}, "noise.zoneout_hidden: found 1.0"),
    "negative rate": ({"noise": NOISE._replace(recurrent_dropout=-0.1)}, "noise.recurrent_dropout"),
    "rate is no number": ({"noise": NOISE._replace(zoneout_hidden=np.nan)}, "in [0, 1)"),
    "zoneout of no cell": ({"noise": NOISE._replace(zoneout_cell=0.1)}, "only an LSTM has a cell"),
    "keys of other rows": ({"noise": NOISE._replace(keys=np.zeros(3, np.int64))}, "noise.keys"),
    "small keys": (
        {"noise": NOISE._replace(keys=np.zeros(4, np.int32))},
        "noise.keys: found int32",
    ),
    "steps of a sequence": ({"noise": NOISE._replace(steps=np.zeros((4, 5), int))}, "noise.steps"),
    "keys without steps": ({"noise": NOISE._replace(steps=None)}, "noise.steps: found None"),
    "steps without keys": ({"noise": NOISE._replace(keys=None)}, "noise.keys: found None"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments_are_named(name):
    changes, message = BAD[name]
    arguments = {"recurrence": Simple(), "weights": RNN, "inputs": INPUTS} | changes
    with pytest.raises((ShapeError, ArgumentError)) as caught:
        reference.forward(**arguments)
    assert message in str(caught.value)


def test_ids_past_a_length_are_not_looked_at():
    inputs, lengths = changed_id(2, 4, 99), np.array([5, 5, 4, 5])
    reference.forward(Simple(), RNN, inputs, lengths=lengths)
    with pytest.raises(ArgumentError, match=r"inputs\.ids\[2, 4\]"):
        reference.forward(Simple(), RNN, inputs)


def test_bad_arguments_of_a_step_are_named():
    tokens = Tokens(np.array([0, 1, 7, 2]), TOKENS.embedding)
    with pytest.raises(ArgumentError, match=r"inputs\.ids\[2\]: found 7"):
        reference.step(Simple(), RNN, tokens, RNNState(np.zeros((4, 3))))
    with pytest.raises(ShapeError, match="inputs"):
        reference.step(Simple(), RNN, INPUTS, RNNState(np.zeros((4, 3))))
    with pytest.raises(ShapeError, match="give RNNState"):
        reference.step(Simple(), RNN, INPUTS[:, 0], None)
    state = RNNState(np.zeros((4, 3)))
    with pytest.raises(ShapeError, match="grad_outputs"):
        reference.step_backward(Simple(), RNN, INPUTS[:, 0], state, np.zeros((4, 2)))


def test_bad_gradients_are_named():
    ran = reference.forward(Simple(), RNN, INPUTS)
    with pytest.raises(ShapeError, match="grad_outputs: found float64 of shape"):
        reference.backward(ran.tape, np.zeros((4, 5, 2)))
    with pytest.raises(ShapeError, match=r"grad_state\.hidden"):
        reference.backward(ran.tape, ran.outputs, RNNState(np.zeros((4, 2))))
    with pytest.raises(ShapeError, match="grad_state: found"):
        reference.backward(ran.tape, ran.outputs, np.zeros((4, 3)))
    untaped = reference.forward(Simple(), RNN, INPUTS, keep=False)
    with pytest.raises(ArgumentError, match="keep=True"):
        reference.backward(untaped.tape, ran.outputs)
