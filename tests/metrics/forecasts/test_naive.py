"""Naive forecasts: each by its definition, whole arrays against one window at a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError, ShapeError
from elman.metrics.forecasts.naive import NAIVE

draws = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def by_definition(name, past, horizon, season):
    """One window, one step ahead at a time, in plain Python."""
    known = [step for step, value in enumerate(past) if not np.isnan(value)]
    if not known:
        return [np.nan] * horizon
    last, length = known[-1], len(past)
    answer = []
    for time in range(length, length + horizon):
        if name == "seasonal naive":
            alike = [step for step in known if (time - step) % season == 0]
            answer.append(past[alike[-1]] if alike else past[last])
        elif name == "drift":
            first = known[0]
            slope = (past[last] - past[first]) / (last - first) if last > first else 0
            answer.append(past[last] + slope * (time - last))
        else:
            answer.append(past[last] if name == "last value" else np.mean(past[known]))
    return answer


@pytest.mark.parametrize("name", NAIVE)
@given(
    draw=draws,
    length=st.integers(1, 12),
    horizon=st.integers(1, 9),
    season=st.integers(1, 14),
    missing=st.sampled_from([0.0, 0.3, 0.8]),
)
def test_windows_are_forecast_by_definition(name, draw, length, horizon, season, missing):
    inputs = draw.normal(size=(5, length))
    inputs[draw.random(inputs.shape) < missing] = np.nan
    untouched = inputs.copy()
    found = NAIVE[name](inputs, horizon, season)
    expected = [by_definition(name, past, horizon, season) for past in inputs]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(inputs, untouched)


@pytest.mark.parametrize("name", NAIVE)
def test_one_window_and_any_leading_axes(name):
    inputs = np.random.default_rng(0).normal(size=(2, 3, 8))
    found = NAIVE[name](inputs, 4, 3)
    assert found.shape == (2, 3, 4)
    np.testing.assert_allclose(NAIVE[name](inputs[1, 2], 4, 3), found[1, 2])


@pytest.mark.parametrize("name", NAIVE)
def test_what_does_not_fit_is_refused(name):
    with pytest.raises(ShapeError, match="at least one step"):
        NAIVE[name](np.zeros((3, 0)), 2, 1)
    with pytest.raises(ArgumentError, match="horizon"):
        NAIVE[name](np.zeros(3), 0, 1)
    with pytest.raises(ArgumentError, match="season"):
        NAIVE[name](np.zeros(3), 1, 0)
