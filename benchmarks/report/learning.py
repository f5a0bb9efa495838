"""Problems that only memory solves: the chapter and its picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.environment import describe_environment
from benchmarks.results import RESULTS, load
from elman.plots.style import canvas, save, title, whole_ticks
from elman.plots.themes import colours

__all__ = ["learning_chapter"]

HEADER = """## What only memory solves

Each run by `python -m benchmarks.learning NAME`; the epoch is chosen on a validation part, the test
part is read once, at the end. The baseline remembers nothing: the mean, chance, or a linear model.
"""
PROBLEMS = {
    "adding-lstm": "Adding, 400 steps, LSTM",
    "adding-gru": "Adding, 400 steps, GRU",
    "copying": "Copying, lag 100",
    "mnist-pixels": "MNIST, pixel by pixel",
}


def learning_chapter(pictures: Path) -> list[str]:
    """The chapter's parts; its picture goes to the folder `pictures`."""
    found = load(RESULTS, "learning") or {}
    kept = {name: found[name] for name in PROBLEMS if name in found}
    if not kept:
        return []
    lines = [
        "| problem | parameters | test | baseline | goal | epochs | minutes |",
        "|---|---:|---:|---:|---|---:|---:|",
    ]
    for name, entry in kept.items():
        score, baseline = _scores(entry)
        epochs, minutes = len(entry["seconds_by_epoch"]), f"{entry['seconds'] / 60:.1f}"
        cells = (PROBLEMS[name], f"{entry['parameters']:,}", score, baseline, entry["goal"])
        lines.append(f"| {' | '.join(map(str, (*cells, epochs, minutes)))} |")
    _draw(kept, pictures / "learning.svg")
    places = {describe_environment(entry["environment"]) for entry in kept.values()}
    return [
        HEADER,
        "\n".join(lines) + "\n",
        "![Validation results by epoch](docs/pictures/learning.svg)\n",
        *(f"{place}\n" for place in sorted(places)),
    ]


def _scores(entry: dict[str, Any]) -> tuple[str, str]:
    if "test_mse" in entry:
        return f"MSE {entry['test_mse']:.5f}", f"MSE {entry['baseline_mse']:.3f}"
    baseline = entry.get("baseline_accuracy")
    if baseline is None:
        baseline = max(entry["baselines"].values())
    return f"{100 * entry['test_accuracy']:.2f} %", f"{100 * baseline:.2f} %"


def _draw(kept: dict[str, dict[str, Any]], path: Path) -> None:
    """A panel for each problem: the validation result of every epoch, and its goal."""
    with canvas(3.0, width=9.0) as figure:
        title(figure, "Every epoch's result on the validation part", "The line is the goal.")
        for axes, (name, entry) in zip(
            figure.subplots(1, len(kept), squeeze=False)[0], kept.items(), strict=True
        ):
            errors = entry.get("validation_mse_by_epoch")
            values = errors or [100 * share for share in entry["validation_accuracy_by_epoch"]]
            axes.plot(range(1, len(values) + 1), values, color=colours().blue, marker="o", ms=3)
            axes.axhline(
                0.01 if errors else 99 if name == "copying" else 98, color=colours().ink, lw=0.8
            )
            axes.set(title=PROBLEMS[name], xlabel="epoch")
            whole_ticks(axes.xaxis, 5)
            axes.set_ylabel("mean squared error" if errors else "accuracy, %")
            if errors:
                axes.set_yscale("log")
        save(figure, path)
