"""The memory that training needs at its highest: target 8."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness import Case
from benchmarks.problem import CELLS, Problem
from benchmarks.suites.grid import contenders, describe, first_ways
from benchmarks.work import Contender

__all__ = ["cases"]

SIZE, SMALL = (64, 128, 128, 256), (2, 3, 4, 5)


def cases() -> Iterator[Case]:
    for cell in CELLS:
        problem = Problem(cell, *SIZE, training=True)
        small = _first_ways(Problem(cell, *SMALL, training=True))
        yield Case(describe(problem), _first_ways(problem), warm_up=small)


def _first_ways(problem: Problem) -> tuple[Contender, ...]:
    """One contender a name: what a compiler needs the first time is no part of training."""
    return first_ways(contenders(problem))
