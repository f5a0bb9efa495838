"""What baselines say of classes or labels, whatever they read, and the scores of what they say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from elman.errors import ArgumentError, ShapeError
from elman.metrics.calibration import softmax
from elman.metrics.scorecards import Card, class_card, first_scores, label_card

__all__ = [
    "ClassAnswers",
    "Said",
    "always",
    "checked_labels",
    "majority_of",
    "row_weights",
    "said_by",
]


class Said(NamedTuple):
    """What a baseline says of N rows.

    Attributes:
        found: Class indices `[N]`; or 0 and 1 for each label `[N, L]`.
        ranks: What ranks the rows for each of its classes `[N, K]`, or for each label `[N, L]`.
    """

    found: np.ndarray
    ranks: np.ndarray


class ClassAnswers(ABC):
    """Baselines of classes or labels: what they say by name (`_answers`), and what it is worth.

    Attributes:
        majority: The most frequent class `[1]`; or, with several labels a row, for each label
            whether most rows have it `[L]`.
        classes: Class indices `[K]` that the training part held; empty with several labels.
    """

    majority: np.ndarray
    classes: np.ndarray

    @abstractmethod
    def _answers(self, rows: Any) -> dict[str, Said]:
        """What each baseline says of these sequences or texts, by its name."""

    @property
    def multilabel(self) -> bool:
        """Whether a row has several labels, each 0 or 1."""
        return not len(self.classes)

    @property
    def _majority_name(self) -> str:
        return "majority of each label" if self.multilabel else "majority class"

    def predict(self, rows: Any) -> dict[str, np.ndarray]:
        """Each baseline's class indices `[N]`, or 0 and 1 per label `[N, L]`, by its name.

        A regression on the flattened input is left out if these sequences are of other lengths
        than the training part's.
        """
        return {name: said.found for name, said in self._answers(rows).items()}

    def scorecards(self, rows: Any, labels: Any, sample_weight: Any = None) -> dict[str, Card]:
        """Each baseline's scores by its name, as in `predict`.

        Args:
            rows: N of them: sequences, or texts.
            labels: Class indices `[N]`, -1 for one that was not learnt; or 0 and 1 `[N, L]`.
            sample_weight: `[N]`, or None.

        Returns:
            As `metrics.scorecards.class_card` or `label_card`.
        """
        return _cards(self._answers(rows), self.classes, labels, sample_weight)

    def scores(self, rows: Any, labels: Any, sample_weight: Any = None) -> dict[str, float]:
        """Each baseline's accuracy by its name: of `scorecards` the first."""
        return first_scores(self.scorecards(rows, labels, sample_weight))


def checked_labels(labels: Any) -> np.ndarray:
    """Class indices `[N]`, or 0 and 1 for each label `[N, L]`, as int64.

    Raises:
        ArgumentError: They are no whole numbers.
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iub":
        raise ArgumentError("labels", f"dtype {labels.dtype}", "pass class indices (integers)")
    return labels.astype(np.int64)


def row_weights(
    rows: int, answers: np.ndarray, ranks: tuple[int, ...], sample_weight: Any
) -> np.ndarray:
    """The weight of each of so many rows `[N]`: 1 where None is given.

    Args:
        rows: N.
        answers: Labels or targets: one for each row.
        ranks: How many axes they may have.
        sample_weight: `[N]` ≥ 0, or None.

    Raises:
        ShapeError: There is no row, or not an answer for each.
        ArgumentError: The weights are none.
    """
    if rows == 0 or answers.ndim not in ranks or len(answers) != rows:
        raise ShapeError(
            "labels or targets",
            f"shape {answers.shape} beside {rows} sequences",
            f"pass {rows or 'some'} rows, rank {' or '.join(map(str, ranks))}",
        )
    weight = np.ones(rows) if sample_weight is None else np.asarray(sample_weight, np.float64)
    if weight.shape != (rows,) or not np.isfinite(weight).all() or (weight < 0).any():
        raise ArgumentError(
            "sample_weight", f"shape {weight.shape}", f"pass {rows} finite numbers ≥ 0"
        )
    if weight.sum() == 0:
        raise ArgumentError("sample_weight", "zeros only", "give at least one row a weight")
    return weight


def majority_of(labels: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The most frequent class `[1]`; or for each label whether most rows have it `[L]`."""
    if labels.ndim == 2:
        return (2 * (weight @ labels) > weight.sum()).astype(np.int64)
    found, index = np.unique(labels, return_inverse=True)
    return found[[np.bincount(index, weight).argmax()]]


def always(majority: np.ndarray, rows: int, classes: np.ndarray) -> Said:
    """The same for every row.

    Args:
        majority: As `majority_of` gives it.
        rows: N.
        classes: Class indices `[K]`; empty with several labels a row.
    """
    if not len(classes):
        found = np.broadcast_to(majority, (rows, len(majority)))
        return Said(found, found)
    return Said(np.broadcast_to(majority, (rows,)), np.zeros((rows, len(classes))))


def said_by(scores: np.ndarray, classes: np.ndarray) -> Said:
    """What scores say.

    Args:
        scores: `[N, K]`, the logarithms of chances but for a constant; of labels `[N, L]`, above 0
            where 1 is more likely.
        classes: As of `always`.
    """
    if not len(classes):
        return Said((scores > 0).astype(np.int64), scores)
    return Said(classes[scores.argmax(axis=1)], softmax(scores))


def _cards(
    answers: Mapping[str, Said], classes: np.ndarray, labels: Any, sample_weight: Any
) -> dict[str, Card]:
    """The scores of each baseline, by its name.

    Args:
        answers: What they say.
        classes: As of `always`.
        labels: What is true: class indices `[N]`, -1 for one that was not learnt; or `[N, L]`.
        sample_weight: `[N]`, or None.
    """
    labels = np.asarray(labels)
    if not len(classes):
        return {
            name: label_card(labels, said.found, said.ranks, sample_weight)
            for name, said in answers.items()
        }
    known = np.unique(np.concatenate([classes, labels[labels >= 0]]))
    true, cards = np.where(labels < 0, -1, np.searchsorted(known, labels)), {}
    for name, said in answers.items():
        chances = np.zeros((len(labels), max(len(known), 2)))
        chances[:, np.searchsorted(known, classes)] = said.ranks
        found = np.searchsorted(known, said.found)
        cards[name] = class_card(true, found, chances, sample_weight)
    return cards
