"""One step at a time: cells in a loop, a frozen layer's call, a classifier's step: target 11."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness import Case
from benchmarks.problem import CELLS, Problem
from benchmarks.suites.grid import describe
from benchmarks.work import Contender

__all__ = ["cases"]

SIZES = (  # B, T, I, H: what tutorials write by hand
    (1, 28, 28, 150),  # one row
    (32, 50, 64, 128),  # a decoder
    (97, 100, 1, 51),  # a wave, continued
)
CALL = (1, 1, 28, 150)
ELMAN, PYTORCH, ONNX = (f"benchmarks.peers.{m}" for m in ("elman_nn", "pytorch", "onnx_runtime"))


def cases() -> Iterator[Case]:
    for cell in CELLS:
        for size in SIZES:
            for training in (False, True):
                yield _stepping(Problem(cell, *size, training))
        yield _call(Problem(cell, *CALL, training=False))
        yield _classifier(Problem(cell, *CALL, training=False))


def _stepping(problem: Problem) -> Case:
    """A cell called T times, the state handed on, and the way back through all of it."""
    return Case(
        {"about": "stepping", **describe(problem)},
        (
            Contender("Elman", ELMAN, "stepping", (problem,)),
            Contender("PyTorch", PYTORCH, "stepping", (problem,)),
        ),
    )


def _call(problem: Problem) -> Case:
    """A layer called with one step, without gradients."""
    return Case(
        {"about": "frozen call", **describe(problem)},
        (
            Contender("Elman", ELMAN, "grid", (problem, "batch first, frozen")),
            Contender("PyTorch", PYTORCH, "grid", (problem, "time first")),
            Contender("ONNX Runtime", ONNX, "grid", (problem, "Run")),
        ),
    )


def _classifier(problem: Problem) -> Case:
    """A step of a recurrent layer and the scores read out from it, the state handed on."""
    return Case(
        {"about": "classifier step", **describe(problem)},
        (
            Contender("Elman", ELMAN, "classifier_step", (problem,)),
            Contender("PyTorch", PYTORCH, "classifier_step", (problem,)),
        ),
    )
