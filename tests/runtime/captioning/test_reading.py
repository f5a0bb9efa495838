"""Items as a network reads them: by hand, and the same in torch."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from elman.errors import ShapeError
from elman.runtime.captioning.reading import SCANS, Scan, as_read, padded_items
from elman.tasks.captioning import PixelReader
from elman.transforms.scaler import Scaler

PIXELS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


def test_rows_and_then_columns():
    rows = as_read(PIXELS, Scan())
    assert rows.dtype == np.float32
    assert np.allclose(rows, PIXELS / 255)
    both = 255 * as_read(PIXELS, Scan("both"))
    assert both.shape == (2, 6, 6)
    assert np.allclose(both[1, 2], [*PIXELS[1, 2], 0, 0, 0])
    assert np.allclose(both[1, 5], [0, 0, 0, *PIXELS[1, :, 2]])


def test_strips_are_neighbouring_rows_and_end_in_zeros():
    found = 255 * as_read(PIXELS, Scan("rows", 2))
    assert found.shape == (2, 2, 6)
    assert np.allclose(found[0], [[*PIXELS[0, 0], *PIXELS[0, 1]], [*PIXELS[0, 2], 0, 0, 0]])
    both = 255 * as_read(PIXELS, Scan("both", 2))
    assert both.shape == (2, 4, 12)
    assert np.allclose(both[0, 1], [*PIXELS[0, 2], *[0] * 9])
    assert np.allclose(both[0, 2], [*[0] * 6, *PIXELS[0, :, 0], *PIXELS[0, :, 1]])


def test_colours_stay_with_their_pixel():
    coloured = np.arange(2 * 4 * 5 * 3).reshape(2, 4, 5, 3).astype(np.float64)
    found = as_read(coloured, Scan())
    assert found.shape == (2, 4, 15)
    assert found[1, 2, 3:6].tolist() == coloured[1, 2, 1].tolist()
    with pytest.raises(ShapeError, match="items: 4 by 5, and rows and columns are read"):
        as_read(coloured, Scan("both"))


def test_numbers_that_are_no_pixels_are_scaled():
    vectors = np.array([[1.0, 10.0], [3.0, 30.0]])
    found = as_read(vectors, Scan(), Scaler.fit(vectors))
    assert found.tolist() == [[-1, -1], [1, 1]]
    assert as_read(vectors, Scan()).tolist() == vectors.tolist()


@pytest.mark.parametrize(("lines", "strip"), [*product(SCANS, (1, 2, 3, 5))])
@pytest.mark.parametrize("shape", [(7, 7), (7, 7, 3)])
def test_torch_reads_the_same_and_the_size_is_told(lines, strip, shape):
    images = np.random.default_rng(0).integers(256, size=(4, *shape), dtype=np.uint8)
    scan = Scan(lines, strip)
    seen = []

    class Kept(torch.nn.Module):
        def forward(self, source, *others):
            seen.append((source, others))

    PixelReader(Kept(), scan)(torch.from_numpy(images), "targets", None, "lengths")
    ((source, others),) = seen
    wanted = as_read(images, scan)
    assert np.array_equal(source.numpy(), wanted)
    steps = -(-7 // strip) * (2 if lines == "both" else 1)
    assert wanted.shape == (4, steps, scan.size(shape))
    assert others == ("targets", None, "lengths")


def test_items_side_by_side():
    found, lengths = padded_items([np.ones((3, 2), np.float32), np.ones((1, 2), np.float32)])
    assert lengths is not None
    assert lengths.tolist() == [3, 1]
    assert found.sum(axis=(1, 2)).tolist() == [6, 2]
    vectors, nothing = padded_items([np.zeros(2), np.ones(2)])
    assert vectors.shape == (2, 2)
    assert nothing is None
