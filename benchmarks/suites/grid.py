"""Every cell at every size against every peer: targets 1, 2 and 3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from benchmarks.harness import Case
from benchmarks.problem import CELLS, Problem
from benchmarks.work import Contender

__all__ = [
    "QUICK_SIZES",
    "SGEMM",
    "SGEMM_SIZE",
    "SIZES",
    "bounded_cases",
    "cases",
    "contenders",
    "describe",
    "first_ways",
    "is_wide",
    "quick_cases",
]

SIZES = (  # B, T, I, H
    (1, 28, 28, 150),
    (150, 28, 28, 150),
    (50, 20, 1, 100),
    (64, 128, 128, 256),
    (32, 512, 64, 128),
    (64, 50, 512, 512),
    (16, 1000, 1, 32),
    (128, 784, 1, 128),
    (1, 1000, 64, 64),
    (1, 1, 28, 150),
    (8, 1, 64, 256),
)
QUICK_SIZES = (  # of these every kind: one row, few rows, one step, narrow, wide
    (1, 28, 28, 150),
    (150, 28, 28, 150),
    (50, 20, 1, 100),
    (32, 512, 64, 128),
    (64, 50, 512, 512),
    (8, 1, 64, 256),
)
WAYS = {
    "Elman": ("elman_nn", ("batch first", "batch first, frozen")),
    "PyTorch": ("pytorch", ("time first",)),
    "TensorFlow": ("keras_layers", ("tf.function", "tf.function, XLA")),
    "JAX": ("jax_scan", ("scan", "scan, unroll 2")),
    "ONNX Runtime": ("onnx_runtime", ("Run",)),
}
BOUNDED = ("Elman", "PyTorch", "JAX")
SGEMM = "SGEMM"
SGEMM_SIZE = 2048


def cases(sizes: Iterable[tuple[int, int, int, int]] = SIZES) -> Iterator[Case]:
    for cell in CELLS:
        for size in sizes:
            for training in (False, True):
                problem = Problem(cell, *size, training)
                everybody = contenders(problem)
                if is_wide(problem):
                    function = ("benchmarks.peers.pytorch", "sgemm", (SGEMM_SIZE,))
                    everybody += (Contender(SGEMM, *function),)
                yield Case(describe(problem), everybody)


def quick_cases() -> Iterator[Case]:
    """Fewer sizes, and each library by its first way: what compilers need takes the time.

    TensorFlow needs the most of it and is left to the whole grid.
    """
    for case in cases(QUICK_SIZES):
        everybody = (each for each in case.contenders if each.name != "TensorFlow")
        yield replace(case, contenders=first_ways(everybody))


def bounded_cases() -> Iterator[Case]:
    """With those alone that can be bound to an instruction set, on a processor that has more."""
    for case in cases():
        everybody = (each for each in case.contenders if each.name in (*BOUNDED, SGEMM))
        yield replace(case, contenders=tuple(everybody))


def first_ways(everybody: Iterable[Contender]) -> tuple[Contender, ...]:
    """One contender a name."""
    first: dict[str, Contender] = {}
    for contender in everybody:
        first.setdefault(contender.name, contender)
    return tuple(first.values())


def contenders(problem: Problem) -> tuple[Contender, ...]:
    return tuple(
        Contender(name, f"benchmarks.peers.{module}", "grid", (problem, way), way)
        for name, (module, ways) in WAYS.items()
        for way in ways
        if _makes_sense(name, way, problem)
    )


def _makes_sense(name: str, way: str, problem: Problem) -> bool:
    if not problem.training:
        return True
    if "frozen" in way:  # such a layer answers only
        return False
    if "XLA" in way:
        # In the way back it copies all that was kept at every step: seconds where the plain way
        # takes tenths of one.
        return problem.batch * problem.steps * problem.hidden < 10**6
    return name != "ONNX Runtime"


def describe(problem: Problem) -> dict[str, object]:
    return {
        "cell": problem.cell,
        "size": problem.size,
        "training": problem.training,
        "operations": problem.operations,
    }


def is_wide(problem: Problem) -> bool:
    """Enough rows and units that the matrix products could run at the machine's own rate."""
    return problem.batch >= 32 and problem.hidden >= 128
