"""What a shell may complete a word with."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from elman.blueprint.cells import cell_kinds
from elman.data.sets.preview import set_names
from elman.runtime.forecasting.registry import known_strategies

__all__ = ["Completion", "among", "sets", "usual"]

Completion = Callable[[str], list[str]]
"""From the beginning of a word to the words that it may become; none: a file's name."""


def among(known: Iterable[str]) -> Completion:
    """Completes with these words."""
    words = [*known]

    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return complete


def sets(incomplete: str) -> list[str]:
    """The data sets; of a word that begins none of them the shell makes a path."""
    return among(set_names())(incomplete)


def usual(name: str, words: Iterable[str]) -> Completion | None:
    """How the value of an option of the command line is completed.

    Args:
        name: Of the option, with underscores.
        words: Its values, where they are some words.
    """
    if name == "cell":
        return among(cell_kinds())
    if name == "strategy":
        return among(known_strategies())
    if name in ("data", "test"):
        return sets
    return among(words) if words else None
