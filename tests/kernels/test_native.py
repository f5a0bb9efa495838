"""The compiled kernels against the specification."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.kernels import native, reference
from elman.kernels.contract import LSTM, LSTMWeights, RNNWeights, Simple, Tokens
from elman.state import LSTMState, map_leaves
from tests.kernels.agreement import (
    EDGES,
    MODES,
    TOLERANCE,
    Mode,
    Sizes,
    check_agreement,
    random_problem,
    solve,
)
from tests.kernels.variants import VARIANTS
from tests.unchecked import unchecked

# Few rows and inputs, and so many inputs that they are multiplied ahead of the steps.
SIZES = (Sizes(3, 4, 2, 5), Sizes(7, 3, 3, 17), Sizes(2, 5, 19, 33))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", VARIANTS)
def test_agrees_with_the_specification(name, mode):
    rng = np.random.default_rng([len(name), len(mode)])
    with unchecked():  # checking shapes takes longer than the steps
        for sizes, dtype in itertools.product(SIZES, TOLERANCE):
            check_agreement(random_problem(VARIANTS[name], sizes, MODES[mode], rng, dtype))


@given(
    st.sampled_from(sorted(VARIANTS)),
    st.builds(
        Sizes, st.sampled_from(EDGES), st.integers(0, 6), st.sampled_from(EDGES),
        st.sampled_from(EDGES),
    ),
    st.builds(
        Mode, st.booleans(), st.booleans(), st.booleans(),
        st.sampled_from([None, "training", "answering"]),
    ),
    st.sampled_from(sorted(TOLERANCE, key=str)),
    st.integers(0, 2**32),
)  # fmt: skip
def test_agreement_holds_for_any_sizes(name, sizes, mode, dtype, seed):
    rng = np.random.default_rng(seed)
    check_agreement(random_problem(VARIANTS[name], sizes, mode, rng, dtype))


@pytest.mark.parametrize("name", ["tanh", "lstm-norm-peep-proj-clip", "gru-norm-before"])
def test_long_sequences_are_added_up_in_several_goes(name):
    """More rows and steps than the way back gathers, or the way forward multiplies ahead."""
    for inputs in (2, 40):
        rng = np.random.default_rng(inputs)
        mode = Mode(lengths=True, resets=True, reverse=True)
        sizes = Sizes(9, 70, inputs, 6)
        check_agreement(random_problem(VARIANTS[name], sizes, mode, rng, np.float64))


@pytest.mark.parametrize("name", ["relu", "lstm-proj", "gru-before", "gru-after-bias"])
@pytest.mark.parametrize("sizes", [(0, 3, 2, 4), (3, 0, 2, 4), (2, 3, 0, 4), (2, 3, 1, 1)])
def test_empty_and_tiny(name, sizes):
    for mode in (MODES["plain"], MODES["everything"]):
        rng = np.random.default_rng(0)
        check_agreement(random_problem(VARIANTS[name], Sizes(*sizes), mode, rng, np.float64))


def test_rows_that_are_all_empty():
    rng = np.random.default_rng(0)
    problem = random_problem(VARIANTS["lstm"], Sizes(3, 4, 2, 5), MODES["plain"], rng, np.float64)
    check_agreement(problem._replace(lengths=np.zeros(3, np.int64)))


@pytest.mark.parametrize("name", VARIANTS)
def test_swapped_gates_give_something_else(name):
    """Else the tests above would prove nothing about which gate is which."""
    variant, sizes = VARIANTS[name], Sizes(3, 4, 2, 5)
    gates = variant.recurrence.gates
    problem = random_problem(variant, sizes, MODES["plain"], np.random.default_rng(0), np.float64)
    outputs = solve(native, problem).values["outputs"]
    swapped = list(itertools.combinations(range(gates), 2))
    assert len(swapped) == {1: 0, 3: 3, 4: 6}[gates]
    for (one, other), field in itertools.product(swapped, ("weight_ih", "weight_hh", "bias")):
        order = list(range(gates))
        order[one], order[other] = other, one
        weight = getattr(problem.weights, field)
        moved = weight.reshape(gates, 5, -1)[order].reshape(weight.shape)
        weights = problem.weights._replace(**{field: moved})
        changed = solve(native, problem._replace(weights=weights)).values["outputs"]
        assert np.abs(changed - outputs).max() > 1e-3


@pytest.mark.parametrize("name", ["tanh", "lstm-proj", "gru-before", "gru-norm-after-bias"])
@pytest.mark.parametrize("reverse", [False, True])
def test_tokens(name, reverse):
    rng = np.random.default_rng(len(name))
    variant, sizes = VARIANTS[name], Sizes(3, 5, 4, 9)
    problem = random_problem(variant, sizes, Mode(True, True, reverse), rng, np.float64)
    ids = rng.integers(0, 6, (3, 5))
    ids[np.arange(5) >= problem.lengths[:, None]] = -99  # no row of the embedding
    for kind in (np.int64, np.int16):
        tokens = Tokens(ids.astype(kind), rng.normal(size=(6, 4)))
        found = solve(native, problem._replace(inputs=tokens))
        wanted = solve(reference, problem._replace(inputs=tokens))
        for ours, theirs in zip(found, wanted, strict=True):
            assert ours.keys() == theirs.keys()
            for key, value in theirs.items():
                np.testing.assert_allclose(ours[key], value, rtol=0, atol=1e-10)


def test_no_gradient_of_the_final_state_means_zeros():
    rng = np.random.default_rng(0)
    problem = random_problem(VARIANTS["lstm"], Sizes(3, 4, 2, 5), MODES["plain"], rng, np.float64)
    zeros = map_leaves(np.zeros_like, problem.grad_state)
    ran = native.forward(problem.recurrence, problem.weights, problem.inputs, problem.state)
    found = native.backward(ran.tape, problem.grad_outputs)
    wanted = native.backward(ran.tape, problem.grad_outputs, zeros)
    for ours, theirs in zip(found.weights, wanted.weights, strict=True):
        assert ours is theirs or np.array_equal(ours, theirs)
    assert np.array_equal(found.initial_state.cell, wanted.initial_state.cell)


def test_a_tape_can_be_read_again():
    rng = np.random.default_rng(0)
    for name in ("tanh", "lstm-norm-peep-proj-clip", "gru-after-bias"):
        problem = random_problem(
            VARIANTS[name], Sizes(3, 4, 2, 5), MODES["everything"], rng, np.float32
        )
        ran = native.forward(
            problem.recurrence, problem.weights, problem.inputs, problem.state, **problem.reading
        )
        once, again = (native.backward(ran.tape, problem.grad_outputs) for _ in range(2))
        assert np.array_equal(once.inputs, again.inputs)
        assert np.array_equal(once.weights.weight_hh, again.weights.weight_hh)


def spread(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same values in other memory: every axis in any order, direction and stride."""
    order = rng.permutation(array.ndim)
    steps = rng.choice([-2, -1, 1, 2], array.ndim)
    room = np.full([abs(s) * array.shape[k] for k, s in zip(order, steps, strict=True)], np.nan)
    room = room.astype(array.dtype)
    view = room[tuple(slice(None, None, int(s)) for s in steps)]
    view = view.transpose(np.argsort(order))
    view[...] = array
    return view


def test_any_strides_are_taken_and_nothing_is_written_to():
    rng = np.random.default_rng(0)
    for name in ("relu", "lstm-norm-peep-proj-clip", "gru-after-bias"):
        problem = random_problem(VARIANTS[name], Sizes(4, 5, 3, 6), MODES["plain"], rng, np.float64)
        wanted = solve(native, problem)
        for _ in range(10):
            turned = problem._replace(
                weights=type(problem.weights)(
                    *(None if w is None else spread(w, rng) for w in problem.weights)
                ),
                inputs=spread(problem.inputs, rng),
                state=map_leaves(lambda leaf: spread(leaf, rng), problem.state),
                grad_outputs=spread(problem.grad_outputs, rng),
                grad_state=map_leaves(lambda leaf: spread(leaf, rng), problem.grad_state),
            )
            given_arrays = [turned.inputs, turned.grad_outputs, *turned.state, *turned.grad_state]
            for array in (*given_arrays, *(w for w in turned.weights if w is not None)):
                array.flags.writeable = False
            found = solve(native, turned)
            for ours, theirs in zip(found, wanted, strict=True):
                for key, value in theirs.items():
                    np.testing.assert_array_equal(ours[key], value)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_nan_stays_in_its_row(name):
    variant = VARIANTS[name]
    rng = np.random.default_rng(0)
    problem = random_problem(variant, Sizes(3, 4, 2, 5), MODES["plain"], rng, np.float32)
    problem.inputs[1, 2] = np.nan
    outputs = native.forward(problem.recurrence, problem.weights, problem.inputs).outputs
    assert np.isnan(outputs[1, 2:]).all()
    assert np.isfinite(outputs[[0, 2]]).all()
    assert np.isfinite(outputs[1, :2]).all()


def test_floating_point_mode_is_restored():
    rng = np.random.default_rng(0)
    problem = random_problem(VARIANTS["lstm"], Sizes(2, 4, 2, 5), MODES["plain"], rng, np.float32)
    solve(native, problem)
    native.dense(np.ones((2, 2), np.float32), np.ones((3, 2), np.float32))
    tiny = np.array([1e-40], np.float32)
    assert tiny + tiny > tiny


@pytest.mark.skipif(native.isa() == "portable", reason="there denormal numbers count")
def test_what_fades_away_becomes_zero():
    """Numbers too small for a normal one would slow every product a hundredfold."""
    one, half = np.ones((1, 1), np.float32), np.full((1, 1), 0.5, np.float32)
    x = np.zeros((1, 200, 1), np.float32)
    x[0, 0] = 1
    outputs = native.forward(Simple("relu"), RNNWeights(one, half, 0 * one[0]), x).outputs
    assert outputs[0, 1, 0] == 0.5
    assert outputs[0, -1, 0] == 0
    assert np.all((outputs == 0) | (outputs >= np.finfo(np.float32).tiny))


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_float_activations_are_within_two_units_in_the_last_place(activation):
    values = np.arange(0, 2**32, 4099, dtype=np.uint32).view(np.float32)
    found = through_a_cell(activation, values)
    with np.errstate(over="ignore", invalid="ignore"):  # some NaN are of the signalling kind
        wide = values.astype(np.float64)
        wanted = np.tanh(wide) if activation == "tanh" else 1 / (1 + np.exp(-wide))
    np.testing.assert_array_equal(np.isnan(found), np.isnan(values))
    tiny = np.finfo(np.float32).tiny
    normal = np.abs(wanted) >= tiny  # smaller ones may count as zero
    unit = np.spacing(np.abs(wanted[normal]).astype(np.float32))
    assert np.max(np.abs(found[normal] - wanted[normal]) / unit) <= 2
    assert np.all(np.abs(found[np.abs(wanted) < tiny]) <= tiny)


def through_a_cell(activation: str, values: np.ndarray) -> np.ndarray:
    """The activation of each value: h = tanh(x), and an LSTM that only forgets gives c = f(x)."""
    rows = values[:, None, None]
    zero, one = np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32)
    if activation == "tanh":
        weights = RNNWeights(one, zero, zero[0])
        return native.forward(Simple(), weights, rows).outputs[:, 0, 0]
    forget = np.array([[0], [1], [0], [0]], np.float32)
    lstm = LSTMWeights(forget, forget * 0, forget[:, 0] * 0)
    ones = np.ones((len(values), 1), np.float32)
    return native.forward(LSTM(), lstm, rows, LSTMState(ones, ones)).final_state.cell[:, 0]


@pytest.mark.parametrize("rows", [0, 1, 2, 5, 6, 7, 33, 400])
def test_dense(rows):
    rng = np.random.default_rng(rows)
    for depth, columns in itertools.product((0, 1, 3, 17), (1, 2, 15, 16, 17, 65)):
        for dtype in (np.float32, np.float64):
            x, weight = (rng.normal(size=(n, depth)).astype(dtype) for n in (rows, columns))
            bias = rng.normal(size=columns).astype(dtype)
            found = native.dense(x, weight, bias)
            np.testing.assert_allclose(found, x @ weight.T + bias, rtol=0, atol=1e-5)
            if rows > 0:
                alone = native.dense(x[-1:], weight, bias)
                np.testing.assert_array_equal(alone[0], found[-1])
            np.testing.assert_array_equal(
                native.dense(x, weight), native.dense(x, weight, np.zeros(columns, dtype))
            )
