"""A trained regressor, answering without torch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from elman.blueprint import Blueprint
from elman.bundle import Bundle
from elman.data import Sequences
from elman.errors import BundleError, ShapeError
from elman.kernels import native
from elman.metrics import mae, r2, rmse
from elman.metrics.baselines import RegressionBaselines
from elman.metrics.features import check_chosen, real_steps, step_weights
from elman.runtime.network import (
    Network,
    Recording,
    Run,
    run_batches,
    scaled_sequence,
    sequences_for,
)
from elman.runtime.targets import check_numbers, check_weight
from elman.runtime.travelling import baseline_tensors, metadata_of, scaler_from, setting_of

__all__ = ["RegressorModel"]


class RegressorModel:
    """Gives one or several numbers for a sequence, or for each of its steps.

    Args:
        bundle: Of the task `regressor`.
        run: What answers instead of the NumPy network (a torch module on another device).

    Attributes:
        bundle: The model as data.
        blueprint: The network.
        per_step: Whether a number belongs to each step.
        n_features_in_: Features of a step.
        baselines: What the score is held against, or None.
        metadata: How the model was trained: plain data.
        input_scaler: What each feature is brought to mean 0 and deviation 1 by, or None.
        target_scaler: What brings the network's outputs to the targets' unit.

    Raises:
        BundleError: The bundle is not a regressor's, or lacks a part.
    """

    def __init__(self, bundle: Bundle, run: Run | None = None) -> None:
        if bundle.task != "regressor":
            raise BundleError("bundle", f"its task is {bundle.task!r}", "give a regressor's")
        self.bundle = bundle
        self.blueprint: Blueprint = bundle.blueprint
        self.per_step = self.blueprint.configuration == "sequence_to_sequence"
        self._cost_steps: str | None = setting_of(bundle, "cost_steps", str, None)
        if self._cost_steps is not None:
            check_chosen(self._cost_steps)
        self._single = setting_of(bundle, "single", bool, False)  # targets had no axis K
        self.n_features_in_ = self.blueprint.input_size
        self.metadata = metadata_of(bundle)
        tensors = baseline_tensors(bundle)
        self.baselines = RegressionBaselines.from_tensors(tensors) if tensors else None
        self.input_scaler = scaler_from(bundle, "inputs", self.n_features_in_)
        targets = scaler_from(bundle, "targets", self.blueprint.output_size)
        if targets is None:
            raise BundleError("bundle", "no scaler of the targets", "save the model again")
        self.target_scaler = targets
        self._network = Network(bundle.blueprint, bundle.weights)
        self._given = run
        self._run: Run = self._network.run if run is None else run

    def __reduce__(self) -> Any:
        return type(self), (self.bundle, self._given)  # the network is built anew

    def predict(self, X: Any) -> Any:
        """The numbers for each sequence, in the targets' unit.

        Args:
            X: `[N, T, I]`, or a list of `[T_i, I]`.

        Returns:
            float64 `[N]` or `[N, K]`. Per step: `[N, T]` or `[N, T, K]` for an array; for a list
            a list of `[T_i]` or `[T_i, K]`.

        Raises:
            ShapeError, DataError: X does not fit; see `elman.data.as_sequences`.
        """
        sequences = sequences_for(self.blueprint, X)
        numbers = self._numbers(sequences)
        if self._single:
            numbers = numbers[..., 0]
        if self.per_step and not (isinstance(X, np.ndarray) and X.dtype != object):
            return [row[:n] for row, n in zip(numbers, sequences.lengths, strict=True)]
        return numbers

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R²: 1 is perfect, 0 as good as the mean. Several numbers: the mean over them."""
        return self.evaluate(X, y, sample_weight)["score"]

    def evaluate(self, X: Any, y: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Scores, and those of the baselines beside them.

        Args:
            X: As for `predict`.
            y: As it was trained on.
            sample_weight: `[N]`, or None; per step each step has its sequence's weight. Steps that
                did not count in training (`cost_steps`) do not count here.

        Returns:
            `metric` ("R²"), `score`, `rmse` and `mae` in the targets' unit, `sequences` N,
            `level` (of instructions, as `native.isa`), `baselines` (each one's R² by its name),
            `notes`.
        """
        sequences = sequences_for(self.blueprint, X)
        true = check_numbers(y, sequences, self.per_step)
        weight = check_weight(sample_weight, len(sequences))
        outputs = self.blueprint.output_size
        if true.ndim == (2 if self.per_step else 1):
            true = true[..., None]
        if true.shape[-1] != outputs:
            raise ShapeError(
                "y", f"{true.shape[-1]} numbers each", f"{outputs}, as the model was trained on"
            )
        found = self._numbers(sequences)
        weight = step_weights(sequences, weight, self._cost_steps)
        notes, baselines = [], {}
        if self.baselines is not None:
            baselines = self.baselines.scores(sequences, true, weight)
            notes.extend(self.baselines.notes)
        if self.per_step:
            true, found = (real_steps(array, sequences.lengths) for array in (true, found))
            if weight is not None and weight.ndim == 1:
                weight = np.repeat(weight, sequences.lengths)
            elif weight is not None:
                weight = real_steps(weight, sequences.lengths)
        return {
            "metric": "R²",
            "score": r2(true, found, weight),
            "rmse": rmse(true, found, weight),
            "mae": mae(true, found, weight),
            "sequences": len(sequences),
            "level": native.isa(),
            "baselines": baselines,
            "notes": notes,
        }

    def trace(self, sequence: Any) -> np.ndarray:
        """The numbers `[T, K]` after each step of one sequence, had it ended there.

        Args:
            sequence: `[T, I]`, or `[T]` of one feature.
        """
        _, inputs = scaled_sequence(sequence, self.blueprint, self.input_scaler)
        traced = self._network.trace(inputs[None])[0]
        return self.target_scaler.inverse(traced.astype(np.float64))

    def record(self, sequence: Any) -> Recording:
        """Gates, states and answers at each step of one sequence.

        The inputs of what is returned are the sequence itself, unscaled, the answers
        numbers in the targets' unit.

        Args:
            sequence: `[T, I]`, or `[T]` of one feature; T ≥ 1.
        """
        given, inputs = scaled_sequence(sequence, self.blueprint, self.input_scaler)
        recording = self._network.record(inputs)
        answers = self.target_scaler.inverse(recording.answers.astype(np.float64))
        return replace(recording, inputs=given, answers=answers)

    def _numbers(self, sequences: Sequences) -> np.ndarray:
        """float64 `[N, K]` or `[N, T, K]`, zero past each length."""
        outputs = run_batches(self._run, sequences, self.blueprint, self.input_scaler)
        numbers = self.target_scaler.inverse(outputs.astype(np.float64))
        if self.per_step:
            numbers[np.arange(numbers.shape[1]) >= sequences.lengths[:, None]] = 0
        return numbers
