"""The most probable token at every step."""

from __future__ import annotations

from typing import Any

from elman.decoding.loop import Decoded, Step, decode

__all__ = ["greedy"]


def greedy(step: Step, state: Any, go: int, eos: int, max_length: int) -> Decoded:
    """Take the most probable token at every step; of equals the one with the lowest id.

    Args:
        step: `step(tokens [B], state) -> (logits [B, V], state)`.
        state: The state before the first step; its rows are the batch.
        go: Token that every row reads first.
        eos: Token that ends a row.
        max_length: Most tokens to take, `<eos>` included; at least 1.

    Raises:
        ArgumentError: An argument is out of range, or the logits are NaN.
        ShapeError: The logits are not `[B, V]`.
    """
    return decode(
        step,
        state,
        go,
        eos,
        max_length,
        lambda log_p, rows, position: log_p.argmax(axis=1),
    )
