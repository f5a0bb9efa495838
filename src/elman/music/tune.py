"""A tune as plain data: its events, and what follows from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from elman.errors import ArgumentError
from elman.music.keys import Key

__all__ = [
    "BARS",
    "Bar",
    "Ending",
    "Event",
    "Filled",
    "Melody",
    "Metre",
    "Note",
    "Sounding",
    "Symbol",
    "joined_bars",
    "metre_from_name",
]

BARS = ("|", "||", "|]", "|:", ":|", "::")
"""Bar lines: plain, double, last, the begin and the end of what is repeated, both at once."""


@dataclass(frozen=True)
class Metre:
    """So many beats of a kind in a bar.

    Attributes:
        beats: ≥ 1; 0: free, there are no bars of one length.
        unit: A beat is 1/unit of a whole note.
    """

    beats: int
    unit: int = 4

    def __post_init__(self) -> None:
        if not 0 <= self.beats <= 64 or self.unit not in (1, 2, 4, 8, 16, 32, 64):
            found = f"found {self.beats}/{self.unit}"
            raise ArgumentError("metre", found, "0 to 64 beats of 1/1, 1/2, 1/4 … 1/64")

    @property
    def length(self) -> Fraction | None:
        """Of a bar, in whole notes; None: free."""
        return Fraction(self.beats, self.unit) if self.beats else None

    def __str__(self) -> str:
        return f"{self.beats}/{self.unit}" if self.beats else "none"


@dataclass(frozen=True)
class Note:
    """A note, or a rest.

    Attributes:
        pitch: MIDI's number, 60 is middle C; None: a rest.
        duration: In whole notes, > 0.
        tied: Whether the next note goes on with it, rather than to be struck again.
    """

    pitch: int | None
    duration: Fraction
    tied: bool = False


@dataclass(frozen=True)
class Bar:
    """A bar line, one of `BARS`."""

    sign: str


@dataclass(frozen=True)
class Ending:
    """From here on what is played the so manieth time (a first ending, a second)."""

    number: int


@dataclass(frozen=True)
class Symbol:
    """A chord's name above the notes: its root, what it is, and perhaps another bass.

    Attributes:
        root: Pitch class, 0…11.
        kind: As it is written behind the root: "", "m", "7".
        bass: Pitch class; None: the root.
    """

    root: int
    kind: str = ""
    bass: int | None = None


Event = Metre | Key | Note | Bar | Ending | Symbol


class Sounding(NamedTuple):
    """A note as it sounds: tied ones are one.

    Attributes:
        pitch: MIDI's number.
        start: In whole notes from the beginning.
        duration: In whole notes.
    """

    pitch: int
    start: Fraction
    duration: Fraction


class Filled(NamedTuple):
    """How many of the bars between two plain bar lines are as long as the metre says."""

    right: int
    bars: int

    @property
    def share(self) -> float | None:
        """In [0, 1]; None where there is no such bar."""
        return self.right / self.bars if self.bars else None


@dataclass(frozen=True)
class Melody:
    """A tune of one voice.

    Attributes:
        events: From the beginning on; a whole tune begins with its metre and its key.
        title: Or "".
        tempo: Quarter notes a minute, > 0; None: not told.
    """

    events: tuple[Event, ...]
    title: str = ""
    tempo: float | None = None

    @property
    def metre(self) -> Metre:
        """With which it begins."""
        return next((one for one in self.events if isinstance(one, Metre)), Metre(0))

    @property
    def key(self) -> Key:
        """In which it begins."""
        return next((one for one in self.events if isinstance(one, Key)), Key("C"))

    @property
    def notes(self) -> int:
        """How many notes it has, without rests."""
        return sum(isinstance(one, Note) and one.pitch is not None for one in self.events)

    @property
    def duration(self) -> Fraction:
        """In whole notes, without repeats."""
        found = (one.duration for one in self.events if isinstance(one, Note))
        return sum(found, Fraction(0))

    def moved(self, semitones: int) -> Melody:
        """The same so many semitones higher; keys and chords go along.

        Raises:
            ArgumentError: A pitch would leave MIDI's range, 0…127.
        """
        return replace(self, events=tuple(_moved(one, semitones) for one in self.events))

    def without(self, *kinds: type) -> Melody:
        """The same without events of these kinds."""
        return replace(self, events=tuple(one for one in self.events if not isinstance(one, kinds)))

    def filled(self) -> Filled:
        """How many bars between two plain bar lines fill the metre."""
        metre, length, opened = Metre(0), Fraction(0), False
        right = bars = 0
        for one in self.events:
            if isinstance(one, Metre):
                metre = one
            elif isinstance(one, Note):
                length += one.duration
            elif isinstance(one, Ending):
                opened = False
            elif isinstance(one, Bar):
                plain = one.sign == "|"
                if opened and plain and metre.length is not None:
                    bars, right = bars + 1, right + (length == metre.length)
                length, opened = Fraction(0), plain
        return Filled(right, bars)

    def played(self) -> Iterator[Event]:
        """Its events as they are played: what is repeated comes again, with its other ending."""
        yield from _unfolded(self.events)

    def sounding(self, repeats: bool = True) -> list[Sounding]:
        """The notes as they sound: tied ones as one, rests left out.

        Args:
            repeats: Whether what is repeated comes again.
        """
        found: list[Sounding] = []
        at, tied = Fraction(0), False
        for one in self.played() if repeats else self.events:
            if not isinstance(one, Note):
                continue
            if one.pitch is not None:
                last = found[-1] if found else None
                if tied and last is not None and last.pitch == one.pitch:
                    found[-1] = last._replace(duration=last.duration + one.duration)
                else:
                    found.append(Sounding(one.pitch, at, one.duration))
            tied = one.tied and one.pitch is not None
            at += one.duration
        return found


def metre_from_name(name: str) -> Metre:
    """The metre that a text means: 6/8, C, C|, (2+3)/8, none.

    Raises:
        ArgumentError: It means none.
    """
    known = {"C": Metre(4, 4), "C|": Metre(2, 2), "none": Metre(0), "": Metre(0)}
    if name in known:
        return known[name]
    found = re.fullmatch(r"\(?\s*(\d{1,2}(?:\s*\+\s*\d{1,2})*)\s*\)?\s*/\s*(\d{1,2})", name)
    beats = 0 if found is None else sum(map(int, found[1].split("+")))
    if found is None or not beats:
        raise ArgumentError("metre", f"found {name!r:.40}", "as 6/8, C, C| or none")
    return Metre(beats, int(found[2]))


def joined_bars(first: Bar, second: Bar) -> Bar:
    """Two bar lines with nothing between them as one.

    >>> joined_bars(Bar(":|"), Bar("|:")).sign
    '::'
    """
    signs = {first.sign, second.sign}
    ends, starts = bool(signs & {":|", "::"}), bool(signs & {"|:", "::"})
    if ends or starts:
        return Bar("::" if ends and starts else ":|" if ends else "|:")
    return next(Bar(sign) for sign in ("|]", "||", "|") if sign in signs)


def _moved(one: Event, semitones: int) -> Event:
    if isinstance(one, Key):
        return one.moved(semitones)
    if isinstance(one, Symbol):
        bass = None if one.bass is None else (one.bass + semitones) % 12
        return Symbol((one.root + semitones) % 12, one.kind, bass)
    if isinstance(one, Note) and one.pitch is not None:
        pitch = one.pitch + semitones
        if not 0 <= pitch <= 127:
            raise ArgumentError("semitones", f"{semitones} takes {one.pitch} to {pitch}", "0…127")
        return replace(one, pitch=pitch)
    return one


class _Section:
    """What is repeated together: a part, and endings of which each time has another."""

    def __init__(self) -> None:
        self.part: list[Event] = []
        self.endings: dict[int, list[Event]] = {}
        self.current, self.repeats, self.closed = self.part, False, False

    def played(self) -> Iterator[Event]:
        """All times."""
        times = max(max(self.endings, default=1), 2 if self.repeats else 1)
        for time in range(1, times + 1):
            yield from self.part
            yield from self.endings.get(time, ())


def _unfolded(events: Iterable[Event]) -> Iterator[Event]:
    """Events with repeats played: a part between |: and :| twice, each time with its ending."""
    section = _Section()
    for one in events:
        if isinstance(one, Ending):
            section.current = section.endings.setdefault(one.number, [])
            section.closed = False
            continue
        if section.closed:
            yield from section.played()
            section = _Section()
        section.current.append(one)
        if not isinstance(one, Bar):
            continue
        if one.sign in (":|", "::"):
            section.repeats = section.closed = True
        elif one.sign == "|:" or (section.endings and one.sign in ("||", "|]")):
            section.closed = True
    yield from section.played()
