"""Calls of the compiled kernels on the memory of torch tensors.

Tensors have no buffer protocol, and asking for their NumPy arrays takes longer than a step of a
small recurrence; so addresses are handed over. What is asked of the tensors was checked before.

A call reads its tensors in this order: inputs, the initial hidden state and cell (None for zeros,
the cell also where there is none), the second bias or None, then the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from elman.kernels.compiled import described, kernels_of, memory, ordered
from elman.kernels.contract import LSTM, Noise, Recurrence

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
    """What a forward call gives; `kept` is what the way back needs."""

    outputs: Tensor
    hidden: Tensor
    cell: Tensor | None
    kept: Any


class _Dense:
    """Gives the addresses of tensors, dense and row-major, which live as long as this does."""

    def __init__(self, time_first: bool) -> None:
        self._time_first = time_first
        self._copies: list[Tensor] = []

    def __call__(self, tensor: Tensor | None) -> int | None:
        if tensor is None:
            return None
        if not tensor.is_contiguous():
            tensor = tensor.contiguous()
            self._copies.append(tensor)
        return tensor.data_ptr()

    def sequence(self, tensor: Tensor | None) -> tuple[int, int, int] | None:
        """Address and strides of rows and steps, copied only if its steps are not dense."""
        if tensor is None:
            return None
        first, second, entry = tensor.stride()
        if entry != 1 and tensor.shape[2] > 1:
            tensor = tensor.contiguous()
            self._copies.append(tensor)
            first, second, _ = tensor.stride()
        if self._time_first:
            return tensor.data_ptr(), second, first
        return tensor.data_ptr(), first, second


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
    flat = torch.frombuffer(memory(size * like.element_size()), dtype=like.dtype)
    first, second, _ = like.shape
    if not time_first and like.stride(0) < like.stride(1):
        return flat.view(second, first, features).transpose(0, 1)
    return flat.view(first, second, features)


def run_forward(
    problems: Sequence[Problem],
    kind: Any,
    calls: Sequence[Sequence[Any]],
    keep: Literal["memory", "tensor"] | None,
    prepared: Sequence[tuple[tuple, Any] | None] | None = None,
) -> list[Results]:
    """One call, or both directions' two at once.

    Args:
        problems: What to compute, one for each call.
        kind: The contract's NamedTuple of the weights.
        calls: Each one's tensors.
        keep: Where to keep what `run_backward` needs: in memory that the next call takes over,
            which saves the system's work of clearing it, or in a tensor; None: nowhere.
        prepared: What `described` and `pack` made of the weights; None: they are packed in this
            call.
    """
    dtype = calls[0][0].dtype
    kernels = kernels_of("float32" if dtype == torch.float32 else "float64")
    borrowed, arguments, results = [], [], []
    for k, (problem, tensors) in enumerate(zip(problems, calls, strict=True)):
        at = _Dense(problem.time_first)
        borrowed.append(at)
        made = None if prepared is None else prepared[k]
        given, found = _forward_arguments(kernels, problem, kind, tensors, keep, made, at)
        arguments.append(given)
        results.append(found)
    if len(arguments) == 1:
        kernels.forward(arguments[0], torch.get_num_threads())
    else:
        kernels.forward_both(*arguments, torch.get_num_threads())
    return results


def _forward_arguments(
    kernels: Any, problem: Problem, kind: Any, tensors: Any, keep: Any, prepared: Any, at: _Dense
) -> tuple[tuple, Results]:
    """What one call hands over, and the tensors and the memory that it fills."""
    inputs, hidden, cell, second_bias, *parameters = tensors
    weights = kind(*parameters)
    recurrence, lengths, resets, reverse, noise, time_first = problem
    time, batch = inputs.shape[:2] if time_first else inputs.shape[1::-1]
    what, packed = prepared or (None, None)
    if what is None or noise is not None:
        what = described(recurrence, weights, noise, at, second_bias)
    lstm = isinstance(recurrence, LSTM)
    outputs = _empty_results(inputs, what[3], time_first)
    final_hidden = inputs.new_empty(batch, what[3])
    final_cell = inputs.new_empty(batch, what[2]) if lstm else None
    kept = where = None
    if keep == "memory":
        kept = kernels.keep(what, batch, time)
        where = kept.address
    elif keep == "tensor":
        kept = inputs.new_empty(kernels.kept_size(what, batch, time))
        where = kept.data_ptr()
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
        where,
        packed,
    )
    return given, Results(outputs, final_hidden, final_cell, kept)


def run_backward(
    problems: Sequence[Problem],
    kind: Any,
    calls: Sequence[Sequence[Any]],
    made: Sequence[tuple[Tensor, Any]],
    grads: Sequence[Sequence[Tensor | None]],
    wanted: Sequence[Sequence[bool]],
) -> list[tuple[Tensor | None, ...]]:
    """Gradients by each call's tensors, in their order.

    Args:
        problems: As for `run_forward`, like `kind` and `calls`.
        kind: As there.
        calls: As there.
        made: Each one's outputs and what it kept.
        grads: Each call's gradients by outputs, final hidden state and cell; None for zeros.
        wanted: Which gradients by inputs, state and second bias are wanted, for each call; those
            by the weights always come.
    """
    dtype = calls[0][0].dtype
    kernels = kernels_of("float32" if dtype == torch.float32 else "float64")
    borrowed, arguments, found = [], [], []
    for given in zip(problems, calls, made, grads, wanted, strict=True):
        at = _Dense(given[0].time_first)
        borrowed.append(at)
        argument, gradients = _backward_arguments(kind, *given, at)
        arguments.append(argument)
        found.append(gradients)
    if len(arguments) == 1:
        kernels.backward(arguments[0], torch.get_num_threads())
    else:
        kernels.backward_both(*arguments, torch.get_num_threads())
    return found


def _backward_arguments(
    kind: Any,
    problem: Problem,
    tensors: Any,
    made: tuple[Tensor, Any],
    grads: Any,
    wanted: Any,
    at: _Dense,
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
    outputs, kept = made
    given = (
        described(recurrence, weights, noise, at, second_bias),
        (batch, time, at(lengths), at(resets), reverse),
        at.sequence(inputs),
        at(hidden),
        at(cell),
        at.sequence(outputs),
        kept.data_ptr() if isinstance(kept, Tensor) else kept.address,
        at.sequence(grad_outputs),
        at(grad_final_hidden),
        at(grad_final_cell),
        at.sequence(grad_inputs),
        at(grad_hidden),
        at(grad_cell),
        tuple(map(at, ordered(grad_weights, grad_second))),
    )
    return given, (grad_inputs, grad_hidden, grad_cell, grad_second, *grad_weights)
