"""How well the language of a surname is told, over several seeds.

    nice -n 19 python -m benchmarks.names                # three seeds
    nice -n 19 python -m benchmarks.names --seeds 0
    nice -n 19 python -m benchmarks.names --choose       # recipes, judged within the training part

Surnames of 18 languages, each pair of name and language once: 18,012 of them. A fifth of each
language, drawn by seed 0, is the test part, the same for all seeds; it is read once by each, at the
end. 1,022 of the pairs share their name with another language, so nobody can have them all.

Networks that differ in how they pool answer together, by the mean of their probabilities; what each
is worth alone is kept, too. Recipe and number of epochs were chosen within the training part, of
which a fifth was held out (`--choose`); then all of it is learnt from. A seed that was measured
already is not run again. Results: benchmarks/results/names.json.
"""

from __future__ import annotations

import argparse
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep, load
from benchmarks.text_baselines import folds_of
from elman import Classifier
from elman.data import load_texts
from elman.data.texts import LabelledTexts
from elman.metrics.scorecards import Card, class_card

FIFTHS = 5
RECIPE: dict[str, Any] = {
    "codec": "characters",
    "embedding": 64,
    "cell": "gru",
    "layers": 2,
    "units": 160,
    "bidirectional": True,
    "dropout": 0.5,
    "learning_rate": 0.004,
    "schedule": "cosine",
    "batch_size": 48,
    "epochs": 10,
}
POOLS = ("max", "attention", "last")  # a network for each
RARE = 0.15
"""By which power of its share's inverse a language counts: 0 all names alike, 1 all languages."""
CANDIDATES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "lstm": {"cell": "lstm"},
    "one layer": {"layers": 1},
    "narrower": {"units": 100, "dropout": 0.4},
    "three layers": {"layers": 3},
}


def parts() -> tuple[LabelledTexts, LabelledTexts]:
    """All pairs: those that are learnt from, and a fifth of each language."""
    return held_out(load_texts("names_by_language", "all"), seed=0)


def held_out(data: LabelledTexts, seed: int) -> tuple[LabelledTexts, LabelledTexts]:
    """Some texts, without and with a fifth of each class."""
    fold = folds_of(data.labels, FIFTHS, seed)
    return data.select(fold != 0), data.select(fold == 0)


def softened(labels: np.ndarray, power: float) -> dict[str, float]:
    """A weight for each class: the inverse of its share, to a power; on average a text counts 1.

    >>> found = softened(np.array(["a", "a", "a", "a", "b"]), 0.5)
    >>> {label: round(weight, 3) for label, weight in found.items()}
    {'a': 0.833, 'b': 1.667}
    """
    raw = {label: (len(labels) / n) ** power for label, n in Counter(labels.tolist()).items()}
    mean = statistics.mean(raw[label] for label in labels.tolist())
    return {label: weight / mean for label, weight in raw.items()}


def fitted(
    train: LabelledTexts, recipe: dict[str, Any], seed: int, pools: Sequence[str]
) -> list[Classifier]:
    """A network for each way to pool, trained on one thread; the first has the baselines."""
    weights = softened(train.labels, RARE)
    return [
        Classifier(
            **recipe,
            pool=pool,
            class_weight=weights,
            validation=None,
            baselines=k == 0,
            seed=seed,
            threads=1,
        ).fit(list(train.texts), train.labels)
        for k, pool in enumerate(pools)
    ]


def cards(models: Sequence[Classifier], given: LabelledTexts) -> tuple[Card, list[Card]]:
    """The scores of all networks together, and of each alone."""
    chances = [model.predict_proba(list(given.texts)) for model in models]
    true = np.searchsorted(models[0].classes_, given.labels)

    def card(chance: np.ndarray) -> Card:
        return class_card(true, chance.argmax(axis=1), chance, None)

    return card(np.mean(chances, axis=0)), [card(chance) for chance in chances]


def run_seed(seed: int) -> dict[str, Any]:
    """One training of each network, and the figures on the test part."""
    train, test = parts()
    models = fitted(train, RECIPE, seed, POOLS)
    together, alone = cards(models, test)
    told = models[0].evaluate(list(test.texts), test.labels)
    return {
        "seed": seed,
        "test": together,
        "alone": dict(zip(POOLS, alone, strict=True)),
        "baselines": told["baseline_scores"],
        "parameters": sum(model.result_["parameters"] for model in models),
    }


def measured(seeds: list[dict[str, Any]]) -> dict[str, Any]:
    """The seeds, and the medians of their figures."""
    names = [*seeds[0]["test"]]
    medians = {name: statistics.median(one["test"][name] for one in seeds) for name in names}
    return {"recipe": _recipe(), "median": medians, "seeds": seeds}


def _recipe() -> dict[str, Any]:
    return {**RECIPE, "pools": [*POOLS], "rare": RARE}


def choose(names: Sequence[str]) -> None:
    """Print what each candidate reaches on a fifth of the training part, pooled by `max`."""
    train, validation = held_out(parts()[0], seed=1)
    for name in names:
        models = fitted(train, {**RECIPE, **CANDIDATES[name]}, 0, POOLS[:1])
        card, _ = cards(models, validation)
        print(f"{name:20} {card['accuracy']:.4f} {card['balanced_accuracy']:.4f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--choose", nargs="*", metavar="recipe", help=", ".join(CANDIDATES))
    given = parser.parse_args()
    if given.choose is not None:
        choose(given.choose or [*CANDIDATES])
        return
    for seed in given.seeds:
        if all(one["seed"] != seed for one in _known()):
            found = run_seed(seed)  # meanwhile another process may have kept a seed
            report = measured(sorted([*_known(), found], key=lambda one: one["seed"]))
            keep(RESULTS, "names", {**report, "environment": environment()})
            print(seed, report["median"], flush=True)


def _known() -> list[dict[str, Any]]:
    """The seeds that were measured by this recipe."""
    report = load(RESULTS, "names") or {}
    return report.get("seeds", []) if report.get("recipe") == _recipe() else []


if __name__ == "__main__":
    main()
