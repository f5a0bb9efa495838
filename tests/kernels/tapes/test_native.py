"""The compiled engine against the reference, for every cell of the family; and its bits."""

from __future__ import annotations

import numpy as np
import pytest

from elman.kernels.compiled import available_isas, isa, module
from elman.kernels.tapes import native, reference
from elman.kernels.tapes.compiled import engine
from elman.written import WrittenCell
from tests.tapes.test_reverse import drawn_gradients, flat
from tests.unchecked import unchecked
from tests.written_steps import FAMILY, PACED, modes, random_call

CELLS = {**FAMILY, "paced": PACED}

SIZES = ((5, 3, 7, 4), (33, 17, 5, 6), (64, 1, 70, 3), (1, 1, 2, 3), (16, 40, 1, 9))
TOLERANCE = {np.float64: 1e-9, np.float32: 2e-3}


@pytest.fixture(params=available_isas())
def level(request):
    before = isa()
    module().use_isa(request.param)
    yield request.param
    module().use_isa(before)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", CELLS)
def test_agrees_with_the_reference(name, dtype, level):
    engine.cache_clear()
    for units, inputs, batch, time in SIZES:
        for mode, reading in modes(batch, time).items():
            if units > 32 and mode not in ("plain", "all"):
                continue
            call = random_call(CELLS[name], units, inputs, batch, time, 3, dtype, **reading)
            with unchecked(), np.errstate(all="ignore"):
                wanted = reference.forward(call)
                found = native.forward(call)
                by = drawn_gradients(wanted)
                back, again = reference.backward(wanted, *by), native.backward(found, *by)
            told = f"{units, inputs, batch, time} {mode}"
            scale = TOLERANCE[dtype]
            np.testing.assert_allclose(found.outputs, wanted.outputs, scale, scale, err_msg=told)
            for one, other in zip(found.states, wanted.states, strict=True):
                np.testing.assert_allclose(one, other, scale, scale, err_msg=told)
            for one, other in zip(flat(again), flat(back), strict=True):
                bound = scale * max(1.0, np.abs(other).max(initial=0))
                np.testing.assert_allclose(one, other, 0, bound, err_msg=told)


@pytest.mark.parametrize("name", CELLS)
def test_a_row_has_the_same_bits_alone_in_chunks_and_kept(name, level, monkeypatch):
    engine.cache_clear()
    call = random_call(CELLS[name], 33, 5, 70, 8, dtype=np.float32)
    call = call._replace(steps=np.zeros(70, np.int64))
    whole = native.forward(call)
    answered = native.forward(call, keep=False)
    prepared = native.forward(call, keep=False, prepared=native.prepare(call))
    monkeypatch.setenv("ELMAN_NUM_THREADS", "3")
    shared = native.forward(call)
    for other in (answered, prepared, shared):
        np.testing.assert_array_equal(whole.outputs, other.outputs)
    states, chunks = call.states, []
    for first in (0, 3):
        last = 3 if first == 0 else 8
        part = call._replace(
            inputs=call.inputs[:, first:last],
            states=states,
            steps=np.full(70, first),
        )
        done = native.forward(part, keep=False)
        states = done.states
        chunks.append(done.outputs)
    np.testing.assert_array_equal(whole.outputs, np.concatenate(chunks, axis=1))
    alone = call._replace(
        inputs=call.inputs[9:10],
        states=tuple(state[9:10] for state in call.states),
        steps=call.steps[:1],
    )
    np.testing.assert_array_equal(whole.outputs[9:10], native.forward(alone).outputs)


def test_what_stands_past_a_length_is_never_read():
    call = random_call(FAMILY["slstm"], 6, 3, 4, 5, lengths=np.array([5, 2, 0, 3]))
    clean = native.forward(call)
    inputs = call.inputs.copy()
    for row, length in enumerate(call.lengths):
        inputs[row, length:] = np.nan
    spoilt = call._replace(inputs=inputs)
    run = native.forward(spoilt)
    np.testing.assert_array_equal(clean.outputs, run.outputs)
    by = drawn_gradients(run)
    for one, other in zip(
        flat(native.backward(clean, *by)), flat(native.backward(run, *by)), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert np.isfinite(run.outputs).all()


def test_masks_are_those_of_philox():
    from elman.written import WrittenCell

    def step(x, state, w, noise):
        return state.hidden + noise(0.4, 7) + 0 * (w.w @ x)

    cell = WrittenCell(step, "noisy", weights={"w": (7, "I")}, states={"hidden": 7})
    keys = np.array([3, 2**40], np.int64)
    call = random_call(cell, 7, 2, 2, 6, keys=keys, steps=np.array([0, 5]))
    np.testing.assert_array_equal(
        native.forward(call).outputs.round(), reference.forward(call).outputs.round()
    )
    quiet = call._replace(keys=None)
    np.testing.assert_allclose(
        native.forward(quiet).outputs, reference.forward(quiet).outputs, atol=1e-12
    )


def test_functions_near_their_edges():
    from elman.written import WrittenCell, exp, floor, log, softplus

    edges = [0.0, 1e-30, -1e-30, 1.0, -1.0, 80.0, -80.0, 1e-3, 3e4, 0.5, 1.5, 2.5, -2.5, 7.99]
    for dtype, tolerance in ((np.float32, 4e-7), (np.float64, 2e-15)):
        values = np.array(edges, dtype)
        for function, of in (
            (exp, np.clip(values, -80, 80)),
            (log, np.abs(values) + dtype(1e-20)),
            (softplus, values),
            (floor, values),
        ):
            cell = WrittenCell(
                lambda x, state, w, function=function: function(x + w.b),
                "edge",
                weights={"b": (len(edges),)},
                states={"hidden": len(edges)},
                inputs=len(edges),
            )
            tape = cell.tape(len(edges))
            zeros = np.zeros((1, len(edges)), dtype)
            call = reference.Call(tape, (zeros[0],), of[None, None], (zeros,))
            wanted = reference.forward(
                call._replace(
                    inputs=of[None, None].astype(np.float64), weights=(zeros[0].astype(np.float64),)
                )
            )
            found = native.forward(call, keep=False).outputs
            np.testing.assert_allclose(found, wanted.outputs, rtol=tolerance, atol=1e-37)


def test_long_sums_are_planned():
    def step(x, state, w):
        a = w.w @ x
        total = a
        for k in range(1100):
            total = a * (1 + k / 2000) + total
        return total

    tape = WrittenCell(step, "long_sum", weights={"w": ("H", "I")}).tape(4)
    call = random_call(WrittenCell(step, "long_sum", weights={"w": ("H", "I")}), 4, 3, 2, 2)
    with unchecked():
        wanted = reference.forward(call).outputs
    assert len(tape.ops) > 2200
    np.testing.assert_allclose(native.forward(call).outputs, wanted, rtol=1e-9)
