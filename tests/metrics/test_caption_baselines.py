"""What a captioner is held against."""

from __future__ import annotations

import numpy as np
import pytest

from elman.errors import BundleError, ShapeError
from elman.metrics import caption_baselines
from elman.metrics.caption_baselines import (
    FREQUENT,
    NEAREST,
    CaptionBaselines,
    fit_captions,
    vectors_of,
)

VECTORS = np.array([[0, 0], [1, 0], [0, 5]], np.float32)
RIGHT = [["a", "b"], ["b"], ["c"]]


def test_both_answer_and_travel():
    baselines = fit_captions(VECTORS, RIGHT)
    asked = np.array([[0.9, 0.2], [0, 2.4], [0, 2.6], [0.5, 0]], np.float32)
    said = baselines.answers(asked)
    assert said == {FREQUENT: ["b"] * 4, NEAREST: ["b", "a", "c", "a"]}
    assert baselines.names == (FREQUENT, NEAREST)
    assert baselines.notes == ()
    again = CaptionBaselines.from_tensors(baselines.tensors())
    assert again.answers(asked) == said


def test_the_nearest_is_that_of_all_distances():
    draws = np.random.default_rng(0)
    known, asked = (draws.normal(size=(n, 7)).astype(np.float32) for n in (50, 600))
    baselines = fit_captions(known, [[str(k)] for k in range(50)])
    distances = ((asked[:, None] - known[None]) ** 2).sum(axis=2)
    wanted = [str(k) for k in distances.argmin(axis=1)]
    assert baselines.answers(asked)[NEAREST] == wanted


def test_of_too_many_some_are_drawn(monkeypatch):
    monkeypatch.setattr(caption_baselines, "MOST_BYTES", 80)
    vectors = np.arange(200, dtype=np.float32).reshape(100, 2)
    baselines = fit_captions(vectors, [[str(k)] for k in range(100)], seed=1)
    assert len(baselines.captions) == 10
    assert baselines.captions == tuple(str(int(v[0]) // 2) for v in baselines.vectors)
    assert baselines.notes == ("the nearest training item is one of 10 of 100, drawn",)


def test_what_items_are_compared_by():
    steps = np.array([[[1.0, 2], [3, 4], [9, 9]], [[5, 6], [9, 9], [9, 9]]])
    assert vectors_of(steps, np.array([2, 1])).tolist() == [[2, 3], [5, 6]]
    assert vectors_of(steps).shape == (2, 6)
    large = np.random.default_rng(0).integers(256, size=(2, 50, 50), dtype=np.uint8)
    found = vectors_of(large)
    assert found.shape == (2, 25 * 25)
    assert found[1, 26] == pytest.approx(large[1, 2:4, 2:4].mean())
    odd = vectors_of(np.ones((1, 51, 51, 3)))
    assert np.allclose(odd, 1)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match="references: 1 for 3 items"):
        fit_captions(VECTORS, RIGHT[:1])
    tensors = fit_captions(VECTORS, RIGHT).tensors()
    for name in tensors:
        with pytest.raises(BundleError, match="baselines"):
            CaptionBaselines.from_tensors({k: v for k, v in tensors.items() if k != name})
    with pytest.raises(BundleError, match="do not fit together"):
        CaptionBaselines.from_tensors(tensors | {"caption_vectors": VECTORS[:2]})
