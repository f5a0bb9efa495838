"""A decoder that is fed what it attended to: as one operation, or one step after the other."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from elman.cells import Dropout
from elman.cells.builtin import BuiltInCell
from elman.cells.weight_drop import for_one_pass
from elman.kernels.feeding import Layer, Looking
from elman.models.attention import Attend
from elman.models.flow import Flow, only_real
from elman.models.layers import Recurrent
from elman.operators import Choice
from elman.operators import feeding as operators
from elman.operators.loop import real_steps
from elman.operators.notice import notice
from elman.operators.watching import watcher
from elman.state import where

__all__ = ["feed"]


def feed(recurrent: Recurrent, attend: Attend, flow: Flow, state: Any) -> Flow:
    """Steps to attentional vectors; each stands behind the next step's input of the lowest cell.

    Built-in cells, dropout around them, run as one operation (`elman.operators.feeding`), others
    step by step.

    Args:
        recurrent: The decoder's cells, in one direction.
        attend: How they look back.
        flow: The inputs without what is fed back; and the memory.
        state: The state of each cell before the first step.

    Returns:
        The attentional vectors, zero past each length.
    """
    cells = [*map(for_one_pass, recurrent.cells)]
    if not flow.values.shape[1]:
        return flow._replace(values=flow.values.new_zeros(len(flow.values), 0, attend.units))
    for cell, part in zip(cells, state, strict=True):
        reason = _objection(cell, part, flow.values)
        if reason is not None:
            notice(Choice("loop", f"input feeding: {reason}"), cell)
            return _step_by_step(cells, attend, flow, state)
    return _at_once(cells, attend, flow, state)


def _objection(cell: Any, state: Any, values: Tensor) -> str | None:
    """None if a cell can be run as part of one operation, else the reason why not."""
    inner = cell.cell if type(cell) is Dropout else cell
    if not isinstance(inner, BuiltInCell) or type(inner).unroll is not BuiltInCell.unroll:
        return f"{type(inner).__name__} is called at every step"
    if watcher() is not None:
        return "every step is watched"
    return operators.lacks(inner.recurrence, inner.weights(), values)


def _at_once(cells: list[Any], attend: Attend, flow: Flow, state: Any) -> Flow:
    assert flow.memory is not None  # the blueprint puts it into a decoder
    layers, width = [], flow.values.shape[2] + attend.units
    for cell, part in zip(cells, state, strict=True):
        like = flow.values[..., :1].expand(*flow.values.shape[:2], width)
        masks = (None, None, None)
        if isinstance(cell, Dropout):
            masks = cell.masks(part, like, cell.cell.output_size)
            cell, part = cell.cell, part.inner
        layers.append(Layer(cell.recurrence, cell.used_weights(), part, *masks))
        width = cell.output_size
    seen = attend.see(flow.memory)
    values, weights = operators.feed(
        layers,
        Looking(attend.weight, attend.query, None if attend.energy is None else attend.energy[0]),
        flow.values,
        seen.keys,
        seen.values,
        source_lengths=flow.memory.lengths,
        lengths=flow.lengths,
    )
    return flow._replace(values=values, attention=weights)


def _step_by_step(cells: list[Any], attend: Attend, flow: Flow, state: Any) -> Flow:
    assert flow.memory is not None  # the blueprint puts it into a decoder
    seen = attend.see(flow.memory)
    batch, steps = flow.values.shape[:2]
    real = None if flow.lengths is None else real_steps(flow.lengths, steps)
    fed = flow.values.new_zeros(batch, attend.units)
    done, weights = [], []
    for t in range(steps):
        values, after = torch.cat([flow.values[:, t], fed], dim=1), []
        for cell, part in zip(cells, state, strict=True):
            values, part = cell(values, part)
            after.append(part)
        state = tuple(after) if real is None else where(real[:, t], tuple(after), state)
        context, shares = attend.look(values[:, None], seen)
        fed = attend.combine(context[:, 0], values)
        done.append(fed)
        weights.append(shares[:, 0])
    found = flow._replace(values=torch.stack(done, dim=1), attention=torch.stack(weights, dim=1))
    return only_real(found)
