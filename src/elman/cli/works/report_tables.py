"""Tables of a report, for a terminal and for Markdown from the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from elman.cli.console import note, result_console
from elman.files import replace_file
from elman.printable import printable

__all__ = ["MODEL", "REPORT", "TRAINED", "Rows", "keep_report", "markdown", "markdown_text"]
__all__ += ["pictured", "plain", "print_judged", "terminal_table"]

MODEL = "this model"
"""What the row of the model is called, beside those of its baselines."""

REPORT = (str, "Write the report for a person there, as Markdown.")
"""The option of a verb that prints scores."""

TRAINED = {
    "validation": "validation part",
    "epochs": "epochs",
    "best_epoch": "best epoch",
    "seconds": "seconds",
    "parameters": "parameters",
    "elman": "Elman",
}
"""What is told of every training, where it is known."""

_OBEYED = ("\\", "|", "`", "*", "_", "[", "]", "<", "#")


class Rows(NamedTuple):
    """A table as text.

    Attributes:
        headings: Of each column; all empty: the table has none.
        rows: For each row its cells; the first says what it is of.
        title: Of the table.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""


def terminal_table(table: Rows, styles: Mapping[str, str] | None = None) -> Table:
    """For a terminal: the model's row stands out, and cells of some texts have a style."""
    shown = Table(title=escape(table.title), title_justify="left", title_style="bold")
    for k, heading in enumerate(table.headings):
        shown.add_column(heading, justify="right" if k or heading else "left")
    for row in table.rows:
        cells = [Text(printable(cell), (styles or {}).get(cell, "")) for cell in row]
        shown.add_row(*cells, style="bold green" if MODEL in row[:2] else None)
    return shown


def print_judged(
    result: Mapping[str, Any], tables: Sequence[Rows], said: str | None = None
) -> None:
    """What `evaluate` of a model gives: its tables, a sentence, the verdict and the notes."""
    for table in tables:
        result_console.print(terminal_table(table))
    for sentence in (said, result["verdict"]):
        if sentence:
            result_console.print(sentence, markup=False, highlight=False)
    for sentence in result["notes"]:
        note(f"Note: {sentence}")


def markdown(table: Rows) -> Iterator[str]:
    """As lines of Markdown, below its title."""
    if table.title:
        yield from (f"## {plain(table.title)}", "")
    yield _line([plain(heading) for heading in table.headings])
    yield _line(["---:" if k and heading else "---" for k, heading in enumerate(table.headings)])
    for row in table.rows:
        mark = "**" if MODEL in row[:2] else ""
        yield _line([f"{mark}{plain(cell)}{mark}" if cell else "" for cell in row])


def pictured(pictures: Sequence[Path]) -> Iterator[str]:
    """Pictures below the report's folder, as lines of Markdown."""
    if pictures:
        yield from ("", "## Pictures")
    for path in pictures:
        yield from ("", f"![{path.stem}]({path.as_posix()})")


def markdown_text(lines: Iterator[str]) -> str:
    """A whole report."""
    return printable("\n".join(lines) + "\n")


def keep_report(path: str, text: str) -> None:
    """Write a report where it was asked for, and say so."""
    replace_file(Path(path), text.encode())
    note(f"Report: {path}")


def plain(text: str) -> str:
    """Text as Markdown shows it and does not obey it, in one line."""
    for mark in _OBEYED:
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
