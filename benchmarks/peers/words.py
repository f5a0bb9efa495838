"""Networks over words by torch alone, as one writes them: padded, and packed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmarks.ragged import (
    EMBEDDING,
    NETWORKS,
    RATE,
    VOCABULARY,
    Network,
    batches,
    draw_weights,
)
from benchmarks.work import Run

__all__ = ["training", "words_run"]


class Reader(nn.Module):
    """Vectors of words, an LSTM in both directions, scores of tags or of classes."""

    def __init__(self, network: Network, packed: bool) -> None:
        super().__init__()
        self.network, self.packed = network, packed
        self.embedding = nn.Embedding(VOCABULARY, EMBEDDING)
        self.lstm = nn.LSTM(EMBEDDING, network.units, batch_first=True, bidirectional=True)
        self.linear = nn.Linear(2 * network.units, network.outputs)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Scores `[B, T, K]`, or `[B, K]`."""
        values = self.embedding(ids)
        if self.packed:
            rows = pack_padded_sequence(values, lengths, batch_first=True, enforce_sorted=False)
            values, _ = pad_packed_sequence(self.lstm(rows)[0], batch_first=True)
        else:
            values, _ = self.lstm(values)
        if not self.network.per_word:
            padding = torch.arange(ids.shape[1]) >= lengths[:, None]
            values = values.masked_fill(padding[..., None], -torch.inf).amax(dim=1)
        return self.linear(values)

    def by_name(self) -> dict[str, nn.Parameter]:
        """The parameters by the names of `draw_weights`, and the second biases."""
        parts = (self.lstm, self.linear)
        found = {name: one for part in parts for name, one in part.named_parameters()}
        return {**found, "embedding": self.embedding.weight}


def training(task: str, packed: bool, fused: bool | None = None) -> Run:
    """A call trains once on each batch; `fused` as Adam has it."""
    given = [tuple(map(torch.from_numpy, batch)) for batch in batches(task)]

    def trainer() -> tuple[Callable[[Any], float], Mapping[str, nn.Parameter]]:
        reader = Reader(NETWORKS[task], packed)
        parameters = reader.by_name()
        weights = draw_weights(reader.network)
        with torch.no_grad():
            for name, parameter in parameters.items():  # the second biases begin at 0
                start = weights.get(name, np.zeros(parameter.shape, np.float32))
                parameter.copy_(torch.from_numpy(start))
        optimizer = torch.optim.Adam(reader.parameters(), lr=RATE, fused=fused)

        def train(batch: tuple[Tensor, ...]) -> float:
            ids, lengths, targets = batch
            scores = reader(ids, lengths)
            if reader.network.per_word:
                real = torch.arange(ids.shape[1]) < lengths[:, None]
                scores, targets = scores[real], targets[real]
            loss = F.cross_entropy(scores, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.item()

        return train, parameters

    return words_run(trainer, given)


def words_run(
    trainer: Callable[[], tuple[Callable[[Any], float], Mapping[str, nn.Parameter]]],
    given: list[Any],
) -> Run:
    """A call trains once on each batch; what it computes is the first batch's loss and gradients.

    Args:
        trainer: Makes what trains on a batch and gives its loss, and its parameters by name.
        given: The batches.
    """
    train, _ = trainer()

    def results() -> dict[str, np.ndarray]:
        fresh, parameters = trainer()
        found = {"loss": np.array([fresh(given[0])])}
        return found | {name: _gradient(one) for name, one in parameters.items()}

    return Run(lambda: [train(one) for one in given], results)


def _gradient(parameter: nn.Parameter) -> np.ndarray:
    """Of a table that of the rows which have one."""
    grad = parameter.grad
    assert grad is not None
    grad = grad.coalesce().values() if grad.is_sparse else grad
    return grad[grad.flatten(1).any(dim=1)].numpy() if grad.dim() > 1 else grad.numpy().copy()
