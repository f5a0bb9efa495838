"""A cell over a batch of sequences: as one tensor, as a list of steps, in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor

from elman.errors import ShapeError
from elman.kernels.memory_plan import share
from elman.operators.memory import untraced
from elman.state import batch_size
from elman.unrolling.budget import unroll_within
from elman.unrolling.checks import Lengths, Resets, check_cell, check_lengths, check_resets
from elman.unrolling.chosen import Steps
from elman.unrolling.loop import unroll

__all__ = ["bidirectional_unroll", "dynamic_unroll", "static_unroll"]


def dynamic_unroll(
    cell: Any,
    inputs: Shaped[Tensor, "B T *I"],
    *,
    lengths: Lengths | None = None,
    initial_state: Any = None,
    reverse: bool = False,
    resets: Resets | None = None,
    steps: Steps | None = None,
    memory: str | int | None = None,
) -> tuple[Shaped[Tensor, "B S *O"], Any]:
    """Run a cell over whole sequences: one tensor in, one tensor out.

    TensorFlow 1's `dynamic_rnn`. A cell with an `unroll` method runs by it (the built-in ones by a
    kernel), any other one step by step.

    >>> from elman.cells import RNNCell
    >>> outputs, state = dynamic_unroll(RNNCell(3, 5), torch.ones(2, 4, 3), lengths=[4, 1])
    >>> outputs.shape, bool((outputs[1, 1:] == 0).all())
    (torch.Size([2, 4, 5]), True)
    >>> torch.equal(state.hidden[1], outputs[1, 0])
    True

    A long sequence trains within a memory budget: few states are saved, and what the gradients need
    is computed again from them, segment by segment. Outputs and final state have the same bits as
    without it (`Projected` rounds as torch's product of so many rows does), and so have the
    gradients but for the order of sums. Random draws are repeated: those of torch's generators (not
    Python's or NumPy's), and our own masks. Where the cost uses some steps only, `steps` saves the
    memory of all other outputs.

    >>> from elman.cells import LSTMCell
    >>> cell, long = LSTMCell(3, 5), torch.ones(2, 10_000, 3)
    >>> last, _ = dynamic_unroll(cell, long, steps="last", memory="4MB")
    >>> last.sum().backward()
    >>> last.shape
    torch.Size([2, 1, 5])

    Args:
        cell: Any cell.
        inputs: `[B, T, I]` for the built-in cells. What stands past a row's length (NaN too)
            changes nothing, the gradients included.
        lengths: A list, a NumPy array or a tensor; None stands for T. Rows need no order.
        initial_state: The state before the first step; None means `cell.initial_state(B)`.
        reverse: Read each row from its own last step to its first.
        resets: Where true, the row restarts from `cell.initial_state`.
        steps: Whose outputs are returned: a slice, increasing steps `[S]`, a mask `[T]`, or "last",
            the one step that each row reads last. None: all.
        memory: What the gradients may need beside inputs, outputs and what they are gradients of:
            bytes, as "512MB" or "96 MiB"; or how many states to save, which cut the sequence into
            one more segments. None: all is kept. Such gradients cannot be differentiated again,
            nor taken twice (`retain_graph`). `elman.unrolling.budget.plans` tells the plan.

    Returns:
        Outputs `[B, S, O]` (S is T without `steps`), each at the step that was read, zero past each
        length; and the state after each row's last real step (a row of length 0 keeps its initial
        state).

    Raises:
        ArgumentError: `cell` is not a cell; `steps` are not among the inputs', or `memory` is no
            such thing or too little; or, on the way back, the cell reaches a tensor with a gradient
            that neither its parameters nor its first steps showed.
        ShapeError: The shape or dtype of an argument does not fit the cell or the inputs, or a
            length is outside 0…T.
    """
    check_cell(cell)
    if not isinstance(inputs, Tensor) or inputs.dim() < 2:
        found = list(inputs.shape) if isinstance(inputs, Tensor) else type(inputs).__name__
        raise ShapeError("inputs", f"found {found}", "pass a tensor [B, T, ...]")
    batch, time = inputs.shape[:2]
    valid_lengths = check_lengths(lengths, batch, time, inputs.device)
    valid_resets = check_resets(resets, batch, time, inputs.device)
    state = cell.initial_state(batch) if initial_state is None else initial_state
    with untraced():
        if batch_size(state) != batch:
            raise ShapeError("initial_state", f"found {batch_size(state)} rows", f"pass {batch}")
    if steps is None and memory is None:
        return unroll(cell, inputs, state, valid_lengths, valid_resets, reverse)
    return unroll_within(memory, steps, cell, inputs, state, valid_lengths, valid_resets, reverse)


def static_unroll(
    cell: Any,
    inputs: Sequence[Shaped[Tensor, "B *I"]],
    *,
    lengths: Lengths | None = None,
    initial_state: Any = None,
) -> tuple[list[Tensor], Any]:
    """Run a cell over a list of steps: a list of outputs out.

    TensorFlow 1's `static_rnn`. The same numbers as `dynamic_unroll` of the stacked steps.

    >>> from elman.cells import RNNCell
    >>> outputs, state = static_unroll(RNNCell(3, 5), [torch.ones(4, 3), torch.zeros(4, 3)])
    >>> len(outputs), torch.equal(outputs[-1], state.hidden)
    (2, True)

    Args:
        cell: Any cell.
        inputs: T tensors `[B, I]`.
        lengths: As for `dynamic_unroll`.
        initial_state: As for `dynamic_unroll`.

    Returns:
        T tensors `[B, O]`, and the state after each row's last real step.

    Raises:
        ArgumentError: As `dynamic_unroll`.
        ShapeError: As `dynamic_unroll`; no steps, or steps of different shapes.
    """
    shapes = {tuple(step.shape) for step in inputs}
    if len(shapes) != 1:
        raise ShapeError(
            "inputs", f"found steps of shapes {sorted(shapes)}", "pass steps of one shape [B, I]"
        )
    outputs, state = dynamic_unroll(
        cell, torch.stack(list(inputs), dim=1), lengths=lengths, initial_state=initial_state
    )
    return list(outputs.unbind(dim=1)), state


def bidirectional_unroll(
    forward_cell: Any,
    backward_cell: Any,
    inputs: Shaped[Tensor, "B T *I"],
    *,
    lengths: Lengths | None = None,
    initial_states: tuple[Any, Any] | None = None,
    memory: str | int | None = None,
) -> tuple[tuple[Tensor, Tensor], tuple[Any, Any]]:
    """Run one cell forwards and one backwards over the same sequences.

    TensorFlow 1's `bidirectional_dynamic_rnn`. The backward cell starts at each row's own last
    step. To join the outputs: `torch.cat(outputs, dim=-1)`.

    >>> from elman.cells import GRUCell
    >>> outputs, states = bidirectional_unroll(GRUCell(3, 5), GRUCell(3, 5), torch.ones(2, 4, 3))
    >>> torch.cat(outputs, dim=-1).shape, torch.equal(outputs[1][:, 0], states[1].hidden)
    (torch.Size([2, 4, 10]), True)

    Args:
        forward_cell: Any cell, run from each row's first step to its last.
        backward_cell: Any cell, run from each row's last step to its first.
        inputs: As for `dynamic_unroll`.
        lengths: As for `dynamic_unroll`.
        initial_states: The forward and the backward cell's; None means their `initial_state(B)`.
        memory: As for `dynamic_unroll`, for both directions together.

    Returns:
        The outputs forward and backward, both `[B, T, O]` in the order of the inputs, and the
        final states forward and backward.

    Raises:
        ArgumentError: As `dynamic_unroll`.
        ShapeError: As `dynamic_unroll`.
    """
    forward_state, backward_state = (None, None) if initial_states is None else initial_states
    half: Any = {"lengths": lengths, "memory": share(memory, 2)}
    forward, forward_final = dynamic_unroll(
        forward_cell, inputs, initial_state=forward_state, **half
    )
    backward, backward_final = dynamic_unroll(
        backward_cell, inputs, initial_state=backward_state, reverse=True, **half
    )
    return (forward, backward), (forward_final, backward_final)
