"""Linear chains of tags: sums over all paths, the best one, and how sure each tag is.

A conditional random field (Lafferty, McCallum and Pereira 2001) scores a whole path y(0) … y(n-1)
of tags through a sequence of n steps,

    score(y) = start[y(0)] + sum of scores[t, y(t)] + sum of pairs[y(t-1), y(t)] + end[y(n-1)]

and gives it the probability exp(score(y) - log Z), where Z sums exp(score) over all paths. All is
computed in logarithms, forward

    a(0, j) = start[j] + scores[0, j]
    a(t, j) = scores[t, j] + log sum over i of exp(a(t-1, i) + pairs[i, j])
    log Z   = log sum over j of exp(a(n-1, j) + end[j])

and backward likewise; the best path has a maximum in the place of the sum (Viterbi). The
derivatives of log Z are probabilities: of each tag at each step, of each pair, of the first tag and
of the last. A score of -inf forbids what it belongs to. A sequence without steps has one path, of
score 0.

>>> path, score = best_paths(np.zeros((1, 3, 2)), Transitions.zeros(2), np.array([3]))
>>> path.tolist(), score.tolist()
([[0, 0, 0]], [0.0])
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from elman.errors import DataError, ShapeError

__all__ = [
    "Allowed",
    "Gradients",
    "Transitions",
    "best_paths",
    "gradients",
    "lengths_of",
    "log_partition",
    "marginals",
    "path_scores",
]


class Transitions(NamedTuple):
    """What a path scores besides its tags; K of them.

    Attributes:
        pairs: `[K, K]`: of tag j after tag i, at [i, j].
        start: `[K]`: of the first tag.
        end: `[K]`: of the last one.
    """

    pairs: Float[np.ndarray, "K K"]
    start: Float[np.ndarray, "K"]
    end: Float[np.ndarray, "K"]

    @classmethod
    def zeros(cls, tags: int) -> Transitions:
        """Every path is scored by its tags alone."""
        return cls(np.zeros((tags, tags)), np.zeros(tags), np.zeros(tags))

    def within(self, allowed: Allowed | None) -> Transitions:
        """The same, and -inf for what is not allowed; None allows all."""
        if allowed is None:
            return self
        both = zip(self, allowed, strict=True)
        return Transitions(*(np.where(may, score, -np.inf) for score, may in both))


class Allowed(NamedTuple):
    """Which tags may follow each other, begin and end a sequence; as `Transitions`, bool."""

    pairs: Bool[np.ndarray, "K K"]
    start: Bool[np.ndarray, "K"]
    end: Bool[np.ndarray, "K"]

    def lets(self, path: Int[np.ndarray, "T"]) -> int | None:
        """The first step of a path that is not allowed; T if its end is not; None: all is."""
        if not len(path):
            return None
        if not self.start[path[0]]:
            return 0
        wrong = ~self.pairs[path[:-1], path[1:]]
        if wrong.any():
            return int(wrong.argmax()) + 1
        return None if self.end[path[-1]] else len(path)


class Gradients(NamedTuple):
    """Derivatives of the sum of all rows' log Z: probabilities, and sums of them.

    Attributes:
        scores: `[B, T, K]`, zero past each length: of each tag at each step.
        pairs: `[K, K]`.
        start: `[K]`.
        end: `[K]`.
    """

    scores: Float[np.ndarray, "B T K"]
    pairs: Float[np.ndarray, "K K"]
    start: Float[np.ndarray, "K"]
    end: Float[np.ndarray, "K"]


def lengths_of(real: Bool[np.ndarray, "B T"], where: str = "mask") -> Int[np.ndarray, "B"]:
    """The lengths that a mask of real steps says.

    >>> lengths_of(np.array([[True, True], [False, False]])).tolist()
    [2, 0]

    Raises:
        ShapeError: A step that is masked out stands before a real one, as the first step may: a
            path has no holes, so leave such steps out of the sequence.
    """
    lengths = real.sum(axis=1)
    wrong = real != (np.arange(real.shape[1]) < lengths[:, None])
    if wrong.any():
        row = int(wrong.any(axis=1).argmax())
        step = int((~real[row]).argmax())
        raise ShapeError(
            f"{where}[{row}, {step}]",
            "it masks a step before a real one",
            "masks of the end only: leave such steps out of the sequence",
        )
    return lengths


def path_scores(
    scores: Float[np.ndarray, "B T K"],
    transitions: Transitions,
    paths: Int[np.ndarray, "B T"],
    lengths: Int[np.ndarray, "B"],
) -> Float[np.ndarray, "B"]:
    """The score of one path for each row; what stands past a length is not read."""
    _check(scores, transitions, lengths)
    real = np.arange(scores.shape[1]) < lengths[:, None]
    tags = np.where(real, paths, 0)
    each = np.take_along_axis(scores, tags[:, :, None], axis=2)[:, :, 0]
    found = np.where(real, each, 0).sum(axis=1)
    moves = transitions.pairs[tags[:, :-1], tags[:, 1:]]
    found = found + np.where(real[:, 1:], moves, 0).sum(axis=1)
    rows = np.arange(len(tags))
    last = tags[rows, np.maximum(lengths - 1, 0)] if tags.shape[1] else rows * 0
    first = tags[:, 0] if tags.shape[1] else rows * 0
    return found + np.where(lengths > 0, transitions.start[first] + transitions.end[last], 0)


def log_partition(
    scores: Float[np.ndarray, "B T K"], transitions: Transitions, lengths: Int[np.ndarray, "B"]
) -> Float[np.ndarray, "B"]:
    """The logarithm of Z of each row; -inf where no path is allowed."""
    _check(scores, transitions, lengths)
    return _totals(_forward(scores, transitions, lengths), transitions, lengths)


def marginals(
    scores: Float[np.ndarray, "B T K"], transitions: Transitions, lengths: Int[np.ndarray, "B"]
) -> Float[np.ndarray, "B T K"]:
    """The probability of each tag at each step over all paths; zero past each length.

    Raises:
        DataError: No path through a row is allowed.
    """
    return gradients(scores, transitions, lengths).scores


def gradients(
    scores: Float[np.ndarray, "B T K"],
    transitions: Transitions,
    lengths: Int[np.ndarray, "B"],
    weights: Float[np.ndarray, "B"] | None = None,
) -> Gradients:
    """The derivatives of the sum of the rows' log Z, each times its weight.

    Raises:
        DataError: No path through a row is allowed.
    """
    _check(scores, transitions, lengths)
    forward = _forward(scores, transitions, lengths)
    backward = _backward(scores, transitions, lengths)
    totals = _totals(forward, transitions, lengths)
    _check_possible(totals, lengths)
    weight = np.ones(len(scores)) if weights is None else weights
    real = np.arange(scores.shape[1]) < lengths[:, None]
    each = np.exp(np.where(real[..., None], forward + backward, -np.inf) - totals[:, None, None])
    each = each * weight[:, None, None]
    pairs = np.zeros_like(transitions.pairs)
    for t in range(1, scores.shape[1]):
        rows = np.flatnonzero(lengths > t)
        after = scores[rows, t] + backward[rows, t] - totals[rows, None]
        both = forward[rows, t - 1, :, None] + transitions.pairs + after[:, None]
        pairs += (np.exp(both) * weight[rows, None, None]).sum(axis=0)
    last = np.arange(scores.shape[1]) == lengths[:, None] - 1
    return Gradients(each, pairs, each[:, :1].sum(axis=(0, 1)), each[last].sum(axis=0))


def best_paths(
    scores: Float[np.ndarray, "B T K"], transitions: Transitions, lengths: Int[np.ndarray, "B"]
) -> tuple[Int[np.ndarray, "B T"], Float[np.ndarray, "B"]]:
    """The path of the highest score through each row, exactly, and that score.

    Of equal ones the path whose tags, from the last to the first, come first. Zeros past each
    length.

    Raises:
        DataError: No path through a row is allowed.
    """
    _check(scores, transitions, lengths)
    batch, steps, tags = scores.shape
    best = np.zeros((batch, tags), scores.dtype)  # of the paths that end in each tag
    before = np.zeros((batch, steps, tags), np.int64)  # the tag that leads best to each
    for t in range(int(lengths.max(initial=0))):
        rows = np.flatnonzero(lengths > t)
        led = transitions.start[None, :]
        if t:
            through = best[rows, :, None] + transitions.pairs
            before[rows, t] = through.argmax(axis=1)
            led = through.max(axis=1)
        best[rows] = led + scores[rows, t]
    final = np.where(lengths[:, None] > 0, best + transitions.end, 0)
    totals = final.max(axis=1)
    _check_possible(totals, lengths)
    paths, tag = np.zeros((batch, steps), np.int64), final.argmax(axis=1)
    for t in reversed(range(int(lengths.max(initial=0)))):
        rows = np.flatnonzero(lengths > t + 1)
        if len(rows):
            tag[rows] = before[rows, t + 1, tag[rows]]
        rows = np.flatnonzero(lengths > t)
        paths[rows, t] = tag[rows]
    return paths, totals


def _forward(scores: np.ndarray, transitions: Transitions, lengths: np.ndarray) -> np.ndarray:
    """a(t, j) `[B, T, K]`; zero past each length."""
    found = np.zeros_like(scores)
    for t in range(int(lengths.max(initial=0))):
        rows = np.flatnonzero(lengths > t)
        led = transitions.start
        if t:
            led = _log_sum(found[rows, t - 1, :, None] + transitions.pairs, 1)
        found[rows, t] = scores[rows, t] + led
    return found


def _backward(scores: np.ndarray, transitions: Transitions, lengths: np.ndarray) -> np.ndarray:
    """The logarithm of the sum over all paths that go on after step t from tag i `[B, T, K]`."""
    found = np.zeros_like(scores)
    for t in reversed(range(int(lengths.max(initial=0)))):
        rows = np.flatnonzero(lengths > t + 1)
        found[lengths == t + 1, t] = transitions.end
        if len(rows):
            after = scores[rows, t + 1] + found[rows, t + 1]
            found[rows, t] = _log_sum(transitions.pairs + after[:, None], 2)
    return found


def _totals(forward: np.ndarray, transitions: Transitions, lengths: np.ndarray) -> np.ndarray:
    """The logarithm of Z of each row."""
    totals, some = np.zeros(len(forward), forward.dtype), np.flatnonzero(lengths > 0)
    totals[some] = _log_sum(forward[some, lengths[some] - 1] + transitions.end, 1)
    return totals


def _log_sum(values: np.ndarray, axis: int) -> np.ndarray:
    """The logarithm of the sum of exp along an axis; of nothing but -inf it is -inf."""
    most = values.max(axis=axis, keepdims=True)
    most = np.where(np.isfinite(most), most, 0)
    with np.errstate(divide="ignore"):
        summed = np.log(np.exp(values - most).sum(axis=axis))
    return summed + most.squeeze(axis)


def _check(scores: np.ndarray, transitions: Transitions, lengths: np.ndarray) -> None:
    _, steps, tags = scores.shape
    wanted = (tags, tags), (tags,), (tags,)
    for name, array, shape in zip(Transitions._fields, transitions, wanted, strict=True):
        if array.shape != shape:
            raise ShapeError(name, f"found {list(array.shape)}", f"give {list(shape)}")
    wrong = (lengths < 0) | (lengths > steps)
    if wrong.any():
        row = int(wrong.argmax())
        raise ShapeError(f"lengths[{row}]", f"found {lengths[row]}", f"0 to {steps}")


def _check_possible(totals: np.ndarray, lengths: np.ndarray) -> None:
    if np.isneginf(totals).any():
        row = int(np.isneginf(totals).argmax())
        found = f"no path of {lengths[row]} tags is allowed"
        raise DataError(f"row {row}", found, "fewer tags that are forbidden")
