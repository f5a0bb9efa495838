"""Recordings of any lengths as rows that are read side by side, window by window.

Letters: N recordings, B rows, T steps of a window, S of them new.
"""

from __future__ import annotations

import heapq
import zlib
from bisect import bisect_right
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from elman.errors import ArgumentError, ShapeError
from elman.parameters import whole_number
from elman.targets import Target
from elman.training.loop.examples import Examples
from elman.training.loop.loading import prepared
from elman.training.loop.truncated import CarriedLesson
from elman.training.randomness import generator

__all__ = ["Streams", "Window"]


@dataclass(frozen=True, eq=False)
class Window:
    """What one update reads: S new steps of each row, and T - S older ones before them.

    Attributes:
        inputs: `[B, T, I]`; zero where a row has no step left.
        resets: `[B, T]`, true at the first step of each recording.
        lengths: `[B]` int64, the steps of `inputs` that each row really has; None where all have T.
        batch: The S new steps with their targets: what the cost is of.
        recordings: `[M]`, which recordings the new steps belong to.
        advance: The next window begins so many steps after this one, in 0…T.
    """

    inputs: Float[Tensor, "B T I"]
    resets: Bool[Tensor, "B T"]
    lengths: Int[Tensor, "B"] | None
    batch: Examples
    recordings: Int[np.ndarray, "M"]
    advance: int

    @property
    def context(self) -> int:
        """T - S: the steps whose cost an earlier update has counted."""
        return self.inputs.shape[1] - self.batch.inputs.shape[1]

    def share(self, rows: slice) -> Window:
        """The same of some of the rows."""
        lengths = None if self.lengths is None else self.lengths[rows]
        batch = self.batch
        left = None if batch.lengths is None else batch.lengths[rows]
        return replace(
            self,
            inputs=self.inputs[rows],
            resets=self.resets[rows],
            lengths=lengths,
            batch=Examples(batch.inputs[rows], batch.targets[rows], left, kind=batch.kind),
        )


class _Row(NamedTuple):
    """Recordings one after the other.

    Attributes:
        recordings: Their indices, in order.
        starts: The position at which each begins, and at last where the row ends.
    """

    recordings: list[int]
    starts: list[int]

    def pieces(self, start: int, stop: int) -> Iterator[tuple[int, slice]]:
        """Which steps of which recordings stand from `start` to `stop`."""
        for k in range(bisect_right(self.starts, start) - 1, len(self.recordings)):
            first, last = self.starts[k], self.starts[k + 1]
            if first >= stop:
                return
            yield self.recordings[k], slice(max(start, first) - first, min(stop, last) - first)


class Streams:
    """Cuts recordings into parallel rows of consecutive windows, for truncated training.

    The recordings are dealt to the rows, the longest first, each to the row that is shortest so
    far, and stand there one after the other in an order drawn for each epoch. Every step of every
    recording is new exactly once an epoch. No recording is padded: only where rows end before
    others do, their last steps are missing (`Window.lengths`).

    >>> streams = Streams([torch.arange(7.0)[:, None]], [torch.zeros(7, 1)], rows=1, truncation=3)
    >>> [window.inputs.flatten().tolist() for window in streams.windows(seed=0, epoch=1)]
    [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0], [6.0]]

    With a stride smaller than the window, windows overlap: the new steps are the last ones.

    >>> inputs, targets = [torch.arange(4.0)[:, None]], [torch.zeros(4, 1)]
    >>> streams = Streams(inputs, targets, 1, truncation=3, stride=2)
    >>> [(w.inputs.flatten().tolist(), w.context) for w in streams.windows(seed=0, epoch=1)]
    [([0.0, 1.0], 0), ([1.0, 2.0, 3.0], 1)]

    Args:
        inputs: N tensors `[T_n, I]`; T_n may be 0.
        targets: N tensors `[T_n, ...]`, one target a step.
        rows: B at most; there are never more than recordings.
        truncation: Steps that a window reaches back, ≥ 1 (k2 in Sutskever's thesis, 2013).
        stride: New steps of a window, in 1…truncation (k1); None means `truncation`.
        kind: Of the targets.

    Attributes:
        padding: The share of the rows' steps that are missing, in [0, 1).

    Raises:
        ArgumentError: A number is outside its range.
        ShapeError: Inputs and targets do not match, or there is no step at all.
    """

    lesson: ClassVar = CarriedLesson

    def __init__(
        self,
        inputs: Sequence[Float[Tensor, "T I"]],
        targets: Sequence[Shaped[Tensor, "T ..."]],
        rows: int,
        truncation: int,
        stride: int | None = None,
        kind: Target = Target.NUMBERS_PER_STEP,
    ) -> None:
        lengths = _checked_lengths(inputs, targets)
        self._inputs, self._targets, self._lengths = [*inputs], [*targets], lengths
        self.truncation = whole_number("truncation", truncation, 1)
        self.stride = self.truncation if stride is None else whole_number("stride", stride, 1)
        if self.stride > self.truncation:
            raise ArgumentError(
                "stride",
                f"found {stride} for a truncation of {truncation}",
                f"1 to {truncation}, or None",
            )
        self.kind = kind
        self.rows = min(whole_number("rows", rows, 1), int(np.count_nonzero(lengths)))
        self._longest = max(row.starts[-1] for row in self._rows(seed=0, epoch=1))
        self.padding = 1.0 - int(lengths.sum()) / (self.rows * self._longest)

    @classmethod
    def of(
        cls, examples: Examples, rows: int, truncation: int, stride: int | None = None
    ) -> Streams:
        """The sequences of a data set as recordings, without their padding.

        Raises:
            ArgumentError: The targets do not belong to steps, or sequences have weights; or as
                the constructor.
        """
        per_step = examples.kind.per_step
        if not per_step or examples.weights is not None:
            found = "weights of sequences" if per_step else "a target for each sequence"
            raise ArgumentError("truncation", found, "a target for each step, and no weights")
        lengths = examples.steps().tolist()
        inputs = [row[:length] for row, length in zip(examples.inputs, lengths, strict=True)]
        targets = [row[:length] for row, length in zip(examples.targets, lengths, strict=True)]
        return cls(inputs, targets, rows, truncation, stride, examples.kind)

    def __len__(self) -> int:
        """Windows of an epoch: alike in all, for the rows' lengths are."""
        return -(-self._longest // self.stride)

    def to(self, device: torch.device) -> Streams:
        """The same on another device."""
        inputs = [tensor.to(device) for tensor in self._inputs]
        targets = [tensor.to(device) for tensor in self._targets]
        return type(self)(inputs, targets, self.rows, self.truncation, self.stride, self.kind)

    def fingerprint(self) -> str:
        """A checksum of the recordings and of how they are cut."""
        parts: list[Any] = [self.rows, self.truncation, self.stride]
        for inputs, targets in zip(self._inputs, self._targets, strict=True):
            parts.append(Examples(inputs[None], targets[None], kind=self.kind).fingerprint())
        return f"{zlib.crc32(repr(parts).encode()):08x}"

    def windows(
        self, seed: int, epoch: int, first: int = 0, workers: int = 0
    ) -> Generator[Window, None, None]:
        """The windows of an epoch in order: a pure function of seed and epoch.

        Args:
            seed: ≥ 0.
            epoch: From 1.
            first: Number of windows to leave out at the beginning.
            workers: How many threads cut windows ahead.
        """
        cut = partial(self._cut, self._rows(seed, epoch))
        return prepared(cut, range(first, len(self)), workers)

    def _rows(self, seed: int, epoch: int) -> list[_Row]:
        """Which recordings stand in which row."""
        draws = generator(seed, "order", epoch)
        order = draws.permutation(np.flatnonzero(self._lengths))
        longest_first = order[np.argsort(-self._lengths[order], kind="stable")]
        dealt: list[list[int]] = [[] for _ in range(self.rows)]
        shortest = [(0, row) for row in range(self.rows)]
        for n in longest_first.tolist():
            steps, row = heapq.heappop(shortest)
            dealt[row].append(n)
            heapq.heappush(shortest, (steps + int(self._lengths[n]), row))
        mixed = [draws.permutation(row).tolist() for row in dealt]
        return [_Row(row, [0, *accumulate(self._lengths[row].tolist())]) for row in mixed]

    def _cut(self, rows: list[_Row], index: int) -> Window:
        """The window whose new steps begin at `index` times the stride."""
        middle, stop = index * self.stride, (index + 1) * self.stride
        start, following = (
            max(0, stop - self.truncation),
            max(0, stop + self.stride - self.truncation),
        )
        stop = min(stop, self._longest)
        inputs = _stacked([_steps(self._inputs, row, start, stop) for row in rows])
        targets = _stacked([_steps(self._targets, row, middle, stop) for row in rows])
        new = inputs[:, middle - start :]
        return Window(
            inputs,
            _beginnings(rows, start, stop).to(inputs.device),
            _lengths(rows, start, stop, inputs.device),
            Examples(new, targets, _lengths(rows, middle, stop, inputs.device), kind=self.kind),
            np.array([n for row in rows for n, _ in row.pieces(middle, stop)]),
            min(following, stop) - start,
        )


def _steps(tensors: list[Tensor], row: _Row, start: int, stop: int) -> Tensor:
    """What stands in a row from `start` to `stop`, zeros past its end; a view where it can be."""
    parts = [tensors[n][steps] for n, steps in row.pieces(start, stop)]
    missing = stop - max(start, row.starts[-1])
    if missing > 0:
        parts.append(tensors[0].new_zeros(missing, *tensors[0].shape[1:]))
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _stacked(rows: list[Tensor]) -> Tensor:
    return rows[0][None] if len(rows) == 1 else torch.stack(rows)


def _beginnings(rows: list[_Row], start: int, stop: int) -> Tensor:
    """Where a recording begins, from `start` to `stop` of each row."""
    begins = torch.zeros(len(rows), stop - start, dtype=torch.bool)
    for row, mask in zip(rows, begins, strict=True):
        mask[[s - start for s in row.starts[:-1] if start <= s < stop]] = True
    return begins


def _lengths(rows: list[_Row], start: int, stop: int, device: torch.device) -> Tensor | None:
    """How many of the steps from `start` to `stop` each row has; None where all have all."""
    ends = torch.tensor([row.starts[-1] for row in rows])
    if int(ends.min()) >= stop:
        return None
    return (ends - start).clamp(0, stop - start).to(device)


def _checked_lengths(inputs: Sequence[Tensor], targets: Sequence[Tensor]) -> np.ndarray:
    """The steps of each recording."""
    lengths = np.array([len(tensor) for tensor in inputs], dtype=np.int64)
    if lengths.sum() == 0:
        raise ShapeError("inputs", f"{len(inputs)} recordings without a step", "at least one step")
    if len(targets) != len(inputs):
        raise ShapeError("targets", f"{len(targets)} recordings", f"{len(inputs)}, as inputs has")
    for n, (length, target) in enumerate(zip(lengths, targets, strict=True)):
        if len(target) != length:
            raise ShapeError(f"targets[{n}]", f"{len(target)} steps", f"{length}, as its inputs")
    return lengths
