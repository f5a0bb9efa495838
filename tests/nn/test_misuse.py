"""The twins beside torch.nn's modules where they are misused: an error of the same class."""

from __future__ import annotations

import pytest
import torch
from torch import nn, zeros
from torch.nn.utils.rnn import pack_sequence

import elman
import elman.nn
from elman.errors import ElmanError, TwinTypeError
from elman.state import leaves
from tests.unchecked import unchecked

F, H, T, B = 3, 4, 5, 2
SEQUENCES = ["RNN", "LSTM", "GRU"]
CELLS = ["RNNCell", "LSTMCell", "GRUCell"]
pytestmark = pytest.mark.filterwarnings("ignore:dropout option adds")

SEQUENCE_CALLS = {
    "no axis": (zeros(()), None),
    "one axis": (zeros(F), None),
    "four axes": (zeros(1, T, B, F), None),
    "features": (zeros(T, B, F + 1), None),
    "features, unbatched": (zeros(T, F + 1), None),
    "float64": (zeros(T, B, F).double(), None),
    "integers": (zeros(T, B, F).long(), None),
    "half": (zeros(T, B, F).half(), None),
    "device": (zeros(T, B, F, device="meta"), None),
    "rows of hx": (zeros(T, B, F), zeros(1, B + 1, H)),
    "units of hx": (zeros(T, B, F), zeros(1, B, H + 1)),
    "layers of hx": (zeros(T, B, F), zeros(2, B, H)),
    "two axes of hx": (zeros(T, B, F), zeros(1, H)),
    "four axes of hx": (zeros(T, B, F), zeros(1, 1, B, H)),
    "hx, unbatched": (zeros(T, F), zeros(1, B, H)),
    "layers of hx, unbatched": (zeros(T, F), zeros(2, H)),
    "dtype of hx": (zeros(T, B, F), zeros(1, B, H).double()),
    "device of hx": (zeros(T, B, F), zeros(1, B, H, device="meta")),
    "no tensor": ([[1.0]], None),
    "nothing": (None, None),
    "text": ("x", None),
}
CELL_CALLS = {
    "no axis": (zeros(()), None),
    "three axes": (zeros(1, B, F), None),
    "features": (zeros(B, F + 1), None),
    "float64": (zeros(B, F).double(), None),
    "integers": (zeros(B, F).long(), None),
    "device": (zeros(B, F, device="meta"), None),
    "rows of hx": (zeros(B, F), zeros(B + 1, H)),
    "units of hx": (zeros(B, F), zeros(B, H + 1)),
    "one axis of hx": (zeros(B, F), zeros(H)),
    "three axes of hx": (zeros(B, F), zeros(1, B, H)),
    "hx, unbatched": (zeros(F), zeros(1, H)),
    "dtype of hx": (zeros(B, F), zeros(B, H).double()),
    "device of hx": (zeros(B, F), zeros(B, H, device="meta")),
    "no tensor": ([1.0, 2.0, 3.0], None),
    "nothing": (None, None),
}
OPTIONS = [
    {"input_size": 0},
    {"input_size": -1},
    {"input_size": 2.5},
    {"hidden_size": 0},
    {"hidden_size": -1},
    {"hidden_size": "4"},
    {"num_layers": 0},
    {"num_layers": 1.5},
    {"dropout": 2},
    {"dropout": -0.1},
    {"dropout": True},
    {"dropout": "x"},
    {"bias": 1},
    {"bias": "no"},
    {"batch_first": "x"},
    {"proj_size": 2},
    {"proj_size": 0},
    {"proj_size": -1},
    {"proj_size": H},
    {"nonlinearity": "sigmoid"},
    {"nonlinearity": None},
    {"unknown": 1},
    {"dtype": torch.long},
    {"dtype": "float32"},
    {"device": "nowhere"},
]


def outcome(function, *args, **kwargs):
    """The error that the call raises, None if it answers."""
    try:
        function(*args, **kwargs)
    except Exception as error:
        return error
    return None


def assert_as_torchs(theirs, ours):
    assert (theirs is None) == (ours is None), (theirs, ours)
    assert theirs is None or isinstance(ours, type(theirs)), (theirs, ours)


def accelerated(kind):
    module = getattr(nn, kind)(F, H)
    elman.accelerate(module)
    return module


def calls():
    for kinds, found in ((SEQUENCES, SEQUENCE_CALLS), (CELLS, CELL_CALLS)):
        for kind in kinds:
            for name, call in found.items():
                yield pytest.param(kind, *call, id=f"{kind} {name}")


@pytest.mark.parametrize(("kind", "inputs", "hx"), list(calls()))
def test_calls(kind, inputs, hx):
    if kind.startswith("LSTM") and hx is not None:
        hx = (hx, hx)
    theirs = outcome(getattr(nn, kind)(F, H), inputs, hx)
    assert theirs is not None
    with unchecked():
        for module in (getattr(elman.nn, kind)(F, H), accelerated(kind)):
            ours = outcome(module, inputs, hx)
            assert_as_torchs(theirs, ours)
            assert isinstance(ours, ElmanError)


@pytest.mark.parametrize("kind", SEQUENCES + CELLS)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_constructors(kind, options):
    given = {"input_size": F, "hidden_size": H, **options}
    with unchecked():
        theirs = outcome(getattr(nn, kind), **given)
        assert_as_torchs(theirs, outcome(getattr(elman.nn, kind), **given))


@pytest.mark.parametrize("kind", SEQUENCES + CELLS)
def test_states_of_another_make(kind):
    """Torch trips over these by AttributeError, TypeError, RuntimeError or IndexError."""
    lstm, cell = kind.startswith("LSTM"), kind.endswith("Cell")
    hx = zeros(B, H) if cell else zeros(1, B, H)
    inputs = zeros(B, F) if cell else zeros(T, B, F)
    for other in [(hx,), [hx], (hx, hx, hx), "x", (None, None), hx if lstm else (hx, hx)]:
        with unchecked(), pytest.raises(TwinTypeError, match=f"{kind} hx: found a"):
            getattr(elman.nn, kind)(F, H)(inputs, other)


def test_packed_sequences():
    for packed, hx in (
        (pack_sequence([zeros(2, F + 1)]), None),
        (pack_sequence([zeros(2, F).double()]), None),
        (pack_sequence([zeros(2, F)]), zeros(1, 2, H)),
    ):
        theirs = outcome(nn.GRU(F, H), packed, hx)
        with unchecked():
            ours = outcome(elman.nn.GRU(F, H), packed, hx)
        assert_as_torchs(theirs, ours)
        assert isinstance(ours, ElmanError)


def test_what_fits_is_not_refused():
    with unchecked():
        for kind in SEQUENCES:
            hx = zeros(1, B, H)
            hx = [hx, hx] if kind == "LSTM" else hx
            assert len(list(leaves((accelerated(kind)(zeros(T, B, F), hx),)))) >= 2
