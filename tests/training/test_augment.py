from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from elman.training import Augmentation, augment
from elman.training.randomness import generator


class Fixed:
    """Draws the given amounts: angle, shear, size, right, down."""

    def __init__(self, *amounts: float) -> None:
        self._amounts = amounts

    def uniform(self, low: float, high: float, size: tuple[int, int]) -> np.ndarray:
        return np.repeat(np.array(self._amounts)[:, None], size[1], axis=1)


def distorted(image: np.ndarray, amounts: tuple[float, ...], **bounds: float) -> np.ndarray:
    inputs = torch.tensor(image, dtype=torch.float64)[None]
    return augment(inputs, Augmentation(**bounds), Fixed(*amounts))[0].numpy()


def test_nothing_changes_without_bounds():
    images = torch.rand(4, 6, 9)
    torch.testing.assert_close(augment(images, Augmentation(), np.random.default_rng(0)), images)


def test_shift_moves_down_and_right():
    image = np.zeros((6, 9))
    image[2, 3] = 1
    moved = distorted(image, (0, 0, 0, 1, 1), shift=2)
    assert np.argwhere(moved > 0.5).tolist() == [[4, 5]]
    np.testing.assert_allclose(moved.sum(), 1)


def test_edges_are_repeated():
    np.testing.assert_allclose(
        distorted(np.full((5, 4), 7.0), (1, 1, 1, 1, 1), shift=2, scale=0.3), 7
    )


def test_a_quarter_turn_is_rot90():
    image = np.random.default_rng(0).random((5, 5))
    turned = distorted(image, (1, 0, 0, 0, 0), rotate=math.pi / 2)
    rotations = [np.rot90(image), np.rot90(image, -1)]
    assert any(np.allclose(turned, rotation) for rotation in rotations)


def test_turning_keeps_shapes_in_oblong_images():
    # A round blob stays round whatever the sides of the image: pixels are square.
    row, column = np.mgrid[:15, :31]
    blob = np.exp(-((row - 7) ** 2 + (column - 15) ** 2) / 8)
    turned = distorted(blob, (1, 0, 0, 0, 0), rotate=math.pi / 3)
    np.testing.assert_allclose(turned, blob, atol=0.05)
    larger = distorted(blob, (0, 0, 1, 0, 0), scale=0.2)
    expected = np.exp(-((row - 7) ** 2 + (column - 15) ** 2) / (8 * 1.44))
    np.testing.assert_allclose(larger, expected, atol=0.05)


def test_shear_moves_rows_sideways_in_proportion():
    image = np.zeros((7, 11))
    image[:, 5] = 1
    sheared = distorted(image, (0, 1, 0, 0, 0), shear=1)
    columns = sheared.argmax(axis=1)
    assert abs(np.diff(columns)).tolist() == [1] * 6
    assert columns[3] == 5


def test_a_pure_function_of_the_generator():
    images, bounds = torch.rand(3, 8, 8), Augmentation(shift=2, rotate=0.3, scale=0.1, shear=0.2)
    once = augment(images, bounds, generator(1, "augment", 2, 3))
    again = augment(images, bounds, generator(1, "augment", 2, 3))
    other = augment(images, bounds, generator(1, "augment", 2, 4))
    assert torch.equal(once, again)
    assert not torch.equal(once, other)


def ragged(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of two features, NaN past each length."""
    inputs = torch.from_numpy(np.random.default_rng(seed).normal(size=(5, 9, 2)))
    lengths = torch.tensor([9, 4, 2, 1, 0])
    inputs[torch.arange(9) >= lengths[:, None]] = torch.nan
    return inputs, lengths


EACH = {"crop": 0.4, "warp": 0.3, "mix": 0.2, "noise": 0.1}


@pytest.mark.parametrize("name", EACH)
def test_sequences_of_any_length_keep_it(name):
    inputs, lengths = ragged()
    bounds = Augmentation(**{name: EACH[name]})
    found = augment(inputs, bounds, generator(0, "augment", 1, 1), lengths=lengths)
    for row, before, n in zip(found, inputs, lengths.tolist(), strict=True):
        assert torch.isfinite(row[:n]).all()
        assert n < 3 or not torch.equal(row[:n], before[:n])
    rows = [3, 0]  # a share of the batch has what it has in the whole
    share = (np.array(rows), 5)
    again = augment(
        inputs[rows], bounds, generator(0, "augment", 1, 1), share=share, lengths=lengths[rows]
    )
    torch.testing.assert_close(again[1], found[0], rtol=0, atol=0)
    torch.testing.assert_close(again[0, :1], found[3, :1], rtol=0, atol=0)


def test_padding_does_not_change_what_becomes_of_a_row():
    inputs, lengths = ragged()
    bounds = Augmentation(crop=0.3, warp=0.2, mix=0.2)
    found = augment(inputs, bounds, generator(0, "augment", 1, 1), lengths=lengths)
    cut = augment(
        inputs[:, :4], bounds, generator(0, "augment", 1, 1), lengths=lengths.clamp(max=4)
    )
    torch.testing.assert_close(found[1, :4], cut[1])


def test_a_line_stays_one_where_time_is_cropped_and_is_monotone_where_it_is_warped():
    line = torch.arange(20.0, dtype=torch.float64).repeat(50, 1)[..., None]
    cropped = augment(line, Augmentation(crop=0.5), np.random.default_rng(0))[..., 0]
    slopes = cropped.diff(dim=1)
    torch.testing.assert_close(slopes, slopes[:, :1].expand(-1, 19))
    assert 0.5 <= float(slopes.min()) < 0.6
    assert float(slopes.max()) <= 1
    assert float(cropped.min()) >= 0
    assert float(cropped.max()) <= 19
    warped = augment(line, Augmentation(warp=0.5), np.random.default_rng(0))[..., 0]
    speed = warped.diff(dim=1)
    torch.testing.assert_close(warped[:, 0], torch.zeros(50, dtype=torch.float64))
    torch.testing.assert_close(warped[:, -1], torch.full((50,), 19.0, dtype=torch.float64))
    assert float(speed.min()) >= 0.5
    assert float(speed.max()) <= 1.5
    assert float(speed.max() - speed.min()) > 0.5


def test_mixing_keeps_means_and_changes_what_it_may():
    inputs = torch.randn(200, 30, 2, dtype=torch.float64) * torch.tensor([1.0, 100.0]) + 7
    found = augment(inputs, Augmentation(mix=0.25), np.random.default_rng(0))
    torch.testing.assert_close(found.mean(dim=1), inputs.mean(dim=1))
    ratio = found.std(dim=1) / inputs.std(dim=1)
    assert 0.6 < float(ratio.min()) < 0.95
    assert 1.05 < float(ratio.max()) < 1.5
    constant = torch.full((3, 4, 1), 5.0)
    assert torch.equal(
        augment(constant, Augmentation(mix=1, noise=1), generator(0, "augment")), constant
    )


def test_noise_is_measured_in_each_features_own_deviation():
    inputs = torch.randn(100, 200, 2, dtype=torch.float64) * torch.tensor([1.0, 50.0])
    noise = augment(inputs, Augmentation(noise=0.1), np.random.default_rng(0)) - inputs
    shares = noise.std(dim=(0, 1)) / inputs.std(dim=(0, 1))
    torch.testing.assert_close(shares, torch.full_like(shares, 0.1), rtol=0.05, atol=0)
