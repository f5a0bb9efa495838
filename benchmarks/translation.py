"""Translation as a workload: ragged batches of token ids, first weights, sentences to decode.

Speed does not depend on what is said, so lengths and ids are drawn: lengths as short sentences have
them (a median of 8 tokens), ids by Zipf's law.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from elman.blueprint import Blueprint, CellConfig, encoder_decoder

__all__ = [
    "BEAM",
    "EMBEDDING",
    "EOS",
    "GO",
    "LONGEST",
    "RATE",
    "ROWS",
    "UNITS",
    "VOCABULARY",
    "Batch",
    "batches",
    "blueprint",
    "draw_weights",
    "sentences",
]

VOCABULARY, EMBEDDING, UNITS = 4000, 256, 256
ROWS, BATCHES = 64, 6
RATE = 0.001  # of Adam
EOS, GO, FIRST = 0, 1, 2
BEAM, LONGEST = 5, 20  # of a search: hypotheses, and tokens that each one writes


class Batch(NamedTuple):
    """Pairs, padded with 0.

    Attributes:
        source: `[B, S]` int64.
        target: `[B, U]` int64, each row's end token included.
        source_lengths: `[B]` int64 in 1…S.
        target_lengths: `[B]` int64 in 1…U.
    """

    source: np.ndarray
    target: np.ndarray
    source_lengths: np.ndarray
    target_lengths: np.ndarray


def blueprint(cell: str, feeding: bool) -> Blueprint:
    """A reader in both directions, a writer that attends to what was read."""
    options: dict[str, Any] = {"forget_bias": 0.0} if cell == "lstm" else {}
    return encoder_decoder(
        source_vocabulary=VOCABULARY,
        target_vocabulary=VOCABULARY,
        embedding=EMBEDDING,
        cells=CellConfig(cell, UNITS, **options),
        encoder_cells=CellConfig(cell, UNITS // 2, **options),
        bidirectional=True,
        attention="general",
        feeding=feeding,
        go=GO,
        eos=EOS,
    )


def draw_weights(plan: Blueprint) -> dict[str, np.ndarray]:
    """Weights that everybody begins with, by the names of `plan`."""
    draws = np.random.default_rng(1)
    return {
        name: draws.uniform(-0.08, 0.08, shape).astype(np.float32)
        for name, shape in plan.shapes().items()
    }


def batches() -> list[Batch]:
    """Some batches, of rows as they come in a shuffled corpus."""
    draws = np.random.default_rng(0)
    found = []
    for _ in range(BATCHES):
        source, lengths = sentences(ROWS, draws)
        writes = np.clip(lengths + draws.integers(-1, 4, ROWS), 1, None)
        target = np.zeros((ROWS, writes.max() + 1), np.int64)
        for row, length in zip(target, writes, strict=True):
            row[:length] = _ids(length, draws)
        found.append(Batch(source, target, lengths, writes + 1))
    return found


def sentences(rows: int, draws: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Sources `[B, S]`, and their lengths."""
    draws = np.random.default_rng(2) if draws is None else draws
    lengths = np.clip(np.exp(draws.normal(np.log(8), 0.45, rows)).round(), 2, 30).astype(np.int64)
    source = np.zeros((rows, lengths.max()), np.int64)
    for row, length in zip(source, lengths, strict=True):
        row[:length] = _ids(length, draws)
    return source, lengths


def _ids(count: int, draws: np.random.Generator) -> np.ndarray:
    """By Zipf's law: log-uniform ranks."""
    ranks = np.exp(draws.uniform(0, np.log(VOCABULARY - FIRST), count)).astype(np.int64)
    return FIRST + ranks - 1
