"""What the linear baselines see of a sequence."""

from types import SimpleNamespace

import numpy as np
import pytest

from elman.errors import ShapeError
from elman.metrics.features import averaged, flattened, real_steps

VALUES = np.array([[[1.0, 2], [3, 4], [0, 0]], [[5, 6], [7, 8], [0, 0]], [[0, 0]] * 3], "float32")


def test_flattened_lays_the_real_steps_side_by_side():
    equal = SimpleNamespace(values=VALUES[:2], lengths=np.array([2, 2]))
    assert flattened(equal).tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]


def test_averaged_means_over_real_steps_only_and_zero_for_none():
    some = SimpleNamespace(values=VALUES, lengths=np.array([2, 2, 0]))
    assert averaged(some).tolist() == [[2, 3], [6, 7], [0, 0]]


def test_real_steps_leaves_the_padding_out():
    steps = real_steps(VALUES, np.array([2, 1, 0]))
    assert steps.tolist() == [[1, 2], [3, 4], [5, 6]]
    with pytest.raises(ShapeError, match="lengths"):
        real_steps(VALUES, np.array([2, 1]))
