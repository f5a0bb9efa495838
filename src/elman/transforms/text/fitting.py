"""A codec from texts."""

from __future__ import annotations

from collections.abc import Iterable

from elman.errors import ArgumentError
from elman.parameters import whole_number
from elman.printable import closest
from elman.transforms.text.characters import Characters
from elman.transforms.text.codec import TextCodec
from elman.transforms.text.steps import Steps
from elman.transforms.text.subwords import Subwords
from elman.transforms.text.words import Words

__all__ = ["SIZES", "fit_codec"]

SIZES: dict[str, int | None] = {"words": 50_000, "characters": None, "subwords": 8_000}
"""The kinds of codec that are fitted, and the most tokens that each has unless it is said."""


def fit_codec(
    texts: Iterable[str],
    kind: str = "words",
    *,
    size: int | None = None,
    min_count: int = 1,
    steps: Steps | None = None,
) -> TextCodec:
    """A codec that knows the most frequent tokens of texts.

    Args:
        texts: The training part's texts.
        kind: "words", "characters" or "subwords" (byte-level, of any text; needs the extra
            `text`, for the fitting only).
        size: Most tokens V, the special ones included; None: 50,000 words, all characters,
            8,000 subwords.
        min_count: Times that a token must occur, ≥ 1; of subwords, that a merge must.
        steps: From a text to its words; only of words. None: all of them.

    Raises:
        ArgumentError: `texts` is one string, one of them is none, or another argument is not one
            of these.
        MissingExtraError: Subwords are fitted without the extra `text`.

    >>> fit_codec(["to be or not to be"]).encode("to be").tolist()
    [6, 5]
    """
    if kind not in SIZES:
        raise ArgumentError("kind", f"found {kind!r}", closest(kind, SIZES))
    if steps is not None and kind != "words":
        raise ArgumentError("steps", f"given for {kind}", "kind='words', or leave them out")
    size = SIZES[kind] if size is None else whole_number("size", size, 1)
    sizes = {"size": size, "min_count": whole_number("min_count", min_count, 1)}
    if kind == "words":
        return Words.fit(texts, **sizes, steps=steps)
    return Characters.fit(texts, **sizes) if kind == "characters" else Subwords.fit(texts, **sizes)
