"""Sequences of features and of token ids in batches: as one by one, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from elman.blueprint import Blueprint, CellConfig, sequence_to_sequence, sequence_to_vector
from elman.data import as_sequences
from elman.errors import ArgumentError, DataError, ShapeError
from elman.runtime import Network
from elman.runtime.network import run_batches, scaled_sequence, sequences_for
from elman.transforms.scaler import Scaler

TOKENS = {"vocabulary": 7, "embedding": 3}
ROWS = [[1, 6, 2], [], [5], [3, 0, 0, 4]]


def network(blueprint: Blueprint) -> Network:
    draws = np.random.default_rng(0)
    shapes = blueprint.shapes().items()
    return Network(blueprint, {name: draws.normal(size=shape) for name, shape in shapes})


@pytest.mark.parametrize("build", [sequence_to_vector, sequence_to_sequence])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_token_ids_in_batches_are_answered_as_one_by_one(build, bidirectional, monkeypatch):
    blueprint = build(cells=CellConfig("gru", 4), outputs=2, bidirectional=bidirectional, **TOKENS)
    tokens, run = sequences_for(blueprint, ROWS), network(blueprint).run
    whole = run_batches(run, tokens, blueprint, None)
    monkeypatch.setattr("elman.runtime.network.batching._ROWS", 3)
    np.testing.assert_array_equal(run_batches(run, tokens, blueprint, None), whole)
    for n, row in enumerate(ROWS):
        alone = run(np.array([row], np.int64).reshape(1, -1))[0]
        np.testing.assert_array_equal(whole[n, : len(row)] if whole.ndim == 3 else whole[n], alone)
        assert whole.ndim == 2 or not whole[n, len(row) :].any()


def test_a_network_of_features_reads_features():
    blueprint = sequence_to_vector(cells=CellConfig("rnn", 4), outputs=2, input_size=1)
    assert blueprint.vocabulary is None
    assert sequences_for(blueprint, ROWS).values.shape == (4, 4, 1)
    with pytest.raises(ShapeError, match="found token ids"):
        sequences_for(blueprint, as_sequences(ROWS, ids=True))


def test_ids_outside_the_networks_vocabulary_are_located():
    blueprint = sequence_to_vector(cells=CellConfig("rnn", 4), outputs=2, **TOKENS)
    assert blueprint.vocabulary == 7
    with pytest.raises(DataError, match="X, sequence 1, step 0: found token id 7; ids from 0 to 6"):
        sequences_for(blueprint, [[1], [7]])
    unchecked = as_sequences([[1], [2, 9]], ids=True)
    with pytest.raises(DataError, match="sequence 1, step 1: found token id 9"):
        run_batches(network(blueprint).run, unchecked, blueprint, None)


def test_token_ids_have_no_scaler():
    blueprint = sequence_to_vector(cells=CellConfig("rnn", 4), outputs=2, **TOKENS)
    scaler = Scaler(np.zeros(4), np.ones(4))
    with pytest.raises(ArgumentError, match="scaler: given for token ids"):
        run_batches(network(blueprint).run, sequences_for(blueprint, ROWS), blueprint, scaler)


def test_one_sequence_alone():
    tokens = sequence_to_vector(cells=CellConfig("rnn", 4), outputs=2, **TOKENS)
    given, read = scaled_sequence([1, 6], tokens, None)
    assert given.tolist() == read.tolist() == [1, 6]
    features = sequence_to_vector(cells=CellConfig("rnn", 4), outputs=2, input_size=1)
    given, read = scaled_sequence([1.0, 6.0], features, Scaler(np.ones(1), np.full(1, 5.0)))
    assert (given.tolist(), read.tolist()) == ([[1.0], [6.0]], [[0.0], [1.0]])


def test_a_large_vocabulary_makes_no_small_batches():
    cells = CellConfig("gru", 4)
    blueprint = sequence_to_vector(cells=cells, outputs=2, vocabulary=100_000, embedding=2)
    batches = []

    def run(inputs, lengths):
        batches.append(len(inputs))
        return np.zeros((len(inputs), 2), np.float32)

    tokens = as_sequences(np.zeros((50, 10), int), ids=True)
    assert run_batches(run, tokens, blueprint, None).shape == (50, 2)
    assert batches == [50]
    wide = sequence_to_vector(cells=cells, outputs=50_000, input_size=1)
    run_batches(run, as_sequences(np.zeros((50, 10, 1))), wide, None)
    assert batches[1:] == [33, 17]  # 2²⁴ numbers, 50,000 for each of 10 steps
