"""Reading MIDI files: their parts, the melody among them, what sounds at each step.

Needs the extra `music` (mido). What is repaired or supposed is said in notes.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from elman.errors import ArgumentError, FormatError, MissingExtraError
from elman.music.keys import Key, key_from_name, key_of_pitches
from elman.music.tune import Bar, Event, Melody, Metre, Note
from elman.printable import many

__all__ = ["GRIDS", "Part", "Parts", "is_midi", "read_melody", "read_parts", "read_steps"]

GRIDS = (4, 12)
"""Steps of a quarter note that a melody's times are rounded to: the finer where it fits better."""

MAX_FILE = 2**24
"""Bytes of a MIDI file."""
_LONGEST = 20_000  # quarter notes of a file
_DRUMS = 9  # the channel of drums, from 0
_PATCHED = 256  # bytes over 127 that are put right one by one
_FEW = 4  # a part with fewer than a quarter of the largest one's notes is no melody


class Struck(NamedTuple):
    """A note: times in ticks."""

    start: int
    end: int
    pitch: int


@dataclass
class Part:
    """What one channel of one track plays.

    Attributes:
        track: From 1.
        channel: From 1.
        notes: By their beginnings.
    """

    track: int
    channel: int
    notes: list[Struck] = field(default_factory=list)

    @property
    def height(self) -> float:
        """The mean pitch."""
        return sum(note.pitch for note in self.notes) / len(self.notes)


@dataclass
class Parts:
    """What a file holds.

    Attributes:
        quarter: Ticks of a quarter note.
        parts: Those that have notes, drums left out.
        metres: By the tick from which they hold.
        keys: Likewise.
        tempo: Quarter notes a minute; None: not told.
        unfit: Time signatures that are no metre, left out.
        notes: What was repaired or left out, in sentences.
    """

    quarter: int
    parts: list[Part]
    metres: dict[int, Metre]
    keys: dict[int, Key]
    tempo: float | None
    unfit: int = 0
    notes: tuple[str, ...] = ()


def is_midi(start: bytes) -> bool:
    """Whether a file that begins so is a MIDI file."""
    return start[:4] == b"MThd"


def read_parts(content: bytes, where: str) -> Parts:
    """The parts of a MIDI file.

    Args:
        content: The file.
        where: What messages call it.

    Raises:
        FormatError: It is no MIDI file, or a damaged one; or it has no notes.
        MissingExtraError: mido is not installed.
    """
    if not is_midi(content):
        raise FormatError(where, f"begins with {content[:4]!r}, not as MIDI does", "a MIDI file")
    file, notes = _parsed(content, where)
    found = Parts(_quarter(file, where), [], {}, {}, None)
    drums = unended = 0
    tracks = list(enumerate(file.tracks, start=1))
    if file.type == 2 and len(tracks) > 1:
        tracks = [next((one for one in tracks if _has_notes(one[1])), tracks[0])]
        notes.append(f"{where}: its tracks are pieces of their own: track {tracks[0][0]} is read")
    for number, track in tracks:
        parts, left = _parts_of(number, track, found)
        unended += left
        for part in parts:
            drums += len(part.notes) * (part.channel == _DRUMS + 1)
            if part.channel != _DRUMS + 1 and part.notes:
                found.parts.append(part)
    if drums:
        notes.append(f"{where}: {many(drums, 'note')} of drums left out")
    if unended:
        notes.append(f"{where}: {many(unended, 'note')} without an end: held for a quarter note")
    if found.unfit:
        said = f"{many(found.unfit, 'time signature')} left out"
        notes.append(f"{where}: {said}: not of 1 to 64 beats of a whole note to a 64th")
    if not found.parts:
        raise FormatError(where, "holds no notes", "a MIDI file with some (drums are none)")
    latest = max(note.end for part in found.parts for note in part.notes)
    if latest > _LONGEST * found.quarter:
        said = f"lasts {latest // found.quarter:,} quarter notes"
        raise FormatError(where, said, f"at most {_LONGEST:,}")
    found.notes = tuple(notes)
    return found


def _quarter(file: Any, where: str) -> int:
    """Ticks of a quarter note."""
    if file.ticks_per_beat == 0:
        raise FormatError(where, "has 0 ticks of a quarter note: no length is known", "1 or more")
    if file.ticks_per_beat < 0:
        raise FormatError(where, "counts time in frames of a film", "ticks of a quarter note")
    return file.ticks_per_beat


def _parsed(content: bytes, where: str) -> tuple[Any, list[str]]:
    """The file as mido has it; bytes over 127 where none may be become 127, and are counted."""
    try:
        import mido
        from mido.midifiles.meta import KeySignatureError
    except ImportError as error:
        raise MissingExtraError.of("mido", "music", "reading MIDI files") from error
    if len(content) > MAX_FILE:
        raise FormatError(where, f"has {len(content):,} bytes", f"at most {MAX_FILE:,}")
    bytes_now, patched, clip = bytearray(content), 0, False
    while True:
        file = io.BytesIO(bytes(bytes_now))
        try:
            found = mido.MidiFile(file=file, clip=clip)
            break
        except (EOFError, OSError, ValueError, TypeError, LookupError, ArithmeticError,
                AttributeError, struct.error, KeySignatureError) as error:  # fmt: skip
            over = "must be in range 0..127" in str(error) and not clip
            place = _over(bytes_now, file.tell()) if over else None
            if over and (place is None or patched >= _PATCHED):
                clip = True
                continue
            if place is None:
                raise _broken(where, file.tell(), error) from error
            bytes_now[place] = 127
            patched += 1
    more = " or more" if clip else ""
    notes = [f"{where}: {many(patched, 'byte')}{more} over 127 clipped to it"] if patched else []
    if clip and not patched:
        notes = [f"{where}: bytes over 127 clipped to it"]
    return found, notes


def _over(content: bytearray, end: int) -> int | None:
    """The first of the two bytes before a place that is over 127."""
    return next((k for k in range(max(0, end - 2), end) if content[k] > 127), None)


def _broken(where: str, place: int, error: Exception) -> FormatError:
    if isinstance(error, EOFError):
        return FormatError(where, "is truncated: it ends within a track", "a whole file")
    said = str(error) or type(error).__name__
    return FormatError(f"{where}, byte {place:,}", f"is damaged ({said:.120})", "a whole file")


def _has_notes(track: Any) -> bool:
    return any(message.type == "note_on" for message in track)


def _parts_of(number: int, track: Any, found: Parts) -> tuple[list[Part], int]:
    """The parts of a track, and how many of its notes have no end; `found` gets what holds."""
    parts: dict[int, Part] = {}
    sounding: dict[tuple[int, int], list[int]] = {}
    at = 0
    for message in track:
        at += message.time
        if message.type == "note_on" and message.velocity > 0:
            sounding.setdefault((message.channel, message.note), []).append(at)
        elif message.type in ("note_on", "note_off"):
            begun = sounding.get((message.channel, message.note))
            if begun:
                _add(parts, number, message.channel, Struck(begun.pop(0), at, message.note))
        elif message.type == "time_signature":
            if 1 <= message.numerator <= 64 and message.denominator <= 64:
                found.metres[at] = Metre(message.numerator, message.denominator)
            else:
                found.unfit += 1
        elif message.type == "key_signature":
            found.keys[at] = key_from_name(message.key)
        elif message.type == "set_tempo" and found.tempo is None and message.tempo > 0:
            found.tempo = min(max(60e6 / message.tempo, 1.0), 1000.0)
    left = 0
    for (channel, pitch), begun in sounding.items():
        for start in begun:
            left += 1
            _add(parts, number, channel, Struck(start, start + found.quarter, pitch))
    for part in parts.values():
        part.notes.sort(key=lambda note: (note.start, -note.pitch))
    return list(parts.values()), left


def _add(parts: dict[int, Part], number: int, channel: int, note: Struck) -> None:
    parts.setdefault(channel, Part(number, channel + 1)).notes.append(note)


# ---- a melody -----------------------------------------------------------------------------------


def read_melody(content: bytes, where: str, *, grid: int | None = None) -> tuple[Melody, list[str]]:
    """The melody of a MIDI file, and what was supposed, in sentences.

    The melody is the part (a channel of a track) of the highest mean pitch among those with a
    quarter or more as many notes as the largest; where several of its notes sound, it is the
    highest. Times are rounded to `grid`. A file that names no metre has 4/4, as MIDI has it; one
    that names no key the one that its notes fit best.

    Args:
        content: The file.
        where: What messages call it.
        grid: Steps of a quarter note; None: 4, or 12 where these leave less than a quarter of the
            error.

    Raises:
        ArgumentError: The grid is out of its range.
        FormatError: As of `read_parts`.
        MissingExtraError: mido is not installed.
    """
    if grid is not None and not 1 <= grid <= 96:
        raise ArgumentError("grid", f"found {grid}", "1 to 96 steps of a quarter note")
    found = read_parts(content, where)
    notes = list(found.notes)
    most = max(len(part.notes) for part in found.parts)
    able = [part for part in found.parts if _FEW * len(part.notes) >= most]
    part = max(able, key=lambda one: one.height)
    if len(found.parts) > 1:
        said = f"track {part.track}, channel {part.channel} of {len(found.parts)} parts"
        notes.append(f"{where}: the melody is {said}, the highest")
    grid, error = _grid_for(part.notes, found.quarter, grid)
    if error > 0.005:
        said = f"rounded to {grid} steps of a quarter note, {error:.3f} of one on average"
        notes.append(f"{where}: times {said}")
    line, dropped = _line(part.notes, found.quarter, grid)
    if dropped:
        notes.append(f"{where}: {many(dropped, 'note')} below or within others left out")
    if 0 not in found.metres:
        later = ", until it names one" if found.metres else ""
        notes.append(f"{where}: names no metre at its beginning: read as 4/4{later}")
    events, silent = _events(line, grid, found)
    if silent:
        notes.append(f"{where}: {many(silent, 'bar')} of rest before the melody left out")
    key = found.keys[min(found.keys)] if found.keys else _fitting_key(line)
    if not found.keys:
        notes.append(f"{where}: names no key: read as in {key.abc}, which its notes fit best")
    return Melody((events[0], key, *events[1:]), tempo=found.tempo), notes


def _grid_for(notes: list[Struck], quarter: int, grid: int | None) -> tuple[int, float]:
    """The grid, and by how much times are off on average, in quarter notes."""

    def error(steps: int) -> float:
        times = [note.start * steps / quarter for note in notes]
        return sum(abs(time - round(time)) for time in times) / steps / len(times)

    if grid is not None:
        return grid, error(grid)
    coarse, fine = map(error, GRIDS)
    return (GRIDS[1], fine) if fine < coarse / 4 else (GRIDS[0], coarse)


def _line(notes: list[Struck], quarter: int, grid: int) -> tuple[list[Struck], int]:
    """Notes one after the other, times in steps of the grid; and how many were left out."""
    line: list[Struck] = []
    dropped = 0
    for note in notes:
        start = round(note.start * grid / quarter)
        end = max(start + 1, round(note.end * grid / quarter))
        last = line[-1] if line else None
        if last is not None and start < last.end:
            if start == last.start or (note.pitch < last.pitch and end <= last.end):
                dropped += 1
                continue
            line[-1] = last._replace(end=start)
        line.append(Struck(start, end, note.pitch))
    return line, dropped


def _fitting_key(line: list[Struck]) -> Key:
    weights: dict[int, float] = {}
    for note in line:
        weights[note.pitch % 12] = weights.get(note.pitch % 12, 0.0) + note.end - note.start
    return key_of_pitches(weights, line[-1].pitch % 12)


class _Spans:
    """The bars of a piece: where each begins, its length, in steps of a grid."""

    def __init__(self, found: Parts, grid: int) -> None:
        self.metres = {
            round(tick * grid / found.quarter): metre for tick, metre in found.metres.items()
        }
        self.metres.setdefault(0, Metre(4, 4))
        self.grid = grid

    def __iter__(self) -> Iterator[tuple[int, int, Metre]]:
        at, metre, changes = 0, self.metres[0], sorted(self.metres)
        while True:
            metre = self.metres.get(at, metre)
            length = metre.length
            assert length is not None  # MIDI's metres have beats
            end = at + max(1, round(length * 4 * self.grid))
            sooner = [one for one in changes if at < one < end]
            end = min(sooner, default=end)  # a metre that begins within a bar begins another
            yield at, end, metre
            at = end


def _events(line: list[Struck], grid: int, found: Parts) -> tuple[list[Event], int]:
    """The events of a line of notes, its metre first; and how many empty bars came before it."""
    whole, waiting = 4 * grid, list(line)
    events: list[Event] = []
    silent, metre = 0, None
    for begin, end, current in _Spans(found, grid):
        if not waiting:
            break
        if not events and waiting[0].start >= end:
            silent += 1
            continue
        if current != metre:
            events.append(current)
            metre = current
        at = begin
        while at < end:
            note = waiting[0] if waiting else None
            if note is None or note.start >= end:
                if at < end and (waiting or at > begin):
                    events.append(Note(None, Fraction(end - at, whole)))
                break
            if note.start > at:
                events.append(Note(None, Fraction(note.start - at, whole)))
                at = note.start
            stop = min(note.end, end)
            waiting.pop(0)
            if note.end > end:
                waiting.insert(0, note._replace(start=end))
            events.append(Note(note.pitch, Fraction(stop - at, whole), note.end > end))
            at = stop
        events.append(Bar("|" if waiting else "|]"))
    return events, silent


# ---- what sounds at each step -------------------------------------------------------------------


def read_steps(
    content: bytes, where: str, *, per_quarter: int = 1
) -> tuple[list[list[int]], list[str]]:
    """Which pitches sound at each step of a MIDI file, drums left out; and what was repaired.

    Where a note begins and ends is rounded to steps; it sounds at one at least.

    Args:
        content: The file.
        where: What messages call it.
        per_quarter: Steps of a quarter note.

    Raises:
        FormatError, MissingExtraError: As of `read_parts`.
    """
    found = read_parts(content, where)
    steps: dict[int, set[int]] = {}
    for part in found.parts:
        for note in part.notes:
            first = round(note.start * per_quarter / found.quarter)
            last = max(first + 1, round(note.end * per_quarter / found.quarter))
            for step in range(first, last):
                steps.setdefault(step, set()).add(note.pitch)
    begin, end = min(steps), max(steps) + 1
    return [sorted(steps.get(step, ())) for step in range(begin, end)], list(found.notes)
