"""How probable a language model finds each token of texts, the state carried through each text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from elman.state import select

__all__ = ["Unroll", "log_probabilities", "of_targets", "side_by_side"]

Unroll = Callable[[np.ndarray, Any], tuple[np.ndarray, Any]]
"""`unroll(ids [B, T] int64, state) -> (scores [B, T, V], state)`; a state of None: the first."""

_STEPS = 128  # that are read at once
_LARGEST = 2**22  # scores that are held at once
_ROWS = 256


def log_probabilities(
    unroll: Unroll, texts: Sequence[Int[np.ndarray, "S"]], vocabulary: int
) -> list[Float[np.ndarray, "T"]]:
    """For each text the log-probability of each id but the first, in nats, given those before.

    A text's numbers are the same alone and beside any others, to the bit where the network's are.

    Args:
        unroll: The network.
        texts: Framed ids, S = T + 1 ≥ 1 of each; see `Framing`.
        vocabulary: V.
    """
    steps = min(_STEPS, max(1, _LARGEST // vocabulary))
    rows = max(1, min(_ROWS, _LARGEST // (vocabulary * steps)))
    order = sorted(range(len(texts)), key=lambda n: -len(texts[n]))
    found = [np.zeros(max(0, len(ids) - 1)) for ids in texts]
    for first in range(0, len(order), rows):
        batch = order[first : first + rows]
        for start, counts, scores, ids in side_by_side(unroll, [texts[n] for n in batch], steps):
            said = of_targets(scores, ids[:, 1:])
            for n, count in enumerate(counts):
                found[batch[n]][start : start + count] = said[n, :count]
    return found


def side_by_side(
    unroll: Unroll, texts: Sequence[Int[np.ndarray, "S"]], steps: int
) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """Texts read side by side, window by window, the state carried through each.

    Args:
        unroll: The network.
        texts: Ids, longest first; of each all but the last are read.
        steps: Of a window at most.

    Yields:
        The window's first step; how many of its steps each of the first B texts has `[B]`; what
        the network gave `[B, T, K]`; the ids `[B, T + 1]`, one more than were read.
    """
    lengths, state = np.array([len(ids) - 1 for ids in texts]), None
    for start in range(0, int(lengths.max(initial=0)), steps):
        left = np.minimum(lengths[lengths > start] - start, steps)
        if state is not None:
            state = select(state, np.arange(len(left)))
        ids = np.zeros((len(left), int(left.max()) + 1), dtype=np.int64)
        for row, (text, count) in enumerate(zip(texts, left, strict=False)):
            ids[row, : count + 1] = text[start : start + count + 1]
        given, state = unroll(ids[:, :-1], state)
        yield start, left, given, ids


def of_targets(
    scores: Float[np.ndarray, "B T V"], targets: Int[np.ndarray, "B T"]
) -> Float[np.ndarray, "B T"]:
    """The log-probability of each target, in nats, float64."""
    scores = scores.astype(np.float64)
    top = scores.max(axis=-1, keepdims=True)
    total = top[..., 0] + np.log(np.exp(scores - top).sum(axis=-1))
    return np.take_along_axis(scores, targets[..., None], axis=-1)[..., 0] - total
