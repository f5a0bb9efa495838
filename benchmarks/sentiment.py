"""How well short reviews are told apart, from scratch, by ten folds.

    nice -n 19 python -m benchmarks.sentiment                  # all ten folds of seed 0
    nice -n 19 python -m benchmarks.sentiment --folds 0 1      # some of them
    nice -n 19 python -m benchmarks.sentiment --choose         # recipes, judged on validation parts

Sentence polarity (Pang and Lee 2005, "Rotten Tomatoes"), 10,662 snippets, no vectors and no texts
from elsewhere. Folds are drawn by class; of each fold's training part a tenth is set aside to
choose the epoch on, and the test part is read once. The recipe was chosen on the validation parts
of two folds (`--choose`). A fold that was measured already is not run again. Results:
benchmarks/results/sentiment.json.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep, load
from elman import Classifier
from elman.data.texts import LabelledTexts

FOLDS = 10
RECIPE: dict[str, Any] = {
    "bidirectional": True,
    "units": 32,
    "pool": "attention",
    "min_count": 2,
    "dropout": 0.5,
    "input_dropout": 0.5,
    "word_dropout": 0.3,
    "learning_rate": 0.01,
    "schedule": "linear",
    "epochs": 6,
}
CANDIDATES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "mean": {"pool": "mean"},
    "attention": {"pool": "attention"},
    "last": {"pool": "last"},
    "more dropped": {"word_dropout": 0.3, "input_dropout": 0.5},
    "gru": {"cell": "gru"},
    "averaged": {"average": 0.995},
    "faster": {"learning_rate": 0.002, "schedule": "linear"},
}


def reviews() -> LabelledTexts:
    """The snippets, as they stand in the two files."""
    path = Path(os.environ["ELMAN_DATA"]) / "movie_reviews" / "rt-polaritydata.zip"
    texts: list[str] = []
    labels: list[str] = []
    with zipfile.ZipFile(path) as archive:
        for label in ("neg", "pos"):
            (name,) = (one for one in archive.namelist() if one.endswith(f".{label}"))
            lines = io.TextIOWrapper(archive.open(name), "utf-8", newline="\n")
            found = [line.rstrip("\n") for line in lines]
            texts += found
            labels += [label] * len(found)
    ids = tuple(map(str, range(len(texts))))
    return LabelledTexts(tuple(texts), np.array(labels), ids, "rt-polarity")


def folds(labels: np.ndarray, seed: int) -> np.ndarray:
    """The fold of each text `[N]`: of each class every fold has its share."""
    fold = np.zeros(len(labels), np.int64)
    draws = np.random.default_rng(seed)
    for label in np.unique(labels):
        rows = draws.permutation(np.flatnonzero(labels == label))
        fold[rows] = np.arange(len(rows)) % FOLDS
    return fold


def run_fold(data: LabelledTexts, recipe: dict[str, Any], seed: int, number: int) -> dict[str, Any]:
    """One training and its figures on its fold."""
    fold = folds(data.labels, seed)
    train, test = data.select(fold != number), data.select(fold == number)
    model = Classifier(**recipe, seed=seed, threads=1).fit(list(train.texts), train.labels)
    told = model.evaluate(list(test.texts), test.labels)
    assert model.history_ is not None
    return {
        "fold": number,
        "accuracy": told["accuracy"],
        "log_loss": told["log_loss"],
        "interval": told["interval"],
        "baselines": told["baselines"],
        "best_epoch": model.history_.best_epoch,
        "validation_accuracy_by_epoch": [r.validation_score for r in model.history_.records],
        "train_seconds": round(model.history_.seconds, 1),
        "parameters": model.result_["parameters"],
    }


def measured(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The folds of a seed, and the means of their figures."""
    names = [*found[0]["baselines"]]
    return {
        "accuracy": statistics.mean(one["accuracy"] for one in found),
        "baselines": {k: statistics.mean(one["baselines"][k] for one in found) for k in names},
        "folds_measured": len(found),
        "folds": found,
    }


def measure(
    name: str, data: LabelledTexts, recipe: dict[str, Any], seed: int, numbers: list[int]
) -> None:
    """Run the folds that were not measured yet by this recipe; keep them under a name."""
    for number in numbers:
        if all(one["fold"] != number for one in _known(name, recipe, seed)):
            found = run_fold(data, recipe, seed, number)
            known = [*_known(name, recipe, seed), found]  # another process may have kept more
            report = load(RESULTS, name) or {}
            seeds = report.get("seeds", {}) if report.get("recipe") == recipe else {}
            seeds[str(seed)] = measured(sorted(known, key=lambda one: one["fold"]))
            about = {"recipe": recipe, "seeds": seeds, "environment": environment()}
            keep(RESULTS, name, {**report, **about})
            print(number, found["accuracy"], seeds[str(seed)]["accuracy"], flush=True)


def _known(name: str, recipe: dict[str, Any], seed: int) -> list[dict[str, Any]]:
    """The folds of a seed that were measured by this recipe."""
    report = load(RESULTS, name) or {}
    seeds = report["seeds"] if report.get("recipe") == recipe else {}
    return seeds.get(str(seed), {}).get("folds", [])


def choose(
    data: LabelledTexts,
    recipe: dict[str, Any],
    candidates: dict[str, dict[str, Any]],
    names: list[str],
) -> None:
    """Print what each candidate reaches on the validation parts of two folds."""
    fold = folds(data.labels, 0)
    for name in names or candidates:
        scores = []
        for number in (0, 1):
            train = data.select(fold != number)
            model = Classifier(
                **{**recipe, **candidates[name]}, seed=number, threads=1, baselines=False
            ).fit(list(train.texts), train.labels)
            assert model.history_ is not None
            scores.append([round(r.validation_score, 4) for r in model.history_.records])
        best = statistics.mean(max(one) for one in scores)
        print(f"{name:20} {best:.4f}", scores, f"{model.history_.seconds:.0f} s", flush=True)


def options(candidates: dict[str, dict[str, Any]]) -> argparse.ArgumentParser:
    """What is run, from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folds", type=int, nargs="+", default=[*range(FOLDS)])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--choose", nargs="*", metavar="recipe", help=", ".join(candidates))
    return parser


def main() -> None:
    parser = options(CANDIDATES)
    parser.description = __doc__
    given = parser.parse_args()
    if given.choose is not None:
        choose(reviews(), RECIPE, CANDIDATES, given.choose)
    else:
        measure("sentiment", reviews(), RECIPE, given.seed, given.folds)


if __name__ == "__main__":
    main()
