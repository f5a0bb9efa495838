"""Which notes sound together: the specification, in NumPy, of what a `Chord` block says.

Letters: K notes, lowest first; U units; P features of the block. Of a joint block the first U
features are what its layer is fed beside notes, the other K + 1 are scores of each note and of the
end; else the features are each note's log-odds.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float

from elman.blueprint.chord import Chord

__all__ = ["Weights", "following", "log_probability", "named"]

Weights = Mapping[str, np.ndarray]
"""`above`, `last` `[K, U]` and `output` `[K + 1, U]` of a joint block; else they are not read."""


def log_probability(
    block: Chord, raw: Float[np.ndarray, "*N P"], weights: Weights, chords: Bool[np.ndarray, "*N K"]
) -> Float[np.ndarray, "*N"]:
    """The log of the probability of each step's notes, in nats.

    >>> block, said = Chord(2), np.zeros((4, 2))
    >>> every = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], bool)
    >>> float(np.exp(log_probability(block, said, {}, every)).sum())
    1.0
    """
    if not block.joint:
        signed = np.where(chords, raw, -raw)
        return -np.logaddexp(0.0, -signed).sum(axis=-1)
    total = np.zeros(raw.shape[:-1], raw.dtype)
    so_far, open_ = np.zeros(chords.shape, bool), np.ones(raw.shape[:-1], bool)
    for chosen in named(chords):
        scores = following(block, raw, weights, so_far)
        said = np.take_along_axis(scores, chosen[..., None], axis=-1)[..., 0]
        total += np.where(open_, said, np.zeros((), raw.dtype))
        open_ = open_ & (chosen < block.notes)
        places = np.minimum(chosen, block.notes - 1)[..., None]
        there = np.take_along_axis(so_far, places, axis=-1) | open_[..., None]
        np.put_along_axis(so_far, places, there, axis=-1)
    return total


def named(chords: Bool[np.ndarray, "*N K"]) -> list[np.ndarray]:
    """A step's notes from the highest down, then K, its end: the first of each, the second, ...

    >>> [one.tolist() for one in named(np.array([[True, False, True], [False, False, False]]))]
    [[2, 3], [0, 3], [3, 3]]
    """
    notes = chords.shape[-1]
    most = int(chords.sum(axis=-1).max(initial=0))
    places = np.where(chords, np.arange(notes), -1)
    descending = -np.sort(-places, axis=-1)[..., :most]
    listed = np.where(descending < 0, notes, descending)
    end = np.full((*chords.shape[:-1], 1), notes)
    whole = np.concatenate([listed, end], axis=-1)
    return [whole[..., k] for k in range(most + 1)]


def following(
    block: Chord, raw: Float[np.ndarray, "*N P"], weights: Weights, so_far: Bool[np.ndarray, "*N K"]
) -> Float[np.ndarray, "*N V"]:
    """The log-probability of what is named next: one of the lower notes, or the end; V = K + 1.

    Args:
        block: The description.
        raw: Its features.
        weights: Its own.
        so_far: The notes that were named: no other note above the lowest of them sounds.

    Returns:
        -inf for notes that are not below the lowest so far.
    """
    notes = block.notes
    lowest = np.where(so_far.any(axis=-1), so_far.argmax(axis=-1), notes)[..., None]
    able = np.arange(notes + 1) < lowest
    able[..., notes] = True
    if not block.joint:
        return np.where(able, _each(raw, lowest), -np.inf)
    inner = raw[..., : block.units] + so_far.astype(raw.dtype) @ weights["above"]
    last = np.take(weights["last"], np.minimum(lowest[..., 0], notes - 1), axis=0)
    inner = inner + np.where(lowest < notes, last, np.zeros((), raw.dtype))
    scores = np.tanh(inner) @ weights["output"].T + raw[..., block.units :]
    scores = np.where(able, scores, -np.inf)
    top = scores.max(axis=-1, keepdims=True)
    return scores - top - np.log(np.exp(scores - top).sum(axis=-1, keepdims=True))


def _each(raw: Float[np.ndarray, "*N K"], lowest: np.ndarray) -> np.ndarray:
    """Of independent notes: that one is the next that sounds, or that none below does."""
    on, off = -np.logaddexp(0.0, -raw), -np.logaddexp(0.0, raw)
    silent = np.where(np.arange(raw.shape[-1]) < lowest, off, 0.0)
    below = np.cumsum(silent, axis=-1)
    total = below[..., -1:]
    # A note is next where all between it and the lowest so far are silent.
    return np.concatenate([on + total - below, total], axis=-1)
