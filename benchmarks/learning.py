"""Problems that only memory solves: the adding problem, the copy task, MNIST pixel by pixel.

    python -m benchmarks.learning                          # all, one after the other
    python -m benchmarks.learning adding-lstm copying      # some of them

A run that was cut off goes on. Each problem is an entry of benchmarks/results/learning.json with
its goal, its score on data that it was not trained on, and the way there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep, load
from elman.blueprint import CellConfig, sequence_to_sequence
from elman.data.synthetic import ADDING_BASELINE, Copying, copying
from elman.models import build
from elman.targets import Target
from elman.training import Examples, ProgressDisplay, RunFolder, Trainer, TrainingConfig
from elman.training.loop.losses import WeightedSum

LAG, SYMBOLS, CLASSES = 100, 10, 8
BLANK = CLASSES  # as a target; the inputs also have a sign to begin
# Orthogonal recurrent weights keep what was read; a small rate lets them stay nearly so.
COPYING_CELL = CellConfig("rnn", 192)
COPYING = TrainingConfig(learning_rate=0.0003, schedule="cosine", batch_size=50, epochs=8)


def run_recipe(recipe: str, folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The result of a recipe, trained by the command line, and its epochs."""
    command = ["elman", "train", "--config", recipe, "--no-pictures"]
    out = folder / recipe
    if not (out / "model.elman").exists():
        resume = ["--resume"] if (out / "checkpoints" / "last.safetensors").exists() else []
        with open(folder / f"{recipe}.log", "a", encoding="utf-8") as log:
            line = [sys.executable, "-m", *command, "--out", str(out), *resume]
            subprocess.run(line, check=True, stdout=log, stderr=log)
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    return {"command": " ".join(command), **result}, read_epochs(out)


def read_epochs(out: Path) -> list[dict[str, Any]]:
    lines = (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def common(result: dict[str, Any], epochs: list[dict[str, Any]]) -> dict[str, Any]:
    """What every problem's entry tells."""
    names = ("command", "network", "parameters", "training", "best_epoch")
    return {
        **{name: result[name] for name in names if name in result},
        "seconds": round(sum(epoch["seconds"] for epoch in epochs), 1),
        "seconds_by_epoch": [round(epoch["seconds"], 2) for epoch in epochs],
    }


def adding(recipe: str, folder: Path) -> dict[str, Any]:
    result, epochs = run_recipe(recipe, folder)
    return {
        "goal": "test_mse < 0.01",
        "test_mse": result["test"]["rmse"] ** 2,
        "baseline_mse": ADDING_BASELINE,
        # The loss is that of targets with deviation 1: their variance brings it back.
        "validation_mse_by_epoch": [epoch["validation_loss"] * ADDING_BASELINE for epoch in epochs],
        **common(result, epochs),
    }


def pixels(recipe: str, folder: Path) -> dict[str, Any]:
    result, epochs = run_recipe(recipe, folder)
    return {
        "goal": "test_accuracy >= 0.98 in less than 3600 seconds on two cores",
        "test_accuracy": result["test"]["score"],
        "baselines": result["test"]["baselines"],
        "validation_accuracy_by_epoch": [epoch["validation_score"] for epoch in epochs],
        **common(result, epochs),
    }


def copy_task(name: str, folder: Path) -> dict[str, Any]:
    """By the library: no task of the command line answers with a class for each step.

    The cost is over the steps whose target is a symbol.
    """
    train, validation, test = (
        copying(rows, LAG, SYMBOLS, CLASSES, seed=seed)
        for rows, seed in ((20_000, 0), (1_000, 1), (2_000, 2))
    )
    mean = train.inputs.mean(axis=(0, 1))  # so that blanks, nearly all there is, drive nothing
    features = len(mean)
    blueprint = sequence_to_sequence(cells=COPYING_CELL, outputs=BLANK + 1, input_size=features)
    network = build(blueprint, seed=0)
    run = RunFolder(folder / name)
    with ProgressDisplay() as display:
        trainer = Trainer(
            network,
            cross_entropy,
            examples(train, mean),
            examples(validation, mean),
            COPYING,
            score=symbols_right,
            folder=run,
            listeners=[display],
        )
        history = trainer.run(resume=run.last.exists())
    held_out = examples(test, mean)
    with torch.no_grad():
        right = symbols_right(network(held_out.inputs), held_out).mean().item()
    result = {
        "network": blueprint.describe(),
        "parameters": blueprint.parameters,
        "training": COPYING.to_dict(),
        "best_epoch": history.best_epoch,
    }
    epochs = read_epochs(run.path)
    return {
        "goal": "test_accuracy of the symbols >= 0.99",
        "test_accuracy": right,
        "baseline_accuracy": test.baseline_accuracy,
        "validation_accuracy_by_epoch": [epoch["validation_score"] for epoch in epochs],
        "validation_loss_by_epoch": [epoch["validation_loss"] for epoch in epochs],
        **common(result, epochs),
    }


def examples(task: Copying, mean: np.ndarray) -> Examples:
    inputs, targets = torch.from_numpy(task.inputs - mean), torch.from_numpy(task.targets)
    return Examples(inputs, targets, kind=Target.CLASS_PER_STEP)


def cross_entropy(outputs: Tensor, batch: Examples) -> WeightedSum:
    """Over the steps whose target is a symbol, in nats."""
    scored = batch.targets != BLANK
    losses = F.cross_entropy(outputs[scored], batch.targets[scored], reduction="none")
    return WeightedSum(losses.sum(), losses.new_tensor(float(len(losses))))


def symbols_right(outputs: Tensor, batch: Examples) -> WeightedSum:
    """Of the steps whose target is a symbol."""
    scored = batch.targets != BLANK
    right = outputs.argmax(dim=2)[scored] == batch.targets[scored]
    return WeightedSum(right.sum().float(), scored.sum().float())


PROBLEMS: dict[str, Callable[[str, Path], dict[str, Any]]] = {
    "adding-lstm": adding,
    "adding-gru": adding,
    "copying": copy_task,
    "mnist-pixels": pixels,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("problems", nargs="*", help=f"of {', '.join(PROBLEMS)}; default all")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    given = parser.parse_args()
    for name in given.problems:
        if name not in PROBLEMS:
            parser.error(f"there is no problem {name!r}; choose of {', '.join(PROBLEMS)}")
    given.runs.mkdir(parents=True, exist_ok=True)
    for name in given.problems or PROBLEMS:
        entry = {**PROBLEMS[name](name, given.runs), "environment": environment()}
        keep(RESULTS, "learning", {**(load(RESULTS, "learning") or {}), name: entry})
        score = next(value for key, value in entry.items() if key.startswith("test_"))
        print(f"{name}: {score:.5f}; goal: {entry['goal']}")


if __name__ == "__main__":
    main()
