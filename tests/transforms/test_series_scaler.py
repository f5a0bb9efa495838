"""Each series by its own scale: what it is, what it ignores, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import RobustScaler, StandardScaler

from elman.errors import ArgumentError, BundleError, ShapeError
from elman.transforms.series_scaler import SeriesScaler

KINDS = ("standard", "robust", "mean", "none")
OFFSETS = np.array([0, 7, 8, 20, 20])
INDEX = np.repeat(np.arange(4), np.diff(OFFSETS))


def several(seed: int = 0, missing: float = 0.0) -> np.ndarray:
    draws = np.random.default_rng(seed)
    values = draws.normal([3, -200], [1, 50], size=(20, 2)) * (1 + INDEX[:, None])
    values[draws.random(values.shape) < missing] = np.nan
    return values


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 500))
def test_the_way_back(kind, seed):
    values = several(seed, 0.2)
    scaler = SeriesScaler.fit(values, OFFSETS, kind)
    scaled = scaler.transform(values, INDEX)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaler.inverse(scaled, INDEX), values, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_series_has_its_own_scale_and_missing_values_no_say(kind, dtype):
    values = several(1, 0.2).astype(dtype)
    scaler = SeriesScaler.fit(values, OFFSETS, kind)
    for n, k in np.ndindex(4, 2):
        column = values[OFFSETS[n] : OFFSETS[n + 1], k]
        alone = SeriesScaler.fit(column[~np.isnan(column)][:, None], np.array([0, 99]), kind)
        assert scaler.centre[n, k] == alone.centre[0, 0]
        assert scaler.spread[n, k] == alone.spread[0, 0]


def test_the_kinds_are_what_they_are_elsewhere():
    values = several()[:7]
    for kind, other in (
        ("standard", StandardScaler()),
        ("robust", RobustScaler(unit_variance=True)),
    ):
        ours = SeriesScaler.fit(values, np.array([0, 7]), kind)
        theirs = other.fit_transform(values)
        np.testing.assert_allclose(
            ours.transform(values, np.zeros(7, int)), theirs, rtol=1e-3, atol=1e-5
        )
    mean = SeriesScaler.fit(np.array([[-1.0], [3.0]]), np.array([0, 2]), "mean")
    assert (mean.centre.item(), mean.spread.item()) == (0.0, 2.0)
    none = SeriesScaler.fit(values, np.array([0, 7]), "none")
    np.testing.assert_array_equal(none.inverse(values, np.zeros(7, int)), values)


@pytest.mark.parametrize("kind", ["standard", "robust"])
@pytest.mark.parametrize("constant", [0.1, 1e8, -3e-30, 0.0])
def test_a_constant_becomes_zero_and_comes_back(kind, constant):
    values = np.full((1000, 1), constant)
    scaler = SeriesScaler.fit(values, np.array([0, 1000]), kind)
    index = np.zeros(1000, int)
    assert (scaler.transform(values, index) == 0).all()
    np.testing.assert_array_equal(scaler.inverse(np.zeros((1000, 1)), index), values)


@pytest.mark.parametrize("kind", KINDS)
def test_series_of_zeros_and_empty_ones_stay_as_they_are(kind):
    values = np.array([[0.0], [0.0], [np.nan]])
    scaler = SeriesScaler.fit(values, np.array([0, 2, 3, 3]), kind)
    assert (scaler.centre == 0).all()
    assert (scaler.spread == 1).all()


def test_where_half_of_the_values_are_alike_robust_takes_the_deviation():
    values = np.array([0.0] * 9 + [10.0])[:, None]
    scaler = SeriesScaler.fit(values, np.array([0, 10]), "robust")
    assert scaler.spread.item() == pytest.approx(values.std())


def test_forecasts_and_their_deviations_come_back():
    scaler = SeriesScaler("standard", np.array([[1.0], [5.0]]), np.array([[2.0], [10.0]]))
    index, forecasts = np.array([1, 0, 1]), np.ones((3, 4, 1))
    assert scaler.inverse(forecasts, index)[:, 0, 0].tolist() == [15, 3, 15]
    assert scaler.scale_only(forecasts, index)[:, 3, 0].tolist() == [10, 2, 10]
    alone = scaler.inverse(np.ones((4, 1)), np.array(1))
    assert alone.tolist() == [[15]] * 4


def test_some_series():
    scaler = SeriesScaler.fit(several(), OFFSETS, "standard")
    picked = scaler.select([2, 0])
    np.testing.assert_array_equal(picked.centre, scaler.centre[[2, 0]])
    np.testing.assert_array_equal(picked.spread, scaler.spread[[2, 0]])
    assert picked.kind == "standard"


def test_it_travels():
    scaler = SeriesScaler.fit(several(), OFFSETS, "robust")
    found = SeriesScaler.from_tensors(scaler.tensors())
    assert found.kind == "robust"
    np.testing.assert_array_equal(found.centre, scaler.centre)
    np.testing.assert_array_equal(found.spread, scaler.spread)


@pytest.mark.parametrize(
    "change",
    [
        {"centre": np.zeros(3)},
        {"spread": np.zeros((4, 2))},
        {"spread": np.ones((4, 1))},
        {"centre": np.full((4, 2), np.nan)},
        {"bytes": np.frombuffer(b"strange", np.uint8)},
    ],
)
def test_damage_is_noticed(change):
    tensors = SeriesScaler.fit(several(), OFFSETS, "standard").tensors()
    with pytest.raises(BundleError):
        SeriesScaler.from_tensors(tensors | change)
    tensors.pop(*change)
    with pytest.raises(BundleError):
        SeriesScaler.from_tensors(tensors)


def test_what_does_not_fit():
    with pytest.raises(ArgumentError, match="scaling: found 'minmax'; one of standard"):
        SeriesScaler.fit(several(), OFFSETS, "minmax")
    scaler = SeriesScaler.fit(several(), OFFSETS, "standard")
    for values, index in (
        (np.zeros((3, 1)), np.zeros(3, int)),
        (np.zeros((3, 2)), np.zeros(2, int)),
        (np.zeros(2), np.zeros(2, int)),
    ):
        with pytest.raises(ShapeError, match="columns last"):
            scaler.transform(values, index)
