"""What a transcriber is given, as steps of features."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from elman.data import Sequences, as_sequences
from elman.data.readers.sound import read_recordings
from elman.data.recordings import Recordings
from elman.errors import DataError, ShapeError
from elman.printable import many, quoted
from elman.transforms.sound import SoundFeatures

__all__ = ["Heard", "heard", "log_softmax"]

_SHOWN = 3  # recordings that a note names


class Heard(NamedTuple):
    """What is to be transcribed.

    Attributes:
        sequences: The steps, unscaled.
        names: What each is called.
        notes: What was resampled, mixed or left out, in sentences.
    """

    sequences: Sequences
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def heard(X: Any, sound: SoundFeatures | None, features: int | None) -> Heard:
    """What is given, as steps of features.

    Args:
        X: `Recordings`, the path of a file or folder of sounds, or a list of paths, all of which
            can be read (`read_recordings` leaves out what cannot); or features: `[N, T, F]`, or a
            list of `[T_i, F]`.
        sound: How samples become steps; None: only features are read.
        features: F; None: any.

    Raises:
        DataError: There are sounds, and only features are read; or the other way round.
        ShapeError, FormatError, MissingExtraError: As of what is read: of paths any of them.
    """
    if _is_path(X) or (isinstance(X, list | tuple) and len(X) and all(map(_is_path, X))):
        rate = None if sound is None else sound.rate
        X = read_recordings(X, rate=rate, strict=True)  # an answer for each, or none
    if not isinstance(X, Recordings):
        if sound is not None and not isinstance(X, Sequences) and _are_signals(X):
            expected = f"Recordings, files, or features of {sound.features} a step"
            raise DataError("X", "signals without their rate", expected)
        sequences = as_sequences(X, features=features)
        return Heard(sequences, tuple(map(str, range(len(sequences)))))
    if sound is None:
        raise DataError("X", "found recordings", "features: the model has learnt from those")
    if not len(X):
        raise DataError("X", "found no recording", "at least one")
    given = X.resampled(sound.rate)
    steps = [sound.of(signal) for signal in given.signals]
    notes = (*given.notes, *_unheard(given, steps))
    return Heard(as_sequences(steps, features=sound.features), given.ids, notes)


def log_softmax(scores: Float[np.ndarray, "T K"]) -> Float[np.ndarray, "T K"]:
    """Log-probabilities, float64; of each frame by itself, so parts of a stream have these bits."""
    scores = scores.astype(np.float64)
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _unheard(data: Recordings, steps: Sequence[np.ndarray]) -> tuple[str, ...]:
    """What is to be said of recordings too short for a step."""
    short = [name for name, one in zip(data.ids, steps, strict=True) if not len(one)]
    if not short:
        return ()
    named = quoted(short[:_SHOWN])
    return (f"{many(len(short), 'recording')} too short for a step, as {named}: nothing is heard.",)


def _is_path(value: Any) -> bool:
    return isinstance(value, str | os.PathLike)


def _are_signals(X: Any) -> bool:
    """Whether these are rows of numbers without a second axis."""
    try:
        return isinstance(X, Sequence) and len(X) > 0 and all(np.ndim(one) == 1 for one in X)
    except ValueError as error:  # rows of different lengths in one of them
        raise ShapeError("X", "rows that are no arrays", "arrays [T, F]") from error
