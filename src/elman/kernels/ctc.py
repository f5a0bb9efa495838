"""Labels without their times: sums over all alignments, gradients, the best alignment.

Connectionist temporal classification (Graves, Fernández, Gomez and Schmidhuber 2006) has a network
say at each frame one of K classes: a label, or 0, the *blank*. A path of n frames stands for the
labels that remain when repeated classes are made one and blanks are left out, so that "a a" needs a
blank between. The probability of labels l(1) … l(U) is that of all paths that stand for them.

With blanks around each label, e = 0, l(1), 0, … l(U), 0, and the log-probabilities y[t, k] of the
frames, all is computed in logarithms, forward over the places s of e

    a(0, s) = y[0, e(s)] for s < 2, else -inf
    a(t, s) = y[t, e(s)] + log(exp a(t-1, s) + exp a(t-1, s-1) + exp a(t-1, s-2))
    log p   = log(exp a(n-1, 2U) + exp a(n-1, 2U-1))

where the last term of a(t, s) is left out for blanks and for a label that repeats the one before.
Backward it goes likewise; the best alignment has a maximum in the place of the sum. The derivatives
of log p are probabilities: of each class at each frame, over the paths that stand for the labels.
No label and no frame have the probability 1.

>>> said = np.log(np.array([[[0.4, 0.6], [0.4, 0.6]]]))
>>> found = log_likelihoods(said, np.array([2]), np.array([[1]]), np.array([1]))
>>> round(float(np.exp(found[0])), 6)
0.84
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from elman.errors import DataError, ShapeError

__all__ = [
    "BLANK",
    "best_alignments",
    "collapsed",
    "fits",
    "gradients",
    "log_likelihoods",
    "steps_needed",
]

BLANK = 0
"""The class that stands for no label."""


def steps_needed(labels: Int[np.ndarray, "B U"], counts: Int[np.ndarray, "B"]) -> np.ndarray:
    """The fewest frames that the labels of each row fit into: int64 `[B]`.

    One for each label, and one more between two of the same.

    >>> steps_needed(np.array([[1, 1, 2], [3, 0, 0]]), np.array([3, 1])).tolist()
    [4, 1]
    """
    real = np.arange(labels.shape[1]) < counts[:, None]
    repeated = (labels[:, 1:] == labels[:, :-1]) & real[:, 1:]
    return counts + repeated.sum(axis=1)


def fits(
    lengths: Int[np.ndarray, "B"], labels: Int[np.ndarray, "B U"], counts: Int[np.ndarray, "B"]
) -> Bool[np.ndarray, "B"]:
    """Whether the labels of each row fit into its frames: else no path stands for them."""
    return steps_needed(labels, counts) <= lengths


def collapsed(path: Int[np.ndarray, "T"]) -> tuple[np.ndarray, np.ndarray]:
    """The labels that a path stands for, and the frames at which each begins and has ended.

    Returns:
        Labels int64 `[U]`, and `[U, 2]`: the first frame, and the one after the last.

    >>> labels, frames = collapsed(np.array([0, 2, 2, 0, 2, 1]))
    >>> labels.tolist(), frames.tolist()
    ([2, 2, 1], [[1, 3], [4, 5], [5, 6]])
    """
    path = np.asarray(path, np.int64)
    new = np.append(True, path[1:] != path[:-1])[: len(path)]
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], len(path))[: len(starts)]
    spoken = path[starts] != BLANK
    return path[starts][spoken], np.stack([starts, ends], axis=1)[spoken]


def log_likelihoods(
    scores: Float[np.ndarray, "B T K"],
    lengths: Int[np.ndarray, "B"],
    labels: Int[np.ndarray, "B U"],
    counts: Int[np.ndarray, "B"],
) -> Float[np.ndarray, "B"]:
    """The log-probability of each row's labels, in nats; -inf where they do not fit.

    Args:
        scores: Log-probabilities of the K classes at each frame, the blank's first. What stands
            past a length is not read.
        lengths: Frames of each row, 0…T.
        labels: Classes 1…K-1 of each row; what stands past a count is not read.
        counts: Labels of each row, 0…U.

    Raises:
        ShapeError: A length, a count or a label is outside its range.
    """
    lattice = _lattice(scores, lengths, labels, counts)
    return _totals(_forward(lattice), lattice)


def gradients(
    scores: Float[np.ndarray, "B T K"],
    lengths: Int[np.ndarray, "B"],
    labels: Int[np.ndarray, "B U"],
    counts: Int[np.ndarray, "B"],
) -> Float[np.ndarray, "B T K"]:
    """The derivatives of the sum of all rows' log-probabilities by `scores`.

    That is the probability of each class at each frame over the paths that stand for the labels;
    zero past each length. By scores before a log-softmax it is that less the class's probability.

    Raises:
        DataError: The labels of a row do not fit into its frames.
        ShapeError: As of `log_likelihoods`.
    """
    lattice = _lattice(scores, lengths, labels, counts)
    _check_fit(lattice)
    forward, backward = _forward(lattice), _backward(lattice)
    totals = _totals(forward, lattice)
    each = np.exp(forward + backward - totals[:, None, None])
    each = np.where(lattice.real[..., None], each, 0)
    found = np.zeros_like(scores)
    rows, frames = np.arange(len(scores))[:, None], np.arange(scores.shape[1])
    for s in range(lattice.classes.shape[1]):
        found[rows, frames, lattice.classes[:, s, None]] += each[..., s]
    return found


def best_alignments(
    scores: Float[np.ndarray, "B T K"],
    lengths: Int[np.ndarray, "B"],
    labels: Int[np.ndarray, "B U"],
    counts: Int[np.ndarray, "B"],
) -> tuple[Int[np.ndarray, "B T"], Float[np.ndarray, "B"]]:
    """The most probable path that stands for each row's labels, and its log-probability.

    Of equal ones the path that stays longest where it is, seen from the end. Zeros past each
    length.

    Raises:
        DataError: The labels of a row do not fit into its frames.
        ShapeError: As of `log_likelihoods`.
    """
    lattice = _lattice(scores, lengths, labels, counts)
    _check_fit(lattice)
    batch, steps, places = lattice.said.shape
    best, back = _start(lattice), np.zeros((batch, steps, places), np.int64)
    for t in range(1, steps):
        led = np.stack(_led(best, lattice.skips))
        back[:, t] = led.argmax(axis=0)
        grown = led.max(axis=0) + lattice.said[:, t]
        best = np.where((t < lengths)[:, None], grown, best)
    rows, last = np.arange(batch), 2 * counts
    other = np.where(counts > 0, best[rows, np.maximum(last - 1, 0)], -np.inf)
    place = np.where(other > best[rows, last], last - 1, last)
    totals = np.where(lengths > 0, best[rows, place], 0.0)
    paths = np.zeros((batch, steps), np.int64)
    for t in reversed(range(steps)):
        now = t < lengths
        paths[now, t] = lattice.classes[rows, place][now]
        place = np.where(now, place - back[rows, t, place], place)
    return paths, totals


class _Lattice(NamedTuple):
    """The places of all rows' labels with blanks around them, S = 2U + 1.

    Attributes:
        said: `[B, T, S]` the log-probability of each place's class; -inf past a row's places.
        classes: `[B, S]`.
        skips: `[B, S]` bool: whether a path may come from two places before.
        real: `[B, T]` bool: frames before each length.
        lengths: `[B]`.
        labels: `[B, U]`.
        counts: `[B]`.
    """

    said: np.ndarray
    classes: np.ndarray
    skips: np.ndarray
    real: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    counts: np.ndarray


def _lattice(
    scores: np.ndarray, lengths: np.ndarray, labels: np.ndarray, counts: np.ndarray
) -> _Lattice:
    batch, steps, kinds = scores.shape
    for name, given, most in (("lengths", lengths, steps), ("counts", counts, labels.shape[1])):
        wrong = (given < 0) | (given > most)
        if wrong.any():
            row = int(wrong.argmax())
            raise ShapeError(f"{name}[{row}]", f"found {given[row]}", f"0 to {most}")
    spoken = np.arange(labels.shape[1]) < counts[:, None]
    wrong = spoken & ((labels <= BLANK) | (labels >= kinds))
    if wrong.any():
        row, place = (int(k) for k in np.argwhere(wrong)[0])
        found = f"found {labels[row, place]}"
        raise ShapeError(f"labels[{row}, {place}]", found, f"1 to {kinds - 1}")
    classes = np.full((batch, 2 * labels.shape[1] + 1), BLANK, np.int64)
    classes[:, 1::2] = np.where(spoken, labels, BLANK)
    skips = np.zeros(classes.shape, bool)
    skips[:, 3::2] = labels[:, 1:] != labels[:, :-1]
    real = np.arange(steps) < lengths[:, None]
    said = np.take_along_axis(scores, classes[:, None, :], axis=2)
    said = np.where(real[..., None], said, 0)
    inside = np.arange(classes.shape[1]) <= 2 * counts[:, None]
    said = np.where(inside[:, None, :], said, -np.inf)
    return _Lattice(said, classes, skips, real, lengths, labels, counts)


def _start(lattice: _Lattice) -> np.ndarray:
    """a(0, s) `[B, S]`; -inf everywhere where there is no frame."""
    found = np.full(lattice.classes.shape, -np.inf)
    if lattice.said.shape[1]:
        found[:, :2] = np.where(lattice.real[:, :1], lattice.said[:, 0, :2], -np.inf)
    return found


def _led(before: np.ndarray, skips: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What leads to each place from itself, from the one before and from two before `[B, S]`."""
    once, twice = np.full_like(before, -np.inf), np.full_like(before, -np.inf)
    once[:, 1:] = before[:, :-1]
    twice[:, 2:] = np.where(skips[:, 2:], before[:, :-2], -np.inf)
    return before, once, twice


def _forward(lattice: _Lattice) -> np.ndarray:
    """a(t, s) `[B, T, S]`; past a length it stays what it was."""
    found = np.empty_like(lattice.said)
    now = _start(lattice)
    for t in range(found.shape[1]):
        if t:
            grown = _log_sum(*_led(now, lattice.skips)) + lattice.said[:, t]
            now = np.where(lattice.real[:, t, None], grown, now)
        found[:, t] = now
    return found


def _backward(lattice: _Lattice) -> np.ndarray:
    """The logarithm of the sum over all paths that go on after frame t from place s `[B, T, S]`."""
    batch, steps, places = lattice.said.shape
    rows, last = np.arange(batch), 2 * lattice.counts
    ends = np.full((batch, places), -np.inf)
    ends[rows, last] = 0.0
    ends[rows, np.maximum(last - 1, 0)] = 0.0
    found, now = np.empty_like(lattice.said), ends
    for t in reversed(range(steps)):
        if t + 1 < steps:
            after = now + lattice.said[:, t + 1]
            once, twice = np.full_like(after, -np.inf), np.full_like(after, -np.inf)
            once[:, :-1] = after[:, 1:]
            twice[:, :-2] = np.where(lattice.skips[:, 2:], after[:, 2:], -np.inf)
            grown = _log_sum(after, once, twice)
            now = np.where((t + 1 < lattice.lengths)[:, None], grown, ends)
        found[:, t] = now
    return found


def _totals(forward: np.ndarray, lattice: _Lattice) -> np.ndarray:
    """The log-probability of each row's labels."""
    batch, steps, _ = forward.shape
    if not steps:
        return np.where(lattice.counts == 0, 0.0, -np.inf)
    rows, last = np.arange(batch), 2 * lattice.counts
    end = forward[rows, np.maximum(lattice.lengths - 1, 0)]
    other = np.where(lattice.counts > 0, end[rows, np.maximum(last - 1, 0)], -np.inf)
    empty = np.where(lattice.counts == 0, 0.0, -np.inf)
    return np.where(lattice.lengths > 0, _log_sum(end[rows, last], other), empty)


def _log_sum(*values: np.ndarray) -> np.ndarray:
    """The logarithm of a sum of exp; of nothing but -inf it is -inf."""
    found = values[0]
    for value in values[1:]:
        found = np.logaddexp(found, value)
    return found


def _check_fit(lattice: _Lattice) -> None:
    needed = steps_needed(lattice.labels, lattice.counts)
    wrong = needed > lattice.lengths
    if wrong.any():
        row = int(wrong.argmax())
        found = f"{lattice.counts[row]} labels that need {needed[row]} frames"
        raise DataError(f"row {row}", f"{found}, and there are {lattice.lengths[row]}", "more")
