"""What a transcriber learns from: recordings and texts as steps and labels that fit into them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from elman.data import Sequences, as_sequences
from elman.data.recordings import Recordings
from elman.data.sound_sequences import as_sounds
from elman.errors import ArgumentError, DataError, ShapeError
from elman.kernels.ctc import BLANK, fits, steps_needed
from elman.printable import closest, many, quoted
from elman.runtime.transcriber import texts_of
from elman.runtime.transcribing.hearing import heard
from elman.runtime.transcribing.transcript import label_of, spoken_ids
from elman.targets import Target
from elman.tasks.parts import Part
from elman.tasks.sounds import with_copies
from elman.tasks.split import split
from elman.training import Examples
from elman.transforms.sound import SoundFeatures
from elman.transforms.text import Steps, TextCodec, fit_codec, read_codec
from elman.transforms.text.fitting import SIZES

__all__ = ["CODECS", "Encoded", "SpokenParts", "Utterances", "codec_of_labels", "encoded"]
__all__ += ["spoken_parts", "utterances"]

CODECS = ("auto", *SIZES)
"""The kinds of codec that are fitted, and the one that is chosen by what is given."""

_WORDS = Steps(form=None, numbers=False, addresses=False, cut="spaces")  # labels as they are
_SHOWN = 3  # recordings that a note names


class Utterances(NamedTuple):
    """Recordings, or features, and what is said in each.

    Attributes:
        given: `Recordings`, or `Sequences` of features.
        texts: N of them.
        listed: Whether they were given as lists of labels.
    """

    given: Any
    texts: tuple[str, ...]
    listed: bool

    def __len__(self) -> int:
        return len(self.texts)

    def select(self, rows: np.ndarray) -> Utterances:
        """Those at these rows."""
        return Utterances(self.given.select(rows), tuple(self.texts[k] for k in rows), self.listed)

    def where(self, row: int) -> str:
        """What a message calls one."""
        return self.given.where(row) if isinstance(self.given, Recordings) else f"X[{row}]"


class SpokenParts(NamedTuple):
    """What is learnt, what chooses the epoch (None: nothing does), and how, in words."""

    train: Utterances
    held_out: Utterances | None
    how: str


class Encoded(NamedTuple):
    """Steps and labels to learn from.

    Attributes:
        examples: Classes of the labels as targets, zeros past each row's last.
        sequences: The steps alone.
        texts: What is said.
        notes: What was left out, resampled or unknown, in sentences.
    """

    examples: Examples
    sequences: Sequences
    texts: tuple[str, ...]
    notes: tuple[str, ...]


def utterances(X: Any, y: Any, where: str = "X") -> Utterances:
    """X and y checked: recordings or features, and as many texts.

    Args:
        X: `Recordings`, or features `[N, T, F]` or a list of `[T_i, F]`.
        y: N texts or lists of labels; None: the texts of the `Recordings`.
        where: What messages call X.

    Raises:
        ArgumentError: There are no texts.
        ShapeError, DataError, FormatError: They do not fit each other, or cannot be read.
    """
    given = X if isinstance(X, Recordings) else as_sequences(X, where=where)
    if y is None:
        y = given.texts if isinstance(given, Recordings) else None
        if y is None:
            raise ArgumentError("y", f"not given, and {where} has no texts", "the texts")
    texts = texts_of(y)
    if len(texts) != len(given):
        raise ShapeError("y", f"{len(texts)} texts", f"{len(given)}, one for each recording")
    listed = not isinstance(y, np.ndarray) and not isinstance(y[0], str) if len(texts) else False
    return Utterances(given, tuple(texts), listed)


def spoken_parts(given: Utterances, validation: Any, seed: int) -> SpokenParts:
    """What is learnt and what chooses the epoch.

    Args:
        given: All that there are.
        validation: A share in (0, 1), recordings and texts as (X, y), or None.
        seed: Of the drawing.

    Raises:
        ArgumentError: It is none of these, or one part would be empty.
    """
    if validation is None:
        return SpokenParts(given, None, "none: the last epoch is kept")
    if isinstance(validation, Recordings):
        validation = (validation, None)
    if isinstance(validation, tuple | list) and len(validation) == 2:
        held = utterances(validation[0], validation[1], "validation")
        return SpokenParts(given, held, f"{many(len(held), 'recording')} that were given")
    if not isinstance(validation, float | np.floating) or not 0 < validation < 1:
        expected = "a share between 0 and 1, recordings and texts as (X, y), or None"
        raise ArgumentError("validation", f"found {validation!r:.80}", expected)
    drawn = split(len(given), float(validation), seed)
    if not len(drawn.held_out) or not len(drawn.train):
        found = f"{validation:g} of {many(len(given), 'recording')} leaves one part empty"
        raise ArgumentError("validation", found, "another share, or None")
    return SpokenParts(given.select(drawn.train), given.select(drawn.held_out), drawn.how)


def codec_of_labels(told: Any, train: Utterances, size: int | None, min_count: int) -> TextCodec:
    """What labels are: a given codec, or one that is fitted on the training part's texts.

    auto: lists of labels are words, texts are characters.

    Raises:
        ArgumentError: There is no such kind or file, or lists of labels are to be cut.
        DataError: The texts have no label.
        MissingExtraError: Subwords are fitted without the extra `text`.
    """
    if not isinstance(told, str):
        return told
    kind = ("words" if train.listed else "characters") if told == "auto" else told
    if kind not in SIZES:
        if not any(sign in kind for sign in "./\\"):
            raise ArgumentError("codec", f"found {kind!r:.60}", closest(kind, CODECS))
        return read_codec(kind)
    if train.listed and kind != "words":
        raise ArgumentError("codec", f"{kind!r}, and y lists the labels", "'words', or texts")
    steps = _WORDS if kind == "words" else None
    codec = fit_codec(train.texts, kind, size=size, min_count=min_count, steps=steps)
    if len(codec) <= 3:
        found = f"no label stands {min_count} times or more in {many(len(train), 'text')}"
        raise DataError("y", found, "texts of what is said, or a smaller min_count")
    return codec


def encoded(
    part: Utterances,
    codec: TextCodec,
    sound: SoundFeatures | None,
    features: int | None,
    name: str,
    distort: Any = None,
    seed: int = 0,
) -> Encoded:
    """Steps and labels; what does not fit is left out, and said.

    The labels of a recording fit where it has a step for each, and one more between two of the
    same: else no path stands for them, and their loss would be infinite.

    Args:
        part: What is said in which recordings.
        codec: Of the labels.
        sound: How samples become steps.
        features: Of a step; None: any.
        name: Of the part, for notes.
        distort: Of `Recordings`: which distorted copies stand behind them (`with_copies`), or None.
        seed: Draws these.

    Raises:
        DataError: None fits; the message says what it lacks.
        ShapeError: Features of another size.
    """
    coded = [spoken_ids(codec, text) for text in part.texts]
    labels = np.zeros((len(coded), max(1, *(len(ids) for ids, _ in coded))), np.int64)
    for row, (ids, _) in enumerate(coded):
        labels[row, : len(ids)] = label_of(ids)
    sequences, _, notes = heard(part.given, sound, features)
    if distort is not None and sound is not None:
        plain = Part(as_sounds(part.given, sound.rate).heard(sound.of), labels, None, Target.TOKENS)
        copied = with_copies(plain, sound, distort, seed)
        sequences, labels = copied.sequences, copied.targets
    kept, left_out = _fitting(part, sequences.lengths, labels, name)
    notes = (*notes, *_unknown(part, [unknown for _, unknown in coded], name), *left_out)
    sequences = sequences.select(kept)
    inputs = np.require(sequences.values, requirements=["C", "W"])
    examples = Examples(
        torch.from_numpy(inputs),
        torch.from_numpy(labels[kept]),
        torch.from_numpy(sequences.lengths),
        kind=Target.TOKENS,
    )
    texts = tuple(part.texts[k % len(part)] for k in kept.tolist())
    return Encoded(examples, sequences, texts, notes)


def _fitting(
    part: Utterances, lengths: np.ndarray, labels: np.ndarray, name: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The rows whose labels fit into their steps, and what is said of the others.

    Distorted copies stand behind the recordings, in their order.
    """
    counts = (labels != BLANK).sum(axis=1)
    fitting = fits(lengths, labels, counts) & (lengths > 0)
    wrong = np.flatnonzero(~fitting)
    if not len(wrong):
        return np.arange(len(labels)), ()
    needed = np.maximum(steps_needed(labels, counts), 1)
    shown = [
        f"{part.where(n % len(part))} ({counts[n]} labels need {needed[n]} steps, it has "
        f"{lengths[n]})"
        for n in wrong[:_SHOWN].tolist()
    ]
    said = f"{many(len(wrong), 'recording')} of the {name} part"
    listed = "; ".join(shown) + ("; ..." if len(wrong) > _SHOWN else "")
    if len(wrong) == len(labels):
        found = f"of all {said} the labels do not fit into the steps: {listed}"
        raise DataError("y", found, "longer recordings, or a smaller stride of features")
    note = f"{said} left out, whose labels do not fit into their steps: {listed}."
    return np.flatnonzero(fitting), (note,)


def _unknown(part: Utterances, counts: Sequence[int], name: str) -> tuple[str, ...]:
    """What is said of labels that the codec does not know."""
    rows = [n for n, count in enumerate(counts) if count]
    if not rows:
        return ()
    shown = quoted([part.texts[n] for n in rows[:_SHOWN]])
    return (
        f"{many(sum(counts), 'label')} in {many(len(rows), 'text')} of the {name} part are unknown "
        f"and left out, as in {shown}.",
    )
