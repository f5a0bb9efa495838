"""A budget runs a built-in cell by the kernels alone, all others through torch's graphs."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import elman.nn
from elman.cells import Dropout, LSTMCell
from elman.layers import dynamic_unroll
from elman.unrolling.kernel_segments import by_kernels
from elman.unrolling.segments import Reading
from tests.cell_zoo import make, random_inputs


def reading(cell):
    return Reading(cell, 6, None, None, False)


def found(cell, inputs=None):
    inputs = random_inputs(2, 6) if inputs is None else inputs
    sources = [p for p in cell.parameters() if p.requires_grad]
    return by_kernels(reading(cell), inputs, sources)


@pytest.mark.parametrize("name", ["rnn", "rnn_relu", "lstm", "lstm_all", "gru", "gru_norm"])
def test_a_built_in_cell_is_run_by_the_kernels(name):
    cell = make(name)
    made = found(cell)
    assert made is not None
    assert [p for p in made.places if p is not None] == [*range(len([*cell.parameters()]))]


class Scaled(LSTMCell):
    """A user's: what it reads is not what the kernels would."""

    def unroll(self, inputs, state, *further, **options):
        return super().unroll(2 * inputs, state, *further, **options)


def test_what_computes_more_goes_through_graphs():
    options = {"dtype": torch.float64}
    assert found(Dropout(LSTMCell(3, 2, **options), input=0.5)) is None
    assert found(Scaled(3, 2, **options)) is None
    parametrised = LSTMCell(3, 2, **options)
    nn.utils.parametrizations.weight_norm(parametrised, "weight_hh")
    assert found(parametrised) is None
    with torch.autocast("cpu"):
        assert found(LSTMCell(3, 2, **options)) is None
    meta = LSTMCell(3, 2).to("meta")
    assert found(meta, torch.empty(2, 6, 3, device="meta")) is None


@pytest.mark.parametrize("kind", [LSTMCell, Scaled])
def test_a_weight_without_gradient(kind):
    cell = kind(3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    cell.weight_ih.requires_grad_(False)
    inputs, grads = random_inputs(2, 12), []
    for memory in (None, 3):
        outputs, _ = dynamic_unroll(cell, inputs, memory=memory)
        grads.append(torch.autograd.grad(outputs.square().sum(), [cell.weight_hh, cell.bias]))
    torch.testing.assert_close(*grads, rtol=1e-12, atol=1e-12)


def test_some_gradients_of_all():
    layer = elman.nn.GRU(3, 4, dtype=torch.float64)
    inputs = random_inputs(9, 2).requires_grad_()
    grads = []
    for memory in (None, 3):
        cost = layer(inputs, memory=memory)[0].square().sum()
        grads.append(torch.autograd.grad(cost, [layer.bias_hh_l0, inputs]))
    torch.testing.assert_close(*grads, rtol=1e-12, atol=1e-12)
