"""What was written for an item."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

__all__ = ["Caption"]


class Caption(NamedTuple):
    """What was written for an item.

    Attributes:
        text: The caption.
        tokens: Of it, as they are shown, without `<eos>`.
        ids: int64, likewise.
        log_probabilities: float64, of each token in nats, that of `<eos>` last where it ended so.
        log_probability: Their sum.
        ended: "eos", "bound" (at the most tokens) or "nothing allowed".
        attention: Of each of `log_probabilities` how much it looked at each step that was read,
            rows that sum to one; None: not asked for, or of a network without.
    """

    text: str
    tokens: tuple[str, ...]
    ids: np.ndarray
    log_probabilities: Float[np.ndarray, "T"]
    log_probability: float
    ended: str
    attention: Float[np.ndarray, "T S"] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        each = zip(self.tokens, self.log_probabilities.tolist(), strict=False)
        return {
            "text": self.text,
            "ended": self.ended,
            "log_probability": self.log_probability,
            "tokens": [{"token": token, "log_probability": one} for token, one in each],
            "attention": None if self.attention is None else self.attention.tolist(),
        }
