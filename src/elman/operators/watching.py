"""Who wants to see the states of a sequence runs it in place of the implementations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch

__all__ = ["Watcher", "watch", "watcher"]

Watcher = Callable[..., tuple[Any, Any]]
"""Takes the arguments of `elman.operators.loop.unroll`, and gives what it gives."""

_WATCHER: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


def watcher() -> Watcher | None:
    """Who watches, if anybody does; nobody while torch compiles."""
    if torch.compiler.is_compiling():  # a compiler cannot read a context variable
        return None
    return _WATCHER.get()


@contextmanager
def watch(run: Watcher) -> Iterator[None]:
    """Within this block, in this thread or task, `run` computes every sequence."""
    token = _WATCHER.set(run)
    try:
        yield
    finally:
        _WATCHER.reset(token)
