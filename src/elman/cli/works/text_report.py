"""What a language model is worth: as it is printed, and as a report for a person."""

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

_UNITS = {
    "nats_per_token": "nats a token",
    "perplexity": "perplexity",
    "bits_per_character": "bits a character",
    "bits_per_byte": "bits a byte",
}
_TRAINING = {
    "train_texts": "texts of the training part",
    "train_tokens": "its tokens",
    **TRAINED,
}


def print_scores(result: Mapping[str, Any]) -> None:
    """What `evaluate` of a model gives, with `data` and `part` added: baselines, then the model."""
    title = f"{result['data']}, {result['part']} part, {_size(result)}"
    title += f", {result['level'] or 'no compiled'} kernels"
    print_judged(result, [_scores(result)._replace(title=title)])


def report_text(told: Mapping[str, Any], pictures: Sequence[Path] = ()) -> str:
    """A report in Markdown; see `report_lines`. `sample` is what the model wrote."""
    wrote = told.get("sample")
    lines = report_lines(
        told,
        pictures,
        untested="No test part was read: nothing is known of how well it says new texts.",
        judged=_judged(told.get("test")),
        samples=("", "## What it wrote", "", "```", *wrote.splitlines(), "```") if wrote else (),
        counted=("texts", "text"),
        training=_TRAINING,
    )
    return markdown_text(lines)


def _judged(test: Mapping[str, Any] | None) -> Iterator[str]:
    if test is not None:
        yield from ("", *markdown(_scores(test)._replace(title=tested_on(test))))
        yield from ("", f"{_size(test)}, every one counted; baselines see the training part.")


def _size(result: Mapping[str, Any]) -> str:
    return f"{result['tokens']:,} tokens of {many(result['texts'], 'text')}"


def _scores(result: Mapping[str, Any]) -> Rows:
    cards = {**result["baseline_scores"], MODEL: result}
    if "dynamic" in result:
        cards["learning while it reads"] = result["dynamic"]
    rows = [[name, *(_shown(card[unit]) for unit in _UNITS)] for name, card in cards.items()]
    return Rows(["", *_UNITS.values()], rows)


def _shown(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.4g}"
