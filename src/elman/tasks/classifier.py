"""Which class a sequence belongs to, or which labels it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin

from elman.blueprint import Blueprint, sequence_to_vector
from elman.data import as_sequences
from elman.errors import ArgumentError, DataError, ShapeError
from elman.metrics.baselines import fit_classification
from elman.runtime.classifier import ClassifierModel
from elman.runtime.targets import check_labels, check_weight, class_tensors, label_indices
from elman.tasks.estimator import SequenceEstimator, check_same_network
from elman.tasks.fitting import Part, choose_validation, fit_network, validation_of
from elman.training import BinaryCrossEntropy, CrossEntropy
from elman.training.losses import accuracy, label_accuracy

__all__ = ["Classifier"]


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
        cell: `lstm`, `gru`, `rnn`, or a name given to `elman.blueprint.register_cell`.
        units: Hidden size of every layer, or a list with one for each.
        layers: How many layers; 1 where `units` is a list.
        bidirectional: Whether every layer reads in both directions.
        dropout: Rate between the layers and before the last, dense one, in [0, 1).
        recurrent_dropout: Rate of what a step passes on to the next, in [0, 1).
        zoneout: Rate of units that keep their old state at a step, in [0, 1).
        activation: Of the cell `rnn`: `tanh` or `relu`.
        layer_norm: Whether the cells are layer-normalised.
        pool: What the answer is given on: the `last` state, or the `mean` or `max` of the
            outputs over time.
        optimizer, learning_rate, schedule, warmup_steps, clip_value, clip_norm, weight_decay,
            batch_size, batch_tokens, accumulate, average, epochs, early_stopping,
            checkpoint_every, max_skipped, seed, augment: See `elman.training.TrainingConfig`.
        memory: What the gradients of the recurrent layers may need, exact as they are: bytes, as
            "512MB", or how many states to save; the rest is computed again. None: no bound.
        validation: What the best epoch is chosen on: a share of the sequences in (0, 1), drawn
            by class; or `(X, y)`; or None, which keeps the last epoch.
        label_smoothing: Share of each target that is spread over all classes, in [0, 1).
        class_weight: None; `balanced`, so that every class counts alike; or a mapping of
            labels to weights ≥ 0, 1 for a label left out. For training only.
        standardise: Whether each feature is brought to mean 0 and deviation 1, as found in the
            training part.
        baselines: Whether to fit the baselines that `evaluate` puts beside the score.
        device: Of torch: `cpu`, `cuda`, …
        threads: Of torch while it trains; None leaves them as they are.
        workers: Threads that prepare batches ahead of the training, ≥ 0; the result is the same.
        warm_start: Whether `fit` goes on from the weights of the last fit. Classes and scaler
            stay as they are.
        verbose: Whether to show the progress on standard error.
        tensorboard: Whether to write for TensorBoard, into the run's folder.
        run: A folder (or `RunFolder`) for configuration, metrics, checkpoints and model.
        resume: Whether to go on with the interrupted run in that folder.

    Attributes after `fit`:
        classes_: The K class labels, sorted.
        model_, module_, history_, result_, n_features_in_: See `SequenceEstimator`.
    """

    _task = "classifier"
    _model = ClassifierModel

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
        label_smoothing: float = 0.0,
        class_weight: Any = None,
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
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
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
            y: One label a sequence `[N]`: strings, whole numbers or booleans. Or several a
                sequence, as 0 and 1 `[N, L]`.
            sample_weight: `[N]` ≥ 0: how much each sequence counts. Zero leaves it out.

        Raises:
            ArgumentError, BlueprintError: A parameter is outside its range.
            ShapeError, DataError: X, y or the weights do not fit.
            TrainingError: The loss ceased to be finite.
            CheckpointError: The run's folder holds another run, or cannot be written.
            KeyboardInterrupt: Ctrl-C; with a folder, `resume=True` goes on from there.
        """
        options = self._options()
        warm = self._warm()
        part, classes = self._part(X, y, sample_weight, warm)
        several = part.targets.ndim == 2
        given = validation_of(self.validation)
        if isinstance(given, tuple):
            given, _ = self._part(*given, None, warm, classes)
        parts = choose_validation(part, given, options.config.seed, stratified=not several)
        blueprint = self._blueprint(parts.train, len(classes))
        row_weight = self._row_weight(parts.train, classes)
        scaler = self._input_scaler(parts.train, warm)
        if warm is not None:
            check_same_network(blueprint, warm.blueprint)
        measures = (BinaryCrossEntropy, label_accuracy) if several else (CrossEntropy, accuracy)
        fitted = fit_network(
            blueprint,
            parts,
            options,
            loss=measures[0](self.label_smoothing),
            score=measures[1],
            scaler=scaler,
            row_weight=row_weight,
            start=None if warm is None else warm.bundle.weights,
        )
        tensors = class_tensors(classes) | self._baseline_tensors(parts.train)
        self._complete(blueprint, parts, options, fitted, tensors, {"multilabel": several})
        return self

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy, in [0, 1]; with several labels a sequence, all of them must be right."""
        return self._fitted("score").score(X, y, sample_weight)

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

    def _part(
        self, X: Any, y: Any, sample_weight: Any, warm: Any, classes: np.ndarray | None = None
    ) -> tuple[Part, np.ndarray]:
        """X and y checked, and the classes: those given, or the fitted model's, or y's own."""
        features = None if warm is None else warm.n_features_in_
        sequences = as_sequences(X, features=features)
        labels = check_labels(y, len(sequences))
        weight = check_weight(sample_weight, len(sequences))
        part = Part(sequences, labels, weight).counted()
        if classes is None and warm is not None:
            classes = warm.classes_
        if labels.ndim == 2:
            return part, _several(labels, classes)
        if classes is None:
            classes = np.unique(part.targets)
            if len(classes) < 2:
                raise DataError(
                    "y", f"one class only, {classes[0].item()!r}", "sequences of two or more"
                )
        index = label_indices(part.targets, classes)
        if (index < 0).any():
            strange = part.targets[index < 0][0]
            raise DataError(
                "y", f"label {strange.item()!r}", f"one of the classes {classes.tolist()}"
            )
        return Part(part.sequences, index.astype(np.int64), part.weight), classes

    def _blueprint(self, train: Part, outputs: int) -> Blueprint:
        return sequence_to_vector(
            cells=self._cells(),
            outputs=outputs,
            input_size=train.sequences.features,
            bidirectional=self.bidirectional,
            pool=self.pool,
            dropout=self.dropout,
        )

    def _row_weight(self, train: Part, classes: np.ndarray) -> np.ndarray | None:
        """The weights of the sequences times those of their classes."""
        if self.class_weight is None:
            return train.weight
        if train.targets.ndim == 2:
            raise ArgumentError(
                "class_weight", "several labels a sequence", "use sample_weight, or None"
            )
        weight = np.ones(len(train)) if train.weight is None else train.weight
        return weight * _class_weight(self.class_weight, classes, train.targets, weight)

    def _baseline_tensors(self, train: Part) -> dict[str, np.ndarray]:
        if not self.baselines:
            return {}
        fitted = fit_classification(train.sequences, train.targets, train.weight, self.seed)
        return {f"baselines.{name}": array for name, array in fitted.tensors().items()}


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
