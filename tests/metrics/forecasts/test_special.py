"""Distribution functions against SciPy's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special as scipy_special
from scipy import stats

from elman.metrics.forecasts import special

draws = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@given(draw=draws)
def test_normal_cdf_is_scipys(draw):
    z = draw.normal(size=(4, 5)) * 3
    np.testing.assert_allclose(special.normal_cdf(z), stats.norm.cdf(z), 1e-12, 1e-15)


@given(draw=draws)
def test_incomplete_beta_is_scipys(draw):
    a, b = 10 ** draw.uniform(-2, 3, (2, 100))
    x = np.concatenate([draw.random(98), [0.0, 1.0]])
    expected = scipy_special.betainc(a, b, x)
    np.testing.assert_allclose(special.beta_ratio(x, a, b), expected, rtol=0, atol=1e-11)


@settings(max_examples=5)
@given(draw=draws)
def test_incomplete_beta_holds_for_large_parameters(draw):
    a, b = 10 ** draw.uniform(3, 6, (2, 20))
    deviation = np.sqrt(a * b / (a + b) ** 3)
    x = (a / (a + b) + draw.normal(size=20) * deviation).clip(0, 1)
    expected = scipy_special.betainc(a, b, x)
    np.testing.assert_allclose(special.beta_ratio(x, a, b), expected, rtol=0, atol=1e-8)


@given(draw=draws)
def test_student_is_scipys(draw):
    freedom = 2 + 10 ** draw.uniform(-8, 4, 100)
    level = np.concatenate([draw.random(95), [1e-8, 1e-4, 0.5, 0.999, 1 - 1e-9]])
    expected = stats.t.ppf(level, freedom)
    np.testing.assert_allclose(special.student_quantile(level, freedom), expected, 1e-9, 1e-10)
    t = draw.normal(size=100) * 3
    np.testing.assert_allclose(special.student_cdf(t, freedom), stats.t.cdf(t, freedom), 1e-9)


@settings(max_examples=8)
@given(draw=draws)
def test_negative_binomial_is_scipys(draw):
    mean, dispersion = 10 ** draw.uniform(-3, 4, 60), 10 ** draw.uniform(-4, 1, 60)
    size, chance = 1 / dispersion, 1 / (1 + dispersion * mean)
    level = draw.uniform(0.001, 0.999, 60)
    found = special.negative_binomial_quantile(level, mean, dispersion)
    # where a level falls on a step to within rounding, either side of the step is right
    below, above = (stats.nbinom.ppf(level * (1 + sign * 1e-7), size, chance) for sign in (-1, 1))
    assert ((below <= found) & (found <= above)).all()
    expected = stats.nbinom.cdf(found, size, chance)
    ours = special.negative_binomial_cdf(found, mean, dispersion)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("mean", "expected"),
    [(0.0, 0.0), (1e-12, 0.0), (1e6, stats.nbinom.ppf(0.9, 2, 2e-6 / 1.000002))],
)
def test_negative_binomial_at_the_ends(mean, expected):
    assert special.negative_binomial_quantile(0.9, mean, 0.5) == pytest.approx(expected, abs=1)


def test_answers_have_the_shape_of_their_broadcast_arguments():
    level, freedom = np.array([0.1, 0.5, 0.9]), np.array([[3.0], [4.0]])
    assert special.student_quantile(level, freedom).shape == (2, 3)
    assert special.negative_binomial_quantile(level, freedom, 0.5).shape == (2, 3)
    assert special.beta_ratio(level, 2.0, freedom).shape == (2, 3)
