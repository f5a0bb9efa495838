"""Calibration: what is promised of held-out errors holds for later ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import BundleError
from elman.runtime.forecasting.calibration import Calibration, grow

LEVELS = (0.1, 0.5, 0.9)


def fitted(actual, quantiles=None, mean=None, levels=LEVELS):
    shape = actual.shape
    quantiles = np.zeros((*shape, len(levels))) if quantiles is None else quantiles
    mean = np.zeros(shape) if mean is None else mean
    return Calibration.fit(actual, mean, quantiles, levels, np.arange(len(actual)))


def test_shifted_quantiles_cover_what_they_promise():
    """Skewed errors of another size at each step; the forecast says nothing of either."""
    draws = np.random.default_rng(0)
    size = np.array([1.0, 5.0])[:, None]
    errors = (draws.exponential(size=(6000, 2, 1)) - 0.3) * size
    calibration = fitted(errors[:1000])
    shifted = calibration.apply(np.zeros((5000, 2, 1, 3)))
    below = (errors[1000:, ..., None] <= shifted).mean(axis=0)
    np.testing.assert_allclose(below, np.broadcast_to(LEVELS, (2, 1, 3)), atol=0.04)


def test_on_average_an_interval_covers_at_least_its_share():
    """The law of split conformal prediction, where few windows make it hard: n = 39."""
    draws = np.random.default_rng(1)
    shares = []
    for _ in range(400):
        errors = draws.normal(size=(40, 1, 1))
        low, _, high = fitted(errors[:39]).offsets[0, 0]
        shares.append(low <= errors[39, 0, 0] <= high)
    assert 0.76 < np.mean(shares) < 0.86


@given(st.integers(30, 60), st.sampled_from((0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)))
def test_shifts_are_order_statistics(count, level):
    errors = np.random.default_rng(count).permutation(np.arange(1.0, count + 1))
    found = fitted(errors[:, None, None], levels=(level,)).offsets.item()
    place = level * (count + 1)
    outwards = np.ceil if level > 0.5 else np.floor
    rank = np.round(place) if level == 0.5 else outwards(place)
    assert found == np.clip(rank, 1, count)


def test_a_shift_is_of_the_quantile_it_belongs_to():
    draws = np.random.default_rng(2)
    actual = draws.normal(size=(200, 1, 1))
    quantiles = np.broadcast_to([-5.0, 0.0, 3.0], (200, 1, 1, 3))
    from_zero = fitted(actual).offsets
    np.testing.assert_allclose(fitted(actual, quantiles).offsets, from_zero - [-5, 0, 3], rtol=1e-6)


def test_few_windows_share_one_table():
    draws = np.random.default_rng(3)
    errors = draws.normal(size=(30, 4, 2)) * np.arange(1, 5)[:, None]
    few, many = fitted(errors[:29]).offsets, fitted(errors).offsets
    assert (few == few[:1]).all()
    assert (many != many[:1]).any()
    assert (few[0, 0] != few[0, 1]).any()  # targets keep their own
    pooled = np.sort(errors[:29, :, 0].reshape(-1))
    assert few[0, 0, 2] == pooled[int(np.ceil(0.9 * 117)) - 1].astype(np.float32)


def test_missing_actual_values_are_left_out():
    draws = np.random.default_rng(4)
    errors = draws.normal(size=(80, 2, 1))
    holes = errors.copy()
    holes[::2, 0] = np.nan
    found = fitted(holes)
    np.testing.assert_array_equal(found.offsets[0], fitted(errors[1::2]).offsets[0])
    np.testing.assert_array_equal(found.offsets[1], fitted(errors).offsets[1])
    np.testing.assert_array_equal(found.paths, errors[1::2].astype(np.float32))
    assert found.windows == 80


def test_a_step_never_observed_is_not_shifted():
    errors = np.ones((40, 2, 1))
    errors[:, 1] = np.nan
    found = fitted(errors)
    assert (found.offsets[0] == 1).all()
    assert (found.offsets[1] == 0).all()
    assert len(found.paths) == 0


def test_at_most_256_whole_errors_are_kept_as_paths_evenly_chosen():
    errors = np.arange(1000.0)[:, None, None] + np.zeros((1, 2, 1))
    paths = fitted(errors).paths[:, 0, 0]
    assert len(paths) == 256
    assert (paths[0], paths[-1]) == (0, 999)
    assert set(np.diff(paths)) == {3, 4}
    mean = np.full((1000, 2, 1), 0.5)
    np.testing.assert_array_equal(fitted(errors, mean=mean).paths[:, 0, 0], paths - 0.5)


def test_shifted_quantiles_do_not_cross():
    offsets = np.array([[[4.0, 0.0, -4.0]]], np.float32)
    calibration = Calibration(offsets, np.zeros((1, 1, 1), np.float32), 40)
    found = calibration.apply(np.array([1.0, 2.0, 3.0])[None, None, None])
    assert found.ravel().tolist() == [-1.0, 2.0, 5.0]


def test_the_forecast_moves_with_its_quantile_if_both_halves_of_the_time_say_so():
    draws = np.random.default_rng(6)
    noise = draws.normal(size=(60, 2, 1))
    quantiles = np.broadcast_to([-1.0, 0.0, 1.0], (60, 2, 1, 3))
    for errors, moves in (
        (noise + 3, True),
        (noise + np.where(np.arange(60) < 30, 3, -3)[:, None, None], False),
        (noise[:14] + 3, False),  # too few to tell
    ):
        some = quantiles[: len(errors)]
        found = fitted(errors, some)
        mean, shifted = found.forecast(np.zeros(errors.shape), some, LEVELS)
        np.testing.assert_array_equal(mean, shifted[..., 1])
        assert bool(mean.any()) == moves
        assert not moves or mean.mean() == pytest.approx(3, abs=0.5)
    unmoved = Calibration.fit(noise + 3, np.zeros(noise.shape), quantiles, LEVELS)
    mean, shifted = unmoved.forecast(np.zeros(noise.shape), quantiles, LEVELS)
    assert not mean.any()
    assert not shifted[..., 1].any()


def test_a_mean_that_is_no_median_keeps_apart_from_it():
    errors = np.random.default_rng(7).normal(size=(60, 1, 1)) + 3
    quantiles = np.broadcast_to([-2.0, -1.0, 1.0], (60, 1, 1, 3))
    mean, shifted = fitted(errors, quantiles).forecast(np.zeros(errors.shape), quantiles, LEVELS)
    assert mean.mean() == pytest.approx(3, abs=0.5)
    assert shifted[0, 0, 0, 1] == pytest.approx(mean[0, 0, 0], abs=1e-5)


def test_files_from_before_there_was_a_middle_answer_as_they_did():
    tensors = fitted(np.ones((40, 2, 1))).tensors()
    del tensors["middle"]
    old = Calibration.from_tensors(tensors)
    mean, _ = old.forecast(np.zeros((1, 2, 1)), np.zeros((1, 2, 1, 3)), LEVELS)
    assert not mean.any()
    assert "middle" not in old.tensors()
    with pytest.raises(BundleError, match="damaged"):
        Calibration.from_tensors(tensors | {"middle": np.zeros((3, 1), np.float32)})


def test_tensors_there_and_back():
    calibration = fitted(np.random.default_rng(5).normal(size=(50, 3, 2)))
    again = Calibration.from_tensors(calibration.tensors())
    np.testing.assert_array_equal(again.offsets, calibration.offsets)
    np.testing.assert_array_equal(again.paths, calibration.paths)
    assert again.windows == 50


def growing(count, seed=8, power=1.0):
    """Errors of windows whose size grows threefold, by some power of it."""
    draws = np.random.default_rng(seed)
    sizes = np.linspace(1, 3, count)[:, None]
    return draws.normal(size=(count, 2, 1)) * sizes[:, None] ** power, sizes


def test_errors_that_grow_are_kept_as_parts_of_what_was_read():
    errors, sizes = growing(300)
    nothing = np.zeros((*errors.shape, len(LEVELS)))
    times = np.arange(300)
    made = errors, np.zeros(errors.shape), nothing, LEVELS, times, None
    relative, absolute = Calibration.fit(*made, sizes), Calibration.fit(*made)
    assert relative.relative
    assert not absolute.relative
    large = np.full((2000, 1), 4.0)
    later = np.random.default_rng(9).normal(size=(2000, 2, 1)) * 4
    zeros = np.zeros((2000, 2, 1, 3))
    for calibration, least, most in ((relative, 0.76, 0.85), (absolute, 0.4, 0.7)):
        mean, found = calibration.forecast(later * 0, zeros, LEVELS, large)
        assert mean.shape == later.shape
        covered = ((found[..., 0] <= later) & (later <= found[..., 2])).mean()
        assert least < covered < most
    np.testing.assert_allclose(relative.paths_of(large[0]), relative.paths * 4)
    assert absolute.paths_of(large[0]) is absolute.paths
    again = Calibration.from_tensors(relative.tensors())
    assert again.relative
    assert "relative" not in absolute.tensors()


@pytest.mark.parametrize(("power", "found"), [(1.0, True), (0.0, False), (-1.0, False)])
def test_whether_errors_grow(power, found):
    for seed in range(10):
        errors, sizes = growing(200, seed, power)
        assert grow(errors, sizes, np.arange(200)) == found
    few, sizes = growing(15, power=power)
    assert not grow(few, sizes, np.arange(15))  # too few to tell


def test_sizes_that_tell_nothing_are_not_taken():
    draws = np.random.default_rng(10)
    for _ in range(10):
        errors = draws.normal(size=(200, 3, 1))
        assert not grow(errors, draws.uniform(0.5, 2, size=(200, 1)), np.arange(200))


NAN = np.full((3, 2, 3), np.nan, np.float32)


@pytest.mark.parametrize(
    "damage",
    [
        *({"offsets": bad} for bad in (None, NAN, NAN.astype(np.float64), np.float32(3), NAN[0])),
        *({"paths": bad} for bad in (None, NAN, np.zeros((4, 2, 2), np.float32), NAN[0])),
        {"windows": None},
        {"windows": np.array([], np.int64)},
        {"windows": np.array([-1])},
        {"windows": np.array([3.5])},
        {"windows": np.array(50)},
        {"relative": np.array([1])},
        {"relative": np.array(True)},
    ],
    ids=str,
)
def test_damaged_tensors(damage):
    tensors = fitted(np.random.default_rng(5).normal(size=(50, 3, 2))).tensors() | damage
    tensors = {name: array for name, array in tensors.items() if array is not None}
    with pytest.raises(BundleError, match="calibration"):
        Calibration.from_tensors(tensors)
