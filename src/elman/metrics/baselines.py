"""What a model must beat to have learned anything: answers that need no recurrent network.

A baseline sees the training part only, travels with the model as a few small arrays, and
answers in plain NumPy. There are two of each kind: one that ignores the input, and one that
is linear in it. The linear one sees every step where all training sequences have the same
length and T·I is at most 4,096 ("on the flattened input"), else the mean over each sequence's
real steps ("on the averaged input"), else, for one target a step, that step's own features.

    baselines = fit_classification(train, labels)
    baselines.scores(test, test_labels)   # {"majority class": 0.10, "logistic regression …": 0.97}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.errors import BundleError, ShapeError
from elman.metrics.class_answers import (
    ClassAnswers,
    Said,
    always,
    checked_labels,
    majority_of,
    row_weights,
    said_by,
)
from elman.metrics.features import Sequences, real_steps
from elman.metrics.linear import LinearMap, fit_logistic, fit_ridge
from elman.metrics.linear_answers import AVERAGED, PER_STEP, LinearAnswers, array_of, features_of
from elman.metrics.scorecards import Card, first_scores, number_card

__all__ = [
    "ClassificationBaselines",
    "RegressionBaselines",
    "fit_classification",
    "fit_regression",
]

LARGEST_INPUT = 4096
"""Most numbers of a sequence, T·I, that are laid side by side for a linear model."""
LARGEST_FIT = 500_000_000
"""Most products, rows · features · outputs (10 at least), in one pass over the rows that a
linear model is fitted on; of more rows some are drawn."""


@dataclass(frozen=True)
class ClassificationBaselines(ClassAnswers):
    """The most frequent class, and logistic regression.

    Attributes:
        majority, classes: See `ClassAnswers`.
        linear: The logistic regression.
    """

    majority: np.ndarray
    classes: np.ndarray
    linear: LinearAnswers

    @property
    def names(self) -> tuple[str, str]:
        """How to print the two: "majority class", "logistic regression on …"."""
        return self._majority_name, f"logistic regression on {self.linear.input}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the scores should know, a sentence each."""
        return self.linear.notes

    def _answers(self, rows: Sequences) -> dict[str, Said]:
        majority, logistic = self.names
        answers = {majority: always(self.majority, len(rows.lengths), self.classes)}
        if self.linear.answers(rows):
            answers[logistic] = said_by(self.linear(rows), self.classes)
        return answers

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs, as arrays for a model file."""
        return {
            "majority": self.majority,
            "classes": self.classes,
            **self.linear.tensors(),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> ClassificationBaselines:
        """The baselines that `tensors` described; `BundleError` if something is missing."""
        majority, classes = array_of(tensors, "majority"), array_of(tensors, "classes")
        linear = LinearAnswers.from_tensors(tensors)
        vectors = majority.ndim == classes.ndim == 1 and (len(majority) == 1 or not len(classes))
        if not vectors or len(linear.map.bias) != (len(classes) or len(majority)):
            raise BundleError("baselines", "arrays that do not fit together", "save it again")
        return cls(majority, classes, linear)


@dataclass(frozen=True)
class RegressionBaselines:
    """The training part's mean `[K]`, and linear regression."""

    mean: np.ndarray
    linear: LinearAnswers

    @property
    def names(self) -> tuple[str, str]:
        """How to print the two: "mean", "linear regression on …"."""
        return "mean", f"linear regression on {self.linear.input}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the scores should know, a sentence each."""
        return self.linear.notes

    @property
    def per_step(self) -> bool:
        """Whether a target belongs to each step."""
        return self.linear.steps == PER_STEP

    def predict(self, sequences: Sequences) -> dict[str, np.ndarray]:
        """Each baseline's numbers by its name: `[N, K]`, or per step `[sum of lengths, K]`.

        A regression on the flattened input is left out if these sequences are of other
        lengths than the training part's.
        """
        mean, regression = self.names
        rows = int(sequences.lengths.sum()) if self.per_step else len(sequences.lengths)
        answers = {mean: np.broadcast_to(self.mean, (rows, len(self.mean)))}
        if self.linear.answers(sequences):
            answers[regression] = self.linear(sequences)
        return answers

    def scorecards(
        self, sequences: Sequences, targets: Any, sample_weight: Any = None
    ) -> dict[str, Card]:
        """Each baseline's scores by its name, as in `predict`; see `metrics.scorecards`.

        Targets and weights are as `fit_regression` takes them.
        """
        rows, weight = _regression_rows(sequences, targets, sample_weight, self.per_step)
        answers = self.predict(sequences)
        return {name: number_card(rows, answer, weight) for name, answer in answers.items()}

    def scorecards_of_each(
        self, sequences: Sequences, targets: Any, sample_weight: Any = None
    ) -> list[dict[str, Card]]:
        """The same for each of the K numbers by itself."""
        rows, weight = _regression_rows(sequences, targets, sample_weight, self.per_step)
        answers = self.predict(sequences)
        return [
            {
                name: number_card(rows[:, k], answer[:, k], weight)
                for name, answer in answers.items()
            }
            for k in range(rows.shape[1])
        ]

    def scores(
        self, sequences: Sequences, targets: Any, sample_weight: Any = None
    ) -> dict[str, float]:
        """Each baseline's R² by its name: of `scorecards` the first."""
        return first_scores(self.scorecards(sequences, targets, sample_weight))

    def tensors(self) -> dict[str, np.ndarray]:
        """All that `from_tensors` needs, as arrays for a model file."""
        return {"mean": self.mean, **self.linear.tensors()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> RegressionBaselines:
        """The baselines that `tensors` described; `BundleError` if something is missing."""
        mean, linear = array_of(tensors, "mean"), LinearAnswers.from_tensors(tensors)
        if mean.shape != linear.map.bias.shape:
            raise BundleError("baselines", "arrays that do not fit together", "save it again")
        return cls(mean, linear)


def fit_classification(
    sequences: Sequences, labels: Any, sample_weight: Any = None, seed: int = 0
) -> ClassificationBaselines:
    """Fit the baselines of a classifier on its training part.

    Args:
        sequences: The N training sequences.
        labels: Class indices `[N]`, or 0 and 1 per label `[N, L]`.
        sample_weight: `[N]` ≥ 0, or None.
        seed: Draws the rows where there are too many for a linear model (`LARGEST_FIT`).

    Raises:
        ShapeError, ArgumentError: Labels or weights do not fit the sequences.
        MissingExtraError: scikit-learn is not installed.
    """
    labels = np.asarray(labels)
    weight = row_weights(len(sequences.lengths), labels, (1, 2), sample_weight)
    labels = checked_labels(labels)
    majority = majority_of(labels, weight)
    if labels.ndim == 2:
        steps, features, rows = _table(sequences, seed, weight, outputs=labels.shape[1])
        classes = np.zeros(0, dtype=np.int64)
        map_, converged = _map_for_each(features, labels[rows], weight[rows])
    else:
        found = np.unique(labels)
        steps, features, rows = _table(sequences, seed, weight, outputs=len(found))
        classes, drawn = np.unique(labels[rows], return_inverse=True)
        map_, converged = fit_logistic(features, drawn, len(classes), weight[rows])
    linear = LinearAnswers(map_, steps, len(rows), len(labels), converged)
    return ClassificationBaselines(majority, classes, linear)


def fit_regression(
    sequences: Sequences,
    targets: Any,
    sample_weight: Any = None,
    seed: int = 0,
    *,
    per_step: bool = False,
) -> RegressionBaselines:
    """Fit the baselines of a regressor on its training part.

    Args:
        sequences: The N training sequences.
        targets: Numbers `[N]` or `[N, K]`; with `per_step` `[N, T]` or `[N, T, K]`, where
            nothing past a row's length is read.
        sample_weight: `[N]` ≥ 0, or None; with `per_step` every step has its row's weight, or
            its own, `[N, T]`.
        seed: Draws the rows that choose the penalty, and which to fit on if there are too many.
        per_step: Whether a target belongs to each step rather than to the sequence.

    Raises:
        ShapeError, ArgumentError: Targets or weights do not fit the sequences.
    """
    wanted, weight = _regression_rows(sequences, targets, sample_weight, per_step)
    steps, features, rows = _table(
        sequences, seed, weight, outputs=wanted.shape[1], per_step=per_step
    )
    mean = weight @ wanted / weight.sum()
    map_ = fit_ridge(features, wanted[rows], weight[rows], seed)
    return RegressionBaselines(mean, LinearAnswers(map_, steps, len(rows), len(wanted)))


def _table(
    sequences: Sequences, seed: int, weight: np.ndarray, *, outputs: int, per_step: bool = False
) -> tuple[int, np.ndarray, np.ndarray]:
    """What the linear model sees: the kind of features, the features, which rows they are.

    Rows of weight zero are left out, and a sample is drawn where there are too many.
    """
    length, inputs = int(sequences.lengths[0]), sequences.values.shape[2]
    equal = length > 0 and (sequences.lengths == length).all()
    flat = equal and length * inputs <= LARGEST_INPUT
    steps = PER_STEP if per_step else length if flat else AVERAGED
    features = features_of(sequences, steps)
    rows = np.flatnonzero(weight > 0)
    most = max(1, LARGEST_FIT // (features.shape[1] * max(10, outputs)))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    return steps, features[rows], rows


def _map_for_each(
    features: np.ndarray, labels: np.ndarray, weight: np.ndarray
) -> tuple[LinearMap, bool]:
    """A score for each label `[N, L]`, positive where 1 is more likely; whether all converged."""
    weights, biases, converged = [], [], True
    for label in labels.T:
        if label.min() == label.max():
            weights.append(np.zeros(features.shape[1]))
            biases.append(1.0 if label[0] else -1.0)
            continue
        (pair, bias), done = fit_logistic(features, label, 2, weight)
        weights.append(pair[1] - pair[0])
        biases.append(bias[1] - bias[0])
        converged = converged and done
    return LinearMap(np.array(weights), np.array(biases)), converged


def _regression_rows(
    sequences: Sequences, targets: Any, sample_weight: Any, per_step: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Targets `[rows, K]` and weights `[rows]`; rows are sequences or all their real steps."""
    targets = np.asarray(targets, dtype=np.float64)
    ranks = (2, 3) if per_step else (1, 2)
    of_steps = per_step and np.ndim(sample_weight) == 2
    weight = row_weights(
        len(sequences.lengths), targets, ranks, None if of_steps else sample_weight
    )
    if per_step:
        if targets.shape[1] != sequences.values.shape[1]:
            raise ShapeError(
                "targets",
                f"{targets.shape[1]} steps",
                f"pass one target for each of the {sequences.values.shape[1]} steps",
            )
        targets = real_steps(targets, sequences.lengths)
        weight = np.repeat(weight, sequences.lengths)
        if of_steps:
            weight = real_steps(np.asarray(sample_weight, np.float64), sequences.lengths)
    return targets.reshape(len(targets), -1), weight
