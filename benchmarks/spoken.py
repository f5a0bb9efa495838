"""How well spoken digits are told apart, over several seeds.

    nice -n 19 python -m benchmarks.spoken                       # both tasks, three seeds each
    nice -n 19 python -m benchmarks.spoken official --seeds 0
    nice -n 19 python -m benchmarks.spoken official --choose     # judged within the training part

3,000 recordings of ten digits by six speakers (`free_spoken_digits`). `official`: the first five of
each digit and speaker are the test part. `speakers`: each speaker in turn is the test part, and no
one hears him or her before; the mean of six. Each speaker's recordings are heard in an order drawn
by seed, and the mean of those so far is taken off each band: nothing that comes later is used, and
no label. One unidirectional GRU. The test part is read once by each seed, at the end.

`official`'s recipe was chosen on recordings 5 to 9 of each digit and speaker, which the training
part has (`--choose`); then all of it is learnt from. Of `speakers` no score is that of an untouched
test: its network was chosen with george and jackson left out in turn (the mean of the other four
stands beside), and that the mean goes on from each recording to the next, by what a linear model
made of all six. A seed that was measured already is not run again.
Results: benchmarks/results/spoken.json.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import asdict
from typing import Any

import numpy as np

from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep, load
from elman import Classifier
from elman.data import Recordings, as_sequences, load_recordings
from elman.data.sets.sounds import SPEAKERS
from elman.metrics.baselines import fit_classification
from elman.transforms.sound import SoundDistortion, SoundFeatures, summary

SET = "free_spoken_digits"
CHOSEN_WITH = ("george", "jackson")
RECIPES: dict[str, dict[str, Any]] = {
    "official": {
        "sound": "mfcc,deltas=1,stack=2,stride=2",
        "distort": "copies=4,speed=0.1,noise_db=20,tilt=0.2,times=1,time_share=0.2",
        "cell": "gru",
        "units": 128,
        "pool": "mean",
        "dropout": 0.3,
        "learning_rate": 0.004,
        "schedule": "cosine",
        "batch_size": 64,
        "epochs": 8,
    },
    "speakers": {
        "cell": "gru",
        "units": 96,
        "pool": "mean",
        "dropout": 0.4,
        "learning_rate": 0.004,
        "schedule": "cosine",
        "batch_size": 64,
        "epochs": 5,
    },
}

FEATURES = {"bands": 24, "deltas": 1, "stack": 3, "stride": 3, "running_mean": 20.0}
"""What is read of `speakers`: the running mean goes on from each recording to the next."""
SPEEDS = (-0.2, -0.1, 0.0, 0.1, 0.2)
"""Logarithms of the speeds of each speaker: as many speakers of other pitch and formants."""
MASKS = SoundDistortion(times=1, time_share=0.15)


def heard(data: Recordings, speeds: tuple[float, ...], masks: bool, seed: int) -> Any:
    """Features of all recordings and their labels, each speaker heard in an order drawn by seed."""
    features = SoundFeatures(rate=data.rate, **FEATURES)
    draws = np.random.default_rng(seed)
    X, y = [], []
    assert data.groups is not None
    assert data.labels is not None
    for speaker in np.unique(data.groups):
        rows = np.flatnonzero(data.groups == speaker)
        for factor in speeds:
            order = draws.permutation(rows)
            signals = (faster(data.signals[row], np.exp(factor)) for row in order)
            for steps in features.in_turn(signals):
                X.append(MASKS.masked(steps, features, draws) if masks else steps)
            y += data.labels[order].tolist()
    return X, y


def faster(signal: np.ndarray, factor: float) -> np.ndarray:
    """A signal played so many times as fast, between samples straight."""
    places = np.arange(int(len(signal) / factor)) * factor
    return np.interp(places, np.arange(len(signal)), signal)


def run(recipe: dict[str, Any], train: Recordings, test: Recordings, seed: int) -> dict[str, Any]:
    """One training on recordings as they are and its figures on a test part."""
    model = Classifier(**recipe, seed=seed, validation=None, threads=1)
    model.fit(train)
    return told(model, train, test, model.evaluate(test))


def run_speaker(
    recipe: dict[str, Any], train: Recordings, test: Recordings, seed: int
) -> dict[str, Any]:
    """One training on what is heard of other speakers, and its figures on one."""
    model = Classifier(**recipe, seed=seed, validation=None, threads=1, baselines=False)
    model.fit(*heard(train, SPEEDS, True, seed))
    found = model.evaluate(*heard(test, (0.0,), False, seed))
    found["baselines"] = baselines(train, test)
    return told(model, train, test, found)


def baselines(train: Recordings, test: Recordings) -> dict[str, float | None]:
    """What a linear model has of each recording alone: 20 averages of 13 cepstral coefficients."""
    seen = [
        as_sequences([summary(one, data.rate) for one in data.signals]) for data in (train, test)
    ]
    fitted = fit_classification(seen[0], train.labels)
    cards = fitted.scorecards(seen[1], np.asarray(test.labels), None)
    return {name: card["accuracy"] for name, card in cards.items()}


def told(
    model: Classifier, train: Recordings, test: Recordings, found: dict[str, Any]
) -> dict[str, Any]:
    """What is kept of a training."""
    assert model.history_ is not None
    return {
        "test": test.name,
        "accuracy": found["score"],
        "interval": found["interval"],
        "recordings": len(test),
        "baselines": found["baselines"],
        "notes": found["notes"],
        "train_recordings": len(train),
        "train_seconds": round(model.history_.seconds, 1),
        "parameters": model.result_["parameters"],
        "network": model.result_["network"],
    }


def numbers(data: Recordings) -> np.ndarray:
    """The number of each recording of its digit and speaker: 12 of "7_theo_12"."""
    return np.array([int(name.rpartition("_")[2]) for name in data.ids])


def run_seed(task: str, seed: int, choose: bool) -> dict[str, Any]:
    """One seed of a task: a training, or one for each speaker."""
    recipe = RECIPES[task]
    if task == "official":
        train, test = load_recordings(SET), load_recordings(SET, "test")
        if choose:
            held = numbers(train) < 10
            train, test = train.select(~held), train.select(held)
        return {"seed": seed, **run(recipe, train, test, seed)}
    runs = {}
    for speaker in CHOSEN_WITH if choose else SPEAKERS:
        train, test = (load_recordings(SET, part, speaker) for part in ("train", "test"))
        runs[speaker] = run_speaker(recipe, train, test, seed)
        print(f"  {speaker} {runs[speaker]['accuracy']:.4f}", flush=True)
    mean = statistics.fmean(one["accuracy"] for one in runs.values())
    others = [one["accuracy"] for who, one in runs.items() if who not in CHOSEN_WITH]
    kept = {"seed": seed, "accuracy": mean, "speakers": runs}
    return kept | ({"accuracy_of_the_other_four": statistics.fmean(others)} if others else {})


def measured(task: str, seeds: list[dict[str, Any]]) -> dict[str, Any]:
    """A task's seeds, and the median of their accuracies."""
    names = [name for name in seeds[0] if name.startswith("accuracy")]
    medians = {name: statistics.median(seed[name] for seed in seeds) for name in names}
    return {"recipe": whole_recipe(task), "median": medians, "seeds": seeds}


def whole_recipe(task: str) -> dict[str, Any]:
    """All that a task's figures depend on."""
    if task == "official":
        return RECIPES[task]
    return {**RECIPES[task], "features": FEATURES, "speeds": list(SPEEDS), "masks": asdict(MASKS)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", metavar="task", help=", ".join(RECIPES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--choose", action="store_true", help="judge within the training part")
    given = parser.parse_args()
    for task in given.tasks or RECIPES:
        for seed in given.seeds:
            if given.choose:
                print(task, seed, run_seed(task, seed, True)["accuracy"], flush=True)
                continue
            report = load(RESULTS, "spoken") or {"tasks": {}}
            known = report["tasks"].get(task, {"recipe": None, "seeds": []})
            seeds = known["seeds"] if known["recipe"] == whole_recipe(task) else []
            if all(one["seed"] != seed for one in seeds):
                more = run_seed(task, seed, False)
                seeds = sorted([*seeds, more], key=lambda one: one["seed"])
            report["tasks"][task] = measured(task, seeds)
            report["environment"] = environment()
            keep(RESULTS, "spoken", report)
            print(task, seed, report["tasks"][task]["median"], flush=True)


if __name__ == "__main__":
    main()
