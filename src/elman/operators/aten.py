"""Whole sequences by torch's own fused operators, where they know the recurrence."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from elman.kernels.contract import GRU, LSTM, Noise, Recurrence, Simple, Weights
from elman.operators.loop import real_steps
from elman.operators.memory import traced, transformed
from elman.state import map_leaves

__all__ = ["lacks", "unroll"]


def lacks(
    recurrence: Recurrence,
    weights: Any,
    inputs: Tensor,
    resets: Tensor | None,
    noise: Noise | None = None,
) -> str | None:
    """None if torch's operators can run this, else the reason why not."""
    if not isinstance(recurrence, Simple | LSTM | GRU):
        return f"torch has no {recurrence.title}"
    if noise is not None:
        return "torch's operators know no zoneout or recurrent dropout"
    if resets is not None:
        return "torch's operators know no resets"
    if transformed():
        return "transforms of torch.func know no rules for torch's fused operators"
    if not traced() and 0 in inputs.shape[:2]:
        return "torch's operators refuse an empty batch or sequence"
    if weights.norm_ih is not None:
        return "torch's operators know no layer normalisation"
    if isinstance(recurrence, GRU) and not recurrence.reset_after:
        return "torch's GRU resets after the matrix product only"
    if isinstance(recurrence, LSTM):
        return _lstm_lacks(recurrence, weights)
    return None


def _lstm_lacks(recurrence: LSTM, weights: Any) -> str | None:
    if weights.peephole is not None:
        return "torch's LSTM has no peepholes"
    if recurrence.cell_clip is not None:
        return "torch's LSTM does not clip the cell"
    if weights.projection is not None and len(set(weights.projection.shape)) == 1:
        return "torch's LSTM projects to another size only"
    return None


def unroll(
    recurrence: Recurrence,
    weights: Weights,
    inputs: Float[Tensor, "B T I"],
    state: Any,
    lengths: Int[Tensor, "B"] | None,
    reverse: bool,
    second_bias: Float[Tensor, " G"] | None = None,
) -> tuple[Float[Tensor, "B T R"], Any]:
    """As `elman.operators.unroll` where `lacks` has no objection; no checks."""
    batch, steps, _ = inputs.shape
    even = lengths is None or (not traced() and bool((lengths == steps).all()))
    # On a padded batch torch first tries oneDNN, which warns that it cannot project.
    if even and getattr(weights, "projection", None) is None:
        read = inputs.flip(1) if reverse else inputs
        outputs, final = _fused(recurrence, weights, second_bias, read, None, state)
        return outputs.flip(1) if reverse else outputs, final
    if lengths is None:
        lengths = torch.full((batch,), steps, device=inputs.device)
    return _unroll_packed(recurrence, weights, second_bias, inputs, state, lengths, reverse)


def _unroll_packed(
    recurrence: Recurrence,
    weights: Weights,
    second_bias: Tensor | None,
    inputs: Tensor,
    state: Any,
    lengths: Tensor,
    reverse: bool,
) -> tuple[Tensor, Any]:
    """Rows of different lengths. Packing needs a step of every row: an empty one reads a zero."""
    steps = inputs.shape[1]
    past = ~real_steps(lengths, steps)[..., None]
    inputs = inputs.masked_fill(past, 0)
    if reverse:
        inputs = _turn(inputs, lengths)
    packed = pack_padded_sequence(
        inputs, lengths.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False
    )
    there, back = packed.sorted_indices, packed.unsorted_indices
    before = map_leaves(lambda leaf: leaf.index_select(0, there), state)
    data, final = _fused(recurrence, weights, second_bias, packed.data, packed.batch_sizes, before)
    outputs, _ = pad_packed_sequence(
        PackedSequence(data, packed.batch_sizes, there, back), batch_first=True, total_length=steps
    )
    outputs = outputs.masked_fill(past, 0)
    final = map_leaves(lambda leaf: leaf.index_select(0, back), final)
    some = lengths[:, None] > 0
    final = map_leaves(lambda new, old: torch.where(some, new, old), final, state)
    return _turn(outputs, lengths) if reverse else outputs, final


def _turn(sequences: Tensor, lengths: Tensor) -> Tensor:
    """Each row's real steps in the opposite order; what is past them stays."""
    time = torch.arange(sequences.shape[1], device=lengths.device)
    order = torch.where(time < lengths[:, None], lengths[:, None] - 1 - time, time)
    return sequences.gather(1, order[..., None].expand_as(sequences))


def _fused(
    recurrence: Recurrence,
    weights: Any,
    second_bias: Tensor | None,
    data: Tensor,
    batch_sizes: Tensor | None,
    state: Any,
) -> tuple[Tensor, Any]:
    """Torch's operator on a padded batch `[B, T, I]`, or on a packed one with its batch sizes."""
    biases = _biases(recurrence, weights, second_bias)
    parameters = [weights.weight_ih, weights.weight_hh, *biases]
    before: Any = state.hidden[None]
    operator: Any
    if isinstance(recurrence, LSTM):
        operator = torch.lstm
        before = (before, state.cell[None])
        if weights.projection is not None:
            parameters.append(weights.projection)
    elif isinstance(recurrence, GRU):
        operator = torch.gru
    else:
        operator = torch.rnn_tanh if recurrence.variant == "tanh" else torch.rnn_relu
    # has_biases, layers, dropout, train (cuDNN keeps what backward needs), bidirectional. A traced
    # graph does not know whether it will be differentiated.
    common = (parameters, True, 1, 0.0, traced() or torch.is_grad_enabled(), False)
    if batch_sizes is None:
        outputs, *final = operator(data, before, *common, True)
    else:
        outputs, *final = operator(data, batch_sizes, before, *common)
    return outputs, recurrence.state_type(*(leaf[0] for leaf in final))


def _biases(
    recurrence: Recurrence, weights: Any, second_bias: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Ours as torch's pair: one with the input's product, one with the recurrent product."""
    bias = weights.bias
    zeros = torch.zeros_like(bias) if second_bias is None else second_bias
    if isinstance(recurrence, Simple):
        return bias, zeros
    units = bias.shape[0] // recurrence.gates
    if isinstance(recurrence, GRU):
        if weights.recurrent_bias is None:
            return bias, zeros
        return bias, torch.cat([zeros[: 2 * units], weights.recurrent_bias])
    if isinstance(recurrence, LSTM) and recurrence.forget_bias:
        forget = torch.zeros_like(bias)
        forget[units : 2 * units] = recurrence.forget_bias
        bias = bias + forget
    return bias, zeros
