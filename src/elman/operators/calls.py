"""Calls of the compiled kernels on the memory of torch tensors.

Tensors have no buffer protocol, and asking for their NumPy arrays takes longer than a step of a
small recurrence; so addresses are handed over. What is asked of the tensors was checked before.

A call reads its tensors in this order: inputs, the initial hidden state and cell (None for zeros,
the cell also where there is none), the second bias or None, then the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from elman.kernels.compiled import described, kernels_of, memory, ordered
from elman.kernels.contract import Noise, Recurrence

__all__ = ["Problem", "empty_sequence", "run_backward", "run_forward"]

_LARGE = 1 << 18
"""Bytes from which the system's work of clearing new memory is felt; see bindings/memory.cpp."""


class Problem(NamedTuple):
    """What `elman.operators.unroll` computes, but for the tensors with gradients."""

    recurrence: Recurrence
    lengths: Tensor | None
    resets: Tensor | None
    reverse: bool
    noise: Noise | None
    time_first: bool = False


class Results(NamedTuple):
    """What a forward call gives beside its outputs; `kept` is what the way back needs."""

    hidden: Tensor
    cell: Tensor | None
    kept: Tensor | None


class _Dense:
    """Gives the addresses of tensors, dense and row-major, which live as long as this does."""

    def __init__(self, time_first: bool) -> None:
        self._time_first = time_first
        self._copies: list[Tensor] = []

    def __call__(self, tensor: Tensor | None) -> int | None:
        if tensor is None:
            return None
        if not tensor.is_contiguous():
            tensor = self._copy(tensor)
        return tensor.data_ptr()

    def sequence(self, tensor: Tensor | None) -> tuple[int, int, int] | None:
        """Address and strides of rows and steps, copied only if its steps are not dense."""
        if tensor is None:
            return None
        first, second, entry = tensor.stride()
        if entry != 1 and tensor.shape[2] > 1:
            tensor = self._copy(tensor)
            first, second, _ = tensor.stride()
        if self._time_first:
            return tensor.data_ptr(), second, first
        return tensor.data_ptr(), first, second

    def _copy(self, tensor: Tensor) -> Tensor:
        """By NumPy: torch's threads, which copy large tensors, hang in the child of a fork."""
        dense = lasting(tensor, tensor.numel()).view(tensor.shape)
        np.copyto(dense.numpy(), tensor.detach().numpy())
        self._copies.append(dense)
        return dense


def lasting(like: Tensor, entries: int) -> Tensor:
    """`[entries]`; many of them in memory that goes on from call to call."""
    size = entries * like.element_size()
    if size < _LARGE:
        return like.new_empty(entries)
    return torch.frombuffer(memory(size), dtype=like.dtype)


def empty_sequence(like: Tensor, features: int, time_first: bool = False) -> Tensor:
    """`[B, T, features]`, laid out in memory as `like [B, T, …]` is; `[T, B, …]` is dense.

    So the time comes first in memory where it does in torch.nn, however `like` is laid out.
    """
    first, second, _ = like.shape
    if not time_first and like.stride(0) < like.stride(1):
        return like.new_empty(second, first, features).transpose(0, 1)
    return like.new_empty(first, second, features)


def _empty_results(like: Tensor, features: int, time_first: bool) -> Tensor:
    """As `empty_sequence`; a large one in memory that goes on from call to call."""
    size = like.shape[0] * like.shape[1] * features
    if size * like.element_size() < _LARGE:
        return empty_sequence(like, features, time_first)
    flat = lasting(like, size)
    first, second, _ = like.shape
    if not time_first and like.stride(0) < like.stride(1):
        return flat.view(second, first, features).transpose(0, 1)
    return flat.view(first, second, features)


def run_forward(
    problems: Sequence[Problem],
    kind: Any,
    calls: Sequence[Sequence[Any]],
    keep: bool,
    prepared: Sequence[tuple[tuple, Any] | None] = (None, None),
) -> tuple[Tensor, list[Results]]:
    """One call, or both directions' two at once.

    Args:
        problems: What to compute, one for each call.
        kind: The contract's NamedTuple of the weights.
        calls: Each one's tensors; the inputs are the same.
        keep: Whether to keep what `run_backward` needs.
        prepared: What `described` and `pack` made of each one's weights; None: they are packed in
            this call.

    Returns:
        The outputs `[B, T, R]` (of two calls side by side), and each call's results.
    """
    inputs = calls[0][0]
    kernels = kernels_of("float32" if inputs.dtype == torch.float32 else "float64")
    at = _Dense(problems[0].time_first)
    whats, packs = [], []
    for problem, tensors, made in zip(problems, calls, prepared, strict=False):
        what, pack = made or (None, None)
        if what is None or problem.noise is not None:
            weights, second_bias = kind(*tensors[4:]), tensors[3]
            what = described(problem.recurrence, weights, problem.noise, at, second_bias)
        whats.append(what)
        packs.append(pack)
    widths = [what[3] for what in whats]
    outputs = _empty_results(inputs, sum(widths), problems[0].time_first)
    parts = outputs.split(widths, -1) if len(widths) > 1 else [outputs]
    arguments, results = [], []
    for problem, tensors, what, pack, part in zip(
        problems, calls, whats, packs, parts, strict=True
    ):
        given, found = _forward_arguments(kernels, problem, tensors, what, pack, keep, part, at)
        arguments.append(given)
        results.append(found)
    if len(arguments) == 1:
        kernels.forward(arguments[0], torch.get_num_threads())
    else:
        kernels.forward_both(*arguments, torch.get_num_threads())
    return outputs, results


def _forward_arguments(
    kernels: Any,
    problem: Problem,
    tensors: Sequence[Any],
    what: tuple,
    packed: Any,
    keep: bool,
    outputs: Tensor,
    at: _Dense,
) -> tuple[tuple, Results]:
    """What one call hands over, and the tensors that it fills."""
    inputs, hidden, cell = tensors[:3]
    recurrence, lengths, resets, reverse, _, time_first = problem
    time, batch = inputs.shape[:2] if time_first else inputs.shape[1::-1]
    final_hidden = inputs.new_empty(batch, what[3])
    final_cell = inputs.new_empty(batch, what[2]) if recurrence.has_cell else None
    kept = lasting(inputs, kernels.kept_size(what, batch, time)) if keep else None
    given = (
        what,
        (batch, time, at(lengths), at(resets), reverse),
        at.sequence(inputs),
        None,
        at(hidden),
        at(cell),
        at.sequence(outputs),
        final_hidden.data_ptr(),
        at(final_cell),
        at(kept),
        packed,
    )
    return given, Results(final_hidden, final_cell, kept)


def run_backward(
    problems: Sequence[Problem],
    kind: Any,
    calls: Sequence[Sequence[Any]],
    outputs: Tensor,
    kept: Sequence[Tensor],
    grads: Sequence[Sequence[Tensor | None]],
    wanted: Sequence[Sequence[bool]],
) -> tuple[Tensor | None, ...]:
    """Gradients by the inputs, then by each call's other tensors, in their order.

    Args:
        problems: As for `run_forward`, like `kind` and `calls`.
        kind: As there.
        calls: As there.
        outputs: As `run_forward` gave them.
        kept: What each call kept.
        grads: Each call's gradients by outputs, final hidden state and cell; None for zeros.
        wanted: Which gradients by inputs, state and second bias are wanted, for each call; those
            by the weights always come.
    """
    dtype = calls[0][0].dtype
    kernels = kernels_of("float32" if dtype == torch.float32 else "float64")
    at = _Dense(problems[0].time_first)
    parts: Any = [outputs]
    if len(calls) > 1:
        parts = outputs.split([tensors[5].shape[1] for tensors in calls], -1)
    arguments, found = [], []
    each = zip(problems, calls, parts, kept, grads, wanted, strict=True)
    for problem, tensors, *rest in each:
        argument, gradients = _backward_arguments(kind, problem, tensors, at, *rest)
        arguments.append(argument)
        found.append(gradients)
    if len(arguments) == 1:
        kernels.backward(arguments[0], torch.get_num_threads())
    else:
        kernels.backward_both(*arguments, torch.get_num_threads())
    (by_inputs, *first), *others = found
    for other, *rest in others:
        first += rest
        if other is not None:  # by NumPy, as `_Dense` copies
            np.add(by_inputs.numpy(), other.numpy(), out=by_inputs.numpy())
    return by_inputs, *first


def _backward_arguments(
    kind: Any,
    problem: Problem,
    tensors: Any,
    at: _Dense,
    outputs: Tensor,
    kept: Tensor,
    grads: Any,
    wanted: Any,
) -> tuple[tuple, tuple[Tensor | None, ...]]:
    inputs, hidden, cell, second_bias, *parameters = tensors
    weights = kind(*parameters)
    recurrence, lengths, resets, reverse, noise, time_first = problem
    time, batch = inputs.shape[:2] if time_first else inputs.shape[1::-1]
    grad_inputs = _empty_results(inputs, inputs.shape[2], time_first) if wanted[0] else None
    grad_hidden = hidden.new_empty(hidden.shape) if hidden is not None and wanted[1] else None
    grad_cell = cell.new_empty(cell.shape) if cell is not None and wanted[2] else None
    grad_second = None if second_bias is None else second_bias.new_empty(second_bias.shape)
    grad_weights = kind(*(None if w is None else w.new_empty(w.shape) for w in parameters))
    grad_outputs, grad_final_hidden, grad_final_cell = grads
    given = (
        described(recurrence, weights, noise, at, second_bias),
        (batch, time, at(lengths), at(resets), reverse),
        at.sequence(inputs),
        at(hidden),
        at(cell),
        at.sequence(outputs),
        at(kept),
        at.sequence(grad_outputs),
        at(grad_final_hidden),
        at(grad_final_cell),
        at.sequence(grad_inputs),
        at(grad_hidden),
        at(grad_cell),
        tuple(map(at, ordered(grad_weights, grad_second))),
    )
    return given, (grad_inputs, grad_hidden, grad_cell, grad_second, *grad_weights)
