"""A trained classifier, answering without torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from elman.bundle import Bundle
from elman.data import Sequences
from elman.errors import BundleError, ShapeError
from elman.metrics import accuracy, balanced_accuracy, log_loss
from elman.metrics.baselines import ClassificationBaselines
from elman.runtime.network import NetworkStepper
from elman.runtime.sequence_model import SequenceModel
from elman.runtime.targets import check_labels, classes_from, label_indices
from elman.runtime.travelling import setting_of
from elman.targets import Target

__all__ = ["ClassifierModel"]


class ClassifierModel(SequenceModel):
    """Says which class a sequence belongs to, or which labels it has.

    Arguments, attributes and errors as of `SequenceModel`; besides:

    Attributes:
        classes_: The K class labels, sorted; with several labels a sequence, 0…L-1.
        multilabel: Whether a sequence may have several labels.
    """

    task = "classifier"
    answer_options: ClassVar = {"probabilities": (bool, "Add the probability of each class.")}

    def _read(self, bundle: Bundle) -> None:
        self.multilabel = setting_of(bundle, "multilabel", bool, False)
        self.target = Target.LABELS if self.multilabel else Target.CLASS
        self.classes_ = classes_from(bundle.tensors)
        if len(self.classes_) != self.blueprint.output_size:
            raise BundleError(
                "class labels",
                f"{len(self.classes_)} for {self.blueprint.output_size} outputs",
                "save the model again",
            )

    def _baselines(self, tensors: Mapping[str, np.ndarray]) -> ClassificationBaselines:
        return ClassificationBaselines.from_tensors(tensors)

    def predict(self, X: Any) -> np.ndarray:
        """The most likely class of each sequence `[N]`; or 0 and 1 for each label `[N, L]`.

        Args:
            X: `[N, T, I]`, or a list of `[T_i, I]`.

        Raises:
            ShapeError, DataError: X does not fit; see `elman.data.as_sequences`.
        """
        logits = self.outputs(self.sequences(X))
        if self.multilabel:
            return (logits > 0).astype(np.int64)
        return self.classes_[logits.argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class `[N, K]`, rows summing to 1; or of each label `[N, L]`."""
        return self.answered(self.outputs(self.sequences(X)))

    def answered(self, outputs: np.ndarray) -> np.ndarray:
        """Logits as probabilities."""
        if self.multilabel:
            return 0.5 * (1.0 + np.tanh(0.5 * outputs))
        powers = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)

    def rows(
        self, sequences: Sequences, ids: Sequence[str], probabilities: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Class and its probability, or labels, of each sequence; perhaps all probabilities."""
        for name, row in zip(ids, self.predict_proba(sequences), strict=True):
            if self.multilabel:
                found = [str(k) for k in self.classes_[row > 0.5]]
                answer: dict[str, Any] = {"id": name, "prediction": " ".join(found)}
            else:
                best = int(row.argmax())
                answer = {"id": name, "prediction": self.classes_[best], "probability": row[best]}
            if probabilities:
                answer |= {f"p({k})": p for k, p in zip(self.classes_, row, strict=True)}
            yield answer

    def _scores(
        self, sequences: Sequences, y: Any, weight: np.ndarray | None
    ) -> tuple[dict[str, Any], np.ndarray, np.ndarray | None]:
        """The accuracy; of one label a sequence also `balanced_accuracy`, and `log_loss` in nats.

        With several labels a sequence, all of them must be right. The last one is left out where
        a label is not known.
        """
        labels = check_labels(y, len(sequences))
        if self.multilabel != (labels.ndim == 2):
            found = "several labels a sequence" if labels.ndim == 2 else "one label a sequence"
            raise _other_labels(found)
        if self.multilabel and labels.shape[1] != len(self.classes_):
            raise _other_labels(f"{labels.shape[1]} labels a sequence")
        logits = self.outputs(sequences)
        if self.multilabel:
            return (
                {"score": accuracy(labels, (logits > 0).astype(np.int64), weight)},
                labels,
                weight,
            )
        true, found = label_indices(labels, self.classes_), logits.argmax(axis=1)
        scores: dict[str, Any] = {
            "score": accuracy(true, found, weight),
            "balanced_accuracy": balanced_accuracy(true, found, weight),
        }
        unknown = int((true < 0).sum())
        if unknown:
            scores["notes"] = [f"{unknown} sequences have a label that was not trained"]
        else:
            scores["log_loss"] = log_loss(true, self.answered(logits), weight)
        return scores, true, weight

    def stepper(self, batch: int = 1) -> NetworkStepper:
        """The probabilities after each step of `batch` streams: `trace`, one step at a time.

        Raises:
            ArgumentError: As `NetworkStepper`.
        """
        kind = "labels" if self.multilabel else "classes"
        return self._network.stepper(batch, scaler=self.input_scaler, probabilities=kind)


def _other_labels(found: str) -> ShapeError:
    return ShapeError("y", found, "labels of the kind that the model was trained on")
