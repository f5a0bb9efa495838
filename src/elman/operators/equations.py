"""One step of each recurrence in torch operations; `elman.kernels.equations` explains them.

A step has two parts: `project` is what the inputs contribute and can be taken for all steps at
once, `advance` is what must wait for the state before.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from elman.kernels.contract import (
    GRU,
    LSTM,
    NORM_EPSILON,
    GRUWeights,
    LSTMWeights,
    Recurrence,
    RNNWeights,
    Simple,
    State,
    Weights,
)
from elman.state import LSTMState, RNNState

__all__ = ["advance", "project"]


def project(
    recurrence: Recurrence, weights: Weights, inputs: Float[Tensor, "*B I"]
) -> Float[Tensor, "*B G"]:
    """W_ih x + b for any leading axes, the gates side by side."""
    gain = getattr(weights, "norm_ih", None)  # not every recurrence has layer normalisation
    if gain is None:
        return F.linear(inputs, weights.weight_ih, weights.bias)
    product = F.linear(inputs, weights.weight_ih)
    return _normalise(product, gain, _groups(recurrence, product)) + weights.bias


def advance(
    recurrence: Recurrence, weights: Weights, projected: Float[Tensor, "B G"], state: State
) -> tuple[Float[Tensor, "B R"], Any]:
    """Outputs and the new state, from what `project` gave for this step."""
    return _ADVANCE[type(recurrence)](recurrence, weights, projected, state)


def _simple(
    recurrence: Simple, weights: RNNWeights, projected: Tensor, state: RNNState
) -> tuple[Tensor, RNNState]:
    pre = projected + _recurrent(recurrence, weights, state.hidden)
    hidden = torch.tanh(pre) if recurrence.activation == "tanh" else torch.relu(pre)
    return hidden, RNNState(hidden)


def _lstm(
    recurrence: LSTM, weights: LSTMWeights, projected: Tensor, state: LSTMState
) -> tuple[Tensor, LSTMState]:
    pre = projected + _recurrent(recurrence, weights, state.hidden)
    pre_i, pre_f, pre_g, pre_o = pre.chunk(4, dim=-1)
    if recurrence.forget_bias:
        pre_f = pre_f + recurrence.forget_bias
    if weights.peephole is not None:
        pre_i = pre_i + weights.peephole[0] * state.cell
        pre_f = pre_f + weights.peephole[1] * state.cell

    cell = torch.sigmoid(pre_f) * state.cell + torch.sigmoid(pre_i) * torch.tanh(pre_g)
    if recurrence.cell_clip is not None:
        cell = cell.clamp(-recurrence.cell_clip, recurrence.cell_clip)

    if weights.peephole is not None:
        pre_o = pre_o + weights.peephole[2] * cell
    seen = cell
    if weights.norm_cell is not None:
        gain, bias = weights.norm_cell
        seen = F.layer_norm(cell, cell.shape[-1:], gain, bias, NORM_EPSILON)
    hidden = torch.sigmoid(pre_o) * torch.tanh(seen)
    if weights.projection is not None:
        hidden = F.linear(hidden, weights.projection)
    return hidden, LSTMState(hidden, cell)


def _gru(
    recurrence: GRU, weights: GRUWeights, projected: Tensor, state: RNNState
) -> tuple[Tensor, RNNState]:
    before = state.hidden
    units = before.shape[-1]
    gates_x, candidate_x = projected.split([2 * units, units], dim=-1)
    if recurrence.reset_after:
        product = _recurrent(recurrence, weights, before)
        gates_h, candidate_h = product.split([2 * units, units], dim=-1)
        if weights.recurrent_bias is not None:
            candidate_h = candidate_h + weights.recurrent_bias
        r, z = torch.sigmoid(gates_x + gates_h).chunk(2, dim=-1)
        n = torch.tanh(candidate_x + r * candidate_h)
    else:
        gates_h = _part(weights, before, slice(None, 2 * units))
        r, z = torch.sigmoid(gates_x + gates_h).chunk(2, dim=-1)
        n = torch.tanh(candidate_x + _part(weights, r * before, slice(2 * units, None)))
    hidden = (1 - z) * n + z * before
    return hidden, RNNState(hidden)


_ADVANCE: dict[Any, Any] = {Simple: _simple, LSTM: _lstm, GRU: _gru}


def _recurrent(recurrence: Recurrence, weights: Weights, hidden: Tensor) -> Tensor:
    """W_hh h, normalised where the weights ask for it."""
    product = F.linear(hidden, weights.weight_hh)
    if weights.norm_hh is None:
        return product
    return _normalise(product, weights.norm_hh, _groups(recurrence, product))


def _part(weights: GRUWeights, hidden: Tensor, rows: slice) -> Tensor:
    """Some rows of W_hh times h, normalised together where the weights ask for it."""
    product = F.linear(hidden, weights.weight_hh[rows])
    if weights.norm_hh is None:
        return product
    return _normalise(product, weights.norm_hh[rows], [product.shape[-1]])


def _groups(recurrence: Recurrence, product: Tensor) -> list[int]:
    """The sizes of what is normalised together: a GRU's r and z, then n; else all gates."""
    total = product.shape[-1]
    return [total // 3 * 2, total // 3] if isinstance(recurrence, GRU) else [total]


def _normalise(product: Tensor, gain: Tensor, groups: list[int]) -> Tensor:
    parts = zip(product.split(groups, dim=-1), gain.split(groups), strict=True)
    normal = [F.layer_norm(part, part.shape[-1:], g, None, NORM_EPSILON) for part, g in parts]
    return torch.cat(normal, dim=-1)
