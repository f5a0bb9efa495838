"""What a translator is worth: as it is printed, and as a report for a person."""

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

__all__ = ["judged_name", "print_scores", "report_text"]

_UNITS = {
    "bleu": "BLEU",
    "chrf": "chrF2",
    "exact": "exact",
    "bleu_of_all": "BLEU, all references",
    "chrf_of_all": "chrF2, all references",
    "exact_of_all": "exact, all references",
}
_TRAINING = {
    "train_pairs": "pairs of the training part",
    "train_tokens": "tokens of their targets",
    "chosen_by": "epochs are chosen by",
    **TRAINED,
}


def judged_name(name: str) -> str:
    """What a score is called by which answers are judged."""
    return _UNITS.get(name, "score")


def print_scores(result: Mapping[str, Any]) -> None:
    """What `evaluate` of a model gives, with `data` and `part` added: baselines, then the model."""
    title = f"{result['data']}, {result['part']} part, {_size(result)}"
    title += f", {result['level'] or 'no compiled'} kernels"
    tables = [_scores(result)._replace(title=title)]
    if result["against"] is not None:
        tables.append(_against(result["against"]))
    print_judged(result, tables, _signatures(result))


def report_text(told: Mapping[str, Any], pictures: Sequence[Path] = ()) -> str:
    """A report in Markdown; see `report_lines`. `samples` are sources, references, answers."""
    lines = report_lines(
        told,
        pictures,
        untested="No test part was read: nothing is known of how well it writes for new sources.",
        judged=_judged(told.get("test")),
        samples=_samples(told.get("samples")),
        counted=("pairs", "pair"),
        training=_TRAINING,
    )
    return markdown_text(lines)


def _judged(test: Mapping[str, Any] | None) -> Iterator[str]:
    if test is None:
        return
    yield from ("", *markdown(_scores(test)._replace(title=tested_on(test))))
    yield from ("", plain(f"{_size(test)}. {_signatures(test) or ''}"))
    if test["against"] is not None:
        yield from ("", *markdown(_against(test["against"])))


def _samples(samples: Sequence[Any] | None) -> Iterator[str]:
    if not samples:
        return
    rows = [[a, " / ".join(right), said] for a, right, said in samples]
    headings = ["source", "references", "it wrote"]
    yield from ("", *markdown(Rows(headings, rows, "The first answers of the test part")))


def _size(result: Mapping[str, Any]) -> str:
    size = f"{many(result['pairs'], 'source')} with {many(result['references'], 'reference')}"
    if result["nats_per_token"] is None:
        return size
    return f"{size}, {result['nats_per_token']:.3f} nats a token of the first ones"


def _scores(result: Mapping[str, Any]) -> Rows:
    cards = {**result["baseline_scores"], MODEL: result}
    units = [unit for unit in _UNITS if any(card.get(unit) is not None for card in cards.values())]
    rows = [[name, *(_shown(unit, card[unit]) for unit in units)] for name, card in cards.items()]
    return Rows(["", *(_UNITS[unit] for unit in units)], rows)


def _shown(unit: str, value: float | None) -> str:
    if value is None:
        return "not known"
    return f"{value:.2%}" if unit.startswith("exact") else f"{value:.2f}"


def _signatures(result: Mapping[str, Any]) -> str | None:
    """How BLEU and chrF were counted."""
    said = [f"{_UNITS[name]}: {sign}." for name, sign in result["signatures"].items()]
    return " ".join(said) or None


def _against(told: Mapping[str, Any]) -> Rows:
    """A second model beside this one, and whether the difference may be chance."""
    rows = []
    for one in (told[name] for name in ("bleu", "chrf") if name in told):
        between = f"{one['low']:.2f} to {one['high']:.2f}"
        found = (one["first"], one["second"], one["difference"])
        rows.append([one["metric"], *(f"{x:.2f}" for x in found), between, f"{one['p_value']:.4f}"])
    headings = ["", "the other model", MODEL, "difference", "95 % of samples", "p"]
    return Rows(headings, rows, "Paired bootstrap test")
