"""How well the language of a surname is told, over several seeds.

    nice -n 19 python -m benchmarks.names                # three seeds
    nice -n 19 python -m benchmarks.names --seeds 0
    nice -n 19 python -m benchmarks.names --choose       # recipes, judged on a validation part

Surnames of 18 languages, each pair of name and language once: 18,012 of them. A fifth of each
language, drawn by seed 0, is the test part, the same for all seeds; it is read once by each, at the
end. Of the others a tenth is set aside by each seed to choose the epoch on. 1,022 of the pairs
share their name with another language, so nobody can have them all. The recipe was chosen within
the training part, of which a fifth was held out (`--choose`). A seed that was measured already is
not run again. Results: benchmarks/results/names.json.
"""

from __future__ import annotations

import argparse
import statistics
from collections import Counter
from typing import Any

import numpy as np

from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep, load
from benchmarks.text_baselines import folds_of
from elman import Classifier
from elman.data import load_texts
from elman.data.texts import LabelledTexts

FIFTHS = 5
RECIPE: dict[str, Any] = {
    "codec": "characters",
    "embedding": 64,
    "bidirectional": True,
    "units": 128,
    "pool": "max",
    "dropout": 0.4,
    "learning_rate": 0.003,
    "schedule": "cosine",
    "batch_size": 64,
    "epochs": 15,
}
RARE = 0.0
CANDIDATES: dict[str, dict[str, Any]] = {"as it is": {}}
FIGURES = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss")


def parts(seed: int = 0) -> tuple[LabelledTexts, LabelledTexts]:
    """All pairs: those that are learnt from, and a fifth of each language."""
    return held_out(load_texts("names_by_language", "all"), seed)


def held_out(data: LabelledTexts, seed: int) -> tuple[LabelledTexts, LabelledTexts]:
    """Some texts, without and with a fifth of each class."""
    fold = folds_of(data.labels, FIFTHS, seed)
    return data.select(fold != 0), data.select(fold == 0)


def softened(labels: np.ndarray, power: float) -> dict[str, float]:
    """A weight for each class: the inverse of its share, to a power; on average a text counts 1.

    >>> softened(np.array(["a", "a", "a", "a", "b"]), 0.5)
    {'a': 0.833..., 'b': 1.666...}
    """
    raw = {label: (len(labels) / n) ** power for label, n in Counter(labels.tolist()).items()}
    mean = statistics.mean(raw[label] for label in labels.tolist())
    return {label: weight / mean for label, weight in raw.items()}


def fitted(train: LabelledTexts, recipe: dict[str, Any], seed: int, **more: Any) -> Classifier:
    """A classifier, trained on one thread."""
    weights = softened(train.labels, recipe["rare"])
    told = {**{k: v for k, v in recipe.items() if k != "rare"}, **more}
    model = Classifier(**told, class_weight=weights, seed=seed, threads=1)
    return model.fit(list(train.texts), train.labels)


def run_seed(seed: int) -> dict[str, Any]:
    """One training and its figures on the test part."""
    train, test = parts()
    model = fitted(train, RECIPE, seed)
    told = model.evaluate(list(test.texts), test.labels)
    assert model.history_ is not None
    return {
        "seed": seed,
        "test": {name: told[name] for name in FIGURES},
        "interval": told["interval"],
        "baselines": told["baseline_scores"],
        "best_epoch": model.history_.best_epoch,
        "validation_accuracy_by_epoch": [r.validation_score for r in model.history_.records],
        "train_seconds": round(model.history_.seconds, 1),
        "parameters": model.result_["parameters"],
    }


def measured(seeds: list[dict[str, Any]]) -> dict[str, Any]:
    """The seeds, and the medians of their figures."""
    medians = {name: statistics.median(one["test"][name] for one in seeds) for name in FIGURES}
    return {"recipe": RECIPE, "median": medians, "seeds": seeds}


def choose(names: list[str]) -> None:
    """Print what each candidate reaches on a fifth of the training part."""
    train, validation = held_out(parts()[0], seed=1)
    given = list(validation.texts), validation.labels
    for name in names:
        recipe = {**RECIPE, **CANDIDATES[name]}
        model = fitted(train, recipe, 0, validation=given, baselines=False)
        told = model.evaluate(*given)
        assert model.history_ is not None
        shown = ", ".join(f"{told[figure]:.4f}" for figure in FIGURES[:2])
        print(f"{name:20} {shown}, {model.history_.seconds:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--choose", nargs="*", metavar="recipe", help=", ".join(CANDIDATES))
    given = parser.parse_args()
    if given.choose is not None:
        choose(given.choose or [*CANDIDATES])
        return
    for seed in given.seeds:
        report = load(RESULTS, "names") or {}
        seeds = report.get("seeds", []) if report.get("recipe") == RECIPE else []
        if all(one["seed"] != seed for one in seeds):
            seeds = sorted([*seeds, run_seed(seed)], key=lambda one: one["seed"])
        report = {**measured(seeds), "environment": environment()}
        keep(RESULTS, "names", report)
        print(seed, report["median"], flush=True)


if __name__ == "__main__":
    main()
