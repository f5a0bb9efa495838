"""A trained classifier, answering without torch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from elman.blueprint import Blueprint
from elman.bundle import Bundle
from elman.errors import BundleError, ShapeError
from elman.kernels import native
from elman.metrics import accuracy, balanced_accuracy, log_loss
from elman.metrics.baselines import ClassificationBaselines
from elman.runtime.network import (
    Network,
    NetworkStepper,
    Recording,
    Run,
    run_batches,
    scaled_sequence,
    sequences_for,
)
from elman.runtime.targets import check_labels, check_weight, classes_from, label_indices
from elman.runtime.travelling import baseline_tensors, metadata_of, scaler_from, setting_of

__all__ = ["ClassifierModel"]


class ClassifierModel:
    """Says which class a sequence belongs to, or which labels it has.

    Args:
        bundle: Of the task `classifier`.
        run: What answers instead of the NumPy network (a torch module on another device).

    Attributes:
        bundle: The model as data.
        blueprint: The network.
        classes_: The K class labels, sorted; with several labels a sequence, 0…L-1.
        multilabel: Whether a sequence may have several labels.
        n_features_in_: Features of a step.
        baselines: What the score is held against, or None.
        metadata: How the model was trained: plain data.
        input_scaler: What each feature is brought to mean 0 and deviation 1 by, or None.

    Raises:
        BundleError: The bundle is not a classifier's, or lacks a part.
    """

    def __init__(self, bundle: Bundle, run: Run | None = None) -> None:
        if bundle.task != "classifier":
            raise BundleError("bundle", f"its task is {bundle.task!r}", "give a classifier's")
        self.bundle = bundle
        self.blueprint: Blueprint = bundle.blueprint
        self.multilabel = setting_of(bundle, "multilabel", bool, False)
        self.classes_ = classes_from(bundle.tensors)
        if len(self.classes_) != self.blueprint.output_size:
            raise BundleError(
                "class labels",
                f"{len(self.classes_)} for {self.blueprint.output_size} outputs",
                "save the model again",
            )
        self.n_features_in_ = self.blueprint.input_size
        self.metadata = metadata_of(bundle)
        tensors = baseline_tensors(bundle)
        self.baselines = ClassificationBaselines.from_tensors(tensors) if tensors else None
        self.input_scaler = scaler_from(bundle, "inputs", self.n_features_in_)
        self._network = Network(bundle.blueprint, bundle.weights)
        self._given = run
        self._run: Run = self._network.run if run is None else run

    def __reduce__(self) -> Any:
        return type(self), (self.bundle, self._given)  # the network is built anew

    def predict(self, X: Any) -> np.ndarray:
        """The most likely class of each sequence `[N]`; or 0 and 1 for each label `[N, L]`.

        Args:
            X: `[N, T, I]`, or a list of `[T_i, I]`.

        Raises:
            ShapeError, DataError: X does not fit; see `elman.data.as_sequences`.
        """
        logits = self._logits(X)
        if self.multilabel:
            return (logits > 0).astype(np.int64)
        return self.classes_[logits.argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class `[N, K]`, rows summing to 1; or of each label `[N, L]`."""
        return self._probabilities(self._logits(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy, in [0, 1]; with several labels a sequence, all of them must be right."""
        return self.evaluate(X, y, sample_weight)["score"]

    def evaluate(self, X: Any, y: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Scores, and those of the baselines beside them.

        Returns:
            `metric` ("accuracy"), `score`, `sequences` N, `level` (of instructions, as
            `native.isa`), `baselines` (each one's accuracy by its name), `notes` (sentences that
            belong to the scores); with one label a sequence also `balanced_accuracy` and, where
            every label is known, `log_loss` in nats.
        """
        sequences = sequences_for(self.blueprint, X)
        labels = check_labels(y, len(sequences))
        weight = check_weight(sample_weight, len(sequences))
        if self.multilabel != (labels.ndim == 2):
            found = "several labels a sequence" if labels.ndim == 2 else "one label a sequence"
            raise _other_labels(found)
        logits = run_batches(self._run, sequences, self.blueprint, self.input_scaler)
        notes: list[str] = []
        if self.multilabel:
            if labels.shape[1] != len(self.classes_):
                raise _other_labels(f"{labels.shape[1]} labels a sequence")
            true, found, result = labels, (logits > 0).astype(np.int64), {}
        else:
            true, found = label_indices(labels, self.classes_), logits.argmax(axis=1)
            result = {"balanced_accuracy": balanced_accuracy(true, found, weight)}
            unknown = int((true < 0).sum())
            if unknown:
                notes.append(f"{unknown} sequences have a label that was not trained")
            else:
                result["log_loss"] = log_loss(true, self._probabilities(logits), weight)
        baselines = {}
        if self.baselines is not None:
            baselines = self.baselines.scores(sequences, true, weight)
            notes.extend(self.baselines.notes)
        return {
            "metric": "accuracy",
            "score": accuracy(true, found, weight),
            "sequences": len(sequences),
            "level": native.isa(),
            **result,
            "baselines": baselines,
            "notes": notes,
        }

    def trace(self, sequence: Any) -> np.ndarray:
        """The probabilities `[T, K]` after each step of one sequence, had it ended there.

        Args:
            sequence: `[T, I]`, or `[T]` of one feature.
        """
        _, inputs = scaled_sequence(sequence, self.blueprint, self.input_scaler)
        return self._probabilities(self._network.trace(inputs[None])[0])

    def stepper(self, batch: int = 1) -> NetworkStepper:
        """The probabilities after each step of `batch` streams: `trace`, one step at a time.

        Raises:
            ArgumentError: As `NetworkStepper`.
        """
        kind = "labels" if self.multilabel else "classes"
        return self._network.stepper(batch, scaler=self.input_scaler, probabilities=kind)

    def record(self, sequence: Any) -> Recording:
        """Gates, states and answers at each step of one sequence.

        The inputs of what is returned are the sequence itself, unscaled, the answers
        probabilities.

        Args:
            sequence: `[T, I]`, or `[T]` of one feature; T ≥ 1.
        """
        given, inputs = scaled_sequence(sequence, self.blueprint, self.input_scaler)
        recording = self._network.record(inputs)
        answers = self._probabilities(recording.answers)
        return replace(recording, inputs=given, answers=answers)

    def _logits(self, X: Any) -> np.ndarray:
        sequences = sequences_for(self.blueprint, X)
        return run_batches(self._run, sequences, self.blueprint, self.input_scaler)

    def _probabilities(self, logits: np.ndarray) -> np.ndarray:
        if self.multilabel:
            return 0.5 * (1.0 + np.tanh(0.5 * logits))
        powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)


def _other_labels(found: str) -> ShapeError:
    return ShapeError("y", found, "labels of the kind that the model was trained on")
