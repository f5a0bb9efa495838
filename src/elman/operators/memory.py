"""Whether a kernel may touch the memory of tensors, or torch must be given an operation to see.

Kernels read and write behind torch's back. That is right for plain tensors on a CPU while nobody
looks on. But a tracer would record memory that nothing seems to have filled; a mode that counts,
replaces or caches operations would miss one; and tensors that stand for others (fake, batched or
wrapped ones, subclasses, those with a pending sign) have no memory of the kind that a kernel reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.utils._device import DeviceContext

__all__ = ["may_touch", "traced", "transformed", "untraced"]


_keys = torch._C._dispatch_keys  # what torch's dispatcher would ask on the way to the memory
with torch.inference_mode():
    _PLAIN_KEYS = {_keys(torch.empty(0)).raw_repr()}
_PLAIN_KEYS.add(_keys(torch.empty(0)).raw_repr())
_PLAIN = (Tensor, torch.nn.Parameter)


def may_touch(tensors: Iterable[Any]) -> bool:
    """Whether a kernel may read these tensors (or None) by their addresses, and fill others."""
    if (
        torch.compiler.is_compiling()
        or torch._C._get_tracing_state() is not None
        or torch._C._len_torch_dispatch_stack() > 0
        or (torch._C._len_torch_function_stack() > 0 and not _only_devices())
    ):
        return False
    for t in tensors:  # a loop: this is asked in every call
        if t is not None and (type(t) not in _PLAIN or _keys(t).raw_repr() not in _PLAIN_KEYS):
            return False
    return True


def _only_devices() -> bool:
    """Whether all that looks on is a default device, which concerns nothing that kernels do."""
    stack = range(torch._C._len_torch_function_stack())
    return all(isinstance(torch._C._get_function_stack_at(k), DeviceContext) for k in stack)


def traced() -> bool:
    """Whether `torch.jit.trace`, or an exporter that uses it, records what happens."""
    return not torch.compiler.is_compiling() and torch._C._get_tracing_state() is not None


def untraced() -> AbstractContextManager[None]:
    """Within this block a tracer records nothing, and sizes are plain numbers for it, too.

    For checks: their comparisons would become part of the graph.
    """
    return _pause() if traced() else nullcontext()


@contextmanager
def _pause() -> Iterator[None]:
    torch_c: Any = torch._C  # whose stubs do not tell all
    state = torch_c._get_tracing_state()
    torch_c._set_tracing_state(None)
    try:
        yield
    finally:
        torch_c._set_tracing_state(state)


def transformed() -> bool:
    """Whether a transform of `torch.func` is at work, or a vectorised derivative."""
    return not torch.compiler.is_compiling() and torch._C._are_functorch_transforms_active()
