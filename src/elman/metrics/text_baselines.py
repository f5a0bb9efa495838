"""What a model of texts must beat: the majority, naive Bayes and a logistic regression.

Both read a text as a bag of short runs: words and pairs of words, or, where few words come again
(names; languages without blanks between words), runs of up to three letters. They are fitted on the
training part, travel with the model as a few arrays, and answer in plain NumPy. At most `MOST` runs
are known, and at most `MOST_WEIGHTS` numbers belong to each of the two: 2.5 MiB for two classes,
never more than 18 MiB.

    baselines = fit_texts(texts, labels)
    baselines.scores(test, test_labels)  # {"majority class": 0.5, "naive Bayes on words …": 0.78}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.errors import BundleError
from elman.metrics.class_answers import (
    ClassAnswers,
    Said,
    always,
    checked_labels,
    majority_of,
    row_weights,
    said_by,
)
from elman.metrics.linear import NOT_CONVERGED, LinearMap
from elman.metrics.linear_answers import array_of
from elman.metrics.ngrams import (
    LETTERS,
    LONGEST,
    MOST,
    Counts,
    NGrams,
    choose_unit,
    fit_ngrams,
)
from elman.metrics.sparse import fit_bayes, fit_sparse_logistic

__all__ = ["MOST_WEIGHTS", "TextBaselines", "fit_texts", "most_runs"]

MOST_WEIGHTS = 2**21
"""Most weights of naive Bayes, and of the regression: 8 MiB each."""
LARGEST_FIT = 50_000_000
"""Most products, of runs in all texts and classes, in one pass of the regression's fit; of more
texts some are drawn."""


@dataclass(frozen=True, eq=False)
class TextBaselines(ClassAnswers):
    """The most frequent class, naive Bayes, and logistic regression on TF-IDF.

    Attributes:
        majority, classes: See `ClassAnswers`.
        ngrams: The G runs of words, or of letters, that are known.
        bayes: Scores of counted runs: weight `[R, G]`, where R is K, or 1 of two classes (the
            second above the first), or L.
        logistic: Scores of TF-IDF, likewise.
        rarity: Of each run how much it counts in TF-IDF `[G]`: its inverse document frequency.
        fitted_on: Texts that the regression was fitted on.
        available: Texts that there were.
        converged: Whether that fit did.
    """

    majority: np.ndarray
    classes: np.ndarray
    ngrams: NGrams
    bayes: LinearMap
    logistic: LinearMap
    rarity: np.ndarray
    fitted_on: int
    available: int
    converged: bool = True

    @property
    def names(self) -> tuple[str, str, str]:
        """How to print the three."""
        kind = self.ngrams.described
        linear = f"logistic regression on TF-IDF of {kind}"
        return self._majority_name, f"naive Bayes on {kind}", linear

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the scores should know, a sentence each."""
        notes = []
        if self.ngrams.unit == LETTERS:
            notes.append("the baselines count letters, as most words stand in one text only")
        if len(self.ngrams.keys) == most_runs(len(self.bayes.bias)):
            notes.append(f"the baselines know the {len(self.ngrams.keys):,} most frequent runs")
        if self.fitted_on < self.available:
            notes.append(
                f"the logistic regression was fitted on {self.fitted_on:,} of "
                f"{self.available:,} texts"
            )
        if not self.converged:
            notes.append(NOT_CONVERGED)
        return tuple(notes)

    def _answers(self, rows: Sequence[str]) -> dict[str, Said]:
        majority, bayes, logistic = self.names
        counts = self.ngrams.counts(rows)
        weighted = counts.weighted(self.rarity)
        return {
            majority: always(self.majority, len(rows), self.classes),
            bayes: self._said(counts, self.bayes),
            logistic: self._said(weighted, self.logistic),
        }

    def _said(self, counts: Counts, map_: LinearMap) -> Said:
        scores = counts.sums(map_.weight) + map_.bias
        if len(self.classes) and scores.shape[1] < len(self.classes):  # of two classes
            scores = np.concatenate([np.zeros_like(scores), scores], axis=1)
        return said_by(scores, self.classes)

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs, as arrays for a model file."""
        facts = [self.ngrams.unit, self.fitted_on, self.available, self.converged]
        return {
            "majority": self.majority,
            "classes": self.classes,
            "runs": self.ngrams.keys,
            "rarity": self.rarity,
            "bayes": self.bayes.weight,
            "bayes_bias": self.bayes.bias,
            "logistic": self.logistic.weight,
            "logistic_bias": self.logistic.bias,
            "text_facts": np.array(facts, dtype=np.int64),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> TextBaselines:
        """The baselines that `tensors` described; `BundleError` if something is missing."""
        majority, classes, runs, facts = (
            array_of(tensors, name) for name in ("majority", "classes", "runs", "text_facts")
        )
        maps = [
            LinearMap(array_of(tensors, name), array_of(tensors, f"{name}_bias"))
            for name in ("bayes", "logistic")
        ]
        rarity = array_of(tensors, "rarity")
        whole = all(part.dtype == np.int64 for part in (majority, classes, runs, facts))
        flat = majority.ndim == classes.ndim == runs.ndim == 1 and facts.shape == (4,)
        sound = whole and flat and facts[0] in LONGEST and rarity.shape == runs.shape
        if sound:
            rows = len(majority) if not len(classes) else _outputs(len(classes))
            sound = (len(majority) == 1 or not len(classes)) and (runs[1:] > runs[:-1]).all()
            sound &= (classes[1:] > classes[:-1]).all() and classes[:1].min(initial=0) >= 0
            sound &= all(
                one.weight.shape == (rows, len(runs)) and one.bias.shape == (rows,) for one in maps
            )
        floats = (rarity, *(part for one in maps for part in one))
        if not sound or not all(part.dtype.kind == "f" for part in floats):
            raise BundleError("baselines", "arrays that do not fit together", "save it again")
        if not all(np.isfinite(part).all() for part in floats):
            raise BundleError("baselines", "numbers that are not finite", "save it again")
        unit, fitted_on, available, converged = facts.tolist()
        ngrams = NGrams(runs, unit, LONGEST[unit])
        bayes, logistic = maps
        facts = (fitted_on, available, bool(converged))
        return cls(majority, classes, ngrams, bayes, logistic, rarity, *facts)


def most_runs(outputs: int) -> int:
    """How many runs are known where there are so many scores."""
    return min(MOST, MOST_WEIGHTS // max(outputs, 1))


def fit_texts(
    texts: Sequence[str], labels: Any, sample_weight: Any = None, seed: int = 0
) -> TextBaselines:
    """Fit the baselines of a classifier of texts on its training part.

    Args:
        texts: The N training texts.
        labels: Class indices `[N]`, or 0 and 1 per label `[N, L]`.
        sample_weight: `[N]` ≥ 0, or None.
        seed: Draws the texts where there are too many for the regression (`LARGEST_FIT`).

    Raises:
        ShapeError, ArgumentError: Labels or weights do not fit the texts.
        MissingExtraError: scikit-learn is not installed.
    """
    labels = np.asarray(labels)
    weight = row_weights(len(texts), labels, (1, 2), sample_weight)
    labels = checked_labels(labels)
    majority = majority_of(labels, weight)
    rows = np.flatnonzero(weight > 0)
    some, labels, weight = [texts[int(k)] for k in rows], labels[rows], weight[rows]
    if labels.ndim == 2:
        classes, index, outputs = np.zeros(0, dtype=np.int64), labels, labels.shape[1]
    else:
        classes, index = np.unique(labels, return_inverse=True)
        outputs = _outputs(len(classes))
    ngrams = fit_ngrams(some, choose_unit(some), most_runs(outputs))
    counts = ngrams.counts(some)
    rarity = counts.rarity(len(ngrams.keys))
    bayes = fit_bayes(counts, index, len(ngrams.keys), weight)
    weighted = counts.weighted(rarity)
    drawn = _drawn(index, max(1, LARGEST_FIT * len(some) // (len(counts.rows) * outputs + 1)), seed)
    logistic, converged = fit_sparse_logistic(
        weighted.select(drawn), index[drawn], len(ngrams.keys), weight[drawn], seed
    )
    return TextBaselines(
        majority,
        classes,
        ngrams,
        bayes,
        logistic,
        rarity.astype(np.float32),
        len(drawn),
        len(texts),
        converged,
    )


def _outputs(classes: int) -> int:
    """How many scores tell so many classes apart."""
    return 1 if classes == 2 else classes


def _drawn(index: np.ndarray, most: int, seed: int) -> np.ndarray:
    """The texts that the regression is fitted on, sorted: all, or so many, of each class one."""
    if len(index) <= most:
        return np.arange(len(index))
    draws = np.random.default_rng(seed).permutation(len(index))
    if index.ndim == 2:
        return np.sort(draws[:most])
    firsts = np.unique(index[draws], return_index=True)[1]
    return np.unique(np.concatenate([draws[firsts], draws[: max(most - len(firsts), 0)]]))
