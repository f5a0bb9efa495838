"""Texts as words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from elman.errors import ArgumentError, BundleError
from elman.transforms.text.codec import (
    GO,
    SPECIALS,
    UNKNOWN,
    CodecBase,
    UsualSpecials,
    check_text,
    check_texts,
    ids_of_answer,
    in_arrays,
    joined_ids,
    packed,
    spelled_tokens,
    unpacked,
)
from elman.transforms.text.remembered import Remembered
from elman.transforms.text.steps import Steps, chunks
from elman.transforms.text.vocabulary import Vocabulary

__all__ = ["Words"]


@dataclass(frozen=True, repr=False)
class Words(UsualSpecials, CodecBase):
    """Texts as their most frequent words, each with an id.

    Attributes:
        vocabulary: The words that are known.
        steps: How a text is cut into words.

    >>> codec = Words.fit(["3 ways to be, or not to be"], size=8)
    >>> codec.tokens
    ('<unk>', '<go>', '<eos>', '[NUM]', '[URL]', 'be', 'to', ',')
    >>> codec.encode("to be 42").tolist(), codec.pieces("to be 42")
    ([6, 5, 3], ['to', 'be', '[NUM]'])
    >>> codec.decode(codec.encode("not  to be"))
    '<unk> to be'
    """

    vocabulary: Vocabulary
    steps: Steps = field(default_factory=Steps)
    kind: ClassVar[str] = "words"

    def __post_init__(self) -> None:
        if self.vocabulary.placeholders != self.steps.placeholders:
            raise ArgumentError(
                "steps",
                f"they replace by {self.steps.placeholders}",
                f"as the vocabulary has it: {self.vocabulary.placeholders}",
            )

    def __reduce__(self) -> Any:
        return type(self), (self.vocabulary, self.steps)  # what is remembered is not

    @classmethod
    def fit(
        cls,
        texts: Iterable[str],
        *,
        size: int | None = None,
        min_count: int = 1,
        steps: Steps | None = None,
    ) -> Words:
        """The most frequent words of `texts`; arguments and errors as of `fit_codec`."""
        steps = Steps() if steps is None else steps
        cut: Counter[str] = Counter()  # what stands between white spaces, each cut only once
        for text in check_texts(texts):
            cut.update(chunks([text]))
        counts: Counter[str] = Counter()
        for chunk, count in cut.items():
            for word in steps.split(chunk):
                if steps.placeholder(word) is None:
                    counts[word] += count
        sizes = {"size": size, "min_count": min_count}
        return cls(Vocabulary.from_counts(counts, **sizes, placeholders=steps.placeholders), steps)

    @property
    def tokens(self) -> tuple[str, ...]:
        """All V tokens."""
        return self.vocabulary.tokens

    @property
    def placeholders(self) -> dict[str, int]:
        """The ids of what numbers and addresses become, by name."""
        return {name: self.vocabulary.id_of(name) for name in self.steps.placeholders}

    @property
    def spelled(self) -> tuple[bytes | None, ...]:
        """See `TextCodec`: a space before each word."""
        return spelled_tokens(self.tokens, len(SPECIALS), " ")

    def __len__(self) -> int:
        return len(self.vocabulary)

    @cached_property
    def _remembered(self) -> Remembered[int]:
        return Remembered(self._ids_of)

    def _ids_of(self, chunk: str) -> tuple[int, ...]:
        known, placeholders = self.vocabulary.by_token, self.placeholders
        named = ((self.steps.placeholder(word), word) for word in self.steps.split(chunk))
        return tuple(
            known.get(word, UNKNOWN) if name is None else placeholders[name] for name, word in named
        )

    def encode(self, text: str) -> np.ndarray:
        """See `TextCodec`."""
        return joined_ids(self.stream([check_text(text)]))

    def stream(self, parts: Iterable[str]) -> Iterator[np.ndarray]:
        """See `TextCodec`."""
        return in_arrays(self._remembered[chunk] for chunk in chunks(parts))

    def pieces(self, text: str) -> list[str]:
        """See `TextCodec`: unknown words as they stand, numbers and addresses replaced."""
        return list(self.steps.words(text))

    def places(self, text: str) -> np.ndarray:
        """See `TextCodec`."""
        return np.array([*self.steps.places(text)], dtype=np.int64).reshape(-1, 2)

    def decode(self, ids: Any) -> str:
        """See `TextCodec`: words with one space between them."""
        known = ids_of_answer(self, ids)
        return " ".join(self.tokens[one] for one in known if one != GO)

    def losses(self) -> tuple[str, ...]:
        """See `TextCodec`."""
        return ("a word outside the vocabulary becomes <unk>", *self.steps.losses())

    def describe(self) -> str:
        """See `TextCodec`."""
        return f"{len(self):,} words ({self.steps.describe()})"

    def tensors(self) -> dict[str, np.ndarray]:
        """See `TextCodec`."""
        settings = {"kind": self.kind, "steps": asdict(self.steps)}
        return {**self.vocabulary.tensors(), "settings": packed(settings)}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> Words:
        """The codec that `tensors` described; `BundleError` if it is damaged."""
        settings = unpacked(tensors.get("settings"), "words")
        try:
            steps = Steps.from_settings(settings.get("steps"))
        except ArgumentError as error:
            raise BundleError("words", f"{error.where}: {error.found}", error.expected) from error
        return cls(Vocabulary.from_tensors(tensors, steps.placeholders), steps)
