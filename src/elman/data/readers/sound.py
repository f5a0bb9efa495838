"""Files of sound: one, a folder of them, or a table that names them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from elman.data.readers.cells import label_array
from elman.data.readers.folder import holds_parts
from elman.data.readers.roles import USUAL
from elman.data.readers.wav import Decoded, check_samples, decode_wav
from elman.data.recordings import Recordings, resampled
from elman.data.tables import columns as kinds
from elman.data.tables import reader
from elman.data.tables.columns import Table
from elman.data.tables.unpacking import open_unpacked, reading
from elman.errors import ArgumentError, DataError, ElmanError, FormatError, MissingExtraError
from elman.files import open_regular
from elman.parameters import check_fields, one_of, parameter, text, whole
from elman.printable import closest, many, quoted

__all__ = ["PATHS", "SOUNDS", "SoundOptions", "holds_sounds", "is_sound", "read_recordings"]
__all__ += ["names_sounds", "read_sound", "sounds_in"]

SOUNDS = (".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au")
"""How the names of files of sound end; all but WAV need the extra `sound`."""

PATHS = ("path", "file", "filename", "file_name", "audio", "audio_path", "audio_filepath", "wav")
"""The usual names of a table's column of files."""
_TEXTS = (*USUAL["text"], "transcript", "transcription")
_GROUPS = ("speaker", "speaker_id", "client_id", "group")
_BEGIN = 1 << 16  # bytes of a table in which a name of a file of sound must stand
_SHOWN = 5  # files that are named in a note
_DEPTHS = ("*", "*/*", "*/*/*")  # where sounds are looked for


@dataclass(kw_only=True)
class SoundOptions:
    """How files of sound are read, and which column of a table means what.

    Attributes:
        rate: Samples a second, in Hz, to which all are brought; None: what most of them have.
        channels: Of several channels: "mix" takes their mean, which is said; "refuse" is an error.
        path: The table's column of files.
        said: That of what is said in each; None: one of a usual name, if there is one.
        label: That of their classes, likewise; of a folder without a table the subfolders.
        group: That of what each belongs to, as a speaker, likewise.
    """

    _group: ClassVar = "Sounds"
    _table: ClassVar = None

    rate: int | None = parameter(
        None, whole(1, none=True), "Samples a second to which all are brought; else what most have."
    )
    channels: str = parameter(
        "mix",
        one_of("mix", "refuse"),
        "Of several channels: mix (their mean, which is said) or refuse (an error).",
    )
    path: str | None = parameter(None, text(usual=True), "The table's column of files of sound.")
    said: str | None = parameter(
        None, text(usual=True), "The table's column of what is said in each."
    )
    label: str | None = parameter(None, text(usual=True), "The table's column of classes.")
    group: str | None = parameter(None, text(usual=True), "The table's column of speakers.")

    def __post_init__(self) -> None:
        check_fields(self)


def is_sound(path: str | os.PathLike[str]) -> bool:
    """Whether a path is, by its name, a file of sound.

    >>> is_sound("seven.WAV"), is_sound("seven.npz")
    (True, False)
    """
    return os.fspath(path).lower().endswith(SOUNDS)


def holds_sounds(path: Path) -> bool:
    """Whether there are files of sound in a folder, its subfolders or those of its parts."""
    found = (entry for depth in _DEPTHS for entry in path.glob(depth))
    return path.is_dir() and any(is_sound(entry.name) for entry in found)


def names_sounds(path: Path) -> bool:
    """Whether a table is one of recordings: each name in its column of files is that of a sound.

    Raises:
        DataError, FormatError: It cannot be read.
    """
    if not reader.is_table(path):
        return False
    with reading(str(path)), open_unpacked(path, str(path)) as file:
        begin = file.read(_BEGIN).lower()
    if not any(suffix.encode() in begin for suffix in SOUNDS):  # as of nearly all tables
        return False
    table = reader.read(path, texts=lambda names: names)
    column = _column(table, "path", None, PATHS)
    names = [] if column is None else kinds.objects(table.columns[column])
    return len(names) > 0 and all(isinstance(one, str) and is_sound(one) for one in names)


def sounds_in(folder: Path) -> list[Path]:
    """The files of sound in a folder and its subfolders, in order; hidden ones are none.

    Raises:
        DataError: There is none, or the folder cannot be read.
    """
    with reading(str(folder)):
        inside = {entry: entry.relative_to(folder).parts for entry in sorted(folder.rglob("*"))}
    found = [
        entry
        for entry, parts in inside.items()
        if is_sound(entry.name) and not any(part[0] in "._" for part in parts)
    ]
    if not found:
        raise DataError(str(folder), "holds no files of sound", ", ".join(SOUNDS))
    return found


def read_sound(
    path: str | os.PathLike[str], *, rate: int | None = None, channels: str = "mix"
) -> Recordings:
    """One file of sound.

    Args:
        path: WAV, or what libsndfile reads (FLAC, Ogg, MP3 and others; extra `sound`).
        rate: Samples a second, in Hz, to which it is brought (extra `sound`); None: its own.
        channels: See `SoundOptions`.

    Raises:
        DataError: It cannot be opened, or has several channels and those are refused.
        FormatError: It is empty, truncated, or holds no sound.
        MissingExtraError: It needs a package that is not installed.
    """
    options = SoundOptions(rate=rate, channels=channels)
    one = _read_one(Path(path), options)
    return _gathered([Path(path)], [str(path)], [one], [], options, str(path))


def read_recordings(
    source: Any, *, part: str | None = None, strict: bool = False, **told: Any
) -> Recordings:
    """Recordings from a file, a folder, a table that names files, or a list of paths.

    Of a folder the classes are its subfolders; or a table in it (`.csv`, `.jsonl` and others) has a
    column of files and columns of what is known of each. A file that cannot be read is left out and
    told in `failed` and `notes`: the others are read.

    Args:
        source: The path, or a list of paths.
        part: 'train' or 'test' of a folder that holds two of these names.
        strict: Whether a file that cannot be read is an error.
        told: Fields of `SoundOptions`.

    Raises:
        ArgumentError: An option is unknown, or a column is not there.
        DataError, FormatError: Nothing could be read, or the table is damaged; with `strict` also
            as of `read_sound`.
        MissingExtraError: Something needs a package that is not installed.
    """
    known = list(SoundOptions.__dataclass_fields__)
    for name in told:
        if name not in known:
            raise ArgumentError(name, "is no option of sounds", closest(name, known))
    options = SoundOptions(**told)
    listed = _listed(source, part, options)
    found, failed, kept = [], [], []
    for n, path in enumerate(listed.paths):
        try:
            found.append(_read_one(path, options))
            kept.append(n)
        except MissingExtraError:
            raise
        except ElmanError as error:
            if strict or len(listed.paths) == 1:
                raise
            failed.append(f"{error.where}: {error.found}")
    if not kept:
        first = f"none of {many(len(listed.paths), 'file')} could be read; the first: {failed[0]}"
        raise FormatError(listed.name, first, "files of sound")
    rows = np.array(kept)
    paths, ids = [listed.paths[n] for n in kept], [listed.ids[n] for n in kept]
    read = _gathered(paths, ids, found, failed, options, listed.name)
    return replace(
        read,
        labels=None if listed.labels is None else label_array(listed.labels)[rows],
        texts=None if listed.texts is None else tuple(listed.texts[n] for n in kept),
        groups=None if listed.groups is None else np.array(listed.groups)[rows],
        notes=(*listed.notes, *read.notes),
    )


# ---- which files --------------------------------------------------------------------------------


class _Listed(NamedTuple):
    """The files to read, and what is known of each."""

    paths: list[Path]
    ids: list[str]
    name: str
    labels: list[Any] | None = None
    texts: list[str] | None = None
    groups: list[str] | None = None
    notes: tuple[str, ...] = ()


def _listed(source: Any, part: str | None, options: SoundOptions) -> _Listed:
    if isinstance(source, list | tuple):
        if not source:
            raise DataError("sounds", "an empty list", "at least one path")
        paths = [Path(one) for one in source]
        return _Listed(paths, [str(path) for path in paths], f"{len(paths)} files")
    path = Path(source)
    parts = path.is_dir() and holds_parts(path)
    if part is not None and not parts:
        found = f"None: {path} holds no folders train and test"
        raise ArgumentError("part", f"found {part!r}", found)
    if path.is_dir():
        return _in_folder(path / (part or "train") if parts else path, options)
    if reader.is_table(path):
        return _in_table(path, path.parent, options)
    return _Listed([path], [str(path)], str(path))


def _in_folder(folder: Path, options: SoundOptions) -> _Listed:
    with reading(str(folder)):
        tables = [one for one in sorted(folder.iterdir()) if reader.is_table(one.name)]
    if len(tables) == 1:
        listed = _in_table(tables[0], folder, options)
        missing = len({*sounds_in(folder)} - {*listed.paths})
        note = f"{folder}: {many(missing, 'file')} of sound that {tables[0].name} does not name"
        return listed._replace(notes=(*listed.notes, note)) if missing else listed
    if len(tables) > 1 and not options.path:
        found = f"holds {len(tables)} tables: {quoted([one.name for one in tables])}"
        raise DataError(str(folder), found, "one, or its path instead of the folder's")
    paths = sounds_in(folder)
    names = [path.relative_to(folder).as_posix() for path in paths]
    classes = [path.relative_to(folder).parts[0] for path in paths if path.parent != folder]
    if len(classes) < len(paths):  # some lie in the folder itself
        return _Listed(paths, names, str(folder))
    note = f"{folder} was read as {many(len(paths), 'recording')}"
    note += f", labelled by {many(len(set(classes)), 'subfolder')}"
    return _Listed(paths, names, str(folder), labels=classes, notes=(note,))


def _in_table(path: Path, folder: Path, options: SoundOptions) -> _Listed:
    """The files that a table names, relative to `folder`."""
    table = reader.read(path, texts=lambda names: names)
    column = _column(table, "path", options.path, PATHS)
    if column is None:
        found = f"no column of files among {quoted(table.columns)}"
        raise DataError(str(path), found, f"one named {' or '.join(PATHS[:3])}; or path='...'")
    names = _cells(table, column)
    found = {"said": _TEXTS, "label": USUAL["label"], "group": _GROUPS}
    told = {role: _column(table, role, getattr(options, role), known)
            for role, known in found.items()}  # fmt: skip
    values = {role: None if name is None else _cells(table, name) for role, name in told.items()}
    paths = [folder / name for name in names]
    return _Listed(
        paths,
        names,
        str(path),
        labels=values["label"],
        texts=values["said"],
        groups=values["group"],
        notes=table.notes,
    )


def _column(table: Table, role: str, given: str | None, known: Sequence[str]) -> str | None:
    names = list(table.columns)
    if given is not None and given not in names:
        raise ArgumentError(role, f"{table.name} has no column {given!r}", closest(given, names))
    lower = {name.lower(): name for name in reversed(names)}
    return given or next((lower[name] for name in known if name in lower), None)


def _cells(table: Table, column: str) -> list[str]:
    """A column of texts; `DataError` where nothing stands."""
    values, absent = kinds.objects(table.columns[column]), kinds.missing(table.columns[column])
    if absent.any():
        row = int(np.argmax(absent))
        raise DataError(table.where(row), f"nothing in the column {column!r}", "something")
    return [str(value) for value in values]


# ---- a file -------------------------------------------------------------------------------------


class _Read(NamedTuple):
    signal: np.ndarray
    rate: int
    channels: int
    notes: tuple[str, ...]


def _read_one(path: Path, options: SoundOptions) -> _Read:
    """One file, of one channel."""
    where = str(path)
    with reading(where), open_regular(path) as file:
        content = file.read()
    decoded = decode_wav(content, where) if _is_wav(content, path) else _by_library(content, where)
    samples, channels = decoded.samples, decoded.samples.shape[1]
    if not len(samples):
        raise FormatError(where, "holds no samples", "a recording")
    if channels > 1 and options.channels == "refuse":
        raise DataError(where, f"has {channels} channels", "one; or channels='mix'")
    signal = samples[:, 0] if channels == 1 else samples.mean(axis=1, dtype=np.float32)
    return _Read(np.ascontiguousarray(signal), decoded.rate, channels, decoded.notes)


def _is_wav(content: bytes, path: Path) -> bool:
    named = path.suffix.lower() in (".wav", ".wave") or not is_sound(path)
    return content[:4] in (b"RIFF", b"RIFX") or named


def _by_library(content: bytes, where: str) -> Decoded:
    """What libsndfile makes of a file."""
    try:
        import soundfile  # of the extra: WAV is read without
    except ImportError as error:
        raise MissingExtraError.of("soundfile", "sound", where) from error
    import io

    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            told, rate = file.frames, file.samplerate
            samples = file.read(dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError) as error:
        found = f"cannot be read as sound ({error})"
        raise FormatError(where, found, "a whole file of sound") from error
    if 0 <= len(samples) < told:  # libsndfile says nothing of what is missing
        found = f"is truncated: {len(samples):,} of {told:,} samples are there"
        raise FormatError(where, found, "a whole file: get it again")
    check_samples(samples, where)
    return Decoded(samples, rate)


def _gathered(
    paths: Sequence[Path],
    ids: Sequence[str],
    found: Sequence[_Read],
    failed: Sequence[str],
    options: SoundOptions,
    name: str,
) -> Recordings:
    """All files at one rate, with what is to be said of them."""
    rates = np.array([one.rate for one in found])
    counts = Counter(rates.tolist())
    rate = options.rate or max(counts, key=lambda each: (counts[each], -each))
    signals = [
        one.signal if one.rate == rate else resampled(one.signal, one.rate, rate) for one in found
    ]
    places = [str(path) for path in paths]
    notes = [note for one in found for note in one.notes][:_SHOWN]
    others = [f"{count} of {own} Hz" for own, count in sorted(counts.items()) if own != rate]
    if others:
        notes.append(f"{name}: resampled to {rate} Hz: {', '.join(others)}")
    mixed = sum(one.channels > 1 for one in found)
    if mixed:
        notes.append(f"{name}: {many(mixed, 'recording')} of several channels mixed to one")
    if failed:
        listed = "; ".join(failed[:_SHOWN]) + ("; ..." if len(failed) > _SHOWN else "")
        count = f"{len(failed):,} of {len(failed) + len(found):,}"
        notes.append(f"{name}: {count} files could not be read and are left out: {listed}")
    return Recordings(
        tuple(signals),
        rate,
        ids=tuple(ids),
        name=name,
        notes=tuple(notes),
        rates=rates,
        failed=tuple(failed),
        place=lambda row: places[row],
    )
