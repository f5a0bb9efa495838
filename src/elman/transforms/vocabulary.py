"""Texts as token ids and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from elman.bundle import pack_strings, unpack_strings
from elman.errors import ArgumentError, BundleError

__all__ = ["EOS", "GO", "UNKNOWN", "Vocabulary"]

UNKNOWN, GO, EOS = 0, 1, 2
"""Ids of the three special tokens, the same in every vocabulary."""
_SPECIALS = ("<unk>", "<go>", "<eos>")
_KINDS = ("characters", "words")


@dataclass(frozen=True)
class Vocabulary:
    """The tokens that a model knows; a token's id is its place.

    `<unk>` stands for every token that is not in the list, `<go>` is read before the first token
    of an answer, and `<eos>` ends one. A text that spells `<eos>` out does not end anything: its
    words are looked up among the other tokens only.

    Attributes:
        tokens: All V tokens, the three special ones first.
        by: Whether a text is cut into "characters" (Unicode code points) or "words" (what
            stands between white space).

    >>> vocabulary = Vocabulary.from_texts(["to be or not to be"], by="words")
    >>> vocabulary.tokens
    ('<unk>', '<go>', '<eos>', 'be', 'to', 'not', 'or')
    >>> vocabulary.encode("to be or what").tolist()
    [4, 3, 6, 0]
    >>> vocabulary.decode([4, 3, 2])
    'to be'
    """

    tokens: tuple[str, ...]
    by: Literal["characters", "words"]
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.by not in _KINDS:
            raise ArgumentError("by", f"found {self.by!r}", "use 'characters' or 'words'")
        own = self.tokens[len(_SPECIALS) :]
        if self.tokens[: len(_SPECIALS)] != _SPECIALS or len(set(own)) < len(own):
            raise ArgumentError(
                "tokens", "repeated tokens or other special ones", f"begin with {_SPECIALS}"
            )
        ids = {token: id_ for id_, token in enumerate(own, start=len(_SPECIALS))}
        object.__setattr__(self, "_ids", ids)

    def __len__(self) -> int:
        return len(self.tokens)

    @classmethod
    def from_texts(
        cls,
        texts: Iterable[str],
        by: Literal["characters", "words"] = "characters",
        *,
        max_size: int | None = None,
        min_count: int = 1,
    ) -> Vocabulary:
        """The most frequent tokens of `texts`; of equally frequent ones the first by alphabet.

        Args:
            texts: The training part's texts.
            by: How a text is cut into tokens.
            max_size: Most tokens, the three special ones included; None: no limit.
            min_count: Times that a token must occur, ≥ 1.

        Raises:
            ArgumentError: `texts` is one string, or a limit is out of range.
        """
        if isinstance(texts, str):
            raise ArgumentError("texts", "found one string", "pass a list of texts")
        if max_size is not None and max_size <= len(_SPECIALS):
            raise ArgumentError("max_size", f"found {max_size}", f"more than {len(_SPECIALS)}")
        if min_count < 1:
            raise ArgumentError("min_count", f"found {min_count}", "at least 1")
        counts = Counter(token for text in texts for token in _cut(text, by))
        frequent = [token for token, count in counts.items() if count >= min_count]
        frequent.sort(key=lambda token: (-counts[token], token))
        return cls((*_SPECIALS, *frequent)[:max_size], by)

    def encode(self, text: str) -> np.ndarray:
        """The ids of a text's tokens, int64; neither `<go>` nor `<eos>` is added."""
        ids = [self._ids.get(token, UNKNOWN) for token in _cut(text, self.by)]
        return np.array(ids, dtype=np.int64)

    def decode(self, ids: Any) -> str:
        """The text of `ids`, up to the first `<eos>` and without `<go>`.

        Raises:
            ArgumentError: An id is not in 0…V-1.
        """
        ids = np.asarray(ids, dtype=np.int64)
        if ids.size and (ids.min() < 0 or ids.max() >= len(self)):
            raise ArgumentError("ids", "one out of range", f"0…{len(self) - 1}")
        written = []
        for id_ in ids.tolist():
            if id_ == EOS:
                break
            if id_ != GO:
                written.append(self.tokens[id_])
        return (" " if self.by == "words" else "").join(written)

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs, as arrays for a model file."""
        return {**pack_strings(self.tokens), "by": np.array([_KINDS.index(self.by)])}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> Vocabulary:
        """The vocabulary that `tensors` described; `BundleError` if it is damaged."""
        tokens = unpack_strings(dict(tensors), "vocabulary")
        by = np.asarray(tensors.get("by", np.zeros(0, np.int64))).tolist()
        if by not in ([0], [1]):
            raise BundleError("vocabulary", "it does not say how to cut texts", "save it again")
        try:
            return cls(tuple(tokens), _KINDS[by[0]])
        except ArgumentError as error:
            raise BundleError("vocabulary", error.found, "save it again") from error


def _cut(text: str, by: str) -> Iterable[str]:
    if not isinstance(text, str):
        raise ArgumentError("text", f"found a {type(text).__name__}", "pass a string")
    return text.split() if by == "words" else text
