"""The trainer beside a loop in torch written by hand, at the lesson's setting: target 9."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.digits import BATCH, NEURONS
from benchmarks.harness import Case
from benchmarks.work import Contender

__all__ = ["BARE", "WHOLE", "cases"]

BARE = "a loop by hand"
WHOLE = "Elman, with a run's folder and progress"


BATCHES = 400  # all of an epoch


def cases() -> Iterator[Case]:
    functions = {"Elman": "trainer", WHOLE: "whole_run", BARE: "bare"}
    contenders = tuple(
        Contender(name, "benchmarks.peers.training_loop", function, ("RNN", BATCHES))
        for name, function in functions.items()
    )
    size = f"{BATCH}x28x28x{NEURONS}"
    description = {"cell": "RNN", "size": size, "training": True, "batches": BATCHES}
    yield Case(description, contenders)
