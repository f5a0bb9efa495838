"""What a model of drawings is worth: as it is printed, and as a report for a person."""

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

__all__ = ["print_scores", "report_text"]

_UNIT = (
    "Nats a point: -log(probability) of all steps and ends, divided by the points. Moves are in "
    "units of the drawing's size, so the figure may be below zero; only differences mean something."
)
_TRAINING = {
    "train_drawings": "drawings of the training part",
    "train_points": "their points",
    "condition": "what is told",
    **TRAINED,
}


def print_scores(result: Mapping[str, Any]) -> None:
    """What `evaluate` of a model gives, with `data` and `part` added: baselines, then the model."""
    title = f"{result['data']}, {result['part']} part, {_size(result)}"
    title += f", {result['level'] or 'no compiled'} kernels"
    print_judged(result, [_scores(result)._replace(title=title)], _UNIT)


def report_text(told: Mapping[str, Any], pictures: Sequence[Path] = ()) -> str:
    """A report in Markdown; see `report_lines`."""
    lines = report_lines(
        told,
        pictures,
        untested="No test part was read: nothing is known of how well it says new drawings.",
        judged=_judged(told.get("test")),
        samples=(),
        counted=("drawings", "drawing"),
        training=_TRAINING,
    )
    return markdown_text(lines)


def _judged(test: Mapping[str, Any] | None) -> Iterator[str]:
    if test is not None:
        yield from ("", *markdown(_scores(test)._replace(title=tested_on(test))))
        yield from ("", f"{_size(test)}. {_UNIT} Baselines see the training part.")


def _size(result: Mapping[str, Any]) -> str:
    return f"{many(result['drawings'], 'drawing')}, {many(result['points'], 'point')}"


def _scores(result: Mapping[str, Any]) -> Rows:
    cards = {**result["baselines"], MODEL: result["nats_per_point"]}
    return Rows(["", "nats a point"], [[name, f"{score:.3f}"] for name, score in cards.items()])
