"""A cell over a long sequence within a memory budget: few states are saved, the rest is run again.

`elman.kernels.memory_plan` says which states. Outputs and final state are those of a run that keeps
everything; so are the gradients, but for the order in which the segments' are added up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor

from elman.errors import ArgumentError
from elman.kernels.memory_plan import Advance, Plan
from elman.state import leaves, map_leaves
from elman.unrolling.chosen import Chosen
from elman.unrolling.kernel_segments import KernelReading, by_kernels
from elman.unrolling.probe import Reached, differentiable
from elman.unrolling.segments import Reading

__all__ = ["recomputed_unroll"]


def recomputed_unroll(
    reading: Reading,
    inputs: Shaped[Tensor, "B T *I"],
    state: Any,
    chosen: Chosen,
    plan: Plan,
    sources: Sequence[Tensor],
) -> tuple[Shaped[Tensor, "B S *O"], Any]:
    """Run a cell over a whole sequence as `plan` says.

    Args:
        reading: The cell, and how it reads.
        inputs: `[B, T, ...]`, T ≥ 1.
        state: The state before the first step.
        chosen: The steps whose outputs are wanted; no others are kept.
        plan: Of T steps, in two segments or more.
        sources: The tensors beside inputs and state that gradients are wanted of.

    Returns:
        The chosen outputs and the state after each row's last step.
    """
    given = [leaf for leaf in leaves(state) if differentiable(leaf)]
    work = _Work(by_kernels(reading, inputs, sources) or reading, plan, chosen, state, len(given))
    outputs, *final = _Recomputed.apply(work, inputs, *given, *sources)
    ends = iter(final)
    return outputs, map_leaves(lambda leaf: next(ends), state)


class _Gathered:
    """The chosen outputs `[B, S, ...]`, gathered from segment to segment.

    They are laid out in memory as the inputs are: perhaps with the time first.
    """

    outputs: Tensor

    def __init__(self, chosen: Chosen, inputs: Tensor) -> None:
        self._chosen = chosen
        self._time_first = inputs.stride(0) < inputs.stride(1)
        self._begun = False

    def add(self, part: Tensor, start: int, stop: int) -> None:
        """Those among the outputs of the steps from `start` to `stop`."""
        if not self._begun:
            self._begin(part)
        found = self._chosen.find(start, stop)
        if found is not None:
            here, there = found
            self.outputs[here] = part if there is None else part[there]

    def _begin(self, part: Tensor) -> None:
        self._begun = True
        batch, _, *rest = part.shape
        if self._time_first:
            self.outputs = part.new_zeros(self._chosen.size, batch, *rest).transpose(0, 1)
        else:
            self.outputs = part.new_zeros(batch, self._chosen.size, *rest)


class _Work(NamedTuple):
    """What the two ways share, beside the tensors with gradients."""

    reading: Reading | KernelReading
    plan: Plan
    chosen: Chosen
    like: Any  # the initial state: its structure, and its arrays of integers
    count: int  # of the state's arrays that have gradients

    def span(self, segment: int) -> tuple[int, int]:
        """Its steps. The first segment is the short one: memory of a long one then serves it."""
        after = self.plan.segments - 1 - segment
        last = self.plan.steps - after * self.plan.segment
        return self.reading.span(max(0, last - self.plan.segment), last)

    def keep(self, inputs: Tensor, state: Any, segment: int, wanted: bool) -> tuple[Any, Any]:
        """Run a segment for its gradients, those by the inputs if `wanted`; and the state then."""
        start, stop = self.span(segment)
        return self.reading.keep(inputs[:, start:stop], state, start, stop, wanted)

    def advance(self, inputs: Tensor, state: Any, first: int, last: int) -> Any:
        """From border to border, keeping nothing."""
        for segment in range(first, last):
            state = self.read(inputs, state, segment)
        return state

    def read(
        self, inputs: Tensor, state: Any, segment: int, gathered: _Gathered | None = None
    ) -> Any:
        """Run a segment, keeping nothing but the outputs that are `gathered`."""
        start, stop = self.span(segment)
        outputs, state = self.reading.run(inputs[:, start:stop], state, start, stop)
        if gathered is not None:
            gathered.add(outputs, start, stop)
        return state


class _Saved(NamedTuple):
    """What a run goes on from: the state, and what torch's generators will draw."""

    state: Any
    generators: tuple[Tensor, ...]


class _Recomputed(torch.autograd.Function):
    """Inputs, the state's arrays and the sources to the chosen outputs and the final state."""

    @staticmethod
    def forward(ctx: Any, work: _Work, inputs: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(inputs, *tensors)
        given = iter(tensors)
        state = map_leaves(lambda leaf: next(given) if differentiable(leaf) else leaf, work.like)
        borders = {0, *work.plan.saved()} if any(ctx.needs_input_grad) else set()
        saved: dict[int, _Saved] = {}
        gathered = _Gathered(work.chosen, inputs)
        kept: Any = None
        for segment in range(work.plan.segments):
            if segment in borders:
                saved[segment] = _save(work, state, inputs, saved.get(max(saved, default=0)))
            start, stop = work.span(segment)
            if segment in borders and segment == work.plan.segments - 1:
                # The way back begins here, and needs no more memory then than there is now.
                kept, state = work.keep(inputs, state, segment, ctx.needs_input_grad[1])
                gathered.add(kept.outputs.detach(), start, stop)
            else:
                state = work.read(inputs, state, segment, gathered)
        ctx.work, ctx.saved, ctx.kept, ctx.autocast = work, saved, kept, _autocast(inputs)
        return gathered.outputs, *(leaf.detach().clone() for leaf in leaves(state))

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple:
        if torch.is_grad_enabled():
            raise ArgumentError(
                "second derivatives",
                "found them asked for through a sequence with a memory budget",
                "leave out memory= where gradients are differentiated",
            )
        inputs, *tensors = ctx.saved_tensors
        saved, kept, ctx.saved, ctx.kept = ctx.saved, ctx.kept, None, None
        if saved is None:
            raise ArgumentError(
                "retain_graph",
                "found a second way back through a sequence with a memory budget",
                "run it forward again, or leave out memory=",
            )
        wanted = ctx.needs_input_grad[1:]
        back = _WayBack(ctx.work, inputs, tensors[ctx.work.count :], wanted, grads)
        with _restored_generators(ctx.work, inputs), torch.autocast(**ctx.autocast):
            for move in ctx.work.plan.way_back():
                if isinstance(move, Advance):
                    before = saved[move.first]
                    _continue(before, inputs)
                    state = ctx.work.advance(inputs, before.state, move.first, move.last)
                    saved[move.last] = _save(ctx.work, state, inputs, before)
                else:
                    back.reverse(move.segment, saved.pop(move.segment), kept)
                    kept = None
        found = (back.grad_inputs, *back.grad_state, *back.grad_sources)
        return None, *(grad if want else None for grad, want in zip(found, wanted, strict=True))


class _WayBack:
    """Gradients, gathered from segment to segment.

    Attributes:
        grad_inputs: Those of the segments that were reversed; None if nobody wants it.
        grad_state: By the arrays of the state at the border that was reached; None for zeros.
        grad_sources: Their sums so far; None for zeros.
    """

    def __init__(
        self, work: _Work, inputs: Tensor, sources: Sequence[Tensor], wanted: Any, grads: Any
    ) -> None:
        self._work, self._inputs = work, inputs
        self._wanted = [
            s for s, want in zip(sources, wanted[1 + work.count :], strict=True) if want
        ]
        self._slots = [k for k, want in enumerate(wanted[1 + work.count :]) if want]
        self._reached = Reached(sources)
        self._grad_outputs: Any = grads[0]
        ends = zip(leaves(work.like), grads[1:], strict=True)
        self.grad_inputs = torch.zeros_like(inputs) if wanted[0] else None
        self.grad_state: list[Tensor | None] = [g for leaf, g in ends if differentiable(leaf)]
        self.grad_sources: list[Tensor | None] = [None] * len(sources)

    def reverse(self, segment: int, before: _Saved, kept: Any) -> None:
        """Go back through one segment, which is run again unless it was kept."""
        start, stop = self._work.span(segment)
        grad_outputs = self._grad_outputs
        found = None if grad_outputs is None else self._work.chosen.find(start, stop)
        if found is None and all(grad is None for grad in self.grad_state):
            return
        if kept is None:
            _continue(before, self._inputs)
            wanted = self.grad_inputs is not None
            kept, _ = self._work.keep(self._inputs, before.state, segment, wanted)
        picked = None
        if found is not None and grad_outputs is not None:
            picked = found[1], grad_outputs[found[0]]
        by_inputs, *rest = self._work.reading.back(
            kept, picked, self.grad_state, self._wanted, self._reached
        )
        if self.grad_inputs is not None and by_inputs is not None:
            self.grad_inputs[:, start:stop] = by_inputs
        self.grad_state = rest[: self._work.count]
        for slot, grad in zip(self._slots, rest[self._work.count :], strict=True):
            total = self.grad_sources[slot]
            if grad is not None:
                self.grad_sources[slot] = grad.clone() if total is None else _added(total, grad)


def _added(total: Tensor, grad: Tensor) -> Tensor:
    """`total`, to which `grad` was added.

    On a CPU without torch's threads: they wait awake after each sum, in the way of the kernels'.
    """
    if total.device.type == "cpu" and total.dtype in (torch.float32, torch.float64):
        np.add(total.numpy(), grad.numpy(), out=total.numpy())
        return total
    return total.add_(grad)


def _save(work: _Work, state: Any, inputs: Tensor, before: _Saved | None) -> _Saved:
    """Copies: an array may be part of a much larger one. Generators that stood still are shared."""
    generators = _generators(work, inputs)
    if before is not None and all(map(torch.equal, generators, before.generators)):
        generators = before.generators
    return _Saved(map_leaves(lambda leaf: leaf.detach().clone(), state), generators)


def _generators(work: _Work, inputs: Tensor) -> tuple[Tensor, ...]:
    """What torch's default generators will draw: the CPU's, and that of the inputs' GPU.

    Nothing where nobody draws.
    """
    if not work.reading.draws:
        return ()
    if inputs.device.type == "cuda":
        return torch.get_rng_state(), torch.cuda.get_rng_state(inputs.device)
    return (torch.get_rng_state(),)


def _continue(saved: _Saved, inputs: Tensor) -> None:
    """Let torch's generators draw what they drew after the state was saved."""
    for generator in saved.generators[:1]:
        torch.set_rng_state(generator)
    for generator in saved.generators[1:]:
        torch.cuda.set_rng_state(generator, inputs.device)


@contextmanager
def _restored_generators(work: _Work, inputs: Tensor) -> Iterator[None]:
    """Afterwards torch's generators go on as if nothing had been drawn within."""
    before = _Saved(None, _generators(work, inputs))
    try:
        yield
    finally:
        _continue(before, inputs)


def _autocast(inputs: Tensor) -> dict[str, Any]:
    """The arguments with which `torch.autocast` does as it does now."""
    kind = inputs.device.type
    return {
        "device_type": kind,
        "enabled": torch.is_autocast_enabled(kind),
        "dtype": torch.get_autocast_dtype(kind),
    }
