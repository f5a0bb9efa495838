"""Which token is drawn: numbers that are a pure function, and what is ruled out before."""

from __future__ import annotations

import math

import numpy as np

from elman.decoding.options import SearchOptions
from elman.kernels.weighing import powers

__all__ = ["Draws", "largest", "token_at"]

_BLOCK = 64  # positions whose numbers are made together
_BINS, _FINENESS = 256, 8  # of log-probabilities: so many, each an eighth of a nat
_WORDS = 4  # that Philox makes of one counter; the first is used


class Draws:
    """Numbers in [0, 1) that are a function of seed, row id and position (Philox 4x64-10)."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._blocks: dict[int, tuple[int, list[float]]] = {}

    def __call__(self, row_id: int, position: int) -> float:
        """The number of a row at a position."""
        start, numbers = self._block(row_id, position)
        return numbers[position - start]

    def next(self, row_id: int, position: int, count: int) -> list[float]:
        """The numbers of a row from a position on: `count`, or fewer of them, but one at least."""
        start, numbers = self._block(row_id, position)
        return numbers[position - start :][:count]

    def _block(self, row_id: int, position: int) -> tuple[int, list[float]]:
        start = position - position % _BLOCK
        known = self._blocks.get(row_id)
        if known is None or known[0] != start:
            key = np.array([self._seed, row_id], dtype=np.uint64)
            words = np.random.Philox(key=key, counter=start).random_raw(_BLOCK * _WORDS)
            known = start, ((words[::_WORDS] >> np.uint64(11)) * 2.0**-53).tolist()
            self._blocks[row_id] = known
        return known


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
        with np.errstate(over="ignore"):  # next to 0 the unlikely tokens become -inf
            log_p = log_p / temperature
        weights = powers(log_p)
    elif weights is None:
        weights = powers(log_p)
    if options.top_k is not None and options.top_k < len(weights):
        weights = _only(weights, _fewest(log_p, None, options.top_k))
    if options.typical_p is not None and options.typical_p < 1:
        mass = options.typical_p * weights.sum()
        weights = _only(weights, _fewest(_nearness(weights), weights, mass))
    if options.top_p is not None and options.top_p < 1:
        weights = _only(weights, _fewest(log_p, weights, options.top_p * weights.sum()))
    if options.min_p:
        weights = np.where(weights < options.min_p * weights.max(), 0.0, weights)
    heights = weights.cumsum()
    # Below the whole height, whatever rounding makes of it: the last token is one that can be.
    place = min(uniform * float(heights[-1]), math.nextafter(float(heights[-1]), 0.0))
    return int(heights.searchsorted(place, side="right"))


def largest(values: np.ndarray, count: int) -> list[int]:
    """Where the `count` largest of values ≤ 0 stand, but for -inf.

    The largest one comes first, and the first among equals.
    """
    if count == 1:
        place = int(values.argmax())
        return [place] if values[place] > -np.inf else []
    small = len(values) <= 4 * _BINS
    places = np.arange(len(values)) if small else _fewest(values, None, min(count, len(values)))
    places = places[values[places] > -np.inf]
    return places[np.argsort(-values[places], kind="stable")[:count]].tolist()


def _only(weights: np.ndarray, places: np.ndarray) -> np.ndarray:
    kept = np.zeros_like(weights)
    kept[places] = weights[places]
    return kept


def _nearness(weights: np.ndarray) -> np.ndarray:
    """Of each token, ≤ 0: how near its surprise is to the expected one; -inf: it has no weight."""
    probabilities = weights / weights.sum()
    places = np.flatnonzero(probabilities)
    some = probabilities[places]
    surprise = -np.log(some)
    nearness = np.full(len(weights), -np.inf)
    nearness[places] = -np.abs(surprise - (some * surprise).sum())
    return nearness


def _fewest(keys: np.ndarray, weights: np.ndarray | None, mass: float) -> np.ndarray:
    """The fewest tokens of the largest keys that have this mass together; the first among equals.

    Tokens are first put into bins by their keys, and only the bin in which the mass is reached is
    sorted: to sort a large vocabulary would take longer than the network.

    Args:
        keys: `[V]`, ≤ 0.
        weights: `[V]`, ≥ 0; None: each token's is 1.
        mass: At most that of all, but for rounding.
    """
    bins = np.minimum(keys * -_FINENESS, _BINS - 1).astype(np.int64)
    heights = np.bincount(bins, weights, _BINS).cumsum()
    last = min(int(heights.searchsorted(mass)), _BINS - 1)
    edge = np.flatnonzero(bins == last)
    edge = edge[np.argsort(-keys[edge], kind="stable")]
    ones = np.ones(len(edge)) if weights is None else weights[edge]
    before = ones.cumsum() - ones + (heights[last - 1] if last else 0)
    return np.concatenate([np.flatnonzero(bins < last), edge[before < mass]])
