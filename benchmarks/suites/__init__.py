"""What is measured against what: a suite is a module of cases, plain data.

Nothing here imports a library that is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.environment import PEERS
from benchmarks.harness import Case
from benchmarks.suites import (
    budget,
    cells,
    clients,
    grid,
    lengths,
    memory,
    mnist_epoch,
    overhead,
    step,
    text,
    translation,
    variants,
    written,
)

__all__ = ["SUITES", "Suite"]


@dataclass(frozen=True)
class Suite:
    """A suite's cases, and the numbers of threads with which each is measured.

    Attributes:
        cases: All of them.
        threads: Each number in turn.
        quick: Those of a quick look, where it is not all of them with the fewest threads.
        clients: The cases are other projects' programs. One whose packages are missing, or that
            fails, is told as not run, with the reason; the others are measured.
        peers: Packages that must be there beside torch, and whose versions are told.
        bounded: Whoever takes part keeps to the level that `ELMAN_ISA` asks for: what is measured
            there is kept, too, under a name that says so.
    """

    cases: Callable[[], Iterator[Case]]
    threads: tuple[int, ...] = (1, 2)
    quick: Callable[[], Iterator[Case]] | None = None
    clients: bool = False
    peers: tuple[str, ...] = PEERS
    bounded: bool = False


SUITES = {
    "grid": Suite(grid.cases, quick=grid.quick_cases),
    "grid_bounded": Suite(grid.bounded_cases, peers=("jax",), bounded=True),
    "lengths": Suite(lengths.cases),
    "variants": Suite(variants.cases),
    "step": Suite(step.cases, threads=(1,)),
    "cells": Suite(cells.cases, threads=(1,)),
    "mnist_epoch": Suite(mnist_epoch.cases),
    "overhead": Suite(overhead.cases),
    "memory": Suite(memory.cases, threads=(2,)),
    "budget_memory": Suite(budget.memory_cases, threads=(2,)),
    "budget_time": Suite(budget.time_cases, threads=(2,)),
    "text": Suite(text.cases, threads=(1,), peers=()),
    "translation": Suite(translation.cases, threads=(1,), peers=()),
    "written": Suite(written.cases, threads=(1,), quick=written.quick_cases, peers=("jax",)),
    "written_engine": Suite(written.engine_cases, threads=(1,), peers=(), bounded=True),
    "clients": Suite(clients.cases, clients=True),
}
