"""Which rows make a batch, and what share of a batch is padding: by the lengths of rows alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from elman.errors import ArgumentError

__all__ = ["cut_rows", "padded_steps"]

_SIMILAR = 0.95  # rows are similar whose lengths are within this share of the longest


def cut_rows(
    steps: np.ndarray,
    order: np.ndarray,
    batch_size: int,
    batch_tokens: int | None = None,
    draws: np.random.Generator | None = None,
) -> list[np.ndarray]:
    """The rows of each batch: every row of the order is in one of them.

    By size: `batch_size` rows, the last batch perhaps short. By tokens: rows of similar lengths,
    as many as keep rows times longest length within `batch_tokens`. However they are shuffled,
    there are as many batches.

    >>> steps = np.array([9, 2, 3, 10, 2, 2])
    >>> [rows.tolist() for rows in cut_rows(steps, np.arange(6), 4)]
    [[0, 1, 2, 3], [4, 5]]
    >>> [rows.tolist() for rows in cut_rows(steps, np.arange(6), 4, batch_tokens=20)]
    [[3, 0], [2, 1, 4, 5]]

    Args:
        steps: How many steps each row has `[N]`.
        order: Rows `[M]`, perhaps shuffled.
        batch_size: Rows of a batch, ≥ 1; not used with `batch_tokens`.
        batch_tokens: Steps of a batch, padding included; None for batches by size.
        draws: What batches by tokens are shuffled with; None: the longest first.

    Raises:
        ArgumentError: A row is longer than `batch_tokens`.
    """
    if batch_tokens is None:
        return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    steps = np.maximum(steps, 1)
    order = order[np.argsort(-steps[order], kind="stable")]  # equal lengths stay shuffled
    cut = []
    for bucket, size in _buckets(steps[order], batch_tokens):
        rows = order[bucket]
        if draws is not None:
            draws.shuffle(rows)
        cut += [rows[start : start + size] for start in range(0, len(rows), size)]
    return cut if draws is None else [cut[k] for k in draws.permutation(len(cut))]


def padded_steps(steps: np.ndarray, cut: Iterable[np.ndarray]) -> int:
    """How many steps are computed for batches of these rows, padding included.

    >>> padded_steps(np.array([9, 3, 9, 3]), [np.array([0, 1]), np.array([2, 3])])
    36
    """
    return sum(len(rows) * max(1, int(steps[rows].max())) for rows in cut)


def _buckets(steps: np.ndarray, tokens: int) -> Iterator[tuple[slice, int]]:
    """Rows, longest first, of similar lengths, and how many of them make a batch.

    A bucket is filled up to whole batches from the next shorter rows: only the last batch of all
    may be short.
    """
    start = 0
    while start < len(steps):
        longest = int(steps[start])
        if longest > tokens:
            raise ArgumentError(
                "batch_tokens", f"found {tokens}", f"at least {longest}, the longest sequence"
            )
        size = tokens // longest
        similar = np.searchsorted(-steps, -_SIMILAR * longest, side="right") - start
        stop = start + -(-int(similar) // size) * size
        yield slice(start, stop), size
        start = stop
