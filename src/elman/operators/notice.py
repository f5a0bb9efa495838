"""Who runs a sequence is announced, so that it can be listed or made an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch

from elman.errors import SlowPathError
from elman.operators.choice import Choice
from elman.operators.watching import watcher

__all__ = ["Listener", "listen", "notice", "notice_steps", "strict", "watched"]

Listener = Callable[[Choice, Any], None]
"""Is told the choice and what it was made for: a recurrence's weights, or a cell."""

_LISTENERS: ContextVar[tuple[Listener, ...]] = ContextVar("listeners", default=())


def notice(choice: Choice, subject: Any) -> None:
    """Tell all listeners that `choice` is about to run `subject`; nothing while torch compiles."""
    if torch.compiler.is_compiling():  # a compiler cannot read a context variable
        return
    for listener in _LISTENERS.get():
        listener(choice, subject)


def watched() -> bool:
    """Whether anybody listens, or runs sequences in place of the implementations."""
    return bool(_LISTENERS.get()) or watcher() is not None


def notice_steps(cell: Any) -> None:
    """Tell all listeners that `cell` is about to be called step by step."""
    name = type(cell).__name__
    lacks = "needs every step here" if hasattr(cell, "unroll") else "has no unroll method"
    notice(Choice("loop", f"{name} {lacks}"), cell)


@contextmanager
def listen(listener: Listener) -> Iterator[None]:
    """Within this block, in this thread or task, `listener` hears of every choice."""
    token = _LISTENERS.set((*_LISTENERS.get(), listener))
    try:
        yield
    finally:
        _LISTENERS.reset(token)


@contextmanager
def strict() -> Iterator[None]:
    """Within this block, in this thread or task, what would run slower than it can is an error.

    Sequences must run by the compiled kernels. Graphs of `torch.compile` and `torch.export` are
    not checked; call the layer once without them.

    Raises:
        SlowPathError: Torch's operators, or a loop step by step, would run a sequence.

    >>> from elman.cells import RNNCell
    >>> from elman.layers import dynamic_unroll
    >>> with strict():
    ...     outputs, _ = dynamic_unroll(RNNCell(3, 5), torch.ones(2, 4, 3))
    >>> with strict():
    ...     dynamic_unroll(RNNCell(3, 5).bfloat16(), torch.ones(2, 4, 3, dtype=torch.bfloat16))
    Traceback (most recent call last):
        ...
    elman.errors.SlowPathError: ...
    """
    with listen(_refuse_slow):
        yield


def _refuse_slow(choice: Choice, subject: Any) -> None:
    if choice.kernel != "native":
        raise SlowPathError(
            "strict",
            f"the {choice.kernel} implementation would run: {choice.reason}",
            "change what stands in the way, or call it outside strict mode",
        )
