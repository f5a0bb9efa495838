"""What passes from block to block, in torch; the twin of `elman.runtime.network.flow`."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from jaxtyping import Int, Shaped
from torch import Tensor

from elman.operators.loop import real_steps
from elman.state import DilatedState, leaves

__all__ = ["Flow", "Memory", "hidden", "only_real", "zero_past"]


class Memory(NamedTuple):
    """What a decoder may look back at.

    Attributes:
        values: `[B, S, M]`, what an encoder gave at each step; zero past each length.
        lengths: `[B]` int64, real steps of each row; None: all are.
    """

    values: Tensor
    lengths: Tensor | None


class Flow(NamedTuple):
    """What passes from block to block.

    Attributes:
        values: `[B, T, F]` steps (or `[B, T]` token ids), zero past each length; once the
            sequence is pooled, `[B, F]`.
        lengths: `[B]` int64; None where every step is real, or the values are no sequence.
        hidden: `[B, S]` the last recurrent block's top hidden state after its last step.
        resets: `[B, T]` where a row starts afresh before the step; None: nowhere.
        segments: `[B, n, length, F]` the segments that were made last; None: none were.
        paths: Of a `crf` block what paths of tags score beside their steps; None: there is none.
        head: What makes scores of the values where they are asked for (an
            `elman.models.heads.Head`); None: the values are what the last block gives.
        given: `[B, T, G]` further numbers of each step; None: none are given.
        memory: What a decoder may look back at; None: nothing.
        attention: `[B, T, S]` how much an `attend` block looked at each step of the memory; past
            each length of no meaning.
    """

    values: Tensor
    lengths: Tensor | None = None
    hidden: Tensor | None = None
    resets: Tensor | None = None
    segments: Tensor | None = None
    paths: tuple[Tensor, Tensor, Tensor] | None = None
    head: Any = None
    given: Tensor | None = None
    memory: Memory | None = None
    attention: Tensor | None = None


def hidden(state: Any) -> Tensor:
    """The hidden part of a cell's (newest) state: its first floating-point array."""
    if isinstance(state, DilatedState):
        state = state.at(-1)
    return next(leaf for leaf in leaves(state) if leaf.is_floating_point())


def only_real(flow: Flow) -> Flow:
    """Zero values past each length (a bias, or a padding's vector, would stand there)."""
    if flow.lengths is None:
        return flow
    return flow._replace(values=zero_past(flow.values, flow.lengths))


def zero_past(
    values: Shaped[Tensor, "B T *F"], lengths: Int[Tensor, "B"]
) -> Shaped[Tensor, "B T *F"]:
    """Zeros past each length; what stood there, NaN too, gets no gradient."""
    real = real_steps(lengths, values.shape[1])
    real = real.reshape(real.shape + (1,) * (values.dim() - 2))
    return torch.where(real, values, torch.zeros((), dtype=values.dtype, device=values.device))
