"""The reference's gradients against central differences in float64.

Every input (sequence, initial state, each weight) through every output (the outputs, each part
of the final state). An input moves as a whole along random directions, and an output is seen
through a random projection: a wrong or misplaced number in a gradient changes the result.
"""

from __future__ import annotations

import numpy as np
import pytest

from elman.kernels import reference
from elman.kernels.contract import LSTM, Tokens
from elman.state import leaves, map_leaves
from tests.kernels.variants import SPECIFIED, random_noise, random_state, random_weights
from tests.unchecked import unchecked

STEP = 1e-6
DIRECTIONS = 2
BATCH, TIME, INPUTS, HIDDEN = 3, 3, 2, 3
MODES = {
    "plain": {},
    "lengths-resets": {
        "lengths": np.array([3, 0, 2]),
        # At a first and a last step, in the middle, and past an end, where it is not read.
        "resets": np.array([[0, 1, 0], [1, 0, 0], [1, 1, 1]], bool),
    },
}


@pytest.fixture(autouse=True)
def _no_run_time_shapes():
    """Thousands of calls of one shape: checking each annotation takes most of the time."""
    with unchecked():
        yield


def arguments(variant, rng):
    weights = random_weights(variant, INPUTS, HIDDEN, rng)
    inputs = rng.normal(size=(BATCH, TIME, INPUTS))
    return weights, inputs, random_state(variant.recurrence, weights, BATCH, rng)


def given(*trees):
    """The arrays of weights and states, None left out."""
    return [leaf for tree in trees for leaf in leaves(tree) if leaf is not None]


def check(inputs, run, gradients, rng):
    """Compare `gradients(cotangents)` with central differences of `run()`.

    Args:
        inputs: The arrays that `run` reads; they are moved in place.
        run: Gives the list of outputs.
        gradients: From a cotangent for each output, a gradient for each input.
        rng: Draws directions and projections.
    """
    projections = [rng.normal(size=output.shape) for output in run()]
    silent = [np.zeros_like(projection) for projection in projections]
    found = [gradients([*silent[:k], p, *silent[k + 1 :]]) for k, p in enumerate(projections)]

    def projected():
        return np.array([np.sum(p * y) for p, y in zip(projections, run(), strict=True)])

    for position, array in enumerate(inputs):
        for _ in range(DIRECTIONS):
            direction = rng.normal(size=array.shape)
            kept = array.copy()
            array += STEP * direction
            above = projected()
            array[...] = kept - STEP * direction
            expected = (above - projected()) / (2 * STEP)
            array[...] = kept
            derivatives = [np.sum(of_output[position] * direction) for of_output in found]
            np.testing.assert_allclose(derivatives, expected, rtol=1e-5, atol=1e-7)


def check_sequence(recurrence, weights, inputs, initial, rng, **options):
    def forward(keep):
        return reference.forward(recurrence, weights, inputs, initial, keep=keep, **options)

    def run():
        outputs, final_state, _ = forward(keep=False)
        return [outputs, *final_state]

    def gradients(cotangents):
        found = reference.backward(
            forward(keep=True).tape, cotangents[0], type(initial)(*cotangents[1:])
        )
        return [found.inputs, *found.initial_state, *given(found.weights)]

    array = inputs.embedding if isinstance(inputs, Tokens) else inputs
    check([array, *initial, *given(weights)], run, gradients, rng)


@pytest.mark.parametrize("reverse", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", SPECIFIED)
def test_sequence_gradients_are_the_differences(name, mode, reverse):
    variant = SPECIFIED[name]
    rng = np.random.default_rng([len(name), len(mode), reverse])
    weights, inputs, initial = arguments(variant, rng)
    check_sequence(
        variant.recurrence, weights, inputs, initial, rng, reverse=reverse, **MODES[mode]
    )


@pytest.mark.parametrize("training", [False, True], ids=["answering", "training"])
@pytest.mark.parametrize("name", SPECIFIED)
def test_gradients_with_noise_are_the_differences(name, training):
    variant = SPECIFIED[name]
    rng = np.random.default_rng([len(name), training])
    weights, inputs, initial = arguments(variant, rng)
    noise = random_noise(variant, BATCH, rng, training)
    options = MODES["lengths-resets"] | {"reverse": training, "noise": noise}
    check_sequence(variant.recurrence, weights, inputs, initial, rng, **options)


@pytest.mark.parametrize("name", ["tanh", "lstm-proj", "gru-before"])
def test_the_embeddings_gradient_is_the_difference(name):
    rng = np.random.default_rng(len(name))
    weights, _, initial = arguments(SPECIFIED[name], rng)
    tokens = Tokens(np.array([[0, 0, 3], [9, 9, 9], [1, 3, 9]]), rng.normal(size=(4, INPUTS)))
    recurrence, options = SPECIFIED[name].recurrence, MODES["lengths-resets"]
    check_sequence(recurrence, weights, tokens, initial, rng, **options)


@pytest.mark.parametrize("name", SPECIFIED)
def test_step_gradients_are_the_differences(name):
    recurrence = SPECIFIED[name].recurrence
    rng = np.random.default_rng(len(name))
    weights, sequence, state = arguments(SPECIFIED[name], rng)
    x = sequence[:, 0].copy()

    def run():
        outputs, after = reference.step(recurrence, weights, x, state)
        return [outputs, *after]

    def gradients(cotangents):
        found = reference.step_backward(
            recurrence, weights, x, state, cotangents[0], type(state)(*cotangents[1:])
        )
        return [found.inputs, *found.initial_state, *given(found.weights)]

    check([x, *state, *given(weights)], run, gradients, rng)


def test_the_clip_clips_some_cells_and_not_others():
    """Else the clipped variants above would prove nothing."""
    variant = SPECIFIED["lstm-clip"]
    weights, inputs, initial = arguments(variant, np.random.default_rng(0))
    reads = reference.forward(variant.recurrence, weights, inputs, initial).tape.reads
    inside = np.concatenate([read.tape.inside_clip.reshape(-1) for read in reads])
    assert 0.1 < inside.mean() < 0.9


def test_a_clipped_cell_passes_no_gradient_to_what_made_it():
    variant = SPECIFIED["lstm"]
    weights, inputs, _ = arguments(variant, np.random.default_rng(1))
    state = random_state(variant.recurrence, weights, BATCH, np.random.default_rng(2))
    tight = LSTM(forget_bias=0.7, cell_clip=1e-9)
    grad_state = map_leaves(np.ones_like, state)._replace(hidden=np.zeros((BATCH, HIDDEN)))
    found = reference.step_backward(
        tight, weights, inputs[:, 0], state, np.zeros((BATCH, HIDDEN)), grad_state
    )
    assert not np.any(found.initial_state.cell)
    assert not np.any(found.inputs)
