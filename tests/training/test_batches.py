from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import ShapeError
from elman.training import Examples, batches, epoch_order
from tests.training.networks import examples


@given(st.integers(1, 50), st.integers(0, 2**63), st.integers(1, 100))
def test_order_is_a_permutation_and_a_pure_function(rows, seed, epoch):
    order = epoch_order(rows, seed, epoch)
    assert sorted(order) == list(range(rows))
    assert (order == epoch_order(rows, seed, epoch)).all()


def test_order_depends_on_seed_and_epoch():
    orders = {tuple(epoch_order(30, seed, epoch)) for seed in range(5) for epoch in range(1, 6)}
    assert len(orders) == 25


@given(st.integers(1, 25), st.integers(1, 12))
def test_every_row_is_in_one_batch(rows, batch_size):
    data = Examples(torch.arange(rows).float()[:, None, None], torch.zeros(rows, dtype=torch.int64))
    cut = list(batches(data, batch_size, epoch_order(rows, 0, 1)))
    assert [len(batch) for batch in cut[:-1]] == [batch_size] * (len(cut) - 1)
    assert 1 <= len(cut[-1]) <= batch_size
    seen = torch.cat([batch.inputs.flatten() for batch in cut])
    assert sorted(seen.tolist()) == list(range(rows))


def test_first_leaves_out_batches():
    data, order = examples(), epoch_order(22, 0, 1)
    all_batches, rest = list(batches(data, 5, order)), list(batches(data, 5, order, first=2))
    assert len(rest) == 3
    for a, b in zip(all_batches[2:], rest, strict=True):
        assert torch.equal(a.inputs, b.inputs)


def test_ragged_batches_are_cut_to_their_longest_row():
    targets = torch.arange(12.0).reshape(3, 4, 1)
    data = Examples(torch.ones(3, 4, 2), targets, torch.tensor([1, 4, 2]))
    batch = data.select(torch.tensor([2, 0]))
    assert batch.inputs.shape == (2, 2, 2)
    assert torch.equal(batch.targets, targets[[2, 0], :2])
    assert data.select(torch.tensor([1])).inputs.shape == (1, 4, 2)


def test_rows_must_agree():
    with pytest.raises(ShapeError, match="targets: 2 rows; 3"):
        Examples(torch.ones(3, 4, 2), torch.zeros(2))


def test_fingerprint_tells_data_apart():
    data = examples()
    other = Examples(data.inputs.clone(), data.targets, data.lengths)
    assert data.fingerprint() == other.fingerprint()
    other.inputs[3, 0, 0] += 1e-5
    assert data.fingerprint() != other.fingerprint()
    assert data.fingerprint() != Examples(data.inputs, data.targets).fingerprint()
