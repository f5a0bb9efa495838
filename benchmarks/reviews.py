"""How well whole reviews are told apart, from scratch, by ten folds.

    nice -n 19 python -m benchmarks.reviews                    # all ten folds of seed 0
    nice -n 19 python -m benchmarks.reviews --folds 0 1        # some of them
    nice -n 19 python -m benchmarks.reviews --choose           # recipes, judged on validation parts

Polarity documents (Pang and Lee 2004), 2,000 reviews of 17 to 2,741 words and signs, each read from
its first to its last; no vectors and no texts from elsewhere. Folds, and how epoch and recipe are
chosen, are as in `benchmarks.sentiment`. Results: benchmarks/results/reviews.json.
"""

from __future__ import annotations

from typing import Any

from benchmarks.sentiment import choose, measure, options
from elman.data import load_texts

RECIPE: dict[str, Any] = {
    "bidirectional": True,
    "units": 16,
    "embedding": 100,
    "min_count": 3,
    "pool": "mean",
    "dropout": 0.5,
    "input_dropout": 0.5,
    "word_dropout": 0.2,
    "learning_rate": 0.01,
    "schedule": "linear",
    "batch_size": 8,
    "epochs": 6,
}
CANDIDATES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "attention": {"pool": "attention"},
    "max": {"pool": "max"},
    "slower": {"learning_rate": 0.003, "schedule": "constant", "epochs": 8},
}


def main() -> None:
    parser = options(CANDIDATES)
    parser.description = __doc__
    given = parser.parse_args()
    data = load_texts("movie_reviews/reviews", "all")
    if given.choose is not None:
        choose(data, RECIPE, CANDIDATES, given.choose)
    else:
        measure("reviews", data, RECIPE, given.seed, given.folds)


if __name__ == "__main__":
    main()
