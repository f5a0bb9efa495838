"""Reading ABC: the subset of its version 2.1 that collections of folk tunes are written in.

What is not part of a melody is left out by rule and counted: see `elman.music.abc_rules`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from elman.errors import ArgumentError, FormatError
from elman.music.abc_rules import first_of, settled_ties, unchanged_left_out
from elman.music.keys import LETTERS, Key, key_from_name
from elman.music.tune import (
    Bar,
    Ending,
    Event,
    Melody,
    Metre,
    Note,
    Symbol,
    joined_bars,
    metre_from_name,
)

__all__ = ["Read", "TuneText", "read_tune", "read_tunes", "split_tunes"]

_BAR = re.compile(r":*(?:\[\|\]?|\|+)\]?:*|::+")
_ENDING = re.compile(r"\[?\s*(\d+)(?:[,.\-]\d+)*")
_INLINE = re.compile(r"\[([A-Za-z]):([^\]\n]*)\]")
_VOICE = re.compile(r"\[V:[^\]\n]*\]")
_LENGTH = r"(\d{0,6})(/{0,8})(\d{0,6})"
_NOTE = re.compile(rf"(\^\^|\^|__|_|=)?([A-Ga-g])([,']*){_LENGTH}")
_REST = re.compile(rf"([zx]){_LENGTH}")
_BARS_OF_REST = re.compile(r"[ZX](\d{0,4})")
_SPACER = re.compile(rf"y{_LENGTH}")
_TUPLET = re.compile(r"\((\d)(?::(\d*))?(?::(\d*))?")
_BROKEN = re.compile(r"(>{1,3}|<{1,3})")
_DECORATION = re.compile(r"![^!\n]{1,40}!|\+[^+\n|]{1,40}\+|[.~H-WYh-w]")
_SYMBOL = re.compile(r"([A-G])([#b]?)([^/]*)(?:/([A-Ga-g])([#b]?))?")
_FIELD = re.compile(r"([A-Za-z+]):(.*)")
_SIGNS = {None: 0, "=": 0, "^": 1, "^^": 2, "_": -1, "__": -2}
_OF_TUNE = "KLMQV"
_LONGEST = 100_000  # events of a tune


class TuneText(NamedTuple):
    """The text of a tune within a file.

    Attributes:
        header: The file's own fields, which hold for all of its tunes.
        text: From its X: on.
        line: Its first in the file, from 1.
    """

    header: str
    text: str
    line: int


@dataclass
class Read:
    """What was read of a text.

    Attributes:
        melody: The tune.
        spans: Of each of its events the first place in the text, and the one after its last.
        counts: How often each of `abc_rules.RULES` was followed.
    """

    melody: Melody
    spans: list[tuple[int, int]]
    counts: Counter[str]


def split_tunes(text: str) -> list[TuneText]:
    """The tunes of a file: each begins with X:; what stands before the first is of all of them.

    Args:
        text: Of the file; one without X: is one tune.
    """
    starts = [found.start() for found in re.finditer(r"(?m)^X:", text)]
    if not starts:
        return [TuneText("", text, 1)]
    header = "".join(
        f"{line}\n" for line in text[: starts[0]].splitlines() if re.match(r"[LMQK]:", line)
    )
    ends = [*starts[1:], len(text)]
    lines, at, found = 1, 0, []
    for start, end in zip(starts, ends, strict=True):
        lines, at = lines + text.count("\n", at, start), start
        found.append(TuneText(header, text[start:end], lines))
    return found


def read_tunes(text: str, where: str, *, chords: bool = False) -> Iterator[Read | FormatError]:
    """Each tune of a file, or why it cannot be read; arguments as of `read_tune`."""
    for one in split_tunes(text):
        try:
            yield read_tune(one.text, where, line=one.line, header=one.header, chords=chords)
        except FormatError as error:
            yield error


def read_tune(
    text: str, where: str = "ABC", *, line: int = 1, header: str = "", chords: bool = False
) -> Read:
    """A tune, or a piece of one without a header.

    >>> read_tune("M:6/8\\nK:G\\nGAB c>de|").melody.events[3]
    Note(pitch=69, duration=Fraction(1, 8), tied=False)

    Args:
        text: The tune's; with fields at its beginning it is a whole one: then it has a metre and a
            key, if only by rule.
        where: What messages call the file.
        line: The text's first line in the file.
        header: Fields of the file that hold for the tune, too.
        chords: Whether the names of chords are kept.

    Raises:
        FormatError: Something is no ABC; with line and column.
    """
    reading = _Reading(text, where, line, chords)
    if header:
        for one in header.splitlines():
            reading.field(one[0], one[2:], (0, 0))
    reading.read()
    return reading.result()


@dataclass
class _Reading:
    """A tune that is being read."""

    text: str
    where: str
    line: int
    chords: bool
    at: int = 0
    events: list[Event] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    unit: Fraction | None = None
    metre: Metre | None = None
    key: Key | None = None
    signature: dict[str, int] = field(default_factory=dict)
    signs: dict[str, int] = field(default_factory=dict)  # of this bar, by letter
    fields: bool = False
    heading: bool = True  # before the key and the music
    declared: str | None = None  # the first voice that the header names
    voice: str | None = None  # that is read: the first one with music
    silent: bool = False  # within another voice
    title: str = ""
    tempo: float | None = None
    scale: Fraction | None = None  # of a broken rhythm, for the next note
    tuplet: tuple[Fraction, int] = (Fraction(1), 0)
    last: tuple[str, int] | None = None  # the letter and octave of the last note
    tied: int | None = None  # the pitch that a tie leads to from there

    # ---- lines ----------------------------------------------------------------------------------

    def read(self) -> None:
        """All lines, from the first on."""
        ended, self.heading = False, True
        for found in re.finditer(r"[^\r\n]*(?:\r\n|\r|\n|$)", self.text):
            line = found[0].rstrip("\r\n")
            start = found.start()
            if found.start() == len(self.text) and not line:
                break
            content = _uncommented(line)
            if not content.strip():
                # An empty line ends a tune; what follows is somebody's words about it.
                ended = ended or (not line.strip() and bool(self.events) and self.fields)
                continue
            named = _FIELD.match(content)
            if ended and not named:
                self.counts["field"] += 1
            elif named and not re.match(r":[|:]", content[1:]):  # a note before a bar line
                self.fields = True
                self.field(named[1], named[2], (start, start + len(content)))
            else:
                self.music(content, start)

    def field(self, name: str, value: str, span: tuple[int, int]) -> None:
        """A field of the header, of a line or within one."""
        value = value.strip()
        if self.silent and name in _OF_TUNE and name != "V":
            return  # of the other voice
        if name in _OF_TUNE:
            try:
                getattr(self, f"_{name.lower()}")(value, span)
            except ArgumentError as error:
                raise self.wrong(span[0], f"{name}: {error.found}", error.expected) from error
        elif name == "T" and not self.title:
            self.title = value
        elif name == "P" and self.heading:
            self.counts["order"] += 1  # within a tune P: names the part that follows
        elif name in "wWsd+":
            self.counts["field"] += 1

    def _l(self, value: str, span: tuple[int, int]) -> None:
        found = re.fullmatch(r"(\d{1,3})(?:/(\d{1,4}))?", value)
        if found is None or not int(found[1]) or int(found[2] or 1) == 0:
            raise ArgumentError("L", f"found {value!r:.40}", "a length, as 1/8")
        self.unit = Fraction(int(found[1]), int(found[2] or 1))

    def _m(self, value: str, span: tuple[int, int]) -> None:
        self.metre = metre_from_name(value)
        self.add(self.metre, span)

    def _k(self, value: str, span: tuple[int, int]) -> None:
        self.heading = False
        first, *others = value.split() or [""]
        told = [
            one for one in others if not re.match(r"(clef|middle|octave|transpose|treble)", one)
        ]
        if first.lower() in ("", "none") or re.match(r"(clef=|treble|bass|alto)", first):
            self.counts["no key"] += 1
            key = Key("C")
        elif first in ("HP", "Hp"):
            key = Key("A", "mixolydian")
        else:
            if told and re.fullmatch(r"[A-Za-z]{1,10}", told[0]) and told[0].lower() != "exp":
                first += told.pop(0)
            key = key_from_name(first)
        self.key, self.signature, self.signs = key, key.signature, {}
        if told and told[0].lower() == "exp":
            self.signature = {}
            told = told[1:]
        for one in told:
            found = re.fullmatch(r"(\^\^|\^|__|_|=)([A-Ga-g])", one)
            if found is None:
                raise ArgumentError("key", f"found {one!r:.40}", "signs as ^f or _b")
            self.signature = {**self.signature, found[2].upper(): _SIGNS[found[1]]}
        if {k: v for k, v in self.signature.items() if v} != key.signature:
            self.counts["key signs"] += 1
        self.add(key, span)

    def _q(self, value: str, span: tuple[int, int]) -> None:
        plain = re.sub(r'"[^"]*"', "", value).strip()
        found = re.fullmatch(r"(?:(\d+)/(\d+)\s*=\s*|C\d?\s*=\s*)?(\d{1,4})", plain)
        if found is None or not int(found[3]) or found[2] == "0":
            self.counts["tempo"] += 1
            return
        beat = Fraction(int(found[1]), int(found[2])) if found[2] else self.length_of_unit()
        self.tempo = float(int(found[3]) * beat * 4)

    def _v(self, value: str, span: tuple[int, int]) -> None:
        """A voice begins, or goes on; before the key it is only said what voices there are."""
        name = value.split()[0] if value.split() else ""
        if self.heading:
            self.declared = name if self.declared is None else self.declared
            return
        self.voice = name if self.voice is None else self.voice
        self.silent = name != self.voice

    # ---- music ----------------------------------------------------------------------------------

    def music(self, content: str, start: int) -> None:
        """A line of music; of one of a further voice what follows the first voice's name."""
        at, self.heading = 0, False
        while at < len(content):
            if self.silent:
                found = _VOICE.search(content, at)
                end = len(content) if found is None else found.start()
                self.counts["voice"] += bool(content[at:end].strip())
                if found is None:
                    return
                at = self._inline(content, end, start) or len(content)
            else:
                if self.voice is None and content[at] not in " \t[":
                    self.voice = self.declared or "1"
                at = self._one(content, at, start)

    def _one(self, line: str, at: int, start: int) -> int:
        """What stands at a place of a line; gives the place behind it."""
        sign = line[at]
        if sign in " \t`)$*\\":
            return at + 1
        for known, read in _READERS:
            if sign in known:
                end = read(self, line, at, start)
                if end is not None:
                    return end
        raise self.wrong(start + at, f"found {sign!r}", "a note, a rest, a bar line")

    def _bar(self, line: str, at: int, start: int) -> int | None:
        found = _BAR.match(line, at)
        if found is None:
            return None
        sign = found[0]
        ends, starts = sign.startswith(":"), sign.endswith(":")
        if ends and starts:
            sign = "::"
        elif ends or starts:
            sign = ":|" if ends else "|:"
        else:
            sign = "|]" if sign.endswith("|]") else "||" if len(sign) > 1 else "|"
        bar, span = Bar(sign), (start + at, start + found.end())
        if self.tuplet[1]:
            self.counts["tuplet"] += 1
        self.signs = {}
        if self.events and isinstance(self.events[-1], Bar):
            self.events[-1] = joined_bars(self.events[-1], bar)
        else:
            self.add(bar, span)
        after = found.end()
        if after < len(line) and line[after].isdigit():
            return self._ending(line, after, start)
        return after

    def _ending(self, line: str, at: int, start: int) -> int | None:
        found = _ENDING.match(line, at)
        if found is None:
            return None
        number = int(found[1])
        if not 1 <= number <= 9:
            raise self.wrong(start + at, f"found an ending {number}", "1 to 9")
        self.signs = {}
        self.add(Ending(number), (start + at, start + found.end()))
        return found.end()

    def _opened_ending(self, line: str, at: int, start: int) -> int | None:
        """[1, or [ 1: an ending; else a chord follows."""
        if not line[at + 1 :].lstrip()[:1].isdigit():
            return None
        return self._ending(line, at, start)

    def _inline(self, line: str, at: int, start: int) -> int | None:
        found = _INLINE.match(line, at)
        if found is None:
            return None
        self.field(found[1], found[2], (start + at, start + found.end()))
        return found.end()

    def _chord(self, line: str, at: int, start: int) -> int | None:
        close = line.find("]", at)
        if close < 0:
            raise self.wrong(start + at, "found [ without ]", "a chord, an ending or a field")
        inside, place, found = line[at + 1 : close], 0, []
        while place < len(inside):
            note = _NOTE.match(inside, place)
            if note is not None:
                found.append((self._pitch(note, start + at), note))
                place = note.end()
            elif inside[place] in " -.~+!":
                place += 1
            else:
                mark = _DECORATION.match(inside, place)
                if mark is None:
                    column = start + at + 1 + place
                    raise self.wrong(column, f"found {inside[place]!r} in a chord", "notes")
                place = mark.end()
        if not found:
            raise self.wrong(start + at, "found a chord without notes", "notes")
        self.counts["chord"] += len(found) > 1
        outer = re.compile(_LENGTH).match(line, close + 1)
        assert outer is not None  # it may be empty
        inner = found[0][1]
        factor = self._factor(inner[4], inner[5], inner[6], start + at)
        factor *= self._factor(outer[1], outer[2], outer[3], start + at)
        pitch = max(pitch for pitch, _ in found)
        self._sound(pitch, factor, (start + at, start + outer.end()), None)
        return outer.end()

    def _note(self, line: str, at: int, start: int) -> int | None:
        found = _NOTE.match(line, at)
        if found is None:
            return None
        pitch = self._pitch(found, start + at)
        factor = self._factor(found[4], found[5], found[6], start + at)
        self._sound(pitch, factor, (start + at, start + found.end()), found)
        return found.end()

    def _rest(self, line: str, at: int, start: int) -> int | None:
        found = _REST.match(line, at)
        if found is None:
            return None
        factor = self._factor(found[2], found[3], found[4], start + at)
        self._sound(None, factor, (start + at, start + found.end()), None)
        return found.end()

    def _bars_of_rest(self, line: str, at: int, start: int) -> int | None:
        found = _BARS_OF_REST.match(line, at)
        if found is None:
            return None
        length, count = (self.metre or Metre(0)).length, int(found[1] or 1)
        if length is None or not 1 <= count <= 999:
            said = f"found {found[0]!r} without a metre" if length is None else f"{count} bars"
            raise self.wrong(start + at, said, "a metre (M:) before it, and 1 to 999 bars")
        span = (start + at, start + found.end())
        for k in range(count):
            if k:
                self.add(Bar("|"), span)
            self.add(Note(None, length), span)
        return found.end()

    def _spacer(self, line: str, at: int, start: int) -> int | None:
        found = _SPACER.match(line, at)
        return None if found is None else found.end()

    def _open(self, line: str, at: int, start: int) -> int | None:
        """A tuplet, or a slur, which is not read."""
        found = _TUPLET.match(line, at)
        if found is None:
            return at + 1
        count = int(found[1])
        if count < 2:
            raise self.wrong(start + at, f"found a group of {count}", "2 to 9 notes")
        metre = self.metre or Metre(0)
        three = 3 if metre.beats % 3 == 0 and metre.beats > 3 else 2
        usual = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(count, three)
        ratio = Fraction(int(found[2] or 0) or usual, count)
        self._cut_group()
        self.tuplet = (ratio, int(found[3] or 0) or count)
        return found.end()

    def _cut_group(self) -> None:
        if self.tuplet[1]:
            self.counts["tuplet cut"] += 1

    def _tie(self, line: str, at: int, start: int) -> int | None:
        last = self.events[-1] if self.events else None
        if not isinstance(last, Note) or last.pitch is None:
            self.counts["tie"] += 1
        else:
            self.events[-1], self.tied = Note(last.pitch, last.duration, True), last.pitch
        return at + 1

    def _broken(self, line: str, at: int, start: int) -> int | None:
        found = _BROKEN.match(line, at)
        last = self.events[-1] if self.events else None
        if found is None or not isinstance(last, Note):
            raise self.wrong(
                start + at, f"found {line[at]!r} behind no note", "two notes around it"
            )
        short = Fraction(1, 2 ** len(found[0]))
        first, self.scale = (2 - short, short) if found[0][0] == ">" else (short, 2 - short)
        self.events[-1] = Note(last.pitch, last.duration * first, last.tied)
        return found.end()

    def _grace(self, line: str, at: int, start: int) -> int | None:
        close = line.find("}", at)
        if close < 0:
            raise self.wrong(start + at, "found { without }", "grace notes in braces")
        self.counts["grace"] += 1
        return close + 1

    def _overlay(self, line: str, at: int, start: int) -> int | None:
        self.counts["overlay"] += 1
        bar = _BAR.search(line, at)
        return len(line) if bar is None else bar.start()

    def _decoration(self, line: str, at: int, start: int) -> int | None:
        found = _DECORATION.match(line, at)
        if found is None:  # a single ! or + broke lines once
            return at + 1 if line[at] in "!+" else None
        self.counts["decoration"] += 1
        return found.end()

    def _quoted(self, line: str, at: int, start: int) -> int | None:
        close = line.find('"', at + 1)
        if close < 0:
            raise self.wrong(start + at, 'found " without its like', "a chord's name in quotes")
        said = line[at + 1 : close]
        found = _SYMBOL.fullmatch(said)
        if found is None or len(said) > 24:
            self.counts["annotation"] += 1
        elif not self.chords:
            self.counts["symbol"] += 1
        else:
            bass = None if found[4] is None else _class(found[4], found[5])
            symbol = Symbol(_class(found[1], found[2]), found[3].strip(), bass)
            self.add(symbol, (start + at, start + close + 1))
        return close + 1

    # ---- what is heard --------------------------------------------------------------------------

    def _pitch(self, note: re.Match[str], place: int) -> int:
        """MIDI's number of a note: its own sign, else that of the bar, else the key's."""
        letter, told = note[2].upper(), note[1]
        octave = _octave(note)
        natural = 12 * (octave + 1) + LETTERS[letter]
        if told is None and self.tied is not None and self.last == (letter, octave):
            return self.tied
        if told is not None:
            self.signs[letter] = _SIGNS[told]
        pitch = natural + self.signs.get(letter, self.signature.get(letter, 0))
        if not 0 <= pitch <= 127:
            raise self.wrong(place, f"found {note[0]!r}, of MIDI's number {pitch}", "0 to 127")
        return pitch

    def _sound(
        self, pitch: int | None, factor: Fraction, span: tuple[int, int], note: re.Match[str] | None
    ) -> None:
        """Add a note or a rest of so many units."""
        duration = _times(self.length_of_unit(), factor)
        ratio, left = self.tuplet
        if left:
            duration, self.tuplet = duration * ratio, (ratio, left - 1)
        if self.scale is not None:
            duration, self.scale = duration * self.scale, None
        if duration > 64:
            raise self.wrong(span[0], f"found a note of {duration} whole notes", "at most 64")
        self.add(Note(pitch, duration), span)
        self.last = self.tied = None
        if note is not None:
            self.last = note[2].upper(), _octave(note)

    def _factor(self, times: str, slashes: str, by: str, place: int) -> Fraction:
        if by and not slashes:
            raise self.wrong(place, f"found a length {times}{by}", "as 3/2 or /2")
        found = _fraction(times, slashes, by)
        if found is None:
            raise self.wrong(place, "found a note of no length", "a length above 0")
        return found

    def length_of_unit(self) -> Fraction:
        """Of a note without a length."""
        if self.unit is not None:
            return self.unit
        length = (self.metre or Metre(0)).length
        return Fraction(1, 16 if length is not None and length < Fraction(3, 4) else 8)

    def add(self, event: Event, span: tuple[int, int]) -> None:
        """Put an event behind the others; a metre or key with no note behind it is replaced."""
        if len(self.events) >= _LONGEST:
            raise self.wrong(span[0], f"found more than {_LONGEST:,} events", "shorter tunes")
        if isinstance(event, Metre | Key):
            for k in range(len(self.events) - 1, -1, -1):
                if isinstance(self.events[k], Note):
                    break
                if type(self.events[k]) is type(event):
                    self.events[k], self.spans[k] = event, span
                    return
        self.events.append(event)
        self.spans.append(span)

    def wrong(self, place: int, found: str, expected: str) -> FormatError:
        """What is wrong at a place of the text."""
        before = self.text[:place]
        line = self.line + before.count("\n")
        column = place - (before.rfind("\n") + 1) + 1
        return FormatError(f"{self.where}, line {line}, column {column}", found, expected)

    def result(self) -> Read:
        """The tune, its beginning in order: metre, key, all else."""
        events, spans = self.events, self.spans
        self._cut_group()
        pairs = list(zip(events, spans, strict=True))
        first = next((k for k, one in enumerate(events) if isinstance(one, Note)), len(events))
        if self.fields:
            heads = [first_of(pairs[:first], kind) for kind in (Metre, Key)]
            for k, (name, usual) in enumerate((("no metre", Metre(0)), ("no key", Key("C")))):
                if heads[k] is None:
                    self.counts[name] += 1
                    heads[k] = (usual, (0, 0))
            rest = [pair for pair in pairs[:first] if not isinstance(pair[0], Metre | Key)]
            pairs = [*(one for one in heads if one is not None), *rest, *pairs[first:]]
        pairs = unchanged_left_out(pairs)
        pairs = settled_ties(pairs, self.counts)
        melody = Melody(tuple(one for one, _ in pairs), self.title, self.tempo)
        return Read(melody, [span for _, span in pairs], self.counts)


@lru_cache(4096)
def _fraction(times: str, slashes: str, by: str) -> Fraction | None:
    """How many units a length is; None: of nothing, or by nothing."""
    under = int(by) if by else 2 ** len(slashes)
    return Fraction(int(times or 1), under) if under and int(times or 1) else None


@lru_cache(4096)
def _times(unit: Fraction, factor: Fraction) -> Fraction:
    return unit * factor


def _octave(note: re.Match[str]) -> int:
    """Of a letter: C is in the octave 4, c in 5."""
    return (5 if note[2].islower() else 4) + note[3].count("'") - note[3].count(",")


def _class(letter: str, sign: str | None) -> int:
    return (LETTERS[letter.upper()] + {"#": 1, "b": -1}.get(sign or "", 0)) % 12


def _uncommented(line: str) -> str:
    """A line without what stands behind %."""
    found = re.search(r"(?<!\\)%", line)
    return line if found is None else line[: found.start()]


_READERS = (
    ('"', _Reading._quoted),
    ("|:[", _Reading._bar),
    ("[", _Reading._inline),
    ("[", _Reading._opened_ending),
    ("[", _Reading._chord),
    ("^_=ABCDEFGabcdefg", _Reading._note),
    ("zx", _Reading._rest),
    ("ZX", _Reading._bars_of_rest),
    ("y", _Reading._spacer),
    ("(", _Reading._open),
    ("-", _Reading._tie),
    ("<>", _Reading._broken),
    ("{", _Reading._grace),
    ("&", _Reading._overlay),
    ("!+.~HIJKLMNOPQRSTUVWYhijklmnopqrstuvw", _Reading._decoration),
)
