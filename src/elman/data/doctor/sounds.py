"""Recordings as their doctor looks at them: damaged signals, and texts too long for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from elman.data.doctor.parts import Part, prints_of
from elman.data.recordings import Recordings

__all__ = ["part_of_recordings"]

_SILENT = 1e-3  # of full scale, which nothing exceeds there
_FULL = 0.99  # of full scale, at which a signal is cut off
_LOUD = 2.0  # of full scale, which only floats of another scale exceed: resampling overshoots less
_CUT_OFF = 3  # samples in a row at full scale
_WINDOW = 0.025  # seconds: a shorter recording has no step of its own
_HOP = 0.01  # seconds from one step to the next, as features usually have them
_USUAL = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 192000)
_SHOWN = 3  # recordings that are named


def part_of_recordings(data: Recordings) -> Part:
    """What may be wrong with recordings: silent, clipped, loud, short, oddly sampled, cut ones.

    Where texts are known also those that cannot fit: a network that writes a character or nothing
    at each step of 10 ms needs a step for each, and one more between two that are alike.
    """
    signs: Counter[str] = Counter()
    for sign, rows in _signs(data):
        if rows:
            names = ", ".join(data.ids[row] for row in rows[:_SHOWN])
            signs[f"{sign}: {names}{', ...' if len(rows) > _SHOWN else ''}"] = len(rows)
    if data.failed:
        signs[f"damage, left out: {data.failed[0]}"] = len(data.failed)
    labels = data.labels
    if labels is not None:
        labels = None if labels.dtype.kind == "f" else labels.astype(str).astype(object)
    prints = prints_of(signal.astype("<f4").tobytes() for signal in data.signals)
    lengths = np.round(data.seconds / _HOP).astype(np.int64)
    return Part(
        data.name,
        "recording",
        data.where,
        prints,
        prints,
        labels,
        {f"steps of {_HOP * 1000:g} ms": lengths},
        signs=signs,
        notes=data.notes,
    )


def _signs(data: Recordings) -> Iterator[tuple[str, list[int]]]:
    """What may be wrong, and the rows that have it."""
    peaks = np.array([np.abs(one).max(initial=0.0) for one in data.signals])
    yield "silence alone", np.flatnonzero(peaks < _SILENT).tolist()
    yield "samples beyond full scale", np.flatnonzero(peaks > _LOUD).tolist()
    cut = [n for n, signal in enumerate(data.signals) if _is_clipped(signal)]
    yield f"clipping ({_CUT_OFF} samples in a row at full scale)", cut
    short = np.flatnonzero(data.seconds < _WINDOW).tolist()
    yield f"less than a window of {_WINDOW * 1000:g} ms", short
    yield "a name that stood there before", _again(data.ids)
    rates = Counter(data.rates.tolist())
    usual = max(rates, key=lambda rate: (rates[rate], -rate), default=data.rate)
    others = np.flatnonzero(data.rates != usual).tolist()
    yield f"another rate than most have, {usual} Hz", others
    yield "a rate that is unusual", np.flatnonzero(~np.isin(data.rates, _USUAL)).tolist()
    if data.texts is not None:
        long = [n for n, text in enumerate(data.texts) if _needs(text) > data.seconds[n] / _HOP]
        yield f"a text of more characters than steps of {_HOP * 1000:g} ms", long


def _again(names: tuple[str, ...]) -> list[int]:
    """The rows whose name a row before has."""
    seen: set[str] = set()
    return [n for n, name in enumerate(names) if name in seen or seen.add(name)]


def _is_clipped(signal: np.ndarray) -> bool:
    """Whether several samples in a row are as large as can be, on one side."""
    if np.abs(signal).max(initial=0.0) > _LOUD:
        return False  # of another scale
    for side in (signal, -signal):
        full = (side >= _FULL).astype(np.int64)
        if (
            len(full) >= _CUT_OFF
            and np.convolve(full, np.ones(_CUT_OFF), "valid").max() >= _CUT_OFF
        ):
            return True
    return False


def _needs(text: str) -> int:
    """Steps that a text needs: one a character, and one between two that are alike."""
    return len(text) + sum(a == b for a, b in pairwise(text))
