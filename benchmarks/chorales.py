"""How well chorales are learnt, notes jointly and each by itself, over several seeds.

    nice -n 19 python -m benchmarks.chorales                      # both heads, three seeds each
    nice -n 19 python -m benchmarks.chorales joint --seeds 0 --choose

Bach's chorales in quarter notes with the usual parts (`chorales`; 229, 76 and 77 pieces): nats a
step, the first step counted, pitches by MIDI's 128 numbers. The recipe and the epoch are chosen on
the part `valid` (`--choose` reads nothing else); the part `test` is read once by each seed, at the
end. Results: benchmarks/results/chorales.json.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any

from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep, load
from elman import Generator
from elman.data.melodies import Chorales
from elman.data.sets.melodies import load_chorales
from elman.registry import task_of

SET = "chorales"
HEADS = ("joint", "independent")


def run(data: Chorales, chord: str, seed: int, choose: bool) -> dict[str, Any]:
    """One training and its figures; where recipes are chosen, nothing of the test part."""
    model = Generator.of("chorales", chord=chord, seed=seed, threads=1).fit(data)
    told = model.result_
    found = {
        "seed": seed,
        "validation": {
            "nats_per_step": told["validation_loss"],
            "baselines": told["validated_baselines"],
        },
        "best_epoch": told["best_epoch"],
        "epochs": told["epochs"],
        "parameters": told["parameters"],
        "training_seconds": round(model.history_.seconds, 1),
    }
    if not choose:
        judged = model.evaluate(data.part("test"))
        names = ("nats_per_step", "nats_per_note", "steps", "baselines", "verdict")
        found["test"] = {name: judged[name] for name in names}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("heads", nargs="*", default=list(HEADS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--choose", action="store_true", help="read nothing of the test part")
    given = parser.parse_args()
    data = load_chorales(SET)
    row = task_of("generator").input_of("chorales")
    assert row is not None
    report = load(RESULTS, "chorales") or {}
    if report.get("recipe") != dict(row.usual):
        report = {}
    heads: dict[str, Any] = report.get("heads", {})
    for chord in given.heads:
        runs = [] if given.choose else heads.setdefault(chord, {"runs": []})["runs"]
        for seed in given.seeds:
            if any(one["seed"] == seed for one in runs):
                continue
            runs.append(run(data, chord, seed, given.choose))
            print(chord, runs[-1], flush=True)
            if not given.choose:
                runs.sort(key=lambda one: one["seed"])
                middle = statistics.median(one["test"]["nats_per_step"] for one in runs)
                heads[chord]["median"] = {"nats_per_step": middle}
                told = {"data": SET, "recipe": dict(row.usual), "heads": heads}
                keep(RESULTS, "chorales", {"environment": environment(), **told})


if __name__ == "__main__":
    main()
