"""Packed sequences beside padded ones.

torch.nn.utils.rnn converts too, but its backward pass takes a call for each step, which costs more
than the recurrence itself.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

__all__ = ["Packing"]


class Packing(NamedTuple):
    """Where a PackedSequence's entries stand in a padded batch of its rows, longest first.

    >>> packing = Packing.of(torch.tensor([2, 1]))
    >>> packing.lengths.tolist()
    [2, 1]
    >>> padded = packing.pad(torch.tensor([[1.0], [2.0], [3.0]]))
    >>> padded[..., 0].tolist()
    [[1.0, 2.0], [3.0, 0.0]]
    >>> packing.pack(padded).flatten().tolist()
    [1.0, 2.0, 3.0]
    """

    real: Bool[Tensor, "T B"]
    lengths: Int[Tensor, "B"]

    @classmethod
    def of(cls, batch_sizes: Int[Tensor, "T"], device: torch.device | str | None = None) -> Packing:
        """From the number of rows that have not ended, step by step."""
        real = torch.arange(int(batch_sizes[0])) < batch_sizes[:, None]
        real = real.to(device)
        return cls(real, real.sum(0))

    def pad(self, data: Float[Tensor, "N F"]) -> Float[Tensor, "T B F"]:
        """A padded batch with the time first, zero past each length."""
        zeros = data.new_zeros(*self.real.shape, data.shape[1])
        return zeros.index_put((self.real,), data)

    def pack(self, padded: Float[Tensor, "T B F"]) -> Float[Tensor, "N F"]:
        """The real steps alone, all rows' first ones first."""
        return padded[self.real]
