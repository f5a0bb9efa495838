"""Tokens drawn at random, so that the model's own variety shows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from elman.decoding.loop import Decoded, Step, check_integer, decode
from elman.errors import ArgumentError, ShapeError
from elman.state import batch_size

__all__ = ["sample"]


def sample(
    step: Step,
    state: Any,
    go: int,
    eos: int,
    max_length: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int = 0,
    row_ids: Any = None,
) -> Decoded:
    """Draw every token from the model's probabilities.

    A draw depends on the seed, the row's own id and the step, and on nothing else: a row gives
    the same tokens alone, in any batch and at any place in it.

    Args:
        step: As in `greedy`.
        state: As in `greedy`.
        go: As in `greedy`.
        eos: As in `greedy`.
        max_length: As in `greedy`.
        temperature: ≥ 0. The log-probabilities are divided by it: below 1 the likely tokens
            are preferred more, 0 is `greedy`.
        top_k: ≥ 1. Draw among the k most probable tokens only.
        top_p: In (0, 1]. Draw among the fewest most probable tokens that together have at
            least this probability (after temperature and `top_k`). Holtzman et al. 2020,
            arXiv 1904.09751v2.
        seed: In 0…2⁶⁴ - 1.
        row_ids: `[B]` integers ≥ 0, one a row; None: 0…B-1.

    Returns:
        As `greedy`; `scores` are the model's own log-probabilities, temperature 1.

    Raises:
        ArgumentError, ShapeError: As in `greedy`, and `row_ids` that are not one id a row.
    """
    _check(temperature, top_k, top_p, seed)
    ids = _row_ids(row_ids, batch_size(state))

    def choose(log_p: np.ndarray, rows: np.ndarray, position: int) -> np.ndarray:
        if temperature == 0:
            return log_p.argmax(axis=1)
        weights = _weights(log_p, temperature, top_k, top_p)
        draws = np.array([_uniform(seed, ids[row], position) for row in rows])
        heights = weights.cumsum(axis=1)
        return (heights > draws[:, None] * heights[:, -1:]).argmax(axis=1)

    return decode(step, state, go, eos, max_length, choose)


def _uniform(seed: int, row_id: int, position: int) -> float:
    """A number in [0, 1) that is a function of its three arguments (Philox 4x64-10)."""
    key = np.array([seed, row_id], dtype=np.uint64)
    return (np.random.Philox(key=key, counter=position).random_raw() >> 11) * 2.0**-53


def _weights(
    log_p: np.ndarray, temperature: float, top_k: int | None, top_p: float | None
) -> np.ndarray:
    """Unnormalised probabilities `[A, V]`, zero for the tokens that are ruled out."""
    with np.errstate(over="ignore"):  # next to temperature 0 the unlikely tokens become -inf
        weights = np.exp((log_p - log_p.max(axis=1, keepdims=True)) / temperature)
    if top_k is None and top_p is None:
        return weights
    order = np.argsort(-weights, axis=1, kind="stable")  # most probable first
    ranked = np.take_along_axis(weights, order, axis=1)
    if top_k is not None:
        ranked[:, top_k:] = 0.0
    if top_p is not None:
        before = ranked.cumsum(axis=1) - ranked
        ranked[before >= top_p * ranked.sum(axis=1, keepdims=True)] = 0.0
    np.put_along_axis(weights, order, ranked, axis=1)
    return weights


def _row_ids(row_ids: Any, rows: int) -> list[int]:
    ids = np.arange(rows) if row_ids is None else np.asarray(row_ids)
    if ids.shape != (rows,) or ids.dtype.kind not in "iu" or (ids < 0).any():
        raise ShapeError(
            "row_ids",
            f"{ids.dtype} of shape {ids.shape}",
            f"pass {rows} integers of at least 0",
        )
    return ids.tolist()


def _check(temperature: float, top_k: int | None, top_p: float | None, seed: int) -> None:
    if not 0 <= temperature < math.inf:
        raise ArgumentError("temperature", f"found {temperature!r}", "a finite number ≥ 0")
    if top_k is not None:
        check_integer("top_k", top_k, 1)
    if top_p is not None and not 0 < top_p <= 1:
        raise ArgumentError("top_p", f"found {top_p!r}", "a probability in (0, 1]")
    check_integer("seed", seed, 0)
    if seed >= 2**64:
        raise ArgumentError("seed", f"found {seed}", "an integer below 2**64")
