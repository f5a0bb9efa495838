"""Which implementation runs a layer, and why: by running it once and listening."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from elman.cells import Cell
from elman.cells.checks import check_size, example_leaf
from elman.errors import ArgumentError, SlowPathError
from elman.layers import dynamic_unroll
from elman.nn import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell
from elman.nn.acceleration import SINGLE_STEP
from elman.nn.comparison import Call, same_randomness
from elman.nn.replacement import objection
from elman.nn.report import table
from elman.nn.size_classes import known_slower
from elman.operators.choice import Choice
from elman.operators.notice import listen
from elman.recurrences import RECURRENCES
from elman.unrolling.checks import check_cell

__all__ = ["Explanation", "Line", "described", "explain", "layer_names"]

_RECURRENCES = {kind.weights_type: kind for kind in RECURRENCES.values()}
_TORCHS = (nn.RNN, nn.LSTM, nn.GRU, nn.RNNCellBase)


@dataclass(frozen=True)
class Line:
    """One layer and direction.

    Attributes:
        name: Where it is in what was explained.
        what: The recurrence and its sizes: "LSTM 28 -> 150".
        choice: The implementation and the reason, as `elman.operators.choose` tells them.
    """

    name: str
    what: str
    choice: Choice


@dataclass(frozen=True)
class Explanation:
    """What runs, in the order in which it ran; `print` it for a table."""

    lines: tuple[Line, ...]

    def __str__(self) -> str:
        header = ("layer", "recurrence", "kernel", "why")
        rows = [(ln.name, ln.what, ln.choice.kernel, ln.choice.reason) for ln in self.lines]
        return table([header, *rows])


def explain(
    layer: Any,
    inputs: Any = None,
    *,
    batch: int = 32,
    time: int = 32,
    lengths: bool = False,
    resets: bool = False,
    strict: bool = False,
) -> Explanation:
    """Say which implementation runs each layer and direction, and why.

    `native` are the compiled kernels, `aten` torch's own operators, `loop` torch operations step by
    step. The layer runs once; random states stay as they are.

    >>> from elman.cells import RNNCell
    >>> print(explain(RNNCell(3, 5, layer_norm=True).bfloat16(), batch=2, time=4))
    layer    recurrence          kernel  why
    RNNCell  simple cell 3 -> 5  loop    ...

    Args:
        layer: One of `elman.nn` or torch.nn, a cell (`elman.cells`, a wrapper, your own), or a
            model that holds such.
        inputs: What to run it on: for a cell `[B, T, I]`; for a module what its `forward` takes, as
            the example of `elman.accelerate`. None: zeros of the layer's `input_size`.
        batch: B of these zeros, ≥ 1.
        time: T of these zeros, ≥ 1.
        lengths: As if the call gave `lengths` (cells and the sequence modules of `elman.nn`).
        resets: As if the call gave `resets` (cells).
        strict: Whatever is not `native` is an error.

    Raises:
        ArgumentError: `layer` is none of these or runs nothing recurrent, `inputs` are missing
            for a layer that does not tell its `input_size`, a size is below 1, or `lengths` or
            `resets` are asked of a layer that takes none.
        SlowPathError: With `strict`: another implementation than `native` runs.
    """
    lines: dict[Line, None] = {}  # each once, in order
    names = layer_names(layer)

    def add(choice: Choice, subject: Any) -> None:
        name = names.get(id(getattr(subject, "weight_ih", subject)), "")
        lines[Line(name or type(layer).__name__, described(subject), choice)] = None

    if not isinstance(layer, nn.Module):
        check_cell(layer, "layer")
    if inputs is None:
        inputs = _zeros(layer, check_size("batch", batch), check_size("time", time))
    with same_randomness(), listen(add), _listening_to_torch(layer, add):
        _run(layer, inputs, lengths, resets)
    if not lines:
        raise ArgumentError(
            "layer", f"{type(layer).__name__} ran nothing recurrent", "give a layer"
        )
    if strict:
        _refuse_slow(lines)
    return Explanation(tuple(lines))


def _run(layer: Any, inputs: Any, lengths: bool, resets: bool) -> None:
    if isinstance(layer, Cell):
        batch, steps = inputs.shape[:2]
        given = {"lengths": [steps] * batch} if lengths else {}
        if resets:
            given["resets"] = inputs.new_zeros(batch, steps, dtype=torch.bool)
        dynamic_unroll(layer, inputs, **given)
        return
    if resets or (lengths and not isinstance(layer, RNN | LSTM | GRU)):
        option = "resets" if resets else "lengths"
        raise ArgumentError(option, f"{type(layer).__name__} takes none", "leave it out")
    args, kwargs = Call.of(inputs)
    if lengths:
        rows, steps = (0, 1) if layer.batch_first else (1, 0)
        kwargs = {"lengths": [args[0].shape[steps]] * args[0].shape[rows]}
    layer(*args, **kwargs)


def _zeros(layer: Any, batch: int, time: int) -> Tensor:
    """Inputs of the layer's own size, dtype and device."""
    size = getattr(layer, "input_size", None)
    if not isinstance(size, int):
        raise ArgumentError("inputs", f"{type(layer).__name__} tells no input_size", "give inputs")
    if isinstance(layer, nn.RNNCellBase):
        return layer.weight_ih.new_zeros(batch, size)
    if isinstance(layer, nn.RNNBase):
        shape = (batch, time, size) if layer.batch_first else (time, batch, size)
        return layer.all_weights[0][0].new_zeros(shape)
    like = example_leaf(check_cell(layer, "layer").initial_state(1))
    return torch.zeros(batch, time, size) if like is None else like.new_zeros(batch, time, size)


def layer_names(layer: Any) -> dict[int, str]:
    """What to call a layer, by the identity of its input weights, or of the module itself."""
    if not isinstance(layer, nn.Module):
        return {}
    names = {id(module): name for name, module in layer.named_modules()}
    for parameter_name, parameter in layer.named_parameters():
        owner, found, suffix = parameter_name.partition("weight_ih")
        if found:
            names[id(parameter)] = f"{owner.rstrip('.')} {suffix.lstrip('_')}".strip()
    return names


def described(subject: Any) -> str:
    """A recurrence (by its weights) and its sizes, a torch module, or a cell, in words."""
    if type(subject) in _RECURRENCES:
        kind = _RECURRENCES[type(subject)]
        rows, features = subject.weight_ih.shape
        return f"{kind.title} {features} -> {rows // kind.gates}"
    if isinstance(subject, _TORCHS):
        return f"{type(subject).__name__}({subject.extra_repr()})"
    return type(subject).__name__


@contextmanager
def _listening_to_torch(layer: Any, add: Callable[[Choice, Any], None]) -> Iterator[None]:
    """Torch's own modules announce nothing: a hook on each does."""
    found = layer.modules() if isinstance(layer, nn.Module) else ()
    hooks = [
        module.register_forward_pre_hook(lambda module, _: add(_torchs(module), module))
        for module in found
        if isinstance(module, _TORCHS) and not isinstance(module, RNN | LSTM | GRU)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _torchs(module: nn.Module) -> Choice:
    if isinstance(module, RNNCell | LSTMCell | GRUCell):
        return Choice("aten", SINGLE_STEP)
    left = objection(module) or known_slower(module)
    if left is None:
        return Choice("aten", "it is torch.nn's own; elman.accelerate replaces it")
    return Choice("aten", f"it is torch.nn's own; elman.accelerate leaves it: {left}")


def _refuse_slow(lines: Iterable[Line]) -> None:
    for line in lines:
        if line.choice.kernel != "native":
            raise SlowPathError(
                line.name,
                f"the {line.choice.kernel} implementation runs: {line.choice.reason}",
                "change what stands in the way, or explain it with strict=False",
            )
