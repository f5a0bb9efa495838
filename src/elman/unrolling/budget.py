"""A cell along time within a memory budget, and of its outputs only those that are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from jaxtyping import Bool, Int, Shaped
from torch import Tensor

from elman.kernels.memory_plan import Plan, check_memory, plan
from elman.operators.watching import watcher
from elman.unrolling.chosen import Steps, choose_steps
from elman.unrolling.loop import unroll
from elman.unrolling.probe import probe
from elman.unrolling.recomputation import recomputed_unroll
from elman.unrolling.segments import Reading

__all__ = ["plans", "unroll_within"]

_PROBED = 4  # steps
_LISTS: ContextVar[tuple[list[Plan], ...]] = ContextVar("plans", default=())


@contextmanager
def plans() -> Iterator[list[Plan]]:
    """A list of the plans that are made within this block, in this thread or task.

    >>> import torch
    >>> from elman.cells import RNNCell
    >>> from elman.layers import dynamic_unroll
    >>> with plans() as made:
    ...     outputs, _ = dynamic_unroll(RNNCell(3, 5), torch.ones(2, 90, 3), memory=8)
    >>> print(*made)
    T=90: 8 checkpoints, 1 extra forward
    """
    made: list[Plan] = []
    token = _LISTS.set((*_LISTS.get(), made))
    try:
        yield made
    finally:
        _LISTS.reset(token)


def unroll_within(
    memory: str | int | None,
    steps: Steps | None,
    cell: Any,
    inputs: Shaped[Tensor, "B T *I"],
    state: Any,
    lengths: Int[Tensor, "B"] | None = None,
    resets: Bool[Tensor, "B T"] | None = None,
    reverse: bool = False,
) -> tuple[Shaped[Tensor, "B S *O"], Any]:
    """As `elman.unrolling.loop.unroll`, with `memory` and `steps` as `dynamic_unroll` has them.

    Raises:
        ArgumentError: `memory` or `steps` is none, or too little memory.
        ShapeError: `steps` is of another shape or dtype.
    """
    batch, time = inputs.shape[:2]
    chosen = choose_steps(steps, batch, time, lengths, reverse)
    if memory is not None:
        check_memory(memory)
    if memory is not None and watcher() is None:  # who watches wants every state
        # Beyond the longest row nothing happens. One step at least, as `loop` takes.
        used = time if lengths is None or batch == 0 else min(time, max(1, int(lengths.max())))
        until = None if resets is None else resets[:, :used]
        reading = Reading(cell, used, lengths, until, reverse)
        read = inputs if used == time else inputs[:, :used]
        if batch > 0 and used > 1:
            planned, sources = _planned(memory, reading, read, state)
            if planned.segments > 1:
                return recomputed_unroll(reading, read, state, chosen, planned, sources)
    outputs, final = unroll(cell, inputs, state, lengths, resets, reverse)
    return chosen.pick(outputs), final


def _planned(
    memory: str | int, reading: Reading, inputs: Tensor, state: Any
) -> tuple[Plan, list[Tensor]]:
    """The plan, which is announced, and the tensors that need gradients."""
    start, stop = reading.span(0, min(_PROBED, reading.steps))

    def run(some: Tensor, before: Any) -> tuple[Tensor, Any]:
        return reading.run(some, before, start, stop)

    needs = probe(reading.cell, run, inputs[:, start:stop], state)
    made = plan(
        reading.steps, needs.state_bytes, needs.step_bytes, memory, fixed_bytes=needs.fixed_bytes
    )
    for each in _LISTS.get():
        each.append(made)
    return made, needs.sources
