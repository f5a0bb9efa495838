"""What a beginning goes on with: the most probable tokens, or one that is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from elman.decoding.hypotheses import Hypothesis
from elman.decoding.rules import Rules
from elman.decoding.sampling import Draws, largest, token_at
from elman.decoding.scores import Ranked, Scores

__all__ = ["continuations", "likeliest"]

_NOTHING = -np.inf


def likeliest(begun: Sequence[Hypothesis], ranked: Ranked) -> list[list[tuple[float, int]]]:
    """What `continuations` gives for each of a beam's hypotheses, where the rules are idle.

    Args:
        begun: The hypotheses.
        ranked: The most probable tokens of each.
    """
    rows = zip(begun, ranked.tokens, ranked.log_probabilities, strict=True)
    return [
        [(one.score + log_p, token) for log_p, token in zip(said, tokens, strict=True)]
        for one, tokens, said in rows
    ]


def continuations(
    one: Hypothesis, source: int, scores: Scores, rules: Rules, draws: Draws, row_id: int
) -> list[tuple[float, int]]:
    """What a hypothesis may go on with: its score then and the token, best first.

    Without a beam this is one token; where nothing is allowed it is none.

    Args:
        one: The hypothesis.
        source: Its place in the batch.
        scores: Of the batch.
        rules: What may follow.
        draws: The numbers to draw by.
        row_id: The row's, for them.
    """
    log_p, total = scores.shifted[source], scores.totals[source]
    options, progress = rules.options, one.progress
    weights = scores.weights[source]
    if progress is None:
        if rules.never.size:
            log_p, weights = _without(log_p, weights, rules.never)
    else:
        forced = rules.forced(one.row, len(one.tokens))
        if forced is not None:
            score = one.score + (float(log_p[forced]) - total)
            return [(score, forced)] if score > _NOTHING else []
        allowed, penalised = rules.allowed(progress, one.tokens), rules.penalised(progress)
        if penalised or allowed is not None:
            weights = None
        if penalised:
            log_p, total = log_p - total, 0.0
            with np.errstate(over="ignore"):  # a penalty may be any number: then it is a ban
                log_p[penalised] *= options.repetition_penalty
        if allowed is not None:
            log_p = np.where(allowed, log_p, _NOTHING)
    if options.greedy:
        tokens = largest(log_p, options.beam_size)
    else:
        tokens = _drawn(log_p, weights, rules, draws, one, row_id)
    return [(one.score + (float(log_p[token]) - total), token) for token in tokens]


def _without(
    log_p: np.ndarray, weights: np.ndarray, never: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """Without some tokens; no weights where the likeliest was one of them: they are made anew."""
    likeliest = 0.0 in log_p[never].tolist()
    log_p = log_p.copy()
    log_p[never] = _NOTHING
    if likeliest:
        return log_p, None
    weights = weights.copy()
    weights[never] = 0.0
    return log_p, weights


def _drawn(
    log_p: np.ndarray,
    weights: np.ndarray | None,
    rules: Rules,
    draws: Draws,
    one: Hypothesis,
    row_id: int,
) -> list[int]:
    """The token that is drawn, or none if none is possible."""
    if weights is None:
        top = np.maximum.reduce(log_p)
        if top == _NOTHING:
            return []
        log_p = log_p - top
    return [token_at(draws(row_id, len(one.tokens)), log_p, rules.options, weights)]
