"""Files of texts: a text a line, or a file a text in folders that are the classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from elman.data.tables.dialect import LONGEST, Layout, encoding_of, lines_of
from elman.data.tables.unpacking import also_packed, reading
from elman.data.texts import LabelledTexts
from elman.errors import ArgumentError, DataError, FormatError
from elman.printable import many

__all__ = ["Files", "Kept", "read_class_folder", "read_lines", "text_files"]

_SAID = 12  # classes that are counted in a note


class Files(NamedTuple):
    """The files of texts in a folder.

    Attributes:
        paths: Them.
        names: What each is called within the folder.
        classes: The subfolder of each; None where the folder itself holds them.
        left_out: How many other files lie there.
        texts: Whether they are texts by their names: `.txt`, or without an ending, in subfolders.
    """

    paths: list[Path]
    names: list[str]
    classes: list[str] | None
    left_out: int
    texts: bool


class Kept:
    """Texts as they are read; empty ones are an error, or left out and counted.

    Args:
        drop: Whether they are left out.
    """

    def __init__(self, drop: bool) -> None:
        self._drop = drop
        self.texts: list[str] = []
        self.places: list[str] = []
        self.empty = 0

    def add(self, text: str, where: str) -> bool:
        """Whether a text is kept.

        Raises:
            DataError: It is empty, and that was not allowed for.
        """
        if text.strip():
            self.texts.append(text)
            self.places.append(where)
            return True
        if not self._drop:
            raise DataError(where, "found no text", "a text everywhere; or drop_empty=True")
        self.empty += 1
        return False

    def notes(self, where: str, what: str) -> tuple[str, ...]:
        """What was left out."""
        return (f"{where}: {many(self.empty, f'empty {what}')} left out",) if self.empty else ()


def read_lines(path: Path, each: str, encoding: str | None, kept: Kept) -> LabelledTexts:
    """A file with a text a line, without labels; or one text that is the whole file.

    Args:
        path: The file, packed or not.
        each: "line" or "file".
        encoding: Told; None: found out.
        kept: Takes the texts.
    """
    where = str(path)
    notes = _add_file(path, where, each, encoding, kept)
    if not kept.texts:
        raise FormatError(where, "holds no text", f"a text a {each}")
    ids = [str(k) for k in range(len(kept.texts))]
    said = (*notes, *kept.notes(where, each))
    if each == "line":
        said = (f"{where} was read as {many(len(ids), 'line')}, a text each", *said)
    return _found(kept, None, ids, where, said)


def text_files(folder: Path, ignore: Sequence[str]) -> Files:
    """The files of texts in a folder, or in its subfolders; hidden ones are none.

    If some are called `.txt`, packed or not, those alone.

    Raises:
        ArgumentError: A subfolder to leave out is not there.
    """
    with reading(str(folder)):
        entries = [e for e in sorted(folder.iterdir()) if e.name[0] not in "._"]
        below = [entry for entry in entries if entry.is_dir()]
        for name in ignore:
            if name not in [each.name for each in below]:
                found = f"there is no subfolder {name!r} in {folder}"
                raise ArgumentError("ignore", found, "subfolders to leave out")
        files = [entry for entry in entries if entry.is_file()]
        inside = [
            (file, f"{each.name}/{file.name}", each.name)
            for each in below
            if each.name not in ignore
            for file in sorted(each.iterdir())
            if file.is_file() and file.name[0] not in "._"
        ]
    found = inside or [(file, file.name, "") for file in files]
    some = [one for one in found if _is_text(one[0])]
    chosen = some or [one for one in found if not one[0].suffix]
    texts = bool(inside) and bool(chosen)
    chosen = chosen or found
    left_out = len(found) - len(chosen) + (len(files) if inside else 0)
    classes = [one[2] for one in chosen] if inside else None
    return Files([one[0] for one in chosen], [one[1] for one in chosen], classes, left_out, texts)


def read_class_folder(
    folder: Path, files: Files, each: str | None, encoding: str | None, kept: Kept
) -> LabelledTexts:
    """The texts in a folder; their classes are subfolders, or with a text a line files.

    Args:
        folder: It.
        files: As `text_files` found them.
        each: "line" or "file"; None: a file where there are subfolders.
        encoding: Told; None: found out of each file.
        kept: Takes the texts.

    Raises:
        DataError: There are no files, or it is not clear what is a text.
    """
    if not files.paths:
        raise DataError(str(folder), "holds no files", "a subfolder for each class, with texts")
    if each is None and files.classes is None:
        found = f"holds {many(len(files.paths), 'file')} and no subfolders of texts"
        expected = "each='line' for a text a line, whose class is the file's name; or each='file'"
        raise DataError(str(folder), found, expected)
    each = each or "file"
    labels, ids, notes = [], [], Counter()
    for k, (path, name) in enumerate(zip(files.paths, files.names, strict=True)):
        before = len(kept.texts)
        notes.update(_add_file(path, str(path), each, encoding, kept))
        added = len(kept.texts) - before
        ids += [name] if each == "file" and added else [f"{name}:{n}" for n in range(added)]
        label = path.name.partition(".")[0] if files.classes is None else files.classes[k]
        labels += [label] * added
    if not kept.texts:
        raise FormatError(str(folder), "every text is empty", "some texts")
    labelled = files.classes is not None or each == "line"
    said = [f"{folder} was read as {many(len(kept.texts), each)}, a text each"]
    if labelled:
        what = "subfolder" if files.classes is not None else "file"
        said[0] += f", labelled by {what}: {_counted(labels)}"
    if files.left_out:
        said.append(f"{folder}: {many(files.left_out, 'other file')} left out")
    said += [
        f"{note}" if n == 1 else f"{note} (and {n - 1} more files)" for note, n in notes.items()
    ]
    said += kept.notes(str(folder), each)
    return _found(kept, np.array(labels) if labelled else None, ids, str(folder), tuple(said))


def _found(
    kept: Kept, labels: np.ndarray | None, ids: list[str], name: str, notes: tuple[str, ...]
) -> LabelledTexts:
    places = kept.places
    return LabelledTexts(
        tuple(kept.texts),
        labels,
        tuple(ids),
        name,
        notes,
        place=lambda row: places[row],
        empty=kept.empty,
    )


def _is_text(path: Path) -> bool:
    return path.name.lower().endswith(also_packed((".txt",)))


def _counted(labels: list[str]) -> str:
    counts = Counter(labels)
    listed = ", ".join(f"{label} {count}" for label, count in list(counts.items())[:_SAID])
    return listed if len(counts) <= _SAID else f"{listed}, ... ({len(counts)} in all)"


def _add_file(path: Path, where: str, each: str, encoding: str | None, kept: Kept) -> list[str]:
    """Read a file's texts; what was inferred of how it is written."""
    found = encoding_of(path, where, encoding)
    lines = lines_of(path, where, Layout(found, ""), "\n")
    if each == "line":
        for number, line in enumerate(lines, start=1):
            kept.add(line.removesuffix("\n").removesuffix("\r"), f"{where}, line {number}")
    else:
        kept.add(_whole(lines, where), where)
    plain = found.removesuffix("-sig")
    told = encoding is not None or plain == "utf-8"
    return [] if told else [f"{where} was read with encoding {plain}"]


def _whole(lines: Iterator[str], where: str) -> str:
    """All lines as one text."""
    parts, size = [], 0
    for line in lines:
        size += len(line)
        if size > LONGEST:
            found = f"found more than {LONGEST} characters"
            raise FormatError(where, found, "a shorter text; or each='line'")
        parts.append(line)
    return "".join(parts)
