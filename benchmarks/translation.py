"""Translation as a workload: ragged batches of token ids, first weights, sentences to decode.

Speed does not depend on what is said, so lengths and ids are drawn: lengths as short sentences have
them (a median of 8 subwords, or of 40 characters), ids by Zipf's law.
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
    "TOKENS",
    "UNITS",
    "Batch",
    "Tokens",
    "batches",
    "blueprint",
    "draw_weights",
    "sentences",
]

EMBEDDING, UNITS = 256, 256
ROWS, BATCHES = 64, 6
RATE = 0.001  # of Adam
EOS, GO, FIRST = 0, 1, 2
BEAM, LONGEST = 5, 20  # of a search: hypotheses, and tokens that each one writes


class Tokens(NamedTuple):
    """What texts are cut into.

    Attributes:
        vocabulary: How many there are, on each side.
        median: Of a source's length.
        longest: A source at most.
    """

    vocabulary: int
    median: int
    longest: int


TOKENS = {"subwords": Tokens(4000, 8, 30), "characters": Tokens(100, 40, 150)}


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


def blueprint(cell: str, feeding: bool, of: str) -> Blueprint:
    """A reader in both directions, a writer that attends to what was read."""
    options: dict[str, Any] = {"forget_bias": 0.0} if cell == "lstm" else {}
    return encoder_decoder(
        source_vocabulary=TOKENS[of].vocabulary,
        target_vocabulary=TOKENS[of].vocabulary,
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


def batches(of: str) -> list[Batch]:
    """Some batches, of rows as they come in a shuffled corpus."""
    draws = np.random.default_rng(0)
    found = []
    for _ in range(BATCHES):
        source, lengths = sentences(ROWS, of, draws)
        writes = np.clip(lengths + draws.integers(-1, 4, ROWS), 1, None)
        target = np.zeros((ROWS, writes.max() + 1), np.int64)
        for row, length in zip(target, writes, strict=True):
            row[:length] = _ids(length, of, draws)
        found.append(Batch(source, target, lengths, writes + 1))
    return found


def sentences(
    rows: int, of: str, draws: np.random.Generator | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Sources `[B, S]`, and their lengths."""
    draws = np.random.default_rng(2) if draws is None else draws
    _, median, longest = TOKENS[of]
    drawn = np.exp(draws.normal(np.log(median), 0.45, rows)).round()
    lengths = np.clip(drawn, 2, longest).astype(np.int64)
    source = np.zeros((rows, lengths.max()), np.int64)
    for row, length in zip(source, lengths, strict=True):
        row[:length] = _ids(length, of, draws)
    return source, lengths


def _ids(count: int, of: str, draws: np.random.Generator) -> np.ndarray:
    """By Zipf's law: log-uniform ranks."""
    ranks = np.exp(draws.uniform(0, np.log(TOKENS[of].vocabulary - FIRST), count)).astype(np.int64)
    return FIRST + ranks - 1
