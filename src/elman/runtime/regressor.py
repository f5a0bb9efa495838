"""A trained regressor, answering without torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from elman.bundle import Bundle
from elman.data import Sequences
from elman.errors import BundleError, ShapeError
from elman.metrics.baselines import RegressionBaselines
from elman.metrics.features import check_chosen, counted, real_steps, step_weights, weights_of_steps
from elman.metrics.scorecards import number_card, number_notes
from elman.runtime.sequence_model import SequenceModel
from elman.runtime.targets import check_numbers
from elman.runtime.travelling import scaler_from, setting_of
from elman.targets import Target

__all__ = ["RegressorModel"]


class RegressorModel(SequenceModel):
    """Gives one or several numbers for a sequence, or for each of its steps.

    Arguments, attributes and errors as of `SequenceModel`; besides:

    Attributes:
        per_step: Whether a number belongs to each step.
        target_scaler: What brings the network's outputs to the targets' unit.
    """

    task = "regressor"
    score_name = "R²"

    def _read(self, bundle: Bundle) -> None:
        self.per_step = self.blueprint.configuration == "sequence_to_sequence"
        self.target = Target.NUMBERS_PER_STEP if self.per_step else Target.NUMBERS
        self._cost_steps: str | None = setting_of(bundle, "cost_steps", str, None)
        if self._cost_steps is not None:
            check_chosen(self._cost_steps)
        self._single = setting_of(bundle, "single", bool, False)  # targets had no axis K
        targets = scaler_from(bundle, "targets", self.blueprint.output_size)
        if targets is None:
            raise BundleError("bundle", "no scaler of the targets", "save the model again")
        self.target_scaler = targets

    def _baselines(self, tensors: Mapping[str, np.ndarray]) -> RegressionBaselines:
        return RegressionBaselines.from_tensors(tensors)

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
        sequences = self.sequences(X)
        numbers = self._numbers(sequences)
        if self._single:
            numbers = numbers[..., 0]
        if self.per_step and not (isinstance(X, np.ndarray) and X.dtype != object):
            return [row[:n] for row, n in zip(numbers, sequences.lengths, strict=True)]
        return numbers

    @property
    def _judged_by(self) -> str:
        return self.score_name if self.blueprint.output_size == 1 else f"mean {self.score_name}"

    def facts(self) -> dict[str, Any]:
        """What `elman info` tells beside network and version."""
        named = self.named_targets
        return super().facts() | ({} if named is None else {"targets": list(named)})

    def answered(self, outputs: np.ndarray) -> np.ndarray:
        """What the network says, in the targets' unit, float64."""
        return self.target_scaler.inverse(outputs.astype(np.float64))

    def rows(self, sequences: Sequences, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
        """One row a sequence; one a step where the model answers at each step."""
        for name, answer in zip(ids, self.predict(sequences), strict=True):
            if not self.per_step:
                yield {"id": name, **self._named(np.atleast_1d(answer))}
                continue
            for k, value in enumerate(answer):
                yield {"id": name, "step": k, **self._named(np.atleast_1d(value))}

    def _scores(
        self, sequences: Sequences, y: Any, weight: np.ndarray | None
    ) -> tuple[dict[str, Any], np.ndarray, np.ndarray | None]:
        """R²: 1 is perfect, 0 as good as the mean; of several numbers the mean over them.

        The same as `r2`, None where the true values do not vary; besides `rmse` and `mae` in the
        targets' unit, and of several numbers `by_output`: the same for each, and its `baselines`,
        the same by the name of each. Steps that did not count in training (`cost_steps`) do not
        count here.
        """
        read = counted(sequences, weight, self._cost_steps)
        targets = check_numbers(y, sequences, self.per_step, counted=read)
        outputs = self.blueprint.output_size
        if targets.ndim == (2 if self.per_step else 1):
            targets = targets[..., None]
        if targets.shape[-1] != outputs:
            raise ShapeError(
                "y", f"{targets.shape[-1]} numbers each", f"{outputs}, as the model was trained on"
            )
        true, found = targets, self._numbers(sequences)
        each = weight = step_weights(sequences, weight, self._cost_steps)
        if self.per_step:
            true, found = (real_steps(array, sequences.lengths) for array in (true, found))
            each = weights_of_steps(each, sequences.lengths)
        card = number_card(true, found, each)
        scores: dict[str, Any] = {"score": card["r2"], **card}
        scores["notes"] = number_notes(card, true, each, self.target_names)
        if outputs > 1:
            columns = zip(self.target_names, true.T, found.T, strict=True)
            scores["by_output"] = [
                {"output": name, **number_card(wanted, said, each)}
                for name, wanted, said in columns
            ]
            if self.baselines is not None:
                cards = self.baselines.scorecards_of_each(sequences, targets, weight)
                for one, held in zip(scores["by_output"], cards, strict=True):
                    one["baselines"] = held
                scores["notes"] += _lost(scores["by_output"])
        return scores, targets, weight

    def _numbers(self, sequences: Sequences) -> np.ndarray:
        """float64 `[N, K]` or `[N, T, K]`, zero past each length."""
        numbers = self.answered(self.outputs(sequences))
        if self.per_step:
            numbers[np.arange(numbers.shape[1]) >= sequences.lengths[:, None]] = 0
        return numbers

    def _named(self, values: np.ndarray) -> dict[str, Any]:
        """The numbers `[K]` as cells of a row; of several each by its name."""
        if len(values) == 1:
            return {"prediction": values[0]}
        pairs = zip(self.target_names, values, strict=True)
        return {f"prediction {name}": value for name, value in pairs}


def _lost(outputs: Sequence[Mapping[str, Any]]) -> list[str]:
    """At which outputs a baseline is better, in a sentence; whatever the mean over all says."""
    lost = []
    for one in outputs:
        held = {
            name: card["r2"] for name, card in one["baselines"].items() if card["r2"] is not None
        }
        best = max(held, key=lambda name: held[name], default=None)
        if best is not None and held[best] > one["r2"]:
            lost.append(f"{one['output']} ({best}: R² {held[best]:.4g} against {one['r2']:.4g})")
    return [f"a baseline is better at {', '.join(lost)}"] if lost else []
