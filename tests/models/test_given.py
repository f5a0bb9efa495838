"""Further numbers of each step, given beside the inputs: both twins agree."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.blueprint import CellConfig, Words, sequence_to_sequence, sequence_to_vector
from elman.errors import ArgumentError, ShapeError
from tests.models.test_twins import BOUND, FEATURES, LENGTHS, B, T, sequences, trained

G = 3
CELL = CellConfig("gru", 6)
NETWORKS = {
    "ids": sequence_to_vector(vocabulary=9, embedding=4, cells=CELL, outputs=3, given=G),
    "words": sequence_to_sequence(
        words=Words(9, 4), cells=CELL, outputs=3, given=G, bidirectional=True, input_dropout=0.5
    ),
    "features": sequence_to_vector(
        input_size=FEATURES, cells=CELL, outputs=3, given=G, pool="attention"
    ),
}


def inputs_of(name: str) -> np.ndarray:
    if name == "features":
        return sequences()
    ids = np.random.default_rng(3).integers(0, 9, size=(B, T))
    return ids if name == "ids" else ids[..., None]


@pytest.mark.parametrize("name", NETWORKS)
def test_both_read_what_is_given_for_each_step(name):
    model, network = trained(NETWORKS[name])
    inputs, given = inputs_of(name), sequences(G)  # NaN past each length
    with torch.no_grad():
        expected = model(torch.from_numpy(inputs), LENGTHS, torch.from_numpy(given)).numpy()
    found = network.run(inputs, LENGTHS, given)
    np.testing.assert_allclose(found, expected, rtol=BOUND, atol=BOUND)
    other = network.run(inputs, LENGTHS, given + 1)
    long = np.array(LENGTHS) > 0
    assert (np.abs(other - found).reshape(B, -1).max(axis=1) > 0)[long].all()
    for row, length in enumerate(LENGTHS):
        alone = network.run(inputs[[row], :length], None, given[[row], :length])[0]
        np.testing.assert_array_equal(alone, found[row, :length] if name == "words" else found[row])


@pytest.mark.parametrize("name", NETWORKS)
def test_a_recording_has_them_among_what_the_first_layer_read(name):
    _, network = trained(NETWORKS[name])
    inputs, given = inputs_of(name)[0], sequences(G)[0]
    recording = network.record(inputs, given)
    np.testing.assert_array_equal(recording.layers[0].inputs[:, -G:], given)
    answers = network.run(inputs[None], None, given[None])[0]
    np.testing.assert_array_equal(
        recording.answers[-1], answers[-1] if answers.ndim == 2 else answers
    )


@pytest.mark.parametrize("wrong", [None, np.zeros((B, T, G + 1)), np.zeros((B, T - 1, G))])
def test_what_is_given_must_fit(wrong):
    model, network = trained(NETWORKS["ids"])
    ids = inputs_of("ids")
    with pytest.raises(ShapeError, match="given"):
        network.run(ids, LENGTHS, wrong)
    wrong = None if wrong is None else torch.from_numpy(wrong).float()
    with pytest.raises(ShapeError, match="given"):
        model(torch.from_numpy(ids), LENGTHS, wrong)
    model, network = trained(sequence_to_vector(vocabulary=9, embedding=4, cells=CELL, outputs=3))
    with pytest.raises(ShapeError, match="given"):
        network.run(ids, LENGTHS, np.zeros((B, T, G)))
    with pytest.raises(ShapeError, match="given"):
        model(torch.from_numpy(ids), LENGTHS, torch.zeros(B, T, G))


def test_such_a_network_does_not_stream():
    plan = sequence_to_sequence(vocabulary=9, embedding=4, cells=CELL, outputs=3, given=G)
    model, network = trained(plan)
    assert not plan.streams
    assert plan.given == G
    for ask in (
        network.stepper,
        lambda: network.unroll(inputs_of("ids")),
        lambda: network.trace(inputs_of("ids")),
    ):
        with pytest.raises(ArgumentError, match="further numbers"):
            ask()
    with pytest.raises(ArgumentError, match="given more"):
        model.unroll(torch.from_numpy(inputs_of("ids")))
