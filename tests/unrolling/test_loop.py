"""The generic loop, seen by a cell that only counts."""

from __future__ import annotations

from typing import NamedTuple

import torch

from elman.cells import unroll
from elman.operators.loop import reading_order
from elman.unrolling.loop import loop


class CounterState(NamedTuple):
    count: torch.Tensor


class Counter:
    """Puts out how many steps its row has made, and sums its inputs as it was given them."""

    def __init__(self):
        self.calls = []

    def initial_state(self, batch):
        return CounterState(torch.zeros(batch, dtype=torch.int64))

    def __call__(self, inputs, state):
        self.calls.append(inputs[:, 0].tolist())
        count = state.count + 1
        return count[:, None], CounterState(count)


def count(lengths=None, resets=None, reverse=False, steps=4):
    cell = Counter()
    inputs = torch.arange(2 * steps).reshape(2, steps, 1)
    lengths = None if lengths is None else torch.tensor(lengths)
    resets = None if resets is None else torch.tensor(resets)
    outputs, state = unroll(cell, inputs, cell.initial_state(2), lengths, resets, reverse)
    return outputs[..., 0].tolist(), state.count.tolist(), cell.calls


def test_every_step_is_read_once_in_order():
    outputs, final, calls = count()
    assert outputs == [[1, 2, 3, 4]] * 2
    assert final == [4, 4]
    assert calls == [[0, 4], [1, 5], [2, 6], [3, 7]]


def test_reverse_reads_the_last_step_first():
    outputs, final, calls = count(reverse=True)
    assert outputs == [[4, 3, 2, 1]] * 2
    assert final == [4, 4]
    assert calls[0] == [3, 7]


def test_a_row_stops_at_its_length_and_nobody_looks_further():
    outputs, final, calls = count(lengths=[1, 3])
    assert outputs == [[1, 0, 0, 0], [1, 2, 3, 0]]
    assert final == [1, 3]
    assert calls == [[0, 4], [0, 5], [0, 6]]


def test_backwards_a_row_starts_at_its_own_last_step():
    outputs, final, _ = count(lengths=[1, 3], reverse=True)
    assert outputs == [[1, 0, 0, 0], [3, 2, 1, 0]]
    assert final == [1, 3]


def test_a_reset_starts_the_row_afresh_before_the_step():
    flags = [[False, False, True, False], [True, False, False, True]]
    assert count(resets=flags)[:2] == ([[1, 2, 1, 2], [1, 2, 3, 1]], [2, 1])
    assert count(resets=flags, reverse=True)[:2] == ([[3, 2, 1, 1], [1, 3, 2, 1]], [3, 1])


def test_a_reset_past_the_length_changes_nothing():
    resets = [[False, False, True, True], [False] * 4]
    for reverse, row in ((False, [1, 2, 0, 0]), (True, [2, 1, 0, 0])):
        outputs, final, _ = count(lengths=[2, 4], resets=resets, reverse=reverse)
        assert outputs[0] == row
        assert final == [2, 4]


def test_empty_rows_and_no_steps():
    assert count(lengths=[0, 0])[:2] == ([[0] * 4] * 2, [0, 0])
    assert count(steps=0)[:2] == ([[], []], [0, 0])


def test_a_cells_own_way_is_taken():
    class Fast(Counter):
        def unroll(self, *arguments):
            self.arguments = arguments
            return arguments[0] + 1, "after"

    cell = Fast()
    outputs, state = unroll(cell, torch.zeros(1, 2, 1), "before", reverse=True)
    assert (outputs == 1).all()
    assert state == "after"
    assert cell.arguments[1:] == ("before", None, None, True)
    assert loop(cell, torch.zeros(1, 2, 1), cell.initial_state(1))[1].count.tolist() == [2]


def test_reading_order():
    cpu = torch.device("cpu")
    assert reading_order(1, 3, None, False, cpu).tolist() == [[0, 1, 2]]
    assert reading_order(1, 3, None, True, cpu).tolist() == [[2, 1, 0]]
    lengths = torch.tensor([2, 0])
    assert reading_order(2, 3, lengths, False, cpu).tolist() == [[0, 1, 0], [0, 0, 0]]
    assert reading_order(2, 3, lengths, True, cpu).tolist() == [[1, 0, 0], [0, 0, 0]]
