"""`torchrun ... -m tests.training.together FOLDER`: trainings that a test compares with others."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch

from elman.training import (
    Augmentation,
    CrossEntropy,
    MeanSquaredError,
    RunFolder,
    Streams,
    Trainer,
    TrainingConfig,
    joined,
)
from elman.training.loop.losses import accuracy
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


KINDS = {
    "dense": lambda folder: whole(CONFIG, False, folder),
    "ragged": lambda folder: whole(replace(CONFIG, batch_size=7), True, folder),
    "accumulated": lambda folder: whole(replace(CONFIG, accumulate=3), True, folder),
    "tokens": lambda folder: whole(replace(CONFIG, batch_tokens=20), True, folder),
    "distorted": lambda folder: whole(
        replace(CONFIG, batch_size=7, augment=Augmentation(shift=1.0, rotate=0.2)), False, folder
    ),
    "windows": windows,
    "series": series,
}
"""Every kind has a step whose rows ranks cannot share evenly, `ragged` one with a single row."""


def main(path: str) -> None:
    with joined(torch.device("cpu")):
        for name, trainer in KINDS.items():
            trainer(RunFolder(Path(path) / name)).run()


if __name__ == "__main__":
    main(sys.argv[1])
