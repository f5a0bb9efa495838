"""Cells that are written once: a step for one row, and everything else follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from elman.cells.checks import check_size
from elman.cells.initialisers import INITIALISERS
from elman.cells.masks import draw_keys
from elman.errors import ArgumentError, BlueprintError, ShapeError
from elman.operators.memory import untraced
from elman.operators.notice import notice
from elman.operators.tapes import TapeJob, check_parts, choose_tape, tape_text, unroll_tape
from elman.operators.watching import watcher
from elman.state import WrittenState, describe, written_parts, written_state
from elman.tapes import Tape
from elman.unrolling.loop import between_restarts, loop
from elman.written import WrittenCell, written_cells
from elman.written.cell import remember

__all__ = ["TapeCell", "Written", "written", "written_class"]


class TapeCell(nn.Module):
    """A cell that a tape describes: its parameters have the names and shapes of the tape's weights.

    `Written` is one whose tape follows from a step; this one's came from elsewhere, as from a model
    file.

    Args:
        tape: What its step computes.
        input_size: Features I of a step.
        starts: How weights start, by name; see `elman.written.WrittenCell`.
        generator: Where the weights are drawn from; None means torch's default generator.
        device: Where the weights live.
        dtype: The weights' dtype; torch's default if None.

    Attributes:
        tape: With all sizes known.
        input_size: I.
        hidden_size: H.
        output_size: Features that are put out.

    Raises:
        ArgumentError: The input's size is not positive, or another one than the step needs.
    """

    def __init__(
        self,
        tape: Tape,
        input_size: int,
        *,
        starts: Mapping[str, Any] | None = None,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.input_size = check_size("input_size", input_size)
        try:
            self.tape = tape.sized(input_size)
        except BlueprintError as error:
            raise ArgumentError("input_size", error.found, error.expected) from None
        self.hidden_size, self.output_size = tape.units, self.tape.output_size
        self._text = tape_text(self.tape)
        if not self.tape.weights:
            raise ArgumentError("weights", "found none", "give one at least")
        for name, shape in self.tape.weights:
            if hasattr(self, name):
                expected = "choose another name; a module has an attribute called so"
                raise ArgumentError("weights", f"found the name {name!r}", expected)
            weight = nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
            self.register_parameter(name, weight)
        with torch.no_grad():
            for name, weight in self.named_parameters():
                _start(weight, self.hidden_size, (starts or {}).get(name), generator)

    def extra_repr(self) -> str:
        """Sizes, for `print`."""
        return f"{self.input_size}, {self.hidden_size}"

    def weights(self) -> tuple[Tensor, ...]:
        """The parameters in the tape's order."""
        return tuple(getattr(self, name) for name, _ in self.tape.weights)

    def initial_state(self, batch: int) -> Any:
        """Zeros: `RNNState`, `LSTMState` or `WrittenState`.

        Where the step asks for its number or for noise, each row has a key (drawn while training)
        and the steps that it made.
        """
        like = self.weights()[0]
        parts = [like.new_zeros(batch, size) for _, size in self.tape.states]
        counted = ()
        if self.tape.counts:
            counted = draw_keys(batch, parts[0], self.training and self.tape.noisy)
        return written_state([name for name, _ in self.tape.states], parts, counted)

    def forward(self, inputs: Float[Tensor, "B I"], state: Any) -> tuple[Float[Tensor, "B O"], Any]:
        """One step: the outputs and the next state.

        Raises:
            ShapeError: Inputs or state do not fit the cell.
        """
        outputs, state = self._run(inputs[:, None], state)
        if self.tape.output in self.tape.after:  # the same tensor, by which wrappers know it
            return written_parts(state)[self.tape.after.index(self.tape.output)], state
        return outputs[:, 0], state

    def unroll(
        self,
        inputs: Float[Tensor, "B T I"],
        state: Any,
        lengths: Int[Tensor, "B"] | None = None,
        resets: Bool[Tensor, "B T"] | None = None,
        reverse: bool = False,
    ) -> tuple[Float[Tensor, "B T O"], Any]:
        """A whole sequence, by the compiled engine; see `elman.layers.dynamic_unroll`.

        Raises:
            ShapeError: Inputs or state do not fit the cell.
        """
        if watcher() is not None:
            return loop(self, inputs, state, lengths, resets, reverse)
        if resets is not None and self.tape.counts:
            return between_restarts(self, inputs, state, lengths, resets, reverse)
        return self._run(inputs, state, lengths, resets, reverse)

    def _run(
        self,
        inputs: Tensor,
        state: Any,
        lengths: Tensor | None = None,
        resets: Tensor | None = None,
        reverse: bool = False,
    ) -> tuple[Tensor, Any]:
        with untraced():
            self._check(inputs, state)
        weights = self.weights()
        notice(choose_tape(inputs, weights), self)
        counted = state.counted if isinstance(state, WrittenState) else ()
        key, steps = counted or (None, None)
        keys = key if self.training and self.tape.noisy else None
        read = None if lengths is None else lengths.to(torch.int64)
        job = TapeJob(self.tape, read, resets, reverse, keys, steps, self._text)
        parts = written_parts(state)
        if torch.is_autocast_enabled("cpu"):
            dtype = weights[0].dtype
            inputs, parts = inputs.to(dtype), tuple(part.to(dtype) for part in parts)
        outputs, parts = unroll_tape(job, inputs, parts, weights)
        if steps is not None:
            counted = (key, steps + (inputs.shape[1] if read is None else read))
        return outputs, written_state([name for name, _ in self.tape.states], parts, counted)

    def _check(self, inputs: Tensor, state: Any) -> None:
        if inputs.dim() != 3 or inputs.shape[2] != self.input_size:
            found = f"found {list(inputs.shape)}"
            raise ShapeError("inputs", found, f"pass [B, T, {self.input_size}]")
        wanted = [[len(inputs), size] for _, size in self.tape.states]
        try:
            found = [list(part.shape) for part in written_parts(state)]
        except (TypeError, AttributeError):
            found = []
        counts = isinstance(state, WrittenState) and len(state.counted) == 2
        if found != wanted or (self.tape.counts and not counts):
            raise ShapeError("state", f"found {describe(state)}", "pass what initial_state gives")
        weight = self.weights()[0]
        if inputs.device != weight.device:
            found = f"found {inputs.device}"
            raise ShapeError("inputs", found, f"pass them on {weight.device}, as the weights are")
        if inputs.dtype != weight.dtype and not torch.is_autocast_enabled(inputs.device.type):
            found = f"found {inputs.dtype}"
            raise ShapeError("inputs", found, f"pass {weight.dtype}, as the weights are")
        check_parts(written_parts(state), inputs)


class Written(TapeCell):
    """A cell whose step was written down; `written` makes a class of one.

    Args:
        input_size: Features I of a step.
        hidden_size: Neurons H.
        generator: Where the weights are drawn from; None means torch's default generator.
        device: Where the weights live.
        dtype: The weights' dtype; torch's default if None.
        options: The step's own.

    Attributes:
        description: What it is made of.

    Raises:
        ArgumentError: A size is not positive, an option unknown, or the step does what a tape
            cannot hold; the message says its line.
    """

    description: ClassVar[WrittenCell]

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **options: Any,
    ) -> None:
        check_size("hidden_size", hidden_size)
        of = self.description.with_options(**options) if options else self.description
        super().__init__(
            of.tape(hidden_size),
            input_size,
            starts=of.starts,
            generator=generator,
            device=device,
            dtype=dtype,
        )


def written(
    *,
    weights: Mapping[str, tuple[int | str, ...]],
    states: Mapping[str, int | str] | None = None,
    inputs: int | str | None = None,
    starts: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> Callable[[Callable[..., Any]], type[Written]]:
    """Makes a cell of a step: the class of torch modules, known by its name in blueprints, too.

    Arguments are those of `elman.written.WrittenCell`; the name is the function's if None.

    >>> from elman.layers import dynamic_unroll
    >>> from elman.written import sigmoid, tanh
    >>> @written(weights={"w": ("2H", "I"), "u": ("H", "H"), "b": ("2H",)})
    ... def light_gru(x, state, w):
    ...     h = state.hidden
    ...     a, b = w.w @ x + w.b, w.u @ h
    ...     half = len(h)
    ...     z = sigmoid(a[:half] + b)
    ...     return z * h + (1 - z) * tanh(a[half:])
    >>> cell = light_gru(3, 5)
    >>> outputs, state = dynamic_unroll(cell, torch.ones(2, 4, 3), lengths=[4, 1])
    >>> outputs.shape, [name for name, _ in cell.named_parameters()]
    (torch.Size([2, 4, 5]), ['w', 'u', 'b'])
    """

    def make(step: Callable[..., Any]) -> type[Written]:
        written_cells()  # loads the family first, so that a cell called as one of it replaces it
        cell = WrittenCell(
            step,
            step.__name__ if name is None else name,
            weights=weights,
            states=states,
            inputs=inputs,
            starts=starts,
        )
        remember(cell)
        return written_class(cell, step.__qualname__, step.__module__)

    return make


def written_class(description: WrittenCell, name: str, module: str) -> type[Written]:
    """The class of torch modules of a description."""
    step = description.step
    doc = "\n\n".join(filter(None, (step.__doc__, description.paper)))
    parts = {"description": description, "__module__": module, "__qualname__": name, "__doc__": doc}
    return type(name.rsplit(".", 1)[-1], (Written,), parts)


def _start(weight: Tensor, units: int, start: Any, generator: torch.Generator | None) -> None:
    """Fills a weight as its start says, or as is usual for its shape, in blocks of H rows."""
    if isinstance(start, int | float):
        weight.fill_(start)
        return
    if isinstance(start, tuple):
        if not start[0] <= start[1]:
            raise ArgumentError("starts", f"found {start!r}", "give the lower number first")
        weight.uniform_(*start, generator=generator)
        return
    if start is not None and start not in INITIALISERS:
        known = ", ".join(INITIALISERS)
        raise ArgumentError("starts", f"found {start!r}", f"give a number, two, or one of {known}")
    if weight.dim() == 1:
        if start is not None:
            found = f"found {start!r} of a weight of one axis"
            raise ArgumentError("starts", found, "give a number, or two")
        weight.zero_()
        return
    rows, columns = weight.shape
    usual = "orthogonal" if columns == units and rows % units == 0 else "glorot_uniform"
    fill = INITIALISERS[start or usual]
    size = units if rows % units == 0 else rows
    for block in weight.split(size):
        fill(block, generator)
