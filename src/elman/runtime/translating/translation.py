"""What was written for a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

__all__ = ["Translation"]


@dataclass(frozen=True, eq=False)
class Translation:
    """What was written for a source.

    Attributes:
        source: As it was given.
        text: The answer; empty for an empty source.
        tokens: The answer's, as they are shown, without `<eos>`.
        ids: int64, likewise.
        log_probabilities: float64, the model's own of each token in nats, that of `<eos>` last
            where the answer ended with it.
        log_probability: Their sum.
        ended: "eos", "bound" (at the most tokens), "nothing allowed"; or, where nothing was
            searched for, "empty" (of an empty source) or "unknown" (handed on: no token is known).
        source_tokens: What was read, as tokens are shown.
        attention: Of each of `log_probabilities` how much it looked at each of `source_tokens`,
            rows that sum to one; None: not asked for, or of a network without.
        notes: What was cut, replaced or is not as it was asked for, in sentences.
    """

    source: str
    text: str
    tokens: tuple[str, ...]
    ids: np.ndarray
    log_probabilities: Float[np.ndarray, "T"]
    log_probability: float
    ended: str
    source_tokens: tuple[str, ...]
    attention: Float[np.ndarray, "T S"] | None = None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        each = zip(self.tokens, self.log_probabilities.tolist(), strict=False)
        return {
            "source": self.source,
            "text": self.text,
            "ended": self.ended,
            "log_probability": self.log_probability,
            "tokens": [{"token": token, "log_probability": one} for token, one in each],
            "source_tokens": [*self.source_tokens],
            "attention": None if self.attention is None else self.attention.tolist(),
            "notes": [*self.notes],
        }
