"""What a tagger's answers are worth, and the baselines of one that reads words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy as np

from elman.bundle import pack_strings, unpack_strings
from elman.errors import BundleError
from elman.metrics.linear_answers import array_of
from elman.metrics.perceptron import Perceptron, fit_perceptron
from elman.metrics.scorecards import Card, class_card, first_scores
from elman.metrics.spans import are_spans, span_scores

__all__ = ["TagBaselines", "fit_tags", "tag_card"]


class _Words(Protocol):
    """Sequences of words; see `elman.data.words.WordSequences`."""

    @property
    def lengths(self) -> np.ndarray:
        """`[N]` int64."""
        ...

    def texts(self) -> list[list[str]]:
        """The words of each sequence."""
        ...


@dataclass(frozen=True, eq=False)
class TagBaselines:
    """The most frequent tag of each word, and an averaged perceptron.

    A word that did not stand in the training part has the tag of the same in small letters, else
    the most frequent of all.

    Attributes:
        words: The words of the training part, packed; see `elman.bundle.pack_strings`.
        usual: `[W + 1]` the most frequent tag of each; the last: of all, for other words.
        perceptron: The other baseline.
        names: The K tags' names where they are spans, else none.
    """

    words: Mapping[str, np.ndarray]
    usual: np.ndarray
    perceptron: Perceptron
    names: tuple[str, ...] = ()

    notes: ClassVar[tuple[str, ...]] = ()

    @cached_property
    def _places(self) -> dict[str, int]:
        words = unpack_strings(dict(self.words), "words of the baselines")
        return {word: k for k, word in enumerate(words)}

    def predict(self, sequences: _Words) -> dict[str, list[np.ndarray]]:
        """Each baseline's tags, an array `[T_i]` for each sequence, by its name."""
        places, nothing = self._places, len(self.usual) - 1
        texts = sequences.texts()
        usual = [
            self.usual[[places.get(w, places.get(w.lower(), nothing)) for w in words]]
            for words in texts
        ]
        said = [self.perceptron.predict(words) for words in texts]
        return {"most frequent tag": usual, "averaged perceptron": said}

    def scorecards(
        self,
        sequences: _Words,
        tags: Any,
        sample_weight: Any = None,
        foreign: Sequence[str] = (),
    ) -> dict[str, Card]:
        """Each baseline's scores by its name.

        Args:
            sequences: N of them.
            tags: Indices of all real steps, one sequence after the other; negative for one that was
                not learnt.
            sample_weight: Of these steps, or None.
            foreign: As of `tag_card`.

        Returns:
            As `tag_card`.
        """
        cards = {}
        for name, found in self.predict(sequences).items():
            flat = np.concatenate([np.zeros(0, np.int64), *found])
            chances = np.eye(self.perceptron.count)[flat]
            about = (sample_weight, sequences.lengths, self.names, foreign)
            card = tag_card(tags, flat, chances, *about)
            cards[name] = card | {"roc_auc": None}  # they rank nothing
        return cards

    def scores(self, sequences: _Words, tags: Any, sample_weight: Any = None) -> dict[str, float]:
        """Each baseline's accuracy by its name: of `scorecards` the first."""
        return first_scores(self.scorecards(sequences, tags, sample_weight))

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs, as arrays for a model file."""
        found = {f"words.{name}": array for name, array in self.words.items()}
        found |= {f"names.{name}": array for name, array in pack_strings(self.names).items()}
        found |= {f"perceptron.{k}": array for k, array in self.perceptron.tensors().items()}
        return found | {"usual": self.usual}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> TagBaselines:
        """The baselines that `tensors` described; `BundleError` if something is missing."""
        below: dict[str, dict[str, np.ndarray]] = defaultdict(dict)
        for name, array in tensors.items():
            part, _, rest = name.partition(".")
            below[part][rest] = array
        perceptron = Perceptron.from_tensors(below["perceptron"])
        usual, names = array_of(tensors, "usual"), tuple(unpack_strings(below["names"], "tags"))
        offsets = below["words"].get("offsets", np.zeros(0))
        sound = usual.ndim == 1 and len(usual) == len(offsets) and usual.dtype == np.int64
        if not sound or usual.min() < 0 or usual.max() >= perceptron.count:
            raise BundleError("baselines", "arrays that do not fit together", "save it again")
        if names and len(names) != perceptron.count:
            raise BundleError("baselines", f"{len(names)} names of tags", "save it again")
        return cls(below["words"], usual, perceptron, names)


def fit_tags(
    sequences: _Words,
    tags: Sequence[np.ndarray],
    count: int,
    seed: int = 0,
    names: Sequence[str] = (),
) -> TagBaselines:
    """Fit the baselines of a tagger of words on its training part.

    Args:
        sequences: The N training sequences.
        tags: Of each the indices of its tags `[T_i]`.
        count: K, how many tags there are.
        seed: Of the perceptron's.
        names: Of the tags, where they are spans.
    """
    found: dict[str, Counter[int]] = defaultdict(Counter)
    texts, overall = sequences.texts(), Counter[int]()
    for words, row in zip(texts, tags, strict=True):
        overall.update(row.tolist())
        for word, tag in zip(words, row.tolist(), strict=True):
            found[word][tag] += 1
    usual = [_most(counts) for counts in (*found.values(), overall)]
    perceptron = fit_perceptron(texts, tags, count, seed)
    return TagBaselines(pack_strings(found), np.array(usual, np.int64), perceptron, tuple(names))


def tag_card(
    true: np.ndarray,
    found: np.ndarray,
    chances: np.ndarray,
    weight: Any,
    lengths: np.ndarray,
    names: Sequence[str] = (),
    foreign: Sequence[str] = (),
) -> Card:
    """Of a tag at each step; all arrays are of real steps, one sequence after the other.

    Args:
        true: Indices of tags; -1, -2, … where a tag is none of those that were learnt.
        found: Likewise, what was said.
        chances: `[M, K]`, what ranks the steps for each tag.
        weight: `[M]`, or None.
        lengths: How many steps each sequence has.
        names: The tags, where they are spans; else none.
        foreign: What -1, -2, … are called.

    Returns:
        As `elman.metrics.scorecards.class_card`; of spans also `span_f1`, in which weights do not
        count; spans of tags that were not learnt are among the true ones, and None where it is not
        known what these are called, or they are no spans.
    """
    card = class_card(np.maximum(true, -1), found, chances, weight)
    if not names:
        return card
    f1, lowest = None, -int(true.min(initial=0))
    if lowest <= len(foreign) and are_spans([*names, *foreign]):
        both = (named_tags(one, lengths, names, foreign) for one in (true, found))
        f1 = span_scores(*both)[""]["f1"]
    return card | {"span_f1": f1}


def named_tags(
    tags: np.ndarray, lengths: np.ndarray, names: Sequence[str], foreign: Sequence[str] = ()
) -> list[list[str]]:
    """Indices of all real steps as the names of each sequence's tags; see `tag_card`."""
    known = [*map(str, names), *map(str, reversed(foreign))]  # -1 is the last one
    each = np.split(tags, np.cumsum(lengths)[:-1])
    return [[known[tag] for tag in row] for row in each]


def _most(counts: Counter[int]) -> int:
    """The most frequent one; of equally frequent ones the first."""
    return min(counts, key=lambda tag: (-counts[tag], tag), default=0)
