"""Which outputs a cost uses, in one piece and segment by segment."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError, ShapeError
from elman.unrolling.chosen import choose_steps
from tests.unchecked import unchecked

T = 7
OUTPUTS = torch.arange(3 * T * 2).reshape(3, T, 2)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (None, [*range(T)]),
        (slice(None), [*range(T)]),
        (slice(2, 5), [2, 3, 4]),
        (slice(-2, None), [5, 6]),
        (slice(5, 2), []),
        (slice(1, None, 3), [1, 4]),
        ([0, 3, 6], [0, 3, 6]),
        ((4,), [4]),
        ([], []),
        (np.array([1, 2]), [1, 2]),
        (torch.tensor([1, 6], dtype=torch.int32), [1, 6]),
        (np.arange(T) > 4, [5, 6]),
        ([False] * T, []),
        ([True] * T, [*range(T)]),
    ],
)
@given(data=st.data())
def test_the_same_steps_in_segments_as_in_one_piece(steps, expected, data):
    chosen = choose_steps(steps, 3, T, None, False)
    assert chosen.size == len(expected)
    assert torch.equal(chosen.pick(OUTPUTS), OUTPUTS[:, expected])
    cuts = sorted({0, T, *data.draw(st.lists(st.integers(1, T - 1)))})
    assert torch.equal(gathered(chosen, cuts), OUTPUTS[:, expected])


def gathered(chosen, cuts):
    """What segments between these cuts put together."""
    found = OUTPUTS.new_zeros(3, chosen.size, 2)
    for start, stop in pairwise(cuts):
        where = chosen.find(start, stop)
        if where is not None:
            here, there = where
            part = OUTPUTS[:, start:stop]
            found[here] = part if there is None else part[there]
    return found


@pytest.mark.parametrize(
    ("lengths", "reverse", "expected"),
    [
        (None, False, [6, 6, 6]),
        (None, True, [0, 0, 0]),
        ([2, 7, 0], False, [1, 6, 0]),
        ([2, 7, 0], True, [0, 0, 0]),
    ],
)
def test_the_last_step_that_each_row_reads(lengths, reverse, expected):
    lengths = None if lengths is None else torch.tensor(lengths)
    chosen = choose_steps("last", 3, T, lengths, reverse)
    wanted = OUTPUTS[range(3), expected][:, None]
    assert torch.equal(chosen.pick(OUTPUTS), wanted)
    assert torch.equal(gathered(chosen, [0, 1, 4, T]), wanted)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([2, 1], "found 1 after 2; give increasing steps, 0 to 6"),
        ([1, 1], "found 1 after 1"),
        ([-1], "found -1"),
        ([7], "found 7"),
        (slice(None, None, -1), "give a slice that goes forward"),
        ("first", "found 'first'; give 'last', a slice"),
    ],
)
def test_steps_that_are_not_there(steps, message):
    with pytest.raises(ArgumentError, match=message):
        choose_steps(steps, 3, T, None, False)


@pytest.mark.parametrize("steps", [[True, False], [[1]], [1.0], 3, object()])
def test_what_is_no_steps(steps):
    with unchecked(), pytest.raises(ShapeError, match="steps: found"):
        choose_steps(steps, 3, T, None, False)
