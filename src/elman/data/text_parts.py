"""Texts parted: what is learnt from, and what is set aside to choose or to judge by."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["TextParts", "held_out_texts"]

_WORD = 40  # characters within which a word ends


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
