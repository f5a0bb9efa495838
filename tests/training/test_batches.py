from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ArgumentError, ShapeError
from elman.targets import Target
from elman.training import Examples
from elman.training.loop.batches import batch_rows, batches, padded_share
from elman.training.randomness import generator
from tests.training.networks import examples


def ragged(lengths: list[int]) -> Examples:
    rows = len(lengths)
    return Examples(
        torch.zeros(rows, 40, 1), torch.zeros(rows), torch.tensor(lengths), kind=Target.CLASS
    )


def even(rows: int) -> Examples:
    return Examples(torch.zeros(rows, 7, 1), torch.zeros(rows), kind=Target.CLASS)


def order(seed: int, epoch: int) -> np.random.Generator:
    return generator(seed, "order", epoch)


@given(st.integers(1, 50), st.integers(1, 12), st.integers(0, 2**63), st.integers(1, 100))
def test_batches_by_size_hold_every_row_once(rows, size, seed, epoch):
    cut = batch_rows(even(rows), size, draws=order(seed, epoch))
    assert sorted(np.concatenate(cut)) == list(range(rows))
    assert [len(batch) for batch in cut[:-1]] == [size] * (len(cut) - 1)
    assert 1 <= len(cut[-1]) <= size
    again = batch_rows(even(rows), size, draws=order(seed, epoch))
    assert all((a == b).all() for a, b in zip(cut, again, strict=True))


def test_order_depends_on_seed_and_epoch():
    orders = {
        tuple(np.concatenate(batch_rows(even(30), 4, draws=order(seed, epoch))))
        for seed in range(5)
        for epoch in range(1, 6)
    }
    assert len(orders) == 25


def test_without_draws_rows_stay_as_they_stand():
    assert [rows.tolist() for rows in batch_rows(even(5), 2)] == [[0, 1], [2, 3], [4]]


def test_batches_are_the_rows_that_were_cut():
    data = examples()
    cut = batch_rows(data, 5, draws=order(0, 1))
    for rows, batch in zip(cut, batches(data, cut), strict=True):
        longest = batch.inputs.shape[1]
        assert longest == data.steps()[rows].max()
        assert torch.equal(batch.inputs, data.inputs[rows, :longest])
        assert torch.equal(batch.targets, data.targets[rows])


def test_ragged_batches_are_cut_to_their_longest_row():
    targets = torch.arange(12.0).reshape(3, 4, 1)
    data = Examples(
        torch.ones(3, 4, 2), targets, torch.tensor([1, 4, 2]), kind=Target.NUMBERS_PER_STEP
    )
    batch = data.select(torch.tensor([2, 0]))
    assert batch.inputs.shape == (2, 2, 2)
    assert torch.equal(batch.targets, targets[[2, 0], :2])
    assert data.select(torch.tensor([1])).inputs.shape == (1, 4, 2)


def test_rows_must_agree():
    with pytest.raises(ShapeError, match="targets: 2 rows; 3"):
        Examples(torch.ones(3, 4, 2), torch.zeros(2), kind=Target.CLASS)


def test_fingerprint_tells_data_apart():
    data = examples()
    other = Examples(data.inputs.clone(), data.targets, data.lengths, kind=data.kind)
    assert data.fingerprint() == other.fingerprint()
    other.inputs[3, 0, 0] += 1e-5
    assert data.fingerprint() != other.fingerprint()
    assert data.fingerprint() != Examples(data.inputs, data.targets, kind=data.kind).fingerprint()


sets = st.lists(st.integers(0, 40), min_size=1, max_size=60).map(ragged) | st.integers(1, 60).map(
    even
)


@given(sets, st.integers(40, 200), st.integers(0, 2**63), st.integers(1, 100))
def test_batches_by_tokens_hold_every_row_once_within_the_bound(data, tokens, seed, epoch):
    cut = batch_rows(data, 1, tokens, order(seed, epoch))
    assert sorted(np.concatenate(cut)) == list(range(len(data)))
    assert all(len(rows) * data.steps()[rows].max() <= tokens for rows in cut)
    again = batch_rows(data, 1, tokens, order(seed, epoch))
    assert all((a == b).all() for a, b in zip(cut, again, strict=True))


@given(sets, st.integers(1, 9), st.none() | st.integers(40, 200), st.integers(1, 100))
def test_every_epoch_has_as_many_batches(data, size, tokens, epoch):
    cut = batch_rows(data, size, tokens, order(0, epoch))
    assert len(cut) == len(batch_rows(data, size, tokens))


def test_batches_by_tokens_are_full_and_little_padded():
    lengths = np.random.default_rng(0).integers(1, 41, 4000)
    data = ragged(lengths.tolist())
    cut = batch_rows(data, 1, 400, order(0, 1))
    assert padded_share(data, cut) < 0.05
    assert len(cut) <= 1.1 * lengths.sum() / 400
    size = len(data) // len(cut)
    by_size = batch_rows(data, size, None, order(0, 1))
    assert padded_share(data, by_size) > 0.3


def test_batches_by_tokens_are_shuffled():
    data = ragged(np.random.default_rng(0).integers(1, 41, 400).tolist())
    first, second = (batch_rows(data, 1, 400, order(0, e)) for e in (1, 2))
    longest = [data.steps()[rows].max() for rows in first]
    assert longest != sorted(longest, reverse=True)
    together = [{frozenset(rows.tolist()) for rows in cut} for cut in (first, second)]
    assert len(together[0] & together[1]) < 0.1 * len(first)


def test_a_row_must_fit_into_a_batch():
    with pytest.raises(ArgumentError, match="batch_tokens: found 29; at least 30, the longest"):
        batch_rows(ragged([3, 30]), 1, 29)


def test_padded_share_counts_steps():
    assert padded_share(even(9), batch_rows(even(9), 4)) == 0.0
    data = ragged([10, 5, 0])
    assert padded_share(data, [np.array([0, 1]), np.array([2])]) == pytest.approx(1 - 15 / 21)
    again = 20 * [np.array([0, 1]), np.array([2])]  # an epoch of more steps than rows
    assert padded_share(data, again) == pytest.approx(1 - 15 / 21)


def test_token_ids_are_batched_like_features():
    ids = torch.tensor([[3, 1, 2], [4, 0, 0], [5, 6, 0]])
    lengths = torch.tensor([3, 1, 2])
    data = Examples(ids, torch.zeros(3, 1), lengths, kind=Target.NUMBERS)
    batch = data.select(np.array([1, 2]))
    assert batch.inputs.tolist() == [[4, 0], [5, 6]]
    assert batch.inputs.dtype == torch.int64
    assert data.steps().tolist() == [3, 1, 2]
    other = Examples(ids + 1, data.targets, lengths, kind=Target.NUMBERS)
    assert data.fingerprint() != other.fingerprint()
