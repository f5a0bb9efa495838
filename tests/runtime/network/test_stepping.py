"""A network fed step by step by the compiled module: the numbers of `step_inputs`."""

from __future__ import annotations

import numpy as np
import pytest

from elman.blueprint import (
    Blueprint,
    CellConfig,
    Dense,
    Dropout,
    Embedding,
    Pool,
    Recurrent,
    sequence_to_vector,
)
from elman.errors import ArgumentError, ShapeError
from elman.runtime import Network
from elman.transforms.scaler import Scaler
from tests.runtime.network.test_network import network

CELLS = (
    CellConfig("rnn", 5),
    CellConfig("lstm", 20, peepholes=True),
    CellConfig("gru", 17, layer_norm=True, reset_after=False),
)


def words(*blocks) -> Network:
    body = (Embedding(7, 3), Recurrent(CELLS), *blocks)
    return network(Blueprint("sequence_to_vector", None, {"body": body}))


NETWORKS = {
    "features": network(sequence_to_vector(input_size=3, cells=CELLS, outputs=4)),
    "one-cell": network(sequence_to_vector(input_size=3, cells=CELLS[1], outputs=2)),
    "tokens": words(Pool("last"), Dropout(0.5), Dense(6, "relu"), Dense(4)),
}
every_network = pytest.mark.parametrize("which", NETWORKS.values(), ids=NETWORKS)


def steps_of(which: Network, batch: int, steps: int = 6) -> np.ndarray:
    random = np.random.default_rng(1)
    if which.blueprint.input_size is None:
        return random.integers(0, 7, (steps, batch))
    return random.normal(size=(steps, batch, 3)).astype(np.float32)


@pytest.mark.parametrize("batch", [1, 3])
@every_network
def test_each_step_has_the_bits_of_the_network(which, batch):
    stepper, state = which.stepper(batch), which.initial_state(batch)
    for values in steps_of(which, batch):
        wanted, state = which.step_inputs(values, state)
        found = stepper.step(values)
        assert found is stepper.outputs
        np.testing.assert_array_equal(found, wanted)


@every_network
def test_it_begins_again_from_zeros_or_from_a_state(which):
    values = steps_of(which, 2)
    stepper = which.stepper(2)
    first = stepper.step(values[0]).copy()
    after = tuple(type(part)(*(leaf.copy() for leaf in part)) for part in stepper.state)
    second = stepper.step(values[1]).copy()
    stepper.reset()
    np.testing.assert_array_equal(stepper.step(values[0]), first)
    stepper.step(values[2])
    stepper.reset(after)
    np.testing.assert_array_equal(stepper.step(values[1]), second)
    with pytest.raises(ShapeError, match="state"):
        stepper.reset(which.stepper(1).state)


def test_scaled_inputs_and_probabilities():
    which = NETWORKS["features"]
    scaler = Scaler(np.array([1.0, -2.0, 0.1]), np.array([0.3, 2.0, 1.0]))
    for kind in ("classes", "labels"):
        stepper = which.stepper(2, scaler=scaler, probabilities=kind)
        state = which.initial_state(2)
        for values in steps_of(which, 2):
            scores, state = which.step_inputs(scaler.transform(values), state)
            wanted = 1 / (1 + np.exp(-scores))
            if kind == "classes":
                wanted = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
            np.testing.assert_allclose(stepper.step(values), wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("cells", "pool", "match"),
    [
        (CELLS[1], "mean", "a block that steps in Python only"),
        (CellConfig("gru", 4, zoneout=0.1), "last", "a cell that steps in Python only"),
        (CellConfig("gru", 4, dilation=2), "last", "a cell that steps in Python only"),
    ],
)
def test_what_it_does_not_know_is_refused(cells, pool, match):
    which = network(sequence_to_vector(input_size=3, cells=cells, outputs=2, pool=pool))
    with pytest.raises(ArgumentError, match=match):
        which.stepper()


def test_what_does_not_stream_and_a_wrong_batch():
    which = network(sequence_to_vector(input_size=3, cells=CELLS[0], outputs=2, bidirectional=True))
    with pytest.raises(ArgumentError, match=r"stepper.*bidirectional"):
        which.stepper()
    for batch in (0, True, 1.5):
        with pytest.raises(ArgumentError, match="batch"):
            NETWORKS["features"].stepper(batch)


def test_inputs_that_do_not_fit():
    features, tokens = NETWORKS["features"].stepper(), NETWORKS["tokens"].stepper()
    for stepper, values in (
        (features, np.zeros((1, 2), np.float32)),
        (features, np.zeros((1, 3))),
        (tokens, np.array([7])),
        (tokens, np.array([-1])),
        (tokens, np.zeros((1, 3), np.float32)),
    ):
        with pytest.raises((ValueError, TypeError)):
            stepper.step(values)
