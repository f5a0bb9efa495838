"""Exact gradients of long sequences within a memory budget: the memory, and the time beside it."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness import Case
from benchmarks.problem import Problem
from benchmarks.suites.grid import describe
from benchmarks.work import Contender

__all__ = ["EVERYTHING", "LONGER", "SHORT_WITHIN", "TIMES", "memory_cases", "time_cases"]

MODULE = "benchmarks.peers.elman_nn"
LONG = ((32, 100_000, 8, 128), "80MB"), ((1, 1_000_000, 8, 64), "24MB")
SHORT = (32, 1000, 8, 128)
SHORT_MEMORY = "9MB"

EVERYTHING = "all kept"
SHORT_WITHIN = f"within {SHORT_MEMORY}"
TIMES = 10
LONGER = f"{TIMES} times the steps, within {LONG[0][1]}"
SMALL = Problem("LSTM", 2, 40, 3, 5, training=True)


def memory_cases() -> Iterator[Case]:
    """Bytes at the highest: long sequences, and a short one beside full saving."""
    for size, memory in LONG:
        yield _memory_case(Problem("LSTM", *size, training=True), {f"within {memory}": memory})
    short = Problem("LSTM", *SHORT, training=True)
    yield _memory_case(short, {SHORT_WITHIN: SHORT_MEMORY, EVERYTHING: None})


def time_cases() -> Iterator[Case]:
    """Seconds of a short sequence, and of one ten times as long within the long one's budget."""
    batch, steps, *widths = SHORT
    problem = Problem("LSTM", *SHORT, training=True)
    longer = Problem("LSTM", batch, TIMES * steps, *widths, training=True)
    yield Case(
        {"about": "time", **describe(problem)},
        (
            Contender(EVERYTHING, MODULE, "final_state", (problem, None)),
            Contender(SHORT_WITHIN, MODULE, "final_state", (problem, SHORT_MEMORY)),
            Contender(LONGER, MODULE, "final_state", (longer, LONG[0][1])),
        ),
        unchecked=frozenset({LONGER}),
    )


def _memory_case(problem: Problem, budgets: dict[str, str | None]) -> Case:
    """A cost on the final state, with each of the budgets."""

    def contenders(of: Problem, small: bool) -> tuple[Contender, ...]:
        return tuple(
            Contender(name, MODULE, "final_state", (of, 3 if small and memory else memory))
            for name, memory in budgets.items()
        )

    return Case(
        {"about": "memory", **describe(problem)},
        contenders(problem, False),
        warm_up=contenders(SMALL, True),
    )
