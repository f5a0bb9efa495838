"""A user's cell, run by the compiled engine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from elman.errors import AccelerationError, ArgumentError, ShapeError
from elman.fusing.capture import capture, hoisted
from elman.fusing.translation import translate
from elman.operators.memory import untraced
from elman.operators.notice import notice
from elman.operators.tapes import TapeJob, check_parts, choose_tape, tape_text, unroll_tape
from elman.operators.watching import watcher
from elman.state import describe
from elman.tapes import Tape
from elman.unrolling.loop import loop

__all__ = ["FusedCell", "fuse"]

_STEPS = 3  # of the comparison with the original


class FusedCell(nn.Module):
    """A module with the cell protocol, whose sequences the compiled engine runs.

    Attributes:
        module: The original; the parameters are its own.
        tape: What its step computes.
        input_size: I.
        output_size: Features that are put out.
    """

    def __init__(
        self,
        module: nn.Module,
        tape: Tape,
        weights: Callable[..., list[Tensor]],
        transposed: Sequence[bool],
        names: Sequence[str],
        spec: Any,
        with_output: bool,
        modes: Collection[tuple[bool, ...]] | None,
    ) -> None:
        super().__init__()
        self.module, self.tape = module, tape
        self.input_size, self.output_size = tape.inputs, tape.output_size
        self._made = weights
        self._text = tape_text(tape)
        self._transposed, self._names = tuple(transposed), tuple(names)
        self._spec, self._with_output = spec, with_output
        self._modes = modes  # those in which the step is this tape; None: in all

    def initial_state(self, batch: int) -> Any:
        """The module's own `initial_state`, if it has one, else zeros."""
        own = getattr(self.module, "initial_state", None)
        if own is not None:
            return own(batch)
        like = next(self.module.parameters())
        parts = [like.new_zeros(batch, size) for _, size in self.tape.states]
        return pytree.tree_unflatten(parts, self._spec)

    def forward(self, inputs: Float[Tensor, "B I"], state: Any) -> tuple[Float[Tensor, "B O"], Any]:
        """One step, by the original."""
        returned = self.module(inputs, state)
        if self._with_output:
            return returned
        return pytree.tree_leaves(returned)[0], returned

    def weights(self) -> list[Tensor]:
        """What the tape is run with, from the module's parameters."""
        tensors = {**dict(self.module.named_parameters()), **dict(self.module.named_buffers())}
        made = self._made(*(tensors[name] for name in self._names))
        found = []
        for tensor, (_, shape), turned in zip(
            made, self.tape.weights, self._transposed, strict=True
        ):
            weight = tensor.t() if turned else tensor.reshape(shape)
            found.append(weight if weight.is_contiguous() else weight.contiguous())
        return found

    def unroll(
        self,
        inputs: Float[Tensor, "B T I"],
        state: Any,
        lengths: Int[Tensor, "B"] | None = None,
        resets: Bool[Tensor, "B T"] | None = None,
        reverse: bool = False,
    ) -> tuple[Float[Tensor, "B T O"], Any]:
        """A whole sequence, by the compiled engine; see `elman.layers.dynamic_unroll`."""
        zero = not hasattr(self.module, "initial_state")
        self._check_mode()
        if watcher() is not None or (resets is not None and not zero):
            return loop(self, inputs, state, lengths, resets, reverse)
        with untraced():
            self._check(inputs, state)
        weights = self.weights()
        notice(choose_tape(inputs, weights), self)
        read = None if lengths is None else lengths.to(torch.int64)
        job = TapeJob(self.tape, read, resets, reverse, text=self._text)
        outputs, parts = unroll_tape(job, inputs, pytree.tree_leaves(state), weights)
        return outputs, pytree.tree_unflatten(list(parts), self._spec)

    def _check_mode(self) -> None:
        if self._modes is not None and _mode(self.module) not in self._modes:
            now = "training" if self.module.training else "evaluation"
            raise ArgumentError(
                "module",
                f"found it in {now} mode, in which its step is another than the one that was fused",
                "fuse it in this mode, too, or put dropout around the cell",
            )

    def _check(self, inputs: Tensor, state: Any) -> None:
        if inputs.dim() != 3 or inputs.shape[2] != self.input_size:
            found = f"found {list(inputs.shape)}"
            raise ShapeError("inputs", found, f"pass [B, T, {self.input_size}]")
        parts, spec = pytree.tree_flatten(state)
        wanted = [[len(inputs), size] for _, size in self.tape.states]
        if spec != self._spec or [list(part.shape) for part in parts] != wanted:
            raise ShapeError("state", f"found {describe(state)}", "pass what initial_state gives")
        check_parts(parts, inputs)


def fuse(
    module: nn.Module, inputs: Float[Tensor, "B I"], state: Any, *, tolerance: float = 1e-4
) -> FusedCell:
    """Runs a cell of torch operations by the compiled engine: the same parameters, much faster.

    The step is looked at once, on tensors that have sizes only, and written down as a tape. The
    result is compared with the original over a few steps, outputs and gradients.

    >>> class Leaky(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.inner, self.again = nn.Linear(3, 5), nn.Linear(5, 5, bias=False)
    ...     def forward(self, x, h):
    ...         return 0.9 * h + 0.1 * torch.tanh(self.inner(x) + self.again(h))
    >>> from elman.layers import dynamic_unroll
    >>> cell = fuse(Leaky(), torch.zeros(2, 3), torch.zeros(2, 5))
    >>> outputs, state = dynamic_unroll(cell, torch.ones(2, 7, 3))
    >>> outputs.shape
    torch.Size([2, 7, 5])

    Args:
        module: Its `forward(x, state)` returns the output and the state, or the state alone.
            Dropout must be off: put it into `eval()`, or around the cell. Where training and
            `eval()` differ, sequences run in the mode that it was fused in, and are refused in
            another.
        inputs: An example of one step's inputs; the rows do not matter.
        state: An example of the state: a tensor `[B, H]`, or a tuple of some.
        tolerance: How far outputs and gradients may be off, relative to the largest.

    Returns:
        A cell for `elman.layers`.

    Raises:
        ArgumentError: The step does what a tape cannot hold; the message says line and operation.
        AccelerationError: It computes something else than the original.
    """
    _check_example(module, inputs, state)
    captured = capture(module, inputs, state)
    found = translate(captured)
    cell = FusedCell(
        module,
        found.tape,
        hoisted(captured, found.weights),
        found.transposed,
        captured.names,
        captured.state_spec,
        captured.with_output,
        _same_modes(module, inputs, state, found.tape),
    )
    if choose_tape(inputs[:, None], [inputs]).kernel == "native":
        with torch.inference_mode(False), torch.enable_grad():
            _compare(cell, inputs, state, tolerance)
    return cell


def _mode(module: nn.Module) -> tuple[bool, ...]:
    return tuple(each.training for each in module.modules())


def _same_modes(
    module: nn.Module, inputs: Tensor, state: Any, tape: Tape
) -> frozenset[tuple[bool, ...]] | None:
    """The modes in which a step is this tape; None if training and evaluation make no difference.

    A module that draws or normalises over rows in training is another there, or no tape at all.
    """
    before = _mode(module)
    parts = list(module.modules())
    same = {before}
    try:
        for mode in ((True,) * len(parts), (False,) * len(parts)):
            _put(parts, mode)
            if mode not in same and _is_tape(module, inputs, state, tape):
                same.add(mode)
    finally:
        _put(parts, before)
    return None if {(True,) * len(parts), (False,) * len(parts)} <= same else frozenset(same)


def _put(parts: Sequence[nn.Module], mode: Sequence[bool]) -> None:
    for part, training in zip(parts, mode, strict=True):
        part.training = training


def _is_tape(module: nn.Module, inputs: Tensor, state: Any, tape: Tape) -> bool:
    try:
        return translate(capture(module, inputs, state)).tape == tape
    except Exception:  # the user's own, too: it is the other mode, in which nothing was asked
        return False


def _check_example(module: Any, inputs: Any, state: Any) -> None:
    if not isinstance(module, nn.Module):
        raise ArgumentError("module", f"found {type(module).__name__}", "give a torch.nn.Module")
    parts = state if isinstance(state, tuple) else (state,)
    for where, value in (("inputs", inputs), *(("state", part) for part in parts)):
        if not isinstance(value, Tensor):
            found = f"found {type(value).__name__}"
            raise ArgumentError(where, found, "give a tensor; a state may be a tuple of some")
        if value.dim() != 2:
            raise ArgumentError(where, f"found {list(value.shape)}", "give [B, features]: one step")
        if value.dtype != inputs.dtype:
            expected = f"give {inputs.dtype}, as the inputs"
            raise ArgumentError(where, f"found {value.dtype}", expected)


def _compare(cell: FusedCell, inputs: Tensor, state: Any, tolerance: float) -> None:
    """Raises where outputs, states or gradients are not the original's."""
    draw = torch.Generator().manual_seed(0)

    def some(shape: Sequence[int]) -> Tensor:
        return torch.randn(shape, generator=draw, dtype=inputs.dtype).requires_grad_()

    batch = 3
    x = some((batch, _STEPS, inputs.shape[1]))
    leaves, spec = pytree.tree_flatten(state)
    before = [some((batch, *leaf.shape[1:])) for leaf in leaves]
    parameters = [p for p in cell.module.parameters() if p.requires_grad]
    results = []
    for run in (loop, lambda cell, *given: cell.unroll(*given)):
        outputs, after = run(cell, x, pytree.tree_unflatten(list(before), spec))
        made = [outputs, *pytree.tree_leaves(after)]
        costs = [(each * torch.cos(each.detach())).sum() for each in made]
        cost = torch.stack(costs).sum()
        sources = [x, *before, *parameters]
        grads = torch.autograd.grad(cost, sources, allow_unused=True, materialize_grads=True)
        results.append([*made, *grads])
    for k, (wanted, found) in enumerate(zip(*results, strict=True)):
        off = (wanted - found).abs().max().item() / max(1.0, wanted.abs().max().item())
        if not off <= tolerance:
            what = "an output or state" if k <= len(before) else "a gradient"
            raise AccelerationError(
                "fuse",
                f"found {what} off by {off:.1e}",
                f"at most {tolerance:.0e}; use the original",
            )
