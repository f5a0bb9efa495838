"""Recordings of sound with what is known of each, as plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from elman.errors import DataError, MissingExtraError, ShapeError
from elman.parameters import whole_number
from elman.transforms.sound.features import LOUDEST

__all__ = ["Recordings", "resampled"]


def _numbered(row: int) -> str:
    return f"recording {row}"


@dataclass(frozen=True, eq=False)
class Recordings:
    """Recordings of one rate, with what is to be learnt about each.

    Attributes:
        signals: N signals, float32 `[S_i]` each, of full scale 1.
        rate: Samples a second of all of them, in Hz.
        labels: Classes `[N]` (strings or whole numbers), or None where nothing is known.
        texts: What is said in each, N of them, or None likewise.
        ids: N names of the recordings.
        name: Where they come from: the name of a set or a path.
        notes: What was inferred, resampled, mixed or left out when they were read, in sentences.
        groups: What each belongs to `[N]`, as a speaker; or None.
        rates: int64 `[N]`, the rate that each was recorded at, before any resampling.
        failed: What could not be read, and why, a sentence each: it is not among the N.
        place: What messages call a recording of the source: "sounds/7.wav".
        rows: int64 `[N]`, the row of the source that each recording is.

    Raises:
        ShapeError: A signal is no row of floats, or there are not as many of all.
        DataError: A sample is not finite, or a million times full scale.
    """

    signals: tuple[np.ndarray, ...]
    rate: int
    labels: np.ndarray | None = None
    texts: tuple[str, ...] | None = None
    ids: tuple[str, ...] = ()
    name: str = "recordings"
    notes: tuple[str, ...] = ()
    groups: np.ndarray | None = None
    rates: Any = None
    failed: tuple[str, ...] = ()
    place: Callable[[int], str] = field(default=_numbered, repr=False)
    rows: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", whole_number("rate", self.rate, 1))
        signals = tuple(_signal(one, n) for n, one in enumerate(self.signals))
        count = len(signals)
        usual = {"ids": tuple(map(str, range(count))), "rows": np.arange(count)}
        usual |= {"rates": np.full(count, self.rate), "signals": signals}
        for name, value in usual.items():
            found = getattr(self, name)
            if found is None or len(found) == 0 or name == "signals":
                object.__setattr__(self, name, value)
        for name in ("labels", "texts", "ids", "groups", "rates", "rows"):
            found = getattr(self, name)
            if found is not None and len(found) != count:
                raise ShapeError(name, f"{len(found)} of them", f"{count}, one a recording")

    def __len__(self) -> int:
        return len(self.signals)

    @property
    def seconds(self) -> np.ndarray:
        """How long each is: float64 `[N]`."""
        return np.array([len(signal) / self.rate for signal in self.signals])

    def where(self, row: int) -> str:
        """What a message calls a recording."""
        return self.place(int(self.rows[row]))

    def select(self, rows: Any) -> Recordings:
        """The recordings at `rows` (indices, a slice or a mask `[N]`)."""
        chosen = np.arange(len(self))[rows]
        return replace(
            self,
            signals=tuple(self.signals[k] for k in chosen),
            labels=None if self.labels is None else self.labels[chosen],
            texts=None if self.texts is None else tuple(self.texts[k] for k in chosen),
            ids=tuple(self.ids[k] for k in chosen),
            groups=None if self.groups is None else self.groups[chosen],
            rates=self.rates[chosen],
            rows=self.rows[chosen],
        )

    def resampled(self, rate: int) -> Recordings:
        """The same at another rate, which a note says; at this one they stay as they are.

        Raises:
            MissingExtraError: soxr is not installed.
        """
        if rate == self.rate:
            return self
        signals = tuple(resampled(signal, self.rate, rate) for signal in self.signals)
        note = f"{self.name}: resampled from {self.rate} Hz to {rate} Hz"
        return replace(self, signals=signals, rate=rate, notes=(*self.notes, note))


def resampled(signal: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """A signal float32 `[S]` at another rate, by soxr's best quality.

    Raises:
        MissingExtraError: soxr is not installed.
    """
    try:
        import soxr  # of the extra: WAV files of the rate that is wanted do without
    except ImportError as error:
        raise MissingExtraError.of("soxr", "sound", f"{rate} Hz to {wanted} Hz") from error
    return soxr.resample(signal, rate, wanted, quality="VHQ")


def _signal(signal: Any, row: int) -> np.ndarray:
    values = np.asarray(signal)
    if values.ndim != 1 or values.dtype.kind != "f":
        found = f"{values.dtype} of shape {values.shape}"
        raise ShapeError(f"signals[{row}]", found, "floats [S] of full scale 1")
    wrong = ~(np.abs(values) <= LOUDEST)
    if wrong.any():
        first = int(np.argmax(wrong))
        expected = f"finite samples, of full scale 1 (at most {LOUDEST:,.0f})"
        raise DataError(f"signals[{row}], sample {first}", f"found {values[first]}", expected)
    return values.astype(np.float32, copy=False)
