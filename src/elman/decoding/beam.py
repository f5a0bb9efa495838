"""The best of several continuations kept side by side."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.decoding.loop import Decoded, Step, check, check_integer, log_probabilities
from elman.errors import ArgumentError
from elman.state import batch_size, select

__all__ = ["beam"]


_Value = Callable[[float, int], float]
"""The log-probability and the length of an answer to what it is judged by."""


@dataclass(frozen=True)
class _Hypothesis:
    """A beginning of an answer: whose it is, its tokens and their log-probability."""

    row: int
    tokens: tuple[int, ...] = ()
    score: float = 0.0


def beam(
    step: Step,
    state: Any,
    go: int,
    eos: int,
    max_length: int,
    *,
    beam_size: int,
    length_penalty: float = 0.0,
) -> Decoded:
    """Keep the `beam_size` most probable beginnings of each row, and answer with the best end.

    At every step a row's beginnings are continued by all tokens and the `beam_size` most
    probable results are kept; those that end in `<eos>` are put aside. Among these the answer
    is the one with the greatest log-probability / ((5 + length) / 6) ** length_penalty, the
    length in tokens with `<eos>` (Wu et al. 2016, arXiv 1609.08144v2, equation 14, without its
    coverage term). A row stops once no beginning can lead to a better answer. A row in which
    nothing ended answers with its best beginning, `finished` False.

    Args:
        step: As in `greedy`.
        state: As in `greedy`.
        go: As in `greedy`.
        eos: As in `greedy`.
        max_length: As in `greedy`.
        beam_size: ≥ 1; 1 is `greedy`.
        length_penalty: ≥ 0. 0 prefers the most probable answer, which tends to be short.

    Raises:
        ArgumentError, ShapeError: As in `greedy`.
    """
    check(go, eos, max_length)
    check_integer("beam_size", beam_size, 1)
    if not 0 <= length_penalty < math.inf:
        raise ArgumentError("length_penalty", f"found {length_penalty!r}", "a finite number ≥ 0")

    def value(score: float, length: int) -> float:
        return score / ((5 + length) / 6) ** length_penalty

    rows = batch_size(state)
    best: list[_Hypothesis | None] = [None] * rows  # of those that ended
    open_ = [_Hypothesis(row) for row in range(rows)]
    tokens = np.full(rows, go, dtype=np.int64)
    for _ in range(max_length):
        if not open_:
            break
        logits, state = step(tokens, state)
        grown = _continue(open_, log_probabilities(logits, len(open_), eos), beam_size)
        _put_aside(grown, best, eos, value)
        kept = [
            (source, new)
            for source, new in grown
            if new.tokens[-1] != eos and _may_win(new, best[new.row], max_length, value)
        ]
        state = select(state, np.array([source for source, _ in kept], dtype=np.int64))
        open_ = [new for _, new in kept]
        tokens = np.array([new.tokens[-1] for new in open_], dtype=np.int64)
    for unfinished in open_:  # a row's first is its most probable
        best[unfinished.row] = best[unfinished.row] or unfinished
    return _decoded([answer for answer in best if answer is not None], eos)


def _put_aside(
    grown: list[tuple[int, _Hypothesis]],
    best: list[_Hypothesis | None],
    eos: int,
    value: _Value,
) -> None:
    """Let each row's `best` be its best answer so far, those that just ended included."""
    for _, new in grown:
        if new.tokens[-1] == eos:
            old = best[new.row]
            if old is None or value(new.score, len(new.tokens)) > value(old.score, len(old.tokens)):
                best[new.row] = new


def _may_win(
    hypothesis: _Hypothesis, best: _Hypothesis | None, max_length: int, value: _Value
) -> bool:
    """Whether some end of this beginning could be better than the best answer so far.

    The score can only fall, and its divisor is greatest at the maximum length.
    """
    if best is None:
        return True
    return value(hypothesis.score, max_length) > value(best.score, len(best.tokens))


def _continue(
    open_: list[_Hypothesis], log_p: np.ndarray, beam_size: int
) -> list[tuple[int, _Hypothesis]]:
    """Each row's `beam_size` best continuations, best first, with the one they continue."""
    rows = np.array([hypothesis.row for hypothesis in open_])
    totals = np.array([hypothesis.score for hypothesis in open_])[:, None] + log_p
    grown = []
    for row in np.unique(rows):
        mine = np.flatnonzero(rows == row)
        for choice in _largest(totals[mine].ravel(), beam_size):
            source, token = mine[choice // log_p.shape[1]], int(choice % log_p.shape[1])
            old = open_[source]
            new = _Hypothesis(old.row, (*old.tokens, token), float(totals[source, token]))
            grown.append((source, new))
    return grown


def _largest(values: np.ndarray, count: int) -> np.ndarray:
    """Where the `count` largest finite values stand, largest first, the first among equals."""
    least = np.partition(values, -count)[-count] if count < len(values) else -np.inf
    candidates = np.flatnonzero((values >= least) & np.isfinite(values))
    return candidates[np.argsort(-values[candidates], kind="stable")[:count]]


def _decoded(answers: list[_Hypothesis], eos: int) -> Decoded:
    finished = [answer.tokens[-1] == eos for answer in answers]
    return Decoded(
        [
            np.array(answer.tokens[:-1] if ended else answer.tokens, dtype=np.int64)
            for answer, ended in zip(answers, finished, strict=True)
        ],
        np.array([answer.score for answer in answers], dtype=np.float64),
        np.array(finished, dtype=bool),
    )
