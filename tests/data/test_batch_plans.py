"""Which rows make a batch: each once, and what is computed for padding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.batch_plans import cut_rows, padded_steps
from elman.errors import ArgumentError


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(1, 8), st.booleans())
def test_every_row_is_in_one_batch(steps, size, by_tokens):
    steps = np.array(steps)
    tokens = 30 * size if by_tokens else None
    for draws in (None, np.random.default_rng(0)):
        cut = cut_rows(steps, np.arange(len(steps)), size, tokens, draws)
        assert sorted(np.concatenate(cut).tolist()) == list(range(len(steps)))
        assert padded_steps(steps, cut) >= steps.sum()
        if tokens is not None:
            assert all(len(rows) * max(1, steps[rows].max()) <= tokens for rows in cut)


def test_similar_lengths_waste_little():
    steps = np.random.default_rng(0).integers(1, 200, 1000)
    rows = np.arange(1000)
    by_size = 1 - steps.sum() / padded_steps(steps, cut_rows(steps, rows, 32))
    by_tokens = 1 - steps.sum() / padded_steps(steps, cut_rows(steps, rows, 1, 3200))
    assert by_size > 0.4
    assert by_tokens < 0.05


def test_a_row_longer_than_a_batch():
    with pytest.raises(ArgumentError, match="at least 9, the longest"):
        cut_rows(np.array([3, 9]), np.arange(2), 1, 8)
