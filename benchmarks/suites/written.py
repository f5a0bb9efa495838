"""Written cells: the engine against the kernels written by hand, the family against loops."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness import Case
from benchmarks.problem import Problem
from benchmarks.suites.grid import describe
from benchmarks.work import Contender

__all__ = ["FAMILY", "OURS", "SIZES", "cases", "engine_cases", "quick_cases"]

SIZES = ((16, 1000, 1, 32), (64, 128, 128, 128), (32, 256, 64, 256), (1, 1000, 64, 64))
OURS = ("RNN", "RNN, layer norm", "LSTM", "GRU")
FAMILY = ("SLSTM", "MinGRU", "IndRNN")
ELMAN, TORCH = "benchmarks.peers.elman_written", "benchmarks.peers.torch_steps"
JAX = "benchmarks.peers.jax_steps"


def cases() -> Iterator[Case]:
    for size in SIZES:
        for training in (False, True):
            yield from _engine_cases(size, training)
            for cell in FAMILY:
                yield _against_loops(cell, Problem("RNN", *size, training))


def engine_cases() -> Iterator[Case]:
    """Elman alone: both run at the level that is asked for."""
    for size in SIZES:
        for training in (False, True):
            yield from _engine_cases(size, training)


def _engine_cases(size: tuple[int, int, int, int], training: bool) -> Iterator[Case]:
    for cell in OURS:
        yield _against_kernel(cell, Problem(cell.split(",")[0], *size, training))


def quick_cases() -> Iterator[Case]:
    """The smallest and the widest size, a cell of each kind."""
    for size in SIZES[:2]:
        for training in (False, True):
            yield _against_kernel("LSTM", Problem("LSTM", *size, training))
            yield _against_loops("MinGRU", Problem("RNN", *size, training))


def _described(about: str, cell: str, problem: Problem) -> dict:
    return {"about": about, **describe(problem), "cell": cell}


def _against_kernel(cell: str, problem: Problem) -> Case:
    """The same recurrence from its tape and by the kernel of its own."""
    return Case(
        _described("engine", cell, problem),
        (
            Contender("engine", ELMAN, "engine", (cell, problem)),
            Contender("kernel", ELMAN, "kernel", (cell, problem)),
        ),
    )


def _against_loops(cell: str, problem: Problem) -> Case:
    """A cell of the family and the same step in a loop of torch, as one writes it."""
    return Case(
        _described("family", cell, problem),
        (
            Contender("Elman", ELMAN, "family", (cell, problem)),
            Contender("eager loop", TORCH, "loop", (cell, problem, "eager")),
            Contender("torch.jit.script", TORCH, "loop", (cell, problem, "script")),
            Contender("torch.compile", TORCH, "loop", (cell, problem, "compile")),
            Contender("JAX", JAX, "scan", (cell, problem)),
        ),
    )
