"""What the tasks share that read sequences: from X and y to a trained model."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from torch import nn

from elman.blueprint import Blueprint, Convolution
from elman.bundle import Bundle
from elman.data.sequences import arranged, warn_of_axes
from elman.errors import ArgumentError, ShapeError
from elman.models import build
from elman.parameters import told
from elman.runtime.targets import column_names, in_order_of
from elman.runtime.travelling import baseline_tensors
from elman.targets import Target
from elman.tasks.beginning import begin, estimator_from
from elman.tasks.estimator import Estimator
from elman.tasks.fitting import (
    Fitted,
    Learning,
    Options,
    Ready,
    fit_network,
    one_pass,
    remembered,
    summary,
    take_weights,
    weights_of,
)
from elman.tasks.given import Given, given_to, validation_given_to
from elman.tasks.head import Head, OtherNetworkError, started
from elman.tasks.network import convolved
from elman.tasks.own import check_alone, own_network
from elman.tasks.parameters import SequenceParameters
from elman.tasks.parts import Part, Parts, choose_validation, validation_of
from elman.tasks.split import counted_groups
from elman.training import Listener, Measure
from elman.training.loop.rates import losses_at
from elman.training.threads import computing_with
from elman.transforms.scaler import Scaler

__all__ = ["SequenceEstimator"]


class SequenceEstimator(Estimator, SequenceParameters, ABC):
    """An estimator of what belongs to sequences X, by scikit-learn's conventions.

    A task says what kind its targets are (`target`), checks them (`_part`), describes its network
    (`_blueprint`) and how it learns (`_learning`).

    Attributes after `fit`:
        n_features_in_: Features of a step.
        feature_names_in_: Their names, where X had some: a list of frames, or a table.
    """

    @property
    def held_out(self) -> tuple[str, ...]:
        """Names of sequences that were held out of the data for a test, for the model file."""
        return getattr(self, "_held_out", ())

    @held_out.setter
    def held_out(self, names: Sequence[str]) -> None:
        self._held_out = tuple(names)

    reads_ids: ClassVar[bool] = False
    """Whether the sequences are of token ids rather than of features."""

    @property
    @abstractmethod
    def target(self) -> Target:
        """The kind of what is learnt."""

    @classmethod
    def starting_from(cls, path: str | os.PathLike[str], **parameters: Any) -> Self:
        """An estimator that trains a model on, or begins with its layers.

        Of a model of the same task `fit` goes on from the very network, as after `load`, where the
        parameters say the same one. Else it begins with its layers (`start`): cells, sizes and
        codec are the model's as far as nothing else is given here.

        Args:
            path: Of the model file, or of its run's folder.
            parameters: As of the constructor.

        Raises:
            BundleError: The file holds no model.
            ArgumentError: Its network is one of a user's own.
        """
        return estimator_from(cls, path, parameters)

    @abstractmethod
    def _part(self, X: Any, y: Any, sample_weight: Any, known: Any) -> tuple[Part, Any]:
        """X and y checked, and what is known of the targets: found in y, or what was `known`."""

    @abstractmethod
    def _blueprint(self, train: Part, known: Any) -> Blueprint:
        """The network for this training part."""

    @abstractmethod
    def _learning(self, parts: Parts, known: Any, warm: Any) -> Learning:
        """How the network learns; from the model `warm`, if there is one."""

    @abstractmethod
    def _known(self, warm: Any) -> Any:
        """What a fitted model knows of the targets, as `_part` gives it."""

    def _open(self, known: Any) -> Any:
        """What is known, as `_part` takes it where other targets may take the place of those.

        By default they may not: `_part` raises an error.
        """
        return known

    def _settled(self, parts: Parts, known: Any) -> Any:
        """What is known once the training part is: with what is found in that part alone."""
        return known

    def _convolutions(self) -> tuple[Convolution, ...]:
        """What stands in front of the cells; errors as `convolved`."""
        given = self.get_params()
        names = ("convolutions", "convolution_width", "convolution_pool", "convolution_norm")
        return convolved(*(given[name] for name in names)) if names[0] in given else ()

    def _reads(self, known: Any) -> Any:
        """What makes ids of the inputs: a codec, or the codes of words; None of features."""

    def _head(self, known: Any, warm: Any) -> Head | None:
        """What becomes of the head of the model `warm`; None: it stays."""

    def _check(self) -> None:
        """`ArgumentError` where the task's own parameters do not go together."""

    def _listeners(self, network: nn.Module, known: Any) -> tuple[Listener, ...]:
        """Who is told of the training of this network besides the user's."""
        return ()

    def _trained(self, ready: Ready, options: Options) -> dict[str, Any]:
        """What is done to the trained network, in place; facts of that for the result."""
        return {}

    def _tensors_beside(self, ready: Ready) -> dict[str, np.ndarray]:
        """What answers beside the network, fitted to what was learnt from; nothing by default."""
        return {}

    def _baseline_tensors(self, train: Part, learning: Learning) -> dict[str, np.ndarray]:
        """What the score is held against, fitted to the training part; nothing by default."""
        return {}

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        groups: Any = None,
        **table: Any,
    ) -> Self:
        """Train the network.

        Args:
            X: `[N, T, I]`, or a list of `[T_i, I]`, or what else `elman.data.as_sequences` takes.
                Or a pandas, polars or Arrow table with a row a step, or a row a sequence, or the
                path of a file: what `elman.data.read` takes.
            y: What is to be learnt of each sequence; see the task. Of a table also the name of
                the label's column, or several; None: a column of a usual name. Of a sequence or
                step that does not count it may be anything.
            sample_weight: `[N]` ≥ 0: how much each sequence counts. Zero leaves it out. Where a
                target belongs to each step also `[N, T]`, or a list of `[T_i]`: how much each
                step counts.
            groups: Labels `[N]`, as subjects: where `validation` is a share, the sequences of a
                group are all in it or all out of it. Of a table also the name of their column.
            table: How a table is read, in the words of `elman.data.read`: `series=`, the column
                that tells the sequences apart, and `time=`, which orders the steps (else the
                levels of its index, or columns of usual names); `text=`, the column of
                texts for a task that reads them; `features=` and `ignore=`, lists
                of columns; `missing=` and more.

        Beside a table, pandas series and frames (`y`, weights, groups) go by the names of the
        sequences in their index, all else by the order of the sequences' first rows.

        Raises:
            ArgumentError, BlueprintError: A parameter is outside its range.
            ShapeError, DataError: X, y or the weights do not fit.
            TrainingError: The loss ceased to be finite.
            CheckpointError: The run's folder holds another run, or cannot be written.
            KeyboardInterrupt: Ctrl-C; with a folder, `resume=True` goes on from there.
        """
        given = given_to(self, X, y, sample_weight, groups, table, self._warm())
        ready, options = self._begun(given)
        self.reading = given.reading
        fitted = fit_network(ready, options)
        baselines: dict[str, np.ndarray] = {}
        if self.baselines:
            baselines = self._baseline_tensors(ready.parts.train, ready.learning)
        tensors = {f"baselines.{name}": array for name, array in baselines.items()}
        tensors |= self._tensors_beside(ready)
        self._complete(ready, options, fitted, tensors)
        return self

    def losses_at(
        self, X: Any, y: Any, rates: Sequence[float], sample_weight: Any = None, **table: Any
    ) -> np.ndarray:
        """The loss `[S]` of each step of a training whose steps have these learning rates.

        What is trained is a copy; see `elman.training.loop.rates`. The rest as of `fit`.
        """
        given = given_to(self, X, y, sample_weight, None, table, self._warm())
        ready, options = self._begun(given, validated=False)
        module, train = ready.module(options), ready.train(options)
        with computing_with(options.threads, None, False, lambda chosen: None):
            return losses_at(module, ready.learning.loss, train, options.config, rates)

    def _begun(self, given: Given, validated: bool = True) -> tuple[Ready, Options]:
        """All that a fit needs before its first step; errors as of `fit`.

        Unless it is `validated` all rows are learnt from.
        """
        options = self._options()
        self._check()
        try:
            return self._prepared(given, self._warm(), options, validated), options
        except OtherNetworkError:
            if self.start is None:
                raise
            return self._prepared(given, None, options, validated), options

    def _prepared(self, given: Given, warm: Any, options: Options, validated: bool) -> Ready:
        """See `_begun`; from the model `warm` on, or afresh."""
        known = None if warm is None else self._open(self._known(warm))
        if warm is None:
            warn_of_axes(given.X, self.axes)
        X, y = arranged(given.X, self.axes), given.y
        if warm is not None and len(column_names(y) or ()) == warm.blueprint.output_size:
            y = in_order_of(warm.named_targets, y)
        part, known = self._part(X, y, given.weight, known)
        self._named = column_names(y)
        names = part.sequences.names if warm is None else warm.feature_names
        part = part.named(names)
        groups = counted_groups(given.groups, len(X), part.rows)
        validation = validation_of(self.validation) if validated else None
        if isinstance(validation, tuple):
            read = validation_given_to(self, *validation, given.reading, names)
            validation = self._validation_part(*read, part, names, known)
        parts = choose_validation(part, validation, options.config.seed, groups)
        known = known if warm is not None else self._settled(parts, known)
        return self._ready(parts, known, warm, options, given.notes)

    def _validation_part(
        self, X: Any, y: Any, train: Part, names: tuple[str, ...] | None, known: Any
    ) -> Part:
        """A validation part of one's own: checked and named as the training part is."""
        y = in_order_of(self._named, y, "validation")
        part, _ = self._part(arranged(X, self.axes), y, None, known)
        part = part.named(names)
        if part.sequences.features != train.sequences.features:
            found = f"{part.sequences.features} features a step"
            raise ShapeError("validation", found, f"{train.sequences.features}, as X has")
        return part

    def _partial_fit(
        self, X: Any, y: Any, sample_weight: Any, known: Any, table: Mapping[str, Any]
    ) -> Self:
        """One pass over these rows, from where the last one ended; `known` of the first's targets.

        Arguments and errors as `fit`; see the task's `partial_fit`.
        """
        self._check()
        warm = self.model_ if self.__sklearn_is_fitted__() else None
        before = getattr(self, "_continuation", None)
        options = one_pass(self._options(), before)
        given = given_to(self, X, y, sample_weight, None, table, warm)
        if warm is None:
            X = arranged(given.X, self.axes)
        else:
            X, known = warm.sequences(given.X), self._known(warm)
        y = given.y if warm is None else in_order_of(warm.named_targets, given.y)
        part, known = self._part(X, y, given.weight, known)
        self._named = column_names(y)
        parts = Parts(part, None, "none: partial_fit")
        known = known if warm is not None else self._settled(parts, known)
        ready = self._ready(parts, known, warm, options, given.notes, "partial_fit")
        self.reading = given.reading
        fitted = fit_network(ready, options, before)
        if before is None:
            history = None if warm is None else self.history_
            self._earlier = () if history is None else history.records
        history = fitted.history.after(self._earlier)
        baselines = {} if warm is None else baseline_tensors(warm.bundle)
        tensors = {f"baselines.{name}": array for name, array in baselines.items()}
        rows = 0 if warm is None else self.result_.get("train_sequences", 0)
        told = fitted._replace(history=history)
        self._complete(ready, options, told, tensors, {"train_sequences": rows + len(part)})
        self._continuation = fitted.continuation
        return self

    def _network(
        self, train: Part, known: Any, options: Options
    ) -> tuple[Any, nn.Module, tuple[str, ...]]:
        """The network as data and as a module with fresh weights, and what is to be said of it."""
        blueprint, seed = self._blueprint(train, known), options.config.seed
        if self.network is None:
            return blueprint, build(blueprint, seed=seed), ()
        given = self.get_params()
        check_alone(given, told(type(self)))
        about, module = own_network(given, blueprint, seed)
        note = f"{about.name} is a network of your own: the run's folder holds no model file."
        return about, module, () if options.folder is None else (note,)

    def _ready(
        self,
        parts: Parts,
        known: Any,
        warm: Any,
        options: Options,
        notes: tuple[str, ...],
        how: str = "warm_start",
    ) -> Ready:
        """All that a training on these parts needs, from the model `warm` on or afresh.

        Args:
            parts: What was given.
            known: Of its targets.
            warm: The model that goes on, or None.
            options: How to train.
            notes: What was inferred so far.
            how: What messages say it goes on by.
        """
        blueprint, network, said = self._network(parts.train, known, options)
        notes = (*notes, *said)
        if warm is not None:
            head = self._head(known, warm)
            if head is not None:
                _check_replaceable(blueprint, head)
                notes = (*notes, head.note)
            fresh = weights_of(network)
            weights = started(blueprint, warm.blueprint, fresh, warm.bundle.weights, head, how)
            take_weights(network, weights)
        begun = None if warm is not None else begin(self, blueprint, network, self._reads(known))
        notes = notes if begun is None else (*notes, begun.note)
        before = begun if warm is None else warm
        learning = self._learning(parts, known, warm)
        names = parts.train.sequences.names if warm is None else warm.feature_names
        settings = dict(learning.settings)
        if names is not None:
            settings["features"] = list(names)
        named = self._named
        if named is None and warm is not None:
            named = warm.named_targets
        if named is not None and len(named) == blueprint.output_size:
            settings["targets"] = list(named)
        if self.axes is not None:
            settings["axes"] = self.axes
        return Ready(
            blueprint,
            network,
            parts,
            replace(learning, settings=settings),
            self._input_scaler(parts.train, warm if begun is None else begun),
            (*notes, *learning.notes),
            None if before is None else before.seen,
            self._listeners(network, known),
        )

    def predict(self, X: Any) -> Any:
        """The answer for each sequence; see the runtime's model.

        Raises:
            NotFittedError: Before `fit`.
            ShapeError, DataError: X does not fit.
        """
        return self._fitted("predict").predict(X)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """The task's score; larger is better. See the runtime's model."""
        return self._fitted("score").score(X, y, sample_weight)

    def evaluate(self, X: Any, y: Any = None, sample_weight: Any = None) -> dict[str, Any]:
        """Scores, and those of honest baselines beside them; see the runtime's model."""
        return self._fitted("evaluate").evaluate(X, y, sample_weight)

    def trace(self, sequence: Any) -> np.ndarray:
        """The answer `[T, K]` after each step of one sequence, had it ended there."""
        return self._fitted("trace").trace(sequence)

    def training_loss(self, X: Any, y: Any) -> tuple[Part, Measure]:
        """What the fitted network learns from this X and y, and the loss that is made small.

        Returns:
            The part, with targets as the network answers them and the weights that rows have in
            training; sequences are unscaled. And the loss with this estimator's options.

        Raises:
            NotFittedError: Before `fit`.
            ShapeError, DataError: X or y do not fit the model.
        """
        model = self._fitted("training_loss")
        X, y, *_ = model.labelled(X, y)
        part, known = self._part(X, y, None, self._known(model))
        learning = self._learning(Parts(part, None, ""), known, model)
        return replace(learning.parts.train, weight=learning.weight), learning.loss

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags

    def _hold(self, found: Bundle, module: Any, device: Any = None) -> None:
        super()._hold(found, module, device)
        self.n_features_in_ = self.model_.n_features_in_
        self.held_out = self.model_.held_out
        if self.model_.feature_names is not None:
            self.feature_names_in_ = np.array(self.model_.feature_names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _features(self) -> int | None:
        """Features that X must have: the fitted model's, where training goes on from it."""
        warm = self._warm()
        return None if warm is None else warm.n_features_in_

    def _input_scaler(self, train: Part, warm: Any) -> Scaler | None:
        """Of the training part; or the fitted model's, which its weights are used to."""
        if warm is not None and train.sequences.features is not None:
            return warm.input_scaler
        if self.scaling == "none" or train.sequences.features is None:
            return None
        return Scaler.fit(train.sequences.values, train.sequences.lengths)

    def _complete(
        self,
        ready: Ready,
        options: Options,
        fitted: Fitted,
        tensors: dict[str, np.ndarray],
        about: Mapping[str, Any] | None = None,
    ) -> None:
        """`_finish` what `fit_network` gave, with all that the model keeps of its training.

        Args:
            ready: What was trained.
            options: How.
            fitted: What came of it.
            tensors: What travels with the network besides.
            about: Further facts for the result.
        """
        learning, blueprint, parts = ready.learning, ready.blueprint, ready.parts
        facts = {"train_sequences": len(parts.train), "validation": parts.how}
        facts["validation_sequences"] = 0 if parts.validation is None else len(parts.validation)
        facts |= {**(about or {}), **self._trained(ready, options)}
        if ready.notes:
            facts["notes"] = list(ready.notes)
        result = summary(self._task, blueprint, facts, fitted.history, options.config)
        tensors = learning.tensors | tensors | remembered(parts, self.held_out, ready.seen)
        if ready.scaler is not None:
            tensors |= {f"inputs.{k}": array for k, array in ready.scaler.tensors().items()}
        self.history_ = fitted.history
        self._continuation = None
        settings = learning.settings | {"metadata": result}
        self._finish(blueprint, ready.network, options, tensors, settings)


def _check_replaceable(blueprint: Any, head: Head) -> None:
    if not blueprint.described:
        raise ArgumentError(
            "network",
            f"one of your own goes on, and {head.note[0].lower()}{head.note[1:].removesuffix('.')}",
            "the same targets, or a fresh fit",
        )
