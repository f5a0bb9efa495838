"""Alignments of labels against what enumerating every path says."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import DataError, ShapeError
from elman.kernels.ctc import (
    best_alignments,
    collapsed,
    fits,
    gradients,
    log_likelihoods,
    steps_needed,
)


def said(seed: int, batch: int, steps: int, kinds: int) -> np.ndarray:
    """Log-probabilities `[B, T, K]`."""
    scores = np.random.default_rng(seed).normal(size=(batch, steps, kinds)) * 2
    return scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))


def paths_of(row: np.ndarray) -> dict[tuple[int, ...], dict[tuple[int, ...], float]]:
    """Of each label sequence every path that stands for it, with its log-probability."""
    found: dict[tuple[int, ...], dict[tuple[int, ...], float]] = {}
    for path in product(range(row.shape[1]), repeat=len(row)):
        labels = [k for t, k in enumerate(path) if k and (not t or path[t - 1] != k)]
        score = sum(row[t, k] for t, k in enumerate(path))
        found.setdefault(tuple(labels), {})[path] = score
    return found


@given(
    st.integers(0, 10**6), st.integers(2, 3), st.lists(st.integers(0, 4), min_size=1, max_size=3)
)
def test_sums_gradients_and_alignments_are_those_of_all_paths(seed, kinds, lengths):
    draws, steps = np.random.default_rng(seed), max(lengths) + 1
    scores, lengths = said(seed, len(lengths), steps, kinds), np.array(lengths)
    scores[np.arange(steps) >= lengths[:, None]] = np.nan  # nothing past a length is read
    every = [paths_of(row[:n]) for row, n in zip(scores, lengths, strict=True)]
    wanted = [sorted(each)[draws.integers(len(each))] for each in every]
    counts = np.array([len(one) for one in wanted])
    labels = np.full((len(wanted), int(counts.max()) + 1), 99)  # nor past a count
    for row, one in enumerate(wanted):
        labels[row, : len(one)] = one
    totals = log_likelihoods(scores, lengths, labels, counts)
    chances = gradients(scores, lengths, labels, counts)
    best, highest = best_alignments(scores, lengths, labels, counts)
    for row, n in enumerate(lengths):
        paths = every[row][wanted[row]]
        total = np.log(sum(np.exp(score) for score in paths.values()))
        assert np.isclose(totals[row], total)
        assert np.isclose(highest[row], max(paths.values()))
        assert np.isclose(paths[tuple(best[row, :n].tolist())], highest[row])
        assert (best[row, n:] == 0).all()
        each = np.zeros((steps, kinds))
        for path, score in paths.items():
            for t, k in enumerate(path):
                each[t, k] += np.exp(score - total)
        np.testing.assert_allclose(chances[row], each, atol=1e-12)


def test_gradients_are_central_differences():
    scores, lengths = said(3, 2, 6, 4), np.array([6, 4])
    labels, counts = np.array([[1, 1, 3], [2, 0, 0]]), np.array([3, 1])
    found = gradients(scores, lengths, labels, counts)
    for place in np.ndindex(scores.shape):
        moved = np.zeros_like(scores)
        moved[place] = 1e-6
        ends = [
            log_likelihoods(scores + side * moved, lengths, labels, counts).sum()
            for side in (1, -1)
        ]
        assert np.isclose(found[place], (ends[0] - ends[1]) / 2e-6, atol=1e-8), place


def test_a_row_is_the_same_alone_and_in_a_batch():
    scores, lengths = said(4, 3, 7, 5), np.array([7, 3, 5])
    labels, counts = np.array([[1, 2, 2, 4], [3, 0, 0, 0], [4, 4, 0, 0]]), np.array([4, 1, 2])
    together = log_likelihoods(scores, lengths, labels, counts)
    chances = gradients(scores, lengths, labels, counts)
    for row in range(3):
        n, u = lengths[row], counts[row]
        alone = (scores[row : row + 1, :n], np.array([n]), labels[row : row + 1, :u], np.array([u]))
        assert together[row] == log_likelihoods(*alone)[0]
        np.testing.assert_array_equal(chances[row, :n], gradients(*alone)[0])


def test_long_sequences_neither_vanish_nor_overflow():
    scores = said(5, 1, 3000, 6)
    labels = np.random.default_rng(0).integers(1, 6, (1, 400))
    total = log_likelihoods(scores, np.array([3000]), labels, np.array([400]))
    assert np.isfinite(total).all()
    assert total[0] < -1000
    chances = gradients(scores, np.array([3000]), labels, np.array([400]))
    np.testing.assert_allclose(chances.sum(axis=2), 1.0, atol=1e-9)


@pytest.mark.parametrize(
    ("labels", "needed"), [([], 0), ([1], 1), ([1, 2], 2), ([1, 1], 3), ([2, 2, 2, 1], 6)]
)
def test_repeated_labels_need_a_frame_more(labels, needed):
    given, counts = np.array([[*labels, 7]]), np.array([len(labels)])
    assert steps_needed(given, counts).tolist() == [needed]
    lengths = np.array([needed])
    assert fits(lengths, given, counts).all()
    assert np.isfinite(log_likelihoods(said(1, 1, 9, 8), lengths, given, counts)).all()
    if needed:
        assert not fits(lengths - 1, given, counts).any()
        assert np.isneginf(log_likelihoods(said(1, 1, 9, 8), lengths - 1, given, counts)).all()


def test_labels_that_do_not_fit_have_no_gradient():
    labels, two = np.array([[1, 2], [1, 1]]), np.array([2, 2])
    for asked in (gradients, best_alignments):
        with pytest.raises(DataError, match="row 1: 2 labels that need 3 frames, and there are 2"):
            asked(said(0, 2, 2, 3), two, labels, two)


@pytest.mark.parametrize(
    ("change", "said_of_it"),
    [
        ({"lengths": np.array([5])}, r"lengths\[0\]: found 5; 0 to 4"),
        ({"counts": np.array([3])}, r"counts\[0\]: found 3; 0 to 2"),
        ({"labels": np.array([[1, 0]])}, r"labels\[0, 1\]: found 0; 1 to 2"),
        ({"labels": np.array([[3, 1]])}, r"labels\[0, 0\]: found 3; 1 to 2"),
    ],
)
def test_what_is_outside_its_range_is_refused(change, said_of_it):
    given = {"lengths": np.array([4]), "labels": np.array([[1, 2]]), "counts": np.array([2])}
    with pytest.raises(ShapeError, match=said_of_it):
        log_likelihoods(said(0, 1, 4, 3), **{**given, **change})


def test_a_path_is_collapsed():
    assert collapsed(np.array([], np.int64))[0].tolist() == []
    assert collapsed(np.array([0, 0]))[0].tolist() == []
    labels, frames = collapsed(np.array([1, 1, 0, 1, 2, 2]))
    assert labels.tolist() == [1, 1, 2]
    assert frames.tolist() == [[0, 2], [3, 4], [4, 6]]
