"""Which sequences a model has learnt from: a print of each, so that it can say so later."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from elman.data import Sequences
from elman.errors import BundleError

__all__ = ["Seen"]

_MOST = 4096  # prints that are kept, the lowest ones: 32 KiB


@dataclass(frozen=True, eq=False)
class Seen:
    """Prints of sequences, by what is in them.

    Of more than 4,096 different ones the lowest prints are kept. They are as good as drawn at
    random, so they tell of other sequences which share was among them.

    Attributes:
        prints: int64 `[P]`, sorted, each once.
    """

    prints: np.ndarray

    @classmethod
    def of(cls, *parts: Sequences) -> Seen:
        """The prints of all sequences in some parts."""
        return cls(np.unique(np.concatenate([_prints(part) for part in parts]))[:_MOST])

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> Seen:
        """What `tensors` gave; `BundleError` if it is something else."""
        prints = tensors.get("prints", np.zeros(0))
        sound = prints.dtype == np.int64 and prints.ndim == 1 and 0 < len(prints) <= _MOST
        if not sound or (prints[1:] <= prints[:-1]).any():
            raise BundleError("prints of sequences", "arrays that are none", "save the model again")
        return cls(prints)

    def tensors(self) -> dict[str, np.ndarray]:
        """What `from_tensors` needs."""
        return {"prints": self.prints}

    def and_of(self, other: Seen) -> Seen:
        """The prints of both."""
        return Seen(np.unique(np.concatenate([self.prints, other.prints]))[:_MOST])

    @property
    def complete(self) -> bool:
        """Whether the prints of all sequences are kept."""
        return len(self.prints) < _MOST

    def among(self, sequences: Sequences) -> tuple[np.ndarray, np.ndarray]:
        """Which sequences were seen, and of which that can be told: two bool `[N]`."""
        prints = _prints(sequences)
        told = np.ones(len(prints), bool) if self.complete else prints <= self.prints[-1]
        return told & np.isin(prints, self.prints), told


def _prints(sequences: Sequences) -> np.ndarray:
    """int64 `[N]`: 64 bits of a hash of the values of each sequence."""
    found = np.empty(len(sequences), np.int64)
    for n, content in enumerate(sequences.contents()):
        digest = hashlib.blake2b(content, digest_size=8)
        found[n] = int.from_bytes(digest.digest(), "little", signed=True)
    return found
