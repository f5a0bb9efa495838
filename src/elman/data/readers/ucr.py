"""The text formats of the UCR and UEA archives: `.ts`, and rows of a class and its series.

::

    @problemName Waves
    @classLabel true up down
    @data
    0.5,0.7,?:1,2,3:up
    0.9,0.2:4,5:down
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from elman.data.labelled_sequences import LabelledSequences
from elman.data.readers.arff import is_arff, parse_arff
from elman.data.readers.cells import label_array
from elman.data.readers.missing import check_filling, filled
from elman.data.readers.series_rows import Archived, channels, values_of
from elman.data.sequences import as_sequences
from elman.data.tables.dialect import Layout, Source, encoding_of, lines_of
from elman.data.tables.fields import is_number
from elman.data.tables.unpacking import also_packed
from elman.errors import FormatError
from elman.printable import many

__all__ = ["is_rows", "is_ts", "parse_rows", "parse_ts", "read_archived", "test_beside"]

_OUTSIDE = re.compile(r":(?![^(]*\))")  # colons between features, not those of times
_PAIRS = re.compile(r"\(([^()]*)\)")
_TRAIN = re.compile(r"(.*)TRAIN(\.(?:ts|tsv|txt|arff)(?:\.(?:gz|bz2|xz))?)", re.IGNORECASE)


def read_archived(
    path: Path, *, missing: str | None = None, encoding: str | None = None
) -> LabelledSequences:
    """Sequences from a `.ts` or `.arff` file, or from rows of a class and its series.

    Values that are missing at the end of a series are steps that it does not have.

    Args:
        path: The file, plain or packed.
        missing: How other missing values are filled; see `elman.data.readers.missing`.
        encoding: Of the text; None: found out.

    Raises:
        FormatError: A line is not of the format.
        DataError: A value is missing or beyond float32, or the file cannot be opened.
    """
    check_filling(missing)
    where = str(path)
    layout = Layout(encoding_of(path, where, encoding), ",")
    lines = enumerate(lines_of(path, where, layout), start=1)
    parse, shown = _form(path.name)
    found = parse(lines, where)
    ended = [_ended(row) for row in found.rows]
    lengths = np.array([len(row) for row in ended], dtype=np.int64)
    owners = np.repeat(np.arange(len(ended)), lengths)

    def place(row: int, feature: int) -> str:
        n = owners[row]
        step = row - int(lengths[:n].sum())
        return f"{where}, line {found.lines[n]}, feature {feature}, step {step}"

    steps, notes = filled(np.concatenate(ended), lengths, missing, place)
    sequences = as_sequences(np.split(steps, np.cumsum(lengths)[:-1]), where=where)
    short = int(sum(len(row) < len(whole) for row, whole in zip(ended, found.rows, strict=True)))
    if short:
        notes = (f"{many(short, 'sequence')} end where only missing values follow", *notes)
    return LabelledSequences(
        sequences,
        None if found.labels is None else label_array(found.labels),
        tuple(f"feature {k}" for k in range(steps.shape[1])),
        tuple(str(k) for k in range(len(ended))),
        where,
        (f"{where} was read as {shown}", *found.notes, *notes),
    )


def is_ts(name: str) -> bool:
    """Whether a file is, by its name, a `.ts` file."""
    return name.lower().endswith(also_packed((".ts",)))


def is_rows(source: Source, where: str) -> bool:
    """Whether a text begins with a row of numbers between tabs or blanks: it has no header.

    Raises:
        DataError, FormatError: It cannot be read as a text.
    """
    lines = lines_of(source, where, Layout(encoding_of(source, where, None), ","))
    fields = next((line for line in lines if line.strip()), "").split()
    return len(fields) > 1 and all(map(is_number, fields))


def test_beside(path: Path) -> Path | None:
    """The test part beside a training part: X_TEST.ts for X_TRAIN.ts, if it is there."""
    match = _TRAIN.fullmatch(path.name)
    if match is None:
        return None
    word = path.name[len(match[1]) : len(match[1]) + len("train")]
    other = {"TRAIN": "TEST", "train": "test", "Train": "Test"}.get(word)
    found = None if other is None else path.with_name(f"{match[1]}{other}{match[2]}")
    return found if found is not None and found.is_file() else None


def parse_ts(lines: Iterable[tuple[int, str]], where: str) -> Archived:
    """After a head of `@` lines one series a line: values between commas, features between colons.

    Args:
        lines: Each with its number.
        where: What messages call the file.

    Raises:
        FormatError: A line is not of the format; the message names it.
    """
    head, rest = _head(lines, where)
    labelled = "true" in (head.get("classlabel", "")[:4], head.get("targetlabel", "")[:4])
    timed = head.get("timestamps", "").startswith("true")
    rows, labels, numbers = [], [], []
    for number, line in rest:
        parts = _OUTSIDE.split(line.strip()) if timed else line.strip().split(":")
        if labelled:
            labels.append(parts.pop().strip())
        at = f"{where}, line {number}"
        if labelled and not labels[-1]:
            raise FormatError(at, "found no label at its end", "one, as its head says")
        rows.append(channels([_fields(part, timed) for part in parts], at))
        numbers.append(number)
        if rows[-1].shape[1] != rows[0].shape[1]:
            found = f"found {many(rows[-1].shape[1], 'feature')}"
            expected = f"{rows[0].shape[1]} between colons, as in line {numbers[0]}"
            if not labelled:
                expected += "; a label behind them is told by @classLabel true"
            raise FormatError(at, found, expected)
    if not rows:
        raise FormatError(where, "found no series after @data", "one a line")
    notes = ("the times of its values are left out",) if timed else ()
    notes += _contradicted(head, rows, labels if labelled else [])
    return Archived(rows, labels if labelled else None, numbers, notes)


def parse_rows(lines: Iterable[tuple[int, str]], where: str) -> Archived:
    """One series of one feature a line: its class, then its values, between tabs or blanks.

    Raises:
        FormatError: A line holds something else; the message names it.
    """
    rows, labels, numbers = [], [], []
    for number, line in lines:
        if fields := line.split():
            at = f"{where}, line {number}"
            if len(fields) < 2:
                raise FormatError(at, f"found {fields[0]!r} alone", "a class and its series")
            labels.append(fields[0])
            rows.append(values_of(fields[1:], at)[:, None])
            numbers.append(number)
    if not rows:
        raise FormatError(where, "the file is empty", "a class and its series in each line")
    return Archived(rows, labels, numbers)


def _head(
    lines: Iterable[tuple[int, str]], where: str
) -> tuple[dict[str, str], Iterator[tuple[int, str]]]:
    """What the lines before @data say, by lower-case name; and the lines after it."""
    told: dict[str, str] = {}
    filled_lines = (
        (number, line) for number, line in lines if line.strip() and line.lstrip()[0] not in "#%"
    )
    for number, line in filled_lines:
        name, _, value = line.strip().partition(" ")
        if not name.startswith("@"):
            found = f"found {line.strip()[:40]!r} before @data"
            raise FormatError(f"{where}, line {number}", found, "a head of @ lines, then @data")
        if name.lower() == "@data":
            return told, filled_lines
        told[name[1:].lower()] = value.strip().lower()
    raise FormatError(where, "found no line @data", "a head of @ lines, then @data")


def _fields(part: str, timed: bool) -> list[str]:
    """The texts of one channel's values."""
    if timed:
        return [pair.rpartition(",")[2] for pair in _PAIRS.findall(part)]
    return part.split(",") if part.strip() else []


def _contradicted(
    head: dict[str, str], rows: list[np.ndarray], labels: list[str]
) -> tuple[str, ...]:
    """What the head says and the series do not bear out, in sentences: the series count."""
    lengths = [len(row) for row in rows]
    shown = str(lengths[0]) if min(lengths) == max(lengths) else f"{min(lengths)} to {max(lengths)}"
    ragged, missing = min(lengths) < max(lengths), sum(int(np.isnan(row).sum()) for row in rows)
    features, said = rows[0].shape[1], []
    if head.get("equallength") == "true" and ragged:
        said.append(f"equal lengths, and they are {shown}")
    if "serieslength" in head and head["serieslength"] not in ("0", str(max(lengths))):
        said.append(f"series of {head['serieslength']} steps, and they have {shown}")
    if "dimensions" in head and head["dimensions"] not in ("0", str(features)):
        said.append(f"{head['dimensions']} features, and there are {features}")
    if head.get("univariate") == "true" and features > 1:
        said.append(f"one feature, and there are {features}")
    if head.get("missing") == "false" and missing:
        said.append(f"that nothing is missing, and there is no number in {many(missing, 'place')}")
    known = head.get("classlabel", "").split()[1:]
    strange = sorted({label for label in labels if label.lower() not in known}) if known else []
    if strange:
        said.append(f"other classes than {', '.join(map(repr, strange[:5]))}, found in its series")
    return tuple(f"its head says {one}" for one in said)


def _ended(row: np.ndarray) -> np.ndarray:
    """A series up to its last step that has a value."""
    there = np.flatnonzero(~np.isnan(row).all(axis=1))
    return row[: there[-1] + 1 if len(there) else 0]


def _form(name: str) -> tuple[Callable[..., Archived], str]:
    """What reads a file of this name, and how that is called."""
    if is_ts(name):
        return parse_ts, "a series a line, as sktime and the UEA archive write them"
    if is_arff(name):
        return parse_arff, "ARFF, as Weka and the archives write it"
    return parse_rows, "a class and its series a line, as the UCR archive has them"
