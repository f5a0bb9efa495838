"""Small networks and data that the tests of training share."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from elman.targets import Target
from elman.training import Examples, TrainingConfig


class Reader(nn.Module):
    """A GRU with dropout, read at each row's last step."""

    def __init__(self, features: int = 2, units: int = 6, outputs: int = 3) -> None:
        super().__init__()
        self.recurrent = nn.GRU(features, units, batch_first=True)
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(units, outputs)

    def forward(self, inputs: Tensor, lengths: Tensor | None) -> Tensor:
        outputs, _ = self.recurrent(inputs)
        if lengths is None:
            return self.head(self.drop(outputs[:, -1]))
        last = (lengths - 1).clamp_min(0)
        return self.head(self.drop(outputs[torch.arange(len(outputs)), last]))


def reader(seed: int = 0, **sizes: int) -> Reader:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Reader(**sizes)


def examples(rows: int = 22, ragged: bool = True, seed: int = 0) -> Examples:
    """Three classes that a mean of the inputs tells apart."""
    rng = np.random.default_rng(seed)
    labels = np.arange(rows) % 3
    values = rng.normal(size=(rows, 7, 2)) + 2 * labels[:, None, None]
    lengths = rng.integers(1, 8, rows) if ragged else np.full(rows, 7)
    values[np.arange(7) >= lengths[:, None]] = 0
    return Examples(
        torch.tensor(values, dtype=torch.float32),
        torch.tensor(labels),
        torch.tensor(lengths) if ragged else None,
        kind=Target.CLASS,
    )


CONFIG = TrainingConfig(
    optimizer="adamw",
    learning_rate=1e-2,
    schedule="cosine",
    warmup_steps=3,
    clip_norm=1.0,
    weight_decay=0.01,
    batch_size=5,
    epochs=6,
    seed=3,
)


def weights(module: nn.Module) -> dict[str, np.ndarray]:
    return {name: tensor.detach().numpy().copy() for name, tensor in module.state_dict().items()}


def same_bits(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return a.keys() == b.keys() and all(a[k].tobytes() == b[k].tobytes() for k in a)
