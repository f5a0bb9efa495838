"""What a twin may be called with, before anything is read from it."""

from __future__ import annotations

from typing import Any

from torch import Tensor, fx
from torch.nn.utils.rnn import PackedSequence

from elman.errors import AcceleratedError, ElmanError, TwinTypeError

__all__ = ["check_types"]


def check_types(module: Any, input: Any, hx: Any, lstm: bool) -> None:
    """Check that `input` is a tensor or packed, and `hx` a tensor, or two of them for an LSTM.

    Raises:
        TwinTypeError: One is not.
        AcceleratedError: `input` is a proxy of torch.fx.
    """
    if not isinstance(input, (Tensor, PackedSequence)):
        raise _unusable(module, input)
    if hx is None:
        return
    if not lstm:
        fits = isinstance(hx, Tensor)
    else:
        fits = isinstance(hx, tuple) and len(hx) == 2 and all(isinstance(x, Tensor) for x in hx)
    if not fits:
        many = f"{type(hx).__name__} of {len(hx)}" if isinstance(hx, tuple) else type(hx).__name__
        raise TwinTypeError(
            f"{type(module).__name__} hx",
            f"found a {many}",
            f"pass {'a tuple of two tensors, (h, c)' if lstm else 'one tensor'}, or None",
        )


def _unusable(module: Any, input: Any) -> ElmanError:
    name = type(module).__name__
    if isinstance(input, fx.Proxy):
        return AcceleratedError(
            name,
            "torch.fx looks inside: it takes only torch.nn's own classes as wholes",
            "elman.restore the model, trace it, then elman.accelerate what was traced",
        )
    return TwinTypeError(f"{name} input", f"found {type(input).__name__}", "pass a tensor")
