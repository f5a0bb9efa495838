"""Heads: quantiles against SciPy's distributions, draws against the quantiles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from elman.errors import ArgumentError, ShapeError
from elman.metrics.forecasts.distributions import DEVIATION_FLOOR, FREEDOM_FLOOR, HEADS, make_head

draws = st.integers(0, 2**32 - 1).map(np.random.default_rng)
LEVELS = (0.1, 0.5, 0.9)


def head_of(name):
    return make_head(name, LEVELS if name == "quantiles" else ())


def softplus(raw):
    return np.log1p(np.exp(raw))


@given(draw=draws)
def test_gaussian_is_scipys(draw):
    raw = draw.normal(size=(3, 4, 2))
    expected = stats.norm.ppf(LEVELS, raw[..., :1], softplus(raw[..., 1:]) + DEVIATION_FLOOR)
    np.testing.assert_allclose(make_head("gaussian").quantile(raw, LEVELS), expected, 1e-9)
    np.testing.assert_array_equal(make_head("gaussian").point(raw), raw[..., 0])


@settings(max_examples=8)
@given(draw=draws)
def test_student_is_scipys(draw):
    raw = draw.normal(size=(3, 4, 3))
    freedom = FREEDOM_FLOOR + softplus(raw[..., 2:])
    expected = stats.t.ppf(LEVELS, freedom, raw[..., :1], softplus(raw[..., 1:2]) + DEVIATION_FLOOR)
    np.testing.assert_allclose(make_head("student").quantile(raw, LEVELS), expected, 1e-8, 1e-9)


@settings(max_examples=8)
@given(draw=draws)
def test_negative_binomial_is_scipys_in_the_targets_own_unit(draw):
    raw, scale = draw.normal(size=(3, 4, 2)), draw.uniform(1, 50, (3, 1))
    mean = (softplus(raw[..., 0]) * scale)[..., None]
    dispersion = softplus(raw[..., 1:]) + DEVIATION_FLOOR
    expected = stats.nbinom.ppf(LEVELS, 1 / dispersion, 1 / (1 + dispersion * mean))
    found = make_head("negative_binomial").quantile(raw, LEVELS, scale) * scale[..., None]
    np.testing.assert_allclose(found, expected, atol=1e-9)
    variance = mean + dispersion * mean**2
    assert stats.nbinom.var(1 / dispersion, 1 / (1 + dispersion * mean)) == pytest.approx(variance)


@pytest.mark.parametrize("name", HEADS)
def test_draws_follow_the_quantiles(name):
    head = head_of(name)
    draw = np.random.default_rng(3)
    raw = draw.normal(size=(2, head.parameters))
    samples = head.sample(raw, draw, 20_000, 30.0)
    assert samples.shape == (2, 20_000)
    at = head.quantile(raw, LEVELS, 30.0)
    share = (samples[:, None, :] <= at[..., None]).mean(axis=-1)
    least = (samples[:, None, :] < at[..., None]).mean(axis=-1)
    # three deviations of a share; a count's quantile is the first that reaches its level
    assert (share >= np.array(LEVELS) - 0.011).all()
    assert (least <= np.array(LEVELS) + 0.011).all()


@pytest.mark.parametrize("name", ["gaussian", "student", "negative_binomial"])
def test_the_point_is_the_mean_of_the_draws(name):
    head = head_of(name)
    raw = np.array([0.7, -1.0, 3.0])[: head.parameters]
    samples = head.sample(raw, np.random.default_rng(0), 50_000, 20.0)
    assert samples.mean() == pytest.approx(head.point(raw, 20.0), abs=0.01)


@pytest.mark.parametrize("name", HEADS)
@settings(max_examples=8)
@given(draw=draws)
def test_quantiles_never_cross_and_rows_do_not_mix(name, draw):
    head = head_of(name)
    raw = draw.normal(size=(5, head.parameters)) * 3
    levels = np.sort(draw.uniform(0.1, 0.9, 4))
    found = head.quantile(raw, levels, 7.0)
    assert (np.diff(found, axis=-1) >= 0).all()
    np.testing.assert_allclose(head.quantile(raw[2], levels, 7.0), found[2])
    np.testing.assert_allclose(head.point(raw, 7.0)[2], head.point(raw[2], 7.0))


@pytest.mark.parametrize("name", HEADS)
def test_draws_repeat_with_their_seed(name):
    head = head_of(name)
    raw = np.ones((3, head.parameters), np.float32)
    first, again = (head.sample(raw, np.random.default_rng(5), 4) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_extreme_outputs_stay_finite():
    for name, head in ((name, head_of(name)) for name in HEADS):
        for value in (-1e4, 1e4):
            raw = np.full((1, head.parameters), value)
            assert np.isfinite(head.quantile(raw, LEVELS)).all(), name
            assert np.isfinite(head.point(raw)).all(), name


def test_a_quantile_head_sorts_and_is_linear_between_its_levels():
    head = make_head("quantiles", LEVELS)
    raw = np.array([9.0, 1.0, 5.0])
    found = head.quantile(raw, [0.1, 0.3, 0.5, 0.7, 0.9])
    np.testing.assert_allclose(found, [1, 3, 5, 7, 9])
    assert head.point(raw) == 5
    draws_ = head.sample(raw, np.random.default_rng(0), 1000)
    assert draws_.min() == 1
    assert draws_.max() == 9


def test_a_quantile_head_of_one_level():
    head = make_head("quantiles", [0.9])
    assert head.point(np.array([4.0])) == 4
    np.testing.assert_array_equal(head.quantile(np.array([4.0]), [0.9]), [4])
    np.testing.assert_array_equal(head.sample(np.array([4.0]), np.random.default_rng(0), 2), [4, 4])


def test_a_level_that_was_not_trained_is_refused():
    with pytest.raises(ArgumentError, match=r"0\.95.*0\.1…0\.9 were trained"):
        make_head("quantiles", LEVELS).quantile(np.zeros(3), [0.95])


@pytest.mark.parametrize("levels", [(), (0.9, 0.1), (0.5, 0.5), (0.0, 0.5), (0.5, 1.0)])
def test_levels_must_increase_inside_zero_and_one(levels):
    with pytest.raises(ArgumentError, match="levels"):
        make_head("quantiles", levels)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ArgumentError, match="one of point, quantiles"):
        make_head("normal")
    with pytest.raises(ArgumentError, match="only quantiles"):
        make_head("gaussian", LEVELS)
    with pytest.raises(ShapeError, match=r"\[\.\.\., 2\]"):
        make_head("gaussian").point(np.zeros((4, 3)))
    with pytest.raises(ArgumentError, match="scale"):
        make_head("negative_binomial").quantile(np.zeros(2), [0.5], 0.0)
    with pytest.raises(ArgumentError, match="levels"):
        make_head("gaussian").quantile(np.zeros(2), [1.0])
