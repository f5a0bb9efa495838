"""The compiled simple cell as a torch operator."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from elman import operators
from elman.kernels.contract import RNNWeights, Simple
from elman.operators import native
from elman.state import RNNState


def arguments(batch=3, steps=5, inputs=3, hidden=4):
    torch.manual_seed(0)
    weights = RNNWeights(
        torch.randn(hidden, inputs, dtype=torch.float64, requires_grad=True),
        torch.randn(hidden, hidden, dtype=torch.float64, requires_grad=True),
        torch.randn(hidden, dtype=torch.float64, requires_grad=True),
    )
    x = torch.randn(batch, steps, inputs, dtype=torch.float64, requires_grad=True)
    return weights, x


@pytest.mark.parametrize("lengths", [None, torch.tensor([5, 0, 2])])
def test_torch_accepts_the_operator(lengths):
    """Schema, fake kernels and autograd, as torch itself checks a custom operator."""
    weights, x = arguments()
    state = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    torch.library.opcheck(native._simple, (x, *weights[:3], state, lengths, None, True, "tanh"), {})


COMPILED = """
import torch
from elman import operators
from elman.kernels.contract import RNNWeights, Simple

shapes = ((4, 3), (4, 4), (4,))
weights = RNNWeights(*(torch.randn(shape, requires_grad=True) for shape in shapes))
inputs, lengths = torch.randn(3, 5, 3), torch.tensor([5, 0, 2])

def run(x):
    outputs, state = operators.unroll(Simple(), weights, x, lengths=lengths)
    return outputs.square().sum() + state.hidden.sum()

compiled = torch.compile(run, fullgraph=True, backend="aot_eager")
found = torch.autograd.grad(compiled(inputs), weights[:3])
torch.testing.assert_close(found, torch.autograd.grad(run(inputs), weights[:3]))
"""


def test_a_compiled_graph_holds_it_whole():
    """In a process of its own: torch.compile cannot trace the tests' checks of annotations."""
    result = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_views_and_transposes_are_taken_as_they_are():
    weights, x = arguments()
    strided = x.detach().transpose(0, 1).contiguous().transpose(0, 1).requires_grad_()
    turned = weights._replace(weight_hh=weights.weight_hh.T.contiguous().T)
    state = RNNState(torch.randn(4, 3, dtype=torch.float64).T)
    found = operators.unroll(Simple(), turned, strided, state)[0].square().sum()
    wanted = operators.unroll(Simple(), weights, x, state)[0].square().sum()
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(
        torch.autograd.grad(found, strided)[0], torch.autograd.grad(wanted, x)[0]
    )


def test_what_is_given_is_left_as_it_was():
    weights, x = arguments()
    before = [t.detach().clone() for t in (x, *weights[:3])]
    operators.unroll(Simple(), weights, x)[0].sum().backward()
    for tensor, old in zip((x, *weights[:3]), before, strict=True):
        assert torch.equal(tensor, old)


def test_only_some_gradients_wanted():
    weights, x = arguments()
    frozen = RNNWeights(weights.weight_ih, weights.weight_hh.detach(), weights.bias)
    outputs, _ = operators.unroll(Simple(), frozen, x.detach())
    (once,) = torch.autograd.grad(outputs.sum(), weights.weight_ih, create_graph=True)
    (wanted,) = torch.autograd.grad(
        operators.unroll(Simple(), weights, x)[0].sum(), weights.weight_ih
    )
    torch.testing.assert_close(once, wanted)
