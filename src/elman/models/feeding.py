"""A decoder that is fed what it attended to: one step after the other."""

from __future__ import annotations

from typing import Any

import torch

from elman.cells.weight_drop import for_one_pass
from elman.models.attention import Attend
from elman.models.flow import Flow, hidden, only_real
from elman.models.layers import Recurrent
from elman.operators.loop import real_steps
from elman.state import where

__all__ = ["feed"]


def feed(recurrent: Recurrent, attend: Attend, flow: Flow, state: Any) -> tuple[Flow, Any]:
    """Steps to attentional vectors; each stands behind the next step's input of the lowest cell.

    Args:
        recurrent: The decoder's cells, in one direction.
        attend: How they look back.
        flow: The inputs without what is fed back; and the memory.
        state: The state of each cell before the first step.

    Returns:
        The attentional vectors, zero past each length, and the states after each row's last step.
    """
    assert flow.memory is not None  # the blueprint puts it into a decoder
    seen, cells = attend.see(flow.memory), [*map(for_one_pass, recurrent.cells)]
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
        fed, shares = (each[:, 0] for each in attend.attend(values[:, None], seen))
        done.append(fed)
        weights.append(shares)
    if not done:
        nothing = flow.values.new_zeros(batch, 0, attend.units)
        return flow._replace(values=nothing, hidden=hidden(state[-1])), state
    found = flow._replace(
        values=torch.stack(done, dim=1),
        attention=torch.stack(weights, dim=1),
        hidden=hidden(state[-1]),
    )
    return only_real(found), state
