"""Scenes of two handwritten digits with a caption: "a seven above a three", made of real images."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from elman.data.captions import Captions
from elman.data.readers.idx import find_pair, read_idx
from elman.data.sets import catalogue
from elman.errors import ArgumentError
from elman.printable import many

__all__ = ["CANVAS", "scenes"]

CANVAS = 56
"""Rows and columns of a scene."""

_DIGITS = "mnist"
_SIZE = 28  # rows and columns of a digit's image, which has 4 empty ones on each side
_APART = 22  # rows (or columns) that the second digit begins after the first, at least
_ASIDE = 10  # columns (or rows) by which it may be shifted across
_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_RELATIONS = ("above", "left of")


def scenes(count: int, seed: int, part: str = "train") -> Captions:
    """Scenes of two digits, one above or left of the other, drawn by the seed.

    Images, places and relation are drawn; the upper or left digit is named first. Scenes of the
    two parts are made of the images of MNIST's own two parts, so no digit stands in both.

    Args:
        count: N, ≥ 1.
        seed: ≥ 0.
        part: 'train' or 'test'.

    Returns:
        Images `[N, 56, 56]`, bytes, with one caption each.

    Raises:
        ArgumentError: A number is below its least, or there is no such part.
        ChecksumError, DataError: Of MNIST; see `elman.data.sets.catalogue.locate`.
    """
    if part not in ("train", "test"):
        raise ArgumentError("part", f"found {part!r}", "'train' or 'test'")
    if count < 1 or seed < 0:
        raise ArgumentError("count, seed", f"found {count}, {seed}", "≥ 1 and ≥ 0")
    pixels, labels = find_pair(catalogue.locate(_DIGITS), part)
    assert labels is not None  # the set has them
    images, classes = read_idx(pixels), read_idx(labels)
    draws = np.random.default_rng(seed)
    chosen = draws.integers(len(images), size=(count, 2))
    beside = draws.integers(len(_RELATIONS), size=count)
    places = _places(count, beside, draws)
    canvas = np.zeros((count, CANVAS, CANVAS), np.uint8)
    for row in range(count):
        for image, (down, across) in zip(chosen[row], places[row], strict=True):
            window = canvas[row, down : down + _SIZE, across : across + _SIZE]
            np.maximum(window, images[image], out=window)
    captions = tuple(
        (f"a {_NAMES[one]} {_RELATIONS[relation]} a {_NAMES[other]}",)
        for (one, other), relation in zip(classes[chosen], beside, strict=True)
    )
    note = f"scenes: {many(count, 'scene')} made of digits of MNIST's {part} part, seed {seed}"
    return Captions(canvas, captions, name="scenes", notes=(note,))


def _places(
    count: int, beside: Int[np.ndarray, "N"], draws: np.random.Generator
) -> Int[np.ndarray, "N 2 2"]:
    """For each scene row and column at which the two digits' images begin."""
    room = CANVAS - _SIZE
    first = draws.integers(room - _APART + 1, size=count)
    second = draws.integers(first + _APART, room + 1)
    aside = draws.integers(room + 1, size=count)
    shifted = np.clip(aside + draws.integers(-_ASIDE, _ASIDE + 1, size=count), 0, room)
    found = np.stack([np.stack([first, aside], 1), np.stack([second, shifted], 1)], 1)
    return np.where(beside[:, None, None] == 0, found, found[:, :, ::-1])
