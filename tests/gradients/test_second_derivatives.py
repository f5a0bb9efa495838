"""Second derivatives of every cell over time, against central differences of the first."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from elman.layers import dynamic_unroll
from elman.state import leaves
from tests.cell_zoo import CELLS, make, random_inputs, random_state
from tests.unchecked import unchecked

LENGTHS = [3, 0, 2]


@pytest.mark.parametrize("name", CELLS)
def test_with_lengths(name):
    """Along random directions, through outputs and final state."""
    cell = make(name)
    inputs = random_inputs(len(LENGTHS), 3).requires_grad_()
    start = random_state(cell, len(LENGTHS))
    varied = [inputs]
    varied += [leaf.requires_grad_() for leaf in leaves(start) if leaf.is_floating_point()]
    varied += list(cell.parameters()) if isinstance(cell, nn.Module) else []

    def run(*_):  # gradgradcheck varies the tensors in place
        outputs, final = dynamic_unroll(cell, inputs, lengths=LENGTHS, initial_state=start)
        return outputs, *(leaf for leaf in leaves(final) if leaf.is_floating_point())

    with unchecked():  # checking shapes takes longer than the steps
        assert torch.autograd.gradgradcheck(run, varied, fast_mode=True)
