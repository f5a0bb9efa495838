"""Tunes and pieces of several voices as files of music."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from elman.errors import ArgumentError
from elman.files import replace_file
from elman.music.abc_writing import written
from elman.music.midi_writing import TEMPO, melody_as_midi, notes_as_midi
from elman.music.tones import tones, wav_of
from elman.music.tune import Melody, Sounding

__all__ = ["melody_file", "notes_file", "write_melody", "write_notes"]

_CHOIR = 19  # General MIDI's church organ


def melody_file(melody: Melody, kind: str) -> bytes:
    """A tune as a file: "abc", "mid" (or "midi"), or "wav" of simple tones, repeats played.

    Raises:
        ArgumentError: There is no such kind.
        MissingExtraError: It is MIDI, and the extra `music` is not installed.
    """
    tempo = melody.tempo or TEMPO
    return _made(
        kind,
        {
            "abc": lambda: written(melody).encode(),
            "mid": lambda: melody_as_midi(melody),
            "midi": lambda: melody_as_midi(melody),
            "wav": lambda: wav_of(tones(melody.sounding(), tempo)),
        },
    )


def notes_file(notes: Sequence[Sounding], kind: str, tempo: float = TEMPO) -> bytes:
    """Notes of several voices as a file: "mid" (or "midi") or "wav"; errors as `melody_file`."""
    midi = {"tempo": tempo, "program": _CHOIR}
    return _made(
        kind,
        {
            "mid": lambda: notes_as_midi(notes, **midi),
            "midi": lambda: notes_as_midi(notes, **midi),
            "wav": lambda: wav_of(tones(notes, tempo)),
        },
    )


def write_melody(path: str | os.PathLike[str], melody: Melody) -> None:
    """Write a tune, as the path ends; errors as of `melody_file`, or the disk refused."""
    replace_file(Path(path), melody_file(melody, _ending(path)))


def write_notes(
    path: str | os.PathLike[str], notes: Sequence[Sounding], tempo: float = TEMPO
) -> None:
    """Write notes, as the path ends; errors as of `notes_file`, or the disk refused."""
    replace_file(Path(path), notes_file(notes, _ending(path), tempo))


def _ending(path: str | os.PathLike[str]) -> str:
    return Path(path).suffix.lower().removeprefix(".")


def _made(kind: str, known: dict[str, Callable[[], bytes]]) -> bytes:
    if kind not in known:
        expected = ", ".join(f".{name}" for name in known)
        raise ArgumentError("file", f"ends in {kind!r:.20}", f"one of {expected}")
    return known[kind]()
