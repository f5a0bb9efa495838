"""Calls of the compiled kernels on the memory of torch tensors.

Tensors have no buffer protocol, and asking for their NumPy arrays takes longer than a step of a
small recurrence; so addresses are handed over. What is asked of the tensors was checked before.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from elman.kernels.compiled import described, kernels_of, ordered
from elman.kernels.contract import Noise, Recurrence

__all__ = ["Problem", "empty_sequence", "run_backward", "run_forward"]


class Problem(NamedTuple):
    """What `elman.operators.unroll` computes, but for the tensors with gradients."""

    recurrence: Recurrence
    lengths: Tensor | None
    resets: Tensor | None
    reverse: bool
    noise: Noise | None


class _Dense:
    """Gives the addresses of tensors, dense and row-major, which live as long as this does."""

    def __init__(self) -> None:
        self._copies: list[Tensor] = []

    def __call__(self, tensor: Tensor | None) -> int | None:
        if tensor is None:
            return None
        if not tensor.is_contiguous():
            tensor = tensor.contiguous()
            self._copies.append(tensor)
        return tensor.data_ptr()

    def sequence(self, tensor: Tensor | None) -> tuple[int, int, int] | None:
        """Address and strides of a `[B, T, …]` tensor, copied only if its steps are not dense."""
        if tensor is None:
            return None
        if tensor.stride(2) != 1 and tensor.shape[2] > 1:
            tensor = tensor.contiguous()
            self._copies.append(tensor)
        row, step, _ = tensor.stride()
        return tensor.data_ptr(), row, step


def empty_sequence(like: Tensor, features: int) -> Tensor:
    """`[B, T, features]`, time first in memory where `like [B, T, …]` is."""
    batch, time, _ = like.shape
    if like.stride(0) < like.stride(1):
        return like.new_empty(time, batch, features).transpose(0, 1)
    return like.new_empty(batch, time, features)


def run_forward(
    problem: Problem,
    kind: Any,
    tensors: Any,
    keep: Literal["memory", "tensor"] | None,
    prepared: tuple[tuple, Any] | None = None,
) -> tuple[Tensor, Tensor, Tensor | None, Any]:
    """Outputs, final hidden state and cell, and what `run_backward` needs.

    Args:
        problem: What to compute.
        kind: The contract's NamedTuple of the weights.
        tensors: Inputs, hidden, cell (None but for an LSTM), and the weights.
        keep: Where to keep what `run_backward` needs: in memory that the next call takes over,
            which saves the system's work of clearing it, or in a tensor; None: nowhere.
        prepared: What `described` and `pack` made of the weights; None: they are packed in this
            call.
    """
    inputs, hidden, cell, *weights = tensors
    batch, time, _ = inputs.shape
    at = _Dense()
    kernels = kernels_of("float32" if inputs.dtype == torch.float32 else "float64")
    what, packed = prepared or (None, None)
    if what is None or problem.noise is not None:
        what = described(problem.recurrence, kind(*weights), problem.noise, at)
    outputs = empty_sequence(inputs, hidden.shape[1])
    final_hidden = hidden.new_empty(hidden.shape)
    final_cell = None if cell is None else cell.new_empty(cell.shape)
    kept = None
    if keep == "memory":
        kept = kernels.keep(what, batch, time)
    elif keep == "tensor":
        kept = inputs.new_empty(kernels.kept_size(what, batch, time))
    kernels.forward(
        what,
        (batch, time, at(problem.lengths), at(problem.resets), problem.reverse),
        at.sequence(inputs),
        None,
        at(hidden),
        at(cell),
        at.sequence(outputs),
        at(final_hidden),
        at(final_cell),
        _address(kept),
        packed,
        torch.get_num_threads(),
    )
    return outputs, final_hidden, final_cell, kept


def _address(kept: Any) -> int | None:
    if kept is None:
        return None
    return kept.data_ptr() if isinstance(kept, Tensor) else kept.address


def run_backward(
    problem: Problem,
    kind: Any,
    tensors: Any,
    outputs: Tensor,
    kept: Any,
    grads: Any,
    by_inputs: bool,
) -> tuple[Tensor | None, ...]:
    """Gradients by `tensors`, in their order.

    Args:
        problem: As for `run_forward`, like `kind` and `tensors`.
        kind: As there.
        tensors: As there.
        outputs: As it returned them, like `kept`.
        kept: As there.
        grads: The gradients by outputs, final hidden state and cell; None for zeros.
        by_inputs: Whether the gradient by the inputs is wanted.
    """
    inputs, hidden, cell, *weights = tensors
    batch, time, _ = inputs.shape
    at = _Dense()
    kernels = kernels_of("float32" if inputs.dtype == torch.float32 else "float64")
    grad_inputs = empty_sequence(inputs, inputs.shape[2]) if by_inputs else None
    grad_hidden = hidden.new_empty(hidden.shape)
    grad_cell = None if cell is None else cell.new_empty(cell.shape)
    grad_weights = kind(*(None if w is None else w.new_empty(w.shape) for w in weights))
    grad_outputs, grad_final_hidden, grad_final_cell = grads
    kernels.backward(
        described(problem.recurrence, kind(*weights), problem.noise, at),
        (batch, time, at(problem.lengths), at(problem.resets), problem.reverse),
        at.sequence(inputs),
        at(hidden),
        at(cell),
        at.sequence(outputs),
        _address(kept),
        at.sequence(grad_outputs),
        at(grad_final_hidden),
        at(grad_final_cell),
        at.sequence(grad_inputs),
        at(grad_hidden),
        at(grad_cell),
        tuple(at(grad) for grad in ordered(grad_weights)),
        torch.get_num_threads(),
    )
    return grad_inputs, grad_hidden, grad_cell, *grad_weights
