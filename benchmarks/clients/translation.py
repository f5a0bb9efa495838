"""The tutorial's translator: a GRU reads, another writes word by word and attends to the first."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.clients.program import Program, runs

__all__ = ["inference", "training"]

SOURCE_WORDS, TARGET_WORDS = 4500, 3000
BATCH, LENGTH, HIDDEN, DROPOUT = 32, 10, 128, 0.1
BATCHES, SENTENCES = 4, 10


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(SOURCE_WORDS, HIDDEN)
        self.dropout = nn.Dropout(DROPOUT)
        self.gru = nn.GRU(HIDDEN, HIDDEN, batch_first=True)

    def forward(self, words: Tensor) -> tuple[Tensor, Tensor]:
        return self.gru(self.dropout(self.embedding(words)))


class Attention(nn.Module):
    """Additive: how much each word that was read matters to what is written next."""

    def __init__(self) -> None:
        super().__init__()
        self.of_query = nn.Linear(HIDDEN, HIDDEN)
        self.of_key = nn.Linear(HIDDEN, HIDDEN)
        self.score = nn.Linear(HIDDEN, 1)

    def forward(self, query: Tensor, keys: Tensor) -> Tensor:
        scores = self.score(torch.tanh(self.of_query(query) + self.of_key(keys)))
        return F.softmax(scores.transpose(1, 2), dim=-1) @ keys


class Decoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(TARGET_WORDS, HIDDEN)
        self.dropout = nn.Dropout(DROPOUT)
        self.attention = Attention()
        self.gru = nn.GRU(2 * HIDDEN, HIDDEN, batch_first=True)
        self.scores = nn.Linear(HIDDEN, TARGET_WORDS)

    def forward(self, read: Tensor, state: Tensor, target: Tensor | None = None) -> Tensor:
        """Scores `[B, T, V]` of the words; the next word is the target's, or what was written."""
        word = torch.zeros(len(read), 1, dtype=torch.long)
        written = []
        for t in range(LENGTH):
            seen = self.dropout(self.embedding(word))
            context = self.attention(state.transpose(0, 1), read)
            outputs, state = self.gru(torch.cat([seen, context], dim=-1), state)
            scores = self.scores(outputs)
            word = scores.argmax(-1).detach() if target is None else target[:, t : t + 1]
            written.append(scores)
        return torch.cat(written, dim=1)


class Translator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()

    def forward(self, words: Tensor, target: Tensor | None = None) -> Tensor:
        return self.decoder(*self.encoder(words), target)


def program() -> Program:
    model = Translator()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    sources = torch.randint(0, SOURCE_WORDS, (BATCHES, BATCH, LENGTH))
    targets = torch.randint(0, TARGET_WORDS, (BATCHES, BATCH, LENGTH))

    def train() -> list[float]:
        losses = []
        model.train()
        for source, target in zip(sources, targets, strict=True):
            loss = F.cross_entropy(model(source, target).flatten(0, 1), target.flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    @torch.no_grad()
    def infer() -> np.ndarray:
        """Scores of sentences that are translated one by one."""
        model.eval()
        return torch.cat([model(sources[0, k : k + 1]) for k in range(SENTENCES)]).numpy()

    return Program(model, train, infer)


training, inference = runs(program)
