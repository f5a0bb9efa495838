"""`elman translate`: what a translator writes for lines of text, one line for each."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO, NamedTuple

import typer

import elman
from elman import plots
from elman.cli.console import note, print_json
from elman.cli.drawing import ThemeOption, drawing
from elman.cli.options import ModelPath, takes
from elman.cli.works.pairs import attention_figure
from elman.decoding import SearchOptions
from elman.errors import ArgumentError, DataError
from elman.parameters import told
from elman.printable import many, printable
from elman.run_files import model_file
from elman.runtime import TranslatorModel

__all__ = ["translate", "translator_at"]

LONGEST = 2**20
"""Bytes of a line that are looked at."""
_AT_ONCE = 256  # lines; of what is typed each is answered as it comes
_OPTIONS = {name: one for name, one in told(SearchOptions).items() if one.kind is not None}


def translator_at(path: Any) -> TranslatorModel:
    """The translator at a path; `ArgumentError` if it is another model."""
    model = elman.load(model_file(path))
    if not isinstance(model, TranslatorModel):
        raise ArgumentError("MODEL", f"a {model.task}", "a translator: elman train translator")
    return model


def translate(
    model: ModelPath,
    force: Annotated[str, typer.Option(help="What every answer begins with.")] = "",
    terminology: Annotated[
        Path | None,
        typer.Option(
            help="A file of terms: one, a tab, and what stands for it in answers, a line."
        ),
    ] = None,
    placeholders: Annotated[
        bool, typer.Option("--placeholders", help="Keep {name}, <b>, %s and the like as they are.")
    ] = False,
    long: Annotated[
        str, typer.Option(help="A line beyond the model's bound: cut (which is said) or refuse.")
    ] = "cut",
    attention: Annotated[
        Path | None,
        typer.Option(help="Draw where it looked while it wrote for the first line that it read."),
    ] = None,
    theme: ThemeOption = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print an object a line, with tokens and their scores.")
    ] = False,
    **given: Any,
) -> None:
    """Write for each line of standard input one line. Needs no torch.

    An empty line gives an empty line. Lines that are cut, handed on as they are, or whose answer
    has no end are named on standard error. With --n-best each line gives so many, each behind the
    line's number, a tab, its log-probability, and a tab.

    Example: `elman translate runs/fra < letter.en > letter.fr`
    """
    writing = translator_at(model)
    plots.check_theme(theme)
    if attention is not None:
        plots.file_kind(attention)  # before anything takes minutes
        if not writing.attends:
            found = "given, and the network has no attention"
            raise ArgumentError("--attention", found, "a model that was trained with attention")
    chosen = {
        name: _OPTIONS[name].kind.read(name, value)  # pyright: ignore
        for name, value in given.items()
        if value is not None
    }
    options = writing.search_options(**chosen)
    asked = {"force": force, "placeholders": placeholders, "long": long, "options": options}
    if terminology is not None:
        asked["terminology"] = terminology
    told, drawn, number = _Told(), attention, 0
    lines, at_once = _lines(sys.stdin.buffer), 1 if sys.stdin.isatty() else _AT_ONCE
    while read := [*islice(lines, at_once)]:
        with _said_of_lines(number):
            texts = [one.text for one in read]
            found = writing.translate(texts, attention=drawn is not None, **asked)
        for line, several in zip(read, found, strict=True):
            number += 1
            answers = several if isinstance(several, list) else [several]
            told.hear(number, (*line.notes, *answers[0].notes), answers[0].ended)
            _write(number, answers, json, options.n_best)
            if drawn is not None and answers[0].attention is not None:
                with drawing(theme):
                    plots.save(attention_figure(answers[0]), drawn)
                note(f"Picture of line {number}: {drawn}")
                drawn = None
    told.count()


@contextmanager
def _said_of_lines(before: int) -> Iterator[None]:
    """Within this block an error of a text names its line, of which so many were answered."""
    try:
        yield
    except DataError as error:
        place = re.fullmatch(r"texts\[(\d+)\]", error.where)
        if place is None:
            raise
        where = f"standard input, line {before + int(place[1]) + 1}"
        raise DataError(where, error.found, error.expected) from error


class _Line(NamedTuple):
    """A line of the input, and what was changed in it."""

    text: str
    notes: tuple[str, ...]


class _Told:
    """Says what became of lines that were not simply answered: the first ones, and how many."""

    _MOST = 20

    def __init__(self) -> None:
        self._lines = self._noted = self._empty = 0

    def hear(self, number: int, notes: tuple[str, ...], ended: str) -> None:
        """Of a line."""
        self._lines += 1
        self._empty += ended == "empty"
        self._noted += bool(notes)
        if notes and self._noted <= self._MOST:
            note(f"Line {number}: {'; '.join(notes)}")

    def count(self) -> None:
        """Of all lines."""
        said = [f"{many(self._empty, 'empty line')}"] if self._empty else []
        said += [f"{many(self._noted, 'line')} with notes"] if self._noted else []
        note(f"{many(self._lines, 'line')} in, as many out" + "".join(f"; {one}" for one in said))


def _lines(stream: BinaryIO) -> Iterator[_Line]:
    """The lines of a text; they end at a line feed only, and each is one, whatever it holds."""
    while content := stream.readline(LONGEST + 1):
        notes = []
        if len(content) > LONGEST and not content.endswith(b"\n"):
            notes.append(f"cut after {LONGEST:,} bytes")
            rest = content
            while rest and not rest.endswith(b"\n"):
                rest = stream.readline(LONGEST)
        content = content[:LONGEST].removesuffix(b"\n").removesuffix(b"\r")
        text = content.decode("utf-8", "replace")
        strange = text.count("\ufffd") - content.count("\ufffd".encode())
        if strange:
            notes.append(f"{many(strange, 'place')} that are no UTF-8 read as U+FFFD")
        yield _Line(text, tuple(notes))


def _write(number: int, answers: list[Any], json: bool, several: int) -> None:
    """A line for each answer; a line's end in an answer becomes a blank."""
    if json:
        for one in answers:
            print_json({"line": number, **one.to_dict()}, line=True)
        return
    found = []
    for one in answers:
        text = one.text.replace("\r", " ").replace("\n", " ")
        text = printable(text) if sys.stdout.isatty() else text
        found.append(f"{number}\t{one.log_probability:.6f}\t{text}" if several > 1 else text)
    sys.stdout.buffer.write("".join(f"{line}\n" for line in found).encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


takes(translate, ("Writing", {name: (one.kind.option, one.text) for name, one in _OPTIONS.items()}))  # pyright: ignore
