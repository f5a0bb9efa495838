"""Where the command line writes: results to stdout, everything else to stderr."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from elman.files import replace_file
from elman.printable import printable, printable_json
from elman.terminal import Terminal

__all__ = ["note", "print_json", "print_rows", "progress_console", "result_console"]
__all__ += ["write_rows"]

Rows = Iterable[dict[str, Any]]

result_console = Terminal(soft_wrap=True)
progress_console = Terminal(stderr=True, soft_wrap=True)


def note(message: str) -> None:
    """A line for the person at the terminal, never part of the result."""
    progress_console.print(message, markup=False, highlight=False)


def print_json(result: Any, line: bool = False) -> None:
    """A result for programs, on stdout; perhaps in a line."""
    print(printable_json(_json_text(result, None if line else 2)))


def _json_text(result: Any, indent: int | None = 2) -> str:
    return json.dumps(result, indent=indent, default=_plain, ensure_ascii=False)


def print_rows(rows: Rows, out: Path | None, json: bool, what: str) -> None:
    """A table for programs: on stdout as CSV or JSON, or in a file; what it is, is said.

    In a file and as JSON a text says what it says in the data; as CSV on stdout, which may be a
    terminal, what that would obey is written out.

    Args:
        rows: Values by column.
        out: Where to write CSV; None: stdout.
        json: JSON instead.
        what: Of how many things the table is, as "30 answers".
    """
    if out is not None:
        write_rows(rows, out, what, json)
        return
    note(what)
    if json:
        print_json(list(rows))
    else:
        print(printable(_csv_text(rows)), end="")


def write_rows(rows: Rows, out: Path, what: str, json: bool = False) -> None:
    """A table as a file, whole or not at all; see `print_rows`."""
    text = _json_text(list(rows)) + "\n" if json else _csv_text(rows)
    replace_file(out, text.encode())
    note(f"{what} are in {out}")


def _csv_text(rows: Rows) -> str:
    text = io.StringIO()
    writer: csv.DictWriter | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(text, fieldnames=list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow(row)
    return text.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no JSON form")
