"""What is trained on, cut into batches in an order that depends on seed and epoch only."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from elman.data.batch_plans import cut_rows, padded_steps

__all__ = ["ExampleSet", "batch_rows", "batches", "checksum", "padded_share"]


class ExampleSet(Protocol):
    """What is trained on: rows of which some at a time are made a batch.

    `Examples` hold them all; `elman.training.WindowExamples` cut them from long series.

    Attributes:
        lesson: By which a trainer learns them: makes an `elman.training.loop.lesson.Lesson`.
    """

    lesson: ClassVar[Callable[..., Any]]

    @property
    def lengths(self) -> Int[Tensor, "N"] | None:
        """How many steps each row has; None where all have as many."""
        ...

    def __len__(self) -> int:
        """How many rows there are."""
        ...

    def steps(self) -> Int[np.ndarray, "N"]:
        """How many steps each row has."""
        ...

    def drawn(self, draws: np.random.Generator) -> Int[np.ndarray, "M"]:
        """The rows of one epoch, in its order; there are as many in each."""
        ...

    def select(self, rows: Int[np.ndarray, "B"]) -> Any:
        """The rows given as a batch: it says with which `arguments` a module is called.

        `Examples` or alike: what the loss reads.
        """
        ...

    def to(self, device: torch.device) -> Self:
        """The same, with batches on another device."""
        ...

    def fingerprint(self) -> str:
        """A checksum that tells whether a run goes on with the data it began with."""
        ...


def batch_rows(
    examples: ExampleSet,
    batch_size: int,
    batch_tokens: int | None = None,
    draws: np.random.Generator | None = None,
) -> list[Int[np.ndarray, "B"]]:
    """The rows of each batch: every row, or every row that the examples draw, is in one of them.

    By size: `batch_size` rows, the last batch perhaps short. By tokens: rows of similar lengths,
    as many as keep rows times longest length within `batch_tokens`. However they are shuffled,
    there are as many batches.

    >>> from elman.targets import Target
    >>> from elman.training import Examples
    >>> steps = torch.tensor([9, 2, 3, 10, 2, 2])
    >>> data = Examples(torch.zeros(6, 10, 1), torch.zeros(6), steps, kind=Target.CLASS)
    >>> [rows.tolist() for rows in batch_rows(data, 4)]
    [[0, 1, 2, 3], [4, 5]]
    >>> [rows.tolist() for rows in batch_rows(data, 4, batch_tokens=20)]
    [[3, 0], [2, 1, 4, 5]]

    Args:
        examples: What is cut.
        batch_size: Rows of a batch, ≥ 1; not used with `batch_tokens`.
        batch_tokens: Steps of a batch, padding included; None for batches by size.
        draws: What rows and batches are shuffled with; None leaves them in order: as they stand,
            or by tokens the longest first.

    Raises:
        ArgumentError: A row is longer than `batch_tokens`.
    """
    order = np.arange(len(examples)) if draws is None else examples.drawn(draws)
    steps = np.zeros(0, np.int64) if batch_tokens is None else examples.steps()
    return cut_rows(steps, order, batch_size, batch_tokens, draws)


def padded_share(examples: ExampleSet, cut: Iterable[Int[np.ndarray, "B"]]) -> float:
    """The share of all batches' steps that are padding, in [0, 1).

    >>> from elman.targets import Target
    >>> from elman.training import Examples
    >>> steps = torch.tensor([9, 3, 9, 3])
    >>> data = Examples(torch.zeros(4, 9, 1), torch.zeros(4), steps, kind=Target.CLASS)
    >>> round(padded_share(data, batch_rows(data, 2)), 3)
    0.333
    >>> padded_share(data, batch_rows(data, 2, batch_tokens=18))
    0.0
    """
    if examples.lengths is None:
        return 0.0
    steps, rows = examples.steps(), list(cut)  # an epoch may read a row more than once, or not
    read = sum(int(steps[one].sum()) for one in rows)
    return 1.0 - read / padded_steps(steps, rows)


def checksum(tensors: Iterable[Tensor | None]) -> str:
    """Of what some tensors hold, in eight letters."""
    code = 0
    for tensor in tensors:
        if tensor is not None:
            array = np.ascontiguousarray(tensor.cpu().numpy())
            code = zlib.crc32(array.data, zlib.crc32(repr(array.shape).encode(), code))
    return f"{code:08x}"


def batches(examples: ExampleSet, cut: Iterable[Int[np.ndarray, "B"]]) -> Iterator[Any]:
    """The examples in batches, each of the given rows."""
    for rows in cut:
        yield examples.select(rows)
