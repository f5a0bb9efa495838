"""Frozen layers answer as before, and refuse what would change or train them."""

from __future__ import annotations

import copy
import io

import pytest
import torch

import elman.nn
from elman.cells import GRUCell, LSTMCell, RNNCell, Stacked
from elman.errors import FrozenError
from elman.layers import dynamic_unroll
from elman.state import leaves


@pytest.fixture(params=["RNN", "LSTM", "GRU"])
def layer(request):
    torch.manual_seed(0)
    return getattr(elman.nn, request.param)(3, 20, num_layers=2, bidirectional=True)


def test_a_frozen_layer_gives_the_same_bits(layer):
    inputs, lengths = torch.randn(7, 5, 3), [7, 0, 3, 7, 1]
    with torch.no_grad():
        wanted, wanted_state = layer.eval()(inputs, lengths=lengths)
    found, state = layer.freeze()(inputs, lengths=lengths)
    assert torch.equal(found, wanted)
    assert not found.requires_grad
    for mine, theirs in zip(leaves(state), leaves(wanted_state), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("kind", [RNNCell, LSTMCell, GRUCell])
def test_a_frozen_cell_gives_the_same_bits_in_sequences_and_steps(kind):
    torch.manual_seed(0)
    cell = kind(3, 20)
    inputs = torch.randn(4, 6, 3)
    with torch.no_grad():
        wanted, _ = dynamic_unroll(cell, inputs)
    assert torch.equal(dynamic_unroll(Stacked([cell.freeze()]), inputs)[0], wanted)
    state = cell.initial_state(4)
    for t in range(6):
        outputs, state = cell(inputs[:, t], state)
        assert torch.equal(outputs, wanted[:, t])


def test_what_it_refuses(layer):
    inputs = torch.randn(7, 5, 3)
    weights = layer.state_dict()
    layer.freeze()
    with pytest.raises(FrozenError, match=r"train: found a frozen layer; call unfreeze\(\) first"):
        torch.nn.Sequential(layer).train()
    with pytest.raises(FrozenError, match="load_state_dict"):
        layer.load_state_dict(weights)
    with pytest.raises(FrozenError, match="inputs that want gradients"):
        layer(inputs.requires_grad_())
    assert layer(inputs.detach())[0].shape == (7, 5, 40)
    with torch.no_grad():
        layer.weight_hh_l0.add_(1)
    with pytest.raises(FrozenError, match="weights that changed"):
        layer(inputs.detach())


def test_unfrozen_it_learns_again(layer):
    inputs = torch.randn(7, 5, 3)
    before = layer.freeze()(inputs)[0]
    layer.unfreeze().train()
    outputs, _ = layer(inputs)
    outputs.sum().backward()
    assert torch.equal(outputs, before)
    assert all(parameter.grad is not None for parameter in layer.parameters())


def test_copies_and_files_are_not_frozen(layer):
    inputs = torch.randn(7, 5, 3)
    wanted = layer.freeze()(inputs)[0]
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    for other in (copy.deepcopy(layer), torch.load(file, weights_only=False)):
        assert torch.equal(other.train()(inputs)[0], wanted)
    assert layer(inputs)[0] is not wanted


def test_what_the_kernels_cannot_run_is_not_frozen():
    with pytest.raises(FrozenError, match="know float32 and float64, not"):
        elman.nn.GRU(3, 5, dtype=torch.bfloat16).freeze()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_of_a_frozen_accelerated_layer_is_not_frozen(copied):
    layer = torch.nn.GRU(3, 5)
    elman.nn.accelerate(layer)
    layer.freeze()
    found = copied(layer)
    found.train()
    assert type(found) is type(layer)
    assert torch.equal(found(torch.ones(2, 1, 3))[0], layer(torch.ones(2, 1, 3))[0])
