"""Cells of a model's own that its `forward` steps in a Python loop."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from elman.nn.comparison import Call, detached, same_randomness
from elman.nn.report import Entry

__all__ = ["stepped"]

_LEAST = 3  # calls in one pass, from which on it is a loop


def stepped(model: nn.Module, example: Any) -> list[Entry]:
    """An entry for each module that one pass over the example calls again and again as a cell.

    Such a one is of the user's own class, takes one step's inputs `[B, I]` and a state `[B, ·]` or
    a tuple of some, and is called three times at least; what is inside of it has no entry.

    Args:
        model: A copy: it is run once.
        example: As `elman.accelerate` takes it.
    """
    calls: dict[str, int] = {}

    def count(name: str) -> Any:
        def hook(_: nn.Module, args: tuple) -> None:
            if _is_step(args):
                calls[name] = calls.get(name, 0) + 1

        return hook

    modules = dict(model.named_modules())
    hooks = [
        module.register_forward_pre_hook(count(name))
        for name, module in modules.items()
        if not type(module).__module__.startswith(("torch.", "elman."))
    ]
    given = Call.of(detached(example))
    try:
        with same_randomness(), torch.no_grad():
            model(*given.args, **given.kwargs)
    finally:
        for hook in hooks:
            hook.remove()
    found = [name for name, times in calls.items() if times >= _LEAST]
    outer = [name for name in found if not any(name.startswith(f"{each}.") for each in found)]
    return [
        Entry(
            name,
            type(modules[name]).__name__,
            modules[name].extra_repr(),
            False,
            f"a loop steps it, {calls[name]} times: elman.fuse may run whole sequences of it",
        )
        for name in outer
    ]


def _is_step(args: tuple) -> bool:
    if len(args) != 2:
        return False
    parts = [args[0], *(args[1] if isinstance(args[1], tuple) else (args[1],))]
    return all(isinstance(part, Tensor) and part.dim() == 2 for part in parts)
