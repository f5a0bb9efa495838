"""Tags of words: the chapter."""

from __future__ import annotations

from typing import Any

from benchmarks.environment import describe_environment
from benchmarks.results import RESULTS, load

__all__ = ["tagging_chapter"]

HEADER = """## Tags

`python -m benchmarks.tagging`: Universal Dependencies' English Web Treebank, gold words, vectors
that start at random; three seeds each, on one thread. The epoch is chosen on the development part,
the test part is read once. Chunks are runs of words of one universal tag, written as BIO spans.

| | tags, % | whole sentences, % | span F1, % | training, s |
|---|---:|---:|---:|---:|
"""


def tagging_chapter() -> list[str]:
    """The chapter's parts."""
    found = load(RESULTS, "tagging")
    if found is None:
        return []
    lines = [line for name, task in found["tasks"].items() for line in _task(name, task)]
    return [f"{HEADER}{chr(10).join(lines)}\n", f"{describe_environment(found['environment'])}\n"]


def _task(name: str, task: dict[str, Any]) -> list[str]:
    """A line for each baseline, each seed and the medians."""
    first = task["seeds"][0]
    lines = [_line(f"{name}: {who}", card) for who, card in first["baselines"].items()]
    for seed in task["seeds"]:
        lines.append(_line(f"{name}: seed {seed['seed']}", seed["test"], seed["train_seconds"]))
    return [*lines, _line(f"**{name}: median**", task["median"])]


def _line(what: str, scores: dict[str, Any], seconds: float | None = None) -> str:
    shown = [scores.get(name) for name in ("accuracy", "right", "span_f1")]
    cells = ["" if one is None else f"{100 * one:.2f}" for one in shown]
    return f"| {' | '.join([what, *cells, '' if seconds is None else f'{seconds:.0f}'])} |"
