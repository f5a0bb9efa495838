"""The compiled simple cell as a torch operator with gradients of every order.

What is parallel in time, the products over all steps at once, is torch's; what is sequential is
`elman.kernels.native`. The operators are custom ones of `torch.library`, so `torch.compile`
takes them into a graph.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from elman.kernels import native
from elman.kernels.contract import Recurrence, RNNWeights, Simple
from elman.operators import loop
from elman.state import RNNState

__all__ = ["lacks", "unroll"]


def lacks(recurrence: Recurrence, weights: Any, inputs: Tensor) -> str | None:
    """None if the compiled kernels can run this, else the reason why not."""
    reason = native.lacks(recurrence, weights)
    if reason is not None:
        return reason
    if inputs.device.type != "cpu":
        return f"the compiled kernels run on a CPU, not on {inputs.device.type}"
    if torch.is_autocast_enabled("cpu"):
        return "the compiled kernels leave autocast to torch"
    if inputs.dtype not in (torch.float32, torch.float64):
        return f"the compiled kernels know float32 and float64, not {inputs.dtype}"
    return None


def unroll(
    recurrence: Simple,
    weights: RNNWeights,
    inputs: Float[Tensor, "B T I"],
    state: RNNState,
    lengths: Int[Tensor, "B"] | None,
    resets: Bool[Tensor, "B T"] | None,
    reverse: bool,
) -> tuple[Float[Tensor, "B T H"], RNNState]:
    """As `elman.operators.unroll`, where `lacks` has no objection; no checks."""
    outputs, final = _simple(
        inputs,
        weights.weight_ih,
        weights.weight_hh,
        weights.bias,
        state.hidden,
        lengths,
        resets,
        reverse,
        recurrence.activation,
    )
    return outputs, RNNState(final)


_READING = "Tensor? lengths, Tensor? resets, bool reverse, str activation"


@torch.library.custom_op(
    "elman::simple",
    mutates_args=(),
    schema="(Tensor inputs, Tensor weight_ih, Tensor weight_hh, Tensor bias, Tensor initial, "
    f"{_READING}) -> (Tensor, Tensor)",
)
def _simple(inputs, weight_ih, weight_hh, bias, initial, lengths, resets, reverse, activation):
    outputs, final = native.simple_forward(
        _array(F.linear(inputs, weight_ih, bias)),
        _array(weight_hh),
        _array(initial),
        lengths=_array(lengths),
        resets=_array(resets),
        reverse=reverse,
        activation=activation,
    )
    return torch.from_numpy(outputs), torch.from_numpy(final)


@_simple.register_fake
def _(inputs, weight_ih, weight_hh, bias, initial, lengths, resets, reverse, activation):
    batch, steps, _ = inputs.shape
    return inputs.new_empty(batch, steps, weight_hh.shape[0]), torch.empty_like(
        initial, memory_format=torch.contiguous_format
    )


@torch.library.custom_op(
    "elman::simple_backward",
    mutates_args=(),
    schema="(Tensor inputs, Tensor weight_hh, Tensor initial, Tensor outputs, "
    f"Tensor grad_outputs, Tensor grad_final, {_READING}) "
    "-> (Tensor, Tensor, Tensor, Tensor, Tensor)",
)
def _simple_backward(
    inputs,
    weight_hh,
    initial,
    outputs,
    grad_outputs,
    grad_final,
    lengths,
    resets,
    reverse,
    activation,
):
    """Gradients by W_ih x + b, weight_ih, weight_hh, bias and the initial state."""
    grad_projected, grad_initial, previous = map(
        torch.from_numpy,
        native.simple_backward(
            _array(outputs),
            _array(weight_hh),
            _array(initial),
            _array(grad_outputs),
            _array(grad_final),
            lengths=_array(lengths),
            resets=_array(resets),
            reverse=reverse,
            activation=activation,
        ),
    )
    if lengths is not None:  # NaN past a length would spread through the product with zero
        real = loop.real_steps(lengths, inputs.shape[1])
        inputs = inputs.masked_fill(~real[..., None], 0)
    deltas = grad_projected.flatten(0, 1)
    return (
        grad_projected,
        deltas.T @ inputs.flatten(0, 1),
        deltas.T @ previous.flatten(0, 1),
        deltas.sum(0),
        grad_initial,
    )


@_simple_backward.register_fake
def _(
    inputs,
    weight_hh,
    initial,
    outputs,
    grad_outputs,
    grad_final,
    lengths,
    resets,
    reverse,
    activation,
):
    units = weight_hh.shape[0]
    return (
        torch.empty_like(outputs),
        weight_hh.new_empty(units, inputs.shape[2]),
        weight_hh.new_empty(units, units),
        weight_hh.new_empty(units),
        initial.new_empty(initial.shape),
    )


def _keep(ctx: Any, inputs: tuple, output: tuple) -> None:
    *tensors, ctx.reverse, ctx.activation = inputs
    ctx.save_for_backward(*tensors, output[0])


def _backward(ctx: Any, grad_outputs: Tensor, grad_final: Tensor) -> tuple:
    if torch.is_grad_enabled():  # somebody will differentiate these gradients
        return _backward_of_loop(ctx, grad_outputs, grad_final)
    inputs, weight_ih, weight_hh, _, initial, lengths, resets, outputs = ctx.saved_tensors
    grad_projected, *grads = _simple_backward(
        inputs,
        weight_hh,
        initial,
        outputs,
        grad_outputs,
        grad_final,
        lengths,
        resets,
        ctx.reverse,
        ctx.activation,
    )
    grad_inputs = grad_projected @ weight_ih if ctx.needs_input_grad[0] else None
    return grad_inputs, *grads, None, None, None, None


def _backward_of_loop(ctx: Any, grad_outputs: Tensor, grad_final: Tensor) -> tuple:
    """The same gradients as a graph of their own, from running the loop again."""
    *tensors, lengths, resets, _ = ctx.saved_tensors
    # Views: a tensor that is passed twice still has one gradient for each place.
    inputs, weight_ih, weight_hh, bias, initial = (t.view_as(t) for t in tensors)
    outputs, final = loop.unroll(
        Simple(ctx.activation),
        RNNWeights(weight_ih, weight_hh, bias),
        inputs,
        RNNState(initial),
        lengths,
        resets,
        ctx.reverse,
    )
    wanted = (inputs, weight_ih, weight_hh, bias, initial)
    needed = [t for t, need in zip(wanted, ctx.needs_input_grad, strict=False) if need]
    grads = iter(
        torch.autograd.grad(
            (outputs, final.hidden),
            needed,
            (grad_outputs, grad_final),
            create_graph=True,
            materialize_grads=True,
        )
    )
    given = [next(grads) if need else None for need in ctx.needs_input_grad[: len(wanted)]]
    return *given, None, None, None, None


_simple.register_autograd(_backward, setup_context=_keep)


def _array(tensor: Tensor | None) -> Any:
    """The tensor's own memory as a NumPy array."""
    return None if tensor is None else tensor.detach().numpy()
