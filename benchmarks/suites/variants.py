"""The LSTM's variants against the plain LSTM and against a loop in torch: target 5."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness import Case
from benchmarks.problem import Problem
from benchmarks.suites.grid import describe
from benchmarks.work import Contender

__all__ = ["VARIANTS", "cases"]

VARIANTS = ("layer norm", "peephole", "projection", "zoneout")
SIZES = ((16, 1000, 1, 32), (64, 128, 128, 128))
ELMAN, PYTORCH = "benchmarks.peers.elman_nn", "benchmarks.peers.pytorch"


def cases() -> Iterator[Case]:
    for size in SIZES:
        for training in (False, True):
            problem = Problem("LSTM", *size, training)
            for name in VARIANTS:
                yield Case(
                    {"variant": name, **describe(problem)},
                    (
                        Contender("Elman", ELMAN, "variant", (name, problem)),
                        Contender("Elman, plain LSTM", ELMAN, "variant", ("plain", problem)),
                        Contender("PyTorch, loop", PYTORCH, "variant", (name, problem)),
                    ),
                    unchecked=frozenset({"Elman, plain LSTM"}),
                )
