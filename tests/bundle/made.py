"""A small bundle, and what refusing one looks like."""

from __future__ import annotations

import numpy as np
import pytest

from elman import bundle
from elman.blueprint import CellConfig, sequence_to_vector
from elman.bundle import Bundle
from elman.errors import BundleError

BLUEPRINT = sequence_to_vector(input_size=2, cells=CellConfig("gru", 2), outputs=2)


def make(**changes) -> Bundle:
    random = np.random.default_rng(0)
    shapes = BLUEPRINT.shapes().items()
    content = {
        "task": "classifier",
        "blueprint": BLUEPRINT,
        "weights": {name: random.normal(size=shape).astype("float32") for name, shape in shapes},
        "tensors": {
            "mean": np.arange(2.0),
            "count": np.array(7),
            "nothing": np.zeros((0, 3), np.int32),
            "mask": np.array([True, False]),
        },
        "settings": {"names": ["naïve", "b"], "epochs": 3, "inner": {"rate": 0.1, "none": None}},
    }
    return Bundle(**content | changes)


def refused(path, *words) -> BundleError:
    with pytest.raises(BundleError) as caught:
        bundle.load(path)
    assert caught.value.where == str(path)
    for word in words:
        assert word in str(caught.value)
    return caught.value
