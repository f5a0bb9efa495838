"""How well the language of a surname is told, over several seeds.

    nice -n 19 python -m benchmarks.names                # three seeds
    nice -n 19 python -m benchmarks.names --seeds 0
    nice -n 19 python -m benchmarks.names --choose       # shares, judged within the training part

Surnames of 18 languages, each pair of name and language once: 18,012 of them. A fifth of each
language, drawn by seed 0, is the test part, the same for all seeds; it is read once by each, at the
end. 1,022 of the pairs share their name with another language, so nobody can have them all.

Networks that differ in what they read with and in how they pool answer together, by the mean of
their probabilities; beside each a linear map of runs of letters answers, and rare languages are
raised by an adjustment of the logits. What each network is worth alone is kept, too. All was chosen
within the training part, of which a fifth was held out, three times (`--choose`): of all shares of
the linear map and strengths of the adjustment those that find most languages equally well (balanced
accuracy), among those that cost at most `COST` of the best accuracy. Then all of the training part
is learnt from. A seed that was measured already is not run again. Results:
benchmarks/results/names.json.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep, load
from benchmarks.text_baselines import folds_of
from elman import Classifier
from elman.data import load_texts
from elman.data.texts import LabelledTexts
from elman.metrics.calibration import softmax
from elman.metrics.scorecards import Card, class_card
from elman.metrics.text_linear import fit_text_linear

FIFTHS = 5
RECIPE: dict[str, Any] = {
    "codec": "characters",
    "cell": "gru",
    "units": 128,
    "bidirectional": True,
    "learning_rate": 0.004,
    "schedule": "cosine",
    "batch_size": 64,
    "epochs": 10,
}
_CONVOLVED: dict[str, Any] = {
    "embedding": 48,
    "convolutions": [192],
    "convolution_width": 3,
    "convolution_pool": 1,
    "beside": True,
    "dropout": 0.5,
}
NETWORKS: dict[str, dict[str, Any]] = {
    "convolved, pool max": {**_CONVOLVED, "pool": "max"},
    "pool last": {"embedding": 64, "dropout": 0.4, "pool": "last"},
}
BESIDE: dict[str, float] = {"linear": 0.6, "logit_adjustment": 0.4}
SPLITS = (1, 2, 3)  # seeds by which a fifth of the training part is held out to choose by
SHARES, ADJUSTMENTS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7), (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
COST = 0.004
"""Of the best accuracy of all: how much may be given for languages that are rare."""


def parts() -> tuple[LabelledTexts, LabelledTexts]:
    """All pairs: those that are learnt from, and a fifth of each language."""
    return held_out(load_texts("names_by_language", "all"), seed=0)


def held_out(data: LabelledTexts, seed: int) -> tuple[LabelledTexts, LabelledTexts]:
    """Some texts, without and with a fifth of each class."""
    fold = folds_of(data.labels, FIFTHS, seed)
    return data.select(fold != 0), data.select(fold == 0)


def fitted(train: LabelledTexts, seed: int, beside: Mapping[str, float]) -> list[Classifier]:
    """The networks, each trained on one thread; the first has the baselines."""
    return [
        Classifier(
            **RECIPE,
            **own,
            **beside,
            validation=None,
            baselines=k == 0,
            seed=seed,
            threads=1,
        ).fit(list(train.texts), train.labels)
        for k, own in enumerate(NETWORKS.values())
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
    models = fitted(train, seed, BESIDE)
    together, alone = cards(models, test)
    told = models[0].evaluate(list(test.texts), test.labels)
    return {
        "seed": seed,
        "test": together,
        "alone": dict(zip(NETWORKS, alone, strict=True)),
        "baselines": told["baseline_scores"],
        "parameters": sum(model.result_["parameters"] for model in models),
    }


def measured(seeds: list[dict[str, Any]]) -> dict[str, Any]:
    """The seeds, and the medians of their figures."""
    names = [*seeds[0]["test"]]
    medians = {name: statistics.median(one["test"][name] for one in seeds) for name in names}
    return {"recipe": _recipe(), "median": medians, "seeds": seeds}


def _recipe() -> dict[str, Any]:
    return {**RECIPE, "networks": NETWORKS, **BESIDE}


def taken(means: Mapping[tuple[float, float], Sequence[float]]) -> tuple[float, float]:
    """The share and adjustment to take, by what each pair reaches: accuracy, balanced accuracy.

    >>> taken({(0.5, 0.0): (0.84, 0.48), (0.5, 0.4): (0.837, 0.54), (0.5, 0.6): (0.82, 0.57)})
    (0.5, 0.4)
    """
    least = max(right for right, _ in means.values()) - COST
    return max((balanced, pair) for pair, (right, balanced) in means.items() if right >= least)[1]


def choose() -> None:
    """Print what each share and adjustment reach within the training part, and which to take."""
    found: dict[tuple[float, float], list[tuple[float, float]]] = {}
    for split in SPLITS:
        train, validation = held_out(parts()[0], seed=split)
        models = fitted(train, split, {})
        classes, index = np.unique(train.labels, return_inverse=True)
        texts, true = list(validation.texts), np.searchsorted(classes, validation.labels)
        linear = fit_text_linear(list(train.texts), index, len(classes), seed=split)(texts)
        common = np.log(np.bincount(index) / len(index))
        logits = [model.decision_function(texts) for model in models]
        for own, strength in itertools.product(SHARES, ADJUSTMENTS):
            each = [softmax((1 - own) * one + own * linear - strength * common) for one in logits]
            chances = np.mean(each, axis=0)
            card = class_card(true, chances.argmax(axis=1), chances, None)
            told = (card["accuracy"], card["balanced_accuracy"])
            found.setdefault((own, strength), []).append(told)
    means = {pair: np.mean(scores, axis=0).tolist() for pair, scores in found.items()}
    for (own, strength), (right, balanced) in means.items():
        print(f"linear {own:g}  logit_adjustment {strength:g}  {right:.4f} {balanced:.4f}")
    print("taken:", dict(zip(BESIDE, taken(means), strict=True)), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--choose", action="store_true", help="what is beside, and how much")
    given = parser.parse_args()
    if given.choose:
        choose()
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
