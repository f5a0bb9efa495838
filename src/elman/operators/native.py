"""The compiled recurrences as torch operations with gradients of every order.

In eager mode an `autograd.Function` calls the kernels on the tensors' own memory. What traces
graphs (`torch.compile`, `torch.export`) sees custom operators of `torch.library` instead, whose
overhead on each call a small recurrence would feel.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.autograd import forward_ad

from elman.kernels.compiled import missing
from elman.kernels.contract import Noise, Recurrence, Weights
from elman.operators import custom, loop
from elman.operators.calls import Problem, run_backward, run_forward
from elman.state import LSTMState, RNNState

__all__ = ["lacks", "unroll"]


def lacks(weights: Any, inputs: Tensor) -> str | None:
    """None if the compiled kernels can run this, else the reason why not."""
    reason = missing()
    if reason is not None:
        return reason
    if inputs.device.type != "cpu":
        return f"the compiled kernels run on a CPU, not on {inputs.device.type}"
    dtype = weights.weight_ih.dtype
    if dtype not in (torch.float32, torch.float64):
        return f"the compiled kernels know float32 and float64, not {dtype}"
    if forward_ad._current_level >= 0:  # torch has no public way to ask
        return "the compiled kernels have no forward-mode derivatives"
    return None


def unroll(
    recurrence: Recurrence,
    weights: Weights,
    inputs: Float[Tensor, "B T I"],
    state: Any,
    lengths: Int[Tensor, "B"] | None,
    resets: Bool[Tensor, "B T"] | None,
    reverse: bool,
    noise: Noise | None,
    prepared: Any = None,
) -> tuple[Float[Tensor, "B T R"], Any]:
    """As `elman.operators.unroll`, where `lacks` has no objection; no checks.

    Under autocast it computes in the weights' dtype. `prepared` is used where nothing will be
    differentiated.
    """
    problem = Problem(recurrence, lengths, resets, reverse, noise)
    tensors = (inputs, state.hidden, state.cell if isinstance(state, LSTMState) else None, *weights)
    if torch.is_autocast_enabled("cpu"):  # else the dtypes were checked to be one
        dtype = weights.weight_ih.dtype
        tensors = tuple(None if t is None else t.to(dtype) for t in tensors)
    if torch.compiler.is_compiling() or type(inputs) not in (Tensor, torch.nn.Parameter):
        outputs, hidden, cell = custom.unroll(problem, type(weights), tensors)
    elif torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors):
        outputs, hidden, cell = _Unroll.apply(problem, type(weights), *tensors)
    else:
        outputs, hidden, cell, _ = run_forward(problem, type(weights), tensors, None, prepared)
    return outputs, RNNState(hidden) if cell is None else LSTMState(hidden, cell)


class _Unroll(torch.autograd.Function):
    """The kernels with their gradients; tensors as `run_forward` takes them."""

    @staticmethod
    def forward(ctx: Any, problem: Problem, kind: Any, *tensors: Any) -> tuple:
        outputs, hidden, cell, kept = run_forward(problem, kind, tensors, "memory")
        ctx.problem, ctx.kind = problem, kind
        ctx.kept = kept
        ctx.save_for_backward(*tensors, outputs)
        ctx.set_materialize_grads(False)
        return outputs, hidden, cell

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple:
        *tensors, outputs = ctx.saved_tensors
        wanted = ctx.needs_input_grad[2:]
        if torch.is_grad_enabled():  # somebody will differentiate these gradients
            with torch.autocast("cpu", enabled=False):  # in the dtype of the outputs
                found = differentiate_loop(ctx.problem, ctx.kind, tensors, wanted, grads)
            return None, None, *found
        found = run_backward(ctx.problem, ctx.kind, tensors, outputs, ctx.kept, grads, wanted[0])
        return None, None, *found


def differentiate_loop(
    problem: Problem, kind: Any, tensors: Any, wanted: Any, grads: Any
) -> list[Tensor | None]:
    """The same gradients as a graph of their own, from running the loop of torch operations."""
    # Views: a tensor that is passed twice still has one gradient for each place.
    views: Any = [None if t is None else t.view_as(t) for t in tensors]
    inputs, hidden, cell, *weights = views
    state = RNNState(hidden) if cell is None else LSTMState(hidden, cell)
    recurrence, lengths, resets, reverse, noise = problem
    outputs, final = loop.unroll(
        recurrence, kind(*weights), inputs, state, lengths, resets, reverse, noise
    )
    results = [
        (result, grad)
        for result, grad in zip((outputs, *final), grads, strict=False)
        if grad is not None and result.requires_grad
    ]
    sources = [view for view, want in zip(views, wanted, strict=True) if want]
    found = iter(
        torch.autograd.grad(
            [result for result, _ in results],
            sources,
            [grad for _, grad in results],
            create_graph=True,
            materialize_grads=True,
        )
    )
    return [next(found) if want else None for want in wanted]
