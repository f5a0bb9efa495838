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
    pictured,
    plain,
    print_judged,
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
    """A report in Markdown.

    Args:
        told: As `result.json` has it: `task` and `network`, how the model came about, `data` and
            `split`, `samples` (names, what is said, what was heard), and `test`, what `evaluate`
            said, as far as known.
        pictures: Below the report's folder.
    """
    return markdown_text(_lines(told, pictures))


def _lines(told: Mapping[str, Any], pictures: Sequence[Path]) -> Iterator[str]:
    test, data = told.get("test"), told.get("data")
    name = data["name"] if data else test["data"] if test else "?"
    yield f"# {told['task'].capitalize()}: {plain(name)}"
    said = "No test part was read: nothing is known of how well it hears new recordings."
    if test is not None:
        said = test["verdict"] or "There are no baselines to hold the score against."
    yield from ("", "## Verdict", "", plain(said))
    if test is not None:
        title = f"Scores on {test['data']}, {test['part']} part"
        yield from ("", *markdown(_scores(test)._replace(title=title)), "", plain(_size(test)))
        if test["notes"]:
            yield from ("", "## Notes", "", *(f"- {plain(one)}" for one in test["notes"]))
    if told.get("samples"):
        headings = ["recording", "what is said", "what was heard"]
        table = Rows(headings, told["samples"], "The first answers of the test part")
        yield from ("", *markdown(table))
    rows = (
        [] if not data else [["data", f"{data['name']}: {many(data['recordings'], 'recording')}"]]
    )
    rows += [] if not data else [["read", one] for one in data["notes"]]
    rows += [["test part", told["split"]["how"]]] if told.get("split") else []
    rows += [[called, str(told[key])] for key, called in _TRAINING.items() if key in told]
    yield from ("", *markdown(Rows(["", ""], rows, "What was read and trained")))
    yield from ("", "```", *told["network"].splitlines(), "```")
    yield from pictured(pictures)


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
