"""Packed sequences beside padded ones, held against torch's own conversions."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_padded_sequence

from elman.nn.packing import Packing


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_padding_and_packing_are_torchs(lengths):
    lengths = sorted(lengths, reverse=True)
    padded = torch.randn(lengths[0], len(lengths), 2, dtype=torch.float64)
    for row, length in enumerate(lengths):
        padded[length:, row] = 0
    packed = pack_padded_sequence(padded, torch.tensor(lengths))
    packing = Packing.of(packed.batch_sizes)
    assert packing.lengths.tolist() == lengths
    assert torch.equal(packing.pad(packed.data), padded)
    assert torch.equal(packing.pack(padded), packed.data)


def test_gradients_go_to_the_steps_they_come_from():
    packing = Packing.of(torch.tensor([3, 3, 1]))
    data = torch.randn(7, 2, dtype=torch.float64, requires_grad=True)
    padded = torch.randn(3, 3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(packing.pad, data)
    assert torch.autograd.gradcheck(packing.pack, padded)
