"""What would be read of a file, as `elman data show` prints it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from elman.cli.console import result_console
from elman.cli.exits import Said, as_options
from elman.data.paths import AHEAD, SEEN
from elman.printable import many

__all__ = ["print_inspected"]

_SCENES = 10  # that are listed
_WIDTH = 72  # of a pair that is shown
_COLUMNS, _BESIDE = 14, 7  # that are shown: one below the other, and of the first rows


def print_inspected(found: Mapping[str, Any], options: Mapping[str, Said]) -> None:
    """Print what `elman.data.inspection.inspected` found, for a person.

    Args:
        found: As it gives it.
        options: How the command says its parameters.
    """
    facts = Table(show_header=False, box=None)
    facts.add_row("file", escape(f"{found['source']}, {found['bytes']:,} bytes"))
    for note in found["notes"]:
        facts.add_row("note", escape(note))
    if "pairs" in found:
        pairs = found["pairs"]
        shown = [f"{source}  →  {target}"[:_WIDTH] for source, target in pairs["first"]]
        facts.add_row("as pairs", escape("\n".join([pairs["describes"], *shown])))
        result_console.print(facts)
        _print_command(pairs)
        return
    if "paths" in found:
        facts.add_row("as paths", escape("\n".join(_paths(found["paths"], found, options))))
        if "sequences" not in found:
            result_console.print(facts)
            _print_command(found["paths"])
            return
    sequences, series = found["sequences"], found.get("series")
    read = {"sequences": _sequences(sequences), "series": _series(series)}
    for name, kind in (("sequences", sequences), ("series", series)):
        if kind and "error" in kind:
            read[name] = [_refused(kind, found, options)]
    clear = "labels" in (sequences or {}) and sequences["labels"] is not None
    for name, lines in read.items():
        if lines and not (clear and name == "series"):
            facts.add_row(f"as {name}", escape("\n".join(lines)))
    result_console.print(facts)
    if "columns" in found:
        result_console.print(_columns(found))
        result_console.print(_first_rows(found))
    for kind in (found.get("texts"), found.get("paths"), sequences, series):
        if not (clear and kind is series):
            _print_command(kind)


def _print_command(kind: Mapping[str, Any] | None) -> None:
    if kind and "command" in kind:
        begin = "Train on it: "
        if "text" in kind:  # which columns they are is a guess
            begin = f"If a row is a text in {kind['text']!r}, and its class in {kind['label']!r}: "
        result_console.print(begin + kind["command"], markup=False, highlight=False)


def _paths(
    paths: Mapping[str, Any], found: Mapping[str, Any], options: Mapping[str, Said]
) -> list[str]:
    if "error" in paths:
        return [_refused(paths, found, options)]
    steps = (
        f"a typical step is {paths['typical step']:.3g}, the longest {paths['longest step']:.3g}"
    )
    scenes = [
        f"{one['name']}: {many(one['agents'], 'agent')}, {many(one['steps'], 'step')}, "
        f"{many(one['windows'], 'window')}"
        for one in paths["scenes"][:_SCENES]
    ]
    more = len(paths["scenes"]) - _SCENES
    counted = f"{many(paths['windows'], 'window')} of {SEEN} + {AHEAD} steps; {steps}"
    return [paths["describes"], counted, *scenes, *([f"... and {more:,} more"] if more > 0 else [])]


def _refused(kind: Mapping[str, Any], found: Mapping[str, Any], options: Mapping[str, Said]) -> str:
    said = kind["error"].removeprefix(f"{found['source']}: ")
    return f"no: {said}; {as_options(kind['advice'], options)}"


def _sequences(found: Mapping[str, Any] | None) -> list[str]:
    if found is None or "error" in found:
        return []
    steps = _span(found["shortest"], found["longest"], found["unit"])
    features = f", {_listed(found['features'])}" if found["features"] else ""
    lines = [f"{many(found['count'], found['what'])} of {steps}{features}"]
    labels = found["labels"]
    if labels is None:
        lines.append("no labels; their column is named with --label")
    elif "classes" in found:
        counted = ", ".join(f"{label}: {count}" for label, count in labels.items())
        lines.append(f"{found['classes']} classes{' of steps' * ('labels at' in found)}: {counted}")
    else:
        lines.append(f"numbers to predict, from {labels['from']:.4g} to {labels['to']:.4g}")
    if "test part" in found:
        lines.append(f"its test part: {found['test part']}")
    return lines


def _series(found: Mapping[str, Any] | None) -> list[str]:
    if found is None or "error" in found:
        return []
    steps = _span(found["shortest"], found["longest"], "step")
    lines = [
        f"{found['count']} series of {steps}, {found['frequency']}, "
        f"{found['from']} to {found['to']}",
        f"target {_listed(found['target'])}; {many(found['gaps'], 'gap')} in time, "
        f"{many(found['missing'], 'value')} missing",
    ]
    if found["season"] > 1:
        lines[0] += f", season of {found['season']} steps"
    return lines


def _span(shortest: int, longest: int, noun: str) -> str:
    return many(longest, noun) if shortest == longest else f"{shortest} to {longest} {noun}s"


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:12])
    return shown if len(names) <= 12 else f"{shown}, ... ({len(names)} in all)"


def _columns(found: Mapping[str, Any]) -> Table:
    """What each column holds and is for."""
    table = Table(title=f"{found['rows']:,} rows", title_justify="left", title_style="bold")
    for heading in ("column", "is", "holds", "range", "missing"):
        table.add_column(heading, justify="right" if heading == "missing" else "left")
    for one in found["columns"][:_COLUMNS]:
        span = ""
        if one["holds"] == "number" and "from" in one:
            span = f"{one['from']:.6g} to {one['to']:.6g}"
        elif "from" in one:
            span = f"{one['from']} to {one['to']}"
        elif "distinct" in one:
            span = f"{one['distinct']} different: {', '.join(one['first'])}"
        holds = "whole numbers" if one.get("whole") else f"{one['holds']}s"
        missing = str(one["missing"]) if one["missing"] else ""
        row = (one["name"], one["role"], holds.replace("nothings", "nothing"), span[:60], missing)
        table.add_row(*map(escape, row))
    if len(found["columns"]) > _COLUMNS:
        table.caption = f"and {len(found['columns']) - _COLUMNS} more columns"
    return table


def _first_rows(found: Mapping[str, Any]) -> Table:
    table = Table(title="first rows", title_justify="left", title_style="bold")
    names = [one["name"] for one in found["columns"][:_BESIDE]]
    for name in names:
        table.add_column(escape(name), no_wrap=True)
    for row in found["first rows"]:
        cells = ["" if cell is None else str(cell)[:24] for cell in row[: len(names)]]
        table.add_row(*map(escape, cells))
    return table
