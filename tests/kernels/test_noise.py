"""What noise does to one step: which entries it takes, and what they become."""

from __future__ import annotations

import numpy as np
import pytest

from elman.kernels import reference
from elman.kernels.contract import Noise
from elman.state import map_leaves
from tests.kernels.variants import VARIANTS, random_state, random_weights

ROWS, UNITS = 60, 50


def one_step(name, **noise):
    """The state before a step, the one that it gives by itself, and the one with noise."""
    recurrence, rng = VARIANTS[name].recurrence, np.random.default_rng(0)
    weights = random_weights(VARIANTS[name], 2, UNITS, rng)
    before = random_state(recurrence, weights, ROWS, rng)
    x = rng.normal(size=(ROWS, 1, 2))
    options = {"keys": np.arange(ROWS), "steps": np.zeros(ROWS, np.int64)} | noise

    def after(noise):
        return reference.forward(recurrence, weights, x, before, noise=noise).final_state

    return before, after(None), after(Noise(**options))


def test_zoneout_keeps_old_values_at_the_rates():
    before, plain, after = one_step("lstm", zoneout_hidden=0.2, zoneout_cell=0.5)
    for rate, old, new, found in zip((0.2, 0.5), before, plain, after, strict=True):
        kept = found == old
        assert (kept | (found == new)).all()
        assert kept.mean() == pytest.approx(rate, abs=0.03)
    together = (after.hidden == before.hidden) & (after.cell == before.cell)
    assert together.mean() == pytest.approx(0.1, abs=0.02)


def test_answering_gives_the_expectation():
    rates = {"zoneout_hidden": 0.2, "zoneout_cell": 0.5, "recurrent_dropout": 0.9}
    before, plain, after = one_step("lstm", keys=None, steps=None, **rates)
    np.testing.assert_allclose(after.hidden, 0.2 * before.hidden + 0.8 * plain.hidden)
    np.testing.assert_allclose(after.cell, 0.5 * before.cell + 0.5 * plain.cell)


def test_recurrent_dropout_takes_what_enters_and_zoneout_what_was_there():
    """Where nearly all of h(t-1) is dropped the new state is that of a step from zeros."""
    rate = 1 - 2**-24
    before, _, after = one_step("gru-before", recurrent_dropout=rate)
    recurrence, rng = VARIANTS["gru-before"].recurrence, np.random.default_rng(0)
    weights = random_weights(VARIANTS["gru-before"], 2, UNITS, rng)
    random_state(recurrence, weights, ROWS, rng)
    x = rng.normal(size=(ROWS, 2))
    zeros = map_leaves(np.zeros_like, before)
    _, from_zeros = reference.step(recurrence, weights, x, zeros)
    np.testing.assert_array_equal(after.hidden, from_zeros.hidden)

    _, _, both = one_step("gru-before", recurrent_dropout=rate, zoneout_hidden=0.5)
    kept = both.hidden == before.hidden
    assert (kept | (both.hidden == from_zeros.hidden)).all()
    assert kept.mean() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("variational", [False, True])
def test_variational_dropout_has_one_mask_for_all_steps(variational):
    """Masks of step 0 and step 7: the same state enters."""
    options = {"recurrent_dropout": 0.5, "variational": variational}
    _, _, first = one_step("tanh", **options)
    _, _, later = one_step("tanh", steps=np.full(ROWS, 7), **options)
    assert np.array_equal(first.hidden, later.hidden) == variational


def test_noise_of_no_rate_is_none():
    _, plain, after = one_step("lstm", variational=True)
    np.testing.assert_array_equal(after.hidden, plain.hidden)
    assert not Noise(None, None, recurrent_dropout=0.5).acts
    assert Noise(np.zeros(1, int), np.zeros(1, int), recurrent_dropout=0.5).acts
    assert Noise(None, None, zoneout_hidden=0.1).acts
    assert Noise(None, None, zoneout_cell=0.1).acts
