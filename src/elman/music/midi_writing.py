"""Writing MIDI files. Needs the extra `music` (mido)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from elman.errors import MissingExtraError
from elman.music.keys import Key
from elman.music.tune import Melody, Metre, Sounding

__all__ = ["TEMPO", "melody_as_midi", "notes_as_midi"]

TEMPO = 120.0
"""Quarter notes a minute where a piece says none."""
_QUARTER = 480  # ticks
_LOUD = 80


def melody_as_midi(melody: Melody) -> bytes:
    """A tune as a MIDI file of one track, repeats played; `MissingExtraError` without mido."""
    return notes_as_midi(
        melody.sounding(),
        tempo=melody.tempo or TEMPO,
        metre=melody.metre,
        key=melody.key,
        title=melody.title,
    )


def notes_as_midi(
    notes: Sequence[Sounding],
    *,
    tempo: float = TEMPO,
    metre: Metre | None = None,
    key: Key | None = None,
    title: str = "",
    program: int = 0,
) -> bytes:
    """Notes as a MIDI file of one track.

    Args:
        notes: Several may sound at once, of one pitch only one.
        tempo: Quarter notes a minute, > 0.
        metre: Or None.
        key: Or None.
        title: Of the piece.
        program: General MIDI's number of an instrument, from 0.

    Raises:
        MissingExtraError: mido is not installed.
    """
    try:
        import mido
    except ImportError as error:
        raise MissingExtraError.of("mido", "music", "writing MIDI files") from error
    file = mido.MidiFile(ticks_per_beat=_QUARTER)
    track = mido.MidiTrack()
    file.tracks.append(track)
    if title:
        plain = title.encode("latin-1", "replace").decode("latin-1")
        track.append(mido.MetaMessage("track_name", name=plain))
    track.append(mido.MetaMessage("set_tempo", tempo=min(2**24 - 1, round(60e6 / tempo))))
    if metre is not None and metre.beats:
        told: dict[str, Any] = {"numerator": metre.beats, "denominator": metre.unit}
        track.append(mido.MetaMessage("time_signature", **told))
    if key is not None:
        track.append(mido.MetaMessage("key_signature", key=_signature(key)))
    track.append(mido.Message("program_change", program=program))
    at = 0
    for tick, begins, pitch in _strokes(notes):
        kind = "note_on" if begins else "note_off"
        loud = _LOUD if begins else 0
        track.append(mido.Message(kind, note=pitch, velocity=loud, time=tick - at))
        at = tick
    written = io.BytesIO()
    file.save(file=written)
    return written.getvalue()


def _strokes(notes: Sequence[Sounding]) -> list[tuple[int, bool, int]]:
    """Ticks, whether a note begins there, its pitch; what ends at a tick comes first."""
    found = []
    for note in notes:
        start = _ticks(note.start)
        end = max(start + 1, _ticks(note.start + note.duration))
        found += [(start, True, note.pitch), (end, False, note.pitch)]
    return sorted(found)


def _ticks(time: Fraction) -> int:
    return round(time * 4 * _QUARTER)


def _signature(key: Key) -> str:
    """MIDI knows major and minor: other modes are told by the major key of their signature."""
    if key.mode in ("major", "minor"):
        return key.tonic + ("m" if key.mode == "minor" else "")
    names = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
    return names[key.fifths + 7]
