"""Language models: the chapter."""

from __future__ import annotations

from typing import Any

from benchmarks.environment import describe_environment
from benchmarks.results import RESULTS, load

__all__ = ["writing_chapter"]

HEADER = """## Writing

`python -m benchmarks.writing`. Every token of the test text is counted, the state is carried
through it; the epoch (and how a model learns while it reads) is chosen on a slice of the training
part, the test part is read once. n-grams are fitted on the same training part.
"""
SCORES = """| | nats a token | perplexity | bits a character | bits a byte | training, min |
|---|---:|---:|---:|---:|---:|
"""
TRIED = """| a step every | rate | decay | nats a token | time over scoring |
|---:|---:|---:|---:|---:|
"""
SPEED = """### Characters a second

Drawn one by one, batch 1, one thread, the same weights; medians of seven turns.

| LSTM units | Elman | PyTorch, stepped | ONNX Runtime, stepped | weights read, GB/s |
|---|---:|---:|---:|---:|
"""
SOFTMAX = """### A vocabulary of {vocabulary:,} words

`python -m benchmarks.softmax`: a training step of an LSTM of {size} cells, {rows} x {steps} words,
by Adam, and the perplexity of fresh words under the full softmax after {epochs} epochs of
{tokens:,} words.

| | step, ms | times faster | perplexity | over PyTorch's |
|---|---:|---:|---:|---:|
"""
_UNITS = ("nats_per_token", "perplexity", "bits_per_character", "bits_per_byte")


def writing_chapter() -> list[str]:
    """The chapter's parts."""
    report, softmax = load(RESULTS, "writing"), load(RESULTS, "softmax")
    parts = {} if report is None else report["parts"]
    made = [HEADER]
    for name, said in (("shakespeare", _shakespeare), ("encyclopedia", _encyclopedia)):
        if name in parts:
            made.append(said(parts[name]))
    if "wikitext2" in parts:
        made.append(_wikitext(parts["wikitext2"]))
    if "speed" in parts:
        rows = [
            _row(units, _rate(one, "elman"), *(_beside(one, who) for who in ("pytorch", "onnx")),
                 f"{one['gigabytes_a_second']:.1f}")
            for units, one in parts["speed"].items() if units != "environment"
        ]  # fmt: skip
        made.append(SPEED + "\n".join(rows) + "\n")
    measured = [*parts.values(), *([] if softmax is None else [softmax])]
    if softmax is not None:
        made.append(_softmax(softmax))
    places = sorted({describe_environment(part["environment"]) for part in measured})
    return [*made, *(f"{place}\n" for place in places)]


def _shakespeare(part: dict[str, Any]) -> str:
    dynamic, chosen = part["dynamic"], part["dynamic"]["chosen"]
    more = [_scores("learning while it reads", dynamic)]
    told = (
        f"Trained on two threads; {part['parameters']:,} parameters. Learning while it reads (a "
        f"step every {chosen.get('every', 40)} characters, rate {chosen['rate']:g}, decay "
        f"{chosen['decay']:g}, chosen on the slice) took {part['dynamic_over_score']:.1f} times as "
        "long as scoring."
    )
    if all("over_score" in one for one in dynamic["tried"]):
        rows = [
            _row(str(one["every"]), f"{one['rate']:g}", f"{one['decay']:g}",
                 f"{one['nats_per_token']:.4f}", f"{one['over_score']:.1f}×")
            for one in dynamic["tried"]
        ]  # fmt: skip
        told += f" On the slice:\n\n{TRIED}{chr(10).join(rows)}\n\n"
    head = "### Tiny Shakespeare, characters, the last tenth held out\n\n"
    wrote = f"At temperature 0.7 it writes:\n\n```\n{part['sample']}\n```\n"
    return f"{head}{_table(part, more)}\n{told} {wrote}"


def _encyclopedia(part: dict[str, Any]) -> str:
    likeness = ", ".join(
        f"{name} {one['spearman']:.2f} ({one['covered']:,} of {one['pairs']:,} pairs)"
        for name, one in part["likeness"].items()
        if one["spearman"] is not None
    )
    head = "### A small encyclopedia, 10,000 words, the last tenth held out\n\n"
    said = f"What its vectors say of the likeness of words (Spearman): {likeness}.\n"
    return f"{head}{_table(part)}\n{said}"


def _wikitext(part: dict[str, Any]) -> str:
    rows = [
        _scores(codec if who is None else f"{codec}: {who}", one)
        for codec, found in part.items()
        if codec != "environment"
        for who, one in [*found["baseline_scores"].items(), (None, found)]
    ]
    head = "### WikiText-2: its valid file learnt from, its test file the test\n\n"
    said = "Words leave out what their codec loses (unknown words, spaces): their bits are of less."
    return f"{head}{SCORES}{chr(10).join(rows)}\n\n{said}\n"


def _softmax(report: dict[str, Any]) -> str:
    rows = [
        _row(who, f"{one['step_ms']:.0f}", f"{one['times_faster']:.1f}",
             f"{one['perplexity']:.0f}", f"{100 * (one['perplexity_ratio'] - 1):+.1f} %")
        for who, one in report["results"].items()
    ]  # fmt: skip
    return SOFTMAX.format(**report["task"]) + "\n".join(rows) + "\n"


def _table(part: dict[str, Any], more: list[str] | None = None) -> str:
    rows = [_scores(who, card) for who, card in part["baseline_scores"].items()]
    rows += [_scores("**Elman**", part, part["train_seconds"]), *(more or [])]
    return SCORES + "\n".join(rows) + "\n"


def _scores(what: str, card: dict[str, Any], seconds: float | None = None) -> str:
    shown = ["" if card.get(one) is None else f"{card[one]:.4g}" for one in _UNITS]
    return _row(what, *shown, "" if seconds is None else f"{seconds / 60:.1f}")


def _beside(one: dict[str, Any], who: str) -> str:
    """The rate of the fastest way of another one, and how many times as fast ours is."""
    ways = [name for name in one["characters_a_second"] if name.startswith(who)]
    if not ways:
        return ""
    rates = one["characters_a_second"]
    best = max(ways, key=lambda name: rates[name])
    return f"{_rate(one, best)} ({rates['elman'] / rates[best]:.1f}×)"


def _rate(one: dict[str, Any], name: str) -> str:
    return f"{one['characters_a_second'][name]:,.0f}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
