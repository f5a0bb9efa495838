"""How well folk tunes are learnt and written, over several seeds.

    nice -n 19 python -m benchmarks.melodies
    nice -n 19 python -m benchmarks.melodies --seeds 0 --choose   # judged on the validation part

1,033 tunes of Nottingham's collection (`nottingham`): a tenth, drawn by seed, is held out whole for
the test; of the rest a tenth chooses the epoch. Of each seed the test part is read once, at the
end: nats an event (a note, a rest, a bar line and the like; the tune's end is one). Then the model
writes 200 tunes freely, at temperature 1, with no metre or key asked for: how many are read again
as ABC as the very tune they are, and of the bars between two plain bar lines the share that fills
the metre. Events are written whole (a pitch has its duration, a tie leads to its note); bars are
held to nothing. Results: benchmarks/results/melodies.json.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np

from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep, load
from elman import Generator
from elman.data.melodies import Melodies
from elman.data.sets.melodies import load_melodies
from elman.registry import task_of

SET = "nottingham"
SHARE = 0.1
TUNES = 200


def parted(data: Melodies, seed: int) -> tuple[Melodies, Melodies]:
    """Tunes to learn from, and those that are held out."""
    held = np.zeros(len(data), dtype=bool)
    held[np.random.default_rng(seed).permutation(len(data))[: round(len(data) * SHARE)]] = True
    return data.select(~held), data.select(held)


def run(data: Melodies, seed: int, choose: bool) -> dict[str, Any]:
    """One training and its figures; where recipes are chosen, nothing of the test part."""
    train, test = parted(data, seed)
    begun = time.perf_counter()
    model = Generator.of("melodies", seed=seed, threads=1).fit(train)
    told = model.result_
    found = {
        "seed": seed,
        "validation": {
            "nats_per_token": told["validation_loss"],
            "baselines": told["validated_baselines"],
        },
        "best_epoch": told["best_epoch"],
        "epochs": told["epochs"],
        "training_seconds": round(model.history_.seconds, 1),
    }
    if not choose:
        judged = model.evaluate(test)
        names = ("nats_per_event", "nats_per_token", "events", "human_bars", "verdict")
        found["test"] = {name: judged[name] for name in names}
        found["test"]["baselines"] = {
            name: card["nats_per_event"] for name, card in judged["baseline_scores"].items()
        }
        known = {tune.events for tune in train.tunes}
        found["test"]["learnt_too"] = sum(tune.events in known for tune in test.tunes)
    found["sampled"] = model.model_.sampled(TUNES, seed=seed)
    return {**found, "seconds": round(time.perf_counter() - begun, 1)}


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over the seeds."""

    def middle(*path: str) -> float:
        found = []
        for one in runs:
            value: Any = one
            for name in path:
                value = value[name]
            found.append(value)
        return statistics.median(found)

    return {
        "nats_per_event": middle("test", "nats_per_event"),
        "bars_that_fill_the_metre": middle("sampled", "bars", "share"),
        "abc_parses": middle("sampled", "parsed") / TUNES,
        "training_seconds": middle("training_seconds"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--choose", action="store_true", help="read nothing of the test part")
    given = parser.parse_args()
    data = load_melodies(SET)
    row = task_of("generator").input_of("melodies")
    assert row is not None
    report = load(RESULTS, "melodies") or {"runs": []}
    if report.get("recipe") != dict(row.usual):
        report = {"runs": []}
    runs = [] if given.choose else report["runs"]
    for seed in given.seeds:
        if not any(one["seed"] == seed for one in runs):
            runs.append(run(data, seed, given.choose))
            print(runs[-1], flush=True)
        if not given.choose:
            runs.sort(key=lambda one: one["seed"])
            told = {"data": SET, "notes": list(data.notes), "recipe": dict(row.usual)}
            keep(RESULTS, "melodies", {"environment": environment(), **told,
                                       "median": summary(runs), "runs": runs})  # fmt: skip


if __name__ == "__main__":
    main()
