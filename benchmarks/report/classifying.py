"""Whole sequences classified: the chapter."""

from __future__ import annotations

from typing import Any

from benchmarks.environment import describe_environment
from benchmarks.results import RESULTS, load

__all__ = ["classifying_chapter"]

HEADER = """## Sequences classified

`python -m benchmarks.sequences`: the sets of the UCR and UEA archives with one recipe
(`sequences`), and the pen's digits with their own; recipes are chosen within the training parts.
Beside the accuracy on the test part: the nearest training sequence by dynamic time warping,
logistic regression on all steps at once or on their mean, and what was published for LSTM-FCN.

| set | train / test | accuracy, by seed | median | 1-NN DTW | linear | LSTM-FCN |
|---|---:|---|---:|---:|---:|---:|
"""


def classifying_chapter() -> list[str]:
    """The chapter's parts."""
    found = load(RESULTS, "sequences")
    if found is None:
        return []
    lines = [_line(name, one) for name, one in found["sets"].items()]
    if mean := found["mean"]:
        figures = [f"{100 * mean[name]:.1f} %" for name in ("elman", "dtw", "lstm_fcn")]
        title = "mean of those with a published figure"
        lines.append(f"| {title} | | | {figures[0]} | {figures[1]} | | {figures[2]} |")
    said = [found["history"]] if found.get("history") else []
    parts = [f"{HEADER}{chr(10).join(lines)}\n", *(f"{one}\n" for one in said)]
    return [*parts, f"{describe_environment(found['environment'])}\n"]


def _line(name: str, one: dict[str, Any]) -> str:
    """A set's line."""
    seeds = ", ".join(f"{100 * seed['accuracy']:.1f}" for seed in one["seeds"])
    held = one["seeds"][0]["baselines"].items()
    linear = [score for title, score in held if title.startswith("logistic")]
    cells = [
        name,
        f"{one['sequences'][0]:,} / {one['sequences'][1]:,}",
        f"{seeds} %",
        f"{100 * one['median']:.1f} %",
        f"{100 * one['dtw']:.1f} %",
        f"{100 * linear[0]:.1f} %" if linear else "",
        "" if one["lstm_fcn"] is None else f"{100 * one['lstm_fcn']:.1f} %",
    ]
    return f"| {' | '.join(cells)} |"
