"""Exact gradients of long sequences within a memory budget: the memory, and the time beside it."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness import Case
from benchmarks.problem import Problem
from benchmarks.suites.grid import describe
from benchmarks.work import Contender

__all__ = ["memory_cases", "time_cases"]

MODULE = "benchmarks.peers.elman_nn"
LONG = ((32, 100_000, 8, 128), "80MB"), ((1, 1_000_000, 8, 64), "24MB")
SHORT = (32, 1000, 8, 128)
SHORT_MEMORY = "9MB"
SMALL = Problem("LSTM", 2, 40, 3, 5, training=True)


def memory_cases() -> Iterator[Case]:
    """Bytes at the highest: long sequences, and a short one beside full saving."""
    for size, memory in LONG:
        yield _case("memory", Problem("LSTM", *size, training=True), {memory: memory})
    short = Problem("LSTM", *SHORT, training=True)
    yield _case("memory", short, {SHORT_MEMORY: SHORT_MEMORY, "everything": None})


def time_cases() -> Iterator[Case]:
    """Seconds: a tenth of the long sequence, for its time per step, and the short one."""
    batch, _, inputs, hidden = SHORT
    long = Problem("LSTM", batch, 10_000, inputs, hidden, training=True)
    yield _case("time", long, {LONG[0][1]: LONG[0][1]}, warm=False)
    short = Problem("LSTM", *SHORT, training=True)
    yield _case("time", short, {"everything": None, SHORT_MEMORY: SHORT_MEMORY}, warm=False)


def _case(about: str, problem: Problem, budgets: dict[str, str | None], warm: bool = True) -> Case:
    """A cost on the final state, with each of the budgets."""

    def contenders(of: Problem, small: bool) -> tuple[Contender, ...]:
        return tuple(
            Contender(name, MODULE, "final_state", (of, 3 if small and memory else memory))
            for name, memory in budgets.items()
        )

    return Case(
        {"about": about, **describe(problem)},
        contenders(problem, False),
        warm_up=contenders(SMALL, True) if warm else (),
    )
