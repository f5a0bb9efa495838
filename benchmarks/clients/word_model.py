"""A word language model at the classic small setting: two layers of 200 units, 10,000 words."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.clients.program import Program, runs

__all__ = ["inference", "training"]

WORDS, BATCH, STEPS, HIDDEN, LAYERS, DROPOUT = 10_000, 20, 35, 200, 2, 0.2
BATCHES = 2


class LanguageModel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.dropout = nn.Dropout(DROPOUT)
        self.embedding = nn.Embedding(WORDS, HIDDEN)
        self.lstm = nn.LSTM(HIDDEN, HIDDEN, LAYERS, dropout=DROPOUT)
        self.scores = nn.Linear(HIDDEN, WORDS)

    def forward(self, words: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Scores `[T, B, V]` of words `[T, B]`."""
        outputs, state = self.lstm(self.dropout(self.embedding(words)), state)
        return self.scores(self.dropout(outputs)), state


def program() -> Program:
    model = LanguageModel()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    text = torch.randint(0, WORDS, (BATCHES * STEPS + 1, BATCH))

    def losses(train: bool) -> list[float]:
        """Of the whole text, cut into pieces; the state goes on from one to the next."""
        found, state = [], None
        model.train(train)
        for begin in range(0, len(text) - 1, STEPS):
            scores, state = model(text[begin : begin + STEPS], state)
            state = tuple(each.detach() for each in state)
            target = text[begin + 1 : begin + STEPS + 1]
            loss = F.cross_entropy(scores.flatten(0, 1), target.flatten())
            if train:
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 0.25)
                optimizer.step()
            found.append(loss.item())
        return found

    def train() -> list[float]:
        return losses(True)

    @torch.no_grad()
    def infer() -> np.ndarray:
        return np.array(losses(False))

    return Program(model, train, infer)


training, inference = runs(program)
