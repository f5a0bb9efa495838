"""How agents in made-up scenes go on, beside constant velocity, over several seeds.

    nice -n 19 python -m benchmarks.paths                       # both sets, three seeds
    nice -n 19 python -m benchmarks.paths --seeds 0 --sets walkers

`walkers` turn and push each other aside; the velocity of `strollers` changes by chance, so that
there is little to foresee: there constant velocity must not be worse than the forecast in any
scene. Twelve scenes of each set are for training, two of which choose epoch and share of the
correction; four are the test part, read once by each seed, at the end. 8 steps of 0.4 s are read,
12 forecast; errors are metres. The recipe is that of `Forecaster.of("paths")`. A seed that was
measured already is not run again. Results: benchmarks/results/paths.json.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any

from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep, load
from elman import Forecaster
from elman.data.sets.walkers import load_paths
from elman.metrics.displacements import CONSTANT

SETS = ("walkers", "strollers")
ERRORS = ("ade", "fde")


def run_seed(name: str, seed: int) -> dict[str, Any]:
    """One training, and the figures of each scene of the test part."""
    model = Forecaster.of("paths", seed=seed, threads=1).fit(load_paths(name, "train"))
    found = model.evaluate(load_paths(name, "test"))
    kept = ("validation", "share", "width", "best_epoch", "parameters", "seconds", "train_windows")
    scenes = {
        scene: {key: told[key] for key in ("windows", *ERRORS, "share", "best_of", "inside")}
        | {"baselines": told["baselines"]}
        for scene, told in found["scenes"].items()
    }
    about = {key: model.result_[key] for key in kept}
    return {"seed": seed, **about, "verdict": found["verdict"], "scenes": scenes}


def summed(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Of each scene the median over seeds, as parts of constant velocity's errors."""
    found: dict[str, Any] = {}
    for scene in runs[0]["scenes"]:
        told = [run["scenes"][scene] for run in runs]
        usual = told[0]["baselines"][CONSTANT]
        found[scene] = {
            CONSTANT: usual,
            **{e: statistics.median(one[e] for one in told) for e in ERRORS},
            **{
                f"{e} against it": statistics.median(one[e] / usual[e] for one in told)
                for e in ERRORS
            },
            "worst": max(one[e] / usual[e] for one in told for e in ERRORS),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--sets", nargs="+", default=[*SETS], choices=SETS)
    given = parser.parse_args()
    report = load(RESULTS, "paths") or {"sets": {}}
    report["environment"] = environment()
    for name in given.sets:
        runs = report["sets"].setdefault(name, {}).setdefault("runs", [])
        for seed in given.seeds:
            if any(run["seed"] == seed for run in runs):
                continue
            runs.append(run_seed(name, seed))
            runs.sort(key=lambda run: run["seed"])
            report["sets"][name]["median"] = summed(runs)
            keep(RESULTS, "paths", report)
            print(name, seed, runs[-1]["verdict"], flush=True)


if __name__ == "__main__":
    main()
