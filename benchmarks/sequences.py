"""How well whole sequences are classified: the table of all sets, over several seeds.

    nice -n 19 python -m benchmarks.sequences                     # all sets, three seeds each
    nice -n 19 python -m benchmarks.sequences ecg200 gunpoint --seeds 0
    nice -n 19 python -m benchmarks.sequences --choose            # judged within the training parts

One recipe (`elman train classifier --config sequences`) for all sets of `sequence_classification`,
of which none has an own setting, and one for the pen's digits (`--config pendigits`). Nothing is
validated: the last epoch's averaged weights answer. The recipes were chosen within training
parts, by three folds of each drawn by class, as `--choose` does it for any set; then each seed
learns from the whole training part and reads the test part once. (Earlier recipes had read them
before, as the results say.) Beside it: the nearest training sequence by dynamic time warping
without a window, and the figures that were published for LSTM-FCN (Karim et al. 2018, arXiv
1709.05206v1; 2019, arXiv 1801.04503v2) where these are known. ECG5000 and IndoorMovement have no
test part of their own: a fifth of each class is held out, the same one always. A seed that was
measured already is not run again.
Results: benchmarks/results/sequences.json.
"""

from __future__ import annotations

import argparse
import statistics
import warnings
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.model_selection import StratifiedKFold

from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep, load
from benchmarks.warping import nearest
from elman import Classifier
from elman.cli.settings import gather
from elman.data import load as load_set

SETS: dict[str, float | None] = {
    "cricketx": 0.782,
    "ecg200": 0.870,
    "ecgfivedays": 0.992,
    "gunpoint": 1.0,
    "japanesevowels": 1.0,
    "arem": 0.923,
    "ecg5000": None,
    "basicmotions": None,
    "indoormovement": None,
    "pendigits": None,
}
"""Each set's accuracy as published for LSTM-FCN, where it was on this very split."""
FOLDS = 3
HISTORY = (
    "Both recipes were chosen within training parts, but after earlier ones had read the test "
    "parts: that of the sets by folds of ECGFiveDays, AReM and ECG200 and on two sets that are not "
    "in the table (ArrowHead, Coffee), that of the digits by folds of theirs."
)
"""What is to be known of how the recipe came about."""


def recipe(name: str) -> dict[str, Any]:
    """What is told of the training of a set."""
    config = "pendigits" if name == "pendigits" else "sequences"
    return gather("classifier", config, {"data": name}, {}).parameters


def trained(told: dict[str, Any], X: Any, y: Any, seed: int) -> Classifier:
    """One training."""
    return Classifier(**told, seed=seed, threads=1).fit(X, y)


def run(name: str, seed: int) -> dict[str, Any]:
    """One training on a set's training part, and its figures on the test part."""
    train, test = load_set(name), load_set(name, "test")
    model = trained(recipe(name), train.sequences, train.labels, seed)
    found = model.evaluate(test.sequences, test.labels)
    assert model.history_ is not None
    return {
        "seed": seed,
        "accuracy": found["score"],
        "interval": found["interval"],
        "baselines": found["baselines"],
        "train_seconds": round(model.history_.seconds, 1),
        "parameters": model.result_["parameters"],
    }


def warped(name: str) -> float:
    """The accuracy of the nearest neighbour by dynamic time warping, of the values as they are."""
    train, test = load_set(name), load_set(name, "test")
    rows = [[row.astype(np.float32) for row in part.sequences.rows()] for part in (train, test)]
    found = nearest(rows[0], np.asarray(train.labels), rows[1])
    return float((found == test.labels).mean())


def chosen_by(name: str, seed: int) -> float:
    """The accuracy within the training part: each third by a network that has not seen it."""
    train = load_set(name)
    labels = np.asarray(train.labels)
    right = 0
    with warnings.catch_warnings():  # AReM has a class of two sequences
        warnings.simplefilter("ignore", UserWarning)
        folds = [*StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(labels, labels)]
    for learnt, held in folds:
        part, other = train.select(learnt), train.select(held)
        model = trained({**recipe(name), "baselines": False}, part.sequences, part.labels, seed)
        right += int((model.predict(other.sequences) == other.labels).sum())
    return right / len(labels)


def measured(name: str, seeds: list[dict[str, Any]], neighbour: float) -> dict[str, Any]:
    """What is kept of a set."""
    train, test = load_set(name), load_set(name, "test")
    return {
        "sequences": [len(train), len(test)],
        "recipe": recipe(name),
        "median": statistics.median(one["accuracy"] for one in seeds),
        "dtw": neighbour,
        "lstm_fcn": SETS[name],
        "seeds": seeds,
    }


def summary(sets: dict[str, Any]) -> dict[str, Any]:
    """The means over the sets with a published figure, where all of these are measured."""
    held = [name for name, published in SETS.items() if published is not None]
    if not all(name in sets for name in held):
        return {}
    found = {"elman": "median", "dtw": "dtw", "lstm_fcn": "lstm_fcn"}
    return {title: statistics.fmean(sets[n][key] for n in held) for title, key in found.items()}


def shown(report: dict[str, Any]) -> Table:
    """The table."""
    table = Table("set", "train", "test", "by seed", "median", "1-NN DTW", "LSTM-FCN")
    for name in SETS:
        if name not in report["sets"]:
            continue
        one = report["sets"][name]
        seeds = " ".join(f"{seed['accuracy']:.4f}" for seed in one["seeds"])
        published = "" if one["lstm_fcn"] is None else f"{one['lstm_fcn']:.3f}"
        sizes = map(str, one["sequences"])
        figures = (f"{one['median']:.4f}", f"{one['dtw']:.4f}", published)
        table.add_row(name, *sizes, seeds, *figures)
    if mean := report["mean"]:
        table.add_section()
        figures = [f"{mean[name]:.4f}" for name in ("elman", "dtw", "lstm_fcn")]
        table.add_row("mean of those with LSTM-FCN's", "", "", "", *figures)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", metavar="set", help=", ".join(SETS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--choose", action="store_true", help="judge within the training parts")
    given = parser.parse_args()
    names = given.sets or list(SETS)
    if unknown := set(names) - set(SETS):
        parser.error(f"no set of the table: {', '.join(sorted(unknown))}")
    if given.choose:
        for name in names:
            print(name, *(f"{chosen_by(name, seed):.4f}" for seed in given.seeds), flush=True)
        return
    for seed in given.seeds:
        for name in names:
            report = load(RESULTS, "sequences") or {"sets": {}, "mean": {}}
            known = report["sets"].get(name, {"recipe": None, "seeds": [], "dtw": None})
            seeds = known["seeds"] if known["recipe"] == recipe(name) else []
            if all(one["seed"] != seed for one in seeds):
                seeds = sorted([*seeds, run(name, seed)], key=lambda one: one["seed"])
            neighbour = known["dtw"] if known["dtw"] is not None else warped(name)
            report["sets"][name] = measured(name, seeds, neighbour)
            report["mean"] = summary(report["sets"])
            report["history"] = HISTORY
            report["environment"] = environment()
            keep(RESULTS, "sequences", report)
            print(name, seed, f"{seeds[-1]['accuracy']:.4f}", flush=True)
    Console().print(shown(load(RESULTS, "sequences") or {"sets": {}, "mean": {}}))


if __name__ == "__main__":
    main()
