"""Which class a sequence belongs to, or which labels it has."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.exceptions import DataConversionWarning
from torch import nn

from elman.blueprint import Blueprint, sequence_to_sequence, sequence_to_vector
from elman.data import Sequences, as_sequences
from elman.data.sound_sequences import SoundSequences, are_sounds, as_sounds
from elman.data.text_sequences import TextSequences, are_texts, as_texts
from elman.errors import ArgumentError, DataError
from elman.metrics.baselines import fit_classification
from elman.metrics.features import counted, weights_of_steps
from elman.metrics.text_baselines import fit_texts
from elman.metrics.text_linear import fit_text_linear
from elman.parameters import Kind, documented, flag, number, parameter, share, text
from elman.runtime.targets import (
    check_labels,
    check_step_labels,
    check_weight,
    class_tensors,
    is_column,
    label_indices,
    plain_rows,
)
from elman.runtime.writing.states import Passage
from elman.targets import Target
from elman.tasks.calibrating import calibrate, check_calibration
from elman.tasks.classes import (
    KnownClasses,
    belong_to_steps,
    check_kind,
    numbered_labels,
    settled_classes,
    shares_of_classes,
    told_classes,
    weights_by_class,
)
from elman.tasks.features import check_no_features_from, language_states, with_states
from elman.tasks.fitting import Learning, Options, Ready
from elman.tasks.head import Head, head_of_classes
from elman.tasks.network import CodedWords
from elman.tasks.own import own_loss
from elman.tasks.parameters import (
    ConvolutionParameters,
    FeatureParameters,
    PoolParameters,
    SoundParameters,
    TextParameters,
)
from elman.tasks.parts import Part, Parts
from elman.tasks.sequence_estimator import SequenceEstimator
from elman.tasks.sounds import (
    check_no_sound_parameters,
    features_for,
    rate_asked,
    same_features,
    with_copies,
)
from elman.tasks.texts import (
    Thawing,
    check_no_text_parameters,
    codec_for,
    embedding_for,
    encoded_parts,
    same_codec,
    start_vectors,
)
from elman.training import BinaryCrossEntropy, CrossEntropy, Listener
from elman.training.loop.losses import accuracy, label_accuracy
from elman.transforms.sound import summary

__all__ = ["Classifier"]


_BESIDE = ("linear", "logit_adjustment")  # parameters of what is added to the network's outputs


def _or_weights(kind: Kind) -> Kind:
    """A kind whose values may also be a mapping."""

    def check(where: str, value: Any) -> Any:
        return value if isinstance(value, Mapping) else kind.check(where, value)

    return kind._replace(check=check)


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class Classifier(
    ClassifierMixin,
    TextParameters,
    SoundParameters,
    FeatureParameters,
    PoolParameters,
    ConvolutionParameters,
    SequenceEstimator,
):
    """A recurrent network that reads a sequence, a text or a sound, and says what it is.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 5, 1)) + np.repeat([-2, 2], 30)[:, None, None]
    >>> y = np.repeat(["low", "high"], 30)
    >>> model = Classifier(cell="gru", units=8, epochs=10, learning_rate=0.02).fit(X, y)
    >>> model.predict(np.full((1, 5, 1), 2.0)).tolist()
    ['high']

    Of texts X is a list of strings: they are cut into tokens by a codec (`codec`), fitted on the
    training part, each of which has a vector of its own.

    >>> reviews = ["a good film", "good fun", "a bad film", "bad and dull"] * 5
    >>> model = Classifier(units=8, embedding=8, epochs=20, learning_rate=0.05, validation=None)
    >>> model.fit(reviews, ["+", "+", "-", "-"] * 5).predict(["good", "dull"]).tolist()
    ['+', '-']

    Of sounds X are `elman.data.Recordings`: features are read of them (`sound`), which travel with
    the model, and perhaps of distorted copies besides (`distort`).

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
        0.0, share(), "Share of a target that is spread over all classes."
    )
    class_weight: Any = parameter(
        None,
        _or_weights(text(none=True)),
        "`balanced`: every class counts alike.",
        "Or a mapping of labels to weights ≥ 0, 1 for a label left out. For training only.",
    )

    calibrate: bool = parameter(
        False,
        flag(),
        "Divide the outputs by a temperature, fitted on the validation part, so that probabilities "
        "are what they say.",
        "It changes no answer; the expected calibration error before and after is in `result_`.",
    )
    abstain: float = parameter(
        0.0,
        share(),
        "Give no answer (None) where the most probable class has a lower probability.",
        "Not of several labels a sequence.",
    )

    linear: float = parameter(
        0.0,
        share(),
        "Share of the answer that a linear map of the text's runs of words, or letters, has.",
        "It is fitted to the training part beside the network: support vector machines on TF-IDF, "
        "as logits. Of texts with one label each.",
    )
    logit_adjustment: float = parameter(
        0.0,
        number(),
        "Logits less this many times the log of their class's share: rare classes count for more.",
        "0: classes as often as in the training part; 1: as if all were alike frequent (Menon et "
        "al. 2021, arXiv 2007.07314v2). Of one label a sequence.",
    )

    @property
    def target(self) -> Target:
        """A class, or one for each step; or the fitted model's: perhaps several a sequence."""
        if self.per_step:
            return Target.CLASS_PER_STEP
        return self.model_.target if self.__sklearn_is_fitted__() else Target.CLASS

    @property
    def texts(self) -> str:
        """Whether what is read of a file or a frame are texts; see `elman.data.readers`."""
        return self.model_.texts or "" if self.__sklearn_is_fitted__() else "perhaps"

    @property
    def rate(self) -> int | None:
        """Samples a second that files of sound are brought to; None: their own."""
        return self.model_.rate if self.__sklearn_is_fitted__() else rate_asked(self)

    def partial_fit(
        self, X: Any, y: Any = None, classes: Any = None, sample_weight: Any = None, **table: Any
    ) -> Self:
        """Learn from more sequences: one pass over them, the optimiser going on as it was.

        The first call fixes what a fit finds in its data: classes, the inputs' scaler, features
        and their names. There is no validation part, so the last weights are the model's;
        `epochs`, `validation` and `early_stopping` do not apply. Baselines are those of an earlier
        `fit`, else there are none. After `fit` or `load` the optimiser begins afresh.

        Args:
            X: `[N, T, I]`, or a list of `[T_i, I]`, or a table, as `fit` takes it; or texts, of
                whose tokens those are known that stand in the first call's.
            y: Their labels, as `fit` takes them; none but those of `classes`.
            classes: All labels that will ever come; needed in the first call. Of several labels a
                sequence: `range(L)`.
            sample_weight: As `fit` takes it.
            table: Likewise.

        Raises:
            ArgumentError: The classes are not given, or others than in the first call; or a
                parameter asks for what only `fit` has: a schedule, an average, a run's folder,
                balanced classes, a validation part to calibrate on.
            ShapeError, DataError, TrainingError: As `fit`; or X or y do not fit the first call's.
        """
        if isinstance(self.class_weight, str):
            found = f"{self.class_weight!r} in partial_fit"
            raise ArgumentError("class_weight", found, "a mapping, or None")
        if self.calibrate:
            raise ArgumentError("calibrate", "True in partial_fit", "False, or fit")
        for name in _BESIDE:
            if getattr(self, name):
                raise ArgumentError(name, f"{getattr(self, name)} in partial_fit", "0, or fit")
        known = None if classes is None else told_classes(classes)
        if not self.__sklearn_is_fitted__():
            if known is None:
                raise ArgumentError(
                    "classes", "not given in the first call", "all labels that will ever come"
                )
        elif known is not None and not np.array_equal(known.classes, self.classes_):
            raise ArgumentError(
                "classes", f"found {known.classes.tolist()}", f"{self.classes_.tolist()}, or None"
            )
        return self._partial_fit(X, y, sample_weight, known, table)

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class `[N, K]`, rows summing to 1; or of each label `[N, L]`.

        Raises:
            NotFittedError: Before `fit`.
            ShapeError, DataError: X does not fit.
        """
        return self._fitted("predict_proba").predict_proba(X)

    def predict_log_proba(self, X: Any) -> Any:
        """The logarithm of `predict_proba`; errors as there."""
        return self._fitted("predict_log_proba").predict_log_proba(X)

    def decision_function(self, X: Any) -> Any:
        """The logits `[N, K]`, of two classes their difference `[N]`; see the runtime's model."""
        return self._fitted("decision_function").decision_function(X)

    @property
    def classes_(self) -> np.ndarray:
        """The class labels, sorted; with several labels a sequence, 0…L-1."""
        return self._fitted("classes_").classes_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _known(self, warm: Any) -> KnownClasses:
        codec = None if warm.codec is None else same_codec(self, warm)
        sound = None if warm.sound is None else same_features(self, warm)
        more = {"codec": codec, "states": language_states(self, warm), "sound": sound}
        return KnownClasses(warm.classes_, warm.target, **more, fitted=True)

    def _open(self, known: KnownClasses) -> KnownClasses:
        return known._replace(open=True)

    def _reads(self, known: KnownClasses) -> Any:
        return known.codec

    def _head(self, known: KnownClasses, warm: Any) -> Head | None:
        return head_of_classes(known.classes, warm.classes_)

    def _part(
        self, X: Any, y: Any, sample_weight: Any, known: KnownClasses | None
    ) -> tuple[Part, KnownClasses]:
        """X and y checked, and the classes: those known, or y's own; and of which kind they are.

        `y` has one label a sequence `[N]`: strings, whole numbers or booleans; or several a
        sequence, as 0 and 1 `[N, L]`: so scikit-learn has them. Per step `[N, T]`, or a list of
        `[T_i]`.
        """
        sequences = self._sequences(X, known)
        y = plain_rows(y)
        told = self.per_step if known is None or known.kind is None else known.kind.per_step
        told = False if isinstance(sequences, TextSequences | SoundSequences) else told
        replaced = (known or KnownClasses(np.zeros(0), None)).replaced
        if belong_to_steps(told, y, sequences):
            check_kind(known, Target.CLASS_PER_STEP)
            strict = None if known is None or known.open else known.classes
            weight = check_weight(sample_weight, sequences, per_step=True)
            read = counted(sequences, weight)
            index, own = check_step_labels(y, sequences, strict, counted=read)
            classes, place = settled_classes(own, known)
            targets = np.where(sequences.real, place[index], 0)
            part = Part(sequences, targets, weight, Target.CLASS_PER_STEP).counted()
            return part, replaced(classes, part.kind)
        weight = check_weight(sample_weight, sequences)
        labels = check_labels(y, len(sequences), counted=counted(sequences, weight))
        if is_column(y):
            warnings.warn(
                "A column-vector y was passed when a 1d array was expected: it is read as one "
                "label a sequence, as y.ravel() has them.",
                DataConversionWarning,
                stacklevel=3,
            )
        kind = Target.LABELS if labels.ndim == 2 else Target.CLASS
        check_kind(known, kind)
        part = Part(sequences, labels, weight, kind).counted()
        if kind is Target.LABELS:
            return part, replaced(numbered_labels(labels, known), kind)
        classes, _ = settled_classes(np.unique(part.targets), known)
        index = label_indices(part.targets, classes)
        return replace(part, targets=index.astype(np.int64)), replaced(classes, kind)

    def _sequences(self, X: Any, known: KnownClasses | None) -> Sequences:
        """X checked: texts, sounds, or sequences of features; as were learnt, where known."""
        sounds = are_sounds(X)
        if known is not None and known.fitted and sounds is not (known.sound is not None):
            kinds = ("no sounds", "sounds") if known.sound is not None else ("sounds", "no sounds")
            raise DataError("X", f"found {kinds[0]}", f"{kinds[1]}, as were learnt")
        if sounds:
            return self._sounds(X, known)
        check_no_sound_parameters(self)
        texts = are_texts(X)
        if known is not None and known.fitted and texts is not (known.codec is not None):
            kinds = ("features", "texts") if known.codec is not None else ("texts", "features")
            raise DataError("X", f"found {kinds[0]}", f"{kinds[1]}, as were learnt")
        if not texts:
            check_no_text_parameters(self)
            check_no_features_from(self, "a list of texts")
            return as_sequences(X, features=self._features())
        for name in ("network", "augment"):
            if getattr(self, name) is not None:
                raise ArgumentError(name, "given, and X holds texts", "None")
        if self.per_step:
            raise ArgumentError("per_step", "True, and X holds texts", "False, or a Tagger")
        return as_texts(X)

    def _sounds(self, X: Any, known: KnownClasses | None) -> SoundSequences:
        """Recordings with their features: the model's, where one goes on."""
        check_no_text_parameters(self)
        check_no_features_from(self, "sounds")
        for name in ("network", "augment", "per_step"):
            if getattr(self, name):
                raise ArgumentError(name, "given, and X holds sounds", "leave it out")
        told = None if known is None else known.sound
        features = features_for(self, X.rate) if told is None else told
        return as_sounds(X, features.rate).heard(features.of)

    def _settled(self, parts: Parts, known: KnownClasses) -> KnownClasses:
        """With the codec of the training part's texts, or with what is read of its sounds."""
        sequences = parts.train.sequences
        if isinstance(sequences, SoundSequences):
            return known._replace(sound=features_for(self, sequences.rate))
        if not isinstance(sequences, TextSequences):
            return known
        states = language_states(self, None)
        return known._replace(codec=codec_for(self, sequences), states=states)

    def _blueprint(self, train: Part, known: KnownClasses) -> Blueprint:
        if train.kind is Target.CLASS_PER_STEP:
            if self.pool != "last":
                raise ArgumentError("pool", f"{self.pool!r} with per_step=True", "leave it out")
            if self.beside:
                raise ArgumentError("beside", "True with per_step=True", "leave it out")
            return sequence_to_sequence(
                cells=self._cells(),
                outputs=len(known.classes),
                input_size=train.sequences.features,
                bidirectional=bool(self.bidirectional),
                dropout=self.dropout,
                convolutions=self._convolutions(),
            )
        return sequence_to_vector(
            cells=self._cells(),
            outputs=len(known.classes),
            input_size=train.sequences.features,
            embedding=None if known.codec is None else embedding_for(self, known.codec),
            bidirectional=bool(self.bidirectional),
            pool=self.pool,
            dropout=self.dropout,
            input_dropout=0.0 if known.codec is None else self.input_dropout,
            given=0 if known.states is None else known.states.size,
            convolutions=self._convolutions(),
            beside=bool(self.beside),
        )

    def _network(
        self, train: Part, known: KnownClasses, options: Options
    ) -> tuple[Any, nn.Module, tuple[str, ...]]:
        blueprint, network, notes = super()._network(train, known, options)
        if known.codec is None:
            return blueprint, network, notes
        said = start_vectors(self, network, known.codec, fitted=known.fitted)
        return blueprint, network, (*notes, *said)

    def _listeners(self, network: nn.Module, known: KnownClasses) -> tuple[Listener, ...]:
        frozen = known.codec is not None and self.frozen
        return (Thawing(network, self.frozen),) if frozen else ()

    def _check(self) -> None:
        if not self.calibrate:
            return
        check_calibration(self.validation, self.network)
        for name in _BESIDE:
            if getattr(self, name):
                raise ArgumentError(name, f"{getattr(self, name)} with calibrate=True", "0")

    def _trained(self, ready: Ready, options: Options) -> dict[str, Any]:
        return {"calibration": calibrate(ready, options)} if self.calibrate else {}

    def _learning(self, parts: Parts, known: KnownClasses, warm: Any) -> Learning:
        several = parts.train.kind is Target.LABELS
        usual, score = (BinaryCrossEntropy, label_accuracy) if several else (CrossEntropy, accuracy)
        if self.loss is not None and self.label_smoothing:
            found = f"{self.label_smoothing} with a loss of your own"
            raise ArgumentError("label_smoothing", found, "0: the loss says")
        tensors: dict[str, np.ndarray] = class_tensors(known.classes)
        settings: dict[str, Any] = {"multilabel": several}
        if self.abstain:
            if several:
                raise ArgumentError("abstain", f"{self.abstain} with several labels", "0")
            settings["abstain"] = float(self.abstain)
        self._check_beside(parts.train.kind, known)
        if self.linear:
            settings["linear"] = float(self.linear)
        if known.codec is not None:
            parts = encoded_parts(parts, known.codec)
            tensors |= {f"codec.{name}": one for name, one in known.codec.tensors().items()}
            settings["codec"] = known.codec.hash
        around, notes = None, ()
        if known.sound is not None:
            train = with_copies(parts.train, known.sound, self.distort, self.seed)
            parts = replace(parts, train=train)
            settings["sound"] = known.sound.to_dict()
        if known.states is not None and known.codec is not None:
            places = known.codec.places
            described = with_states(
                self,
                parts,
                known.states,
                lambda texts: [Passage(text, places(text)) for text in texts.texts],
                "token",
            )
            parts, notes = described.parts, described.notes
            around = partial(CodedWords, codes=None, table=described.table)
            tensors |= known.states.tensors()
            settings["readers"] = known.states.settings()
        return Learning(
            parts,
            own_loss(self.loss, usual(self.label_smoothing)),
            score,
            weights_by_class(self.class_weight, parts.train, known.classes),
            tensors,
            settings,
            around,
            notes,
        )

    def _check_beside(self, kind: Target, known: KnownClasses) -> None:
        """`ArgumentError` where the network has to answer alone."""
        if self.linear and known.codec is None:
            raise ArgumentError("linear", f"{self.linear}, and X holds no texts", "0")
        for name in _BESIDE:
            if getattr(self, name) and kind is not Target.CLASS:
                found = f"{getattr(self, name)} with targets of the kind {kind!s}"
                raise ArgumentError(name, found, "0, or one label a sequence")

    def _tensors_beside(self, ready: Ready) -> dict[str, np.ndarray]:
        train, weight = ready.learning.parts.train, ready.learning.weight
        classes, tensors = ready.blueprint.output_size, {}
        if self.linear:
            texts: Any = train.sequences
            linear = fit_text_linear(
                texts.texts.tolist(), train.targets, classes, weight, self.seed
            )
            tensors = {f"linear.{name}": one for name, one in linear.tensors().items()}
        if self.logit_adjustment:
            shares = shares_of_classes(train.targets, classes, weight)
            adjustment = self.logit_adjustment * np.log(shares)
            tensors["logit_adjustment"] = adjustment.astype(np.float32)
        return tensors

    def _baseline_tensors(self, train: Part, learning: Learning) -> dict[str, np.ndarray]:
        sequences, targets, weight = train.sequences, train.targets, train.weight
        if isinstance(sequences, SoundSequences):
            seen = sequences.heard(partial(summary, rate=sequences.rate))
            return fit_classification(seen, targets, weight, self.seed).tensors()
        if isinstance(sequences, TextSequences):
            return fit_texts(sequences.texts.tolist(), targets, weight, self.seed).tensors()
        if train.kind is Target.CLASS_PER_STEP:  # what a step says by itself
            targets = targets[sequences.real]
            weight = weights_of_steps(weight, sequences.lengths)
            sequences = sequences.by_step()
        return fit_classification(sequences, targets, weight, self.seed).tensors()
