"""Tunes from files: ABC, MIDI, folders and zips of them."""

from __future__ import annotations

import os
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from elman.data.melodies import Melodies
from elman.data.tables.unpacking import reading
from elman.errors import DataError, FormatError
from elman.files import open_regular
from elman.music import Melody, notes_of_rules, read_tunes
from elman.music.midi_reading import is_midi, read_melody
from elman.parameters import check_fields, flag, parameter, whole
from elman.printable import many, quoted

__all__ = ["ENDINGS", "MelodyOptions", "files_below", "read_melodies", "tunes_of_abc"]

ENDINGS = (".abc", ".mid", ".midi")
"""Of files of tunes."""

_MAX_FILE = 2**26
_MOST_FILES = 100_000
_SAID = 5  # sentences about single files; of more the number is told


@dataclass(kw_only=True)
class MelodyOptions:
    """How tunes are read."""

    _group: ClassVar = "Melodies"
    _table: ClassVar = "task"

    chords: bool = parameter(False, flag(), "Keep the names of chords above the notes of ABC.")
    grid: int | None = parameter(
        None,
        whole(1, none=True),
        "Steps of a quarter note that MIDI's times are rounded to.",
        "None: 4, or 12 where these fit much better.",
    )

    def __post_init__(self) -> None:
        check_fields(self)


class _Gathered:
    """Tunes as they are read, what failed, and what is to be said."""

    def __init__(self) -> None:
        self.tunes: list[Melody] = []
        self.ids: list[str] = []
        self.failed: list[str] = []
        self.counts: Counter[str] = Counter()
        self.said: list[str] = []

    def abc(self, content: bytes, where: str, name: str, options: MelodyOptions) -> None:
        """The tunes of a file of ABC."""
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("latin-1")
            self.said.append(f"{where}: is no UTF-8, read as Latin-1")
        number = 0
        for number, one in enumerate(read_tunes(text, where, chords=options.chords), start=1):
            if isinstance(one, FormatError):
                self.failed.append(str(one))
            elif not one.melody.notes:
                self.failed.append(f"{where}, tune {number}: found no notes; a tune with some")
            else:
                self.tunes.append(one.melody)
                self.ids.append(f"{name}:{number}")
                self.counts += one.counts

    def midi(self, content: bytes, where: str, name: str, options: MelodyOptions) -> None:
        """The melody of a MIDI file."""
        try:
            tune, notes = read_melody(content, where, grid=options.grid)
        except FormatError as error:
            self.failed.append(str(error))
            return
        self.tunes.append(tune)
        self.ids.append(name)
        self.said += notes

    def add(self, content: bytes, where: str, name: str, options: MelodyOptions) -> None:
        """The tunes of a file, whatever its name says."""
        (self.midi if is_midi(content) or _named_midi(name) else self.abc)(
            content, where, name, options
        )

    def result(self, where: str) -> Melodies:
        """All of them; `DataError` where there is none."""
        if not self.tunes:
            first = f": {self.failed[0]}" if self.failed else ""
            raise DataError(where, f"holds no tune that can be read{first}", "ABC or MIDI")
        notes = [*notes_of_rules(self.counts, where), *self.said[:_SAID]]
        if len(self.said) > _SAID:
            notes.append(f"{where}: {len(self.said) - _SAID:,} further notes about single files")
        if self.failed:
            shown = "; ".join(self.failed[:_SAID])
            more = f"; and {len(self.failed) - _SAID:,} more" if len(self.failed) > _SAID else ""
            said = many(len(self.failed), "tune")
            notes.append(f"{where}: {said} that cannot be read left out: {shown}{more}")
        return Melodies(tuple(self.tunes), tuple(self.ids), where, tuple(notes), tuple(self.failed))


def read_melodies(source: Any, **told: Any) -> Melodies:
    """Tunes from a file, a folder or a zip of them, or from ABC itself.

    A tune that cannot be read is listed in `failed` and told in `notes`; the others are read. Short
    tunes are tunes, too.

    >>> read_melodies("X:1\\nM:3/4\\nK:G\\nGAB|c3|]").tunes[0].notes
    4

    Args:
        source: A path of `.abc`, `.mid`, `.midi` or `.zip`, a folder with such, at any depth; or a
            text of ABC, which has a line with K:.
        told: Fields of `MelodyOptions`: `chords`, `grid`.

    Raises:
        ArgumentError: An option is out of its range.
        DataError: There is no such file, or no tune in it can be read.
        MissingExtraError: There is a MIDI file, and the extra `music` is not installed.
    """
    options, gathered = MelodyOptions(**told), _Gathered()
    if isinstance(source, str) and "\n" in source:
        gathered.abc(source.encode("utf-8", "surrogatepass"), "text", "text", options)
        return gathered.result("text")
    where = os.fspath(source)
    for name, content in contents_below(Path(where), ENDINGS):
        gathered.add(
            content, f"{where}/{name}" if name else where, name or Path(where).name, options
        )
    return gathered.result(where)


def tunes_of_abc(files: Iterable[tuple[str, bytes]], name: str, **told: Any) -> Melodies:
    """The tunes of files of ABC that are here already, each with its name."""
    options, gathered = MelodyOptions(**told), _Gathered()
    for path, content in files:
        gathered.abc(content, f"{name}/{path}", Path(path).stem, options)
    return gathered.result(name)


def contents_below(path: Path, endings: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """The files of a folder or a zip that end so, by their names in it; or one file, named ""."""
    where = str(path)
    if path.is_dir():
        for file in files_below(path, endings):
            with reading(str(file)), open_regular(file) as opened:
                yield file.relative_to(path).as_posix(), opened.read(_MAX_FILE)
        return
    with reading(where), open_regular(path) as opened:
        content = opened.read(_MAX_FILE)
    if content[:4] != b"PK\x03\x04" or path.suffix.lower() in endings:  # .npz is a zip, too
        yield "", content
        return
    try:
        with zipfile.ZipFile(path) as archive:
            listed = [one for one in archive.infolist() if one.filename.lower().endswith(endings)]
            for one in sorted(listed, key=lambda one: one.filename)[:_MOST_FILES]:
                if one.file_size > _MAX_FILE:
                    raise FormatError(where, f"{one.filename} has {one.file_size:,} bytes", "fewer")
                yield one.filename, archive.read(one)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise FormatError(where, f"is a damaged zip ({error})", "a whole file") from error
    if not listed:
        raise DataError(where, "holds no such file", quoted(endings))


def files_below(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    """The files of a folder, at any depth, that end so; hidden ones are none.

    Raises:
        DataError: There is none.
    """
    with reading(str(folder)):
        found = [
            path
            for path in sorted(folder.rglob("*"))
            if path.suffix.lower() in endings
            and path.is_file()
            and not any(part[0] == "." for part in path.relative_to(folder).parts)
        ]
    if not found:
        raise DataError(str(folder), "holds no such file", f"files that end in {quoted(endings)}")
    return found[:_MOST_FILES]


def _named_midi(name: str) -> bool:
    return name.lower().endswith((".mid", ".midi"))
