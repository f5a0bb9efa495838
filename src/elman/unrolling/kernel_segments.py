"""Some steps of a sequence by the compiled kernels alone: no graph, and weights packed once.

What `elman.unrolling.segments` does for any cell takes some milliseconds a segment, for the
processor comes to torch's and Python's code cold each time; the steps themselves take no longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from elman.kernels.compiled import described, pack
from elman.kernels.contract import Recurrence, State
from elman.operators import native
from elman.operators.calls import Problem, Results, run_backward, run_forward
from elman.operators.memory import may_touch
from elman.unrolling.segments import Picked, Reading, part_of

__all__ = ["KernelReading", "by_kernels"]


class KernelKept(NamedTuple):
    """Steps that the kernels ran with all that their gradients need."""

    problem: Problem
    tensors: list[Tensor | None]  # as the kernels' calls read them
    outputs: Tensor
    results: Results
    wanted: bool  # gradients by the inputs


class KernelReading(NamedTuple):
    """As `elman.unrolling.segments.Reading`, of one recurrence that the kernels run.

    Attributes:
        reading: What it stands for.
        recurrence: Its equations.
        kind: The contract's NamedTuple of the weights.
        weights: The second bias (or None), then the weights, dense.
        places: Of each of these, which source it is; None if it has no gradient.
        prepared: The weights, packed.
    """

    reading: Reading
    recurrence: Recurrence
    kind: Any
    weights: list[Tensor | None]
    places: list[int | None]
    prepared: Any
    draws = False  # from torch's generators

    def span(self, first: int, last: int) -> tuple[int, int]:
        """As there."""
        return self.reading.span(first, last)

    def run(self, inputs: Tensor, state: State, start: int, stop: int) -> tuple[Tensor, Any]:
        """As there."""
        kept, after = self._run(inputs, state, start, stop, False)
        return kept.outputs, after

    def keep(
        self, inputs: Tensor, state: State, start: int, stop: int, wanted: bool
    ) -> tuple[KernelKept, Any]:
        """As there."""
        kept, after = self._run(inputs, state, start, stop, True)
        return kept._replace(wanted=wanted), after

    def back(
        self,
        kept: KernelKept,
        picked: Picked | None,
        grad_state: Sequence[Tensor | None],
        sources: Sequence[Tensor],
        _: Any,
    ) -> Sequence[Tensor | None]:
        """As there; `sources` are all that were known when this was made."""
        grad_outputs = None
        if picked is not None:
            there, grad_outputs = picked
            if there is not None:
                grad = grad_outputs
                grad_outputs = torch.zeros_like(kept.outputs)
                grad_outputs[there] = grad
        count = len(grad_state)
        by = [grad_outputs, *grad_state, *[None] * (2 - count)]
        asked = [kept.wanted, True, count > 1, *(place is not None for place in self.places)]
        memory: Any = kept.results.kept
        found = run_backward(
            [kept.problem], self.kind, [kept.tensors], kept.outputs, [memory], [by], [asked]
        )
        by_sources: list[Tensor | None] = [None] * len(sources)
        for place, grad in zip(self.places, found[3:], strict=True):
            if place is not None:
                by_sources[place] = grad
        return (found[0], *found[1 : 1 + count], *by_sources)

    def _run(
        self, inputs: Tensor, state: State, start: int, stop: int, keep: bool
    ) -> tuple[KernelKept, Any]:
        lengths, resets = part_of(self.reading.lengths, self.reading.resets, start, stop)
        problem = Problem(self.recurrence, lengths, resets, self.reading.reverse, None)
        tensors = [inputs, *state, *[None] * (2 - len(state)), *self.weights]
        outputs, (found,) = run_forward([problem], self.kind, [tensors], keep, [self.prepared])
        after = type(state)(*(found.hidden, found.cell)[: len(state)])
        return KernelKept(problem, tensors, outputs, found, False), after


def by_kernels(reading: Reading, inputs: Tensor, sources: Sequence[Tensor]) -> KernelReading | None:
    """How the kernels read it; None if it is more than one recurrence that they run.

    Args:
        reading: Was tried and checked.
        inputs: Of the whole sequence.
        sources: The tensors beside inputs and state that gradients are wanted of.
    """
    sole = getattr(reading.cell, "sole_recurrence", None)
    found = None if sole is None else sole()
    if found is None:
        return None
    recurrence, weights, second_bias = found
    given = [second_bias, *weights]
    known = {id(source): k for k, source in enumerate(sources)}
    places = [None if w is None else known.get(id(w)) for w in given]
    learned = sum(w is not None and w.requires_grad for w in given)
    whole = learned == len(sources) == sum(place is not None for place in places)
    if not whole or not may_touch((inputs, *given)) or torch.is_autocast_enabled("cpu"):
        return None
    if native.lacks(recurrence, weights, inputs) is not None:
        return None
    dense = [None if w is None else w.detach().contiguous() for w in given]
    what = described(recurrence, type(weights)(*dense[1:]), None, Tensor.data_ptr, dense[0])
    dtype = "float32" if inputs.dtype == torch.float32 else "float64"
    lengths = None if reading.lengths is None else reading.lengths.to(torch.int64)
    reading = reading._replace(lengths=lengths)
    prepared = (what, pack(what, dtype))
    return KernelReading(reading, recurrence, type(weights), dense, places, prepared)
