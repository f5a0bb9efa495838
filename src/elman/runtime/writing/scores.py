"""What a language model is worth on texts: every token counted, in units that compare."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

__all__ = ["Compared", "compared", "scores_of", "verdict"]

_BLOCKS = 64  # of tokens that follow each other, as many as there can be of `_BLOCK`
_BLOCK = 50


def scores_of(nats: float, tokens: int, characters: int, size: int) -> dict[str, float | None]:
    """The scores of texts; what is not defined, of nothing, is None.

    Args:
        nats: -log(probability) of all of them.
        tokens: That were said, ends of texts included.
        characters: In the texts.
        size: Bytes of the texts in UTF-8.
    """
    bits = nats / math.log(2)
    each = nats / tokens if tokens else None
    return {
        "nats_per_token": each,
        "perplexity": None if each is None else math.exp(min(each, 700.0)),
        "bits_per_character": bits / characters if characters else None,
        "bits_per_byte": bits / size if size else None,
    }


class Compared(NamedTuple):
    """How much better one model says texts than another, in nats a token.

    Attributes:
        gain: Positive where the first is better.
        error: Its standard error, from blocks of tokens that follow each other; None: too few.
    """

    gain: float
    error: float | None

    @property
    def told(self) -> bool | None:
        """Whether the first is better (True), or worse, by more than chance; None: not known."""
        if self.error is None or abs(self.gain) <= 2 * self.error:
            return None
        return self.gain > 0

    def scaled(self, factor: float) -> Compared:
        """The same in nats of another unit that holds `factor` tokens, > 0."""
        error = None if self.error is None else self.error * factor
        return Compared(self.gain * factor, error)


def compared(
    model: Sequence[Float[np.ndarray, "T"]], other: Sequence[Float[np.ndarray, "T"]]
) -> Compared:
    """Two models' log-probabilities of the same tokens, held against each other.

    Tokens near each other are alike, so what counts is how much the means of blocks differ.
    """
    gains = np.concatenate([*model, np.zeros(0)]) - np.concatenate([*other, np.zeros(0)])
    count = min(_BLOCKS, len(gains) // _BLOCK)
    gain = float(gains.mean()) if len(gains) else 0.0
    if count < 8:
        return Compared(gain, None)
    means = np.array([block.mean() for block in np.array_split(gains, count)])
    return Compared(gain, float(means.std(ddof=1) / math.sqrt(count)))


def verdict(best: str, unit: str, found: Compared) -> str:
    """In a sentence whether a model is worth more than the best of its baselines."""
    size = f"{abs(found.gain):.3f} nats {unit}"
    if found.told is None:
        return f"Not distinguishable from {best}: {size} apart, on so little text."
    if found.told:
        return f"Better than {best}, by {size}."
    return f"Worse than {best}, by {size}: that is the better model of these texts."
