"""Scenes of two digits: what is drawn is what is said."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data.sets.captions import caption_names, load_captions
from elman.data.sets.labelled import load
from elman.data.sets.scenes import scenes
from elman.errors import ArgumentError, DataError

NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def test_the_named_digits_stand_where_it_is_said(real_data):
    data = scenes(60, seed=0, part="test")
    assert data.items.shape == (60, 56, 56)
    assert data.items.dtype == np.uint8
    digits = load("mnist", "test")
    images = np.round(255 * digits.sequences.values).astype(np.uint8)
    known = {
        name: {_ink(image) for image in images[digits.labels == k]} for k, name in enumerate(NAMES)
    }
    relations = set()
    for scene, caption in zip(data.items, data.target, strict=True):
        first, relation, second = (caption.split()[k] for k in (1, 2, -1))
        relations.add(relation)
        turned = scene if relation == "above" else scene.T
        halves = [(turned[:cut], turned[cut:]) for cut in range(12, 44)]
        if relation != "above":
            halves = [(one.T, other.T) for one, other in halves]
        found = [(_ink(a) in known[first], _ink(b) in known[second]) for a, b in halves]
        assert (True, True) in found, caption
    assert relations == {"above", "left"}


def _ink(image: np.ndarray) -> tuple[tuple[int, ...], bytes]:
    """An image without what is empty around it."""
    rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return (), b""
    box = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return box.shape, box.tobytes()


def test_they_are_drawn_by_the_seed(real_data):
    one, same, other = (scenes(10, seed) for seed in (0, 0, 1))
    assert (one.items == same.items).all()
    assert one.target == same.target != other.target
    with pytest.raises(ArgumentError, match="part: found 'dev'"):
        scenes(1, 0, "dev")
    with pytest.raises(ArgumentError, match="found 0, 0"):
        scenes(0, 0)


def test_by_name(real_data, tmp_path):
    assert caption_names() == ("scenes",)
    assert len(load_captions("scenes", "test")) == 2000
    with pytest.raises(ArgumentError, match="captions: given for scenes"):
        load_captions("scenes", captions="a.csv")
    with pytest.raises(ArgumentError, match="did you mean scenes"):
        load_captions("scene")
    with pytest.raises(DataError, match=r"'stocks': has no captions; one of scenes"):
        load_captions("stocks")
    np.save(tmp_path / "a.npy", np.ones((2, 3)))
    assert load_captions(str(tmp_path / "a.npy")).references is None
    with pytest.raises(ArgumentError, match="has no parts"):
        load_captions(str(tmp_path / "a.npy"), "test")
