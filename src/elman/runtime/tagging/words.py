"""Words as codes that a network reads: an id, and the ids of the letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from elman.bundle import pack_strings, unpack_strings
from elman.errors import BundleError

__all__ = ["WordCodes"]

UNKNOWN_WORD = "<unk>"
_PADDING = 2  # ids of letters that are none: of no letter, and of an unknown one


@dataclass(frozen=True)
class WordCodes:
    """The words and characters that a model knows.

    Ids of words: 0 stands for all that are not in the list, the others count from 1. Ids of
    characters: 0 is past the end of a word, 1 unknown. Of a word with more than `letters`
    characters the first half and the last half of as many are read.

    Attributes:
        words: The V - 1 words that are known.
        characters: The characters that are.
        letters: L, how many characters of a word are read; 0: none.
        lowercase: Whether words are looked up in lower case; characters never are.

    >>> codes = WordCodes.fit({"to": 3, "be": 2, "or": 1}, letters=3, min_count=2)
    >>> codes.words, codes.codes(["be", "ore"]).tolist()
    (('to', 'be'), [[2, 4, 5, 0], [0, 2, 6, 5]])
    """

    words: tuple[str, ...]
    characters: tuple[str, ...] = ()
    letters: int = 0
    lowercase: bool = True
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)
    _letters: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ids", {word: k for k, word in enumerate(self.words, start=1)})
        letters = {one: k for k, one in enumerate(self.characters, start=_PADDING)}
        object.__setattr__(self, "_letters", letters)

    @classmethod
    def fit(
        cls,
        counts: Mapping[str, int],
        *,
        letters: int = 0,
        lowercase: bool = True,
        min_count: int = 1,
        max_words: int | None = None,
    ) -> WordCodes:
        """Of counted words the most frequent; of equally frequent ones the first by alphabet.

        Args:
            counts: How often each word stands in the training part.
            letters: See the attributes.
            lowercase: Likewise.
            min_count: How often a word must stand there to be known.
            max_words: How many are known at most; None: no bound.
        """
        found: Counter[str] = Counter()
        spelled: Counter[str] = Counter()
        for word, count in counts.items():
            found[_form(word, lowercase)] += count
            spelled.update(dict.fromkeys(word, count))
        known = [word for word, count in found.items() if count >= min_count]
        known.sort(key=lambda word: (-found[word], word))
        characters = sorted(spelled, key=lambda one: (-spelled[one], one)) if letters else ()
        return cls(tuple(known[:max_words]), tuple(characters), letters, lowercase)

    def __len__(self) -> int:
        return 1 + len(self.words)

    @property
    def tokens(self) -> tuple[str, ...]:
        """What each id of a word stands for."""
        return (UNKNOWN_WORD, *self.words)

    @property
    def alphabet(self) -> int:
        """How many ids of characters there are."""
        return _PADDING + len(self.characters)

    def form(self, word: str) -> str:
        """What a word is looked up by."""
        return _form(word, self.lowercase)

    def codes(self, words: Sequence[str]) -> np.ndarray:
        """int64 `[W, 1 + letters]`."""
        found = np.zeros((len(words), 1 + self.letters), np.int64)
        for row, word in zip(found, words, strict=True):
            row[0] = self._ids.get(self.form(word), 0)
            if self.letters:
                read = self._read(word)
                row[1 : 1 + len(read)] = [self._letters.get(one, 1) for one in read]
        return found

    def unknown(self, words: Iterable[str]) -> list[str]:
        """Those of some words that are not known."""
        return [w for w in words if self.form(w) not in self._ids]

    def _read(self, word: str) -> str:
        """What is read of a word's characters."""
        if len(word) <= self.letters:
            return word
        last = self.letters // 2
        return word[: self.letters - last] + (word[-last:] if last else "")

    def tensors(self) -> dict[str, np.ndarray]:
        """What `from_tensors` needs."""
        found = {f"known.{name}": array for name, array in pack_strings(self.words).items()}
        spelled = pack_strings(self.characters).items()
        found |= {f"characters.{name}": array for name, array in spelled}
        return found | {"reading": np.array([self.letters, int(self.lowercase)])}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> WordCodes:
        """What `tensors` gave; `BundleError` if it is something else."""
        parts = []
        for name in ("known", "characters"):
            packed = {k: tensors[f"{name}.{k}"] for k in ("bytes", "offsets")
                      if f"{name}.{k}" in tensors}  # fmt: skip
            parts.append(tuple(unpack_strings(packed, f"{name} of words")))
        reading = tensors.get("reading", np.zeros(0, np.int64))
        if reading.shape != (2,) or reading.dtype != np.int64 or reading[0] < 0:
            raise BundleError("words", "it is not said how they are read", "save the model again")
        return cls(*parts, letters=int(reading[0]), lowercase=bool(reading[1]))


def _form(word: str, lowercase: bool) -> str:
    return word.lower() if lowercase else word
