"""`torchrun ... -m tests.training.together FOLDER`: trainings that a test compares with others."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from elman.blueprint import (
    CellConfig,
    Embedding,
    Words,
    sequence_to_sequence,
    sequence_to_vector,
)
from elman.models import build
from elman.targets import Target
from elman.tasks.frequencies import CountedWords
from elman.tasks.texts import Thawing
from elman.training import (
    Augmentation,
    CrossEntropy,
    Examples,
    MeanSquaredError,
    RunFolder,
    Streams,
    Trainer,
    TrainingConfig,
    joined,
)
from elman.training.loop.losses import accuracy
from elman.training.loop.tagging import FrequencyLoss, PathAccuracy, PathLikelihood
from tests.training.networks import CONFIG, examples, reader
from tests.training.series import closeness, forecaster, window_examples
from tests.training.test_truncated_training import follower, recordings

__all__ = ["KINDS", "main"]


def whole(config: TrainingConfig, ragged: bool, folder: RunFolder) -> Trainer:
    module = reader()
    module.drop.p = 0.0  # each rank draws its own
    data, held_out = examples(22, ragged), examples(9, ragged, seed=1)
    return Trainer(module, CrossEntropy(), data, held_out, config, score=accuracy, folder=folder)


def windows(folder: RunFolder) -> Trainer:
    streams = Streams(*recordings(9, 23, 4, 17, 11), rows=3, truncation=6, stride=4)
    return Trainer(follower(dropout=0.0), MeanSquaredError(), streams, None, CONFIG, folder=folder)


def series(folder: RunFolder) -> Trainer:
    data, held_out = window_examples(), window_examples(16, seed=1)
    return Trainer(
        forecaster(), MeanSquaredError(), data, held_out, CONFIG, score=closeness, folder=folder
    )


def texts(folder: RunFolder) -> Trainer:
    """Rows of a table, which stay as they are for two epochs."""
    table, cell = Embedding(12, 4), CellConfig("gru", 5)
    module = build(sequence_to_vector(embedding=table, cells=cell, outputs=2), seed=0)
    module.body[0].by_rows = True
    data, held_out = tokens(22, 0), tokens(9, 1)
    config = replace(CONFIG, batch_size=7)
    return Trainer(
        module, CrossEntropy(), data, held_out, config, folder=folder,
        listeners=[Thawing(module, 2)],
    )  # fmt: skip


def tokens(rows: int, seed: int) -> Examples:
    draws = torch.Generator().manual_seed(seed)
    ids = torch.randint(12, (rows, 6), generator=draws)
    lengths = torch.randint(7, (rows,), generator=draws)
    ids[torch.arange(6) >= lengths[:, None]] = 0
    return Examples(ids, (ids[:, 0] > 5).long(), lengths, kind=Target.CLASS)


def tags(folder: RunFolder) -> Trainer:
    """Paths of tags, and beside them how frequent words are."""
    plan = sequence_to_sequence(words=Words(12, 4), cells=CellConfig("gru", 5), outputs=3, crf=True)
    codes, bins = np.arange(12)[:, None], np.arange(12) % 3
    module = CountedWords(build(plan, seed=0), codes, bins, seed=0)
    data, held_out = (replace(one, targets=one.inputs % 3, kind=Target.CLASS_PER_STEP)
                      for one in (tokens(22, 0), tokens(9, 1)))  # fmt: skip
    loss = FrequencyLoss(PathLikelihood(), 0.5)
    config = replace(CONFIG, batch_size=7)
    return Trainer(module, loss, data, held_out, config, score=PathAccuracy(), folder=folder)


KINDS = {
    "dense": lambda folder: whole(CONFIG, False, folder),
    "ragged": lambda folder: whole(replace(CONFIG, batch_size=7), True, folder),
    "accumulated": lambda folder: whole(replace(CONFIG, accumulate=3), True, folder),
    "tokens": lambda folder: whole(replace(CONFIG, batch_tokens=20), True, folder),
    "distorted": lambda folder: whole(
        replace(CONFIG, batch_size=7, augment=Augmentation(shift=1.0, rotate=0.2)), False, folder
    ),
    "windows": windows,
    "texts": texts,
    "tags": tags,
    "series": series,
}
"""Every kind has a step whose rows ranks cannot share evenly, `ragged` one with a single row."""


def main(path: str) -> None:
    with joined(torch.device("cpu")):
        for name, trainer in KINDS.items():
            trainer(RunFolder(Path(path) / name)).run()


if __name__ == "__main__":
    main(sys.argv[1])
