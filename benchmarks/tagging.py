"""How well English words are tagged, from scratch, over several seeds.

    python -m benchmarks.tagging                          # all tasks, three seeds each
    python -m benchmarks.tagging "universal tags" --seeds 0

Universal Dependencies' English Web Treebank, gold words, no vectors from elsewhere: its universal
tags; and chunks of our making, runs of words of one tag written as BIO spans, learnt as whole paths
and step by step (by a smaller network, as what is asked is which of the two is better). The epoch
is chosen on the development part, the test part is read once. A seed that was measured already is
not run again. Results: benchmarks/results/tagging.json.
"""

from __future__ import annotations

import argparse
import os
import statistics
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.environment import environment
from benchmarks.results import RESULTS, keep, load
from elman import Tagger
from elman.data.readers.conll import read_tagged
from elman.training import EpochEnd

RECIPE: dict[str, Any] = {
    "units": 150,
    "characters": 50,
    "character_units": 75,
    "dropout": 0.5,
    "input_dropout": 0.4,
    "recurrent_dropout": 0.2,
    "word_dropout": 0.25,
    "learning_rate": 0.003,
    "schedule": "cosine",
    "batch_tokens": 700,
    "epochs": 12,
}
_CHUNKS = {"scheme": "bio", "units": 100, "characters": 25, "character_units": 25, "epochs": 6}
TASKS: dict[str, dict[str, Any]] = {
    "universal tags": {"output": "crf"},
    "chunks, crf": {"output": "crf", **_CHUNKS},
    "chunks, softmax": {"output": "softmax", **_CHUNKS},
}
Part = tuple[list[list[str]], list[list[str]]]


def part(name: str, chunks: bool) -> Part:
    """Words and tags of a part of the treebank."""
    folder = Path(os.environ["ELMAN_DATA"]) / "ud_english_ewt"
    read = read_tagged(folder / f"en_ewt-ud-{name}.conllu.gz")
    assert read.tags is not None
    return read.words, [as_spans(row) for row in read.tags] if chunks else read.tags


def as_spans(tags: list[str]) -> list[str]:
    """Runs of one tag as spans.

    >>> as_spans(["DET", "NOUN", "NOUN", "VERB"])
    ['B-DET', 'B-NOUN', 'I-NOUN', 'B-VERB']
    """
    runs = [(tag, len([*run])) for tag, run in groupby(tags)]
    return [
        f"{letter}-{tag}"
        for tag, steps in runs
        for letter in ("B", *("I" for _ in range(steps - 1)))
    ]


def tell(event: Any) -> None:
    """A line for each epoch: a run takes minutes."""
    if isinstance(event, EpochEnd):
        one = event.record
        said = f"epoch {one.epoch}: {one.validation_score:.4f}, loss {one.validation_loss:.4f}"
        print(f"  {said}, {one.seconds:.0f} s", flush=True)


def run_seed(task: str, seed: int) -> dict[str, Any]:
    """One training and its figures on the test part."""
    train, validation, test = (part(name, "chunks" in task) for name in ("train", "dev", "test"))
    told: dict[str, Any] = {**RECIPE, **TASKS[task], "seed": seed}
    tagger = Tagger(**told, validation=validation, threads=1)
    tagger.set_params(callbacks=[tell]).fit(*train)
    assert tagger.history_ is not None
    result = tagger.evaluate(*test)
    figures = ("accuracy", "balanced_accuracy", "macro_f1", "right", "span_f1")
    return {
        "seed": seed,
        "test": {name: result[name] for name in figures if name in result},
        "baselines": result["baseline_scores"],
        "notes": result["notes"],
        "validation_accuracy_by_epoch": [r.validation_score for r in tagger.history_.records],
        "best_epoch": tagger.history_.best_epoch,
        "train_seconds": round(tagger.history_.seconds, 1),
        "parameters": tagger.result_["parameters"],
        "network": tagger.result_["network"],
        "training": tagger.result_["training"],
    }


def measured(task: str, seeds: list[dict[str, Any]]) -> dict[str, Any]:
    """A task's seeds, and the medians of their figures."""
    names = [*seeds[0]["test"]]
    medians = {name: statistics.median(seed["test"][name] for seed in seeds) for name in names}
    return {"recipe": {**RECIPE, **TASKS[task]}, "median": medians, "seeds": seeds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", metavar="task", help=", ".join(TASKS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    given = parser.parse_args()
    for task in given.tasks or TASKS:
        for seed in given.seeds:
            report = load(RESULTS, "tagging") or {"tasks": {}}
            known = report["tasks"].get(task, {"recipe": None, "seeds": []})
            seeds = known["seeds"] if known["recipe"] == {**RECIPE, **TASKS[task]} else []
            if all(one["seed"] != seed for one in seeds):
                seeds = sorted([*seeds, run_seed(task, seed)], key=lambda one: one["seed"])
            report["tasks"][task] = measured(task, seeds)
            report["environment"] = environment()
            keep(RESULTS, "tagging", report)
            print(task, seed, report["tasks"][task]["median"], flush=True)


if __name__ == "__main__":
    main()
