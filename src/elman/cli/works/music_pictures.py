"""Piano rolls of tunes and of pieces of several voices."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman import plots
from elman.errors import DataError
from elman.music import Bar, Melody, Note
from elman.transforms.melody import meaning_of

__all__ = ["chorale_figure", "melody_figure"]


def melody_figure(melody: Melody, model: Any = None, given: Any = None) -> Any:
    """The piano roll of a tune, repeats not unfolded.

    Args:
        melody: It.
        model: Where each note is shaded by how surprising it was to it; None: it is not.
        given: The `GeneratedTune` that it is, whose first tokens were given; None: it is none.

    Raises:
        DataError: The tune has no notes.
    """
    notes = melody.sounding(repeats=False)
    if not notes:
        raise DataError("tune", "has no notes to draw", "a tune with some")
    bars, at = list[float](), 0.0
    for one in melody.events:
        if isinstance(one, Note):
            at += float(one.duration) * 4
        elif isinstance(one, Bar):
            bars.append(at)
    until = _end_of_given(given) if given is not None else 0.0
    filled = melody.filled()
    name = melody.title or "A tune"
    told = f"{filled.right} of {filled.bars} bars between plain bar lines fill the metre."
    return plots.piano_roll(
        [one.pitch for one in notes],
        [float(one.start) * 4 for one in notes],
        [float(one.duration) * 4 for one in notes],
        bars=bars,
        bits=None if model is None else _bits(melody, model),
        given=until,
        finding=f"{name}, in {melody.key.abc}, {melody.metre}",
        more=told,
    )


def _bits(melody: Melody, model: Any) -> np.ndarray:
    """How surprising each note is as it sounds: all its tokens, ties with their first note."""
    codec = model.codec
    framed = model.framing.framed(codec.ids_of(melody))
    said = -model.log_probabilities([framed])[0] / np.log(2)
    place, tied = 0, False
    found: list[float] = []
    for one in melody.events:
        size = len(codec.tokens_of(Melody((one,))))
        cost = float(said[place : place + size].sum())
        place += size
        if isinstance(one, Note):
            if one.pitch is not None and tied and found:
                found[-1] += cost
            elif one.pitch is not None:
                found.append(cost)
            tied = one.tied
    return np.array(found)


def _end_of_given(given: Any) -> float:
    """Up to where a tune's tokens were given, in quarter notes."""
    meant = (meaning_of(token) for token in given.tokens[: given.given])
    return sum(4 * float(one[1]) for one in meant if one is not None and one[0] == "duration")


def chorale_figure(notes: Any, finding: str, more: str = "", given: float = 0.0) -> Any:
    """The piano roll of a piece of several voices.

    Raises:
        DataError: The piece has no notes.
    """
    if not notes:
        raise DataError("piece", "has no notes to draw", "a piece with some")
    end = max(float(one.start + one.duration) * 4 for one in notes)
    return plots.piano_roll(
        [one.pitch for one in notes],
        [float(one.start) * 4 for one in notes],
        [float(one.duration) * 4 for one in notes],
        bars=[4.0 * k for k in range(1, int(end // 4) + 1)],
        given=given,
        finding=finding,
        more=more,
    )
