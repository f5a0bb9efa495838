"""Tables of a report, for a terminal and for Markdown from the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from elman.cli.console import note, result_console
from elman.files import replace_file
from elman.printable import many, printable

__all__ = ["MODEL", "REPORT", "TRAINED", "Rows", "keep_report", "markdown", "markdown_text"]
__all__ += ["pictured", "plain", "print_judged", "report_lines", "terminal_table", "tested_on"]

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


def report_lines(
    told: Mapping[str, Any],
    pictures: Sequence[Path],
    *,
    untested: str,
    judged: Iterable[str],
    samples: Iterable[str],
    counted: tuple[str, str],
    training: Mapping[str, str],
) -> Iterator[str]:
    """The lines of a report: verdict, scores, notes, samples, what was read, network, pictures.

    Args:
        told: As `result.json` has it: `task` and `network`, how the model came about, `data` and
            `split`, and `test`, what `evaluate` said, as far as known.
        pictures: Below the report's folder.
        untested: The verdict where no test part was read.
        judged: Lines of the scores on the test part.
        samples: Lines of what the model said there.
        counted: Under which name the data tell how many there are, and of what.
        training: What is said of the training: a title for each name in `told`.
    """
    test, data = told.get("test"), told.get("data")
    name = data["name"] if data else test["data"] if test else "?"
    yield f"# {told['task'].capitalize()}: {plain(name)}"
    said = untested
    if test is not None:
        said = test["verdict"] or "There are no baselines to hold the score against."
    yield from ("", "## Verdict", "", plain(said), *judged)
    if test is not None and test["notes"]:
        yield from ("", "## Notes", "", *(f"- {plain(one)}" for one in test["notes"]))
    yield from samples
    rows = []
    if data:
        rows.append(["data", f"{data['name']}: {many(data[counted[0]], counted[1])}"])
        rows += [["read", one] for one in data["notes"]]
    rows += [["test part", told["split"]["how"]]] if told.get("split") else []
    rows += [[title, str(told[key])] for key, title in training.items() if key in told]
    yield from ("", *markdown(Rows(["", ""], rows, "What was read and trained")))
    yield from ("", "```", *told["network"].splitlines(), "```")
    yield from pictured(pictures)


def tested_on(test: Mapping[str, Any]) -> str:
    """The title of the scores of a test part."""
    return f"Scores on {test['data']}, {test['part']} part"


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
