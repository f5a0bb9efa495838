"""Transforms of torch.func and vectorised derivatives, against torch's own layers."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from torch import func
from torch.nn.utils._per_sample_grad import call_for_per_sample_grads

from elman.errors import SlowPathError
from elman.operators.notice import strict
from tests.operators.test_memory import every_kind, every_shape, flat, pair, sequences
from tests.unchecked import unchecked


@pytest.fixture(autouse=True)
def _unchecked():
    with unchecked(), warnings.catch_warnings():  # shapes of tensors that stand for others
        warnings.filterwarnings("ignore", message=".*torch.jit.script", category=DeprecationWarning)
        yield


def both(run: Any, kind: str, options: Any) -> None:
    """What `run` makes of our layer is what it makes of torch's, in double precision."""
    ours, theirs = (layer.double() for layer in pair(kind, options))
    torch.testing.assert_close(flat(run(ours)), flat(run(theirs)))


def parameters(layer: Any) -> dict[str, torch.Tensor]:
    return {name: p.detach() for name, p in layer.named_parameters()}


def loss(layer: Any) -> Any:
    return lambda given, x: func.functional_call(layer, given, (x,))[0].square().sum()


X = sequences(4, 2).double()


@every_shape
@every_kind
def test_first_derivatives(kind, options):
    both(lambda layer: tuple(func.grad(loss(layer))(parameters(layer), X).values()), kind, options)
    both(lambda layer: func.jacrev(lambda x: layer(x)[0])(X), kind, options)

    def pulled_back(layer):
        outputs, back = func.vjp(lambda x: layer(x)[0], X)
        return back(outputs.square())

    both(pulled_back, kind, options)


@every_shape
@every_kind
def test_functionalize(kind, options):
    both(lambda layer: func.functionalize(lambda x: layer(x))(X), kind, options)


@every_shape
@every_kind
def test_forward_mode_and_second_derivatives(kind, options):
    ours, _ = (layer.double() for layer in pair(kind, options))
    found = func.jacfwd(lambda x: ours(x)[0])(X)
    torch.testing.assert_close(found, func.jacrev(lambda x: ours(x)[0])(X))
    x = X[:2, :1]
    found = func.hessian(lambda x: ours(x)[0].square().sum())(x)
    wanted = torch.autograd.functional.hessian(lambda x: ours(x)[0].square().sum(), x)
    torch.testing.assert_close(found, wanted)


@every_shape
@every_kind
def test_a_gradient_for_each_sample(kind, options):
    """By vmap of grad: over samples `[N, T, B, I]`, the gradients one after the other."""
    ours, theirs = (layer.double() for layer in pair(kind, options))
    samples = torch.stack([X, X + 1, -X])
    many = func.vmap(func.grad(loss(ours)), (None, 0))(parameters(ours), samples)
    for k, sample in enumerate(samples):
        wanted = func.grad(loss(theirs))(parameters(theirs), sample)
        torch.testing.assert_close({name: g[k] for name, g in many.items()}, wanted)


@every_shape
@every_kind
def test_many_cotangents_at_once(kind, options):
    ours, theirs = (layer.double() for layer in pair(kind, options))
    x = X.clone().requires_grad_()
    outputs = ours(x)[0]
    cotangents = torch.stack([torch.ones_like(outputs), outputs.detach().square()])
    found = torch.autograd.grad(outputs, [x, *ours.parameters()], cotangents, is_grads_batched=True)
    for k, cotangent in enumerate(cotangents):
        wanted = torch.autograd.grad(theirs(x)[0], [x, *theirs.parameters()], cotangent)
        torch.testing.assert_close([g[k] for g in found], list(wanted))
    jacobian = torch.autograd.functional.jacobian
    torch.testing.assert_close(
        jacobian(lambda x: ours(x)[0], X, vectorize=True), jacobian(lambda x: theirs(x)[0], X)
    )


@pytest.mark.parametrize("options", [{}, {"bidirectional": True}, {"batch_first": True}])
@every_kind
def test_per_sample_gradients_of_expanded_weights(kind, options):
    """Torch's own LSTM knows them in double precision only."""

    def run(layer):
        first = layer.batch_first
        call = call_for_per_sample_grads(layer, batch_size=4 if first else 2, batch_first=first)
        call(X)[0].square().sum().backward()
        return tuple(p.grad_sample for p in layer.parameters())

    both(run, kind, options)


def test_strict_mode_tells_that_a_transform_takes_the_slow_path():
    ours, _ = pair("GRU", {})
    with strict(), pytest.raises(SlowPathError, match=r"torch\.func"):
        func.grad(lambda x: ours(x)[0].sum())(sequences(4, 2))
