"""Training on real texts with a large table of vectors: target 13."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness import Case
from benchmarks.ragged import EMBEDDING, NETWORKS, ROWS
from benchmarks.work import Contender

__all__ = ["FROZEN", "FUSED", "PACKED", "PADDED", "WHOLE", "cases"]

PACKED, PADDED, FUSED = "PyTorch, packed", "PyTorch, padded", "PyTorch, padded, fused Adam"
FROZEN, WHOLE = "Elman, vectors frozen", "Elman, all vectors updated in each step"


def cases() -> Iterator[Case]:
    ours, theirs = "benchmarks.peers.elman_nn", "benchmarks.peers.words"
    for task, network in NETWORKS.items():
        everybody = (
            Contender("Elman", ours, "words", (task, "rows")),
            Contender(FROZEN, ours, "words", (task, "frozen")),
            Contender(WHOLE, ours, "words", (task, "whole table")),
            Contender(PACKED, theirs, "training", (task, True)),
            Contender(PADDED, theirs, "training", (task, False)),
            Contender(FUSED, theirs, "training", (task, False, True)),
        )
        about = {
            "about": task,
            "cell": "LSTM",
            "size": f"{ROWS}xTx{EMBEDDING}x{network.units}",
            "training": True,
            "words": network.words,
        }
        # Padded, torch's way back begins in the padding: other outputs than those of the words.
        yield Case(about, everybody, unchecked=frozenset({PADDED, FUSED}))
