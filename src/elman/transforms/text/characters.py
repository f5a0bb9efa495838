"""Texts as characters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from elman.errors import BundleError
from elman.transforms.text.codec import (
    GO,
    SPECIALS,
    UNKNOWN,
    CodecBase,
    UsualSpecials,
    check_text,
    check_texts,
    ids_of_answer,
    joined_ids,
    packed,
    slices,
    spelled_tokens,
    unpacked,
)
from elman.transforms.text.vocabulary import Vocabulary

__all__ = ["Characters"]


@dataclass(frozen=True, repr=False)
class Characters(UsualSpecials, CodecBase):
    """Texts as their characters (Unicode code points), each with an id.

    A text of known characters comes back exactly, whatever they are: spaces, line ends, NUL,
    halves of surrogate pairs.

    Attributes:
        vocabulary: The characters that are known.

    >>> codec = Characters.fit(["hello"])
    >>> codec.tokens
    ('<unk>', '<go>', '<eos>', 'l', 'e', 'h', 'o')
    >>> codec.encode("hole?").tolist()
    [5, 6, 3, 4, 0]
    >>> codec.decode([5, 6, 3, 4, 2])
    'hole'
    """

    vocabulary: Vocabulary
    kind: ClassVar[str] = "characters"

    def __reduce__(self) -> Any:
        return type(self), (self.vocabulary,)  # what was worked out is not

    @classmethod
    def fit(
        cls, texts: Iterable[str], *, size: int | None = None, min_count: int = 1
    ) -> Characters:
        """The most frequent characters of `texts`; arguments and errors as of `fit_codec`."""
        counts: Counter[str] = Counter()
        for text in check_texts(texts):
            counts.update(text)
        return cls(Vocabulary.from_counts(counts, size=size, min_count=min_count))

    @property
    def tokens(self) -> tuple[str, ...]:
        """All V tokens."""
        return self.vocabulary.tokens

    @property
    def spelled(self) -> tuple[bytes | None, ...]:
        """See `TextCodec`."""
        return spelled_tokens(self.tokens, len(SPECIALS))

    def __len__(self) -> int:
        return len(self.vocabulary)

    @cached_property
    def _ids(self) -> np.ndarray:
        """The id of each code point up to the highest known one, and `<unk>` for all others."""
        codes = {ord(one): place for one, place in self.vocabulary.by_token.items()}
        table = np.full(max(codes, default=0) + 2, UNKNOWN, dtype=np.int64)
        table[list(codes)] = list(codes.values())
        return table

    def encode(self, text: str) -> np.ndarray:
        """See `TextCodec`."""
        return joined_ids(self.stream([check_text(text)]))

    def stream(self, parts: Iterable[str]) -> Iterator[np.ndarray]:
        """See `TextCodec`."""
        for part in slices(parts):
            codes = np.frombuffer(part.encode("utf-32-le", "surrogatepass"), np.uint32)
            yield self._ids[np.minimum(codes, len(self._ids) - 1)]

    def pieces(self, text: str) -> list[str]:
        """See `TextCodec`."""
        return list(check_text(text))

    def places(self, text: str) -> np.ndarray:
        """See `TextCodec`."""
        each = np.arange(len(check_text(text)), dtype=np.int64)
        return np.stack([each, each + 1], axis=1)

    def decode(self, ids: Any) -> str:
        """See `TextCodec`."""
        known = ids_of_answer(self, ids)
        return "".join(self.tokens[one] for one in known if one != GO)

    def losses(self) -> tuple[str, ...]:
        """See `TextCodec`."""
        return ("a character outside the vocabulary becomes <unk>",)

    def describe(self) -> str:
        """See `TextCodec`."""
        return f"{len(self):,} characters"

    def tensors(self) -> dict[str, np.ndarray]:
        """See `TextCodec`."""
        return {**self.vocabulary.tensors(), "settings": packed({"kind": self.kind})}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> Characters:
        """The codec that `tensors` described; `BundleError` if it is damaged."""
        if unpacked(tensors.get("settings"), "characters") != {"kind": cls.kind}:
            raise BundleError("characters", "its settings are another codec's", "save it again")
        return cls.of(Vocabulary.from_tensors(tensors))

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> Characters:
        """The codec of a vocabulary out of a file; `BundleError` if one token is longer."""
        for token in vocabulary.by_token:
            if len(token) != 1:
                raise BundleError("characters", f"a token {token!r:.80}", "one character each")
        return cls(vocabulary)
