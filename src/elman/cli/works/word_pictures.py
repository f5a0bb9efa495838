"""The picture of a model's words, whatever the model is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import elman
from elman import plots
from elman.cli.works import Options
from elman.errors import ArgumentError

__all__ = ["EMBEDDINGS", "embeddings_of"]

EMBEDDINGS: Options = {
    "words": (str, "embeddings: words whose neighbours are shown, as a,b."),
    "analogy": (
        str,
        "embeddings: what is to c as b is to a, as a,b,c; several between semicolons.",
    ),
}
"""What may be told of the picture."""


def embeddings_of(model: Any, given: Mapping[str, Any]) -> Any:
    """The neighbours of the words that are told, and answers to analogies.

    Raises:
        ArgumentError: An analogy is not of three words; the model reads no words.
        DataError: A word is none of the model's.
    """
    words, told = given.get("words"), given.get("analogy")
    chosen = None if words is None else [one.strip() for one in words.split(",")]
    asked = [] if told is None else [_three(one) for one in told.split(";")]
    return plots.embeddings(elman.embeddings(model), chosen, analogies=asked)


def _three(told: str) -> tuple[str, str, str]:
    words = [word.strip() for word in told.split(",")]
    if len(words) != 3 or not all(words):
        raise ArgumentError("--analogy", f"found {told!r}", "three words, as man,king,woman")
    return words[0], words[1], words[2]
