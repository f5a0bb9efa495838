"""How far the baselines of texts come: `python -m benchmarks.text_baselines`.

Ten folds of the sentences and of the whole reviews, of each class every tenth after a seeded
shuffle; five of the names. Accuracy and balanced accuracy, means over the folds.
"""

from __future__ import annotations

import time

import numpy as np

from benchmarks.results import RESULTS, keep
from elman.data import load_texts
from elman.metrics.text_baselines import fit_texts

__all__ = ["FOLDS", "folds_of", "measured"]

FOLDS = {"movie_reviews/sentences": 10, "movie_reviews/reviews": 10, "names_by_language": 5}


def folds_of(labels: np.ndarray, folds: int, seed: int = 0) -> np.ndarray:
    """The fold of each row `[N]`: of each class equally many in each."""
    order = np.random.default_rng(seed).permutation(len(labels))
    found = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rows = order[labels[order] == label]
        found[rows] = np.arange(len(rows)) % folds
    return found


def measured(name: str, folds: int) -> dict[str, object]:
    """The scores of each baseline on one set."""
    data = load_texts(name, "all")
    assert data.labels is not None
    labels = np.unique(data.labels, return_inverse=True)[1]
    fold = folds_of(labels, folds)
    scores: dict[str, list[tuple[float, float]]] = {}
    seconds, size = [], []
    for k in range(folds):
        train, test = data.select(fold != k), data.select(fold == k)
        start = time.perf_counter()
        baselines = fit_texts(train.texts, labels[fold != k])
        seconds.append(time.perf_counter() - start)
        size.append(sum(array.nbytes for array in baselines.tensors().values()))
        for baseline, card in baselines.scorecards(test.texts, labels[fold == k]).items():
            pair = (card["accuracy"] or 0.0, card["balanced_accuracy"] or 0.0)
            scores.setdefault(baseline, []).append(pair)
    return {
        "texts": len(data),
        "folds": folds,
        "scores": {
            baseline: dict(
                zip(("accuracy", "balanced_accuracy"), np.mean(pairs, axis=0).tolist(), strict=True)
            )
            for baseline, pairs in scores.items()
        },
        "seconds to fit": float(np.median(seconds)),
        "MiB in a model file": max(size) / 2**20,
    }


def main() -> None:
    """Measure every set, and keep what is found."""
    report = {name: measured(name, folds) for name, folds in FOLDS.items()}
    keep(RESULTS, "text_baselines", report)
    for name, found in report.items():
        print(name, found)


if __name__ == "__main__":
    main()
