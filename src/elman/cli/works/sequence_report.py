"""What a model of sequences is worth: as it is printed, and as a report for a person."""

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
from elman.metrics.scorecards import SHARES, TITLES
from elman.printable import many

__all__ = ["data_facts", "print_scores", "report_text", "validated"]

_LISTED = 50  # classes, or features, that are listed one by one

_UNITS = (("step", "sequences"), ("character", "texts"), ("millisecond", "sounds"))
"""What the length of each is counted in, and what they are."""
_TRAINING = {"train_sequences": "sequences of the training part", **TRAINED}
"""What is told of a training, where it is known."""


def print_scores(result: Mapping[str, Any]) -> None:
    """What `evaluate` of a model gives, with `data` and `part` added: baselines, then the model."""
    title = f"{result['data']}, {result['part']} part, {_counted(result['sequences'])}"
    title += f", {result['level'] or 'no compiled'} kernels"
    tables = (_scores(result)._replace(title=title), _outputs(result))
    print_judged(result, [one for one in tables if one is not None], _between(result))


def data_facts(data: Any, told: Mapping[str, Any]) -> dict[str, Any]:
    """What was read, as plain data.

    Args:
        data: `LabelledSequences`, all that was read.
        told: More of it.
    """
    sizes, unit = data.sequences.sizes, data.sequences.unit
    facts: dict[str, Any] = {"name": data.name, "sequences": len(data)}
    facts[f"{unit}s"] = [int(sizes.min()), int(sizes.max())]
    facts |= {"features": list(data.feature_names), "notes": list(data.notes)}
    return facts | dict(told)


def report_text(told: Mapping[str, Any], pictures: Sequence[Path] = ()) -> str:
    """A report in Markdown.

    Args:
        told: As `result.json` has it: `task` and `network`, how the model came about, `data` and
            `split` as far as it is known, and `test`, what `evaluate` said.
        pictures: Of the test part, below the report's folder.
    """
    return markdown_text(_lines(told, pictures))


def _lines(told: Mapping[str, Any], pictures: Sequence[Path]) -> Iterator[str]:
    test, data = told.get("test"), told.get("data")
    name = data["name"] if data else test["data"] if test else "?"
    yield f"# {told['task'].capitalize()}: {plain(name)}"
    yield from ("", "## Verdict", "", _verdict(told))
    if test is not None:
        title = f"Scores on {test['data']}, {test['part']} part"
        yield from ("", *markdown(_scores(test)._replace(title=title)))
        yield from ("", f"{_counted(test['sequences'])}; baselines see the training part.")
        if (between := _between(test)) is not None:
            yield from ("", plain(between))
        for rows in (_spans(test), _classes(test), _outputs(test)):
            if rows is not None:
                yield from ("", *markdown(rows))
        if test["notes"]:
            yield from ("", "## Notes", "", *(f"- {plain(one)}" for one in test["notes"]))
    yield from ("", *markdown(_about(told)))
    yield from ("", "```", *told["network"].splitlines(), "```")
    yield from pictured(pictures)


def _verdict(told: Mapping[str, Any]) -> str:
    test = told.get("test")
    if test is None:
        return (
            "No test part was read: nothing is known of how good the model is on new sequences. "
            + validated(told)
        )
    said = test["verdict"] or "There are no baselines to hold the score against."
    if test.get("seen"):
        said += " Some of these sequences are not new to it: see the notes."
    return plain(said)


def validated(told: Mapping[str, Any]) -> str:
    """What is known of the best epoch, in a sentence: without a score it was chosen by the loss."""
    score, loss = told["validation_score"], told["validation_loss"]
    if loss is None:
        return "No validation part was set aside."
    name, value = ("Loss", loss) if score is None else ("Score", score)
    return f"{name} on the validation part: {value:.4f}."


def _scores(result: Mapping[str, Any]) -> Rows:
    """A row for each baseline, the model's below them."""
    known = [name for name in TITLES if name in result]
    if not known:  # a task with a score of its own
        own = {name: [_shown("", score)] for name, score in result["baselines"].items()}
        rows = {**own, MODEL: [_shown("", result["score"])]}
        return Rows(["", result["metric"]], [[name, *cells] for name, cells in rows.items()])
    cards = {**result["baseline_scores"], MODEL: result}
    rows = [[name, *(_shown(one, card.get(one)) for one in known)] for name, card in cards.items()]
    return Rows(["", *(TITLES[name] for name in known)], rows)


def _between(result: Mapping[str, Any]) -> str | None:
    """Where the score lies, for so few sequences tell so much; None where that is not known."""
    if result.get("interval") is None:
        return None
    low, high = (f"{100 * end:.1f} %" for end in result["interval"])
    return f"95 % interval of the {result['metric']}: {low} to {high}."


def _counted(sequences: int) -> str:
    return f"{sequences:,} sequence{'' if sequences == 1 else 's'}"


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "not defined"
    return f"{100 * value:.2f} %" if name in SHARES else f"{value:.4g}"


def _classes(result: Mapping[str, Any]) -> Rows | None:
    found = result.get("by_class")
    if not found:
        return None
    what = next(iter(found[0]))  # a class, or a label
    rows = [
        [str(one[what]), f"{one['count']:g}"]
        + [f"{one[name]:.3f}" for name in ("precision", "recall", "f1")]
        for one in found
    ]
    return Rows([what, "count", "precision", "recall", "F1"], rows, f"By {what}")


def _spans(result: Mapping[str, Any]) -> Rows | None:
    found = result.get("spans")
    if not found:
        return None
    rows = [
        [one["type"], str(one["true"]), str(one["found"])]
        + [f"{one[name]:.3f}" for name in ("precision", "recall", "f1")]
        for one in found
    ]
    return Rows(["type", "true", "found", "precision", "recall", "F1"], rows, "Spans by type")


def _outputs(result: Mapping[str, Any]) -> Rows | None:
    found = result.get("by_output")
    if not found:
        return None
    names = [name for name in TITLES if name in found[0]]
    rows = [
        [str(one["output"]) if called == MODEL else "", called]
        + [_shown(name, card[name]) for name in names]
        for one in found[:_LISTED]
        for called, card in {MODEL: one, **one.get("baselines", {})}.items()
    ]
    return Rows(["output", "", *(TITLES[name] for name in names)], rows, "By output")


def _about(told: Mapping[str, Any]) -> Rows:
    """What is known of data, split and training."""
    rows: list[list[str]] = []
    data, split = told.get("data"), told.get("split")
    if data:
        unit, what = next(pair for pair in _UNITS if f"{pair[0]}s" in data)
        low, high = data[f"{unit}s"]
        sizes = many(low, unit) if low == high else f"{low:,} to {high:,} {unit}s"
        rows.append(["data", f"{data['name']}: {data['sequences']:,} {what} of {sizes}"])
        if data["features"]:
            rows.append(["features", _listed(data["features"])])
        if "classes" in data:
            rows.append(["classes", _listed([f"{k} ({n:,})" for k, n in data["classes"].items()])])
        rows += [["read", one] for one in data["notes"]]
    if split:
        rows.append(["test part", split["how"]])
        if split.get("group"):
            rows.append(["groups", f"column {split['group']}: none is on both sides"])
    rows += [[called, str(told[name])] for name, called in _TRAINING.items() if name in told]
    if found := told.get("calibration"):
        errors = " before, ".join(f"{found[name]:.4f}" for name in ("error_before", "error_after"))
        said = f"temperature {found['temperature']:.3f}; expected calibration error {errors} after"
        rows.append(["calibration", f"{said}, of the validation part"])
    return Rows(["", ""], rows, "What was read and trained")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(str, names[:_LISTED]))
    return shown if len(names) <= _LISTED else f"{shown}, ... ({len(names):,} in all)"
