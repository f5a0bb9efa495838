"""What a transcriber is worth: as it is printed, and as a report for a person."""

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
    plain,
    print_judged,
    report_lines,
    tested_on,
)
from elman.printable import many

__all__ = ["print_scores", "report_text"]

_TRAINING = {
    "train_recordings": "recordings of the training part",
    "train_steps": "steps of these",
    **TRAINED,
}


def print_scores(result: Mapping[str, Any]) -> None:
    """What `evaluate` of a model gives, with `data` and `part` added: baselines, then the model."""
    title = f"{result['data']}, {result['part']} part, {_size(result)}"
    title += f", {result['level'] or 'no compiled'} kernels"
    print_judged(result, [_scores(result)._replace(title=title)])


def report_text(told: Mapping[str, Any], pictures: Sequence[Path] = ()) -> str:
    """A report in Markdown; see `report_lines`. `samples` are names, texts, what was heard."""
    lines = report_lines(
        told,
        pictures,
        untested="No test part was read: nothing is known of how well it hears new recordings.",
        judged=_judged(told.get("test")),
        samples=_samples(told.get("samples")),
        counted=("recordings", "recording"),
        training=_TRAINING,
    )
    return markdown_text(lines)


def _judged(test: Mapping[str, Any] | None) -> Iterator[str]:
    if test is not None:
        yield from ("", *markdown(_scores(test)._replace(title=tested_on(test))), "")
        yield plain(_size(test))


def _samples(samples: Sequence[Any] | None) -> Iterator[str]:
    if samples:
        headings = ["recording", "what is said", "what was heard"]
        yield from ("", *markdown(Rows(headings, samples, "The first answers of the test part")))


def _size(result: Mapping[str, Any]) -> str:
    said = many(result["recordings"], "recording")
    said += f" with {many(result['label_errors']['labels'], 'label')}"
    return said if result["seconds"] is None else f"{said}, {result['seconds'] / 60:.1f} minutes"


def _scores(result: Mapping[str, Any]) -> Rows:
    headings = ["", "errors a label", "wrong", "left out", "put in", "errors a word", "all right"]
    rows = []
    for name, card in {**result["baseline_scores"], MODEL: result}.items():
        errors = card["label_errors"]
        counts = [f"{errors[kind]:,}" for kind in ("substitutions", "deletions", "insertions")]
        shares = [_share(one) for one in (errors["rate"], card["word_error_rate"], card["exact"])]
        rows.append([name, shares[0], *counts, *shares[1:]])
    return Rows(headings, rows)


def _share(value: float | None) -> str:
    return "not known" if value is None else f"{value:.2%}"
