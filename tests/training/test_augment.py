from __future__ import annotations

import math

import numpy as np
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
