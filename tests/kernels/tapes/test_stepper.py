"""A tape fed step by step."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from elman.kernels.tapes import native
from elman.state import leaves, written_parts
from elman.tapes import Tape
from tests.written_steps import FAMILY, PACED, random_call

CELLS = {**{name: FAMILY[name] for name in ("mgu", "slstm", "phased_lstm")}, "paced": PACED}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CELLS)
def test_steps_have_the_bits_of_the_sequence(name, dtype):
    for batch in (0, 1, 3, 70):
        call = random_call(CELLS[name], 17, 5, batch, 4, dtype=dtype)
        whole = native.forward(call, keep=False)
        stepper = native.Stepper(call.tape, native.prepare(call), batch, dtype)
        for part, given in zip(written_parts(stepper.state), call.states, strict=True):
            part[...] = given
        for t in range(4):
            outputs = stepper.step(np.ascontiguousarray(call.inputs[:, t]))
            assert outputs is stepper.outputs
            np.testing.assert_array_equal(outputs, whole.outputs[:, t])
        for ours, theirs in zip(written_parts(stepper.state), whole.states, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def _stepper(name: str, batch: int = 3) -> tuple[native.Stepper, np.ndarray]:
    call = random_call(CELLS[name], 17, 5, batch, 1, dtype=np.float32)
    stepper = native.Stepper(call.tape, native.prepare(call), batch)
    return stepper, np.ascontiguousarray(call.inputs[:, 0])


def test_it_counts_its_steps_and_begins_again():
    stepper, first = _stepper("phased_lstm")
    outputs = stepper.step(first).copy()
    stepper.step(first)
    assert stepper.state.counted[1].tolist() == [2, 2, 2]
    stepper.reset()
    assert not any(leaf.any() for leaf in leaves(stepper.state))
    np.testing.assert_array_equal(stepper.step(first), outputs)


def test_a_step_allocates_nothing():
    stepper, first = _stepper("slstm")
    stepper.step(first)
    blocks = sys.getallocatedblocks()
    for _ in range(1000):
        stepper.step(first)
    assert abs(sys.getallocatedblocks() - blocks) < 100


def test_what_does_not_fit_is_refused():
    stepper, first = _stepper("mgu")
    for inputs, error in ((first[:2], ValueError), (first.astype("d"), TypeError), (7, TypeError)):
        with pytest.raises(error):
            stepper.step(inputs)
    call = random_call(CELLS["mgu"], 17, 5, 3, 1, dtype=np.float32)
    other = random_call(CELLS["mgu"], 16, 5, 3, 1, dtype=np.float32)
    made, _ = native.prepare(call)
    with pytest.raises(ValueError, match="another program"):
        native.Stepper(call.tape, (made, native.prepare(other)[1]), 3)
    assert isinstance(other.tape, Tape)
