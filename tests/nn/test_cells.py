"""The twins of torch.nn.RNNCell, LSTMCell and GRUCell beside the originals."""

from __future__ import annotations

import pytest
import torch

import elman
import elman.nn
from elman.errors import TwinShapeError
from elman.state import leaves
from tests.unchecked import unchecked

KINDS = [
    ("RNNCell", {}),
    ("RNNCell", {"nonlinearity": "relu"}),
    ("LSTMCell", {}),
    ("GRUCell", {}),
]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [(2,), ()], ids=["batched", "unbatched"])
@pytest.mark.parametrize("given", [True, False], ids=["state", "no state"])
@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_outputs_and_gradients(kind, options, given, batch, bias):
    inputs = torch.randn(*batch, 3, dtype=torch.float64)
    hx = torch.randn(*batch, 4, dtype=torch.float64) if given else None
    hx = (hx, torch.randn(*batch, 4).double()) if given and kind == "LSTMCell" else hx
    results = []
    for module in (elman.nn, torch.nn):
        torch.manual_seed(0)
        cell = getattr(module, kind)(3, 4, bias=bias, dtype=torch.float64, **options)
        inputs = inputs.detach().requires_grad_()
        found = list(leaves(cell(inputs, hx)))
        sum((x.square() * torch.arange(4)).sum() for x in found).backward()
        results.append([*found, inputs.grad, *(p.grad for p in cell.parameters())])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_initialisation_and_state_dict(kind, options):
    torch.manual_seed(7)
    ours = getattr(elman.nn, kind)(3, 4, **options)
    torch.manual_seed(7)
    theirs = getattr(torch.nn, kind)(3, 4, **options)
    mine, original = ours.state_dict(), theirs.state_dict()
    assert list(mine) == list(original)
    assert all(torch.equal(mine[name], original[name]) for name in mine)
    theirs.load_state_dict(mine)
    assert isinstance(ours, getattr(torch.nn, kind))


@pytest.mark.parametrize(
    ("inputs", "hx", "found"),
    [
        (torch.zeros(2, 5), None, r"input: found shape \[2, 5\]; pass shape \[B, 3\], or"),
        (torch.zeros(2, 2, 3), None, r"found shape \[2, 2, 3\]"),
        (torch.tensor(1.0), None, "input: found shape"),
        (torch.zeros(2, 3), torch.zeros(3, 4), r"hx: found shape \[3, 4\]; pass shape \[2, 4\]"),
        (torch.zeros(3), torch.zeros(1, 4), r"hx: found shape \[1, 4\]; pass shape \[4\]"),
    ],
)
def test_shapes_that_do_not_fit(inputs, hx, found):
    with unchecked(), pytest.raises(TwinShapeError, match=found):
        elman.nn.GRUCell(3, 4)(inputs, hx)


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_on_a_device_without_memory(kind, options):
    cell = getattr(elman.nn, kind)(3, 4, device="meta", dtype=torch.float64, **options)
    for shape in ((2, 3), (3,)):
        for leaf in leaves((cell(torch.ones(shape, device="meta", dtype=torch.float64)),)):
            assert leaf.is_meta
            assert leaf.dtype == torch.float64
            assert leaf.shape == (*shape[:-1], 4)


@pytest.mark.filterwarnings("ignore:.*torch.jit.trace:DeprecationWarning")
@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("given", [True, False], ids=["state", "no state"])
@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_a_trace_holds_for_other_batches(kind, options, given, grad):
    cell = getattr(elman.nn, kind)(3, 4, **options)

    def arguments(batch):
        state = torch.randn(batch, 4)
        state = (state, torch.randn(batch, 4)) if kind == "LSTMCell" else state
        return (torch.randn(batch, 3), state) if given else (torch.randn(batch, 3),)

    with torch.set_grad_enabled(grad), unchecked():
        traced = torch.jit.trace(cell, arguments(2))
        for batch in (2, 5, 1):
            again = arguments(batch)
            torch.testing.assert_close(traced(*again), cell(*again))


def test_a_nonlinearity_that_nobody_knows():
    for module in (torch.nn, elman.nn):
        cell = module.RNNCell(3, 4, nonlinearity="sigmoid")
        with pytest.raises(RuntimeError, match="Unknown nonlinearity"):
            cell(torch.ones(2, 3))
    why = elman.accelerate(torch.nn.Sequential(torch.nn.RNNCell(3, 4, nonlinearity="gelu"))).left
    assert "nonlinearity is unknown: 'gelu'" in why[0].why
