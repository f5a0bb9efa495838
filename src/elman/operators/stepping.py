"""One step of a torch.nn cell by the compiled kernels, with its gradients.

A step is a sequence of one: it has the bits of `elman.operators.unroll`. What that asks and passes
on for whole sequences would take longer here than the step itself, so a call is described at once.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from elman.kernels.compiled import coded, kernels_of, missing
from elman.kernels.contract import LSTM, Recurrence
from elman.operators.calls import Addresses, lasting
from elman.operators.memory import check_saved, form_of, may_touch, transformed

__all__ = ["step_cell", "steps"]


def steps(tensors: Any) -> bool:
    """Whether `step_cell` may be asked to step with these tensors, inputs first."""
    inputs = tensors[0]
    return (
        inputs.device.type == "cpu"
        and inputs.dtype in (torch.float32, torch.float64)
        and missing() is None
        and not transformed()
        and forward_ad._current_level < 0  # torch has no public way to ask
        and may_touch(tensors)
    )


def step_cell(recurrence: Recurrence, operator: Any, *tensors: Tensor | None) -> Any:
    """What `operator` gives, torch's own of the same recurrence, where `steps` says yes.

    Args:
        recurrence: A recurrence that torch.nn knows.
        operator: Computes gradients that are differentiated themselves.
        tensors: Inputs `[B, I]`; hidden state `[B, H]` and cell, or None for zeros (the cell also
            where there is none); weight_ih, weight_hh, and both biases or None.

    Returns:
        The new hidden state, of an LSTM with the new cell.
    """
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors):
        return _Step.apply(recurrence, operator, *tensors)
    hidden, cell, _ = _forward(recurrence, tensors, keep=False)
    return hidden if cell is None else (hidden, cell)


class _Step(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, recurrence: Recurrence, operator: Any, *tensors: Any) -> Any:
        hidden, cell, kept = _forward(recurrence, tensors, keep=True)
        ctx.save_for_backward(*tensors, kept)
        ctx.given = recurrence, operator, list(map(form_of, (*tensors, kept)))
        ctx.set_materialize_grads(False)
        return hidden if cell is None else (hidden, cell)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple:
        recurrence, operator, forms = ctx.given
        saved = ctx.saved_tensors
        check_saved(saved, forms)
        *tensors, kept = saved
        wanted = ctx.needs_input_grad[2:]
        if torch.is_grad_enabled() or transformed() or not may_touch((*saved, *grads)):
            return None, None, *_differentiate(operator, tensors, wanted, grads)
        found = _backward(recurrence, tensors, kept, (*grads, None)[:2], wanted)
        return None, None, *found


def _describe(recurrence: Recurrence, tensors: Any, at: Addresses) -> tuple[tuple, int, int]:
    """The step as the compiled functions take it, its rows and its units."""
    inputs, _, _, weight_ih, weight_hh, first, second = tensors
    hidden = weight_hh.shape[1]
    weights = (at(weight_ih), at(weight_hh), at(first), *(None,) * 6, at(second))
    code, *options = coded(recurrence)
    return (code, inputs.shape[1], hidden, hidden, weights, *options, None), len(inputs), hidden


def _forward(
    recurrence: Recurrence, tensors: Any, keep: bool
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """The new state; and what the way back needs, the outputs at its end."""
    inputs, hidden, cell = tensors[:3]
    at = Addresses(False)
    what, batch, units = _describe(recurrence, tensors, at)
    kernels = kernels_of("float32" if inputs.dtype == torch.float32 else "float64")
    size = kernels.kept_size(what, batch, 1) if keep else 0
    kept = lasting(inputs, size + batch * units)
    address = kept.data_ptr()
    new_hidden = inputs.new_empty(batch, units)
    new_cell = inputs.new_empty(batch, units) if isinstance(recurrence, LSTM) else None
    given = (
        what,
        (batch, 1, None, None, False),
        (at(inputs), what[1], what[1]),
        None,
        at(hidden),
        at(cell),
        (address + size * inputs.element_size(), units, units),
        new_hidden.data_ptr(),
        at(new_cell),
        address if keep else None,
        None,
    )
    kernels.forward(given, torch.get_num_threads())
    return new_hidden, new_cell, kept


def _backward(
    recurrence: Recurrence, tensors: Any, kept: Tensor, grads: Any, wanted: Any
) -> list[Tensor | None]:
    at = Addresses(False)
    what, batch, units = _describe(recurrence, tensors, at)
    inputs, hidden, cell = tensors[:3]
    kernels = kernels_of("float32" if inputs.dtype == torch.float32 else "float64")
    # Those by weights and first bias always come, and what is not wanted is left.
    found = [
        None if t is None or not (want or k >= 3) else t.new_empty(t.shape)
        for k, (t, want) in enumerate(zip(tensors, wanted, strict=True))
    ]
    address, size = kept.data_ptr(), kept.numel() - batch * units
    by_inputs = None if found[0] is None else (found[0].data_ptr(), what[1], what[1])
    given = (
        what,
        (batch, 1, None, None, False),
        (at(inputs), what[1], what[1]),
        at(hidden),
        at(cell),
        (address + size * kept.element_size(), units, units),
        address,
        None,
        *map(at, grads),
        by_inputs,
        *map(at, found[1:3]),
        (*map(at, found[3:6]), *(None,) * 6, at(found[6])),
    )
    kernels.backward(given, torch.get_num_threads())
    return [t if want else None for t, want in zip(found, wanted, strict=True)]


def _differentiate(operator: Any, tensors: Any, wanted: Any, grads: Any) -> list[Tensor | None]:
    """The same gradients by torch's operator, as a graph of their own where one is wanted."""
    with torch.enable_grad():
        # Views: a tensor that is passed twice still has one gradient for each place.
        views: Any = [None if t is None else t.view_as(t) for t in tensors]
        inputs, hidden, cell, *parameters = views
        zeros = inputs.new_zeros(len(inputs), parameters[1].shape[1])
        state = zeros if hidden is None else hidden
        if len(grads) == 2:
            state = state, zeros if cell is None else cell
        results = operator(inputs, state, *parameters)
    pairs = zip(results if len(grads) == 2 else (results,), grads, strict=True)
    pairs = [(result, grad) for result, grad in pairs if grad is not None]
    found = iter(
        torch.autograd.grad(
            [result for result, _ in pairs],
            [view for view, want in zip(views, wanted, strict=True) if want],
            [grad for _, grad in pairs],
            create_graph=torch.is_grad_enabled(),
            materialize_grads=True,
        )
    )
    return [next(found) if want else None for want in wanted]
