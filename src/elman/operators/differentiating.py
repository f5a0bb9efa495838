"""Gradients by running the loop of torch operations: where they are differentiated themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from elman.operators import loop
from elman.operators.biases import merged, zero_state
from elman.operators.calls import Problem

__all__ = ["by_graph", "differentiate_loop"]


def differentiate_loop(
    problem: Problem, kind: Any, tensors: Any, wanted: Any, grads: Any
) -> list[Tensor | None]:
    """The kernels' gradients as a graph of their own, from running the loop again.

    Args:
        problem: What was computed.
        kind: The contract's NamedTuple of the weights.
        tensors: As one call of `elman.operators.calls.run_forward` takes them.
        wanted: Which gradients are wanted, one for each tensor.
        grads: By outputs, final hidden state and cell; None for zeros.
    """
    # Views: a tensor that is passed twice still has one gradient for each place.
    with torch.enable_grad():
        views: Any = [None if t is None else t.view_as(t) for t in tensors]
        found = _loop(problem, kind, views)
    return by_graph(zip(found, grads, strict=False), views, wanted)


def by_graph(
    results: Iterable[tuple[Tensor, Tensor | None]], views: Sequence[Any], wanted: Sequence[bool]
) -> list[Tensor | None]:
    """The gradients by those of the views that are wanted, None for the others.

    Args:
        results: What was made of the views under autograd, each with the gradient by it (None for
            zeros).
        views: Tensors or None.
        wanted: Of each whether its gradient is.
    """
    pairs = [(r, grad) for r, grad in results if grad is not None and r.requires_grad]
    if not pairs:
        return [None] * len(views)
    outputs, grads = zip(*pairs, strict=True)
    sources: list[Tensor] = [view for view, want in zip(views, wanted, strict=True) if want]
    graph = torch.is_grad_enabled()
    found = iter(
        torch.autograd.grad(outputs, sources, grads, create_graph=graph, materialize_grads=True)
    )
    return [next(found) if want else None for want in wanted]


def _loop(problem: Problem, kind: Any, tensors: Any) -> tuple[Tensor, ...]:
    """Outputs and final state by the loop, from tensors as `run_forward` takes them."""
    recurrence, lengths, resets, reverse, noise, time_first = problem
    inputs, hidden, cell, second_bias, *parameters = tensors
    inputs = inputs.transpose(0, 1) if time_first else inputs
    weights = merged(recurrence, kind(*parameters), second_bias)
    state = zero_state(recurrence, weights, inputs.shape[0])
    given = {"hidden": hidden, "cell": cell}
    state = state._replace(**{name: leaf for name, leaf in given.items() if leaf is not None})
    outputs, final = loop.unroll(
        recurrence, weights, inputs, state, lengths, resets, reverse, noise
    )
    return outputs.transpose(0, 1) if time_first else outputs, *final
