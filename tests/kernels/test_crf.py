"""Chains of tags against what enumerating every path says."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import DataError, ShapeError
from elman.kernels.crf import (
    Allowed,
    Transitions,
    best_paths,
    gradients,
    lengths_of,
    log_partition,
    marginals,
    path_scores,
)


def drawn(seed: int, batch: int, steps: int, tags: int) -> tuple[np.ndarray, Transitions]:
    draws = np.random.default_rng(seed)
    pairs, start, end = draws.normal(size=(tags, tags)), *draws.normal(size=(2, tags))
    return draws.normal(size=(batch, steps, tags)) * 2, Transitions(pairs, start, end)


def score_of(scores: np.ndarray, transitions: Transitions, path: tuple[int, ...]) -> float:
    """One path's score by its definition."""
    if not path:
        return 0.0
    found = transitions.start[path[0]] + transitions.end[path[-1]]
    found += sum(scores[t, tag] for t, tag in enumerate(path))
    return found + sum(transitions.pairs[i, j] for i, j in pairwise(path))


@given(
    st.integers(0, 10**6), st.integers(1, 4), st.lists(st.integers(0, 4), min_size=1, max_size=3)
)
def test_sums_and_maxima_are_those_of_all_paths(seed, tags, lengths):
    steps = max(lengths) + 1
    scores, transitions = drawn(seed, len(lengths), steps, tags)
    lengths = np.array(lengths)
    scores[np.arange(steps) >= lengths[:, None]] = np.nan  # nothing past a length is read
    totals = log_partition(scores, transitions, lengths)
    chances = marginals(scores, transitions, lengths)
    found, best = best_paths(scores, transitions, lengths)
    for row, length in enumerate(lengths):
        paths = list(product(range(tags), repeat=int(length)))
        each = np.array([score_of(scores[row], transitions, path) for path in paths])
        total = np.log(np.exp(each).sum())
        assert np.isclose(totals[row], total)
        assert np.isclose(best[row], each.max())
        assert tuple(found[row, :length]) == paths[int(each.argmax())]
        assert (found[row, length:] == 0).all()
        wanted = np.zeros((steps, tags))
        for path, score in zip(paths, each, strict=True):
            wanted[np.arange(length), list(path)] += np.exp(score - total)
        np.testing.assert_allclose(chances[row], wanted, atol=1e-12)
    said = path_scores(scores, transitions, found, lengths)
    np.testing.assert_allclose(said, best, atol=1e-12)


def test_gradients_are_central_differences():
    scores, transitions = drawn(3, 3, 4, 3)
    lengths, weights, step = np.array([4, 1, 0]), np.array([1.0, 0.5, 2.0]), 1e-6
    found = gradients(scores, transitions, lengths, weights)
    arrays = {"scores": scores, **transitions._asdict()}
    for name, array in arrays.items():
        wanted = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            ends = []
            for sign in (1, -1):
                moved = {other: values.copy() for other, values in arrays.items()}
                moved[name][place] += sign * step
                given_scores = moved.pop("scores")
                ends.append(weights @ log_partition(given_scores, Transitions(**moved), lengths))
            wanted[place] = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(getattr(found, name), wanted, atol=1e-8, err_msg=name)


def test_what_is_forbidden_never_happens():
    scores, transitions = drawn(5, 40, 6, 3)
    lengths = np.random.default_rng(0).integers(0, 7, size=40)
    pairs = np.array([[True, False, True], [True, True, False], [False, True, True]])
    allowed = Allowed(pairs, np.array([True, True, False]), np.array([True, False, True]))
    lengths[lengths == 1] = 2
    within = transitions.within(allowed)
    found, _ = best_paths(scores, within, lengths)
    for row, length in enumerate(lengths):
        assert allowed.lets(found[row, :length]) is None
        paths = [np.array(p, int) for p in product(range(3), repeat=int(length))]
        legal = [p for p in paths if allowed.lets(p) is None]
        each = np.array([score_of(scores[row], transitions, tuple(p)) for p in legal])
        total = log_partition(scores[[row]], within, lengths[[row]])[0]
        assert np.isclose(total, np.log(np.exp(each).sum()))
    summed = gradients(scores, within, lengths)
    assert (summed.pairs[~pairs] == 0).all()
    assert summed.start[2] == 0
    assert summed.end[1] == 0
    assert np.isfinite(summed.scores).all()


def test_where_a_path_leaves_what_is_allowed():
    pairs = np.array([[True, False], [True, True]])
    allowed = Allowed(pairs, np.array([True, False]), np.array([False, True]))
    said = [allowed.lets(np.array(p, int)) for p in ([], [1, 1], [0, 1], [0, 0], [0])]
    assert said == [None, 0, 1, 2, 1]


def test_no_path_at_all_is_an_error():
    scores, transitions = drawn(0, 2, 2, 2)
    nothing = Allowed(np.zeros((2, 2), bool), np.ones(2, bool), np.ones(2, bool))
    within, lengths = transitions.within(nothing), np.array([1, 2])
    assert np.isneginf(log_partition(scores, within, lengths)).tolist() == [False, True]
    for function in (best_paths, marginals):
        with pytest.raises(DataError, match="row 1: no path of 2 tags is allowed"):
            function(scores, within, lengths)


def test_a_row_is_the_same_alone_and_in_a_batch():
    scores, transitions = drawn(7, 9, 8, 5)
    lengths = np.random.default_rng(1).integers(0, 9, size=9)
    chances, (paths, best) = (
        marginals(scores, transitions, lengths),
        best_paths(scores, transitions, lengths),
    )
    for row, length in enumerate(lengths):
        alone = scores[[row], :length], transitions, lengths[[row]]
        assert (marginals(*alone)[0] == chances[row, :length]).all()
        path, score = best_paths(*alone)
        assert (path[0] == paths[row, :length]).all()
        assert score[0] == best[row]


def test_large_scores_stay_finite():
    scores, transitions = drawn(2, 2, 5, 3)
    lengths = np.array([5, 3])
    totals = log_partition(scores * 1e4, transitions, lengths)
    _, best = best_paths(scores * 1e4, transitions, lengths)
    np.testing.assert_allclose(totals, best, rtol=1e-9)
    assert np.isclose(marginals(scores * 1e4, transitions, lengths).sum(), lengths.sum())


@pytest.mark.parametrize(
    ("real", "place"),
    [
        ([[True, False, True]], r"\[0, 1\]"),
        ([[True, True, True], [False, True, True]], r"\[1, 0\]"),
    ],
)
def test_masks_with_holes_are_refused_and_so_is_a_masked_first_step(real, place):
    with pytest.raises(ShapeError, match=f"mask{place}: it masks a step before a real one"):
        lengths_of(np.array(real))


def test_a_mask_of_ends_says_lengths():
    real = np.array([[True, True, False], [False, False, False], [True, True, True]])
    assert lengths_of(real).tolist() == [2, 0, 3]


@pytest.mark.parametrize(
    ("lengths", "tags", "said"),
    [([3, 1], 2, r"lengths\[0\]: found 3; 0 to 2"), ([1, 1], 3, "pairs")],
)
def test_what_does_not_fit(lengths, tags, said):
    with pytest.raises(ShapeError, match=said):
        log_partition(np.zeros((2, 2, 2)), Transitions.zeros(tags), np.array(lengths))
