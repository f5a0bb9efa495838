"""Tapes as torch operations: the compiled engine, and the tape step by step in torch's own.

An `autograd.Function` hands addresses to the engine where it may touch the tensors; graphs and
modes see custom operators; second derivatives, transforms, other devices and dtypes run the loop.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import forward_ad

from elman.errors import ShapeError
from elman.kernels.philox import keep_mask
from elman.kernels.tapes.compiled import engine, missing
from elman.kernels.tapes.evaluation import evaluate
from elman.operators.calls import empty_sequence, lasting
from elman.operators.choice import Choice
from elman.operators.differentiating import by_graph
from elman.operators.loop import reading_order, real_steps
from elman.operators.memory import may_touch, traced, transformed
from elman.tapes import Op, Tape

__all__ = [
    "TapeJob",
    "check_parts",
    "choose_tape",
    "evaluate_tape",
    "tape_text",
    "unroll_tape",
]


class TapeJob(NamedTuple):
    """What is computed, but for the tensors with gradients.

    Attributes:
        tape: With all sizes known.
        lengths: `[B]` int64, or None.
        resets: `[B, T]` bool, or None.
        reverse: Whether each row is read from its last step to its first.
        keys: `[B]` int64; None: masks are what they are on average.
        steps: `[B]` int64, steps made before; None: 0.
        text: `tape_text` of the tape, made before, which a compiler of graphs needs.
    """

    tape: Tape
    lengths: Tensor | None = None
    resets: Tensor | None = None
    reverse: bool = False
    keys: Tensor | None = None
    steps: Tensor | None = None
    text: str = ""

    def tensors(self) -> tuple[Tensor | None, ...]:
        """Those without gradients."""
        return self.lengths, self.resets, self.keys, self.steps

    def holding(self, lengths: Any, resets: Any, keys: Any, steps: Any) -> TapeJob:
        """The same with other `tensors`."""
        return self._replace(lengths=lengths, resets=resets, keys=keys, steps=steps)


def choose_tape(inputs: Tensor, weights: Sequence[Tensor]) -> Choice:
    """What runs a tape with these tensors, and why."""
    reason = missing()
    dtype = inputs.dtype
    if reason is None and inputs.device.type != "cpu":
        reason = f"the compiled engine runs on a CPU, not on {inputs.device.type}"
    if reason is None and dtype not in (torch.float32, torch.float64):
        reason = f"the compiled engine knows float32 and float64, not {dtype}"
    if reason is None and any(weight.dtype != dtype for weight in weights):
        reason = "inputs and weights are of several dtypes"
    if reason is None and traced():
        reason = "what torch.jit.trace records shall run wherever torch does"
    if reason is None and transformed():
        reason = "transforms of torch.func look into operations, not into compiled kernels"
    if reason is None and forward_ad._current_level >= 0:
        reason = "the compiled engine has no forward-mode derivatives"
    if reason is None and not torch.compiler.is_compiling() and 0 in inputs.shape:
        reason = "there is nothing to compute"
    if reason is None:
        return Choice("native", "the compiled engine runs its tape on a CPU")
    return Choice("loop", reason)


def check_parts(parts: Sequence[Tensor], inputs: Tensor) -> None:
    """Raises where a state lies elsewhere than the inputs, or is of another dtype.

    Under autocast the dtype is free.

    Raises:
        ShapeError: It does; the engine would read other numbers than there are.
    """
    free = torch.is_autocast_enabled(inputs.device.type)
    for part in parts:
        if part.device != inputs.device or (part.dtype != inputs.dtype and not free):
            found = f"found {part.dtype} on {part.device}"
            raise ShapeError(
                "state", found, f"give {inputs.dtype} on {inputs.device}, as the inputs"
            )


def unroll_tape(
    job: TapeJob, inputs: Tensor, states: Sequence[Tensor], weights: Sequence[Tensor]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Whole sequences: outputs `[B, T, O]`, zero past each length, and the state after them."""
    if choose_tape(inputs, weights).kernel != "native":
        return loop_tape(job, inputs, states, weights)
    tensors = (inputs, *states, *weights)
    if not may_touch((*tensors, *job.tensors())):
        text = job.text or tape_text(job.tape)
        given = (inputs, list(states), list(weights), *job.tensors(), job.reverse, text)
        outputs, finals, _ = _operator(*given)
        return outputs, tuple(finals)
    if torch.is_grad_enabled() and any(t.requires_grad for t in tensors):
        outputs, *finals = _Unroll.apply(job, len(states), *tensors)
        return outputs, tuple(finals)
    outputs, finals, _ = run_forward(job, inputs, states, weights, False)
    return outputs, finals


# ---- by torch's own operations -----------------------------------------------------------------


def _pad(x: Tensor, first: int, size: int) -> Tensor:
    return torch.nn.functional.pad(x, (first, size - first - x.shape[1]))


def _scale(x: Tensor, epsilon: float) -> Tensor:
    return torch.rsqrt(x.var(dim=1, keepdim=True, correction=0) + epsilon)


TORCH: dict[str, Any] = {
    "neg": torch.neg,
    "still": lambda x: x.detach(),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "exp": torch.exp,
    "log": torch.log,
    "softplus": torch.nn.functional.softplus,
    "sqrt": torch.sqrt,
    "abs": torch.abs,
    "floor": torch.floor,
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "max": torch.maximum,
    "min": torch.minimum,
    "greater": lambda a, b: (a > b).to(a.dtype),
    "where": lambda m, a, b: torch.where(m != 0, a, b),
    "sum": lambda x: x.sum(dim=1, keepdim=True),
    "mean": lambda x: x.mean(dim=1, keepdim=True),
    "amax": lambda x: x.amax(dim=1, keepdim=True),
    "norm_scale": _scale,
    "norm": lambda x, scale: (x - x.mean(dim=1, keepdim=True)) * scale,
    "join": lambda *parts: torch.cat(parts, dim=1),
    "spread": lambda x, size: x.expand(-1, size),
    "slice": lambda x, first, size: x[:, first : first + size],
    "pad": _pad,
    "product": lambda weight, x: x @ weight.T,
}


def evaluate_tape(
    job: TapeJob, inputs: Tensor, states: Sequence[Tensor], weights: Sequence[Tensor]
) -> tuple[list[Tensor], tuple[Tensor, ...]]:
    """Every value of one step `[B, I]`, and the state after it."""
    batch = inputs.shape[0]

    def leaf(op: Op) -> Tensor:
        if op.name == "input":
            return inputs
        if op.name == "state":
            return states[int(op.given[0])]
        if op.name == "vector":
            first = int(op.given[1])
            return weights[int(op.given[0])].reshape(1, -1)[:, first : first + op.size]
        if op.name == "constant":
            return inputs.new_tensor(op.given)[None]
        steps = job.steps
        if steps is None:
            steps = torch.zeros(batch, dtype=torch.int64, device=inputs.device)
        if op.name == "time":
            return steps[:, None].to(inputs.dtype)
        stream, rate = int(op.given[0]), op.given[1]
        if job.keys is None:
            return inputs.new_full((batch, op.size), 1 - rate)
        return keep_mask(job.keys, steps, op.size, rate, stream).to(inputs)

    values = evaluate(job.tape.ops, leaf, weights, TORCH)
    after = tuple(values[value].expand(batch, job.tape.ops[value].size) for value in job.tape.after)
    return values, after


def _instead(inputs: Tensor, lengths: Tensor) -> Tensor:
    """The inputs with each row's last real step in the place of those past its length.

    What is computed of them is thrown away, but must be finite where the row is: a gradient of zero
    times infinity is none. A logarithm may well be infinite at zeros. Rows of no steps read ones.
    """
    batch, time, size = inputs.shape
    steps = torch.arange(time, device=inputs.device)
    index = torch.minimum(steps, (lengths - 1).clamp(min=0)[:, None])
    read = inputs.gather(1, index[..., None].expand(batch, time, size))
    return read.masked_fill((lengths == 0)[:, None, None], 1)


def loop_tape(
    job: TapeJob, inputs: Tensor, states: Sequence[Tensor], weights: Sequence[Tensor]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """As `unroll_tape`, step by step."""
    batch, time, _ = inputs.shape
    real = None if job.lengths is None else real_steps(job.lengths, time)
    resets = job.resets
    if real is not None and job.lengths is not None:
        inputs = _instead(inputs, job.lengths)
        resets = None if resets is None else resets & real
    order = reading_order(batch, time, job.lengths, job.reverse, inputs.device)
    made = order if job.steps is None else order + job.steps[:, None]
    outputs, now = [], tuple(states)
    for t in reversed(range(time)) if job.reverse else range(time):
        if resets is not None:
            now = tuple(part.masked_fill(resets[:, t, None], 0) for part in now)
        step = job._replace(steps=made[:, t])
        values, after = evaluate_tape(step, inputs[:, t], now, weights)
        output = values[job.tape.output].expand(batch, job.tape.output_size)
        if real is not None:
            keep = real[:, t, None]
            after = tuple(torch.where(keep, n, o) for n, o in zip(after, now, strict=True))
            output = torch.where(keep, output, 0)
        now = after
        outputs.append(output)
    if not outputs:
        return inputs.new_zeros(batch, 0, job.tape.output_size), now
    return torch.stack(outputs[::-1] if job.reverse else outputs, dim=1), now


# ---- by the engine -----------------------------------------------------------------------------


class _Addresses:
    """Gives addresses of tensors, dense where they must be, which live as long as this does."""

    def __init__(self) -> None:
        self._copies: list[Tensor] = []

    def __call__(self, tensor: Tensor | None) -> int | None:
        if tensor is None:
            return None
        if not tensor.is_contiguous():
            tensor = tensor.detach().contiguous()
            self._copies.append(tensor)
        return tensor.data_ptr()

    def sequence(self, tensor: Tensor | None) -> tuple[int, int, int] | None:
        if tensor is None:
            return None
        if tensor.stride(2) != 1 and tensor.shape[2] > 1:
            tensor = tensor.detach().contiguous()
            self._copies.append(tensor)
        return tensor.data_ptr(), tensor.stride(0), tensor.stride(1)


def _name(tensor: Tensor) -> str:
    return "float32" if tensor.dtype == torch.float32 else "float64"


def _reading(job: TapeJob, inputs: Tensor, at: _Addresses) -> tuple:
    batch, time = inputs.shape[:2]
    return batch, time, at(job.lengths), at(job.resets), job.reverse


def run_forward(
    job: TapeJob,
    inputs: Tensor,
    states: Sequence[Tensor],
    weights: Sequence[Tensor],
    keep: bool,
    prepared: Any = None,
    clear: bool = False,
) -> tuple[Tensor, tuple[Tensor, ...], Tensor | None]:
    """Outputs, the state after, and what the way back needs (None without `keep`).

    With `clear` there are zeros, not what was there before, where nothing is kept.
    """
    at = _Addresses()
    made, packed = prepared or (engine(job.tape, keep, job.resets is not None), None)
    name, (batch, time) = _name(inputs), inputs.shape[:2]
    outputs = empty_sequence(inputs, job.tape.output_size)
    finals = tuple(state.new_empty(state.shape) for state in states)
    kept = lasting(inputs, made.kept_size(name, batch, time)) if keep else None
    if kept is not None and clear:
        kept.zero_()
    call = (
        _reading(job, inputs, at),
        at.sequence(inputs),
        tuple(map(at, weights)),
        tuple(map(at, states)),
        at(job.keys),
        at(job.steps),
        at.sequence(outputs),
        tuple(map(at, finals)),
        at(kept),
        packed,
    )
    made.forward(name, call, torch.get_num_threads())
    return outputs, finals, kept


def run_backward(
    job: TapeJob,
    inputs: Tensor,
    states: Sequence[Tensor],
    weights: Sequence[Tensor],
    kept: Tensor,
    by_outputs: Tensor | None,
    by_finals: Sequence[Tensor | None],
    wanted: bool,
) -> tuple[Tensor | None, list[Tensor], list[Tensor]]:
    """Gradients by inputs (None if not `wanted`), states and weights."""
    at = _Addresses()
    made = engine(job.tape, True, job.resets is not None)
    grad_inputs = inputs.new_empty(inputs.shape) if wanted else None
    grad_states = [state.new_empty(state.shape) for state in states]
    grad_weights = [weight.new_empty(weight.shape) for weight in weights]
    call = (
        _reading(job, inputs, at),
        at.sequence(inputs),
        tuple(map(at, weights)),
        at(job.steps),
        at(kept),
        at.sequence(by_outputs),
        tuple(map(at, by_finals)),
        at.sequence(grad_inputs),
        tuple(map(at, grad_states)),
        tuple(map(at, grad_weights)),
    )
    made.backward(_name(inputs), call, torch.get_num_threads())
    return grad_inputs, grad_states, grad_weights


class _Unroll(torch.autograd.Function):
    """The engine with its gradients."""

    @staticmethod
    def forward(ctx: Any, job: TapeJob, count: int, *tensors: Tensor) -> tuple:
        inputs, states, weights = tensors[0], tensors[1 : 1 + count], tensors[1 + count :]
        outputs, finals, kept = run_forward(job, inputs, states, weights, True)
        ctx.save_for_backward(*job.tensors(), kept, *tensors)
        ctx.job, ctx.count = job.holding(None, None, None, None), count
        ctx.set_materialize_grads(False)
        return outputs, *finals

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple:
        lengths, resets, keys, steps, kept, *tensors = ctx.saved_tensors
        job, count = ctx.job.holding(lengths, resets, keys, steps), ctx.count
        wanted = ctx.needs_input_grad[2:]
        if torch.is_grad_enabled() or transformed():
            return None, None, *_differentiated(job, count, tensors, grads, wanted)
        inputs, states, weights = tensors[0], tensors[1 : 1 + count], tensors[1 + count :]
        if not may_touch((*tensors, *(g for g in grads if g is not None))):
            given = (
                inputs,
                states,
                weights,
                *job.tensors(),
                job.reverse,
                job.text or tape_text(job.tape),
            )
            by_inputs, by_states, by_weights = _operator_back(
                *given, kept, grads[0], list(grads[1:])
            )
        else:
            by_inputs, by_states, by_weights = run_backward(
                job, inputs, states, weights, kept, grads[0], grads[1:], wanted[0]
            )
        return None, None, by_inputs, *by_states, *by_weights


def _differentiated(
    job: TapeJob, count: int, tensors: Sequence[Tensor], grads: Sequence[Any], wanted: Sequence
) -> list[Tensor | None]:
    """The same gradients as a graph of their own, by running the loop again."""
    with torch.enable_grad(), torch.autocast("cpu", enabled=False):
        views = [tensor.view_as(tensor) for tensor in tensors]
        outputs, finals = loop_tape(job, views[0], views[1 : 1 + count], views[1 + count :])
    return by_graph(zip((outputs, *finals), grads, strict=True), views, wanted)


# ---- for whoever records -----------------------------------------------------------------------


@lru_cache(maxsize=256)
def tape_text(tape: Tape) -> str:
    """A tape as the operator takes it."""
    return json.dumps(tape.to_data())


@lru_cache(maxsize=256)
def _tape(text: str) -> Tape:
    return Tape.from_data(json.loads(text))


_GIVEN = (
    "Tensor inputs, Tensor[] states, Tensor[] weights, Tensor? lengths, Tensor? resets, "
    "Tensor? keys, Tensor? steps, bool reverse, str tape"
)


def _job(arguments: Sequence[Any]) -> TapeJob:
    lengths, resets, keys, steps, reverse, text = arguments
    return TapeJob(_tape(text), lengths, resets, reverse, keys, steps)


@torch.library.custom_op(
    "elman::unroll_tape", mutates_args=(), schema=f"({_GIVEN}) -> (Tensor, Tensor[], Tensor)"
)
def _operator(inputs, states, weights, *others):
    outputs, finals, kept = run_forward(_job(others), inputs, states, weights, True, clear=True)
    return outputs, list(finals), kept


@_operator.register_fake
def _(inputs, states, weights, *others):
    job = _job(others)
    batch, time, _ = inputs.shape
    made = engine(job.tape, True, job.resets is not None)
    header = made.kept_size(_name(inputs), 0, 0)
    rows = [made.kept_size(_name(inputs), 1, t) - header for t in (0, 1)]
    kept = header + batch * (rows[0] + time * (rows[1] - rows[0]))
    return (
        empty_sequence(inputs, job.tape.output_size),
        [state.new_empty(state.shape) for state in states],
        inputs.new_empty(kept),
    )


@torch.library.custom_op(
    "elman::unroll_tape_backward",
    mutates_args=(),
    schema=f"({_GIVEN}, Tensor kept, Tensor? by_outputs, Tensor?[] by_finals) -> "
    "(Tensor, Tensor[], Tensor[])",
)
def _operator_back(inputs, states, weights, *rest):
    *others, kept, by_outputs, by_finals = rest
    return run_backward(_job(others), inputs, states, weights, kept, by_outputs, by_finals, True)


@_operator_back.register_fake
def _(inputs, states, weights, *rest):
    return (
        inputs.new_empty(inputs.shape),
        [state.new_empty(state.shape) for state in states],
        [weight.new_empty(weight.shape) for weight in weights],
    )


def _keep(ctx: Any, inputs: tuple, output: tuple) -> None:
    first, states, weights, lengths, resets, keys, steps, reverse, text = inputs
    ctx.others, ctx.count = (reverse, text), len(states)
    ctx.save_for_backward(lengths, resets, keys, steps, output[2], first, *states, *weights)
    ctx.set_materialize_grads(False)


def _backward(ctx: Any, by_outputs: Any, by_finals: Any, _: Any) -> tuple:
    lengths, resets, keys, steps, kept, inputs, *rest = ctx.saved_tensors
    states, weights = rest[: ctx.count], rest[ctx.count :]
    finals = [None] * ctx.count if by_finals is None else list(by_finals)
    found = _operator_back(
        inputs, states, weights, lengths, resets, keys, steps, *ctx.others, kept, by_outputs, finals
    )
    return *found, *[None] * 6


_operator.register_autograd(_backward, setup_context=_keep)
