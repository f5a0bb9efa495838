"""One or several numbers for a sequence, or for each of its steps."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin

from elman.blueprint import Blueprint, sequence_to_sequence, sequence_to_vector
from elman.data import as_sequences
from elman.errors import ArgumentError, ShapeError
from elman.metrics.baselines import fit_regression
from elman.metrics.features import check_chosen, step_weights
from elman.runtime.regressor import RegressorModel
from elman.runtime.targets import check_numbers, check_weight
from elman.tasks.estimator import SequenceEstimator, check_same_network
from elman.tasks.fitting import Part, Parts, choose_validation, fit_network, validation_of
from elman.training import MeanSquaredError
from elman.transforms.scaler import Scaler

__all__ = ["Regressor"]


class Regressor(RegressorMixin, SequenceEstimator):
    """A recurrent network that reads a sequence and gives numbers for it.

    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(80, 6, 1))
    >>> model = Regressor(cell="gru", units=8, epochs=30, learning_rate=0.02).fit(X, X.sum((1, 2)))
    >>> model.score(X, X.sum((1, 2))) > 0.9
    True

    Args:
        per_step: Whether a target belongs to each step rather than to the sequence.
        window: With `per_step`: how many steps a gradient reaches back. Sequences are then
            recordings that are read window by window, `batch_size` of them side by side, each
            followed by another where it ends (truncated backpropagation through time). None:
            whole sequences.
        stride: Steps from one update to the next, in 1…window; None means `window`.
        cost_steps: With `per_step`: which steps' errors count, in training and scores: "100:200"
            from step 100 (from 0) to before step 200, either end may be left out; or "last", each
            sequence's last one. None: all.
        standardise: Whether each feature is brought to mean 0 and deviation 1, as found in the
            training part. Targets always are, and answers are brought back.
        validation: As of `Classifier`, but drawn from all sequences alike.

    All other parameters are as of `Classifier`. The loss is the mean squared error, over the
    real steps where a target belongs to each. `pool` does not apply per step.
    """

    _task = "regressor"
    _model = RegressorModel

    def __init__(
        self,
        cell: str = "lstm",
        units: Any = 128,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        zoneout: float = 0.0,
        activation: str = "tanh",
        layer_norm: bool = False,
        pool: str = "last",
        per_step: bool = False,
        window: int | None = None,
        stride: int | None = None,
        cost_steps: str | None = None,
        optimizer: str = "adam",
        learning_rate: float = 1e-3,
        schedule: str = "constant",
        warmup_steps: int = 0,
        clip_value: float | None = None,
        clip_norm: float | None = 1.0,
        weight_decay: float = 0.0,
        batch_size: int = 32,
        batch_tokens: int | None = None,
        accumulate: int = 1,
        average: float | None = None,
        epochs: int = 20,
        early_stopping: int | None = None,
        checkpoint_every: int | None = None,
        max_skipped: int = 10,
        seed: int = 0,
        augment: Any = None,
        memory: str | int | None = None,
        validation: Any = 0.1,
        standardise: bool = True,
        baselines: bool = True,
        device: str = "cpu",
        threads: int | None = None,
        workers: int = 0,
        warm_start: bool = False,
        verbose: bool = False,
        tensorboard: bool = False,
        run: Any = None,
        resume: bool = False,
    ) -> None:
        self.cell = cell
        self.units = units
        self.layers = layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.zoneout = zoneout
        self.activation = activation
        self.layer_norm = layer_norm
        self.pool = pool
        self.per_step = per_step
        self.window = window
        self.stride = stride
        self.cost_steps = cost_steps
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.warmup_steps = warmup_steps
        self.clip_value = clip_value
        self.clip_norm = clip_norm
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.batch_tokens = batch_tokens
        self.accumulate = accumulate
        self.average = average
        self.epochs = epochs
        self.early_stopping = early_stopping
        self.checkpoint_every = checkpoint_every
        self.max_skipped = max_skipped
        self.seed = seed
        self.augment = augment
        self.memory = memory
        self.validation = validation
        self.standardise = standardise
        self.baselines = baselines
        self.device = device
        self.threads = threads
        self.workers = workers
        self.warm_start = warm_start
        self.verbose = verbose
        self.tensorboard = tensorboard
        self.run = run
        self.resume = resume

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the network.

        Args:
            X: `[N, T, I]`, or a list of `[T_i, I]`.
            y: `[N]` or `[N, K]`. With `per_step`: `[N, T]` or `[N, T, K]`, or a list of `[T_i]`
                or `[T_i, K]`.
            sample_weight: `[N]` ≥ 0: how much each sequence counts. Zero leaves it out.

        Raises:
            ArgumentError, BlueprintError: A parameter is outside its range.
            ShapeError, DataError: X, y or the weights do not fit.
            TrainingError: The loss ceased to be finite.
            CheckpointError: The run's folder holds another run, or cannot be written.
            KeyboardInterrupt: Ctrl-C; with a folder, `resume=True` goes on from there.
        """
        self._check_steps()
        options = self._options()
        warm = self._warm()
        part, single = self._part(X, y, sample_weight, warm)
        given = validation_of(self.validation)
        if isinstance(given, tuple):
            given, _ = self._part(*given, None, warm, outputs=part.targets.shape[-1])
        parts = choose_validation(part, given, options.config.seed, stratified=False)
        for one in (parts.train, parts.validation):
            if one is not None:  # a loss over no step at all would be zero
                step_weights(one.sequences, None, self.cost_steps)
        blueprint = self._blueprint(part)
        if warm is not None:
            check_same_network(blueprint, warm.blueprint)
        targets = _target_scaler(parts.train, warm)
        fitted = fit_network(
            blueprint,
            _scaled(parts, targets),
            options,
            loss=MeanSquaredError(self.cost_steps),
            score=None,
            scaler=self._input_scaler(parts.train, warm),
            row_weight=parts.train.weight,
            start=None if warm is None else warm.bundle.weights,
        )
        tensors = {f"targets.{name}": array for name, array in targets.tensors().items()}
        tensors |= self._baseline_tensors(parts.train)
        settings = {"single": single, "cost_steps": self.cost_steps}
        self._complete(blueprint, parts, options, fitted, tensors, settings)
        return self

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R²: 1 is perfect, 0 as good as the mean. Several numbers: the mean over them."""
        return self._fitted("score").score(X, y, sample_weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _part(
        self, X: Any, y: Any, sample_weight: Any, warm: Any, outputs: int | None = None
    ) -> tuple[Part, bool]:
        """X and y checked, y with its axis K; and whether it had none."""
        if warm is not None:
            outputs = warm.blueprint.output_size
        features = None if warm is None else warm.n_features_in_
        sequences = as_sequences(X, features=features)
        targets = check_numbers(y, sequences, self.per_step)
        weight = check_weight(sample_weight, len(sequences))
        single = targets.ndim == (2 if self.per_step else 1)
        if single:
            targets = targets[..., None]
        if outputs not in (None, targets.shape[-1]):
            raise ShapeError("y", f"{targets.shape[-1]} numbers each", f"{outputs} of them")
        return Part(sequences, targets, weight).counted(), single

    def _check_steps(self) -> None:
        """Only what answers at each step, from what it has read so far, can be read in windows."""
        if self.cost_steps is not None:
            check_chosen(self.cost_steps)
            for name, wrong in (("per_step", not self.per_step), ("window", self.window)):
                if wrong:
                    raise ArgumentError(
                        "cost_steps",
                        f"{self.cost_steps!r} with {name}={getattr(self, name)}",
                        "per_step=True and whole sequences",
                    )
        if self.window is None and self.stride is not None:
            raise ArgumentError("stride", f"{self.stride} without a window", "give window, too")
        for name, needed in (("per_step", True), ("bidirectional", False)):
            if self.window is not None and getattr(self, name) != needed:
                raise ArgumentError(
                    "window", f"{self.window} with {name}={not needed}", f"{name}={needed}"
                )

    def _blueprint(self, part: Part) -> Blueprint:
        cells = self._cells()
        outputs, features = part.targets.shape[-1], part.sequences.features
        if not self.per_step:
            return sequence_to_vector(
                cells=cells,
                outputs=outputs,
                input_size=features,
                bidirectional=self.bidirectional,
                pool=self.pool,
                dropout=self.dropout,
            )
        if self.pool != "last":
            raise ArgumentError("pool", f"{self.pool!r} with per_step=True", "leave it out")
        return sequence_to_sequence(
            cells=cells,
            outputs=outputs,
            input_size=features,
            bidirectional=self.bidirectional,
            dropout=self.dropout,
        )

    def _baseline_tensors(self, train: Part) -> dict[str, np.ndarray]:
        if not self.baselines:
            return {}
        weight = step_weights(train.sequences, train.weight, self.cost_steps)
        fitted = fit_regression(
            train.sequences, train.targets, weight, self.seed, per_step=self.per_step
        )
        return {f"baselines.{name}": array for name, array in fitted.tensors().items()}


def _target_scaler(train: Part, warm: Any) -> Scaler:
    """Of the training part; or the fitted model's, which its weights are used to."""
    if warm is not None:
        return warm.target_scaler
    lengths = train.sequences.lengths if train.targets.ndim == 3 else None
    return Scaler.fit(train.targets, lengths)


def _scaled(parts: Parts, scaler: Scaler) -> Parts:
    """The same with targets of mean 0 and deviation 1."""

    def scale(part: Part) -> Part:
        lengths = part.sequences.lengths if part.targets.ndim == 3 else None
        return Part(part.sequences, scaler.transform(part.targets, lengths), part.weight)

    validation = None if parts.validation is None else scale(parts.validation)
    return Parts(scale(parts.train), validation, parts.how)
