"""How well the recipes for time series forecast, over several seeds.

    python -m benchmarks.forecasting                        # all, three seeds each
    python -m benchmarks.forecasting m4-hourly --seeds 0

Each seed is one run of the command line, on one thread; a run that was cut off goes on. Results:
benchmarks/results/forecasting.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

import elman
from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep, load
from elman.data.series.windows import cut
from elman.data.sets.series import load_series

RECIPES = ("m4-hourly", "etth1-96", "etth1-336")
SPLIT = (8640, 11_520, 14_400)  # ETTh1: where training, validation and test part end


def run_seed(recipe: str, seed: int, folder: Path) -> dict[str, Any]:
    """One training by the command line, and its figures on the test part."""
    command = ["elman", "train", "--config", recipe, "--seed", str(seed), "--threads", "1"]
    out = folder / f"{recipe}-seed{seed}"
    if not (out / "model.elman").exists():
        resume = ["--resume"] if (out / "checkpoints" / "last.safetensors").exists() else []
        with open(folder / f"{recipe}-seed{seed}.log", "a", encoding="utf-8") as log:
            line = [sys.executable, "-m", *command, "--out", str(out), *resume]
            subprocess.run(line, check=True, stdout=log, stderr=log)
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    test = result["test"]
    parts = [out / "metrics.jsonl", out / "refit" / "metrics.jsonl"]
    epochs = [json.loads(line) for part in parts if part.exists() for line in _lines(part)]
    return {
        "seed": seed,
        "command": " ".join(command),
        "test": test["metrics"],
        "coverage": test["coverage"],
        "baselines": {name: row["mase"] for name, row in test["skill"].items()},
        "validation": result["validation"],
        "best_epoch": result["best_epoch"],
        "epochs": result["epochs"],
        "train_seconds": round(sum(epoch["seconds"] for epoch in epochs), 1),
        "parameters": result["parameters"],
        "network": result["network"],
        "training": result["training"],
        **(standardised(out / "model.elman") if recipe.startswith("etth1") else {}),
    }


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def standardised(path: Path) -> dict[str, Any]:
    """Mean squared errors on every test window of ETTh1, each column in its training deviation."""
    model = elman.load(path)
    panel = load_series("etth1").cut(SPLIT[2])
    deviation = np.array([panel.target[panel.rows(n)][: SPLIT[0]].std() for n in range(len(panel))])
    windows = cut(
        panel.offsets,
        panel.history,
        panel.gap_before,
        input_steps=model.plan.input_steps,
        horizon=model.plan.horizon,
        first=np.full(len(panel), SPLIT[1]),
    )
    work = model.forecasting(panel)
    unit = deviation[windows.series][:, None, None]
    actual = panel.target[windows.ahead()]
    errors = {"network": work.answers(windows).mean, "linear map": work.linear(windows)}
    found = {name: float(np.mean(((said - actual) / unit) ** 2)) for name, said in errors.items()}
    return {"windows": len(windows), "test_mse": found}


def medians(seeds: list[dict[str, Any]]) -> dict[str, float]:
    """Of the figures that the seeds share."""
    figures = {name: [seed["test"][name] for seed in seeds] for name in ("smape", "mase")}
    figures["coverage_80"] = [seed["coverage"][0]["found"] for seed in seeds]
    figures["train_seconds"] = [seed["train_seconds"] for seed in seeds]
    if "test_mse" in seeds[0]:
        for name in ("network", "linear map"):
            figures[f"mse, {name}"] = [seed["test_mse"][name] for seed in seeds]
    return {name: statistics.median(values) for name, values in figures.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipes", nargs="*", metavar="recipe", help=", ".join(RECIPES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    given = parser.parse_args()
    given.runs.mkdir(parents=True, exist_ok=True)
    for recipe in given.recipes or RECIPES:
        seeds = [run_seed(recipe, seed, given.runs) for seed in given.seeds]
        report = load(RESULTS, "forecasting") or {"recipes": {}}
        report["recipes"][recipe] = {"median": medians(seeds), "seeds": seeds}
        report["environment"] = environment()
        keep(RESULTS, "forecasting", report)
        print(recipe, report["recipes"][recipe]["median"])


if __name__ == "__main__":
    main()
