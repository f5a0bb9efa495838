"""Who watches computes every sequence, in this block alone."""

from __future__ import annotations

import torch

import elman.nn
from elman.operators import loop
from elman.operators.watching import watch, watcher


def test_a_watcher_takes_every_sequence_and_leaves():
    seen = []

    def run(*arguments):
        seen.append(arguments[6])  # the direction
        return loop.unroll(*arguments)

    layer = elman.nn.LSTM(3, 4, bidirectional=True)
    expected, _ = layer(torch.ones(5, 2, 3))
    with watch(run):
        assert watcher() is run
        outputs, _ = layer(torch.ones(5, 2, 3))
    assert watcher() is None
    assert seen == [False, True]
    torch.testing.assert_close(outputs, expected)
    layer(torch.ones(5, 2, 3))
    assert len(seen) == 2
