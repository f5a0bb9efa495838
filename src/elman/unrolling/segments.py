"""Some steps of a sequence, run for their gradients and reversed: any cell, by torch's graphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from elman.state import leaves, map_leaves
from elman.unrolling.loop import unroll
from elman.unrolling.probe import Reached, differentiable, tracked

__all__ = ["Kept", "Picked", "Reading", "part_of"]

Picked = tuple[Any, Tensor]
"""Which of some outputs `[B, T, ...]` were chosen (None: all), and the gradient by these."""


class Kept(NamedTuple):
    """Steps that were run with all that their gradients need."""

    inputs: Tensor
    begins: list[Tensor]  # the state's arrays with gradients, before them
    outputs: Tensor
    finals: list[Tensor]  # and after them


class Reading(NamedTuple):
    """How a cell reads sequences of `steps` steps: lengths, resets and direction as `unroll`'s."""

    cell: Any
    steps: int
    lengths: Int[Tensor, "B"] | None
    resets: Bool[Tensor, "B T"] | None
    reverse: bool
    draws = True  # perhaps, from torch's generators

    def span(self, first: int, last: int) -> tuple[int, int]:
        """The steps that are read from the `first` to before the `last`."""
        return (self.steps - last, self.steps - first) if self.reverse else (first, last)

    def run(self, inputs: Tensor, state: Any, start: int, stop: int) -> tuple[Tensor, Any]:
        """Outputs of the steps from `start` to `stop`, whose inputs are given, and the state."""
        lengths, resets = part_of(self.lengths, self.resets, start, stop)
        return unroll(self.cell, inputs, state, lengths, resets, self.reverse)

    def keep(
        self, inputs: Tensor, state: Any, start: int, stop: int, wanted: bool
    ) -> tuple[Kept, Any]:
        """As `run`, for their gradients; those by the inputs, too, if `wanted`."""
        read = inputs.detach().requires_grad_(wanted)
        with torch.enable_grad():
            begin = map_leaves(tracked, state)
            outputs, final = self.run(read, begin, start, stop)
            begins = [leaf for leaf in leaves(begin) if differentiable(leaf)]
            finals = [leaf for leaf in leaves(final) if differentiable(leaf)]
        return Kept(read, begins, outputs, finals), final

    def back(
        self,
        kept: Kept,
        picked: Picked | None,
        grad_state: Sequence[Tensor | None],
        sources: Sequence[Tensor],
        reached: Reached,
    ) -> Sequence[Tensor | None]:
        """Gradients by the inputs, the state before and the `sources`; None for zeros.

        Raises:
            ArgumentError: They would also flow to what `reached` does not know.
        """
        ends = list(zip(kept.finals, grad_state, strict=True))
        if picked is not None:
            there, grad = picked
            with torch.enable_grad():
                ends.append((kept.outputs if there is None else kept.outputs[there], grad))
        flowing = [(end, grad) for end, grad in ends if grad is not None and end.requires_grad]
        reached.check([end for end, _ in flowing], [kept.inputs, *kept.begins])
        by_inputs = [kept.inputs] if kept.inputs.requires_grad else []
        asked = [*by_inputs, *kept.begins, *sources]
        found: Sequence[Tensor | None] = [None] * len(asked)
        if flowing:
            values, grads = zip(*flowing, strict=True)
            with torch.enable_grad():
                cost = _Cost.apply(grads, *values)
            found = torch.autograd.grad(cost, asked, allow_unused=True)
        return found if by_inputs else (None, *found)


def part_of(
    lengths: Tensor | None, resets: Tensor | None, start: int, stop: int
) -> tuple[Tensor | None, Tensor | None]:
    """Lengths and resets as the steps from `start` to `stop` have them."""
    if lengths is not None:
        lengths = (lengths - start).clamp(0, stop - start)
    if resets is not None:
        resets = resets[:, start:stop]
    return lengths, resets


class _Cost(torch.autograd.Function):
    """A number whose gradients by some tensors are given.

    Torch takes given gradients itself, but loads sympy to check their shapes: some 35 MiB.
    """

    @staticmethod
    def forward(ctx: Any, grads: Sequence[Tensor], *values: Tensor) -> Tensor:
        ctx.grads = grads
        return torch.zeros(())

    @staticmethod
    def backward(ctx: Any, *_: Any) -> tuple:
        return None, *ctx.grads
