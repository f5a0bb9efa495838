"""One step of an LSTM at batch 1, as a stream takes it: target 6."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness import Case
from benchmarks.problem import Problem
from benchmarks.suites.grid import describe
from benchmarks.work import Contender

__all__ = ["cases"]

PROBLEM = Problem("LSTM", batch=1, steps=1, inputs=64, hidden=64, training=False)


def cases() -> Iterator[Case]:
    functions = {
        "Elman": ("elman_nn", "step"),
        "ONNX Runtime": ("onnx_runtime", "step"),
        "PyTorch, LSTMCell": ("pytorch", "cell_step"),
        "PyTorch, LSTM": ("pytorch", "layer_step"),
    }
    yield Case(
        describe(PROBLEM),
        tuple(
            Contender(name, f"benchmarks.peers.{module}", function, (PROBLEM,))
            for name, (module, function) in functions.items()
        ),
    )
