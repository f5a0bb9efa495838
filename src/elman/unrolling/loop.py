"""A cell along time: by its own `unroll` where it has one, else step by step.

The wrappers and `elman.layers` run every cell through `unroll`, so a cell with the protocol's
two methods works wherever a built-in one does.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Bool, Int, Shaped
from torch import Tensor, nn

from elman.operators.loop import real_steps
from elman.operators.notice import notice_steps
from elman.state import map_leaves, select, where

__all__ = ["between_restarts", "loop", "mixes_rows", "unroll"]


def unroll(
    cell: Any,
    inputs: Shaped[Tensor, "B T *I"],
    state: Any,
    lengths: Int[Tensor, "B"] | None = None,
    resets: Bool[Tensor, "B T"] | None = None,
    reverse: bool = False,
) -> tuple[Shaped[Tensor, "B T *O"], Any]:
    """Run a cell over a sequence, by `cell.unroll` if it has that method, else by `loop`.

    Arguments and results are `loop`'s; nothing is checked here (`elman.layers` does).
    """
    if hasattr(cell, "unroll"):
        return cell.unroll(inputs, state, lengths, resets, reverse)
    return loop(cell, inputs, state, lengths, resets, reverse)


def loop(
    cell: Any,
    inputs: Shaped[Tensor, "B T *I"],
    state: Any,
    lengths: Int[Tensor, "B"] | None = None,
    resets: Bool[Tensor, "B T"] | None = None,
    reverse: bool = False,
) -> tuple[Shaped[Tensor, "B T *O"], Any]:
    """Call a cell step by step.

    Args:
        cell: Any cell; its state's arrays may be of any dtype, integers included.
        inputs: `[B, T, ...]`; the cell is called with `[B, ...]`.
        state: The state before the first step.
        lengths: Real steps of each row, 0…T; None stands for T. Past its length a row's state
            stands still, and zeros are read in place of what is there.
        resets: Where true, the row restarts from `cell.initial_state` before it reads that step.
        reverse: Read each row from its own last step to its first.

    Returns:
        Outputs `[B, T, ...]` at the steps that were read, zero past each length, and the state
        after each row's last step.
    """
    notice_steps(cell)
    batch, steps = inputs.shape[:2]
    real = None if lengths is None else real_steps(lengths, steps)
    apart = real is not None and mixes_rows(cell)
    # At least one call, so that gradients (zeros) exist even where every row is empty.
    longest = steps if lengths is None or batch == 0 else min(steps, max(1, int(lengths.max())))
    outputs = []
    for t in reversed(range(longest)) if reverse else range(longest):
        active = None if real is None else real[:, t]
        if resets is not None:
            state = _restart(cell, state, resets[:, t], active)
        if active is not None and apart:
            output, state = _step_of(active, cell, inputs[:, t], state)
        else:
            output, new_state = cell(_only(active, inputs[:, t]), state)
            state = new_state if active is None else where(active, new_state, state)
        outputs.append(_only(active, output))
    if not outputs:
        return _no_outputs(cell, inputs, state), state
    stacked = torch.stack(outputs[::-1] if reverse else outputs, dim=1)
    if longest < steps:
        rest = stacked.new_zeros(batch, steps - longest, *stacked.shape[2:])
        stacked = torch.cat([stacked, rest], dim=1)
    return stacked, state


def between_restarts(
    cell: Any,
    inputs: Shaped[Tensor, "B T *I"],
    state: Any,
    lengths: Int[Tensor, "B"] | None,
    resets: Bool[Tensor, "B T"],
    reverse: bool = False,
) -> tuple[Shaped[Tensor, "B T *O"], Any]:
    """As `loop`, by the `unroll` of a cell that cannot restart rows within it.

    Forward it is called for the steps from one restart to the next; backward, where each row has
    its own order of steps, all go one by one.
    """
    steps = inputs.shape[1]
    if reverse or not steps:
        return loop(cell, inputs, state, lengths, resets, reverse)
    if lengths is not None:
        resets = resets & real_steps(lengths, steps)
    borders = sorted({0, *resets.any(dim=0).nonzero()[:, 0].tolist(), steps})
    parts = []
    for start, stop in pairwise(borders):
        state = _restart(cell, state, resets[:, start], None)
        left = None if lengths is None else (lengths - start).clamp(0, stop - start)
        part, state = cell.unroll(inputs[:, start:stop], state, left, None, False)
        parts.append(part)
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1), state


def _only(active: Tensor | None, values: Tensor) -> Tensor:
    """`values` with zeros in the rows that have ended; NaN there passes no gradient either."""
    if active is None:
        return values
    rows = active.reshape((-1,) + (1,) * (values.dim() - 1))
    return torch.where(rows, values, values.new_zeros(()))


def mixes_rows(cell: Any) -> bool:
    """Whether the cell, or one inside it, lets rows count in each other's numbers."""
    parts = cell.modules() if isinstance(cell, nn.Module) else (cell,)
    return any(getattr(part, "mixes_rows", False) for part in parts)


def _step_of(rows: Tensor, cell: Any, inputs: Tensor, state: Any) -> tuple[Tensor, Any]:
    """One step of the rows under a mask, the others not being there; their outputs are zero."""
    index = rows.nonzero()[:, 0]
    output, after = cell(inputs[index], select(state, index))
    outputs = output.new_zeros(len(rows), *output.shape[1:]).index_copy(0, index, output)
    return outputs, map_leaves(lambda old, new: old.index_copy(0, index, new), state, after)


def _restart(cell: Any, state: Any, resets: Tensor, active: Tensor | None) -> Any:
    rows = resets if active is None else resets & active
    return where(rows, cell.initial_state(rows.shape[0]), state) if bool(rows.any()) else state


def _no_outputs(cell: Any, inputs: Tensor, state: Any) -> Tensor:
    """Outputs of no steps, in the shape that one step would have given."""
    with torch.no_grad():
        output, _ = cell(inputs.new_zeros(inputs.shape[0], *inputs.shape[2:]), state)
    return output.new_zeros(*inputs.shape[:2], *output.shape[1:])
