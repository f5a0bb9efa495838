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

__all__ = ["Call", "Trial", "detached", "prove", "same_randomness", "speed_up"]

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


def _duplicate(model: nn.Module) -> nn.Module:
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


class Trial(NamedTuple):
    """Two copies of a model that answered alike.

    Attributes:
        before: The original's copy.
        after: The changed copy.
        calls: The first `Call` of each module that was asked for, by name; none of a module that
            was not called.
    """

    before: nn.Module
    after: nn.Module
    calls: dict[str, Call]


def prove(model: nn.Module, change: Callable, example: Any, names: Iterable[str]) -> Trial:
    """Change a copy of the model, and run it and an unchanged one on the example.

    Both start from the same random state, which stays as it is.

    Args:
        model: The original.
        change: Is called with the copy to change.
        example: As `elman.accelerate` takes it.
        names: Modules whose calls are recorded and whose outputs are compared.

    Raises:
        AccelerationError: Outputs or parameter gradients differ beyond rounding; the message says
            whether the model answers like itself, and how it is in float64.
    """
    before, after = _duplicate(model), _duplicate(model)
    change(after)
    try:
        return Trial(before, after, _compare(before, after, example, list(names)))
    except AccelerationError as error:
        found, expected = _reason(model, change, example)
        raise AccelerationError(error.where, f"{error.found}{found}", expected) from error


def _reason(model: nn.Module, change: Callable, example: Any) -> tuple[str, str]:
    """Of a difference: what else is found, and what to do."""
    try:
        _compare(_duplicate(model), _duplicate(model), example, [])
    except AccelerationError:
        found = ", but so does the original from itself: the model draws from a source of its own"
        return found, "make two of its calls alike (seed that source), or give no example"
    before, after = _duplicate(model).double(), _duplicate(model).double()
    change(after)
    try:
        _compare(before, after, _mapped(example, lambda t: t.double()), [])
    except (AccelerationError, RuntimeError, TypeError, ValueError):
        return "", "keep torch's own here, and report what differs"
    found = ", but not in float64: the model magnifies the rounding of float32"
    return found, "accelerate it without an example if that is no harm"


def _compare(before: nn.Module, after: nn.Module, example: Any, names: list[str]) -> dict:
    """The calls of the named modules; each model gets an example of its own."""
    with same_randomness(), _recording(before, names) as (calls, inner):
        outputs, gradients = _answer(before, detached(example))
    with same_randomness(), _recording(after, names) as (_, new_inner):
        new_outputs, new_gradients = _answer(after, detached(example))
    _check_all("output", outputs, new_outputs)
    _check_all("gradient of", gradients, new_gradients)
    _check_all("output of", inner, new_inner)
    return calls


def speed_up(before: nn.Module, after: nn.Module, call: Call) -> float:
    """How many times faster `after` is: medians of forward plus backward, taken in turns.

    Args:
        before: The one to compare with.
        after: The one that should be faster.
        call: What to call them with.
    """
    seconds: dict[nn.Module, list[float]] = {before: [], after: []}
    with same_randomness():
        both = sum(_seconds(module, call) for module in seconds)  # not counted: warming
        rounds = int(min(max(_SECONDS / both, _ROUNDS[0]), _ROUNDS[1]))
        for _ in range(rounds):
            for module, taken in seconds.items():
                taken.append(_seconds(module, call))
    return statistics.median(seconds[before]) / statistics.median(seconds[after])


def _seconds(module: nn.Module, call: Call) -> float:
    start = time.perf_counter()
    with torch.enable_grad():
        outputs = [t for t in _floats(module.forward(*call.args, **call.kwargs)) if t.requires_grad]
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
        "keep torch's own here",
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
def _recording(model: nn.Module, names: Iterable[str]) -> Iterator[tuple[dict, dict]]:
    """The first call of each named module and what it gave, as they come: two dictionaries."""
    calls: dict[str, Call] = {}
    outputs: dict[str, Tensor] = {}
    modules = dict(model.named_modules())

    def record_as(name: str) -> Callable:
        def record(_: nn.Module, args: tuple, kwargs: dict, found: Any) -> None:
            if name not in calls:
                calls[name] = Call(*map(detached, (args, kwargs)))
                for k, output in enumerate(_floats(found)):
                    outputs[f"{name} {k}".strip()] = output.detach().clone()

        return record

    hooks = [
        modules[name].register_forward_hook(record_as(name), with_kwargs=True) for name in names
    ]
    try:
        yield calls, outputs
    finally:
        for hook in hooks:
            hook.remove()


def detached(value: Any) -> Any:
    """Arguments as leaves of their own, which ask for gradients where they did before."""
    return _mapped(value, lambda t: t.detach().clone().requires_grad_(t.requires_grad))


def _mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The same nest of containers with its floating-point tensors changed, the others copied."""
    if isinstance(value, Tensor):
        return change(value) if value.is_floating_point() else value.clone()
    if type(value) is dict:
        return {key: _mapped(part, change) for key, part in value.items()}
    if type(value) is list:
        return [_mapped(part, change) for part in value]
    if isinstance(value, tuple):
        parts = [_mapped(part, change) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value
