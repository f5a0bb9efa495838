"""Translation: the chapter of what networks write."""

from __future__ import annotations

from typing import Any

from benchmarks.environment import describe_environment
from benchmarks.results import RESULTS, load

__all__ = ["translating_chapter"]

HEADER = """## Translating

`python -m benchmarks.translating`. The epoch is chosen on a part of the training part, the test
part is read once. BLEU and chrF are sacrebleu's ({signature}).
"""
TATOEBA = """### English to French

2,000 English sentences of Tatoeba; no spelling of them is learnt from. {parameters:,} parameters,
{minutes:.0f} minutes of training: every French sentence of the others first, then the first one of
each alone. BLEU against the first French sentence of each, and against all of them. Sentences a
second are of one thread, without torch.

| | BLEU | of all | chrF | exact | sentences a second |
|---|---:|---:|---:|---:|---:|
"""
WAYS = {
    "greedy": "**Elman**, greedy",
    "beam": "**Elman**, beam of 5",
    "beam, new targets": "the same, {pairs:,} whose French is not learnt from either",
}
ABLATION = """### What each choice is worth

After as many epochs each, on one thread; judged on a part that was not learnt from.

| | BLEU, greedy | BLEU, beam of 5 | parameters | training, min |
|---|---:|---:|---:|---:|
"""
BESIDE = """### Beside JoeyNMT

Its recurrent model by its own code, the same subwords and sizes, one thread for the same time each.

| | BLEU | chrF | target tokens learnt a second | training, min |
|---|---:|---:|---:|---:|
"""


def translating_chapter() -> list[str]:
    """The chapter's parts."""
    report = load(RESULTS, "translating")
    if report is None:
        return []
    parts, made = report["parts"], list[str]()
    for name, said in (("dates", _dates), ("tatoeba", _tatoeba), ("lesson", _lesson)):
        if name in parts:
            made.append(said(parts[name]))
    for name, head, said in (
        ("ablation", ABLATION, _choice), ("joeynmt", BESIDE, _system),
    ):  # fmt: skip
        if name in parts:
            kept = {k: v for k, v in parts[name].items() if k != "environment"}
            made.append(head + "\n".join(said(k, v) for k, v in kept.items()) + "\n")
    places = sorted({describe_environment(part["environment"]) for part in parts.values()})
    signature = parts.get("tatoeba", {}).get("beam", {}).get("signatures", [""])[0]
    return [HEADER.format(signature=signature), *made, *(f"{place}\n" for place in places)]


def _dates(part: dict[str, Any]) -> str:
    best = max(part["baselines"].values())
    return (
        f"Dates as people write them to ISO 8601, with the defaults: {100 * part['exact']:.2f} % "
        f"of {part['pairs']:,} unseen ones exactly (the best baseline {100 * best:.2f} %), after "
        f"{part['train_seconds']:.0f} s of training.\n"
    )


def _tatoeba(part: dict[str, Any]) -> str:
    seconds = part["train_seconds"] + part["first"]["train_seconds"]
    head = TATOEBA.format(parameters=part["parameters"], minutes=seconds / 60)
    rows = [_row(name, card) for name, card in part["baselines"].items()]
    rows += [_row(title.format(**part[way]), part[way]) for way, title in WAYS.items()]
    shown = "\n".join(f"| {' | '.join(one)} |" for one in part["examples"])
    table = f"| English | written | first French sentence |\n|---|---|---|\n{shown}\n"
    return f"{head}{chr(10).join(rows)}\n\n{part['verdict']}\n\n{table}"


def _lesson(part: dict[str, Any]) -> str:
    found = part["greedy"]
    return (
        "The network of the classic introduction to recurrent networks (TensorFlow 1), the source "
        f"reversed, no attention, greedy: BLEU {found['bleu']:.2f}, chrF {found['chrf']:.2f}, "
        f"after {part['train_seconds'] / 60:.0f} minutes.\n"
    )


def _choice(name: str, one: dict[str, Any]) -> str:
    scores = [f"{one['beams'][beam]['bleu']:.2f}" for beam in ("1", "5")]
    said = [name, *scores, f"{one['parameters']:,}", f"{one['train_seconds'] / 60:.1f}"]
    return f"| {' | '.join(said)} |"


def _system(name: str, one: dict[str, Any]) -> str:
    said = [f"{one['bleu']:.2f}", f"{one['chrf']:.2f}", f"{one['tokens_a_second']:,.0f}"]
    said.append(f"{one['train_seconds'] / 60:.1f}")
    return f"| {' | '.join([name, *said])} |"


def _row(name: str, card: dict[str, Any]) -> str:
    rate = card.get("sentences_a_second")
    scores = [f"{card[one]:.2f}" for one in ("bleu", "bleu_of_all", "chrf")]
    cells = [name, *scores, f"{100 * card['exact']:.1f} %", "" if rate is None else f"{rate:.0f}"]
    return f"| {' | '.join(cells)} |"
