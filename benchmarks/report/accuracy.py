"""How accurate the recipes are: the chapter and its picture."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from benchmarks.environment import describe_environment
from benchmarks.results import RESULTS, load
from elman.plots.style import canvas, explain, save, title, whole_ticks
from elman.plots.themes import colours

__all__ = ["accuracy_chapter"]

RECIPES = {
    "mnist-lesson": "One simple layer of 150 neurons, batches of 150, Adam at 0.001: the setting "
    "of the classic introduction to recurrent networks (TensorFlow 1), with dropout 0.2 and a "
    "cosine decay of the learning rate",
    "mnist-best": "The most accurate recipe that ships: one bidirectional LSTM layer, images "
    "distorted a little at random while training",
}
HEADER = """## MNIST, read row by row

60,000 images, of which a twelfth is the validation part (drawn by class, by the run's seed): the
epoch is chosen there. The 10,000 test images are read once, at the end. Each image is 28 steps of
28 pixels.

![Validation accuracy against epochs and minutes](docs/pictures/mnist-accuracy.svg)
"""


def percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def section(report: dict[str, Any]) -> str:
    seeds = report["seeds"]
    first = seeds[0]
    baselines = ", ".join(f"{name} {percent(s)}" for name, s in first["baselines"].items())
    lines = [
        f"### `{report['recipe']}`: {percent(report['median_test_accuracy'])}",
        "",
        f"{RECIPES[report['recipe']]}; {first['parameters']:,} parameters. Median of "
        f"{len(seeds)} seeds. Baselines on the same test part: {baselines}.",
        "",
        "| seed | test | validation | epoch kept | epochs |",
        "|---:|---:|---:|---:|---:|",
    ]
    for seed in seeds:
        cells = (
            seed["seed"],
            percent(seed["test_accuracy"]),
            percent(seed["validation_accuracy"]),
            seed["best_epoch"],
            len(seed["validation_accuracy_by_epoch"]),
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += [
        "",
        f"`{first['command']}`",
        "",
        f"{report['seconds_per_epoch']:.1f} s an epoch on one thread, timed alone: "
        f"{describe_environment(report['environment'])}",
        "",
    ]
    return "\n".join(lines)


def picture(reports: list[dict[str, Any]], path: Path) -> None:
    """Validation accuracy against epochs and against time, each recipe a colour."""
    path.parent.mkdir(exist_ok=True)
    with canvas(4.0) as figure:
        by_epoch, by_time = figure.subplots(1, 2, sharey=True)
        for colour, report in zip(colours().palette, reports, strict=False):
            for k, seed in enumerate(report["seeds"]):
                shares = [100 * share for share in seed["validation_accuracy_by_epoch"]]
                name = report["recipe"] if k == 0 else None
                style = {"color": colour, "alpha": 0.75, "lw": 1.2, "label": name}
                by_epoch.plot(range(1, len(shares) + 1), shares, **style)
                minute = report["seconds_per_epoch"] / 60
                by_time.plot([minute * (n + 1) for n in range(len(shares))], shares, **style)
        by_epoch.set(xlabel="epoch", ylabel="validation accuracy, %", ylim=(96, 100))
        by_time.set(xlabel="minutes on one thread")
        whole_ticks(by_epoch.xaxis)
        for axes in (by_epoch, by_time):
            axes.grid(axis="y", color=colours().rule, lw=0.6)
        explain(by_time)
        told = [f"{r['recipe']} {percent(r['median_test_accuracy'])}" for r in reports]
        more = "Each line is a seed: the accuracy on the validation part after every epoch."
        title(figure, f"Median accuracy on the test part: {', '.join(told)}", more)
        save(figure, path)


def accuracy_chapter(pictures: Path) -> list[str]:
    """The chapter's parts; its picture goes to the folder `pictures`."""
    found = [load(RESULTS, recipe) for recipe in RECIPES]
    reports = [report for report in found if report is not None]
    for report in reports:  # the file is the source; a median that was edited would show
        scores = [seed["test_accuracy"] for seed in report["seeds"]]
        assert report["median_test_accuracy"] == statistics.median(scores)
    picture(reports, pictures / "mnist-accuracy.svg")
    return [HEADER, *map(section, reports)]
