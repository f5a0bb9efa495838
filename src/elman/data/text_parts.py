"""Texts parted: what is learnt from, and what is set aside to choose or to judge by."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["TextParts", "held_out_texts", "spread_texts"]

_WORD = 40  # characters within which a word ends
_PIECES, _PIECE = 20, 1000  # a long text is chosen by so many pieces, of so many characters or more


class TextParts(NamedTuple):
    """Texts to learn from, those that were set aside, and how, in words."""

    train: tuple[str, ...]
    held_out: tuple[str, ...]
    how: str


def held_out_texts(texts: tuple[str, ...], share: float, seed: int) -> TextParts:
    """A share of texts set aside: whole texts, at random; of few texts the end of each.

    >>> held_out_texts(("to be or not to be, that is",), 0.3, seed=0).held_out
    (' that is',)

    Args:
        texts: N of them.
        share: In (0, 1).
        seed: Of the drawing.
    """
    if len(texts) * share >= 1:
        drawn = np.random.default_rng(seed).permutation(len(texts))[: round(len(texts) * share)]
        held = {*drawn.tolist()}
        kept, aside = (
            tuple(text for n, text in enumerate(texts) if (n in held) is wanted)
            for wanted in (False, True)
        )
        return TextParts(kept, aside, f"{share:g} of the texts, at random")
    cuts = [_cut(text, share) for text in texts]
    how = f"the last {share:g} of " + ("the text" if len(texts) == 1 else "each text")
    first = tuple(text[:cut] for text, cut in zip(texts, cuts, strict=True) if cut)
    last = tuple(text[cut:] for text, cut in zip(texts, cuts, strict=True) if cut < len(text))
    return TextParts(first, last, how)


def _cut(text: str, share: float) -> int:
    """Where the last share of a text begins, between two words where some are near."""
    cut = len(text) - round(len(text) * share)
    for later in range(cut, min(cut + _WORD, len(text))):
        if text[later].isspace():
            return later
    return cut


def spread_texts(texts: tuple[str, ...], share: float, seed: int) -> TextParts:
    """As `held_out_texts`, but of a long text pieces from all of it are set aside.

    A text's end may be about something else, and what is learnt should know of it, too.

    Args:
        texts: N of them.
        share: In (0, 1).
        seed: Of the drawing.
    """
    counts = [min(_PIECES, int(len(text) * share) // _PIECE) for text in texts]
    if len(texts) * share >= 1 or max(counts) < 2:
        return held_out_texts(texts, share, seed)
    blocks = [block for text, n in zip(texts, counts, strict=True) for block in _blocks(text, n)]
    parts = [held_out_texts((block,), share, seed) for block in blocks]
    first, last = (tuple(text for part in parts for text in part[k]) for k in (0, 1))
    whole = "the text" if len(texts) == 1 else "each text"
    return TextParts(first, last, f"{share:g} of {whole}, {len(last)} pieces from all of it")


def _blocks(text: str, count: int) -> list[str]:
    """A text in so many parts of about the same length."""
    size = -(-len(text) // max(1, count))
    return [text[start : start + size] for start in range(0, len(text), max(1, size))]
