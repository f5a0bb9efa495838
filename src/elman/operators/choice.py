"""Which implementation of a recurrence runs, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jaxtyping import Bool, Float
from torch import Tensor, is_autocast_enabled

from elman.kernels.contract import Noise, Recurrence, Weights
from elman.operators import aten, native
from elman.operators.memory import traced

__all__ = ["Choice", "choose"]


@dataclass(frozen=True)
class Choice:
    """An implementation and, in words, why it and not a faster one."""

    kernel: Literal["native", "aten", "loop"]
    reason: str


def choose(
    recurrence: Recurrence,
    weights: Weights,
    inputs: Float[Tensor, "B T I"],
    resets: Bool[Tensor, "B T"] | None = None,
    noise: Noise | None = None,
) -> Choice:
    """Which implementation `unroll` takes with these arguments.

    Of `resets` and `noise` it matters only whether they are given. Second derivatives exist
    through all three, except through torch's operators on a GPU (cuDNN has none).

    >>> import torch
    >>> from elman.kernels.contract import GRU, GRUWeights
    >>> weights = GRUWeights(torch.zeros(6, 3), torch.zeros(6, 2), torch.zeros(6))
    >>> choose(GRU(), weights, torch.zeros(1, 4, 3))
    Choice(kernel='native', reason='the compiled kernels run it on a CPU')
    >>> half = GRUWeights(*(weight.half() for weight in weights[:3]))
    >>> choose(GRU(reset_after=False), half, torch.zeros(1, 4, 3).half()).kernel
    'loop'
    """
    not_native = native.lacks(recurrence, weights, inputs)
    if (
        not_native is None
        and traced()
        and aten.lacks(recurrence, weights, inputs, resets, noise) is None
    ):
        return Choice("aten", "what torch.jit.trace records shall run wherever torch does")
    if not_native is None:
        how = ", in the weights' dtype in spite of autocast" if is_autocast_enabled("cpu") else ""
        return Choice("native", f"the compiled kernels run it on a CPU{how}")
    not_aten = aten.lacks(recurrence, weights, inputs, resets, noise)
    if not_aten is None:
        return Choice("aten", not_native)
    return Choice("loop", f"{not_native}; {not_aten}")
