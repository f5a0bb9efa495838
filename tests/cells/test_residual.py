"""The residual connection."""

from __future__ import annotations

import pytest
import torch

from elman.cells import GRUCell, Residual
from elman.errors import ShapeError
from tests.cell_zoo import Leaky
from tests.unchecked import unchecked


def test_the_inputs_are_added_to_the_outputs_only():
    cell = GRUCell(3, 3)
    inputs = torch.randn(2, 3)
    outputs, state = cell(inputs, cell.initial_state(2))
    added, same = Residual(cell)(inputs, cell.initial_state(2))
    torch.testing.assert_close(added, inputs + outputs)
    torch.testing.assert_close(same.hidden, state.hidden)


def test_widths_must_agree():
    with pytest.raises(ShapeError, match="reads 3 features and puts out 4"):
        Residual(GRUCell(3, 4))


def test_a_cell_that_tells_no_sizes_is_checked_when_it_runs():
    class Narrow:
        def initial_state(self, batch):
            return Leaky().initial_state(batch)

        def __call__(self, inputs, state):
            return inputs[:, :2], state

    cell = Residual(Narrow())
    with unchecked(), pytest.raises(ShapeError, match="reads 3 features and puts out 2"):
        cell(torch.zeros(2, 3), cell.initial_state(2))
