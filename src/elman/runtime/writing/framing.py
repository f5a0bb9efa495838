"""How a text becomes the steps that a language model reads, and the ids that it is to say."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from elman.errors import ArgumentError
from elman.transforms.text import TextCodec

__all__ = ["Framing"]


class Framing(NamedTuple):
    """What stands around a text's ids.

    >>> Framing(1, 2).framed(np.array([7, 8])).tolist()
    [1, 7, 8, 2]

    Attributes:
        go: The id that is read before the first.
        eos: The id that is said after the last; None: where a text ends is not learnt.
    """

    go: int
    eos: int | None

    @classmethod
    def of(cls, codec: TextCodec, ends: bool) -> Framing:
        """That of a codec's ids.

        Args:
            codec: It has an id that a text begins with, or one that ends it.
            ends: Whether the end of a text is learnt.

        Raises:
            ArgumentError: The codec has no such id.
        """
        eos = codec.eos
        go = eos if codec.go is None else codec.go
        if go is None or (ends and eos is None):
            found = f"{codec.describe()}, without an id that {'ends' if ends else 'begins'} a text"
            raise ArgumentError("codec", found, "a codec with <go> and <eos>")
        return cls(go, eos if ends else None)

    def framed(self, ids: Int[np.ndarray, "T"]) -> Int[np.ndarray, "S"]:
        """A text's ids with what stands around them: what is read, each the target of the last."""
        end = [] if self.eos is None else [self.eos]
        return np.concatenate([[self.go], ids, end]).astype(np.int64)
