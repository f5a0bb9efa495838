"""What is seen of a text through windows that move along it: the text of the equations.

`elman.models.soft_window` is its twin in torch. B rows, K windows, S places of a text, A tokens.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

__all__ = ["LEAST", "MOST", "WindowState", "look"]

LEAST, MOST = -15.0, 10.0
"""Of what an exponential is taken of: numbers beyond count as these."""


class WindowState(NamedTuple):
    """The state of a cell that looks at a text.

    Attributes:
        cell: Of the cell itself.
        place: `[B, K]`, where each window is.
        seen: `[B, A]`, what was seen at the step before.
        text: `[B, S]` int64, token ids; -1 past a text's end.
    """

    cell: object
    place: object
    seen: object
    text: object


def look(
    raw: Float[np.ndarray, "B M"],
    place: Float[np.ndarray, "B K"],
    text: Int[np.ndarray, "B S"],
    vocabulary: int,
) -> tuple[Float[np.ndarray, "B A"], Float[np.ndarray, "B K"], Float[np.ndarray, "B S"]]:
    """What is seen `[B, A]`, where the windows are then, and how much of each place is seen.

    >>> seen, place, _ = look(np.zeros((1, 3)), np.zeros((1, 1)), np.array([[0, 1, 0]]), 2)
    >>> seen.round(3).tolist(), place.tolist()
    ([[0.736, 1.0]], [[1.0]])

    Args:
        raw: a, b and k of the windows, one after the other: see `elman.blueprint.SoftWindow`.
        place: Of the windows before.
        text: Token ids, -1 past the end.
        vocabulary: A.
    """
    height, narrow, move = np.split(np.exp(np.clip(raw, LEAST, MOST)), 3, axis=1)
    place = place + move
    apart = place[:, :, None] - np.arange(text.shape[1], dtype=place.dtype)
    weights = (height[:, :, None] * np.exp(-narrow[:, :, None] * apart**2)).sum(axis=1)
    weights = np.where(text >= 0, weights, place.dtype.type(0))
    seen = np.zeros((len(text), vocabulary), weights.dtype)
    rows = np.arange(len(text))
    for u in range(text.shape[1]):  # in order, so that a row's sums are the same in any batch
        seen[rows, np.maximum(text[:, u], 0)] += weights[:, u]
    return seen, place, weights
