"""Token ids through the trainer, and the same answers from the runtime."""

from __future__ import annotations

import numpy as np
import torch

from elman.blueprint import CellConfig, sequence_to_vector
from elman.data import as_sequences
from elman.models import build
from elman.runtime import Network
from elman.runtime.network import run_batches, sequences_for
from elman.targets import Target
from elman.training import CrossEntropy, Examples, Trainer, TrainingConfig
from elman.training.loop.losses import accuracy

BLUEPRINT = sequence_to_vector(
    cells=CellConfig("gru", 8), outputs=2, vocabulary=6, embedding=4, dropout=0.1
)


def test_ragged_ids_are_learnt_and_answered_alike():
    draws = np.random.default_rng(0)
    rows = [draws.integers(0, 5, size=length) for length in draws.integers(1, 9, size=60)]
    for row in rows[::2]:
        row[draws.integers(len(row))] = 5  # the token that makes the class
    classes = np.array([int(5 in row) for row in rows])
    tokens = as_sequences(rows, ids=True, vocabulary=6)
    inputs, targets, lengths = map(torch.tensor, (tokens.values, classes, tokens.lengths))
    module = build(BLUEPRINT, seed=0)
    config = TrainingConfig(learning_rate=0.02, batch_size=10, epochs=15, seed=0)
    data = Examples(inputs, targets, lengths, kind=Target.CLASS)
    history = Trainer(module, CrossEntropy(), data, data, config, score=accuracy).run()
    assert history.best.validation_score == 1.0
    weights = {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}
    run = Network(BLUEPRINT, weights).run
    scores = run_batches(run, sequences_for(BLUEPRINT, rows), BLUEPRINT, None)
    np.testing.assert_array_equal(scores.argmax(axis=1), classes)
