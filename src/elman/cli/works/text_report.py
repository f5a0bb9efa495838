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
    pictured,
    plain,
    print_judged,
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
    """A report in Markdown.

    Args:
        told: As `result.json` has it: `task` and `network`, how the model came about, `data` and
            `split`, `sample` (what it wrote), and `test`, what `evaluate` said, as far as known.
        pictures: Below the report's folder.
    """
    return markdown_text(_lines(told, pictures))


def _lines(told: Mapping[str, Any], pictures: Sequence[Path]) -> Iterator[str]:
    test, data = told.get("test"), told.get("data")
    name = data["name"] if data else test["data"] if test else "?"
    yield f"# {told['task'].capitalize()}: {plain(name)}"
    said = "No test part was read: nothing is known of how well it says new texts."
    if test is not None:
        said = test["verdict"] or "There are no baselines to hold the score against."
    yield from ("", "## Verdict", "", plain(said))
    if test is not None:
        title = f"Scores on {test['data']}, {test['part']} part"
        yield from ("", *markdown(_scores(test)._replace(title=title)))
        yield from ("", f"{_size(test)}, every one counted; baselines see the training part.")
        if test["notes"]:
            yield from ("", "## Notes", "", *(f"- {plain(one)}" for one in test["notes"]))
    if told.get("sample"):
        yield from ("", "## What it wrote", "", "```", *told["sample"].splitlines(), "```")
    rows = [] if not data else [["data", f"{data['name']}: {many(data['texts'], 'text')}"]]
    rows += [] if not data else [["read", one] for one in data["notes"]]
    rows += [["test part", told["split"]["how"]]] if told.get("split") else []
    rows += [[called, str(told[key])] for key, called in _TRAINING.items() if key in told]
    yield from ("", *markdown(Rows(["", ""], rows, "What was read and trained")))
    yield from ("", "```", *told["network"].splitlines(), "```")
    yield from pictured(pictures)


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
