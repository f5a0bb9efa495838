"""The labelled sequences of the catalogue, each with a training and a test part."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.labelled_sequences import LabelledSequences
from elman.data.readers import read
from elman.data.readers.cells import label_array
from elman.data.readers.conll import parse_tagged
from elman.data.readers.drawing_sequences import drawings_as_sequences
from elman.data.readers.idx import find_pair, read_pair
from elman.data.readers.series_rows import Archived
from elman.data.readers.sound_sequences import sounds_as_sequences
from elman.data.readers.text_sequences import texts_as_sequences
from elman.data.readers.ucr import parse_rows, parse_ts
from elman.data.readers.words import sentences_as_sequences
from elman.data.sequences import as_sequences
from elman.data.sets import catalogue
from elman.data.sets.drawings import drawing_names, load_drawings
from elman.data.sets.sounds import SPEAKERS, load_recordings, recording_names
from elman.data.sets.splitting import split_by_hash
from elman.data.sets.texts import load_texts, text_names
from elman.data.synthetic import adding
from elman.errors import ArgumentError, DataError

__all__ = ["full_name", "labelled_names", "load"]

_CLASSIFICATION = "sequence_classification"
_UCR = ("CricketX", "ECG200", "ECG5000", "ECGFiveDays", "GunPoint")
_UEA = ("BasicMotions", "JapaneseVowels")


def labelled_names() -> tuple[str, ...]:
    """The names that `load` takes, sorted."""
    return tuple(sorted({*_LOADERS, *_SHORT}))


def full_name(name: str) -> str:
    """What a set is called in the catalogue whose own name is short; any other name as it is.

    >>> full_name("ecg200"), full_name("mnist")
    ('sequence_classification/ECG200', 'mnist')
    """
    return _SHORT.get(name, name)


def load(source: Any, part: str | None = None, **columns: Any) -> LabelledSequences:
    """Labelled sequences by name, from a file or from a frame.

    The digits, texts, ECG5000 and IndoorMovement have no test part of their own: of each class the
    fifth part whose numbers hash lowest is the test part, the same on every machine. In MNIST
    and the digits an image is read row by row, its pixels scaled to 0…1; in `mnist/pixels` pixel
    by pixel. Sets of sequence_classification have short names, too: `ecg200`. AReM's first column,
    the time, is left out. Drawings (`omniglot`, `digit_strokes`) are read as a pen's steps: see
    `load_drawings`. `ud_english_ewt` has words with their
    universal tags; of texts see `load_texts`, of `free_spoken_digits` see `load_recordings`, where
    `free_spoken_digits/theo` leaves one speaker out. `adding` is `synthetic.adding` of 400
    steps: 20,000 sequences of seed 0, and 2,000 of seed 1 as the test part.

    Args:
        source: A name from `labelled_names()`, or what `elman.data.read` takes.
        part: 'train' or 'test'; None means 'train' for a name and the whole file for a path.
        columns: Options of a table; see `elman.data.read`.

    Raises:
        ArgumentError: There is no such set, part or option.
        ChecksumError: A file of the set is not the one that its manifest describes.
        DataError: The set is not here, or does not hold labelled sequences; or see
            `elman.data.read`.
        MissingExtraError: It needs a package that is not installed.
    """
    if not isinstance(source, str | os.PathLike):
        return read(source, part=part, **columns)
    name = full_name(os.fspath(source))
    if name not in _LOADERS:
        if name not in catalogue.names():
            if os.path.exists(name) or _looks_like_path(name):
                return read(source, part=part, **columns)
            raise catalogue.unknown(name, {*labelled_names(), *catalogue.names()})
        known = catalogue.manifest(name)
        inside = [other for other in labelled_names() if other.startswith(f"{name}/")]
        raise DataError(
            f"data set {name!r}",
            f"({known.task}) is not one set of labelled sequences",
            f"use {' or '.join(inside)}" if inside else f"see: elman data show {name}",
        )
    if columns:
        raise ArgumentError(", ".join(columns), f"does not apply to {name}", "leave it out")
    if part not in (None, "train", "test"):
        raise ArgumentError("part", f"found {part!r}", "'train' or 'test'")
    return _LOADERS[name](name, part or "train")


def _looks_like_path(name: str) -> bool:
    """Whether an unknown name was meant as a path: it has a folder that exists, or a suffix."""
    path = Path(name)
    return path.suffix != "" or (path.parent != Path() and os.path.isdir(path.parent))


def _digits(name: str, part: str) -> LabelledSequences:
    catalogue.locate(name)
    from sklearn.datasets import load_digits  # optional; locate has made sure of it

    digits: Any = load_digits()
    values = (digits.images / 16).astype(np.float32)
    whole = _labelled(name, list(values), digits.target, [f"column {k}" for k in range(8)])
    return whole.select(split_by_hash(digits.target, part))


def _mnist(name: str, part: str) -> LabelledSequences:
    folder = catalogue.locate(name)
    return read_pair(*find_pair(folder, part), name)


def _mnist_pixels(name: str, part: str) -> LabelledSequences:
    images = _mnist("mnist", part)
    count = len(images)
    pixels = as_sequences(images.sequences.values.reshape(count, -1, 1))
    return replace(images, sequences=pixels, feature_names=("pixel",), name=name)


def _adding(name: str, part: str) -> LabelledSequences:
    rows, seed = (20_000, 0) if part == "train" else (2_000, 1)
    inputs, targets = adding(rows, 400, seed)
    return _labelled(name, inputs, targets[:, 0], ["value", "mark"])


def _treebank(name: str, part: str) -> LabelledSequences:
    path = f"en_ewt-ud-{part}.conllu"
    content = catalogue.contents(name, [path])[path]
    read = sentences_as_sequences(parse_tagged(content, path, form="conllu"))
    return replace(read, name=name)


def _texts(name: str, part: str) -> LabelledSequences:
    return texts_as_sequences(load_texts(name, part))


def _sounds(name: str, part: str) -> LabelledSequences:
    """Recordings; without a speaker in the name those of all are in both parts, and no groups."""
    whole, _, speaker = name.partition("/")
    found = sounds_as_sequences(load_recordings(whole, part, speaker or None))
    return found if speaker else replace(found, groups=None)


def _drawings(name: str, part: str) -> LabelledSequences:
    """Characters as a pen's steps; those of one drawer are in one part, so nobody is a group."""
    return drawings_as_sequences(load_drawings(name, part))


def _pendigits(name: str, part: str) -> LabelledSequences:
    rows, labels = _parse_steps(_text(name, f"PenDigits_{part.upper()}3"))
    return _labelled(name, rows, label_array(labels), ["x", "y"])


def _arem(name: str, part: str) -> LabelledSequences:
    rows, labels = _parse_steps(_text(_CLASSIFICATION, f"AReM/AReM_{part.upper()}3"))
    return _labelled(name, [row[:, 1:] for row in rows], label_array(labels))


def _archive(
    pattern: str, parse: Callable[[Iterable[tuple[int, str]], str], Archived]
) -> Callable[[str, str], LabelledSequences]:
    """The loader of sets whose two parts are two members of one format."""

    def load_part(name: str, part: str) -> LabelledSequences:
        short = name.partition("/")[2]
        rows, labels = _parsed(pattern.format(short, part.upper()), parse)
        return _labelled(name, rows, labels)

    return load_part


def _ecg5000(name: str, part: str) -> LabelledSequences:
    rows, labels = _parsed("ECG5000/ECG5000_TRAIN.tsv", parse_rows)
    whole = _labelled(name, rows, labels)
    return whole.select(split_by_hash(labels, part))


def _indoor_movement(name: str, part: str) -> LabelledSequences:
    target = "dataset/MovementAAL_target.csv"
    lines = [line.split(",") for line in _text(_CLASSIFICATION, target).splitlines()[1:]]
    ids = [line[0].strip() for line in lines]
    paths = [f"dataset/MovementAAL_RSS_{k}.csv" for k in ids]
    contents = catalogue.contents(_CLASSIFICATION, paths)
    rows = [
        np.array([line.split(",") for line in contents[path].decode().splitlines()[1:]], np.float32)
        for path in paths
    ]
    labels = label_array([line[1] for line in lines])
    anchors = [f"anchor {k}" for k in range(1, 5)]
    whole = _labelled(name, rows, labels, anchors, ids)
    return whole.select(split_by_hash(labels, part))


_LOADERS: dict[str, Callable[[str, str], LabelledSequences]] = {
    "adding": _adding,
    "digits": _digits,
    "mnist": _mnist,
    "mnist/pixels": _mnist_pixels,
    "pendigits": _pendigits,
    "ud_english_ewt": _treebank,
    f"{_CLASSIFICATION}/AReM": _arem,
    f"{_CLASSIFICATION}/IndoorMovement": _indoor_movement,
}
_LOADERS |= dict.fromkeys(text_names(), _texts)
_LOADERS |= {name: _drawings for name in drawing_names() if name != "digit_strokes/numbers"}
_LOADERS |= dict.fromkeys(recording_names(), _sounds)
_LOADERS |= {f"free_spoken_digits/{speaker}": _sounds for speaker in SPEAKERS}
for _short in _UCR:
    _LOADERS[f"{_CLASSIFICATION}/{_short}"] = _archive("{0}/{0}_{1}.tsv", parse_rows)
for _short in _UEA:
    _LOADERS[f"{_CLASSIFICATION}/{_short}"] = _archive("{0}/{0}_{1}.ts", parse_ts)
_LOADERS[f"{_CLASSIFICATION}/ECG5000"] = _ecg5000
_SHORT = {
    name.rpartition("/")[2].lower(): name for name in _LOADERS if name.startswith(_CLASSIFICATION)
}


def _text(name: str, path: str) -> str:
    return catalogue.contents(name, [path])[path].decode("utf-8")


def _parsed(
    path: str, parse: Callable[[Iterable[tuple[int, str]], str], Archived]
) -> tuple[list[np.ndarray], np.ndarray]:
    """The series and the labels of a member in one of the archives' formats."""
    found = parse(enumerate(_text(_CLASSIFICATION, path).splitlines(), start=1), path)
    return found.rows, label_array(found.labels or [])


def _parse_steps(text: str) -> tuple[list[np.ndarray], list[str]]:
    """One step a line, between blanks: series, step, class, then its features; steps in order."""
    table = np.array(text.split(), dtype=np.float64).reshape(len(text.splitlines()), -1)
    starts = np.flatnonzero(np.diff(table[:, 0], prepend=np.nan))
    rows = np.split(table[:, 3:].astype(np.float32), starts[1:])
    return rows, [str(int(label)) for label in table[starts, 2]]


def _labelled(
    name: str,
    rows: Sequence[np.ndarray] | np.ndarray,
    labels: np.ndarray,
    feature_names: Sequence[str] | None = None,
    ids: Sequence[str] | None = None,
) -> LabelledSequences:
    sequences = as_sequences(rows, where=name)
    return LabelledSequences(
        sequences,
        labels,
        tuple(feature_names or (f"feature {k}" for k in range(sequences.values.shape[2]))),
        tuple(ids or (str(k) for k in range(len(sequences)))),
        name,
    )
