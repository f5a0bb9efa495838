"""Word by word: for each word of a text the likeliest one of the other language, in its order.

Which word that is comes from counted pairs of sentences, by IBM's first model (Brown et al. 1993,
Computational Linguistics 19): each word of a sentence was written for one word of the other, or for
none, and which one, a few rounds of expectation and maximisation find out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from elman.bundle import pack_strings, unpack_strings
from elman.errors import BundleError, ShapeError
from elman.metrics.linear_answers import array_of
from elman.metrics.ngrams import WORD

__all__ = ["MOST_LINKS", "MOST_WORDS", "WordTable", "fit_words"]

MOST_LINKS = 2**23
"""Most links, of a word and one of the other sentence, that are counted: of more pairs some are
drawn."""
MOST_WORDS = 2**16
"""Most words that are known: the most frequent ones."""

_ROUNDS = 5


@dataclass(frozen=True, eq=False)
class WordTable:
    """Words with one word of another language each.

    Attributes:
        words: W words in small letters, sorted; a sign of punctuation is one, too.
        translations: One for each.
        fitted_on: Pairs of sentences that were counted.
        available: Pairs that there were.
        left_out: Words that are not known as others are more frequent.
    """

    words: tuple[str, ...]
    translations: tuple[str, ...]
    fitted_on: int
    available: int
    left_out: int = 0

    def answers(self, texts: Sequence[str]) -> list[str]:
        """The texts with each known word translated; all else stays as it stands.

        A word that begins with a capital is translated into one that does.
        """
        known = dict(zip(self.words, self.translations, strict=True))

        def translated(word: str) -> str:
            found = known.get(word.lower(), word)
            return found[:1].upper() + found[1:] if word[:1].isupper() else found

        return [WORD.sub(lambda word: translated(word[0]), text) for text in texts]

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs, as arrays for a model file."""
        facts = np.array([self.fitted_on, self.available, self.left_out], dtype=np.int64)
        found = {"words_facts": facts}
        for name, words in (("from", self.words), ("to", self.translations)):
            found |= {f"words_{name}_{k}": part for k, part in pack_strings(words).items()}
        return found

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> WordTable:
        """The table that `tensors` described; `BundleError` if something is missing."""
        words, translations = (
            unpack_strings(
                {k: array_of(tensors, f"words_{name}_{k}") for k in ("bytes", "offsets")},
                "baselines, words",
            )
            for name in ("from", "to")
        )
        facts = array_of(tensors, "words_facts")
        if len(words) != len(translations) or facts.shape != (3,) or facts.dtype != np.int64:
            raise BundleError("baselines", "arrays that do not fit together", "save it again")
        return cls(tuple(words), tuple(translations), *facts.tolist())


def fit_words(sources: Sequence[str], targets: Sequence[str], seed: int = 0) -> WordTable:
    """Find for each word of the sources the likeliest one of the targets.

    Args:
        sources: N sentences.
        targets: N sentences that say the same.
        seed: Draws the pairs where they are too many (`MOST_LINKS`).

    Raises:
        ShapeError: There is no pair, or not as many of both.
    """
    if len(sources) != len(targets) or not len(sources):
        found = f"{len(targets):,} for {len(sources):,} sources"
        raise ShapeError("targets", found, "as many of both, and at least one")
    left, right = _Numbered(sources, first=1), _Numbered(targets, first=0)  # 0: for no word
    kept = _drawn((left.lengths + 1) * right.lengths, seed)
    begins = np.concatenate([[0], np.cumsum(left.lengths)])
    best = _likeliest(*_links(left, right, begins, kept), len(right.words) or 1)
    counts = np.bincount(left.tokens - 1, minlength=len(left.words))
    chosen = np.lexsort((np.arange(len(counts)), -counts))[:MOST_WORDS].tolist()
    known = sorted((left.words[k], right.words[best[k + 1]]) for k in chosen if k + 1 in best)
    words, translations = (tuple(pair[k] for pair in known) for k in (0, 1))
    left_out = max(len(left.words) - MOST_WORDS, 0)
    return WordTable(words, translations, len(kept), len(sources), left_out)


class _Numbered:
    """The words of some texts as numbers, in the order of their first place.

    Attributes:
        words: In small letters.
        tokens: int64, those of all texts, end to end.
        lengths: int64 `[N]`, of each text.
    """

    def __init__(self, texts: Iterable[str], first: int) -> None:
        known: dict[str, int] = {}
        each = [WORD.findall(text.lower()) for text in texts]
        tokens = [known.setdefault(word, first + len(known)) for text in each for word in text]
        self.tokens = np.array(tokens, dtype=np.int64)
        self.lengths = np.array([len(text) for text in each], dtype=np.int64)
        self.words = list(known)


def _drawn(links: np.ndarray, seed: int) -> np.ndarray:
    """Which pairs are counted, in order."""
    if links.sum() <= MOST_LINKS:
        return np.arange(len(links))
    order = np.random.default_rng(seed).permutation(len(links))
    whole = np.cumsum(links[order]) <= MOST_LINKS
    return np.sort(order[whole])


def _links(
    left: _Numbered, right: _Numbered, begins: np.ndarray, kept: np.ndarray
) -> tuple[Int[np.ndarray, "M"], Int[np.ndarray, "M"], Int[np.ndarray, "M"]]:
    """Each word of the targets with each of its source, and with none: owner, source, target.

    The owner is the target's word as a place, of which there is one for each time that it stands.
    """
    of_pair = np.repeat(np.arange(len(right.lengths)), right.lengths)
    counted = np.isin(of_pair, kept)
    pair, target = of_pair[counted], right.tokens[counted]
    width = left.lengths[pair] + 1
    before = np.cumsum(width) - width  # the links before each owner's: its first is that with none
    owner = np.repeat(np.arange(len(pair), dtype=np.int32), width)
    place = np.arange(len(owner)) + np.repeat(begins[pair] - before - 1, width)
    place[before] = 0
    source = left.tokens[place] if len(left.tokens) else np.zeros(len(owner), np.int64)
    source[before] = 0
    return owner, source, target[owner]


def _likeliest(
    owner: np.ndarray, source: np.ndarray, target: np.ndarray, targets: int
) -> dict[int, int]:
    """Of each source word the target word with the highest chance; of equal ones the first."""
    keys, link = np.unique(source * targets + target, return_inverse=True)
    of = keys // targets
    chance = np.ones(len(keys))
    for _ in range(_ROUNDS):
        each = chance[link]
        each /= np.bincount(owner, each)[owner]
        counted = np.bincount(link, each, len(keys))
        chance = counted / np.bincount(of, counted)[of]
    order = np.lexsort((keys, -chance, of))
    first = np.unique(of[order], return_index=True)[1]
    best = keys[order[first]]
    return dict(zip((best // targets).tolist(), (best % targets).tolist(), strict=True))
