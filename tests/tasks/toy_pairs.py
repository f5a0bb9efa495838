"""Pairs of a language that is learnt in seconds: numbers in English, and from the end in French."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman import Translator

ENGLISH = ("one", "two", "three", "four", "five", "six", "seven", "eight")
FRENCH = ("un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit")
SMALL: dict[str, Any] = {
    "units": 32,
    "embedding": 16,
    "epochs": 12,
    "learning_rate": 0.01,
    "batch_size": 16,
    "threads": 1,
    "codec": "words",
}


def toy_pairs(count: int, seed: int = 0, most: int = 4) -> tuple[list[str], list[str]]:
    """So many sources and targets, of one to so many words, each source once."""
    draws = np.random.default_rng(seed)
    found: dict[str, str] = {}
    while len(found) < count:
        words = draws.integers(0, len(ENGLISH), draws.integers(1, most + 1))
        found[" ".join(ENGLISH[k] for k in words)] = " ".join(FRENCH[k] for k in words[::-1])
    return [*found], [*found.values()]


def fitted(**more: Any) -> Translator:
    """A translator of these, which has learnt them."""
    return Translator(**{**SMALL, **more}).fit(*toy_pairs(300))
