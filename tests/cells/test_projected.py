"""The dense layer on the outputs."""

from __future__ import annotations

import pytest
import torch

from elman.cells import GRUCell, Projected
from elman.errors import ArgumentError
from elman.layers import dynamic_unroll
from tests.cell_zoo import Leaky


def test_one_layer_without_activation_for_all_steps():
    cell = GRUCell(3, 4)
    projected = Projected(cell, 2)
    torch.nn.init.normal_(projected.bias)
    inputs = torch.randn(2, 5, 3)
    outputs, _ = dynamic_unroll(cell, inputs)
    found, _ = dynamic_unroll(projected, inputs)
    torch.testing.assert_close(found, outputs @ projected.weight.T + projected.bias)
    assert (projected.input_size, projected.output_size) == (3, 2)


def test_the_bias_does_not_stand_past_a_length():
    projected = Projected(GRUCell(3, 4), 2)
    torch.nn.init.ones_(projected.bias)
    outputs, _ = dynamic_unroll(projected, torch.randn(2, 5, 3), lengths=[5, 2])
    assert (outputs[1, 2:] == 0).all()
    assert (outputs[1, :2] != 0).all()


def test_the_layer_takes_the_cells_dtype_and_the_generator():
    first, second = (
        Projected(Leaky(), 2, generator=torch.Generator().manual_seed(3)) for _ in range(2)
    )
    assert first.weight.dtype == torch.float64
    assert torch.equal(first.weight, second.weight)
    assert (first.bias == 0).all()


def test_bad_arguments():
    class Silent(Leaky):
        output_size = None

    with pytest.raises(ArgumentError, match="without output_size"):
        Projected(Silent(), 2)
    with pytest.raises(ArgumentError, match="size"):
        Projected(GRUCell(3, 4), 0)
