"""The compiled kernels against the specification, on every instruction set of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman import _native
from elman.errors import ArgumentError, ElmanError, ShapeError
from elman.kernels import native, reference
from elman.kernels.contract import GRU, LSTM, RNNWeights, Simple
from elman.state import RNNState
from tests.kernels.variants import VARIANTS, Variant, random_state, random_weights

TOLERANCE = {np.float64: 1e-10, np.float32: 2e-5}
# Around the widths of vectors (2 to 16 numbers), panels (two vectors) and tiles (up to 12 rows).
EDGES = (1, 2, 3, 7, 8, 9, 12, 13, 15, 16, 17, 31, 33, 65)


def small_weights(inputs: int, hidden: int, rng: np.random.Generator, dtype: Any) -> RNNWeights:
    """Weights under which a state neither fades nor runs away, however many units there are."""
    weights = random_weights(Variant(Simple()), inputs, hidden, rng, dtype)
    scale = dtype(1 / np.sqrt(hidden))
    return RNNWeights(weights.weight_ih, weights.weight_hh * scale, weights.bias)


def check_against_reference(
    recurrence: Simple,
    sizes: tuple[int, int, int, int],
    lengths: list[int] | None,
    with_resets: bool,
    reverse: bool,
    dtype: Any,
    seed: int = 0,
) -> None:
    batch, time, inputs, hidden = sizes
    rng = np.random.default_rng(seed)
    weights = small_weights(inputs, hidden, rng, dtype)
    state = random_state(recurrence, weights, batch, rng)
    x = rng.normal(size=(batch, time, inputs)).astype(dtype)
    grad_outputs = rng.normal(size=(batch, time, hidden)).astype(dtype)
    grad_state = RNNState(rng.normal(size=(batch, hidden)).astype(dtype))
    for row, length in enumerate(lengths or ()):
        x[row, length:] = np.nan
        grad_outputs[row, length:] = np.nan
    keywords: dict[str, Any] = {
        "lengths": None if lengths is None else np.array(lengths),
        "resets": rng.random((batch, time)) < 0.3 if with_resets else None,
        "reverse": reverse,
    }
    found = native.forward(recurrence, weights, x, state, **keywords)
    wanted = reference.forward(recurrence, weights, x, state, **keywords)
    grads = native.backward(found.tape, grad_outputs, grad_state)
    wanted_grads = reference.backward(wanted.tape, grad_outputs, grad_state)
    pairs = {
        "outputs": (found.outputs, wanted.outputs),
        "final_state": (found.final_state.hidden, wanted.final_state.hidden),
        "inputs": (grads.inputs, wanted_grads.inputs),
        "initial_state": (grads.initial_state.hidden, wanted_grads.initial_state.hidden),
    }
    for name in ("weight_ih", "weight_hh", "bias"):
        pairs[name] = getattr(grads.weights, name), getattr(wanted_grads.weights, name)
    for name, (ours, theirs) in pairs.items():
        tolerance = TOLERANCE[dtype] * max(1, np.abs(theirs).max(initial=0))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance, err_msg=name)
        assert ours.dtype == dtype


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=15),
    st.booleans(),
    st.sampled_from(EDGES),
    st.integers(1, 5),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2**32),
)
def test_agrees_with_the_specification(
    activation, dtype, lengths, all_steps, hidden, inputs, resets, reverse, seed
):
    sizes = (len(lengths), 6, inputs, hidden)
    given_lengths = None if all_steps else lengths
    check_against_reference(Simple(activation), sizes, given_lengths, resets, reverse, dtype, seed)


@pytest.mark.parametrize("sizes", [(0, 3, 2, 4), (3, 0, 2, 4), (2, 3, 1, 1)])
def test_empty_and_tiny(sizes):
    check_against_reference(Simple(), sizes, None, False, False, np.float64)


def every_edge() -> None:
    """Run in a process of its own for each instruction set."""
    for dtype in TOLERANCE:
        for activation in ("tanh", "relu"):
            for size in EDGES:
                recurrence = Simple(activation)
                check_against_reference(recurrence, (size, 3, 2, 3), None, True, False, dtype)
                lengths = [3, 0, 4]
                check_against_reference(recurrence, (3, 4, 2, size), lengths, True, True, dtype)
                check_against_reference(recurrence, (3, 4, size, 2), lengths, False, False, dtype)
    print(native.isa())


def run_with_isa(name: str, code: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a new process that asks for an instruction set."""
    environment = os.environ | {"ELMAN_ISA": name, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize("isa", native.available_isas())
def test_every_instruction_set_agrees_with_the_specification(isa):
    result = run_with_isa(isa, "from tests.kernels import test_native as t; t.every_edge()")
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [isa]


def test_the_most_capable_instruction_set_runs_unless_another_is_asked_for():
    result = run_with_isa("", "from elman.kernels import native; print(native.isa())")
    assert result.stdout.split() == [native.available_isas()[-1]]
    assert native.available_isas()[0] == "generic"


def test_an_instruction_set_that_is_not_there_is_an_error_that_names_those_that_are():
    result = run_with_isa("avx9000", "import elman.kernels.native")
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("elman.errors.ArgumentError")
    assert "found 'avx9000'" in last
    assert f"this machine has {', '.join(native.available_isas())}" in last


@given(st.integers(1, 30), st.sampled_from(EDGES), st.integers(1, 6), st.integers(0, 2**32))
def test_a_row_has_the_same_bits_however_it_is_run(batch, hidden, cut, seed):
    rng = np.random.default_rng(seed)
    weights = small_weights(3, hidden, rng, np.float32)
    x = rng.normal(size=(batch, 6, 3)).astype(np.float32)
    state = random_state(Simple(), weights, batch, rng)
    whole = native.forward(Simple(), weights, x, state)

    row = int(rng.integers(batch))
    alone = native.forward(
        Simple(), weights, x[row : row + 1], RNNState(state.hidden[row : row + 1])
    )
    np.testing.assert_array_equal(alone.outputs[0], whole.outputs[row])

    first = native.forward(Simple(), weights, x[:, :cut], state)
    rest = native.forward(Simple(), weights, x[:, cut:], first.final_state)
    pieces = np.concatenate([first.outputs, rest.outputs], axis=1)
    np.testing.assert_array_equal(pieces, whole.outputs)

    padded = native.forward(Simple(), weights, x, state, lengths=np.full(batch, cut))
    np.testing.assert_array_equal(padded.final_state.hidden, whole.outputs[:, cut - 1])

    for t in range(6):
        outputs, state = native.step(Simple(), weights, x[:, t], state)
        np.testing.assert_array_equal(outputs, whole.outputs[:, t])


def test_float_tanh_is_within_two_units_in_the_last_place():
    values = np.arange(0, 2**32, 1009, dtype=np.uint32).view(np.float32)
    zero = np.zeros((1, 1), np.float32)
    rows = values[:, None, None]
    found, _ = native.simple_forward(rows, zero, np.zeros((len(rows), 1), np.float32))
    found = found[:, 0, 0]
    np.testing.assert_array_equal(np.isnan(found), np.isnan(values))
    normal = np.abs(values) >= np.finfo(np.float32).tiny  # smaller ones count as zero
    wanted = np.tanh(values[normal], dtype=np.float64)
    error = np.abs(found[normal] - wanted) / np.spacing(np.abs(wanted).astype(np.float32))
    assert error.max() <= 2
    assert np.all(np.abs(found[~normal & ~np.isnan(values)]) < np.finfo(np.float32).tiny)


def test_floating_point_mode_is_restored():
    weights = small_weights(2, 3, np.random.default_rng(0), np.float32)
    native.forward(Simple(), weights, np.ones((2, 4, 2), np.float32))
    tiny = np.array([1e-40], np.float32)
    assert tiny + tiny > tiny


def test_a_nan_stays_in_its_row():
    for activation in ("tanh", "relu"):
        weights = small_weights(2, 3, np.random.default_rng(0), np.float32)
        x = np.ones((3, 4, 2), np.float32)
        x[1, 2] = np.nan
        outputs = native.forward(Simple(activation), weights, x).outputs
        assert np.isnan(outputs[1, 2:]).all()
        assert np.isfinite(outputs[[0, 2]]).all()
        assert np.isfinite(outputs[1, :2]).all()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")
def test_a_signal_ends_a_long_call():
    class AlarmError(Exception):
        pass

    def interrupt(*_: Any) -> None:
        raise AlarmError

    weights = small_weights(1, 512, np.random.default_rng(0), np.float32)
    x = np.ones((1, 50_000, 1), np.float32)  # seconds of work
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(AlarmError):
            native.forward(Simple(), weights, x)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_views_are_taken_and_nothing_is_written_to():
    rng = np.random.default_rng(0)
    weights = small_weights(3, 4, rng, np.float64)
    x = rng.normal(size=(2, 5, 3))
    turned = RNNWeights(*(np.asfortranarray(w) for w in weights[:3]))
    arrays = (np.asfortranarray(x), *turned[:3])
    for array in arrays:
        array.flags.writeable = False
    found = native.forward(Simple(), turned, arrays[0])
    grads = native.backward(found.tape, np.ones((5, 2, 4)).transpose(1, 0, 2))
    wanted = native.forward(Simple(), weights, x)
    wanted_grads = native.backward(wanted.tape, np.ones((2, 5, 4)))
    np.testing.assert_array_equal(found.outputs, wanted.outputs)
    np.testing.assert_array_equal(grads.weights.weight_hh, wanted_grads.weights.weight_hh)


def test_what_is_not_compiled_has_a_reason():
    rng = np.random.default_rng(0)
    for name, variant in VARIANTS.items():
        weights = random_weights(variant, 3, 4, rng)
        reason = native.supports(variant.recurrence, weights)
        assert (reason is None) == (name in ("tanh", "relu"))
        if isinstance(variant.recurrence, LSTM | GRU):
            assert type(variant.recurrence).__name__ in reason
        if reason is not None:
            with pytest.raises(ArgumentError, match=r"use elman\.kernels\.reference"):
                native.forward(variant.recurrence, weights, np.zeros((2, 3, 3)))


def test_a_source_tree_without_the_compiled_module_says_so(monkeypatch):
    weights = small_weights(3, 4, np.random.default_rng(0), np.float64)
    monkeypatch.setattr(native, "_native", None)
    assert "pip install" in native.supports(Simple(), weights)
    assert native.isa() is None
    with pytest.raises(ElmanError, match="is missing"):
        native.forward(Simple(), weights, np.zeros((2, 3, 3)))


def test_bad_arguments_are_named():
    weights = small_weights(3, 4, np.random.default_rng(0), np.float64)
    x = np.zeros((2, 5, 3))
    with pytest.raises(ArgumentError, match=r"lengths\[1\]: found 6"):
        native.forward(Simple(), weights, x, lengths=np.array([1, 6]))
    with pytest.raises(ShapeError, match="inputs"):
        native.forward(Simple(), weights, x[..., :2])
    with pytest.raises(ArgumentError, match="keep=True"):
        native.backward(native.forward(Simple(), weights, x, keep=False).tape, np.zeros((2, 5, 4)))
    with pytest.raises(ShapeError, match="grad_outputs"):
        native.backward(native.forward(Simple(), weights, x).tape, np.zeros((2, 4, 4)))


def test_the_compiled_module_itself_keeps_memory_safe():
    """It refuses what does not fit even from a caller that does not check."""
    projected, weight, initial = np.zeros((2, 3, 4)), np.zeros((4, 4)), np.zeros((2, 4))
    good: dict[str, Any] = {
        "projected": projected,
        "weight_hh": weight,
        "initial": initial,
        "lengths": None,
        "resets": None,
        "reverse": False,
        "relu": False,
        "outputs": np.empty_like(projected),
        "final_state": np.empty_like(initial),
    }
    _native.simple_forward(**good)
    for name, bad, error in [
        ("weight_hh", np.zeros((4, 3)), ValueError),
        ("initial", np.zeros((1, 4)), ValueError),
        ("lengths", np.array([3, 4]), ValueError),
        ("lengths", np.array([-1, 3]), ValueError),
        ("lengths", np.array([3]), ValueError),
        ("resets", np.zeros((2, 2), bool), ValueError),
        ("outputs", np.zeros((2, 2, 4)), ValueError),
        ("final_state", np.zeros((2, 3)), ValueError),
        ("projected", projected.astype(np.float32), TypeError),
        ("projected", projected.transpose(1, 0, 2), TypeError),
        ("lengths", np.array([1, 2], np.int32), TypeError),
    ]:
        with pytest.raises(error):
            _native.simple_forward(**(good | {name: bad}))
