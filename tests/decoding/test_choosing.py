"""A whole beam is continued at once as each of its beginnings is alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.decoding import Constraints, SearchOptions
from elman.decoding.choosing import continuations, likeliest
from elman.decoding.hypotheses import Hypothesis
from elman.decoding.rules import Rules
from elman.decoding.sampling import Draws
from elman.decoding.scores import ranked_of, scores_of
from elman.kernels import weighing


def rules_of(beam_size: int, banned: list[int], size: int) -> Rules:
    rules = Rules(Constraints(banned=banned), SearchOptions(beam_size=beam_size), None, 3, None)
    rules.check_size(size)
    return rules


def both(logits: np.ndarray, beam_size: int, banned: list[int]):
    """What is found for all rows at once, and for one after the other."""
    rules = rules_of(beam_size, banned, logits.shape[1])
    begun = [Hypothesis(row, None) for row in range(len(logits))]
    for one in begun:
        one.score = -0.1 * one.row
    scores = scores_of(logits, len(logits), None)
    each = [continuations(one, k, scores, rules, Draws(0), one.row) for k, one in enumerate(begun)]
    return likeliest(begun, ranked_of(logits, len(logits), None, beam_size, rules.never)), each


@given(
    seed=st.integers(0, 10**6),
    size=st.sampled_from([5, 64, 65, 300, 1000, 4097]),
    beam_size=st.integers(2, 12),
    levels=st.sampled_from([2, 5, 100_000]),
    kind=st.sampled_from(["f4", "f8"]),
    compiled=st.booleans(),
)
def test_the_likeliest_are_the_same_for_all_rows_at_once(
    seed, size, beam_size, levels, kind, compiled
):
    draws = np.random.default_rng(seed)
    logits = draws.integers(0, levels, (3, size)).astype(kind)  # few levels: many are equal
    banned = draws.choice(size, min(3, size - 2), replace=False).tolist()
    with pytest.MonkeyPatch.context() as patch:
        if not compiled:
            patch.setattr(weighing, "kernels_of_weights", lambda: None)
        together, apart = both(logits, beam_size, banned)
    assert together == apart
    assert not {token for row in together for _, token in row} & set(banned)
    assert all(len(row) == min(beam_size, size - len(banned)) for row in together)


def test_impossible_tokens_are_never_among_them():
    logits = np.full((2, 700), -np.inf)
    logits[0, [3, 650]] = 1.0, 2.0
    logits[1, 5] = 0.0
    together, apart = both(logits, 4, [])
    assert together == apart
    assert [[token for _, token in row] for row in together] == [[650, 3], [5]]


@pytest.mark.parametrize("size", [63, 640])
def test_a_row_is_the_same_alone(size):
    logits = np.random.default_rng(0).normal(size=(3, size))
    rules = rules_of(5, [1], size)
    whole = ranked_of(logits, 3, None, 5, rules.never)
    alone = ranked_of(logits[1:2], 1, None, 5, rules.never)
    assert whole.tokens[1] == alone.tokens[0]
    assert whole.log_probabilities[1] == alone.log_probabilities[0]
