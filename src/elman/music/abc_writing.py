"""Writing ABC: a tune that any program for it reads, and this one reads as the same tune."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from elman.music.keys import LETTERS, Key
from elman.music.tune import Bar, Ending, Event, Melody, Metre, Note, Symbol

__all__ = ["length_in_abc", "pitch_in_abc", "symbol_in_abc", "written"]

UNIT = Fraction(1, 8)
"""The length of a note that says none, in whole notes."""
_BARS_OF_LINE = 4
_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
_SIGN = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}


def written(melody: Melody, number: int = 1) -> str:
    """A tune as ABC 2.1, with a header; a piece that begins with no metre and key without one.

    >>> from elman.music.abc_reading import read_tune
    >>> tune = read_tune("M:3/4\\nK:G\\nf2 (3ABc d2|").melody
    >>> print(written(tune))
    X:1
    T:
    M:3/4
    L:1/8
    K:G
    f2(3ABcd2|
    <BLANKLINE>

    Args:
        melody: The tune.
        number: Its X:.
    """
    events: Sequence[Event] = melody.events
    if [type(one) for one in events[:2]] != [Metre, Key]:
        return _body(events, Key("C"))
    lines = [f"X:{number}", f"T:{_one_line(melody.title)}", f"M:{events[0]}", "L:1/8"]
    if melody.tempo is not None:
        lines.append(f"Q:1/4={max(1, round(melody.tempo))}")
    lines += [f"K:{melody.key.abc}", _body(events[2:], melody.key)]
    return "\n".join(lines) + "\n"


def _one_line(title: str) -> str:
    return " ".join(title.replace("%", " ").split())


class _Signs:
    """Which sign a letter has at a place, by either way to read accidentals.

    To some programs a sign holds for its letter in all octaves up to the bar line, to others in
    its own: where the two differ a sign is written.
    """

    def __init__(self, key: Key) -> None:
        self.begin(key)

    def begin(self, key: Key) -> None:
        """A key begins."""
        self.key, self.own = key, key.signature
        self.bar()

    def bar(self) -> None:
        """A bar begins."""
        self.letters: dict[str, int] = {}
        self.places: dict[tuple[str, int], int] = {}

    def written(self, pitch: int) -> str:
        """A note of this pitch, with a sign where it needs one."""
        letter, sign = self.key.spelled(pitch % 12)
        octave = (pitch - sign - LETTERS[letter]) // 12 - 1
        usual = self.own.get(letter, 0)
        heard = {self.letters.get(letter, usual), self.places.get((letter, octave), usual)}
        shown = "" if heard == {sign} else _SIGN[sign]
        if shown:
            self.letters[letter] = self.places[letter, octave] = sign
        return shown + _in_octave(letter, octave)


def _in_octave(letter: str, octave: int) -> str:
    if octave >= 5:
        return letter.lower() + "'" * (octave - 5)
    return letter + "," * (4 - octave)


def pitch_in_abc(pitch: int) -> str:
    """A pitch that is read alike in any key: its sign always stands there.

    >>> pitch_in_abc(60), pitch_in_abc(73)
    ('=C', '^c')
    """
    letter, sign = Key("C").spelled(pitch % 12)
    return _SIGN[sign] + _in_octave(letter, (pitch - sign - LETTERS[letter]) // 12 - 1)


@lru_cache(4096)
def length_in_abc(duration: Fraction) -> str:
    """How long a note is, in eighths.

    >>> [length_in_abc(Fraction(1, n)) for n in (4, 8, 16, 12)]
    ['2', '', '/2', '2/3']
    """
    units = duration / UNIT
    times = "" if units.numerator == 1 else str(units.numerator)
    return times + ("" if units.denominator == 1 else f"/{units.denominator}")


def symbol_in_abc(symbol: Symbol) -> str:
    """A chord's name in quotes."""
    bass = "" if symbol.bass is None else f"/{_NAMES[symbol.bass]}"
    return f'"{_NAMES[symbol.root]}{symbol.kind}{bass}"'


def _body(events: Sequence[Event], key: Key) -> str:
    signs, parts, bars, left = _Signs(key), list[str](), 0, 0
    for k, one in enumerate(events):
        if isinstance(one, Note):
            if not left and (left := _three(events, k)):
                parts.append("(3")
            duration = one.duration * Fraction(3, 2) if left else one.duration
            left = max(0, left - 1)
            shown = "z" if one.pitch is None else signs.written(one.pitch)
            parts.append(f"{shown}{length_in_abc(duration)}{'-' if one.tied else ''}")
        elif isinstance(one, Bar):
            signs.bar()
            bars += 1
            ending = k + 1 < len(events) and isinstance(events[k + 1], Ending)
            last = k + 1 == len(events)
            parts.append(one.sign + ("\n" if bars % _BARS_OF_LINE == 0 and not ending and not last
                                     else ""))  # fmt: skip
        elif isinstance(one, Ending):
            signs.bar()
            parts.append(f"[{one.number} ")
        elif isinstance(one, Key):
            signs.begin(one)
            parts.append(f"[K:{one.abc}]")
        elif isinstance(one, Metre):
            parts.append(f"[M:{one}]")
        else:
            parts.append(symbol_in_abc(one))
    return "".join(parts)


def _three(events: Sequence[Event], first: int) -> int:
    """3 where three notes that stand together are thirds of something, else 0."""
    group: list[Note] = []
    for one in events[first:]:
        if isinstance(one, Symbol):
            continue
        if not isinstance(one, Note) or len(group) == 3:
            break
        group.append(one)
    thirds = [note for note in group if note.duration.denominator % 3 == 0]
    return 3 if len(group) == 3 and len(thirds) == 3 else 0
