"""Two copies of a model on the same example: the same answers? which is faster?"""

from __future__ import annotations

import copy
import dataclasses
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from elman.errors import AccelerationError

__all__ = ["Call", "compare", "duplicate", "same_randomness", "speed_up"]

_SECONDS = 0.5  # what the timing of one module may take
_ROUNDS = (3, 51)
_SMALL_BESIDE = 0.01  # a gradient this much smaller than the largest is mostly rounding itself


class Call(NamedTuple):
    """The arguments of a module's `forward`."""

    args: tuple
    kwargs: dict

    @classmethod
    def of(cls, example: Any) -> Call:
        """From one argument, a tuple of all positional ones or a dict of named ones."""
        if type(example) is dict:
            return cls((), example)
        # A PackedSequence is a tuple too, but one argument.
        return cls(example if type(example) is tuple else (example,), {})


def duplicate(model: nn.Module) -> nn.Module:
    """A deep copy.

    Raises:
        AccelerationError: Something in the model cannot be copied.
    """
    try:
        return copy.deepcopy(model)
    except (RuntimeError, TypeError) as error:
        raise AccelerationError(
            "model",
            f"cannot be copied to try the example: {error}",
            "delete what cannot be copied (a hidden state of the last call), or give no example",
        ) from error


def compare(before: nn.Module, after: nn.Module, example: Any, record: Iterable[str]) -> dict:
    """Run both on the example from the same random state, which stays as it is.

    Args:
        before: The original.
        after: What must answer as it does.
        example: As `elman.accelerate` takes it.
        record: Names of modules of `before`.

    Returns:
        The first `Call` of each named module, by name; none of a module that was not called.

    Raises:
        AccelerationError: Outputs or parameter gradients differ beyond rounding.
    """
    with same_randomness(), _recording(before, record) as calls:
        outputs, gradients = _answer(before, example)
    with same_randomness():
        new_outputs, new_gradients = _answer(after, example)
    _check_all("output", outputs, new_outputs)
    _check_all("gradient of", gradients, new_gradients)
    return calls


def speed_up(module: nn.Module, before: Callable, after: Callable, call: Call) -> float:
    """How many times faster `after` is: medians of forward plus backward, taken in turns.

    Args:
        module: Whose `forward` both are, unbound.
        before: The one to compare with.
        after: The one that should be faster.
        call: What to call them with.
    """
    seconds: dict[Callable, list[float]] = {before: [], after: []}
    with same_randomness():
        both = sum(_seconds(forward, module, call) for forward in seconds)  # not counted: warming
        rounds = int(min(max(_SECONDS / both, _ROUNDS[0]), _ROUNDS[1]))
        for _ in range(rounds):
            for forward, taken in seconds.items():
                taken.append(_seconds(forward, module, call))
    return statistics.median(seconds[before]) / statistics.median(seconds[after])


def _seconds(forward: Callable, module: nn.Module, call: Call) -> float:
    start = time.perf_counter()
    with torch.enable_grad():
        outputs = [
            t for t in _floats(forward(module, *call.args, **call.kwargs)) if t.requires_grad
        ]
        sources = [t for t in _floats((call, list(module.parameters()))) if t.requires_grad]
        if outputs and sources:
            ones = [torch.ones_like(output) for output in outputs]
            torch.autograd.grad(outputs, sources, ones, allow_unused=True)
    return time.perf_counter() - start


def _answer(model: nn.Module, example: Any) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Outputs, numbered, and the gradients of a sum that weighs each of their entries."""
    args, kwargs = Call.of(example)
    with torch.enable_grad():
        outputs = list(_floats(model(*args, **kwargs)))
        parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
        draw = torch.Generator().manual_seed(0)
        loss = torch.zeros((), dtype=torch.float64)
        for output in outputs:
            weights = torch.rand(output.shape, generator=draw, dtype=torch.float64)
            loss = loss + (output.cpu() * weights).sum()
        gradients: Iterable[Any] = [None] * len(parameters)
        if loss.requires_grad and parameters:
            gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    named = zip(parameters, gradients, strict=True)
    return (
        {str(k): output.detach() for k, output in enumerate(outputs)},
        {name: gradient for name, gradient in named if gradient is not None},
    )


def _check_all(what: str, before: dict[str, Tensor], after: dict[str, Tensor]) -> None:
    """Every tensor to half the digits of its dtype, measured by its largest entry."""
    if before.keys() != after.keys():
        raise _differs(what, f"{sorted(before)} became {sorted(after)}")
    largest = max(map(_scale, before.values()), default=0.0)
    for name, old in before.items():
        new = after[name]
        if old.shape != new.shape:
            raise _differs(f"{what} {name}", f"shape {list(old.shape)} became {list(new.shape)}")
        scale = max(_scale(old), _SMALL_BESIDE * largest)
        same = (old == new) | (old.isnan() & new.isnan())
        difference = _largest(torch.where(same, 0, old - new))
        if not difference <= scale * torch.finfo(old.dtype).eps ** 0.5:
            raise _differs(
                f"{what} {name}", f"differs by {difference:.2g} where entries reach {scale:.2g}"
            )


def _differs(where: str, found: str) -> AccelerationError:
    return AccelerationError(
        where,
        f"{found} on the example; nothing was replaced",
        "try the model in float64: if that passes, it magnifies the rounding of float32",
    )


def _scale(tensor: Tensor) -> float:
    return _largest(tensor[tensor.isfinite()])


def _largest(tensor: Tensor) -> float:
    return float(tensor.abs().max()) if tensor.numel() else 0.0


def _floats(value: Any) -> Iterator[Tensor]:
    """The floating-point tensors of any nest of containers, in order."""
    if isinstance(value, Tensor):
        if value.is_floating_point():
            yield value
        return
    if isinstance(value, Mapping):
        value = value.values()
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = vars(value).values()
    elif not isinstance(value, list | tuple):
        return
    for part in value:
        yield from _floats(part)


@contextmanager
def same_randomness() -> Iterator[None]:
    """Whatever is drawn inside, the random states are then as they were."""
    state, numpys = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(range(torch.cuda.device_count())):
            yield
    finally:
        random.setstate(state)
        np.random.set_state(numpys)


@contextmanager
def _recording(model: nn.Module, names: Iterable[str]) -> Iterator[dict[str, Call]]:
    """A dictionary that fills with each module's first call."""
    calls: dict[str, Call] = {}
    modules = dict(model.named_modules())

    def record_as(name: str) -> Callable:
        def record(_: nn.Module, args: tuple, kwargs: dict) -> None:
            if name not in calls:
                calls[name] = Call(*map(_detached, (args, kwargs)))

        return record

    hooks = [
        modules[name].register_forward_pre_hook(record_as(name), with_kwargs=True) for name in names
    ]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


def _detached(value: Any) -> Any:
    """Arguments as leaves of their own, which ask for gradients where they did before."""
    if isinstance(value, Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, dict):
        return {key: _detached(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_detached(part) for part in value]
    if isinstance(value, tuple):
        parts = [_detached(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value
