"""The blocks that give a score to each token of a vocabulary, other than a dense layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar

from elman.blueprint.cells import MAX_UNITS
from elman.blueprint.checks import boolean, check_fields, integer, number, shown
from elman.blueprint.layers import MAX_VOCABULARY, Embedding
from elman.errors import BlueprintError
from elman.recurrences import Shapes

__all__ = ["MAX_TAILS", "Adaptive", "Tied", "check_head", "default_cutoffs"]

MAX_TAILS = 16


@dataclass(frozen=True)
class Tied:
    """Scores of all tokens by the vectors that the chain's first block, an embedding, has of them.

    E x + b with the embedding's matrix E `[vocabulary, size]`, or E (P x) + b where the features
    are `projected` to its size first. E is one array, of which both uses learn. Inan et al. 2017
    (arXiv 1611.01462v3), Press and Wolf 2017 (arXiv 1608.05859v3).
    """

    kind: ClassVar[str] = "tied"
    turns: ClassVar[dict[str, str]] = {"steps": "steps", "vector": "vector"}

    vocabulary: int = field(metadata=integer(1, MAX_VOCABULARY))
    size: int = field(metadata=integer(1, MAX_UNITS))
    projected: bool = field(default=False, metadata=boolean())

    def __post_init__(self) -> None:
        check_fields(self)

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return self.vocabulary

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name; `BlueprintError` if the size does not fit."""
        if self.projected:
            return {"projection": (self.size, features), "bias": (self.vocabulary,)}
        if features != self.size:
            found = f"{self.size} for {features} features"
            raise BlueprintError("size", found, "projected=True, or as many of both")
        return {"bias": (self.vocabulary,)}

    def describe(self) -> str:
        """One line."""
        said = f"tied: {self.vocabulary} scores by the embedding's own {self.size} numbers"
        return said + (" of each, of features projected to these" if self.projected else " of each")


@dataclass(frozen=True)
class Adaptive:
    """log-probabilities of tokens whose ids go by frequency: the rarer, the less is computed.

    The head says how likely each of the first `cutoffs[0]` tokens is, and each tail. Tail i holds
    the tokens from `cutoffs[i]` to the next cutoff (the last: to V) and sees features / divisor^i
    numbers, i from 1. Grave et al. 2017 (arXiv 1609.04309v3); the numbers are those of
    `torch.nn.AdaptiveLogSoftmaxWithLoss` without a bias.
    """

    kind: ClassVar[str] = "adaptive"
    turns: ClassVar[dict[str, str]] = {"steps": "steps", "vector": "vector"}

    vocabulary: int = field(metadata=integer(2, MAX_VOCABULARY))
    cutoffs: tuple[int, ...] = ()
    divisor: float = field(default=4.0, metadata=number(1, 1024))

    def __post_init__(self) -> None:
        check_fields(self)
        given = self.cutoffs or default_cutoffs(self.vocabulary)
        whole = isinstance(given, list | tuple) and 1 <= len(given) <= MAX_TAILS
        whole = whole and all(type(one) is int for one in given)
        if not whole or any(a >= b for a, b in pairwise((0, *given, self.vocabulary))):
            expected = f"1 to {MAX_TAILS} growing integers from 1 to {self.vocabulary - 1}"
            raise BlueprintError("cutoffs", f"found {shown(given)}", expected)
        object.__setattr__(self, "cutoffs", tuple(given))

    @property
    def tails(self) -> list[tuple[int, int]]:
        """The first token of each tail, and the one past its last."""
        return [*pairwise((*self.cutoffs, self.vocabulary))]

    def output_features(self, features: int) -> int:
        """Features of the result."""
        return self.vocabulary

    def shapes(self, features: int) -> Shapes:
        """Each weight's shape by its name."""
        found: Shapes = {"weight": (self.cutoffs[0] + len(self.cutoffs), features)}
        for k, (start, stop) in enumerate(self.tails):
            size = max(1, int(features // self.divisor ** (k + 1)))
            found[f"tails.{k}.projection"] = (size, features)
            found[f"tails.{k}.weight"] = (stop - start, size)
        return found

    def describe(self) -> str:
        """One line."""
        cut = ", ".join(map(str, self.cutoffs))
        return f"adaptive: {self.vocabulary} tokens by frequency, cut at {cut}"


def check_head(where: str, blocks: tuple[Any, ...], block: Tied | Adaptive) -> None:
    """What scores a vocabulary stands last; where it is tied, to the vectors of the same one."""
    if block is not blocks[-1]:
        raise BlueprintError(where, f"found {block.kind}, with blocks behind it", "end with it")
    if not isinstance(block, Tied):
        return
    first = blocks[0]
    found = (first.vocabulary, first.size) if isinstance(first, Embedding) else None
    if found != (block.vocabulary, block.size):
        expected = f"begin with Embedding({block.vocabulary}, {block.size})"
        raise BlueprintError(where, f"tied to {first.describe()}", expected)


def default_cutoffs(vocabulary: int) -> tuple[int, ...]:
    """Where a vocabulary is cut unless it is said: after a twenty-fifth and a fifth of it.

    >>> default_cutoffs(50_000), default_cutoffs(3)
    ((2000, 10000), (1,))
    """
    return tuple(sorted({max(1, vocabulary // 25), max(1, vocabulary // 5)}))
