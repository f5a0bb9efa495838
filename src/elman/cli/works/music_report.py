"""What a model of tunes or of chorales is worth: as it is printed, and as a report for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from elman.cli.works.report_tables import (
    MODEL,
    TRAINED,
    Rows,
    markdown,
    markdown_text,
    print_judged,
    report_lines,
    tested_on,
)
from elman.printable import many

__all__ = ["print_chorales", "print_melodies", "report_chorales", "report_melodies"]

_OF_MELODIES = {
    "nats_per_token": "nats a token",
    "perplexity": "perplexity",
    "nats_per_event": "nats an event",
}
_OF_CHORALES = {"nats_per_step": "nats a step", "nats_per_note": "nats a note"}


def print_melodies(result: Mapping[str, Any]) -> None:
    """What `evaluate` gives, with `data` and `part` added: baselines, then the model, then bars."""
    size = f"{result['events']:,} events of {many(result['tunes'], 'tune')}"
    title = f"{result['data']}, {result['part']} part, {size}"
    title += f", {result['level'] or 'no compiled'} kernels"
    tables = [_scores(result, _OF_MELODIES)._replace(title=title)]
    print_judged(result, tables, _bars(result))


def report_melodies(told: Mapping[str, Any], pictures: Sequence[Path] = ()) -> str:
    """A report in Markdown; see `report_lines`. `sample` is what the model wrote, in ABC."""
    wrote, test = told.get("sample"), told.get("test")
    samples = ("", "## What it wrote", "", "```", *wrote.splitlines(), "```") if wrote else ()
    more = ("", _bars(test)) if test else ()
    training = {"train_texts": "tunes of the training part", "train_tokens": "its tokens"}
    lines = report_lines(
        told,
        pictures,
        untested="No test part was read: nothing is known of how well it says new tunes.",
        judged=(*_judged(test, _OF_MELODIES), *more),
        samples=samples,
        counted=("tunes", "tune"),
        training={**training, **TRAINED},
    )
    return markdown_text(lines)


def print_chorales(result: Mapping[str, Any]) -> None:
    """What `evaluate` gives, with `data` and `part` added: baselines, then the model."""
    size = f"{result['steps']:,} steps of {many(result['pieces'], 'piece')}"
    title = f"{result['data']}, {result['part']} part, {size}"
    title += f", {result['level'] or 'no compiled'} kernels"
    print_judged(result, [_scores(result, _OF_CHORALES)._replace(title=title)])


def report_chorales(told: Mapping[str, Any], pictures: Sequence[Path] = ()) -> str:
    """A report in Markdown; see `report_lines`."""
    training = {"train_pieces": "pieces of the training part", "train_steps": "its steps"}
    lines = report_lines(
        told,
        pictures,
        untested="No test part was read: nothing is known of how well it says new pieces.",
        judged=_judged(told.get("test"), _OF_CHORALES),
        samples=(),
        counted=("pieces", "piece"),
        training={**training, **TRAINED},
    )
    return markdown_text(lines)


def _bars(result: Mapping[str, Any]) -> str:
    """How well bars are filled, in a sentence."""
    human, sampled = result["human_bars"], result.get("sampled")
    said = f"Bars between plain bar lines that fill the metre: of these tunes {_share(human)}"
    if sampled is None:
        return f"{said}."
    said += f"; of {sampled['tunes']} tunes that it wrote freely {_share(sampled['bars'])}"
    return f"{said}, {sampled['parsed']} of which are read again as ABC without a repair."


def _share(bars: Mapping[str, Any]) -> str:
    return "none has any" if bars["share"] is None else f"{bars['share']:.1%} of {bars['bars']:,}"


def _judged(test: Mapping[str, Any] | None, units: Mapping[str, str]) -> Iterator[str]:
    if test is not None:
        yield from ("", *markdown(_scores(test, units)._replace(title=tested_on(test))))
        yield from ("", "Every one is counted; baselines see the training part.")


def _scores(result: Mapping[str, Any], units: Mapping[str, str]) -> Rows:
    cards = {**result["baseline_scores"], MODEL: result}
    rows = [[name, *(_shown(card[unit]) for unit in units)] for name, card in cards.items()]
    return Rows(["", *units.values()], rows)


def _shown(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.4g}"
