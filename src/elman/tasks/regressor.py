"""One or several numbers for a sequence, or for each of its steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from sklearn.base import RegressorMixin

from elman.blueprint import Blueprint, sequence_to_sequence, sequence_to_vector
from elman.data import as_sequences
from elman.errors import ArgumentError, ShapeError
from elman.metrics.baselines import fit_regression
from elman.metrics.features import check_chosen, counted, step_weights
from elman.parameters import documented, flag, parameter, text, whole
from elman.runtime.targets import check_numbers, check_weight
from elman.targets import Target
from elman.tasks.fitting import Learning
from elman.tasks.head import Head
from elman.tasks.own import own_loss
from elman.tasks.parameters import ConvolutionParameters, PoolParameters
from elman.tasks.parts import Part, Parts
from elman.tasks.sequence_estimator import SequenceEstimator
from elman.training import MeanSquaredError
from elman.transforms.scaler import Scaler

__all__ = ["Regressor"]


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class Regressor(RegressorMixin, PoolParameters, ConvolutionParameters, SequenceEstimator):
    """A recurrent network that reads a sequence and gives numbers for it.

    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(80, 6, 1))
    >>> model = Regressor(cell="gru", units=8, epochs=30, learning_rate=0.02).fit(X, X.sum((1, 2)))
    >>> model.score(X, X.sum((1, 2))) > 0.9
    True

    The loss is the mean squared error, over the real steps where a target belongs to each. Targets
    are always brought to mean 0 and deviation 1, and answers are brought back.

    Args:
        {parameters}

    With `truncation`, sequences are recordings that are read window by window, `batch_size` of them
    side by side, each followed by another where it ends (truncated backpropagation through time).
    """

    _task = "regressor"
    score: ClassVar[Any] = SequenceEstimator.score  # not the mixin's

    per_step: bool = parameter(
        False, flag(), "A target belongs to each step rather than to the sequence."
    )
    truncation: int | None = parameter(
        None,
        whole(1, none=True),
        "With per_step: how many steps a gradient reaches back.",
        "None: whole sequences.",
    )
    stride: int | None = parameter(
        None,
        whole(1, none=True),
        "Steps from one update to the next, at most truncation.",
        "None: as many.",
    )
    cost_steps: str | None = parameter(
        None,
        text(none=True),
        "With per_step: the steps whose errors count, as 100:200 or last.",
        "In training and scores: from step 100 (from 0) to before step 200, either end may be left "
        "out; or each sequence's last one. None: all.",
    )

    @property
    def target(self) -> Target:
        """Numbers, or numbers per step."""
        return Target.NUMBERS_PER_STEP if self.per_step else Target.NUMBERS

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None, **table: Any) -> Self:
        """Learn from more sequences: one pass over them, the optimiser going on as it was.

        The first call fixes what a fit finds in its data: how many numbers, the scalers of inputs
        and targets, features and their names. There is no validation part, so the last weights are
        the model's; `epochs`, `validation` and `early_stopping` do not apply. Baselines are those
        of an earlier `fit`, else there are none. After `fit` or `load` the optimiser begins afresh.

        Args:
            X: `[N, T, I]`, or a list of `[T_i, I]`, or a table, as `fit` takes it.
            y: Their numbers, as `fit` takes them.
            sample_weight: As `fit` takes it.
            table: Likewise.

        Raises:
            ArgumentError: A parameter asks for what only `fit` has: a schedule, an average, a run's
                folder.
            ShapeError, DataError, TrainingError: As `fit`; or X or y do not fit the first call's.
        """
        return self._partial_fit(X, y, sample_weight, None, table)

    def _known(self, warm: Any) -> _Known:
        return _Known(warm.blueprint.output_size, False)

    def _open(self, known: _Known) -> _Known:
        return known._replace(open=True)

    def _head(self, known: _Known, warm: Any) -> Head | None:
        before = warm.blueprint.output_size
        if known.outputs == before:
            return None
        note = f"The head is replaced: {known.outputs} numbers each, the model had {before}."
        return Head(np.full(known.outputs, -1), note)

    def _part(
        self, X: Any, y: Any, sample_weight: Any, known: _Known | None
    ) -> tuple[Part, _Known]:
        """X and y checked, y with its axis K; and what is known of it.

        `y` is `[N]` or `[N, K]`. With `per_step`: `[N, T]` or `[N, T, K]`, or a list of `[T_i]` or
        `[T_i, K]`.
        """
        sequences = as_sequences(X, features=self._features())
        weight = check_weight(sample_weight, sequences, self.per_step)
        read = counted(sequences, weight, self.cost_steps)
        targets = check_numbers(y, sequences, self.per_step, counted=read)
        single = targets.ndim == (2 if self.per_step else 1)
        if single:
            targets = targets[..., None]
        if known is not None and not known.open and known.outputs != targets.shape[-1]:
            raise ShapeError("y", f"{targets.shape[-1]} numbers each", f"{known.outputs} of them")
        part = Part(sequences, targets, weight, self.target).counted()
        return part, _Known(targets.shape[-1], single)

    def _learning(self, parts: Parts, known: _Known, warm: Any) -> Learning:
        for one in (parts.train, parts.validation):
            if one is not None:  # a loss over no step at all would be zero
                step_weights(one.sequences, None, self.cost_steps)
        scaler = _target_scaler(parts.train, warm, self.cost_steps)
        return Learning(
            _scaled(parts, scaler),
            own_loss(self.loss, MeanSquaredError(self.cost_steps), self.cost_steps),
            None,
            parts.train.weight,
            {f"targets.{name}": array for name, array in scaler.tensors().items()},
            {"single": known.single, "cost_steps": self.cost_steps},
        )

    def _check(self) -> None:
        """Only what answers at each step, from what it has read so far, can be read in windows."""
        if self.cost_steps is not None:
            check_chosen(self.cost_steps)
            for name, wrong in (("per_step", not self.per_step), ("truncation", self.truncation)):
                if wrong:
                    raise ArgumentError(
                        "cost_steps",
                        f"{self.cost_steps!r} with {name}={getattr(self, name)}",
                        "per_step=True and whole sequences",
                    )
        if self.truncation is None and self.stride is not None:
            raise ArgumentError(
                "stride", f"{self.stride} without truncation", "give truncation, too"
            )
        for name, needed in (("per_step", True), ("bidirectional", False)):
            if self.truncation is not None and getattr(self, name) != needed:
                raise ArgumentError(
                    "truncation", f"{self.truncation} with {name}={not needed}", f"{name}={needed}"
                )

    def _blueprint(self, train: Part, known: _Known) -> Blueprint:
        cells = self._cells()
        outputs, features = known.outputs, train.sequences.features
        if not self.per_step:
            return sequence_to_vector(
                cells=cells,
                outputs=outputs,
                input_size=features,
                bidirectional=bool(self.bidirectional),
                pool=self.pool,
                dropout=self.dropout,
                convolutions=self._convolutions(),
                beside=bool(self.beside),
            )
        if self.pool != "last":
            raise ArgumentError("pool", f"{self.pool!r} with per_step=True", "leave it out")
        if self.beside:
            raise ArgumentError("beside", "True with per_step=True", "leave it out")
        return sequence_to_sequence(
            cells=cells,
            outputs=outputs,
            input_size=features,
            bidirectional=bool(self.bidirectional),
            dropout=self.dropout,
            convolutions=self._convolutions(),
        )

    def _baseline_tensors(self, train: Part, learning: Learning) -> dict[str, np.ndarray]:
        weight = step_weights(train.sequences, train.weight, self.cost_steps)
        return fit_regression(
            train.sequences, train.targets, weight, self.seed, per_step=self.per_step
        ).tensors()


class _Known(NamedTuple):
    """What is known of targets: K, whether they had no axis of that, whether K may change."""

    outputs: int
    single: bool
    open: bool = False


def _target_scaler(train: Part, warm: Any, chosen: str | None) -> Scaler:
    """Of what counts of the training part; or the fitted model's, which its weights are used to."""
    if warm is not None and len(warm.target_scaler.mean) == train.targets.shape[-1]:
        return warm.target_scaler
    if not train.kind.per_step:
        return Scaler.fit(train.targets)
    steps = counted(train.sequences, train.weight, chosen)
    if steps is not None and steps.ndim == 1:
        steps = None  # sequences that do not count are left out of a part
    return Scaler.fit(train.targets, train.sequences.lengths, steps)


def _scaled(parts: Parts, scaler: Scaler) -> Parts:
    """The same with targets of mean 0 and deviation 1."""

    def scale(part: Part) -> Part:
        lengths = part.sequences.lengths if part.kind.per_step else None
        return replace(part, targets=scaler.transform(part.targets, lengths))

    validation = None if parts.validation is None else scale(parts.validation)
    return Parts(scale(parts.train), validation, parts.how)
