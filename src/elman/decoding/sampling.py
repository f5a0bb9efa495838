"""Which token is drawn: numbers that are a pure function, and what is ruled out before."""

from __future__ import annotations

import numpy as np

from elman.decoding.options import SearchOptions

__all__ = ["Draws", "largest", "token_at"]

_BLOCK = 64  # positions whose numbers are made together
_WORDS = 4  # that Philox makes of one counter; the first is used


class Draws:
    """Numbers in [0, 1) that are a function of seed, row id and position (Philox 4x64-10)."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._blocks: dict[int, tuple[int, list[float]]] = {}

    def __call__(self, row_id: int, position: int) -> float:
        """The number of a row at a position."""
        start = position - position % _BLOCK
        known = self._blocks.get(row_id)
        if known is None or known[0] != start:
            key = np.array([self._seed, row_id], dtype=np.uint64)
            words = np.random.Philox(key=key, counter=start).random_raw(_BLOCK * _WORDS)
            known = start, ((words[::_WORDS] >> np.uint64(11)) * 2.0**-53).tolist()
            self._blocks[row_id] = known
        return known[1][position - start]


def token_at(
    uniform: float, log_p: np.ndarray, options: SearchOptions, weights: np.ndarray | None = None
) -> int:
    """The token that a number draws.

    Args:
        uniform: In [0, 1).
        log_p: `[V]` log-probabilities, a number added to all so that the greatest is 0.
        options: Of which temperature, top_k, typical_p, top_p and min_p apply, in this order.
        weights: Their exponentials, where they are known; not written to.
    """
    temperature = options.temperature
    if temperature is not None and temperature != 1:
        weights = np.exp(log_p / temperature)  # next to 0 the unlikely tokens become -inf
    elif weights is None:
        weights = np.exp(log_p)
    if options.top_k is not None and options.top_k < len(weights):
        weights = _only(weights, largest(weights, options.top_k))
    if options.typical_p is not None and options.typical_p < 1:
        weights = _only(weights, _typical(weights, options.typical_p))
    if options.top_p is not None and options.top_p < 1:
        weights = _only(weights, _nucleus(weights, options.top_p))
    if options.min_p:
        weights = np.where(weights < options.min_p * weights.max(), 0.0, weights)
    heights = weights.cumsum()
    return int(heights.searchsorted(uniform * heights[-1], side="right"))


def largest(values: np.ndarray, count: int) -> list[int]:
    """Where the `count` largest values above -inf stand, largest first, the first among equals."""
    if count == 1:
        place = int(values.argmax())
        return [place] if values[place] > -np.inf else []
    if count < len(values):
        least = np.partition(values, -count)[-count]
        places = np.flatnonzero(values >= least)
    else:
        places = np.arange(len(values))
    places = places[values[places] > -np.inf]
    return places[np.argsort(-values[places], kind="stable")[:count]].tolist()


def _only(weights: np.ndarray, places: list[int] | np.ndarray) -> np.ndarray:
    kept = np.zeros_like(weights)
    kept[places] = weights[places]
    return kept


def _nucleus(weights: np.ndarray, share: float) -> np.ndarray:
    """The fewest most probable tokens that together have a share of all."""
    total = weights.sum()
    # All that are less probable have less than the rest together: they need not be sorted. (The
    # threshold is a bit lower, for what rounding does to a sum of equals.)
    places = np.flatnonzero(weights >= (1 - share) * (1 - 1e-9) * total / len(weights))
    places = places[np.argsort(-weights[places], kind="stable")]
    return _until(places, weights, share * total)


def _typical(weights: np.ndarray, share: float) -> np.ndarray:
    """The fewest tokens, nearest to the expected surprise first, that have a share of all."""
    total = weights.sum()
    places = np.flatnonzero(weights / total)
    probabilities = weights[places] / total
    surprise = -np.log(probabilities)
    distances = np.abs(surprise - (probabilities * surprise).sum())
    return _until(places[np.argsort(distances, kind="stable")], weights, share * total)


def _until(places: np.ndarray, weights: np.ndarray, mass: float) -> np.ndarray:
    """The first places, as many as have this mass together; at least one."""
    before = weights[places].cumsum() - weights[places]
    return places[before < mass]
