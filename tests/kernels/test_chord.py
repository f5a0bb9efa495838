"""Which notes sound together: probabilities that sum to one, however a set is named."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from elman.blueprint import Chord
from elman.kernels.chord import following, log_probability, named

K, U = 5, 3
BLOCKS = [Chord(K), Chord(K, units=U)]
NAMES = ["independent", "joint"]


def weights(seed=0):
    draws = np.random.default_rng(seed)
    shapes = Chord(K, units=U).shapes(2)
    return {name: draws.normal(size=shapes[name]) for name in ("above", "last", "output")}


def raw_of(block, rows, seed=1):
    return np.random.default_rng(seed).normal(size=(rows, block.output_features(0)))


EVERY = np.array(list(itertools.product([False, True], repeat=K)))


@pytest.mark.parametrize("block", BLOCKS, ids=NAMES)
def test_the_chances_of_all_sets_sum_to_one(block):
    raw = np.repeat(raw_of(block, 1), len(EVERY), axis=0)
    chances = np.exp(log_probability(block, raw, weights(), EVERY))
    assert chances.min() > 0
    np.testing.assert_allclose(chances.sum(), 1, rtol=1e-12)


@pytest.mark.parametrize("block", BLOCKS, ids=NAMES)
def test_a_set_is_as_probable_as_its_names_one_after_the_other(block):
    raw = raw_of(block, len(EVERY))
    told = weights()
    whole = log_probability(block, raw, told, EVERY)
    for n, chord in enumerate(EVERY):
        so_far, total = np.zeros(K, bool), 0.0
        for note in [*np.flatnonzero(chord)[::-1], K]:
            scores = following(block, raw[n], told, so_far)
            np.testing.assert_allclose(np.exp(scores).sum(), 1, rtol=1e-12)
            total += scores[note]
            if note < K:
                so_far[note] = True
        np.testing.assert_allclose(total, whole[n], rtol=1e-12)


@pytest.mark.parametrize("block", BLOCKS, ids=NAMES)
def test_no_note_follows_that_is_not_below(block):
    so_far = np.zeros(K, bool)
    so_far[[1, 3]] = True
    scores = following(block, raw_of(block, 1)[0], weights(), so_far)
    assert np.isfinite(scores).tolist() == [True, False, False, False, False, True]


def test_joint_notes_depend_on_each_other_and_independent_ones_do_not():
    pairs = np.zeros((4, K), bool)
    pairs[1, 1] = pairs[2, 3] = pairs[3, [1, 3]] = True
    for block, depends in zip(BLOCKS, (False, True), strict=True):
        raw = np.repeat(raw_of(block, 1), 4, axis=0)
        none, low, high, both = log_probability(block, raw, weights(), pairs)
        assert bool(abs(none + both - low - high) > 0.01) is depends


def test_a_step_alone_is_a_step_beside_others():
    block = BLOCKS[1]
    raw = raw_of(block, len(EVERY)).astype(np.float32)
    told = {name: array.astype(np.float32) for name, array in weights().items()}
    whole = log_probability(block, raw, told, EVERY)
    each = [log_probability(block, raw[n], told, EVERY[n]) for n in range(len(EVERY))]
    np.testing.assert_allclose(whole, each, rtol=2e-6)


def test_names_go_from_the_highest_note_down():
    chord = np.zeros((2, K), bool)
    chord[0, [0, 2, 4]] = True
    assert [one.tolist() for one in named(chord)] == [[4, K], [2, K], [0, K], [K, K]]
