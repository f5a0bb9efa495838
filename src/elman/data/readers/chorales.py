"""Pieces of several voices from files: JSON, npz, MIDI."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.melodies import Chorales, roll_of
from elman.data.readers.melodies import contents_below
from elman.errors import ArgumentError, DataError, FormatError
from elman.music.midi_reading import is_midi, read_steps
from elman.parameters import whole_number
from elman.printable import many

__all__ = ["PARTS", "chorales_of_json", "read_chorales"]

PARTS = ("train", "valid", "test")
_ENDINGS = (".mid", ".midi", ".json", ".npz")
_MOST_STEPS = 10_000_000
_SAID = 5


def read_chorales(source: Any, *, per_quarter: int = 1) -> Chorales:
    """Pieces of several voices from a file, a folder or a zip of them.

    JSON and npz hold parts `train`, `valid` and `test` (JSON also a list of pieces): each a list of
    pieces, a piece a list of steps, a step a list of MIDI's numbers; -1 is silence. An array
    `[T, 128]` of an npz file is a piece. Of MIDI files the sounding notes are read at each step.

    Args:
        source: A path of `.json`, `.npz`, `.mid` or `.midi`, a folder or zip with such.
        per_quarter: Steps of a quarter note of MIDI files.

    Raises:
        ArgumentError: `per_quarter` is out of its range.
        DataError, FormatError: There is no such file, or nothing in it can be read.
        MissingExtraError: There is a MIDI file, and the extra `music` is not installed.
    """
    whole_number("per_quarter", per_quarter, 1)
    if per_quarter > 24:
        raise ArgumentError("per_quarter", f"found {per_quarter}", "1 to 24")
    where = os.fspath(source)
    rolls: list[Any] = []
    ids: list[str] = []
    parts: list[str] = []
    notes: list[str] = []
    failed: list[str] = []
    for name, content in contents_below(Path(where), _ENDINGS):
        place = f"{where}/{name}" if name else where
        try:
            found = _read_one(content, place, per_quarter)
        except FormatError as error:
            if not name:
                raise
            failed.append(str(error))
            continue
        many_pieces = len(found[0]) > 1
        stem = Path(name or where).stem
        rolls += found[0]
        ids += [f"{stem}:{k}" if many_pieces else stem for k in range(len(found[0]))]
        parts += found[1] or [""] * len(found[0])
        notes += found[2]
    if not rolls:
        raise DataError(where, f"holds no piece{f': {failed[0]}' if failed else ''}", "some")
    said = tuple(notes[:_SAID])
    if failed:
        shown = "; ".join(failed[:_SAID])
        said = (*said, f"{where}: {many(len(failed), 'file')} left out: {shown}")
    known = tuple(parts) if all(parts) else None
    return Chorales(tuple(rolls), tuple(ids), where, said, per_quarter, known, tuple(failed))


_Found = tuple[list[np.ndarray], list[str], list[str]]


def _read_one(content: bytes, where: str, per_quarter: int) -> _Found:
    if is_midi(content):
        steps, notes = read_steps(content, where, per_quarter=per_quarter)
        return [roll_of(steps, where)], [], notes
    if content[:4] == b"PK\x03\x04":
        return _of_npz(content, where)
    if content.lstrip()[:1] in (b"{", b"["):
        return chorales_of_json(content, where)
    raise FormatError(where, f"begins with {content[:4]!r}", "JSON, npz or MIDI")


def chorales_of_json(content: bytes, where: str) -> _Found:
    """Pieces, their parts (none: empty) and notes, of JSON; errors as of `read_chorales`."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FormatError(where, f"is no JSON ({error})", "lists of lists of pitches") from error
    if isinstance(told, list):
        return _pieces(told, where), [], []
    if not isinstance(told, dict) or not {*told} <= {*PARTS}:
        raise FormatError(where, f"holds {[*told][:5]!r:.80}", f"a list, or {', '.join(PARTS)}")
    rolls, parts = list[np.ndarray](), list[str]()
    for name in PARTS:
        found = _pieces(told.get(name, []), f"{where}, {name}")
        rolls += found
        parts += [name] * len(found)
    return rolls, parts, []


def _pieces(told: Any, where: str) -> list[np.ndarray]:
    if not isinstance(told, list):
        raise FormatError(where, f"found a {type(told).__name__}", "a list of pieces")
    found = []
    for k, piece in enumerate(told):
        place = f"{where}, piece {k}"
        if not isinstance(piece, list) or not piece or len(piece) > _MOST_STEPS:
            raise FormatError(place, f"found {piece!r:.40}", "a list of one step or more")
        try:
            found.append(roll_of([_sounding(step) for step in piece], place))
        except DataError as error:
            raise FormatError(error.where, error.found, error.expected) from error
    return found


def _sounding(step: Any) -> Any:
    """Without -1, which is a silent voice."""
    return [pitch for pitch in step if pitch != -1] if isinstance(step, list) else step


def _of_npz(content: bytes, where: str) -> _Found:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError, KeyError, EOFError) as error:
        raise FormatError(where, f"is no npz of numbers ({error})", "arrays [T, 128]") from error
    rolls, parts = [], []
    for name, array in found.items():
        if array.ndim != 2 or array.shape[1] != 128 or array.dtype.kind not in "biuf":
            said = f"found {array.dtype} {list(array.shape)}"
            raise FormatError(f"{where}, {name}", said, "numbers [T, 128], a piece each")
        if not np.isfinite(array).all():
            raise FormatError(f"{where}, {name}", "found NaN or infinity", "finite numbers")
        rolls.append(array > 0)
        part = name.split("_")[0]
        parts.append(part if part in PARTS else "")
    return rolls, parts if all(parts) else [], []
