"""The built-in recurrences as written cells compute what their kernels do."""

from __future__ import annotations

import numpy as np
import pytest

from elman.kernels import native as kernels
from elman.kernels.tapes import native
from elman.kernels.tapes.reference import Call
from elman.recurrences import GRU, LSTM
from elman.written.ours import written_gru, written_lstm, written_simple
from tests.kernels.agreement import MODES, Sizes, random_problem
from tests.kernels.variants import VARIANTS
from tests.unchecked import unchecked


def written(variant, weights):
    recurrence = variant.recurrence
    inputs, hidden, recurrent = recurrence.sizes(weights)
    if isinstance(recurrence, LSTM):
        projection = recurrent if variant.projection else None
        options = {"peepholes": variant.peepholes, "projection": projection}
        return written_lstm(
            recurrence, inputs, hidden, layer_norm=variant.layer_norm, **options
        ).tape(hidden)
    if isinstance(recurrence, GRU):
        bias = weights.recurrent_bias is not None
        made = written_gru(recurrence, inputs, hidden, layer_norm=variant.layer_norm, bias=bias)
        return made.tape(hidden)
    return written_simple(recurrence, inputs, hidden, layer_norm=variant.layer_norm).tape(hidden)


@pytest.mark.parametrize("mode", ["plain", "lengths", "resets", "reverse"])
@pytest.mark.parametrize("name", VARIANTS)
def test_a_written_recurrence_is_its_kernel(name, mode):
    rng = np.random.default_rng([len(name), len(mode)])
    for sizes in (Sizes(3, 4, 2, 5), Sizes(7, 3, 17, 17)):
        problem = random_problem(VARIANTS[name], sizes, MODES[mode], rng, np.float64)
        with unchecked():
            wanted = kernels.forward(
                problem.recurrence,
                problem.weights,
                problem.inputs,
                problem.state,
                **problem.reading,
            )
            by = kernels.backward(wanted.tape, problem.grad_outputs, problem.grad_state)
        tape = written(VARIANTS[name], problem.weights)
        weights = tuple(
            np.ascontiguousarray(getattr(problem.weights, known))
            if getattr(problem.weights, known) is not None
            else np.zeros(shape)
            for known, shape in tape.weights
        )
        call = Call(
            tape,
            weights,
            problem.inputs,
            tuple(problem.state),
            problem.lengths,
            problem.resets,
            problem.reverse,
        )
        run = native.forward(call)
        found = native.backward(run, problem.grad_outputs, tuple(problem.grad_state))
        bound = {"rtol": 0, "atol": 1e-9}
        np.testing.assert_allclose(run.outputs, wanted.outputs, **bound)
        for one, other in zip(run.states, wanted.final_state, strict=True):
            np.testing.assert_allclose(one, other, **bound)
        np.testing.assert_allclose(found.inputs, by.inputs, **bound)
        for one, other in zip(found.states, by.initial_state, strict=True):
            np.testing.assert_allclose(one, other, **bound)
        for (known, _), one in zip(tape.weights, found.weights, strict=True):
            other = getattr(by.weights, known)
            if other is not None:
                np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9, err_msg=known)
