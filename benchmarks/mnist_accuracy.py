"""MNIST accuracy of a recipe over several seeds, with the way there.

    python -m benchmarks.mnist_accuracy mnist-lesson --seeds 0 1 2 --jobs 2

Each seed is one run of the command line; several may run at a time, since accuracy does not depend
on it. Time does: an epoch is timed in a run of its own. Results: benchmarks/results/RECIPE.json.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep


def command(recipe: str, seed: int) -> list[str]:
    options = ["--config", recipe, "--data", "mnist", "--seed", str(seed), "--threads", "1"]
    return ["elman", "train", *options, "--no-pictures"]


def run_seed(recipe: str, seed: int, folder: Path) -> dict[str, Any]:
    """One run; a run that was cut off goes on."""
    out = folder / f"{recipe}-seed{seed}"
    if not (out / "model.elman").exists():
        resume = ["--resume"] if (out / "checkpoints" / "last.safetensors").exists() else []
        line = [*command(recipe, seed), "--out", str(out), *resume]
        with open(folder / f"{recipe}-seed{seed}.log", "a", encoding="utf-8") as log:
            launch = [sys.executable, "-m", *line]
            subprocess.run(launch, check=True, stdout=log, stderr=log)
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    lines = (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    epochs = [json.loads(line) for line in lines]
    return {
        "seed": seed,
        "command": " ".join(command(recipe, seed)),
        "test_accuracy": result["test"]["score"],
        "baselines": result["test"]["baselines"],
        "validation": result["validation"],
        "validation_accuracy": result["validation_score"],
        "best_epoch": result["best_epoch"],
        "parameters": result["parameters"],
        "network": result["network"],
        "training": result["training"],
        "validation_accuracy_by_epoch": [epoch["validation_score"] for epoch in epochs],
    }


def seconds_alone(recipe: str, epochs: int, folder: Path) -> float:
    """Median seconds of an epoch, validation included, in a run with nothing beside it."""
    out = folder / f"{recipe}-alone"
    line = [*command(recipe, 0), "--no-baselines", "--epochs", str(epochs), "--out", str(out)]
    subprocess.run([sys.executable, "-m", *line], check=True, capture_output=True)
    lines = (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    shutil.rmtree(out)
    return statistics.median(json.loads(line)["seconds"] for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=1, help="seeds at a time")
    parser.add_argument("--alone", type=int, default=3, help="epochs to time an epoch with")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    given = parser.parse_args()
    given.runs.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(given.jobs) as pool:
        seeds = list(pool.map(lambda s: run_seed(given.recipe, s, given.runs), given.seeds))
    accuracies = [seed["test_accuracy"] for seed in seeds]
    report = {
        "recipe": given.recipe,
        "seconds_per_epoch": seconds_alone(given.recipe, given.alone, given.runs),
        "environment": environment(),
        "median_test_accuracy": statistics.median(accuracies),
        "seeds": seeds,
    }
    keep(RESULTS, given.recipe, report)
    print(f"{given.recipe}: median test accuracy {100 * report['median_test_accuracy']:.2f} %")


if __name__ == "__main__":
    main()
