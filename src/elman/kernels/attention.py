"""Attention when a network answers: each query looks at the real steps of one source.

For a query q and its source with keys k(s) and values v(s), s = 0…L-1:

    e(s) = q · k(s), or w · tanh(q + k(s))        the scores
    a(s) = exp(e(s) - max e) / Σ exp(e - max e)   their softmax, 0 at padding
    c    = Σ a(s) v(s)                            the context

Luong et al. 2015 (arXiv 1508.04025v5, section 3.1) and Bahdanau et al. 2015 (arXiv 1409.0473v7,
appendix A.1.2); what either multiplies queries and keys with first is the caller's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

__all__ = ["Memory", "look"]


class Memory(NamedTuple):
    """Sources that are looked at.

    Attributes:
        keys: `[N, S, K]`.
        values: `[N, S, M]`.
        lengths: `[N]` int64, real steps of each, 0…S.
    """

    keys: Float[np.ndarray, "N S K"]
    values: Float[np.ndarray, "N S M"]
    lengths: Int[np.ndarray, "N"]


def look(
    queries: Float[np.ndarray, "Q K"],
    memory: Memory,
    sources: Int[np.ndarray, "Q"],
    energy: Float[np.ndarray, "K"] | None = None,
) -> tuple[Float[np.ndarray, "Q M"], Float[np.ndarray, "Q S"]]:
    """What each query finds in its source, and how much it looks at each step: the specification.

    >>> one = np.ones((1, 2, 1))
    >>> memory = Memory(one, np.array([[[2.0], [4.0]]]), np.array([2]))
    >>> found, weights = look(np.ones((1, 1)), memory, np.array([0]))
    >>> found.tolist(), weights.tolist()
    ([[3.0]], [[0.5, 0.5]])

    Args:
        queries: `[Q, K]`.
        memory: Their sources.
        sources: Which source each query looks at.
        energy: The weights w of additive scores; None: scores are products.

    Returns:
        The contexts `[Q, M]`, and the weights `[Q, S]`: exactly zero at padding, else in sum 1. A
        source without a step gives zeros of both.
    """
    contexts = np.zeros((len(queries), memory.values.shape[2]), queries.dtype)
    weights = np.zeros((len(queries), memory.values.shape[1]), queries.dtype)
    for row, (query, source) in enumerate(zip(queries, sources, strict=True)):
        length = memory.lengths[source]
        if length == 0:
            continue
        keys, values = memory.keys[source, :length], memory.values[source, :length]
        scores = keys @ query if energy is None else np.tanh(query + keys) @ energy
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        contexts[row], weights[row, :length] = shares @ values, shares
    return contexts, weights
