"""The compiled recurrences as torch operations with gradients of every order.

In eager mode an `autograd.Function` calls the kernels on the tensors' own memory. What traces
graphs (`torch.compile`, `torch.export`) sees custom operators of `torch.library` instead, whose
overhead on each call a small recurrence would feel.
"""

from __future__ import annotations

from itertools import chain, repeat
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import forward_ad

from elman.kernels.compiled import missing
from elman.kernels.contract import LSTM, Noise, Recurrence
from elman.operators import custom, loop
from elman.operators.biases import merged, zero_state
from elman.operators.calls import Problem, run_backward, run_forward
from elman.state import LSTMState, RNNState

__all__ = ["Job", "lacks", "unroll"]


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


class Job(NamedTuple):
    """What `elman.operators.unroll` computes, but for what each direction has for itself."""

    recurrence: Recurrence
    lengths: Tensor | None
    resets: Tensor | None
    reverse: tuple[bool, ...]  # of each direction
    noise: Noise | None
    time_first: bool


def unroll(job: Job, directions: Any, inputs: Tensor) -> list[tuple[Tensor, Any]]:
    """As `elman.operators.unroll` for each of one or two directions, where `lacks` has no
    objection; no checks.

    Under autocast it computes in the weights' dtype. What is prepared is used where nothing will
    be differentiated.
    """
    recurrence, lengths, resets, reverse, noise, time_first = job
    problems = [Problem(recurrence, lengths, resets, back, noise, time_first) for back in reverse]
    kind = type(directions[0].weights)
    calls = [_tensors(inputs, *direction[:3]) for direction in directions]
    if torch.is_autocast_enabled("cpu"):  # else the dtypes were checked to be one
        dtype = directions[0].weights.weight_ih.dtype
        calls = [[None if t is None else t.to(dtype) for t in call] for call in calls]
    if torch.compiler.is_compiling() or type(inputs) not in (Tensor, torch.nn.Parameter):
        given = zip(problems, repeat(kind), calls)  # as many as there are problems
        results = [custom.unroll(*call) for call in given]
    elif torch.is_grad_enabled() and any(
        t is not None and t.requires_grad for call in calls for t in call
    ):
        found = _Unroll.apply(problems, kind, *chain(*calls))
        results = [found[k : k + 3] for k in range(0, len(found), 3)]
    else:
        prepared = [direction.prepared for direction in directions]
        results = run_forward(problems, kind, calls, None, prepared)
    if isinstance(recurrence, LSTM):
        return [(outputs, LSTMState(hidden, cell)) for outputs, hidden, cell, *_ in results]
    return [(outputs, RNNState(hidden)) for outputs, hidden, *_ in results]


def _tensors(inputs: Tensor, weights: Any, state: Any, second_bias: Tensor | None) -> list:
    """As `elman.operators.calls` takes them."""
    hidden, cell = (None, None) if state is None else (*state, None)[:2]
    return [inputs, hidden, cell, second_bias, *weights]


class _Unroll(torch.autograd.Function):
    """The kernels with their gradients; the tensors of each call as `run_forward` takes them."""

    @staticmethod
    def forward(ctx: Any, problems: list[Problem], kind: Any, *tensors: Any) -> tuple:
        results = run_forward(problems, kind, _parted(tensors, len(problems)), "memory")
        ctx.problems, ctx.kind = problems, kind
        ctx.kept = [result.kept for result in results]
        ctx.save_for_backward(*tensors, *(result.outputs for result in results))
        ctx.set_materialize_grads(False)
        return tuple(chain(*(result[:3] for result in results)))

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple:
        problems, kind, count = ctx.problems, ctx.kind, len(ctx.problems)
        tensors, outputs = ctx.saved_tensors[:-count], ctx.saved_tensors[-count:]
        calls, by = _parted(tensors, count), _parted(grads, count)
        wanted = _parted(ctx.needs_input_grad[2:], count)
        if torch.is_grad_enabled():  # somebody will differentiate these gradients
            with torch.autocast("cpu", enabled=False):  # in the dtype of the outputs
                found = list(map(differentiate_loop, problems, repeat(kind), calls, wanted, by))
        else:
            made = list(zip(outputs, ctx.kept, strict=True))
            found = run_backward(problems, kind, calls, made, by, wanted)
        return None, None, *chain(*found)


def _parted(values: Any, count: int) -> list:
    size = len(values) // count
    return [values[k : k + size] for k in range(0, len(values), size)]


def differentiate_loop(
    problem: Problem, kind: Any, tensors: Any, wanted: Any, grads: Any
) -> list[Tensor | None]:
    """The same gradients as a graph of their own, from running the loop of torch operations."""
    # Views: a tensor that is passed twice still has one gradient for each place.
    views: Any = [None if t is None else t.view_as(t) for t in tensors]
    results = [
        (result, grad)
        for result, grad in zip(_loop(problem, kind, views), grads, strict=False)
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
