"""Tunes made up by rule, for a machine with nothing at hand.

A tune has four phrases of four bars, A A' B A': A' is A with another end. A phrase goes along a
line of chords, most beats begin on a note of the bar's chord, and what stands between goes by
steps; B ends open, on the dominant, the last A' on the tonic. All follows from the seed.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from elman.data.melodies import Melodies
from elman.music import Bar, Key, Melody, Metre, Note

__all__ = ["made_up_tunes"]


class _Dance(NamedTuple):
    """A metre, and what its beats may be filled with, in eighths, with how often each comes."""

    metre: Metre
    beat: int
    rhythms: tuple[tuple[int, ...], ...]
    often: tuple[int, ...]


_DANCES = (
    _Dance(Metre(6, 8), 3, ((1, 1, 1), (2, 1), (3,)), (6, 4, 1)),
    _Dance(Metre(4, 4), 2, ((1, 1), (2,)), (5, 3)),
    _Dance(Metre(3, 4), 2, ((2,), (1, 1)), (5, 3)),
    _Dance(Metre(2, 4), 2, ((1, 1), (2,)), (5, 2)),
)
_KEYS = ("C", "G", "D", "A", "F", "Bb")
_MINOR = ("A", "E", "D", "B")
_SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
_LINES = ((0, 0, 3, 4), (0, 3, 4, 0), (0, 5, 3, 4), (0, 4, 0, 4), (0, 3, 0, 4))
_LOW, _HIGH = -3, 9  # steps of the scale below and above the tonic


def made_up_tunes(count: int, seed: int = 0) -> Melodies:
    """Tunes made up by rule: the same for the same seed.

    >>> tunes = made_up_tunes(3)
    >>> [str(tune.metre) for tune in tunes.tunes], tunes.tunes[0].filled().share
    (['2/4', '3/4', '2/4'], 1.0)

    Args:
        count: How many, each a function of the seed and its number.
        seed: ≥ 0.
    """
    tunes = tuple(_tune(np.random.default_rng([seed, k]), k) for k in range(count))
    note = f"tunes: {count:,} tunes of four phrases, made up by rule (seed {seed})"
    return Melodies(tunes, tuple(map(str, range(count))), "tunes", (note,))


def _tune(draws: np.random.Generator, number: int) -> Melody:
    dance = _DANCES[int(draws.integers(len(_DANCES)))]
    mode = "minor" if draws.random() < 0.25 else "major"
    names = _MINOR if mode == "minor" else _KEYS
    key = Key(names[int(draws.integers(len(names)))], mode)
    first, last = (_phrase(draws, dance, ends) for ends in (4, 0))
    middle = _phrase(draws, dance, 4)
    closed = first[:3] + last[3:]
    bars = [*first, *closed, *middle, *closed]
    events: list[object] = [dance.metre, key]
    for k, bar in enumerate(bars):
        events += [_note(key, degree, eighths) for degree, eighths in bar]
        sign = "|]" if k + 1 == len(bars) else "||" if k == 7 else "|"
        events.append(Bar(sign))
    return Melody(tuple(events), f"Tune {number + 1}")  # pyright: ignore[reportArgumentType]


_BarOf = list[tuple[int, int]]  # degrees of the scale, eighths


def _phrase(draws: np.random.Generator, dance: _Dance, ends: int) -> list[_BarOf]:
    """Four bars that end on the degree `ends`."""
    line = _LINES[int(draws.integers(len(_LINES)))]
    beats = dance.metre.beats * 8 // dance.metre.unit // dance.beat
    odds = np.array(dance.often) / sum(dance.often)
    at, bars = int(draws.choice([0, 2, 4])), list[_BarOf]()
    motif = [dance.rhythms[int(draws.choice(len(odds), p=odds))] for _ in range(beats)]
    for k, chord in enumerate(line):
        bar: _BarOf = []
        rhythm = motif if k % 2 == 0 else [
            dance.rhythms[int(draws.choice(len(odds), p=odds))] for _ in range(beats)
        ]  # fmt: skip
        for beat in rhythm:
            at = _nearest(draws, at, chord)
            bar.append((at, beat[0]))
            way = 1 if draws.random() < 0.5 else -1
            for length in beat[1:]:
                at = _within(at + way)
                bar.append((at, length))
        bars.append(bar)
    length = sum(one for _, one in bars[3])
    held = dance.beat * max(1, beats // 2)
    kept, room = list[tuple[int, int]](), length - held
    for degree, eighths in bars[3]:
        if room <= 0:
            break
        kept.append((degree, min(eighths, room)))
        room -= eighths
    near = kept[-1][0] if kept else at
    final = min((ends + 7 * k for k in (-1, 0, 1)), key=lambda one: (abs(one - near), one))
    bars[3] = [*kept, (_folded(final), held)]
    return bars


def _nearest(draws: np.random.Generator, at: int, chord: int) -> int:
    """A note of a chord that is near, mostly not the same one."""
    able = [d for d in range(_LOW, _HIGH + 1) if (d - chord) % 7 in (0, 2, 4) and abs(d - at) <= 4]
    odds = np.array([0.4 if d == at else 1.0 / (1 + abs(d - at)) for d in able])
    return int(draws.choice(able, p=odds / odds.sum()))


def _within(degree: int) -> int:
    return min(max(degree, _LOW), _HIGH)


def _folded(degree: int) -> int:
    """The same degree within the range."""
    while degree < _LOW:
        degree += 7
    while degree > _HIGH:
        degree -= 7
    return degree


def _note(key: Key, degree: int, eighths: int) -> Note:
    octave, step = divmod(degree, 7)
    return Note(key.home + 12 * octave + _SCALES[key.mode][step], Fraction(eighths, 8))
