"""The linear map: against scikit-learn's ridge, in any batches, with values missing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from elman.errors import BundleError, DataError, ShapeError
from elman.metrics.forecasts.linear_forecast import (
    LARGEST_INPUT,
    LinearForecast,
    fit_linear_forecast,
)
from elman.metrics.linear import PENALTIES

draws = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def windows(draw, count=60, noise=0.5):
    inputs = draw.normal(size=(count, 5)) + 1
    map_ = draw.normal(size=(5, 3))
    return inputs, inputs @ map_ + 2 + noise * draw.normal(size=(count, 3))


@given(draw=draws)
def test_the_map_is_scikit_learns_ridge(draw):
    inputs, targets = windows(draw)
    fitted = fit_linear_forecast([(inputs, targets)], [windows(draw)])
    penalty = fitted.strength * inputs.var(axis=0).mean() * len(inputs)
    ridge = Ridge(alpha=penalty).fit(inputs, targets)
    np.testing.assert_allclose(fitted.map.weight, ridge.coef_, 1e-7, 1e-9)
    np.testing.assert_allclose(fitted(inputs), ridge.predict(inputs), 1e-7, 1e-9)


@given(draw=draws, cut=st.integers(0, 60))
def test_batches_do_not_matter(draw, cut):
    inputs, targets = windows(draw)
    targets[3, 1] = np.nan
    whole = fit_linear_forecast([(inputs, targets)])
    parts = [(inputs[part], targets[part]) for part in (slice(cut), slice(cut, None))]
    apart = fit_linear_forecast(part for part in parts)
    np.testing.assert_allclose(apart.map.weight, whole.map.weight, 1e-9, 1e-12)
    assert (apart.windows, apart.left_out) == (whole.windows, whole.left_out) == (59, 1)


def test_validation_chooses_the_strength():
    draw = np.random.default_rng(0)
    exact = windows(draw, noise=0.0)
    assert fit_linear_forecast([exact], [exact]).strength == PENALTIES[0]
    noise = draw.normal(size=(60, 3))
    unrelated = fit_linear_forecast([(exact[0], noise)], [(exact[0], np.zeros((60, 3)))])
    assert unrelated.strength == PENALTIES[-1]
    assert fit_linear_forecast([exact]).strength == 1e-2


def test_missing_inputs_count_as_the_level_and_missing_targets_not_at_all():
    draw = np.random.default_rng(0)
    inputs, targets = windows(draw)
    gaps = np.where(draw.random(inputs.shape) < 0.2, np.nan, inputs)
    filled = np.nan_to_num(gaps)
    fitted, same = (fit_linear_forecast([(i, targets)]) for i in (gaps, filled))
    np.testing.assert_allclose(fitted.map.weight, same.map.weight, rtol=1e-9)
    np.testing.assert_allclose(fitted(gaps), fitted(filled), rtol=1e-9)
    some = targets.copy()
    some[:10, 0] = np.nan
    rows = fit_linear_forecast([(inputs[10:], targets[10:])])
    fewer = fit_linear_forecast([(inputs, some)])
    np.testing.assert_allclose(fewer.map.weight, rows.map.weight, rtol=1e-9)
    partly = fit_linear_forecast([(inputs, targets)], [(inputs, some)])
    assert partly.strength in PENALTIES


def test_only_the_newest_inputs_are_read():
    draw = np.random.default_rng(0)
    inputs = draw.normal(size=(30, LARGEST_INPUT + 7)).astype(np.float32)
    targets = inputs[:, -1:] * 2
    fitted = fit_linear_forecast([(inputs, targets)])
    assert fitted.map.weight.shape == (1, LARGEST_INPUT)
    changed = inputs.copy()
    changed[:, :7] = 100
    np.testing.assert_allclose(fitted(inputs), fitted(changed), rtol=1e-9)


def test_an_input_that_never_varies_is_no_trouble():
    inputs = np.zeros((20, 4))
    fitted = fit_linear_forecast([(inputs, np.full((20, 2), 3.0))])
    np.testing.assert_allclose(fitted(inputs), 3.0)


def test_the_map_returns_from_its_tensors():
    draw = np.random.default_rng(0)
    inputs, targets = windows(draw)
    fitted = fit_linear_forecast([(inputs, targets)], [windows(draw)])
    again = LinearForecast.from_tensors(fitted.tensors())
    np.testing.assert_array_equal(again(inputs), fitted(inputs))
    assert (again.strength, again.windows, again.left_out) == (fitted.strength, 60, 0)
    for name in fitted.tensors():
        damaged = {key: value for key, value in fitted.tensors().items() if key != name}
        with pytest.raises(BundleError, match="linear map"):
            LinearForecast.from_tensors(damaged)


def test_what_does_not_fit_is_refused():
    inputs, targets = windows(np.random.default_rng(0))
    with pytest.raises(DataError, match="60 with missing"):
        fit_linear_forecast([(inputs, np.full_like(targets, np.nan))])
    with pytest.raises(ShapeError, match="be alike"):
        fit_linear_forecast([(inputs, targets), (inputs[:, 1:], targets)])
    with pytest.raises(ShapeError, match=r"\[B, 5\]"):
        fit_linear_forecast([(inputs, targets)])(inputs[:, 1:])
    with pytest.raises(ShapeError, match=r"\[B, F\]"):
        fit_linear_forecast([(inputs[0], targets[0])])
    with pytest.raises(ShapeError, match="60 windows"):
        fit_linear_forecast([(inputs, targets[1:])])
