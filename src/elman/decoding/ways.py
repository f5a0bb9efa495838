"""The usual ways to write, each one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.decoding.options import SearchOptions
from elman.decoding.search import Search, Step

__all__ = ["Decoded", "beam", "greedy", "sample"]


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
    return _decoded(step, state, go, eos, SearchOptions(max_length=max_length, temperature=0))


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
        temperature: As in `SearchOptions`; so `top_k`, `top_p`, `seed`.
        top_k: Likewise.
        top_p: Likewise.
        seed: Likewise.
        row_ids: `[B]` integers ≥ 0, one a row; None: 0…B-1.

    Returns:
        As `greedy`; `scores` are the model's own log-probabilities, temperature 1.

    Raises:
        ArgumentError, ShapeError: As in `greedy`, and `row_ids` that are not one id a row.
    """
    options = SearchOptions(
        max_length=max_length, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed
    )
    return _decoded(step, state, go, eos, options, row_ids)


def beam(
    step: Step,
    state: Any,
    go: int,
    eos: int,
    max_length: int,
    *,
    beam_size: int,
    length_penalty: float = 0.0,
) -> Decoded:
    """Keep `beam_size` beginnings of each row side by side, and answer with the best end.

    Which are kept, and when a row is done, `elman.decoding.slots` says; a wider beam's answer is
    never worse. A row in which nothing ended answers with its best beginning, `finished` False.

    Args:
        step: As in `greedy`.
        state: As in `greedy`.
        go: As in `greedy`.
        eos: As in `greedy`.
        max_length: As in `greedy`.
        beam_size: ≥ 1; 1 is `greedy`.
        length_penalty: As in `SearchOptions`.

    Raises:
        ArgumentError, ShapeError: As in `greedy`.
    """
    options = SearchOptions(
        max_length=max_length, temperature=0, beam_size=beam_size, length_penalty=length_penalty
    )
    return _decoded(step, state, go, eos, options)


def _decoded(
    step: Step, state: Any, go: int, eos: int, options: SearchOptions, row_ids: Any = None
) -> Decoded:
    search = Search(state, go=go, eos=eos, options=options, row_ids=row_ids)
    answers = [row[0] for row in search.run(step)]
    return Decoded(
        [answer.tokens for answer in answers],
        np.array([answer.log_probability for answer in answers], dtype=np.float64),
        np.array([answer.finished for answer in answers], dtype=bool),
    )
