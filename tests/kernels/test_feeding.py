"""The specification of input feeding against its equations and central differences in float64."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from elman.kernels import feeding
from elman.kernels.attention import Memory, look
from elman.kernels.contract import GRU, LSTM, Simple
from elman.kernels.equations import step_forward
from elman.kernels.feeding import Layer, Looking
from elman.recurrences import Sizes
from elman.state import leaves

B, U, E, A, S, M = 3, 4, 2, 3, 5, 4
LENGTHS = np.array([5, 0, 2])
STACKS = {
    "lstm": [LSTM(forget_bias=0.5)],
    "gru": [GRU()],
    "tanh": [Simple("tanh")],
    "relu": [Simple("relu")],
    "gru on lstm": [LSTM(), GRU()],
}


def problem(stack, score, masked, seed=0):
    """Layers, how they look, inputs and memory, drawn."""
    draws = np.random.default_rng(seed)
    layers, size = [], E + A
    for recurrence in stack:
        sizes = Sizes(size, 3, 3)
        shapes = recurrence.chosen_shapes(sizes, vars(replace(recurrence)))
        names = recurrence.weights_type._fields
        made = {name: 0.7 * draws.normal(size=shapes[name]) for name in names if name in shapes}
        weights = recurrence.weights_type(*(made.get(name) for name in names))
        state = recurrence.zero_state(sizes, lambda n: draws.normal(size=(B, n)))
        masks = [None, None, None]
        if masked:
            masks = [draws.integers(0, 2, (B, U, n)) * 2.0 for n in (size, 3, 3)]
        layers.append(Layer(recurrence, weights, state, *masks))
        size = 3
    query = draws.normal(size=(3 if score != "general" else M, 3))
    energy = draws.normal(size=3) if score == "additive" else None
    looking = Looking(draws.normal(size=(A, M + 3)), None if score == "dot" else query, energy)
    depth = 3 if looking.query is None else len(looking.query)
    keys, values = draws.normal(size=(B, S, depth)), draws.normal(size=(B, S, M))
    return layers, looking, draws.normal(size=(B, U, E)), Memory(keys, values, LENGTHS)


@pytest.mark.parametrize("score", ["dot", "general", "additive"])
def test_each_step_is_fed_what_the_one_before_found(score):
    layers, looking, inputs, memory = problem(STACKS["gru on lstm"], score, False)
    outputs, weights, _ = feeding.forward(layers, looking, inputs, memory)
    for row in range(B):
        states, fed = [[leaf[row : row + 1] for leaf in leaves(one.state)] for one in layers], 0
        fed = np.zeros(A)
        for t in range(U):
            values = np.concatenate([inputs[row, t], fed])[None]
            for k, layer in enumerate(layers):
                before = type(layer.state)(*states[k])
                after, _ = step_forward(layer.recurrence, layer.weights, values, before)
                states[k], values = [*after], after.hidden
            asked = values if looking.query is None else values @ looking.query.T
            context, shares = look(asked, memory, np.array([row]), looking.energy)
            fed = np.tanh(looking.weight @ np.concatenate([context[0], values[0]]))
            np.testing.assert_allclose(outputs[row, t], fed, rtol=1e-12)
            np.testing.assert_allclose(weights[row, t], shares[0], rtol=1e-12)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("score", ["dot", "general", "additive"])
@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
def test_gradients_are_central_differences(stack, score, masked):
    layers, looking, inputs, memory = problem(stack, score, masked)
    draws = np.random.default_rng(1)
    along = draws.normal(size=(B, U, A))
    _, _, tape = feeding.forward(layers, looking, inputs, memory)
    found = feeding.backward(tape, along)
    pairs = [(inputs, found.inputs), *zip((memory.keys, memory.values), found.memory, strict=True)]
    pairs += [*zip(looking, found.looking, strict=True)]
    for layer, d_state, d_weights in zip(layers, found.states, found.weights, strict=True):
        pairs += [*zip(layer.state, d_state, strict=True)]
        pairs += [*zip(layer.weights, d_weights, strict=True)]
    checked = 0
    for array, gradient in pairs:
        if array is None:
            assert gradient is None
            continue
        direction = draws.normal(size=array.shape)
        moved = []
        for sign in (1, -1):
            array += sign * 1e-6 * direction
            moved.append((feeding.forward(layers, looking, inputs, memory)[0] * along).sum())
            array -= sign * 1e-6 * direction
        expected = (moved[0] - moved[1]) / 2e-6
        assert abs((gradient * direction).sum() - expected) < 1e-6 * max(1, abs(expected))
        checked += abs(expected) > 1e-3
    assert checked >= 6
