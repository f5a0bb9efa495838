"""The twins of torch.nn's modules within a memory budget: the same bits, the same gradients."""

from __future__ import annotations

import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

import elman.nn
from elman.errors import ArgumentError
from elman.state import leaves
from elman.unrolling.budget import plans

KINDS = [("RNN", {}), ("LSTM", {}), ("LSTM", {"proj_size": 2}), ("GRU", {})]
OPTIONS = [
    {},
    {"bias": False, "batch_first": True},
    {"bidirectional": True, "num_layers": 2},
    {"bidirectional": True, "batch_first": True, "num_layers": 2, "dropout": 0.4},
]


def both(module, inputs, hx=None, **options):
    """Everything that comes out and back, with and without a budget."""
    for memory in (None, 4):
        torch.manual_seed(0)
        outputs, after = module(inputs, hx, memory=memory, **options)
        outputs = outputs.data if hasattr(outputs, "batch_sizes") else outputs
        asked = [*module.parameters()] + ([] if hx is None else [*leaves(hx)])
        asked += [inputs] if isinstance(inputs, torch.Tensor) else []
        cost = outputs.square().sum() + sum(leaf.sum() for leaf in leaves(after))
        yield [outputs, *leaves(after)], torch.autograd.grad(cost, asked)


def assert_same(results):
    (whole, expected), (found, ours) = results
    assert all(map(torch.equal, found, whole))
    assert [each.stride() for each in found] == [each.stride() for each in whole]
    for one, other in zip(ours, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("lengths", [None, [11, 0, 4]])
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(("kind", "extra"), KINDS)
def test_padded(kind, extra, options, lengths):
    module = getattr(elman.nn, kind)(3, 4, dtype=torch.float64, **extra, **options)
    shape = (3, 11, 3) if module.batch_first else (11, 3, 3)
    inputs = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    assert_same(both(module, inputs, lengths=lengths))


def test_packed_unbatched_and_from_a_state():
    module = elman.nn.LSTM(3, 4, dtype=torch.float64)
    rows = [torch.randn(t, 3, dtype=torch.float64) for t in (9, 4)]
    assert_same(both(module, pack_sequence(rows)))
    assert_same(both(module, rows[0].requires_grad_()))
    hx = tuple(torch.randn(1, 2, 4, dtype=torch.float64, requires_grad=True) for _ in range(2))
    inputs = torch.randn(9, 2, 3, dtype=torch.float64, requires_grad=True)
    assert_same(both(module, inputs, hx))


def test_parametrised_weights():
    module = elman.nn.GRU(3, 4, dtype=torch.float64)
    torch.nn.utils.parametrizations.weight_norm(module, "weight_hh_l0")
    inputs = torch.randn(9, 2, 3, dtype=torch.float64, requires_grad=True)
    assert_same(both(module, inputs))


def test_bytes_are_shared_out_among_layers_and_directions():
    module = elman.nn.GRU(3, 4, num_layers=2, bidirectional=True)
    with plans() as made:
        module(torch.randn(900, 2, 3), memory="500KB")
    assert len(made) == 4
    assert sum(plan.bytes for plan in made) <= 500_000
    assert all(plan.segments > 1 for plan in made)


def test_no_such_memory():
    with pytest.raises(ArgumentError, match="memory: found '12'"):
        elman.nn.RNN(3, 4)(torch.ones(3, 2, 3), memory="12")
