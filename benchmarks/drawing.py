"""How well characters are drawn by hands that nobody has seen, over several seeds.

    nice -n 19 python -m benchmarks.drawing                # three seeds
    nice -n 19 python -m benchmarks.drawing --seeds 0
    nice -n 19 python -m benchmarks.drawing --choose       # recipes, judged on drawers 13 to 15

Omniglot's first five alphabets: 136 characters, each drawn once by twenty people. Drawers 1 to 12
are learnt from, 13 to 15 choose recipe and epoch, 16 to 20 are the test part, which is read once.

Two figures. Nats a point of a generator that is told the character, beside one Gaussian for all
moves and a linear map of the last two (densities of moves in units of the drawing's size). And how
many of its drawings a separate classifier of strokes names as the character that was asked for:
five of each at temperature 0.25 (0.1, 0.5 and 1 are kept, too), beside how many of the real
drawings of the test part it names. The classifier has never seen what the generator draws. Recipes
and temperature were chosen on drawers 13 to 15 and the classifier of seed 0. A seed that was
measured already is not run again. Results: benchmarks/results/drawing.json.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np

from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep, load
from elman import Classifier, Generator
from elman.data import Drawings, load_drawings

VALIDATION = ("13", "14", "15")
EACH = 5  # drawings of each character
TEMPERATURES = (0.1, 0.25, 0.5, 1.0)
TEMPERATURE = 0.25
GENERATOR: dict[str, Any] = {
    "units": 256,
    "epochs": 40,
    "batch_size": 64,
    "learning_rate": 0.005,
    "dropout": 0.3,
    "deform": 0.1,
    "tolerance": 0.04,
}
CLASSIFIER: dict[str, Any] = {
    "cell": "gru",
    "units": 128,
    "bidirectional": True,
    "pool": "mean",
    "dropout": 0.3,
    "batch_size": 32,
    "learning_rate": 0.004,
    "schedule": "cosine",
    "epochs": 5,
    "baselines": False,
}
COPIES, DEFORM = 5, 0.12
"""Copies of each drawing, deformed, that the classifier learns from besides."""
CANDIDATES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "wider": {"units": 384},
    "more dropout": {"dropout": 0.4},
    "less deformed": {"deform": 0.05},
    "more points": {"tolerance": 0.02},
    "longer": {"epochs": 50},
}


def parts() -> tuple[Drawings, Drawings, Drawings]:
    """What is learnt from, what chooses, what tests."""
    train, test = load_drawings("omniglot", "train"), load_drawings("omniglot", "test")
    assert train.groups is not None  # the drawers
    held = np.isin(train.groups, VALIDATION)
    return train.select(~held), train.select(held), test


def generator(train: Drawings, held: Drawings, seed: int, **more: Any) -> Generator:
    """A generator that is told the character."""
    told = {**GENERATOR, **more, "validation": held, "seed": seed, "threads": 1}
    return Generator.of("drawings", **told).fit(train)


def classifier(train: Drawings, held: Drawings, seed: int) -> Classifier:
    """What names characters: it learns from deformed copies besides."""
    copies = [train.deformed(DEFORM, seed=100 * seed + k) for k in range(COPIES)]
    every = train.normalised().with_all(copies)
    told = {**CLASSIFIER, "validation": (held, held.labels), "seed": seed, "threads": 1}
    return Classifier(**told).fit(every, groups=None)


def named_right(names: Classifier, data: Drawings) -> float:
    """Which share of drawings is named as they are labelled."""
    return float(np.mean(names.predict(data) == data.labels))


def run_seed(seed: int) -> dict[str, Any]:
    """One training of each network, and the figures on the test part."""
    train, held, test = parts()
    started = time.perf_counter()
    draws = generator(train, held, seed)
    drawn_in = time.perf_counter() - started
    names = classifier(train, held, seed)
    told = draws.evaluate(test)
    samples = {
        f"{temperature:g}": named_right(
            names,
            draws.generate(list(draws.model_.classes), n=EACH, temperature=temperature, seed=seed),
        )
        for temperature in TEMPERATURES
    }
    return {
        "seed": seed,
        "nats_per_point": told["nats_per_point"],
        "baselines": told["baselines"],
        "named_right": samples[f"{TEMPERATURE:g}"],
        "named_right_by_temperature": samples,
        "real_named_right": named_right(names, test),
        "seconds_generator": round(drawn_in, 1),
        "parameters": draws.result_["parameters"],
    }


def measured(seeds: list[dict[str, Any]]) -> dict[str, Any]:
    """The seeds, and the medians of their figures."""
    names = ("nats_per_point", "named_right", "real_named_right")
    medians = {name: statistics.median(one[name] for one in seeds) for name in names}
    return {"recipe": _recipe(), "median": medians, "seeds": seeds}


def _recipe() -> dict[str, Any]:
    classes = {**CLASSIFIER, "copies": COPIES, "deform": DEFORM}
    return {"generator": GENERATOR, "classifier": classes, "temperature": TEMPERATURE}


def choose(names: list[str]) -> None:
    """Print what each candidate reaches on the drawers of the validation part."""
    train, held, _ = parts()
    for name in names:
        found = generator(train, held, 0, **CANDIDATES[name])
        print(f"{name:20} {found.evaluate(held)['nats_per_point']:.4f}", flush=True)


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
            keep(RESULTS, "drawing", {**report, "environment": environment()})
            print(seed, report["median"], flush=True)


def _known() -> list[dict[str, Any]]:
    """The seeds that were measured by this recipe."""
    report = load(RESULTS, "drawing") or {}
    return report.get("seeds", []) if report.get("recipe") == _recipe() else []


if __name__ == "__main__":
    main()
