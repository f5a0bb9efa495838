"""`elman tag`: a tag for each word of a text, as columns."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

import elman
from elman.cli.console import note
from elman.cli.options import ModelPath
from elman.data.readers.conll import read_tagged, write_tagged
from elman.data.readers.remembered import fitting_tags
from elman.data.tables.unpacking import also_packed
from elman.errors import ArgumentError, DataError
from elman.printable import many, printable
from elman.run_files import model_file
from elman.transforms.text.steps import Steps

__all__ = ["tag"]

LONGEST = 2**24
"""Bytes of a line at most."""
_AT_ONCE = 256  # lines
_TABLES = also_packed((".csv", ".jsonl", ".parquet"))
_OF_FILES = ("text", "label", "comments")  # what a training may be told


def tag(
    model: ModelPath,
    data: Annotated[
        Path | None,
        typer.Option(
            help="A file of CoNLL-U or of columns to write again with its tags, the rest as it is; "
            "else lines of text on standard input."
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            help="With --data: the column of words, a number from 1 or CoNLL-U's name; else as the "
            "model was trained, or the usual one."
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(help="With --data: the column that its tags are written into; likewise."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="With --data: a file instead of stdout.")] = None,
    cut: Annotated[
        str, typer.Option(help="Of text: words (signs stand apart), or spaces (as it is cut).")
    ] = "words",
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Of text: a third column, how sure it is.")
    ] = False,
) -> None:
    """Write a tag for each word: a line of text in, a word and its tag a line out.

    Sentences are lines; an empty line stands behind each. Needs no torch.

    Example: `echo "The cat sat." | elman tag runs/tags`
    """
    answering = elman.load(model_file(model))
    if not getattr(answering, "reads_words", False):
        found = f"a {answering.task} that reads no words"
        raise ArgumentError("MODEL", found, "a tagger of words; for others: elman predict")
    if data is not None:
        if probabilities:
            raise ArgumentError("--probabilities", "given with --data", "elman predict has them")
        _tag_file(answering, data, {"text": text, "label": label}, out)
        return
    if out is not None:
        raise ArgumentError("--out", "given without --data", "standard output, as in > FILE")
    for name, given in (("--text", text), ("--label", label)):
        if given is not None:
            raise ArgumentError(name, "given without --data", "leave it out: lines have no columns")
    steps = Steps(form=None, numbers=False, addresses=False, cut=cut)
    read = _lines(sys.stdin.buffer)
    while lines := [*islice(read, _AT_ONCE)]:
        words = [[*steps.words(line)] for line in lines]
        _write([row for row in words if row], answering, probabilities)


def _tag_file(model: Any, data: Path, columns: dict[str, str | None], out: Path | None) -> None:
    """A file again, with the model's tags in the column that it has learnt, or in that told."""
    if data.name.lower().endswith(_TABLES):
        expected = "a file of CoNLL-U or of columns; tables are read by elman predict"
        raise ArgumentError("--data", f"{data} is a table", expected)
    given = {name: value for name, value in columns.items() if value is not None}
    known = {name: model.reading[name] for name in _OF_FILES if name in model.reading}
    told = {**fitting_tags(data, known), **given}
    read = read_tagged(data, labelled="label" in given, **told)
    for sentence in read.notes:
        note(f"Note: {sentence}")
    tags = [[str(one) for one in row] for row in model.predict(read.words)] if len(read) else []
    if out is None:
        sys.stdout.buffer.write(read.content(tags))
        sys.stdout.buffer.flush()
    else:
        write_tagged(out, read, tags)
        note(f"{many(len(read), 'sentence')} with tags are in {out}")


def _lines(stream: BinaryIO) -> Iterator[str]:
    """The lines of a text in UTF-8; they end at a line feed only.

    Raises:
        DataError: One is too long, or no such text: the message names it.
    """
    number = 0
    while line := stream.readline(LONGEST + 1):
        number += 1
        where = f"standard input, line {number}"
        if len(line) > LONGEST:
            raise DataError(where, f"is longer than {LONGEST / 2**20:g} MiB", "a sentence a line")
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            found = f"byte {line[error.start]:#04x} at place {error.start + 1} is no UTF-8"
            raise DataError(where, found, "text in UTF-8") from error


def _write(words: list[list[str]], model: Any, probabilities: bool) -> None:
    """Words with their tags, tab between; as a terminal may show them, where it is one."""
    if not words:
        return
    shown = printable if sys.stdout.isatty() else str
    found = []
    for row in model.rows(model.sequences(words), [*map(str, range(len(words)))]):
        if row["step"] == 0 and found:
            found.append("\n")
        sure = f"\t{row['probability']:.4f}" if probabilities else ""
        found.append(f"{shown(row['word'])}\t{shown(str(row['prediction']))}{sure}\n")
    sys.stdout.buffer.write(("".join(found) + "\n").encode("utf-8", "surrogatepass"))
    sys.stdout.buffer.flush()
