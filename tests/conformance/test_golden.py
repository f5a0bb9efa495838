"""Outputs, final states, loss and all gradients are TensorFlow's, to 1e-10.

`ELMAN_GOLDEN=FOLDER pytest tests/conformance` runs another folder of the same format.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import elman.cells
import elman.layers
from elman.kernels import native, reference
from tests.conformance.cases import (
    COMMITTED,
    assert_reproduced,
    golden_folder,
    layers,
    load_cases,
)
from tests.conformance.runs import Stepwise, build_cell, run_kernels, run_torch, unroll_as_case

CASES = load_cases(golden_folder())


def runs_natively(layer):
    return native.supports(layer.recurrence, layer.weights) is None


NATIVE = [
    name
    for name, case in CASES.items()
    if any(runs_natively(layer) for scope in case.scopes for layer in layers(case, scope))
]


def test_there_are_cases():
    assert CASES


@pytest.mark.parametrize("name", CASES)
def test_reference(name):
    assert_reproduced(CASES[name], run_kernels(CASES[name], lambda layer: reference))


@pytest.mark.skipif(native.isa() is None, reason="the compiled module is not installed")
def test_the_compiled_kernels_run_the_simple_cells():
    simple = {
        name for name, case in CASES.items() if any(cell["cell"] == "rnn" for cell in case.config)
    }
    assert simple <= set(NATIVE)


@pytest.mark.parametrize("name", NATIVE)
def test_native(name):
    """Layers that the compiled kernels do not run yet go by the reference."""

    def choose(layer):
        return native if runs_natively(layer) else reference

    assert_reproduced(CASES[name], run_kernels(CASES[name], choose))


@pytest.mark.parametrize("name", CASES)
def test_torch_cells(name):
    case = CASES[name]
    result = run_torch(case, partial(build_cell, case), partial(unroll_as_case, case))
    assert_reproduced(case, result)


@pytest.mark.parametrize("name", CASES)
def test_torch_cells_step_by_step(name):
    case = CASES[name]

    def unroll(stacks, x, states):
        return unroll_as_case(case, [Stepwise(stack) for stack in stacks], x, states)

    assert_reproduced(case, run_torch(case, partial(build_cell, case), unroll))


# What this folder holds against TensorFlow, and why it does not hold the rest.

COMPARED = {
    "RNNCell": "basic_rnn_dynamic",
    "LSTMCell": "basic_lstm",
    "GRUCell": "gru",
    "Stacked": "multi_rnn_mixed_cells",
    "Residual": "residual_wrapper",
    "static_unroll": "basic_rnn_two_steps_static",
    "dynamic_unroll": "basic_rnn_dynamic",
    "bidirectional_unroll": "bidirectional_lstm",
    "unroll": "basic_rnn_dynamic",
}
REASONS = {
    "Cell": "a protocol",
    "UnrollingCell": "a protocol",
    "INITIALISERS": "random numbers: tests/cells compares their distributions",
    "initialise": "random numbers: tests/cells compares their distributions",
    "Dropout": "random masks of another generator; in eval() it is its cell: the table's test",
    "DropoutState": "a state",
    "Projected": "TensorFlow 2 no longer has the wrapper: the table's test states what it computes",
    "Dilated": "TensorFlow 1 has no such wrapper",
    "LearnedInitialState": "TensorFlow 1 has no such wrapper",
    "Zoneout": "TensorFlow 1 has no such wrapper",
    "ZoneoutState": "a state",
    "BatchNormLSTMCell": "TensorFlow 1 has no such cell",
    "BatchNormRNNCell": "TensorFlow 1 has no such cell",
    "BatchNormState": "a state",
    "drop_weights": "TensorFlow 1 has no such wrapper",
    "Written": "TensorFlow 1 has no such cell; tests/cells/test_written.py compares them",
    "TapeCell": "TensorFlow 1 has no such cell",
    "written": "makes such a cell",
    "chrono": "random numbers: tests/cells compares their distributions",
}


def test_every_cell_and_unroll_is_compared_or_has_a_reason():
    exported = {*elman.cells.__all__, *elman.layers.__all__}
    assert exported == COMPARED.keys() | REASONS.keys()
    assert not COMPARED.keys() & REASONS.keys()
    assert set(COMPARED.values()) <= load_cases(COMMITTED).keys()


@pytest.mark.parametrize("swapped", [(0, 1), (1, 2), (2, 3)])
def test_swapped_gates_do_not_pass(swapped):
    """The comparison sees two gates of one LSTM change places."""
    case = load_cases(COMMITTED)["basic_lstm"]
    order = np.arange(4)
    order[list(swapped)] = order[list(swapped[::-1])]

    class Swapping:
        backward = staticmethod(reference.backward)

        @staticmethod
        def forward(recurrence, weights, *arguments, **options):
            moved = [np.concatenate([np.split(w, 4)[k] for k in order]) for w in weights[:3]]
            return reference.forward(
                recurrence, weights._replace(weight_ih=moved[0], weight_hh=moved[1], bias=moved[2]),
                *arguments, **options,
            )  # fmt: skip

    with pytest.raises(AssertionError, match="outputs"):
        assert_reproduced(case, run_kernels(case, lambda layer: Swapping))
