"""What every way of decoding shares: the step function, the checks, and the loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.errors import ArgumentError, ShapeError
from elman.state import batch_size, select

__all__ = ["Choose", "Decoded", "Step", "decode", "log_probabilities"]

Step = Callable[[np.ndarray, Any], tuple[Any, Any]]
"""`step(tokens [B] int64, state) -> (logits [B, V], state)`: reads each row's last token."""

Choose = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
"""`choose(log_probabilities [A, V], rows [A], step) -> tokens [A]`."""


@dataclass(frozen=True)
class Decoded:
    """What was decoded, a row of the batch each.

    Attributes:
        tokens: Per row an int64 array, without `<go>` and `<eos>`.
        scores: `[B]` log-probability in nats that the model gives to the row's tokens, `<eos>`
            included where it was reached.
        finished: `[B]` whether `<eos>` was reached within the maximum length.
    """

    tokens: list[np.ndarray]
    scores: np.ndarray
    finished: np.ndarray


def decode(step: Step, state: Any, go: int, eos: int, max_length: int, choose: Choose) -> Decoded:
    """Let `choose` pick every row's next token until `<eos>` or `max_length` tokens.

    A row that has ended leaves the batch, so it costs nothing more.
    """
    check(go, eos, max_length)
    rows = np.arange(batch_size(state))  # the rows still open, by their place in the batch
    tokens = np.full(len(rows), go, dtype=np.int64)
    scores = np.zeros(len(rows))
    finished = np.zeros(len(rows), dtype=bool)
    written: list[list[int]] = [[] for _ in rows]
    for position in range(max_length):
        if not len(rows):
            break
        logits, state = step(tokens, state)
        log_p = log_probabilities(logits, len(rows), eos)
        tokens = choose(log_p, rows, position)
        scores[rows] += log_p[np.arange(len(rows)), tokens]
        ends = tokens == eos
        finished[rows[ends]] = True
        if ends.any():
            rows, tokens, state = rows[~ends], tokens[~ends], select(state, ~ends)
        for row, token in zip(rows, tokens, strict=True):
            written[row].append(int(token))
    return Decoded([np.array(row, dtype=np.int64) for row in written], scores, finished)


def log_probabilities(logits: Any, rows: int, eos: int) -> np.ndarray:
    """Log-softmax `[rows, V]` in float64; a row's values do not depend on its batch.

    Raises:
        ShapeError: The logits are not `[rows, V]`, or V leaves no room for `eos`.
        ArgumentError: A row holds NaN or +inf, or no token that is possible.
    """
    logits = np.ascontiguousarray(logits, dtype=np.float64)
    if logits.ndim != 2 or len(logits) != rows or logits.shape[1] <= eos:
        raise ShapeError(
            "step",
            f"it returned logits of shape {logits.shape} for {rows} rows and <eos> = {eos}",
            "return [B, V] with V greater than the id of <eos>",
        )
    top = logits.max(axis=1, keepdims=True)
    if not np.isfinite(top).all():
        raise ArgumentError("step", "it returned NaN or infinite logits", "train it again")
    shifted = logits - top
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def check(go: int, eos: int, max_length: int) -> None:
    """`ArgumentError` unless `go` and `eos` are token ids and `max_length` is at least 1."""
    for name, value, least in (
        ("go", go, 0),
        ("eos", eos, 0),
        ("max_length", max_length, 1),
    ):
        check_integer(name, value, least)


def check_integer(name: str, value: Any, least: int) -> None:
    """`ArgumentError` unless `value` is an integer of at least `least`."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
        raise ArgumentError(name, f"found {value!r}", f"pass an integer of at least {least}")
