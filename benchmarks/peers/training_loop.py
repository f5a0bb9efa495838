"""An epoch of the lesson's reader of digits: by a loop written by hand, and by the trainer."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from rich.console import Console

from benchmarks.digits import BATCH, RATE, draw_batches
from benchmarks.peers.epoch import Reader, weighted_reader
from benchmarks.work import Run
from elman import nn
from elman.targets import Target
from elman.training import (
    CrossEntropy,
    Examples,
    ProgressDisplay,
    RunFolder,
    Trainer,
    TrainingConfig,
)
from elman.training.randomness import generator

__all__ = ["bare", "trainer", "whole_run"]

_CONFIG = TrainingConfig(learning_rate=RATE, batch_size=BATCH, epochs=1)


def bare(cell: str, batches: int) -> Run:
    """What one writes with torch alone, for the same module, optimiser and batches."""

    def train(reader: Reader, examples: Examples) -> float:
        optimizer = torch.optim.Adam(reader.parameters(), lr=RATE, fused=True)
        order = torch.from_numpy(generator(_CONFIG.seed, "order", 1).permutation(len(examples)))
        total = 0.0
        reader.train()
        torch.set_flush_denormal(True)
        for rows in order.split(BATCH):
            optimizer.zero_grad()
            loss = F.cross_entropy(reader(examples.inputs[rows]), examples.targets[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        torch.set_flush_denormal(False)
        return total / len(examples)

    return _run(cell, batches, train)


def trainer(cell: str, batches: int) -> Run:
    """The trainer, as it comes."""
    return _run(cell, batches, _train)


def whole_run(cell: str, batches: int) -> Run:
    """The trainer with all that a run keeps and shows: checkpoints, JSON lines, progress."""

    def train(reader: Reader, examples: Examples) -> float:
        display = ProgressDisplay(Console(file=io.StringIO()))
        with tempfile.TemporaryDirectory() as folder, display:
            return _train(reader, examples, folder=RunFolder(Path(folder)), listeners=[display])

    return _run(cell, batches, train)


def _train(reader: Reader, examples: Examples, **options) -> float:
    made = Trainer(reader, CrossEntropy(), examples, None, _CONFIG, **options)
    return made.run().records[0].train_loss


def _run(cell: str, batches: int, train: Callable[[Reader, Examples], float]) -> Run:
    """A call is an epoch; what it computes is the mean of its losses."""
    images, digits = draw_batches(batches)
    arrays = (torch.from_numpy(a.reshape(-1, *a.shape[2:])) for a in (images, digits))
    examples = Examples(*arrays, kind=Target.CLASS)
    reader = weighted_reader(getattr(nn, cell))

    def results() -> dict[str, np.ndarray]:
        return {"loss": np.array([train(weighted_reader(getattr(nn, cell)), examples)])}

    return Run(lambda: train(reader, examples), results)
