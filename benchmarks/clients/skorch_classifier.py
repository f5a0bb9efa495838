"""A classifier of sequences in skorch, trained and asked as scikit-learn's are."""

from __future__ import annotations

import numpy as np
import torch
from skorch import NeuralNetClassifier
from torch import Tensor, nn

from benchmarks.clients.program import Program, runs

__all__ = ["inference", "training"]

ROWS, BATCH, STEPS, INPUTS, HIDDEN, CLASSES = 512, 128, 50, 16, 64, 5


class Reader(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(INPUTS, HIDDEN, batch_first=True)
        self.scores = nn.Linear(HIDDEN, CLASSES)

    def forward(self, X: Tensor) -> Tensor:
        return self.scores(self.lstm(X)[0][:, -1])


def program() -> Program:
    random = np.random.default_rng(0)
    rows = random.standard_normal((ROWS, STEPS, INPUTS), dtype=np.float32)
    classes = random.integers(0, CLASSES, ROWS)
    net = NeuralNetClassifier(
        Reader,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=BATCH,
        train_split=None,
        verbose=0,
    ).initialize()

    def train() -> list[float]:
        net.partial_fit(rows, classes, classes=range(CLASSES), epochs=1)
        return [batch["train_loss"] for batch in net.history[-1]["batches"]]

    def infer() -> np.ndarray:
        return net.predict_proba(rows)

    return Program(net.module_, train, infer)


training, inference = runs(program)
