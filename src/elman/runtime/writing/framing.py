"""How a text becomes the steps that a language model reads, and the ids that it is to say."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from elman.errors import ArgumentError
from elman.transforms.text import TextCodec

__all__ = ["Framing", "count_unknown"]


class Framing(NamedTuple):
    """What stands around a text's ids, and in which order they are read.

    >>> Framing(1, 2).framed(np.array([7, 8])).tolist()
    [1, 7, 8, 2]
    >>> Framing(1, 2, backward=True).framed(np.array([7, 8])).tolist()
    [1, 8, 7, 2]

    Attributes:
        go: The id that is read before the first.
        eos: The id that is said after the last; None: where a text ends is not learnt.
        backward: Whether texts are read from the end: then the first id read is a text's last.
    """

    go: int
    eos: int | None
    backward: bool = False

    @classmethod
    def of(cls, codec: TextCodec, ends: bool, backward: bool = False) -> Framing:
        """That of a codec's ids.

        Args:
            codec: It has an id that a text begins with, or one that ends it.
            ends: Whether the end of a text is learnt.
            backward: Whether texts are read from the end.

        Raises:
            ArgumentError: The codec has no such id.
        """
        eos = codec.eos
        go = eos if codec.go is None else codec.go
        if go is None or (ends and eos is None):
            found = f"{codec.describe()}, without an id that {'ends' if ends else 'begins'} a text"
            raise ArgumentError("codec", found, "a codec with <go> and <eos>")
        return cls(go, eos if ends else None, backward)

    def in_order(self, tokens: Any) -> Any:
        """A text's ids (or what else its tokens have) as they are read; and back again."""
        return tokens[::-1] if self.backward else tokens

    def framed(self, ids: Int[np.ndarray, "T"]) -> Int[np.ndarray, "S"]:
        """A text's ids with what stands around them: what is read, each the target of the last."""
        end = [] if self.eos is None else [self.eos]
        return np.concatenate([[self.go], self.in_order(ids), end]).astype(np.int64)


def count_unknown(codec: TextCodec, ids: Int[np.ndarray, "T"]) -> int:
    """How many of a text's ids stand for what the codec does not know."""
    return 0 if codec.unknown is None else int((ids == codec.unknown).sum())
