"""Where the command line writes: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

__all__ = ["note", "print_json", "progress_console", "result_console", "score_table"]

result_console = Console(soft_wrap=True)
progress_console = Console(stderr=True, soft_wrap=True)


def note(message: str) -> None:
    """A line for the person at the terminal, never part of the result."""
    progress_console.print(message, markup=False, highlight=False)


def print_json(result: Any) -> None:
    """A result for programs, on stdout."""
    print(json.dumps(result, indent=2, default=_plain, ensure_ascii=False))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def score_table(title: str, metric: str, scores: dict[str, float], percent: bool) -> Table:
    """The scores by name, the model's first, its baselines' below it; `percent` for shares."""
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("")
    table.add_column(metric, justify="right")
    for k, (name, score) in enumerate(scores.items()):
        shown = f"{100 * score:.2f} %" if percent else f"{score:.4g}"
        table.add_row(name, shown, style="bold green" if k == 0 else None)
    return table
