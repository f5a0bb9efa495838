"""Encoder and decoder with attention: training, and decoding with a beam: target 14."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from benchmarks.harness import Case
from benchmarks.translation import BEAM, EMBEDDING, ROWS, TOKENS, UNITS
from benchmarks.work import Contender

__all__ = ["DECODING", "FEEDING", "PLAIN", "cases"]

PLAIN, FEEDING, DECODING = "translation", "translation, input feeding", "translation, beam"


def cases() -> Iterator[Case]:
    """Training without and with input feeding; decoding one sentence, and 32 at once."""
    ours, theirs = "benchmarks.peers.elman_translator", "benchmarks.peers.translators"
    kinds = (("lstm", False), ("gru", False), ("lstm", True))
    for of, (cell, feeding) in product(TOKENS, kinds):
        given, ways = (cell, feeding, of), ("packed", "padded")[: 1 if feeding else 2]
        yield Case(
            {
                "about": FEEDING if feeding else PLAIN,
                "cell": cell.upper(),
                "size": f"{ROWS}xTx{EMBEDDING}x{UNITS}, {of}",
                "training": True,
            },
            (
                Contender("Elman", ours, "training", given),
                *(
                    Contender("PyTorch", theirs, "training", (*given, way == "packed"), way)
                    for way in ways
                ),
            ),
        )
    for rows in (1, 32):
        arguments = ("lstm", False, rows)
        yield Case(
            {
                "about": DECODING,
                "cell": "LSTM",
                "size": f"{rows}x{BEAM}x{EMBEDDING}x{UNITS}",
                "training": False,
                "rows": rows,
            },
            (
                Contender("Elman", ours, "decoding", arguments),
                Contender("PyTorch", theirs, "decoding", arguments),
            ),
        )
