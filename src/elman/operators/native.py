"""The compiled recurrences as torch operations with gradients of every order.

Where a kernel may touch the tensors' memory, an `autograd.Function` has it do so. Whoever looks on
(`torch.compile`, `torch.export`, tracers, modes) sees custom operators of `torch.library` instead,
whose overhead on each call a small recurrence would feel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import forward_ad

from elman.errors import ShapeError
from elman.kernels.compiled import missing
from elman.kernels.contract import Noise, Recurrence
from elman.operators import custom
from elman.operators.calls import Problem, run_backward, run_forward
from elman.operators.differentiating import differentiate_loop
from elman.operators.memory import may_touch, transformed

__all__ = ["Job", "lacks", "run", "unroll"]

# What a class of tensors has in this place unless it changes what torch's functions do to it.
_AS_TORCH = (Tensor.__torch_function__, torch._C._disabled_torch_function_impl)


def lacks(recurrence: Recurrence, weights: Any, inputs: Tensor) -> str | None:
    """None if the compiled kernels can run this, else the reason why not."""
    reason = missing(recurrence)
    if reason is not None:
        return reason
    if inputs.device.type != "cpu":
        return f"the compiled kernels run on a CPU, not on {inputs.device.type}"
    dtype = weights.weight_ih.dtype
    if dtype not in (torch.float32, torch.float64):
        return f"the compiled kernels know float32 and float64, not {dtype}"
    kind = type(weights.weight_ih)
    if not torch.compiler.is_compiling() and kind.__torch_function__ not in _AS_TORCH:
        return f"{kind.__name__} has torch's own operators do something else"
    if transformed():
        return "transforms of torch.func look into operations, not into compiled kernels"
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

    def problems(self) -> list[Problem]:
        """Each direction's, as `elman.operators.calls` takes them."""
        recurrence, lengths, resets, reverse, noise, time_first = self
        return [Problem(recurrence, lengths, resets, back, noise, time_first) for back in reverse]

    def tensors(self) -> tuple[Tensor | None, ...]:
        """Those that have no gradients."""
        keys, steps = (None, None) if self.noise is None else self.noise[:2]
        return self.lengths, self.resets, keys, steps

    def holding(self, lengths: Any, resets: Any, keys: Any, steps: Any) -> Job:
        """The same with other `tensors`."""
        noise = None if self.noise is None else self.noise._replace(keys=keys, steps=steps)
        return self._replace(lengths=lengths, resets=resets, noise=noise)


def unroll(job: Job, directions: Any, inputs: Tensor) -> tuple[Tensor, list[Any]]:
    """As `elman.operators.unroll_both`, of one or two directions, where `lacks` has no objection;
    no checks.

    Under autocast it computes in the weights' dtype. What is prepared is used where nothing will
    be differentiated.
    """
    kind = type(directions[0].weights)
    tensors = [inputs]
    for weights, state, second_bias, _ in directions:
        hidden, cell = (None, None) if state is None else (*state, None)[:2]
        tensors += [hidden, cell, second_bias, *weights]
    if torch.is_autocast_enabled("cpu"):  # else the dtypes were checked to be one
        dtype = directions[0].weights.weight_ih.dtype
        tensors = [None if t is None else t.to(dtype) for t in tensors]
    if may_touch((*tensors, *job.tensors())):
        return run(job, kind, tensors, [direction.prepared for direction in directions])
    outputs: Any
    outputs, *ends = custom.unroll(job.problems(), kind, _calls(tensors, job))
    return outputs, _states(job, ends)


def run(
    job: Job, kind: Any, tensors: Sequence[Any], prepared: Sequence[Any] = (None, None)
) -> tuple[Tensor, list[Any]]:
    """As `unroll`, where kernels may touch the tensors.

    Args:
        job: What to compute.
        kind: The contract's NamedTuple of the weights.
        tensors: The inputs, then of each direction hidden state, cell, second bias and weights.
        prepared: Each direction's.
    """
    outputs: Any
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors):
        outputs, *ends = _Unroll.apply(job, kind, *tensors)
    else:
        calls = _calls(tensors, job)
        outputs, results = run_forward(job.problems(), kind, calls, False, prepared)
        ends = [leaf for result in results for leaf in result[:2]]
    return outputs, _states(job, ends)


def _states(job: Job, ends: list[Any]) -> list[Any]:
    """Each direction's final state, of hidden states and cells (None where there is none)."""
    kind = job.recurrence.state_type
    count = len(kind._fields)
    return [kind(*ends[k : k + count]) for k in range(0, len(ends), 2)]


def _calls(tensors: Any, job: Job) -> list[tuple]:
    """Each direction's tensors as `elman.operators.calls` takes them."""
    inputs, *rest = tensors
    size = len(rest) // len(job.reverse)
    return [(inputs, *rest[k : k + size]) for k in range(0, len(rest), size)]


class _Unroll(torch.autograd.Function):
    """The kernels with their gradients: inputs and each direction's tensors to outputs and ends."""

    @staticmethod
    def forward(ctx: Any, job: Job, kind: Any, *tensors: Any) -> tuple:
        made, results = run_forward(job.problems(), kind, _calls(tensors, job), True)
        saved = (*job.tensors(), *tensors, made, *(result.kept for result in results))
        ctx.save_for_backward(*saved)
        ctx.forms = list(map(_form, saved))
        ctx.job, ctx.kind = job.holding(None, None, None, None), kind
        # What is returned may be changed in place, as torch's outputs may: it counts its changes by
        # itself, so saving `made` does not forbid them.
        outputs = made.data
        ctx.changes = _Changes(outputs)
        ctx.set_materialize_grads(False)
        return outputs, *(leaf for result in results for leaf in result[:2])

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple:
        saved = ctx.saved_tensors  # read once: checkpointing runs the forward again for it
        _check_saved(saved, ctx.forms)
        count = len(ctx.job.reverse)
        job = ctx.job.holding(*saved[:4])
        calls = _calls(saved[4 : -count - 1], job)
        wanted = _calls(ctx.needs_input_grad[2:], job)
        by_outputs, *by_ends = grads
        by = _by_direction(by_outputs, by_ends, calls)
        if torch.is_grad_enabled() or transformed():  # differentiated again, or many at once
            with torch.autocast("cpu", enabled=False):  # in the dtype of the outputs
                found = [
                    differentiate_loop(problem, ctx.kind, *given)
                    for problem, *given in zip(job.problems(), calls, wanted, by, strict=True)
                ]
            return None, None, *_together(found)
        direct = may_touch((*saved, *grads))
        outputs, kept = saved[-count - 1], saved[-count:]
        if ctx.changes.happened():  # what was overwritten is computed again, in the same bits
            forward = run_forward if direct else custom.forward
            outputs, _ = forward(job.problems(), ctx.kind, calls, False)
        run = run_backward if direct else custom.backward
        return None, None, *run(job.problems(), ctx.kind, calls, outputs, kept, by, wanted)


_NOTHING = torch.empty(0)


class _Changes:
    """Tells whether a tensor was changed in place since, without holding its memory."""

    def __init__(self, tensor: Tensor) -> None:
        self._counter = tensor.detach()  # shares the count of changes, and goes on sharing it
        self._counter.data = _NOTHING
        self._before = self._counter._version

    def happened(self) -> bool:
        return self._counter._version != self._before


def _form(tensor: Tensor | None) -> tuple | None:
    return None if tensor is None else (tensor.shape, tensor.dtype)


def _check_saved(saved: Any, forms: list) -> None:
    """What hooks on saved tensors give back is read by address: it must be of the same form."""
    found = list(map(_form, saved))
    for form, wanted in zip(found, forms, strict=True):
        if form != wanted:
            raise ShapeError("saved tensors", f"a hook gave back {form}", f"give back {wanted}")


def _by_direction(by_outputs: Any, by_ends: Any, calls: list[tuple]) -> list[tuple]:
    """The gradients by each direction's outputs, final hidden state and cell."""
    parts: Any = [by_outputs]
    if by_outputs is None or len(calls) > 1:
        widths = [weight_hh.shape[1] for _, _, _, _, _, weight_hh, *_ in calls]
        parts = [None] * len(calls) if by_outputs is None else by_outputs.split(widths, -1)
    return [(part, *by_ends[2 * k : 2 * k + 2]) for k, part in enumerate(parts)]


def _together(found: list) -> tuple:
    """All directions' gradients, with one by the inputs that they share."""
    (by_inputs, *first), *others = found
    for other, *rest in others:
        by_inputs = by_inputs if other is None else by_inputs + other
        first += rest
    return by_inputs, *first
