"""Recordings as sequences: of features, once somebody says which."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from elman.data.recordings import Recordings
from elman.data.sequences import Sequences, padded
from elman.errors import DataError, ShapeError

__all__ = ["SoundSequences", "are_sounds", "as_sounds"]


@dataclass(frozen=True, eq=False, kw_only=True)
class SoundSequences(Sequences):
    """Recordings, and the features of their steps.

    Attributes:
        values: float32 `[N, T, F]`; int64 `[N, 0]` before it is known which features.
        signals: The samples as they were given: objects `[N]`, float32 `[S_i]` each.
        rate: Samples a second of all of them, in Hz.
    """

    holds: ClassVar[str] = "sounds"
    instead: ClassVar[str] = "features; a Classifier reads sounds"

    signals: np.ndarray
    rate: int

    def select(self, rows: Any) -> SoundSequences:
        """The recordings at `rows` (indices, a slice or a mask `[N]`)."""
        return replace(
            self, values=self.values[rows], lengths=self.lengths[rows], signals=self.signals[rows]
        )

    @property
    def unit(self) -> str:
        """What `sizes` counts: the same before and after there are features."""
        return "millisecond"

    @property
    def sizes(self) -> np.ndarray:
        """How many milliseconds each recording has: int64 `[N]`."""
        return np.array([round(1000 * len(one) / self.rate) for one in self.signals], np.int64)

    def one(self, index: int) -> np.ndarray:
        """The samples `[S]` of a single recording, as a model takes it."""
        return self.signals[index]

    def contents(self) -> Iterator[bytes]:
        """What is in each recording: its samples, whatever its features are."""
        return (signal.astype("<f4").tobytes() for signal in self.signals)

    def in_rows(self) -> dict[str, np.ndarray]:
        """`DataError`: sounds are not written as a table."""
        raise DataError("sounds", "are no table", "files of sound: elman data get NAME")

    def heard(self, of: Callable[[np.ndarray], np.ndarray]) -> SoundSequences:
        """The same recordings with their features.

        Args:
            of: From samples `[S]` to features float32 `[T, F]`: `SoundFeatures.of`.
        """
        rows = [of(signal) for signal in self.signals]
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        plain = padded(np.concatenate(rows), lengths)
        return replace(self, values=plain.values, lengths=lengths)


def are_sounds(X: Any) -> bool:
    """Whether X holds recordings: `Recordings`, or `SoundSequences` made of them."""
    return isinstance(X, Recordings | SoundSequences)


def as_sounds(X: Recordings | SoundSequences, rate: int | None = None) -> SoundSequences:
    """Recordings as sequences, without features yet.

    >>> as_sounds(Recordings((np.zeros(80), np.zeros(240)), 8000)).sizes.tolist()
    [10, 30]

    Args:
        X: They.
        rate: The rate that they must have, in Hz; None: any.

    Raises:
        ShapeError: There are none.
        DataError: They have another rate.
    """
    if rate is not None and X.rate != rate:
        found = f"sounds of {X.rate} Hz"
        raise DataError("X", found, f"{rate} Hz: recordings.resampled({rate}), or rate={rate}")
    if isinstance(X, SoundSequences):
        return X
    if not len(X):
        raise ShapeError("X", "found no recordings", "at least one")
    signals = np.empty(len(X), dtype=object)
    signals[:] = X.signals
    nothing = np.zeros(len(X), dtype=np.int64)
    return SoundSequences(
        values=np.zeros((len(X), 0), np.int64), lengths=nothing, signals=signals, rate=X.rate
    )
