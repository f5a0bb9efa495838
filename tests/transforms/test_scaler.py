"""The scaler: real steps only, constants, and the way back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from elman.errors import BundleError, DataError, ShapeError
from elman.transforms import Scaler


@pytest.fixture
def ragged():
    draw = np.random.default_rng(0)
    lengths = draw.integers(0, 8, size=30)
    values = draw.normal([3, -200, 0.5], [1, 50, 1e-3], size=(30, 7, 3)).astype(np.float32)
    values[np.arange(7) >= lengths[:, None]] = 0
    return values, lengths


def test_real_steps_get_mean_zero_and_deviation_one_and_padding_stays_zero(ragged):
    values, lengths = ragged
    real = np.arange(7) < lengths[:, None]
    scaled = Scaler.fit(values, lengths).transform(values, lengths)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled[real].mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(scaled[real].std(axis=0), 1, rtol=1e-4)
    assert (scaled[~real] == 0).all()


def test_padding_is_not_learnt_from(ragged):
    values, lengths = ragged
    dirty = values.copy()
    dirty[np.arange(7) >= lengths[:, None]] = np.nan
    one, other = Scaler.fit(values, lengths), Scaler.fit(dirty, lengths)
    np.testing.assert_array_equal(one.mean, other.mean)
    np.testing.assert_array_equal(one.deviation, other.deviation)
    assert (one.transform(dirty, lengths) == one.transform(values, lengths)).all()


@given(st.integers(0, 1000))
def test_without_lengths_it_is_scikit_learns(seed):
    values = np.random.default_rng(seed).normal(seed, 1 + seed, size=(20, 3))
    ours, theirs = Scaler.fit(values), StandardScaler().fit(values)
    np.testing.assert_allclose(ours.transform(values), theirs.transform(values), atol=1e-9)
    np.testing.assert_allclose(ours.inverse(ours.transform(values)), values, rtol=1e-9, atol=1e-9)
    in_time = values.reshape(4, 5, 3)
    np.testing.assert_array_equal(Scaler.fit(in_time).mean, ours.mean)


@pytest.mark.parametrize("constant", [0.1, 1e8, -3e-30, 0.0])
def test_a_feature_that_never_varies_becomes_zero_and_comes_back(constant):
    values = np.full((1000, 1), constant, dtype=np.float32)
    scaler = Scaler.fit(values)
    assert scaler.deviation.tolist() == [1.0]
    assert (scaler.transform(values) == 0).all()
    np.testing.assert_array_equal(scaler.inverse(np.zeros_like(values)), values)
    assert np.isfinite(scaler.transform(values + 1)).all()


def test_integers_come_out_as_floats():
    scaler = Scaler.fit(np.array([[1], [3]]))
    assert scaler.transform(np.array([[2], [4]])).tolist() == [[0.0], [2.0]]


def test_tensors_carry_everything(ragged):
    values, lengths = ragged
    scaler = Scaler.fit(values, lengths)
    again = Scaler.from_tensors(scaler.tensors())
    np.testing.assert_array_equal(again.transform(values), scaler.transform(values))


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        {"mean": np.zeros(2)},
        {"mean": np.zeros(2), "deviation": np.ones(3)},
        {"mean": np.zeros(2), "deviation": np.zeros(2)},
        {"mean": np.array([np.nan]), "deviation": np.ones(1)},
    ],
)
def test_damaged_tensors_are_a_damaged_bundle(tensors):
    with pytest.raises(BundleError, match="scaler"):
        Scaler.from_tensors(tensors)


def test_shapes_are_checked(ragged):
    values, lengths = ragged
    scaler = Scaler.fit(values, lengths)
    with pytest.raises(ShapeError, match="values"):
        scaler.transform(values[:, :, :2])
    with pytest.raises(ShapeError, match="values"):
        scaler.inverse(values[:, :, :2])
    with pytest.raises(ShapeError, match="lengths"):
        scaler.transform(values, lengths[:-1])
    with pytest.raises(ShapeError, match="values"):
        Scaler.fit(values[0, 0])
    with pytest.raises(DataError, match="no steps"):
        Scaler.fit(values, np.zeros_like(lengths))
