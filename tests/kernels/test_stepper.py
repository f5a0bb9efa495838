"""A recurrence fed step by step."""

from __future__ import annotations

import sys
import tracemalloc

import numpy as np
import pytest

from elman.errors import ShapeError
from elman.kernels import native
from elman.kernels.contract import Simple
from elman.state import map_leaves
from tests.kernels.agreement import MODES, Problem, Sizes, random_problem
from tests.kernels.variants import VARIANTS, random_weights


def problem_of(name: str, dtype: type = np.float32, batch: int = 3) -> Problem:
    rng = np.random.default_rng(len(name))
    return random_problem(VARIANTS[name], Sizes(batch, 6, 9, 17), MODES["plain"], rng, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", VARIANTS)
def test_steps_have_the_bits_of_the_sequence(name, dtype):
    for batch in (0, 1, 3, 8):
        problem = problem_of(name, dtype, batch)
        whole = native.forward(problem.recurrence, problem.weights, problem.inputs, problem.state)
        stepper = native.Stepper(problem.recurrence, problem.weights, batch)
        stepper.reset(problem.state)
        for t in range(6):
            outputs = stepper.step(np.ascontiguousarray(problem.inputs[:, t]))
            assert outputs is stepper.outputs
            np.testing.assert_array_equal(outputs, whole.outputs[:, t])
        assert type(stepper.state) is type(whole.final_state)
        for ours, theirs in zip(stepper.state, whole.final_state, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_it_begins_with_zeros_and_again():
    problem = problem_of("lstm")
    first = np.ascontiguousarray(problem.inputs[:, 0])
    stepper = native.Stepper(problem.recurrence, problem.weights, 3)
    outputs = stepper.step(first).copy()
    wanted = native.forward(problem.recurrence, problem.weights, first[:, None]).outputs[:, 0]
    np.testing.assert_array_equal(outputs, wanted)
    assert not np.array_equal(stepper.step(first), outputs)
    stepper.reset()
    assert not any(leaf.any() for leaf in stepper.state)
    np.testing.assert_array_equal(stepper.step(first), outputs)


def test_the_state_may_be_written_to_between_two_steps():
    problem = problem_of("gru-after-bias")
    first = np.ascontiguousarray(problem.inputs[:, 0])
    stepper = native.Stepper(problem.recurrence, problem.weights, 3)
    stepper.reset(problem.state)
    together = stepper.step(first).copy()
    stepper.reset(problem.state)
    stepper.state.hidden[1] = 0  # one row begins anew
    outputs = stepper.step(first)
    np.testing.assert_array_equal(outputs[[0, 2]], together[[0, 2]])
    zeros = map_leaves(np.zeros_like, problem.state)
    anew, _ = native.step(problem.recurrence, problem.weights, first, zeros)
    np.testing.assert_array_equal(outputs[1], anew[1])


def test_the_weights_are_copied():
    problem = problem_of("lstm-norm-peep-proj-clip")
    first = np.ascontiguousarray(problem.inputs[:, 0])
    one, other = (native.Stepper(problem.recurrence, problem.weights, 3) for _ in range(2))
    wanted = one.step(first).copy()
    for weight in problem.weights:
        weight[...] = np.nan
    np.testing.assert_array_equal(other.step(first), wanted)


def test_two_steppers_do_not_meet():
    problem = problem_of("gru-before")
    one, other = (native.Stepper(problem.recurrence, problem.weights, 3) for _ in range(2))
    first = np.ascontiguousarray(problem.inputs[:, 0])
    one.step(first)
    kept = one.outputs.copy()
    other.step(first * 2)
    np.testing.assert_array_equal(one.outputs, kept)
    assert not np.array_equal(other.outputs, kept)


def test_a_step_allocates_nothing():
    problem = problem_of("lstm")
    stepper = native.Stepper(problem.recurrence, problem.weights, 3)
    first = np.ascontiguousarray(problem.inputs[:, 0])
    stepper.step(first)
    blocks = sys.getallocatedblocks()
    tracemalloc.start()
    try:
        for _ in range(1000):
            stepper.step(first)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000  # what tracing and the loop themselves take
    assert abs(sys.getallocatedblocks() - blocks) < 100


@pytest.mark.parametrize(
    ("inputs", "error"),
    [
        (np.zeros((2, 9), np.float32), ValueError),
        (np.zeros((3, 8), np.float32), ValueError),
        (np.zeros((3, 9)), TypeError),
        (np.zeros((9, 3), np.float32).T, ValueError),
        (12345, TypeError),
        (None, TypeError),
        ([[0.0] * 9] * 3, TypeError),
    ],
)
def test_inputs_that_do_not_fit_are_refused(inputs, error):
    problem = problem_of("tanh")
    stepper = native.Stepper(problem.recurrence, problem.weights, 3)
    with pytest.raises(error):
        stepper.step(inputs)
    stepper.step(np.zeros((3, 9), np.float32))


def test_bad_weights_are_named():
    weights = random_weights(VARIANTS["tanh"], 3, 4, np.random.default_rng(0))
    with pytest.raises(ShapeError, match=r"weights\.bias"):
        native.Stepper(Simple(), weights._replace(bias=np.zeros(3)))
