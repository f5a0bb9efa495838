"""Which class a sequence belongs to, or which labels it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin

from elman.blueprint import Blueprint, sequence_to_vector
from elman.data import as_sequences
from elman.errors import ArgumentError, DataError, ShapeError
from elman.metrics.baselines import fit_classification
from elman.parameters import documented, parameter, plain, text
from elman.runtime.targets import check_labels, check_weight, class_tensors, label_indices
from elman.targets import Target
from elman.tasks.estimator import Learning, SequenceEstimator
from elman.tasks.fitting import Part, Parts
from elman.training import BinaryCrossEntropy, CrossEntropy
from elman.training.loop.losses import accuracy, label_accuracy

__all__ = ["Classifier"]


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class Classifier(ClassifierMixin, SequenceEstimator):
    """A recurrent network that reads a sequence and says what it is.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 5, 1)) + np.repeat([-2, 2], 30)[:, None, None]
    >>> y = np.repeat(["low", "high"], 30)
    >>> model = Classifier(cell="gru", units=8, epochs=10, learning_rate=0.02).fit(X, y)
    >>> model.predict(np.full((1, 5, 1), 2.0)).tolist()
    ['high']

    Args:
        {parameters}

    Attributes after `fit`:
        classes_: The K class labels, sorted.
        model_, module_, history_, result_, n_features_in_: See `SequenceEstimator`.
    """

    _task = "classifier"
    score: ClassVar[Any] = SequenceEstimator.score  # not the mixin's

    label_smoothing: float = parameter(
        0.0, plain(float), "Share of a target that is spread over all classes, in [0, 1)."
    )
    class_weight: Any = parameter(
        None,
        text(none=True),
        "none, or balanced: every class counts alike.",
        "Or a mapping of labels to weights ≥ 0, 1 for a label left out. For training only.",
    )

    @property
    def target(self) -> Target:
        """A class, or labels where the fitted model has several a sequence."""
        return self.model_.target if self.__sklearn_is_fitted__() else Target.CLASS

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class `[N, K]`, rows summing to 1; or of each label `[N, L]`.

        Raises:
            NotFittedError: Before `fit`.
            ShapeError, DataError: X does not fit.
        """
        return self._fitted("predict_proba").predict_proba(X)

    @property
    def classes_(self) -> np.ndarray:
        """The class labels, sorted; with several labels a sequence, 0…L-1."""
        return self._fitted("classes_").classes_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _known(self, warm: Any) -> np.ndarray:
        return warm.classes_

    def _part(
        self, X: Any, y: Any, sample_weight: Any, known: np.ndarray | None
    ) -> tuple[Part, np.ndarray]:
        """X and y checked, and the classes: those known, or y's own.

        `y` has one label a sequence `[N]`: strings, whole numbers or booleans; or several a
        sequence, as 0 and 1 `[N, L]`: so scikit-learn has them.
        """
        sequences = as_sequences(X, features=self._features())
        labels = check_labels(y, len(sequences))
        weight = check_weight(sample_weight, len(sequences))
        kind = Target.LABELS if labels.ndim == 2 else Target.CLASS
        part = Part(sequences, labels, weight, kind).counted()
        if kind is Target.LABELS:
            return part, _several(labels, known)
        if known is None:
            known = np.unique(part.targets)
            if len(known) < 2:
                raise DataError(
                    "y", f"one class only, {known[0].item()!r}", "sequences of two or more"
                )
        index = label_indices(part.targets, known)
        if (index < 0).any():
            strange = part.targets[index < 0][0]
            raise DataError(
                "y", f"label {strange.item()!r}", f"one of the classes {known.tolist()}"
            )
        return replace(part, targets=index.astype(np.int64)), known

    def _blueprint(self, train: Part, known: np.ndarray) -> Blueprint:
        return sequence_to_vector(
            cells=self._cells(),
            outputs=len(known),
            input_size=train.sequences.features,
            bidirectional=self.bidirectional,
            pool=self.pool,
            dropout=self.dropout,
        )

    def _learning(self, parts: Parts, known: np.ndarray, warm: Any) -> Learning:
        several = parts.train.kind is Target.LABELS
        loss, score = (BinaryCrossEntropy, label_accuracy) if several else (CrossEntropy, accuracy)
        return Learning(
            parts,
            loss(self.label_smoothing),
            score,
            self._row_weight(parts.train, known),
            class_tensors(known),
            {"multilabel": several},
        )

    def _row_weight(self, train: Part, classes: np.ndarray) -> np.ndarray | None:
        """The weights of the sequences times those of their classes."""
        if self.class_weight is None:
            return train.weight
        if train.kind is Target.LABELS:
            raise ArgumentError(
                "class_weight", "several labels a sequence", "use sample_weight, or None"
            )
        weight = np.ones(len(train)) if train.weight is None else train.weight
        return weight * _class_weight(self.class_weight, classes, train.targets, weight)

    def _baseline_tensors(self, train: Part) -> dict[str, np.ndarray]:
        return fit_classification(train.sequences, train.targets, train.weight, self.seed).tensors()


def _several(labels: np.ndarray, classes: np.ndarray | None) -> np.ndarray:
    """The names 0…L-1 of the L labels; an error if another number of them was fitted."""
    if classes is not None and len(classes) != labels.shape[1]:
        raise ShapeError("y", f"{labels.shape[1]} labels a sequence", f"{len(classes)} of them")
    return np.arange(labels.shape[1])


def _class_weight(
    given: Any, classes: np.ndarray, index: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """For each row the weight of its class `[N]`."""
    if isinstance(given, str) and given == "balanced":
        found = np.bincount(index, weight, minlength=len(classes))
        return (weight.sum() / (len(classes) * np.maximum(found, 1e-12)))[index]
    if not isinstance(given, Mapping):
        raise ArgumentError(
            "class_weight",
            f"found {given!r}",
            "'balanced', a mapping of labels to weights, or None",
        )
    unknown = [label for label in given if label not in classes]
    if unknown:
        raise ArgumentError(
            "class_weight", f"label {unknown[0]!r}", f"some of the classes {classes.tolist()}"
        )
    each = np.array([given.get(label, 1.0) for label in classes.tolist()], dtype=np.float64)
    if not np.isfinite(each).all() or (each < 0).any() or not each[index].any():
        raise ArgumentError(
            "class_weight", f"found {each.tolist()}", "finite weights ≥ 0, not all 0"
        )
    return each[index]
