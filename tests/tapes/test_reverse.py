"""The way back, made from the tape: central differences and torch's autograd say the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.kernels.tapes import native, reference
from elman.operators.tapes import TapeJob, loop_tape
from elman.tapes import reverse
from elman.written import WrittenCell, tanh
from tests.unchecked import unchecked
from tests.written_steps import FAMILY, OPERATIONS, UNITS, modes, random_call, random_cell

CHOICES = st.lists(
    st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 40), st.integers(0, 40)),
    min_size=3,
    max_size=12,
)


def gradients_of_torch(call, by_outputs, by_states):
    """By autograd through the loop of torch operations."""

    def tensor(array):
        return torch.from_numpy(array).requires_grad_()

    inputs, states, weights = (
        tensor(call.inputs),
        *(list(map(tensor, part)) for part in (call.states, call.weights)),
    )
    some = {
        name: None if array is None else torch.from_numpy(array)
        for name, array in (("lengths", call.lengths), ("resets", call.resets))
    }
    job = TapeJob(call.tape, some["lengths"], some["resets"], call.reverse)
    outputs, finals = loop_tape(job, inputs, states, weights)
    cost = (outputs * torch.from_numpy(by_outputs)).sum()
    cost = cost + sum(
        (f * torch.from_numpy(g)).sum() for f, g in zip(finals, by_states, strict=True)
    )
    sources = [inputs, *states, *weights]
    found = torch.autograd.grad(cost, sources, allow_unused=True, materialize_grads=True)
    return outputs.detach().numpy(), [each.numpy() for each in found]


def flat(gradients):
    return [gradients.inputs, *gradients.states, *gradients.weights]


def drawn_gradients(run, seed=1):
    rng = np.random.default_rng(seed)
    shapes = [run.outputs.shape, *(state.shape for state in run.states)]
    first, *rest = (rng.normal(size=shape).astype(run.outputs.dtype) for shape in shapes)
    return first, rest


@given(choices=CHOICES, mode=st.sampled_from(["plain", "lengths", "reverse", "resets", "all"]))
@settings(max_examples=60)
def test_random_steps(choices, mode):
    cell = random_cell(choices)
    call = random_call(cell, UNITS, 3, 4, 5, seed=len(choices), **modes(4, 5)[mode])
    with unchecked():
        run = reference.forward(call)
        by = drawn_gradients(run)
        outputs, wanted = gradients_of_torch(call, *by)
        compiled = native.forward(call)
        np.testing.assert_allclose(run.outputs, outputs, rtol=0, atol=1e-10)
        np.testing.assert_allclose(compiled.outputs, outputs, rtol=0, atol=1e-10)
        for found in (reference.backward(run, *by), native.backward(compiled, *by)):
            for one, other in zip(flat(found), wanted, strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("mode", ["plain", "all"])
@pytest.mark.parametrize("name", FAMILY)
def test_central_differences(name, mode):
    call = random_call(FAMILY[name], 4, 2, 3, 4, **modes(3, 4)[mode])
    if name == "slstm":  # 0 / 0 where a row begins anew and is not read
        call = call._replace(resets=None)
    run = reference.forward(call)
    by_outputs, by_states = drawn_gradients(run)

    def cost(changed):
        done = reference.forward(changed)
        total = (done.outputs * by_outputs).sum()
        return total + sum((a * b).sum() for a, b in zip(done.states, by_states, strict=True))

    found = native.backward(native.forward(call), by_outputs, by_states)
    rng = np.random.default_rng(2)
    for part in ("inputs", "states", "weights"):
        arrays = (call.inputs,) if part == "inputs" else getattr(call, part)
        grads = (found.inputs,) if part == "inputs" else getattr(found, part)
        for k, (array, grad) in enumerate(zip(arrays, grads, strict=True)):
            direction = rng.normal(size=array.shape)
            costs = []
            for sign in (1, -1):
                moved = [*arrays]
                moved[k] = array + sign * 1e-6 * direction
                value = moved[0] if part == "inputs" else tuple(moved)
                costs.append(cost(call._replace(**{part: value})))
            slope = (costs[0] - costs[1]) / 2e-6
            assert abs(slope - (grad * direction).sum()) < 1e-6 * max(1, abs(slope)), (part, k)


def test_an_lstm_keeps_four_numbers_for_each_unit():
    from elman.written import WrittenCell, sigmoid, split, tanh

    def step(x, state, w):
        i, f, g, o = split(w.w @ x + w.u @ state.hidden + w.b, 4)
        cell = sigmoid(f) * state.cell + sigmoid(i) * tanh(g)
        return {"hidden": sigmoid(o) * tanh(cell), "cell": cell}

    cell = WrittenCell(
        step,
        "some_lstm",
        weights={"w": ("4H", "I"), "u": ("4H", "H"), "b": ("4H",)},
        states={"hidden": "H", "cell": "H"},
    )
    assert len(reverse(cell.tape(5).sized(3)).kept) == 4  # and the states: see the engine


def test_long_and_shared_chains_take_no_longer_than_they_are():
    def step(x, state, w):
        a = w.w @ x + state.hidden
        for _ in range(600):  # each value is read twice: 2**600 ways lead back
            a = (a + 0.5) * (a - 0.25)
        return tanh(a)

    tape = WrittenCell(step, "long", weights={"w": ("H", "I")}).tape(4)
    back = reverse(tape)
    assert len(back.ops) < 8 * len(tape.ops)
