"""Ragged batches, packed sequences and resets: target 4."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.harness import Case
from benchmarks.problem import CELLS, Problem
from benchmarks.suites.grid import describe
from benchmarks.work import Contender

__all__ = ["RESETS", "cases"]

SIZES = ((150, 28, 28, 150), (32, 512, 64, 128), (16, 1000, 1, 32))
RESETS = 0.01  # of all steps
ELMAN, PYTORCH = "benchmarks.peers.elman_nn", "benchmarks.peers.pytorch"


def cases() -> Iterator[Case]:
    for cell in CELLS:
        for size in SIZES:
            for training in (False, True):
                problem = Problem(cell, *size, training)
                yield _ragged(problem)
                yield _resets(problem)


def _ragged(problem: Problem) -> Case:
    mean = replace(problem, steps=round((1 + problem.steps) / 2))
    return Case(
        {"about": "lengths", **describe(problem)},
        (
            Contender("Elman, packed", ELMAN, "packed", (problem,)),
            Contender("Elman, lengths", ELMAN, "ragged", (problem,)),
            Contender("Elman, dense at the mean length", ELMAN, "grid", (mean, "batch first")),
            Contender("PyTorch, packed", PYTORCH, "packed", (problem,)),
        ),
        unchecked=frozenset({"Elman, dense at the mean length"}),
    )


def _resets(problem: Problem) -> Case:
    return Case(
        {"about": "resets", **describe(problem)},
        (
            Contender("Elman, no resets", ELMAN, "resets", (problem, 0.0)),
            Contender("Elman, resets", ELMAN, "resets", (problem, RESETS)),
        ),
        unchecked=frozenset({"Elman, resets"}),
    )
