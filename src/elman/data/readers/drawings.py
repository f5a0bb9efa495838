"""Drawings from files, folders of them and archives: strokes as texts, InkML, SVG, JSON, arrays."""

from __future__ import annotations

import os
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from elman.data.drawings import Drawings
from elman.data.readers.inked import MAX_BYTES, Inked
from elman.data.readers.inkml import parse_inkml
from elman.data.readers.npz import read_arrays
from elman.data.readers.stroke_texts import (
    Found,
    begins_like_strokes,
    parse_json_lines,
    parse_omniglot,
    parse_unipen,
)
from elman.data.readers.svg import parse_svg
from elman.data.readers.xml_trees import parse_xml
from elman.data.tables.unpacking import check_unpacked, reading
from elman.errors import ArgumentError, DataError, ElmanError, FormatError
from elman.files import check_regular, open_regular
from elman.printable import many
from elman.transforms.strokes import from_steps, look_absolute

__all__ = ["DrawingOptions", "drawings_of_texts", "holds_drawings", "read_drawings"]

_TEXTS = (".txt", ".unp", ".unipen", ".dat", ".strokes")
_JSON = ".ndjson"
_NAMED = (".inkml", ".svg", _JSON)
_ENDINGS = (*_NAMED, *_TEXTS, ".xml")
_START = 4096  # bytes by which a file is known
_LOOKED_AT = 20  # files of a folder that tell whether it is one of drawings
_SHOWN = 3  # failures that a note shows
_DRAWER = re.compile(r"^\d+_(\d+)$")  # as Omniglot calls its files: character_drawer
_EXPECTED = (
    "Omniglot's or UNIPEN's text, .inkml, .svg, .ndjson (Quick, Draw!), an .npz file with X "
    "[drawings, points, dx dy up] and lengths, or a folder or .zip of such files"
)


@dataclass(frozen=True)
class DrawingOptions:
    """How drawings are read.

    Attributes:
        y: `down` or `up`: where y grows to. None: as the format has it, up in texts of strokes,
            down elsewhere.
        coordinates: Of arrays: `offsets` or `absolute`. None: offsets, unless they would lead off
            the page.
        label: What the class of a file is: `folder` (the name of its folder, below the one that was
            given), `file` (its name), `none`. None: what the file says; else the folder.

    Raises:
        ArgumentError: A value is another one.
    """

    y: str | None = None
    coordinates: str | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        known: dict[str, tuple[str, ...]] = {"y": ("down", "up")}
        known |= {"coordinates": ("offsets", "absolute"), "label": ("folder", "file", "none")}
        for name, values in known.items():
            if getattr(self, name) not in (None, *values):
                found = f"found {getattr(self, name)!r:.60}"
                raise ArgumentError(name, found, f"one of {', '.join(values)}, or None")


def read_drawings(source: Any, **told: Any) -> Drawings:
    """Drawings from a file, a folder of files (a folder for each class), or a .zip of these.

    A file that cannot be read is left out, counted and named (`failed`), unless none can; so is a
    line of JSON, or a drawing of a UNIPEN file, among good ones, and a drawing without a point.
    Strokes of one point are dots, and stay.

    Args:
        source: The path. What a file is tells its name, or its first line: see `DrawingOptions`.
        told: Fields of `DrawingOptions`.

    Raises:
        ArgumentError: An option is unknown or has another value.
        DataError, FormatError: There is nothing to read, or nothing of it can be read; of a single
            file the message names its line.
    """
    try:
        options = DrawingOptions(**told)
    except TypeError as error:
        raise ArgumentError(", ".join(told), "is no option of drawings", str(error)) from error
    path = Path(source)
    with reading(str(path)):
        if path.is_dir():
            return _gathered(_files_in(path), str(path), options)
        check_regular(path)
        if path.suffix.lower() == ".zip":
            return _gathered(_members_of(path), str(path), options)
        if path.suffix.lower() == ".npz":
            return _of_arrays(path, options)
        with open_regular(path) as file:
            content = file.read(MAX_BYTES + 1)
    one = replace(options, label=options.label or "none")
    return _gathered(iter([(path.name, content)]), str(path), one, single=True)


def drawings_of_texts(
    contents: dict[str, bytes], name: str, options: DrawingOptions = DrawingOptions()
) -> Drawings:
    """The drawings of files that were read already, by their paths; see `read_drawings`."""
    return _gathered(iter(contents.items()), name, options)


def holds_drawings(source: str | os.PathLike[str]) -> bool:
    """Whether a path is read as drawings: by its name, its first line, or the files in it."""
    path = Path(source)
    try:
        if path.is_dir():
            some = [one for one, _ in zip(_paths_in(path), range(_LOOKED_AT), strict=False)]
            return bool(some) and all(holds_drawings(one) for one in some)
        check_regular(path)
        if path.suffix.lower() in _NAMED:
            return path.suffix.lower() != _JSON or _begins_with_a_drawing(path)
        if path.suffix.lower() == ".zip":
            return _zip_holds_drawings(path)
        if path.suffix.lower() not in _TEXTS:
            return False
        with open_regular(path) as file:
            return begins_like_strokes(file.read(_START)) is not None
    except (OSError, ValueError):
        return False


def _begins_with_a_drawing(path: Path) -> bool:
    """Whether lines of JSON are drawings: other tables are written so, too."""
    with open_regular(path) as file:
        return b'"drawing"' in file.read(_START)


def _zip_holds_drawings(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [one for one in archive.namelist() if _is_drawing(one)][:_LOOKED_AT]
            for one in names:
                with archive.open(one) as member:
                    texts = PurePosixPath(one).suffix.lower() in _TEXTS
                    if texts and begins_like_strokes(member.read(_START)) is None:
                        return False
            return bool(names)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return False


def _is_drawing(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in _ENDINGS and not hidden


def _paths_in(folder: Path) -> Iterator[Path]:
    """The files of a folder and of those in it, in order."""
    for one in sorted(folder.iterdir()):
        if one.is_dir() and not one.is_symlink():
            yield from _paths_in(one)
        elif one.is_file() and _is_drawing(one.name):
            yield one


def _files_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    for one in _paths_in(folder):
        with open_regular(one) as file:
            yield one.relative_to(folder).as_posix(), file.read(MAX_BYTES + 1)


def _members_of(path: Path) -> Iterator[tuple[str, bytes]]:
    where = str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            listed = [one for one in archive.infolist() if _is_drawing(one.filename)]
            check_unpacked(where, path.stat().st_size, sum(one.file_size for one in listed))
            for one in listed:
                with archive.open(one) as member:
                    yield one.filename, member.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise FormatError(where, f"is a damaged archive ({error})", "a whole one") from error


def _gathered(
    files: Iterator[tuple[str, bytes]], name: str, options: DrawingOptions, single: bool = False
) -> Drawings:
    """All drawings of some files; what fails is put aside, unless it is the only one."""
    found, paths, whole, parts = list[Inked](), list[str](), list[str](), list[str]()
    first: ElmanError | None = None
    for path, content in files:
        where = name if single else f"{name}/{path}"
        try:
            read = _parsed(path, content, where)
        except (DataError, FormatError) as error:
            read: list[Found] = [error]
        several = len(read) > 1
        read = [_checked(one, f"{where}, drawing {n}" if several else where)
                for n, one in enumerate(read)]  # fmt: skip
        wrong = [one for one in read if not isinstance(one, Inked)]
        first = first or (wrong[0] if wrong else None)
        drawings = [one for one in read if isinstance(one, Inked)]
        (parts if drawings else whole).extend(map(str, wrong if drawings else wrong[:1]))
        found += drawings
        paths += [path] * len(drawings)
    if not found:
        if first is not None and (single or len(whole) == 1):
            raise first
        said = f"none of {many(len(whole), 'file')} can be read: {whole[0]}" if whole else ""
        raise DataError(name, said or "holds no file of drawings", _EXPECTED)
    return _as_drawings(found, paths, name, options, whole, parts)


def _parsed(path: str, content: bytes, where: str) -> list[Found]:
    """The drawings of a file, by its name or its first line."""
    if len(content) > MAX_BYTES:
        raise FormatError(where, f"has more than {MAX_BYTES:,} bytes", "a smaller file")
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in (".inkml", ".svg", ".xml"):
        top = parse_xml(content, where)
        if top.tag not in ("ink", "svg"):
            raise FormatError(where, f"is XML of <{top.tag:.40}>", "<ink> or <svg>")
        return [*(parse_svg(top, where) if top.tag == "svg" else parse_inkml(top, where))]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FormatError(f"{where}, line {line}", "is no UTF-8", "a text") from error
    if suffix == _JSON:
        return parse_json_lines(text, where)
    kind = begins_like_strokes(content[:_START])
    if kind is None:
        raise FormatError(where, "begins neither as Omniglot's text nor as UNIPEN's", _EXPECTED)
    return [*parse_omniglot(text, where)] if kind == "omniglot" else parse_unipen(text, where)


def _checked(one: Found, where: str) -> Found:
    """The same; of a drawing without a point an error."""
    if not isinstance(one, Inked):
        return one
    one.strokes = [stroke for stroke in one.strokes if len(stroke)]
    if one.strokes:
        return one
    return DataError(where, "holds no stroke", "a drawing of at least one point")


def _as_drawings(
    found: list[Inked],
    paths: list[str],
    name: str,
    options: DrawingOptions,
    whole: list[str],
    parts: list[str],
) -> Drawings:
    points, up, times = [], [], []
    for one in found:
        joined = np.concatenate(one.strokes)
        down = one.down if options.y is None else options.y == "down"
        points.append(joined[:, :2] * (1, 1 if down else -1))
        ends = np.cumsum([len(stroke) for stroke in one.strokes]) - 1
        up.append(np.isin(np.arange(len(joined)), ends))
        times.append(joined[:, 2])
    stems = [PurePosixPath(path) for path in paths]
    several = len(set(paths)) < len(paths)
    ids = [f"{path.with_suffix('')}" + (f"/{one.id}" if several and one.id else "")
           for one, path in zip(found, stems, strict=True)]  # fmt: skip
    texts = [one.text for one in found]
    return Drawings(
        tuple(points),
        tuple(up),
        tuple(times) if any(np.isfinite(one).any() for one in times) else None,
        _labels(found, stems, options),
        tuple(map(str, texts)) if all(one is not None for one in texts) else None,
        tuple(ids),
        name,
        _notes(found, whole, parts),
        _groups(found, stems),
        (*whole, *parts),
    )


def _labels(
    found: list[Inked], paths: list[PurePosixPath], options: DrawingOptions
) -> np.ndarray | None:
    own = [one.label for one in found]
    if options.label == "file":
        own = [path.stem for path in paths]
    elif options.label == "folder" or (options.label is None and None in own):
        parents = [path.parent.as_posix() for path in paths]
        own = [None if one == "." else one for one in _without_common(parents)]
    elif options.label == "none" and None in own:
        return None
    return None if None in own else np.array(own).astype(str)


def _without_common(parents: list[str]) -> list[str]:
    """Folders without what all begin with, as that of an archive."""
    parts = [one.split("/") for one in parents]
    shared = 0
    while all(len(one) > shared + 1 and one[shared] == parts[0][shared] for one in parts):
        shared += 1
    return ["/".join(one[shared:]) for one in parts]


def _groups(found: list[Inked], paths: list[PurePosixPath]) -> np.ndarray | None:
    """Who drew each: as the files say, or as the second number in all their names."""
    own = [one.group for one in found]
    if None in own:
        named = [_DRAWER.match(path.stem) for path in paths]
        own = [None if one is None else one[1] for one in named]
    return None if None in own else np.array(own).astype(str)


def _notes(found: list[Inked], whole: list[str], parts: list[str]) -> tuple[str, ...]:
    notes = []
    dots = sum(len(stroke) == 1 for one in found for stroke in one.strokes)
    if dots:
        notes.append(f"{many(dots, 'stroke')} of one point, read as dots")
    left_out = Counter[str]()
    for one in found:
        left_out.update(one.left_out)
    notes += [f"{count:,} of {kind}: no strokes, left out" for kind, count in left_out.items()]
    for failed, what in ((whole, "file"), (parts, "drawing")):
        if failed:
            shown = "; ".join(failed[:_SHOWN]) + (" ..." if len(failed) > _SHOWN else "")
            notes.append(f"{many(len(failed), what)} left out that could not be read: {shown}")
    return tuple(notes)


def _of_arrays(path: Path, options: DrawingOptions) -> Drawings:
    """Steps of an .npz file as drawings: X `[N, T, 3]` and lengths `[N]`, perhaps y."""
    arrays = read_arrays(path)
    X = arrays["X"] if "X" in arrays else arrays["x"]
    if X.ndim != 3 or X.shape[2] != 3 or X.dtype.kind not in "iuf":
        found = f"X is {X.dtype} of shape {list(X.shape)}"
        raise FormatError(str(path), found, "[drawings, points, 3]: dx, dy, pen up")
    lengths = arrays.get("lengths", np.full(len(X), X.shape[1]))
    if lengths.dtype.kind not in "iu" or lengths.shape != X.shape[:1]:
        found = f"found {lengths.dtype} of shape {list(lengths.shape)}"
        raise FormatError(f"{path}, lengths", found, f"{len(X)} whole numbers")
    if (outside := np.flatnonzero((lengths < 1) | (lengths > X.shape[1]))).size:
        place, found = f"{path}, lengths[{outside[0]}]", f"found {lengths[outside[0]]}"
        raise DataError(place, found, f"1 to {X.shape[1]}, the points of X")
    rows = [one[:length].astype(np.float64) for one, length in zip(X, lengths, strict=True)]
    for n, row in enumerate(rows):
        if not len(row) or not np.isfinite(row).all():
            raise DataError(f"{path}, array X, row {n}", "no point, or one not finite", "numbers")
    absolute, notes = options.coordinates == "absolute", []
    if options.coordinates is None and look_absolute(rows):
        absolute = True
        notes.append("x and y lead off the page as offsets, and were read as coordinates")
    parts = [_placed(row, absolute) for row in rows]
    turned = (1, -1) if options.y == "up" else (1, 1)
    labels = arrays.get("y")
    return Drawings(
        tuple(points * turned for points, _ in parts),
        tuple(up for _, up in parts),
        labels=None if labels is None else labels.astype(str),
        name=str(path),
        notes=tuple(notes),
    )


def _placed(row: np.ndarray, absolute: bool) -> tuple[np.ndarray, np.ndarray]:
    points, up = from_steps(row)
    return (row[:, :2] if absolute else points), up
