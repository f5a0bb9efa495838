"""Labelled sequences from files: tables, folders of them, `.npz`, `.ts`, an idx pair."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from elman.data.labelled_sequences import LabelledSequences
from elman.data.readers.arff import is_arff
from elman.data.readers.conll import TagOptions, holds_tags, read_tagged
from elman.data.readers.drawing_sequences import read_drawing_sequences
from elman.data.readers.drawings import DrawingOptions, holds_drawings
from elman.data.readers.folder import holds_parts, holds_tables, read_folder
from elman.data.readers.given import beside_frame, by_name, index_of, labelled_frame
from elman.data.readers.idx import find_pair, has_test_part, is_idx_name, read_pair
from elman.data.readers.npz import read_npz
from elman.data.readers.roles import Columns, columns_for
from elman.data.readers.sound import SoundOptions
from elman.data.readers.sound_sequences import read_sound_sequences, sounds_asked
from elman.data.readers.table import read_table
from elman.data.readers.text import text_options
from elman.data.readers.text_sequences import read_text_sequences, texts_asked
from elman.data.readers.ucr import is_rows, is_ts, read_archived, test_beside
from elman.data.readers.words import sentences_as_sequences
from elman.data.tables.columns import is_frame
from elman.data.tables.dialect import Dialect
from elman.data.tables.reader import FORMATS, is_json_lines, is_table
from elman.data.tables.unpacking import reading
from elman.errors import ArgumentError, DataError, FormatError
from elman.files import check_regular, open_regular
from elman.printable import closest

__all__ = [
    "beside_table",
    "check_told",
    "columns_for",
    "has_parts",
    "is_given_as_table",
    "label_told",
]
__all__ += ["labelled_table", "options_of", "read", "read_given", "read_text_sequences"]
__all__ += ["test_part", "texts_asked"]

_UNDERSTOOD = (
    f"a table ({FORMATS}), a folder with a table for each sequence, a .ts or .arff file, an .npz "
    "file with X and y, words and tags (.conllu, .conll, .iob2), or an idx pair (a folder, a "
    "prefix or the images file; its labels beside it), or sound (.wav, .flac and others, folders "
    "of them), or drawings (.inkml, .svg, .ndjson, texts of strokes, folders and .zip of them)"
)
_COLUMNS = tuple(field.name for field in dataclasses.fields(Columns))
_ASKED = ("label", "group", "per_step", "classes", "ids", "labelled", "grouped")
"""What is known of a table by other arguments, or by who reads it."""
_WRITTEN = tuple(field.name for field in dataclasses.fields(Dialect))


class _Kind(NamedTuple):
    """A kind of file: the options that it takes, and what reads it, with its part and those."""

    options: tuple[str, ...]
    read: Callable[[Path, str | None, dict[str, Any]], LabelledSequences]


def read(source: Any, *, part: str | None = None, **told: Any) -> LabelledSequences:
    """Read labelled sequences from a file, whose name tells its format, or from a frame.

    Args:
        source: A table (`.csv`, `.tsv`, `.txt`, packed or not, or `.parquet`) in long or in wide
            form; a folder with one for each sequence; a `.ts` or `.arff` file, or rows of a class
            and its series as the UCR archive has them; an `.npz` file; words and tags (`.conllu`,
            `.conll`, `.iob2`, packed or not); an idx pair (a folder, a prefix like `folder/train`,
            or the images file); a file of sound, a folder of them (a subfolder for each class, or a
            table that names them), or such a table; drawings (`.inkml`, `.svg`, texts of strokes,
            folders and `.zip` of them); or a pandas, polars or Arrow table.
        part: 'train' or 'test' of an idx folder, or of a folder that holds two of these names.
            Other files have no parts: 'train' and None take the whole file.
        told: Of a table: `series=`, `time=`, `label=` (names of columns), `features=`, `ignore=`,
            `per_step=`, `classes=`, `ids=`, `text=` (the column of words, a word a step), `group=`,
            `missing=` (how missing values are filled: `linear`, `previous`); see
            `elman.data.readers.roles.Columns`. Of a text also `separator=`, `decimal=`,
            `encoding=`, where they are not to be found out. Of a folder also `labels=`: the table
            of labels beside the files' names. Of `.npz` `ids=` and `axes=`. Of words and tags
            `text=`, `label=`, `form=`, `comments=`: see `elman.data.readers.conll.TagOptions`. Of
            sounds `rate=`, `channels=`, `path=`, `said=`, `label=`, `group=`: see
            `elman.data.readers.sound.SoundOptions`. Of drawings `y=`, `coordinates=`, `label=`: see
            `elman.data.readers.drawings.DrawingOptions`.

    Raises:
        ArgumentError: An option is unknown or does not fit the format.
        DataError: The file is missing, or a value in it cannot be used.
        FormatError: The file is damaged, or of a format that is not understood.
        ShapeError: Its arrays do not fit together.
        MissingExtraError: The format needs a package that is not installed.
    """
    if part not in (None, "train", "test"):
        raise ArgumentError("part", f"found {part!r}", "'train' or 'test'")
    known = (*_FOLDER.options, *_NPZ.options, *_TAGGED.options, *_SOUND.options)
    known = (*known, *_DRAWING.options)
    if unknown := [name for name in told if name not in known]:
        raise ArgumentError(", ".join(unknown), "is no option", f"use {sorted(set(known))}")
    if is_frame(source):
        return labelled_frame(source, None, Columns(**told), "frame")
    file = Path(source)
    kind = _kind_of(file, told)
    if strange := [name for name in told if name not in kind.options]:
        use = f"of this only {', '.join(kind.options)}" if kind.options else "leave it out"
        raise ArgumentError(", ".join(strange), f"does not apply to {file}", use)
    return kind.read(file, part, told)


def is_given_as_table(X: Any) -> bool:
    """Whether X is a frame, or the path of a file, rather than sequences."""
    return is_frame(X) or isinstance(X, str | os.PathLike)


def labelled_table(X: Any, y: Any, told: Mapping[str, Any], **columns: Any) -> LabelledSequences:
    """The sequences and labels of a table that is given to an estimator or a model.

    Args:
        X: A frame, or the path of a file.
        y: The name of the label's column, or several; of a frame also labels, see
            `elman.data.readers.given`; None: as `told`, or a column of a usual name.
        told: Options of `read`; of a frame those that concern its columns.
        columns: Likewise; what the model or estimator says itself.
    """
    told = {**told, **columns}
    if texts_asked(X, told):
        return read_text_sequences(X, None, {**told, **label_told(y)}, None if label_told(y) else y)
    told.pop("texts", None)
    if is_frame(X):
        known = {name: value for name, value in told.items() if name in _COLUMNS}
        return labelled_frame(X, y, Columns(**known))
    options = options_of(X, told)
    given = {name: value for name, value in {**told, **label_told(y)}.items() if name in options}
    data = read(X, **given)
    if y is None or label_told(y):
        return data
    return dataclasses.replace(data, labels=beside_table(X, y, data, "y", told))


def beside_table(
    X: Any, values: Any, data: LabelledSequences, where: str, told: Mapping[str, Any]
) -> Any:
    """What was given beside a table, as labels, weights or groups, in the order of its sequences.

    Args:
        X: The table.
        values: Something for each sequence, by its place; in a pandas series or frame by the name
            of the sequence in its index. Of a frame also something for each row.
        data: What was read.
        where: What messages call the values.
        told: As of `labelled_table`, `columns` included.

    Raises:
        DataError, ShapeError: They do not fit.
    """
    if texts_asked(X, told):
        return values  # a text is a row: all go by their places
    if is_frame(X):
        known = {name: value for name, value in told.items() if name in _COLUMNS}
        return beside_frame(X, values, Columns(**known), data, where).labels
    if index_of(values) is None or _are_places(values, data):
        return values
    return by_name(values, data.ids, where)


def _are_places(values: Any, data: LabelledSequences) -> bool:
    """Whether an index only counts the sequences, which have other names."""
    index = index_of(values)
    return index.tolist() == list(range(len(data))) and not set(map(str, index)) & set(data.ids)


def check_told(X: Any, told: Mapping[str, Any]) -> None:
    """`ArgumentError` where something told of a table is no option, or none of a table like X."""
    options = (*_FOLDER.options, *_NPZ.options, *_SOUND.options, *text_options())
    known = [name for name in options if name not in _ASKED]
    for name in told:
        if name not in known:
            raise ArgumentError(name, "is no option of a table", closest(name, known))
    if "text" in told:
        return  # who reads texts says what does not apply to them
    options = _COLUMNS if is_frame(X) else options_of(X, told)
    for name in told:
        if name not in options:
            raise ArgumentError(name, "does not apply to this X", "leave it out")


def label_told(y: Any) -> dict[str, Any]:
    """The columns of labels that y names, as an option; nothing where y is labels."""
    if isinstance(y, str):
        return {"label": y}
    listed = isinstance(y, list | tuple) and y and all(isinstance(name, str) for name in y)
    return {"label": list(y)} if listed else {}


def read_given(X: Any, y: Any, told: Mapping[str, Any], **columns: Any) -> tuple[Any, Any]:
    """X and y; those of a table as sequences and labels, see `labelled_table`."""
    if not is_given_as_table(X):
        return X, y
    data = labelled_table(X, y, told, **columns)
    return data.sequences, data.targets


def options_of(source: str | os.PathLike[str], told: Collection[str] = ()) -> tuple[str, ...]:
    """The options that `read` takes for this file; errors as there.

    Args:
        source: The file.
        told: Options that are given: one of sounds makes a table one that names files of sound.
    """
    return _kind_of(Path(source), told).options


def has_parts(source: str | os.PathLike[str]) -> bool:
    """Whether `read` takes a part of this: a folder with one for training and one for test."""
    file = Path(source)
    with reading(str(file)):
        return _lies(file) == "folder" and (has_test_part(file) or holds_parts(file))


def test_part(source: str | os.PathLike[str]) -> tuple[Path, str | None] | None:
    """What belongs to a training part as its test part: a source and a part for `read`.

    X_TEST.ts for X_TRAIN.ts, as the archives call them; of a folder its part test.
    """
    file = Path(source)
    lies = _lies(file)
    if lies == "folder":
        with reading(str(file)):
            return (file, "test") if holds_parts(file) else None
    beside = test_beside(file) if lies == "file" else None
    return None if beside is None else (beside, None)


def _kind_of(file: Path, told: Collection[str] = ()) -> _Kind:
    """What reads a file; `DataError` or `FormatError` where nothing does."""
    lies = _lies(file)
    if lies != "nothing" and sounds_asked(file, told):
        return _SOUND
    if lies != "nothing" and holds_drawings(file):
        return _DRAWING
    named = next((kind for known, kind in _BY_NAME if known(file.name)), None)
    if named is not None and lies != "file":
        if lies == "folder" and not file.suffix:
            named = None
        else:
            found = "it is a folder" if lies == "folder" else "there is no such file"
            raise DataError(str(file), found, "the path of a file")
    if named is not None:
        return _ARCHIVED if named is _TABLE and _is_rows(file) else named
    if lies == "folder":
        with reading(str(file)):
            images = any(is_idx_name(entry.name) for entry in file.iterdir())
            return _FOLDER if not images and (holds_parts(file) or holds_tables(file)) else _IDX
    if lies == "file" and not is_idx_name(file.name) and not _begins_like_idx(file):
        raise FormatError(str(file), "is of no format that Elman reads", _UNDERSTOOD)
    if lies == "nothing" and not _is_prefix(file):
        raise DataError(str(file), "there is no such file or folder", _UNDERSTOOD)
    return _IDX


def _lies(path: Path) -> str:
    """Whether there is a file, a folder or nothing; `DataError` for a pipe or a device."""
    with reading(str(path)):
        try:
            check_regular(path)
        except IsADirectoryError:
            return "folder"
        except (FileNotFoundError, NotADirectoryError):
            return "nothing"
    return "file"


def _is_rows(file: Path) -> bool:
    """Whether a text has no header but rows of numbers between tabs or blanks."""
    name = file.name.lower()
    typed = ".csv" in name or ".parquet" in name or is_json_lines(name)
    return not typed and is_rows(file, str(file))


def _whole(file: Path, part: str | None) -> None:
    if part == "test":
        raise ArgumentError(
            "part",
            f"found 'test', and {file} has no parts",
            "leave it out, and give the file that holds the test sequences",
        )


def _read_table(file: Path, part: str | None, told: dict[str, Any]) -> LabelledSequences:
    _whole(file, part)
    dialect = Dialect.taken(told)
    return read_table(file, Columns(**told), dialect)


def _read_archived(file: Path, part: str | None, told: dict[str, Any]) -> LabelledSequences:
    _whole(file, part)
    told.pop("labelled", None)
    return read_archived(file, **told)


def _read_npz(file: Path, part: str | None, told: dict[str, Any]) -> LabelledSequences:
    _whole(file, part)
    return read_npz(file, **told)


def _read_folder(file: Path, part: str | None, told: dict[str, Any]) -> LabelledSequences:
    dialect, labels = Dialect.taken(told), told.pop("labels", None)
    return read_folder(file, Columns(**told), dialect, part=part, labels=labels)


def _read_idx(file: Path, part: str | None, _told: dict[str, Any]) -> LabelledSequences:
    images, labels = find_pair(file, part)
    return read_pair(images, labels, str(file))


def _read_tagged(file: Path, part: str | None, told: dict[str, Any]) -> LabelledSequences:
    _whole(file, part)
    return sentences_as_sequences(read_tagged(file, **told))


_TABLE = _Kind((*_COLUMNS, *_WRITTEN), _read_table)
_FOLDER = _Kind((*_COLUMNS, *_WRITTEN, "labels"), _read_folder)
_ARCHIVED = _Kind(("missing", "encoding", "labelled"), _read_archived)
_NPZ = _Kind(("ids", "axes"), _read_npz)
_IDX = _Kind((), _read_idx)
_TAGGED = _Kind(
    (*(one.name for one in dataclasses.fields(TagOptions)), "separator", "encoding", "labelled"),
    _read_tagged,
)
_SOUND = _Kind(
    (*(one.name for one in dataclasses.fields(SoundOptions)), "labelled"), read_sound_sequences
)
_DRAWING = _Kind(
    (*(one.name for one in dataclasses.fields(DrawingOptions)), "labelled"), read_drawing_sequences
)
_BY_NAME: tuple[tuple[Callable[[str], bool], _Kind], ...] = (
    (is_table, _TABLE),
    (is_ts, _ARCHIVED),
    (is_arff, _ARCHIVED),
    (lambda name: Path(name).suffix.lower() == ".npz", _NPZ),
    (holds_tags, _TAGGED),
)


def _begins_like_idx(path: Path) -> bool:
    with reading(str(path)), open_regular(path) as stream:
        return stream.read(3) == b"\0\0\x08"


def _is_prefix(path: Path) -> bool:
    """Whether some file's name begins with the last part of a path."""
    try:
        return any(entry.name.startswith(path.name) for entry in path.parent.iterdir())
    except (OSError, ValueError):
        return False
