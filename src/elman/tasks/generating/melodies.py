"""How a generator learns to write tunes: as texts whose tokens are events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Generator as Steps
from typing import Any, NamedTuple

import numpy as np
import torch

from elman.data.melodies import Melodies
from elman.errors import ArgumentError, DataError
from elman.music import Melody, Note, Symbol
from elman.printable import many
from elman.runtime.writing.framing import Framing, count_unknown
from elman.tasks.generator import Generator, Tokens
from elman.training.loop.streams import Window
from elman.training.loop.texts import TextStreams
from elman.training.randomness import generator
from elman.transforms.melody import MelodyCodec

__all__ = ["MovedStreams", "learn", "split_rows"]

_LONGEST = 12  # semitones: an octave


class _Parts(NamedTuple):
    train: Melodies
    held: Melodies | None
    how: str


def learn(estimator: Generator, X: Melodies, y: Any = None) -> None:
    """Train a generator on tunes; arguments and errors as of `Generator.fit`.

    Raises:
        DataError: There is no tune.
    """
    if y is not None:
        raise ArgumentError("y", "given, and what is learnt is the next event", "None")
    options, warm = estimator._options(), estimator._warm()
    parts = _parted(X, estimator.validation, options.config.seed)
    shift = estimator.transpose
    if shift > _LONGEST:
        raise ArgumentError("transpose", f"found {shift}", f"at most {_LONGEST} semitones")
    codec = _codec(estimator, parts.train, shift) if warm is None else warm.codec
    framing = Framing.of(codec, ends=True)
    train = [framing.framed(codec.ids_of(tune)) for tune in parts.train.tunes]
    held = [] if parts.held is None else parts.held.tunes
    held = [framing.framed(codec.ids_of(tune)) for tune in held]
    unknown = sum(count_unknown(codec, ids) for ids in train)
    notes = (f"{many(unknown, 'token')} of the tunes are not known to the model",) * bool(unknown)
    streams = None
    if shift:
        rows = estimator.batch_size, estimator.truncation
        streams = MovedStreams.of_tunes(parts.train.tunes, codec, framing, shift, *rows)
    tokens = Tokens(codec, framing, train, held, parts.how, notes)
    estimator._learn(tokens, options, warm, streams)


def _parted(X: Melodies, validation: Any, seed: int) -> _Parts:
    if not len(X):
        raise DataError("X", "holds no tunes", "some")
    if isinstance(validation, Melodies):
        return _Parts(X, validation, f"{many(len(validation), 'tune')} that were given")
    if validation is None:
        return _Parts(X, None, "none: the last epoch is kept")
    held, how = split_rows(len(X), validation, seed, "tune")
    return _Parts(X.select(~held), X.select(held), how)


def split_rows(count: int, share: Any, seed: int, noun: str) -> tuple[np.ndarray, str]:
    """A mask of the pieces to set aside, at random, and how, in words.

    Args:
        count: Of all pieces.
        share: Of them that is set aside.
        seed: Of the drawing.
        noun: What a piece is called.

    Raises:
        ArgumentError: The share is none, or leaves one part empty.
    """
    if not isinstance(share, float | np.floating) or not 0 < share < 1:
        expected = f"a share between 0 and 1, {noun}s, or None"
        raise ArgumentError("validation", f"found {share!r:.80}", expected)
    size = round(count * share)
    if not 0 < size < count:
        found = f"{share:g} of {many(count, noun)} leaves one part empty"
        raise ArgumentError("validation", found, f"more {noun}s, another share, or None")
    held = np.zeros(count, dtype=bool)
    held[generator(seed, "split").permutation(count)[:size]] = True
    return held, f"{share:g} of the {noun}s, at random"


def _codec(estimator: Generator, train: Melodies, shift: int) -> MelodyCodec:
    """The codec of the training part; of pitches as they are, also of what it is moved to."""
    chords = any(isinstance(one, Symbol) for tune in train.tunes for one in tune.events)
    shifts = range(-shift, shift + 1)
    moved = (moved_by(tune, by) for tune in train.tunes for by in shifts)
    sizes = {"size": estimator.vocabulary, "min_count": estimator.min_count}
    return MelodyCodec.of_tunes(moved, **sizes, pitch=estimator.pitch, chords=chords)


def moved_by(tune: Melody, semitones: int) -> Melody:
    """A tune so many semitones higher, or as far as MIDI's pitches go."""
    if not semitones:
        return tune
    pitches = [one.pitch for one in tune.events if isinstance(one, Note) and one.pitch is not None]
    low, high = min(pitches, default=60), max(pitches, default=60)
    return tune.moved(min(max(semitones, -low), 127 - high))


class MovedStreams(TextStreams):
    """Tunes as streams of tokens, each moved in each epoch by an amount of its own."""

    _drawn: Callable[[np.random.Generator], list[np.ndarray]]
    _wanted: int

    @classmethod
    def of_tunes(
        cls,
        tunes: Sequence[Melody],
        codec: MelodyCodec,
        framing: Framing,
        shift: int,
        rows: int,
        truncation: int,
    ) -> MovedStreams:
        """Streams of tunes.

        Args:
            tunes: To be moved.
            codec: Of their tokens: it knows those of the moved ones.
            framing: What stands around them.
            shift: Semitones at most, up or down.
            rows: B at most.
            truncation: Steps of a window.
        """

        def drawn(draws: np.random.Generator) -> list[np.ndarray]:
            by = draws.integers(-shift, shift + 1, len(tunes)).tolist()
            moved = (moved_by(tune, k) for tune, k in zip(tunes, by, strict=True))
            return [framing.framed(codec.ids_of(tune)) for tune in moved]

        plain = [framing.framed(codec.ids_of(tune)) for tune in tunes]
        made = cls.of_texts(plain, rows, truncation)
        made._drawn, made._wanted = drawn, rows
        return made

    def to(self, device: torch.device) -> MovedStreams:
        """The same on another device."""
        made = super().to(device)
        assert isinstance(made, MovedStreams)  # it is made by this class's constructor
        made._drawn, made._wanted = self._drawn, self._wanted
        return made

    def windows(
        self, seed: int, epoch: int, first: int = 0, workers: int = 0
    ) -> Steps[Window, None, None]:
        """See `Streams.windows`: tunes are moved by what seed and epoch draw."""
        ids = self._drawn(generator(seed, "augment", epoch))
        streams = TextStreams.of_texts(ids, self._wanted, self.truncation)
        return streams.to(self._inputs[0].device).windows(seed, epoch, first, workers)
