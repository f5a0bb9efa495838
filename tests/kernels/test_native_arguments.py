"""What the compiled kernels refuse, and how they say it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elman import _native
from elman.errors import ArgumentError, ElmanError, ShapeError
from elman.kernels import compiled, native
from elman.kernels.compiled import described, ordered
from elman.kernels.contract import GRU, LSTM, Noise, RNNWeights, Simple, Tokens
from elman.state import RNNState
from tests.kernels.variants import VARIANTS, Variant, random_weights
from tests.unchecked import unchecked

WEIGHTS: Any = random_weights(VARIANTS["tanh"], 3, 4, np.random.default_rng(0))
X = np.zeros((2, 5, 3))
INTEGERS = np.zeros(2, np.int64)
TOKENS = Tokens(np.zeros((2, 5), np.int64), np.zeros((7, 3)))
NOISE = Noise(INTEGERS, INTEGERS, zoneout_hidden=0.5)


@pytest.mark.parametrize("name", VARIANTS)
def test_everything_is_compiled(name):
    weights = random_weights(VARIANTS[name], 3, 4, np.random.default_rng(0))
    assert native.supports(VARIANTS[name].recurrence, weights) is None


def test_a_source_tree_without_the_compiled_module_says_so(monkeypatch):
    monkeypatch.setattr(compiled, "_native", None)
    assert "pip install" in native.supports(Simple(), WEIGHTS)
    assert native.isa() is None
    assert native.available_isas() == ()
    for call in (
        lambda: native.forward(Simple(), WEIGHTS, X),
        lambda: native.prepare(Simple(), WEIGHTS),
        lambda: native.Stepper(Simple(), WEIGHTS),
        lambda: native.dense(X[0], WEIGHTS.weight_ih),
    ):
        with pytest.raises(ElmanError, match="is missing"):
            call()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"inputs": X[..., :2]}, ShapeError, "inputs"),
        ({"inputs": X.astype(np.float32)}, ShapeError, "inputs: found float32"),
        ({"initial_state": RNNState(np.zeros((3, 4)))}, ShapeError, "initial_state.hidden"),
        ({"lengths": np.array([1, 6])}, ArgumentError, r"lengths\[1\]: found 6"),
        ({"lengths": np.array([-1, 5])}, ArgumentError, r"lengths\[0\]: found -1"),
        ({"resets": np.zeros((2, 4), bool)}, ShapeError, "resets"),
        ({"inputs": TOKENS._replace(ids=TOKENS.ids + 7)}, ArgumentError, r"ids\[0, 0\]: found 7"),
        ({"noise": NOISE._replace(keys=INTEGERS[:1])}, ShapeError, "noise.keys"),
        ({"noise": NOISE._replace(steps=None)}, ArgumentError, "noise.steps"),
        ({"noise": NOISE._replace(zoneout_cell=0.1)}, ArgumentError, "only an LSTM has a cell"),
        ({"recurrence": LSTM()}, ArgumentError, "use LSTMWeights"),
        ({"weights": WEIGHTS._replace(bias=np.zeros(3))}, ShapeError, "weights.bias"),
    ],
)
def test_bad_arguments_are_named(change, error, message):
    arguments: dict[str, Any] = {"recurrence": Simple(), "weights": WEIGHTS, "inputs": X} | change
    with unchecked(), pytest.raises(error, match=message):
        native.forward(**arguments)


def test_a_way_back_needs_a_tape_and_fitting_gradients():
    with pytest.raises(ArgumentError, match="keep=True"):
        native.backward(native.forward(Simple(), WEIGHTS, X, keep=False).tape, np.zeros((2, 5, 4)))
    tape = native.forward(Simple(), WEIGHTS, X).tape
    with unchecked():
        with pytest.raises(ShapeError, match="grad_outputs"):
            native.backward(tape, np.zeros((2, 4, 4)))
        with pytest.raises(ShapeError, match=r"grad_state\.hidden"):
            native.backward(tape, np.zeros((2, 5, 4)), RNNState(np.zeros((2, 3))))
        with pytest.raises(ShapeError, match="state"):
            native.step(Simple(), WEIGHTS, X[:, 0], np.zeros((2, 4)))


# ---- the module itself: it keeps memory safe even from a caller that does not check --------------

STATE = np.zeros((2, 4))


def forward_arguments(weights: Any = WEIGHTS, recurrence: Any = None, **changes: Any) -> dict:
    what = described(recurrence or Simple(), weights, None, lambda array: array)
    given = {
        "recurrence": what,
        "reading": (2, 5, None, None, False),
        "inputs": X,
        "tokens": None,
        "hidden": STATE,
        "cell": None,
        "outputs": np.empty((2, 5, 4)),
        "final_hidden": np.empty((2, 4)),
        "final_cell": None,
        "kept": None,
        "prepared": None,
    }
    return given | changes


def call_of(**changes: Any) -> tuple[tuple, int]:
    return tuple(forward_arguments(**changes).values()), 1


def reading(lengths: Any = None, resets: Any = None) -> tuple:
    return 2, 5, lengths, resets, False


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"inputs": np.zeros((2, 4, 3))}, ValueError),
        ({"inputs": X[0]}, ValueError),
        ({"inputs": X.astype(np.float32)}, TypeError),
        ({"inputs": X[:, :, ::-1]}, ValueError),
        ({"inputs": None}, ValueError),
        ({"hidden": np.zeros((1, 4))}, ValueError),
        ({"hidden": np.zeros((4, 2)).T}, ValueError),
        ({"outputs": np.zeros((2, 5, 3))}, ValueError),
        ({"final_hidden": np.zeros((2, 3))}, ValueError),
        ({"kept": np.zeros(3)}, ValueError),
        ({"reading": reading(np.array([5, 6]))}, ValueError),
        ({"reading": reading(np.array([-1, 5]))}, ValueError),
        ({"reading": reading(np.array([5]))}, ValueError),
        ({"reading": reading(np.array([5, 5], np.int32))}, TypeError),
        ({"reading": reading(None, np.zeros((2, 4), bool))}, ValueError),
        ({"inputs": None, "tokens": (TOKENS.ids - 1, 7, TOKENS.embedding)}, ValueError),
        ({"inputs": None, "tokens": (TOKENS.ids + 7, 7, TOKENS.embedding)}, ValueError),
        ({"inputs": None, "tokens": (TOKENS.ids, 8, TOKENS.embedding)}, ValueError),
        ({"inputs": None, "tokens": (TOKENS.ids[:1], 7, TOKENS.embedding)}, ValueError),
        ({"weights": WEIGHTS._replace(weight_hh=np.zeros((4, 3)))}, ValueError),
        ({"tokens": (TOKENS.ids, 7, TOKENS.embedding)}, ValueError),  # beside inputs
        ({"inputs": None, "tokens": (None, 7, TOKENS.embedding)}, ValueError),
        ({"weights": WEIGHTS._replace(norm_ih=np.zeros(4))}, ValueError),
        ({"recurrence": LSTM(), "weights": WEIGHTS}, ValueError),
        ({"outputs": None}, ValueError),
        ({"final_hidden": None}, ValueError),
        ({"one": "more"}, ValueError),
    ],
)
def test_what_does_not_fit_is_refused(changes, error):
    _native.float64.forward(*call_of())
    with pytest.raises(error):
        _native.float64.forward(*call_of(**changes))


def test_what_is_written_to_must_be_writable():
    outputs = np.empty((2, 5, 4))
    outputs.flags.writeable = False
    with pytest.raises((BufferError, ValueError), match="read-only"):
        _native.float64.forward(*call_of(outputs=outputs))


def test_the_way_back_refuses_what_does_not_fit():
    what = forward_arguments()["recurrence"]
    grads = tuple(None if w is None else np.empty_like(w) for w in ordered(WEIGHTS))
    given = {
        "recurrence": what,
        "reading": reading(),
        "inputs": X,
        "hidden": STATE,
        "cell": None,
        "outputs": np.zeros((2, 5, 4)),
        "kept": np.zeros(0),
        "grad_outputs": np.zeros((2, 5, 4)),
        "grad_final_hidden": None,
        "grad_final_cell": None,
        "grad_inputs": np.zeros((2, 5, 3)),
        "grad_hidden": np.zeros((2, 4)),
        "grad_cell": None,
        "grad_weights": grads,
    }
    _native.float64.backward(tuple(given.values()), 1)
    for name, bad in [
        ("outputs", np.zeros((2, 5, 3))),
        ("grad_outputs", np.zeros((2, 4, 4))),
        ("grad_final_hidden", np.zeros((2, 3))),
        ("grad_inputs", np.zeros((2, 5, 4))),
        ("grad_hidden", np.zeros((1, 4))),
        ("grad_weights", (np.zeros((4, 4)), *grads[1:])),
        ("kept", np.zeros(1)),
        ("outputs", None),
        ("kept", None),
        ("grad_weights", (None, *grads[1:])),
        ("grad_weights", (*grads[:3], np.zeros(4), *grads[4:])),
        ("grad_weights", grads[:3]),
    ]:
        with pytest.raises(ValueError, match=r"does not fit|needs|gradient|number"):
            _native.float64.backward(tuple((given | {name: bad}).values()), 1)


def test_packed_weights_must_be_those_of_the_recurrence():
    few = random_weights(Variant(Simple()), 3, 2, np.random.default_rng(0))
    single = RNNWeights(*(None if w is None else w.astype(np.float32) for w in WEIGHTS))
    for packed in (native.prepare(Simple(), few), native.prepare(Simple(), single)):
        with pytest.raises(ValueError, match="packed"):
            native.forward(Simple(), WEIGHTS, X, keep=False, prepared=packed)
    gru = random_weights(VARIANTS["gru-before"], 3, 4, np.random.default_rng(0))
    packed = native.prepare(GRU(reset_after=True), gru)
    with pytest.raises(ValueError, match="packed"):
        native.forward(GRU(reset_after=False), gru, X, keep=False, prepared=packed)
    table = native.prepare(Simple(), WEIGHTS, TOKENS.embedding)
    other = TOKENS._replace(embedding=TOKENS.embedding[:5])
    with pytest.raises(ValueError, match="vocabulary"):
        native.forward(Simple(), WEIGHTS, other, keep=False, prepared=table)


def misaligned(array: np.ndarray) -> np.ndarray:
    """The same numbers, a byte behind where they could be read at once."""
    raw = np.zeros(array.nbytes + 1, np.uint8)
    found = raw[1:].view(array.dtype).reshape(array.shape)
    found[...] = array
    assert not found.flags.aligned
    return found


def test_arrays_that_are_not_aligned_or_not_to_be_written_give_the_same():
    weights = WEIGHTS._replace(**{
        name: None if w is None else misaligned(w) for name, w in WEIGHTS._asdict().items()
    })  # fmt: skip
    X_ = np.random.default_rng(0).normal(size=X.shape)
    wanted = native.forward(Simple(), WEIGHTS, X_)
    grads = native.backward(wanted.tape, np.ones_like(wanted.outputs))
    read_only = X_.copy()
    read_only.flags.writeable = False
    for w, x in ((weights, misaligned(X_)), (WEIGHTS, read_only)):
        found = native.forward(Simple(), w, x)
        np.testing.assert_array_equal(found.outputs, wanted.outputs)
        again = native.backward(found.tape, misaligned(np.ones_like(found.outputs)))
        np.testing.assert_array_equal(again.inputs, grads.inputs)


def test_what_a_stepper_cannot_read_is_told_by_its_fault():
    stepper = native.Stepper(Simple(), WEIGHTS, batch=2)
    with pytest.raises(ValueError, match="inputs is not aligned: pass a copy of it"):
        stepper.step(misaligned(X[:, 0].copy()))
    with pytest.raises(TypeError, match="inputs has another dtype"):
        stepper.step(X[:, 0].astype(">f8"))
    with pytest.raises(ShapeError, match="found >f8"):
        native.forward(Simple(), WEIGHTS, X.astype(">f8"))
