"""A codec that learns more tokens: those it has keep their ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from elman.transforms.text.characters import Characters
from elman.transforms.text.codec import TextCodec
from elman.transforms.text.vocabulary import Vocabulary
from elman.transforms.text.words import Words

__all__ = ["grown"]


def grown(
    codec: TextCodec, texts: Iterable[str], *, size: int | None = None, min_count: int = 1
) -> TextCodec:
    """The codec with the tokens of texts that it does not know, behind its own.

    Subwords and sentence pieces are as they are: to the first nothing is unknown, and the second
    are another program's.

    >>> codec = Characters.fit(["ab"])
    >>> grown(codec, ["abc"]).tokens
    ('<unk>', '<go>', '<eos>', 'a', 'b', 'c')

    Args:
        codec: What there is.
        texts: Where other tokens stand.
        size: Most tokens V of the result, ≥ those of the codec; None: no limit.
        min_count: Times that a new token must occur, ≥ 1.
    """
    if isinstance(codec, Words):
        found = Words.fit(texts, min_count=min_count, steps=codec.steps).vocabulary
    elif isinstance(codec, Characters):
        found = Characters.fit(texts, min_count=min_count).vocabulary
    else:
        return codec
    known = codec.vocabulary
    new = [token for token in found.by_token if token not in known.by_token]
    room = len(new) if size is None else max(0, size - len(codec))
    if not new[:room]:
        return codec
    tokens = (*known.tokens, *new[:room])
    return replace(codec, vocabulary=Vocabulary(tokens, known.placeholders))
