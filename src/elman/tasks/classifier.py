"""Which class a sequence belongs to, or which labels it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.base import ClassifierMixin

from elman.blueprint import Blueprint, sequence_to_sequence, sequence_to_vector
from elman.data import Sequences, as_sequences
from elman.errors import ArgumentError, DataError, ShapeError
from elman.metrics.baselines import fit_classification
from elman.parameters import documented, flag, parameter, plain, text
from elman.runtime.targets import (
    check_labels,
    check_step_labels,
    check_weight,
    class_tensors,
    label_indices,
)
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

    per_step: bool | None = parameter(
        None,
        flag(none=True),
        "A class belongs to each step rather than to the sequence.",
        "None: where y has a row of labels for each sequence, as long as that is and not all of "
        "the same length; several labels a sequence are `[N, L]`.",
    )
    label_smoothing: float = parameter(
        0.0, plain(float), "Share of a target that is spread over all classes, in [0, 1)."
    )
    class_weight: Any = parameter(
        None,
        text(none=True),
        "`balanced`: every class counts alike.",
        "Or a mapping of labels to weights ≥ 0, 1 for a label left out. For training only.",
    )

    @property
    def target(self) -> Target:
        """A class, or one for each step; or the fitted model's: perhaps several a sequence."""
        if self.per_step:
            return Target.CLASS_PER_STEP
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

    def _known(self, warm: Any) -> _Known:
        return _Known(warm.classes_, warm.target)

    def _part(
        self, X: Any, y: Any, sample_weight: Any, known: _Known | None
    ) -> tuple[Part, _Known]:
        """X and y checked, and the classes: those known, or y's own; and of which kind they are.

        `y` has one label a sequence `[N]`: strings, whole numbers or booleans; or several a
        sequence, as 0 and 1 `[N, L]`: so scikit-learn has them. Per step `[N, T]`, or a list of
        `[T_i]`.
        """
        sequences = as_sequences(X, features=self._features())
        weight = check_weight(sample_weight, len(sequences))
        classes = None if known is None else known.classes
        told = self.per_step if known is None else known.kind.per_step
        if _belong_to_steps(told, y, sequences):
            targets, classes = check_step_labels(y, sequences, classes)
            _check_several(classes)
            kind = Target.CLASS_PER_STEP
            _check_kind(known, kind)
            return Part(sequences, targets, weight, kind).counted(), _Known(classes, kind)
        labels = check_labels(y, len(sequences))
        kind = Target.LABELS if labels.ndim == 2 else Target.CLASS
        _check_kind(known, kind)
        part = Part(sequences, labels, weight, kind).counted()
        if kind is Target.LABELS:
            return part, _Known(_several(labels, classes), kind)
        if classes is None:
            classes = np.unique(part.targets)
            _check_several(classes)
        index = label_indices(part.targets, classes)
        if (index < 0).any():
            strange = part.targets[index < 0][0]
            raise DataError(
                "y", f"label {strange.item()!r}", f"one of the classes {classes.tolist()}"
            )
        return replace(part, targets=index.astype(np.int64)), _Known(classes, kind)

    def _blueprint(self, train: Part, known: _Known) -> Blueprint:
        if train.kind is Target.CLASS_PER_STEP:
            if self.pool != "last":
                raise ArgumentError("pool", f"{self.pool!r} with per_step=True", "leave it out")
            return sequence_to_sequence(
                cells=self._cells(),
                outputs=len(known.classes),
                input_size=train.sequences.features,
                bidirectional=bool(self.bidirectional),
                dropout=self.dropout,
            )
        return sequence_to_vector(
            cells=self._cells(),
            outputs=len(known.classes),
            input_size=train.sequences.features,
            bidirectional=bool(self.bidirectional),
            pool=self.pool,
            dropout=self.dropout,
        )

    def _learning(self, parts: Parts, known: _Known, warm: Any) -> Learning:
        several = parts.train.kind is Target.LABELS
        loss, score = (BinaryCrossEntropy, label_accuracy) if several else (CrossEntropy, accuracy)
        return Learning(
            parts,
            loss(self.label_smoothing),
            score,
            self._row_weight(parts.train, known.classes),
            class_tensors(known.classes),
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
        if train.kind is Target.CLASS_PER_STEP:
            raise ArgumentError("class_weight", "a class for each step", "None")
        weight = np.ones(len(train)) if train.weight is None else train.weight
        return weight * _class_weight(self.class_weight, classes, train.targets, weight)

    def _baseline_tensors(self, train: Part) -> dict[str, np.ndarray]:
        sequences, targets, weight = train.sequences, train.targets, train.weight
        if train.kind is Target.CLASS_PER_STEP:  # what a step says by itself
            targets = targets[sequences.real]
            weight = None if weight is None else np.repeat(weight, sequences.lengths)
            sequences = sequences.by_step()
        return fit_classification(sequences, targets, weight, self.seed).tensors()


class _Known(NamedTuple):
    """What is known of targets: the classes, and of which kind they are."""

    classes: np.ndarray
    kind: Target


def _check_kind(known: _Known | None, kind: Target) -> None:
    """`ShapeError` where the labels are of another kind than those that were learnt."""
    if known is not None and known.kind is not kind:
        raise ShapeError("y", f"targets of the kind {kind!s}", f"{known.kind!s}, as were learnt")


def _belong_to_steps(told: bool | None, y: Any, sequences: Sequences) -> bool:
    """Whether the labels are those of steps: as told, or as their lengths say.

    Raises:
        ArgumentError: They may be either.
    """
    if told is not None:
        return told
    if isinstance(y, np.ndarray) and y.dtype != object:
        rows = [y.shape[1]] * len(y) if y.ndim == 2 else []
    else:
        given = y if hasattr(y, "__iter__") else ()  # what it is instead is told by who checks it
        rows = [len(row) for row in given if isinstance(row, list | tuple | np.ndarray)]
    if len(rows) != len(sequences) or rows != sequences.lengths.tolist():
        return False
    if sequences.ragged or len(set(rows)) > 1:
        return True
    raise ArgumentError(
        "per_step",
        f"y has {rows[0]} labels for each sequence of as many steps",
        "True for a class at each step, False for several labels a sequence",
    )


def _check_several(classes: np.ndarray) -> None:
    if len(classes) < 2:
        raise DataError("y", f"one class only, {classes[0].item()!r}", "sequences of two or more")


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
