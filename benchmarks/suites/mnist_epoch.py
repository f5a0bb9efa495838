"""An epoch of the lesson's reader of digits, optimiser included: target 7."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.digits import BATCH, IMAGES, NEURONS
from benchmarks.harness import Case
from benchmarks.problem import CELLS
from benchmarks.work import Contender

__all__ = ["cases"]


def cases() -> Iterator[Case]:
    for cell in CELLS:
        everybody = [
            Contender("Elman", "benchmarks.peers.elman_nn", "epoch", (cell,)),
            Contender("PyTorch", "benchmarks.peers.pytorch", "epoch", (cell,)),
        ]
        for way in ("static_rnn", "dynamic_rnn"):
            function = ("benchmarks.peers.tensorflow1", "epoch", (cell, way), way)
            everybody.append(Contender("TensorFlow 1 style", *function))
        # TensorFlow 1's GRU has the paper's reset gate, not cuDNN's: other numbers.
        unchecked = frozenset({"TensorFlow 1 style"} if cell == "GRU" else ())
        size = f"{BATCH}x28x28x{NEURONS}"
        description = {"cell": cell, "size": size, "training": True, "batches": IMAGES // BATCH}
        yield Case(description, tuple(everybody), unchecked)
