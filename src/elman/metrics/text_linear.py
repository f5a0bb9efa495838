"""A linear map of a text's short runs, which answers beside a network of the same text.

What a network reads in order it must learn from few examples of each run; a linear map knows each
run by itself. Both together are worth more than either alone (Cheng et al. 2016, "Wide & Deep
Learning for Recommender Systems", arXiv 1606.07792). Fitted by scikit-learn, it travels as a few
arrays and answers in plain NumPy.

    linear = fit_text_linear(texts, labels, classes=2)
    linear(["a good film"])  # logits [1, 2]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from elman.errors import BundleError
from elman.metrics.linear import LinearMap
from elman.metrics.linear_answers import array_of
from elman.metrics.ngrams import LETTERS, LONGEST, NGrams, choose_unit, fit_ngrams
from elman.metrics.sparse import fit_sparse_margins
from elman.metrics.text_baselines import most_runs

__all__ = ["TextLinear", "fit_text_linear"]

_LONGEST = {**LONGEST, LETTERS: 4}
_MOST_LONGEST = 16  # units of a run, in a file


@dataclass(frozen=True, eq=False)
class TextLinear:
    """Logits of K classes from the TF-IDF of a text's runs of words, or of letters.

    Attributes:
        ngrams: The G runs that are known.
        rarity: Of each run how much it counts in TF-IDF `[G]`, float32.
        map: Weight `[K, G]` and bias `[K]`, float32.
    """

    ngrams: NGrams
    rarity: np.ndarray
    map: LinearMap

    def __call__(self, texts: Sequence[str]) -> Float[np.ndarray, "N K"]:
        """The logits of each text, float64; of a text without a known run the bias."""
        counts = self.ngrams.counts(texts).weighted(self.rarity)
        return counts.sums(self.map.weight) + self.map.bias

    def describe(self) -> str:
        """What it is, in words."""
        return f"a linear map of {self.ngrams.described}"

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs, as arrays for a model file."""
        return {
            "runs": self.ngrams.keys,
            "facts": np.array([self.ngrams.unit, self.ngrams.longest], dtype=np.int64),
            "rarity": self.rarity,
            "weight": self.map.weight,
            "bias": self.map.bias,
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray], classes: int) -> TextLinear:
        """The map that `tensors` described.

        Raises:
            BundleError: Something is missing, or not of so many classes.
        """
        runs, facts, rarity, weight, bias = (
            array_of(tensors, name) for name in ("runs", "facts", "rarity", "weight", "bias")
        )
        sound = runs.dtype == facts.dtype == np.int64 and runs.ndim == 1 and facts.shape == (2,)
        sound = sound and facts[0] in _LONGEST and 1 <= facts[1] <= _MOST_LONGEST
        sound = sound and bool((runs[1:] > runs[:-1]).all()) and rarity.shape == runs.shape
        sound = sound and weight.shape == (classes, len(runs)) and bias.shape == (classes,)
        floats = (rarity, weight, bias)
        if not sound or any(one.dtype != np.float32 for one in floats):
            raise BundleError("linear map", "arrays that do not fit together", "save it again")
        if not all(np.isfinite(one).all() for one in floats):
            raise BundleError("linear map", "numbers that are not finite", "save it again")
        return cls(NGrams(runs, *facts.tolist()), rarity, LinearMap(weight, bias))


def fit_text_linear(
    texts: Sequence[str],
    labels: Int[np.ndarray, "N"],
    classes: int,
    weight: Float[np.ndarray, "N"] | None = None,
    seed: int = 0,
) -> TextLinear:
    """Fit the map to training texts.

    Runs are of one or two words, or, where few words come again, of one to four letters.

    Args:
        texts: The N texts.
        labels: Class indices in 0…K-1.
        classes: K. One that no text has gets the lowest logit that any class has for nothing.
        weight: Of each text, ≥ 0, two classes at least being above 0; None for alike.
        seed: Draws the texts that choose the strength of the penalty.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    weight = np.ones(len(texts)) if weight is None else np.asarray(weight, np.float64)
    rows = np.flatnonzero(weight > 0)
    some = [texts[int(k)] for k in rows]
    known, index = np.unique(labels[rows], return_inverse=True)
    unit = choose_unit(some)
    ngrams = fit_ngrams(some, unit, most_runs(classes), _LONGEST[unit])
    counts, runs = ngrams.counts(some), len(ngrams.keys)
    rarity = counts.rarity(runs).astype(np.float32)
    found = fit_sparse_margins(counts.weighted(rarity), index, runs, weight[rows], seed)
    of_all = np.zeros((classes, runs), np.float32)
    bias = np.full(classes, found.bias.min(), np.float32)
    of_all[known], bias[known] = found
    return TextLinear(ngrams, rarity, LinearMap(of_all, bias))
