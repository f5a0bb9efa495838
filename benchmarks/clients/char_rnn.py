"""A character model, as most people's first: two layers of LSTM, texts written letter by letter."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.clients.program import Program, runs

__all__ = ["inference", "training"]

LETTERS, BATCH, STEPS, HIDDEN, LAYERS = 65, 50, 50, 128, 2
BATCHES, WRITTEN = 4, 200


class CharRNN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LETTERS, HIDDEN)
        self.lstm = nn.LSTM(HIDDEN, HIDDEN, LAYERS, batch_first=True)
        self.scores = nn.Linear(HIDDEN, LETTERS)

    def forward(self, letters: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        outputs, state = self.lstm(self.embedding(letters), state)
        return self.scores(outputs), state


def program() -> Program:
    model = CharRNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    texts = torch.randint(0, LETTERS, (BATCHES, BATCH, STEPS + 1))

    def train() -> list[float]:
        losses, state = [], None
        for text in texts:
            scores, state = model(text[:, :-1], state)
            state = tuple(each.detach() for each in state)
            loss = F.cross_entropy(scores.flatten(0, 1), text[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            losses.append(loss.item())
        return losses

    @torch.no_grad()
    def infer() -> np.ndarray:
        """The scores before each letter that is written."""
        letter, state, seen = torch.zeros(1, 1, dtype=torch.long), None, []
        for _ in range(WRITTEN):
            scores, state = model(letter, state)
            letter = scores[:, -1].argmax(-1, keepdim=True)
            seen.append(scores[0, -1])
        return torch.stack(seen).numpy()

    return Program(model, train, infer)


training, inference = runs(program)
