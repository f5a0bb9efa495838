"""A trained classifier, answering without torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from elman.bundle import Bundle
from elman.data import Recordings, Sequences
from elman.data.readers import is_given_as_table
from elman.data.sound_sequences import SoundSequences, are_sounds, as_sounds
from elman.data.text_sequences import TextSequences, are_texts, as_texts
from elman.errors import ArgumentError, BundleError, DataError, ShapeError
from elman.metrics.baselines import ClassificationBaselines
from elman.metrics.calibration import calibration_error, softmax
from elman.metrics.features import counted, weights_of_steps
from elman.metrics.scorecards import card_notes, class_card, label_card
from elman.metrics.text_baselines import TextBaselines
from elman.metrics.text_linear import TextLinear
from elman.parameters import share
from elman.runtime.class_scores import class_scores, found_by_class
from elman.runtime.network import NetworkStepper
from elman.runtime.sequence_model import SequenceModel
from elman.runtime.targets import check_labels, check_step_labels, classes_from, label_indices
from elman.runtime.travelling import below, codec_of, setting_of, sound_of
from elman.runtime.writing.states import Passage
from elman.targets import Target
from elman.transforms.sound import SoundFeatures, summary

__all__ = ["ClassifierModel"]


class ClassifierModel(SequenceModel):
    """Says which class a sequence, or each of its steps, belongs to, or which labels it has.

    Arguments, attributes and errors as of `SequenceModel`; besides:

    Attributes:
        classes_: The K class labels, sorted; with several labels a sequence, 0…L-1.
        multilabel: Whether a sequence may have several labels.
        per_step: Whether a class belongs to each step.
        codec: What cuts texts into tokens; None where features are read.
        sound: What is read of sounds; None where none are.
        abstain: Below this probability of the most probable class there is no answer.
        linear: What answers beside the network, which is of texts then; or None.
        linear_share: Its share of the answer, in [0, 1).
        adjustment: What is taken from each class's logit `[K]`, float32; or None.
    """

    task = "classifier"
    answer_options: ClassVar = {
        "probabilities": (bool, "Add the probability of each class."),
        "abstain": (float, "No answer where the most probable class has a lower probability."),
    }

    def _read(self, bundle: Bundle) -> None:
        self.multilabel = setting_of(bundle, "multilabel", bool, False)
        self.per_step = self.blueprint.configuration == "sequence_to_sequence"
        self.target = Target.LABELS if self.multilabel else Target.CLASS
        self.codec = codec_of(bundle)
        self.sound = sound_of(bundle)
        self.abstain = setting_of(bundle, "abstain", float, 0.0)
        if not 0 <= self.abstain < 1:
            raise BundleError("abstain", f"found {self.abstain}", "save the model again")
        if self.per_step:
            self.target = Target.CLASS_PER_STEP
        self.classes_ = classes_from(bundle.tensors)
        if len(self.classes_) != self.blueprint.output_size:
            raise BundleError(
                "class labels",
                f"{len(self.classes_)} for {self.blueprint.output_size} outputs",
                "save the model again",
            )
        self._read_beside(bundle)

    def _read_beside(self, bundle: Bundle) -> None:
        """What is added to the network's outputs; `BundleError` where it does not fit them."""
        classes = len(self.classes_)
        self.linear_share = setting_of(bundle, "linear", float, 0.0)
        tensors = below(bundle, "linear.")
        if not 0 <= self.linear_share < 1 or bool(self.linear_share) is not bool(tensors):
            found = f"a share of {self.linear_share} and {len(tensors)} arrays"
            raise BundleError("linear map", found, "save the model again")
        if tensors and (self.codec is None or self.target is not Target.CLASS):
            raise BundleError("linear map", "the network reads no texts", "save the model again")
        self.linear = TextLinear.from_tensors(tensors, classes) if tensors else None
        self.adjustment = bundle.tensors.get("logit_adjustment")
        if self.adjustment is not None:
            sound = self.adjustment.dtype == np.float32 and self.adjustment.shape == (classes,)
            if not sound or not np.isfinite(self.adjustment).all():
                expected = f"{classes} finite numbers: save the model again"
                raise BundleError("logit adjustment", "something else", expected)

    def _baselines(self, tensors: Mapping[str, np.ndarray]) -> Any:
        kind = TextBaselines if "rarity" in tensors else ClassificationBaselines
        return kind.from_tensors(tensors)

    @property
    def tokens(self) -> tuple[str, ...] | None:
        """The tokens that have a vector, by id; None where features are read."""
        return None if self.codec is None else self.codec.tokens

    @property
    def texts(self) -> str | None:
        """Whether what is read of a file or a frame are texts; see `elman.data.readers`."""
        return None if self.codec is None else "always"

    @property
    def rate(self) -> int | None:
        """Samples a second that files of sound are brought to; None where no sounds are read."""
        return None if self.sound is None else self.sound.rate

    @property
    def reads_ids(self) -> bool:
        """Whether the sequences are of token ids: those of texts are the codec's own affair."""
        return self.codec is None and super().reads_ids

    # ---- what is read -------------------------------------------------------------------------

    def sequences(self, X: Any) -> Sequences:
        """X as this model reads it: texts, sounds, or sequences.

        Errors as `SequenceModel.sequences`, besides:

        Args:
            X: As of `predict`; of sounds `Recordings`, or a list of signals `[S]` of the rate that
                was learnt.

        Raises:
            DataError: X holds something else than what was learnt: texts, sounds or features; or
                sounds of another rate.
        """
        if is_given_as_table(X):
            return super().sequences(X)
        if self.sound is not None:
            return self._heard(X, self.sound)
        if are_sounds(X):
            raise DataError("X", "found sounds", "what the model was trained on")
        if are_texts(X) is not (self.codec is not None):
            kinds = ("texts", "sequences") if self.codec is None else ("no texts", "texts")
            raise DataError("X", f"found {kinds[0]}", f"{kinds[1]}: the model reads those")
        if self.codec is None:
            return super().sequences(X)
        return as_texts(X).encoded(self.codec.encode)

    def _heard(self, X: Any, features: SoundFeatures) -> SoundSequences:
        """Sounds with their features."""
        if not are_sounds(X):
            if not isinstance(X, list | tuple) or not all(np.ndim(one) == 1 for one in X):
                expected = "Recordings, or a list of signals [S]: the model reads sounds"
                raise DataError("X", f"found {type(X).__name__}", expected)
            X = Recordings(tuple(X), features.rate)
        return as_sounds(X, features.rate).heard(features.of)

    def _scaled(self, sequence: Any) -> tuple[np.ndarray, np.ndarray]:
        if self.sound is not None and np.ndim(sequence) == 1:
            sequence = self.sound.of(sequence)
        if self.codec is None:
            return super()._scaled(sequence)
        ids = as_texts([sequence], "sequence").encoded(self.codec.encode).values[0]
        return ids, ids

    def pieces(self, text: str) -> list[str]:
        """The tokens of a text, as many as `trace` has steps.

        Raises:
            ArgumentError: The model reads no texts.
        """
        if self.codec is None:
            raise ArgumentError("text", "the model reads no texts", "one that was trained on some")
        return self.codec.pieces(text)

    def _passages(self, sequences: Sequences) -> list[Passage]:
        if self.codec is None or not isinstance(sequences, TextSequences):
            return super()._passages(sequences)
        return [Passage(text, self.codec.places(text)) for text in sequences.texts]

    # ---- what is answered ---------------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        """What `elman info` tells beside network and version."""
        told = super().facts()
        if self.codec is not None:
            told |= {"reads": f"texts as {self.codec.describe()}", "codec": self.codec.hash}
        if self.linear is not None:
            told["beside"] = f"{self.linear.describe()}, {self.linear_share:g} of the answer"
        if self.sound is not None:
            told |= {"reads": f"sounds as {self.sound.describe()}", "sound": self.sound.to_dict()}
        if self.multilabel:
            return {**told, "labels": list(self.target_names)}
        return {**told, "classes": self.classes_.tolist()}

    def predict(self, X: Any, abstain: float | None = None) -> Any:
        """The most likely class of each sequence `[N]`; or 0 and 1 for each label `[N, L]`.

        Args:
            X: `[N, T, I]`, or a list of `[T_i, I]`, or a list of texts.
            abstain: Below this probability, in [0, 1), the answer is None: then the answers are
                objects. None: as the model was trained; 0: there is always one.

        Returns:
            As said. Per step: `[N, T]` for an array, for a list a list of `[T_i]`.

        Raises:
            ShapeError, DataError: X does not fit; see `elman.data.as_sequences`.
        """
        least = self._least(abstain)
        sequences = self.sequences(X)
        logits = self.outputs(sequences)
        if self.multilabel:
            return (logits > 0).astype(np.int64)
        found = self.classes_[logits.argmax(axis=-1)]
        if least:
            found = found.astype(object)
            found[self.answered(logits).max(axis=-1) < least] = None
        return self._each(found, sequences, X)

    def _least(self, abstain: float | None) -> float:
        """The probability below which there is no answer; `ArgumentError` where it cannot be."""
        if abstain is None:
            return self.abstain
        if self.multilabel and abstain:
            raise ArgumentError("abstain", f"found {abstain!r} with several labels", "0, or None")
        return share().check("abstain", abstain)

    def predict_proba(self, X: Any) -> Any:
        """The probability of each class `[N, K]`, rows summing to 1; or of each label `[N, L]`.

        Per step `[N, T, K]`, or a list of `[T_i, K]`.
        """
        sequences = self.sequences(X)
        return self._each(self.answered(self.outputs(sequences)), sequences, X)

    def predict_log_proba(self, X: Any) -> Any:
        """The logarithm (natural) of what `predict_proba` says, finite where that rounds to 0."""
        sequences = self.sequences(X)
        logits = self.outputs(sequences)
        if self.multilabel:
            found = -np.logaddexp(np.zeros((), logits.dtype), -logits)
        else:
            above = logits - logits.max(axis=-1, keepdims=True)
            found = above - np.log(np.exp(above).sum(axis=-1, keepdims=True))
        return self._each(found, sequences, X)

    def decision_function(self, X: Any) -> Any:
        """The network's logits: `[N, K]`, or of labels `[N, L]`; the largest is `predict`'s answer.

        Of two classes `[N]`, as scikit-learn has it: the logit of `classes_[1]` less that of
        `classes_[0]`, positive where `classes_[1]` is the answer. Per step `[N, T, K]` or `[N, T]`;
        of a list a list of `[T_i, K]` or `[T_i]`.
        """
        sequences = self.sequences(X)
        logits = self.outputs(sequences)
        if not self.multilabel and len(self.classes_) == 2:
            logits = logits[..., 1] - logits[..., 0]
        return self._each(logits, sequences, X)

    def _each(self, answers: np.ndarray, sequences: Sequences, X: Any) -> Any:
        """Answers as they are; per step of a list without what stands past each length."""
        if not self.per_step or (isinstance(X, np.ndarray) and X.dtype != object):
            return answers
        return [row[:steps] for row, steps in zip(answers, sequences.lengths, strict=True)]

    def outputs(self, sequences: Sequences) -> np.ndarray:
        """The logits `[N, K]`, or `[N, T, K]`: the network's, and what is beside it."""
        outputs = super().outputs(sequences)
        texts = sequences.texts.tolist() if isinstance(sequences, TextSequences) else ()
        return self._with_beside(outputs, texts)

    def _completed(self, outputs: np.ndarray, sequence: Any) -> np.ndarray:
        if self.linear is None:
            return self._with_beside(outputs, ())
        text, places = self._passage(sequence)
        return self._with_beside(outputs, [text[:end] for end in places[:, 1]])

    def _with_beside(self, outputs: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """A network's logits of texts, with those of the linear map, and adjusted."""
        if self.linear is not None:
            said, own = self.linear(texts), self.linear_share
            outputs = ((1 - own) * outputs + own * said).astype(outputs.dtype)
        return outputs if self.adjustment is None else outputs - self.adjustment

    def answered(self, outputs: np.ndarray) -> np.ndarray:
        """Logits as probabilities."""
        if self.multilabel:
            return 0.5 * (1.0 + np.tanh(0.5 * outputs))
        return softmax(outputs)

    def rows(
        self,
        sequences: Sequences,
        ids: Sequence[str],
        probabilities: bool = False,
        abstain: float | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Class and its probability, or labels, of each sequence; perhaps all probabilities.

        Per step a row each. Labels are between blanks, or between semicolons where a name has one.
        Where there is no answer, the class is None.
        """
        least = self._least(abstain)
        names = self.target_names if self.multilabel else self.classes_
        between = ";" if any(" " in name for name in self.target_names) else " "
        chances = self.predict_proba(sequences)
        for place, row in _placed(ids, chances, self.per_step):
            if self.multilabel:
                found = [name for name, p in zip(names, row, strict=True) if p > 0.5]
                answer: dict[str, Any] = {**place, "prediction": between.join(found)}
            else:
                best = int(row.argmax())
                said = self.classes_[best] if row[best] >= least else None
                answer = {**place, "prediction": said, "probability": row[best]}
            if probabilities:
                answer |= {f"p({k})": p for k, p in zip(names, row, strict=True)}
            yield answer

    def _scores(
        self, sequences: Sequences, y: Any, weight: np.ndarray | None
    ) -> tuple[dict[str, Any], np.ndarray, np.ndarray | None]:
        """The accuracy and what stands beside it; see `elman.metrics.scorecards`.

        Of one class each also `log_loss` in nats, left out where a class was not learnt. With
        several labels a sequence, all of them must be right. `by_class` has for each `class` or
        `label` its `count`, `precision`, `recall` and `f1`.
        """
        if self.per_step:
            return self._step_scores(sequences, y, weight)
        scores, true = self._sequence_scores(sequences, y, weight)
        scores["notes"] += self._unknown(sequences)
        return scores, true, weight

    def _sequence_scores(
        self, sequences: Sequences, y: Any, weight: np.ndarray | None
    ) -> tuple[dict[str, Any], np.ndarray]:
        """Of a class for each sequence, or of several labels; and what is true."""
        read = counted(sequences, weight)
        labels = check_labels(y, len(sequences), counted=read)
        if self.multilabel != (labels.ndim == 2):
            found = "several labels a sequence" if labels.ndim == 2 else "one label a sequence"
            raise _other_labels(found)
        if self.multilabel and labels.shape[1] != len(self.classes_):
            raise _other_labels(f"{labels.shape[1]} labels a sequence")
        logits = self.outputs(sequences)
        if self.multilabel:
            said = (logits > 0).astype(np.int64)
            card = label_card(labels, said, logits, weight)
            scores = {
                "score": card["accuracy"],
                **card,
                "by_class": found_by_class(labels, said, self.target_names, weight, "label"),
                "notes": card_notes(card, labels, len(self.classes_)),
            }
            return scores, labels
        true = label_indices(labels, self.classes_)
        return self._class_scores(true, logits, weight), true

    def _unknown(self, sequences: Sequences) -> list[str]:
        """How many tokens of texts are unknown, in a sentence, where there are some."""
        if self.codec is None or self.codec.unknown is None:
            return []
        ids = sequences.values[sequences.real]
        unknown = int((ids == self.codec.unknown).sum())
        if not unknown:
            return []
        return [f"{unknown:,} of {len(ids):,} tokens ({unknown / len(ids):.1%}) are unknown to it"]

    def _step_scores(
        self, sequences: Sequences, y: Any, weight: np.ndarray | None
    ) -> tuple[dict[str, Any], np.ndarray, np.ndarray | None]:
        """The same over all real steps, each with its own weight or its sequence's."""
        read, real = counted(sequences, weight), sequences.real
        true, known = check_step_labels(y, sequences, counted=read)
        true = label_indices(known, self.classes_)[true]  # -1 where a class was not trained
        if read is not None:  # what was not read has no class: any that counts
            read = real & (read if read.ndim == 2 else read[:, None])
            true = np.where(read, true, true[read][0])
        each = weights_of_steps(weight, sequences.lengths)
        return self._class_scores(true[real], self.outputs(sequences)[real], each), true[real], each

    def _compared(
        self, sequences: Sequences, true: np.ndarray, weight: np.ndarray | None
    ) -> tuple[Any, np.ndarray, np.ndarray | None]:
        if isinstance(sequences, TextSequences):
            return sequences.texts.tolist(), true, weight
        if isinstance(sequences, SoundSequences):
            return sequences.heard(partial(summary, rate=sequences.rate)), true, weight
        return (sequences.by_step() if self.per_step else sequences), true, weight

    def _class_scores(
        self, true: np.ndarray, logits: np.ndarray, weight: np.ndarray | None
    ) -> dict[str, Any]:
        """Of one class each."""
        found, chances = logits.argmax(axis=1), self.answered(logits)
        card = class_card(true, found, chances, weight)
        what = "steps" if self.per_step else "sequences"
        told = class_scores(card, true, found, chances, self.classes_.tolist(), weight, what)
        told["calibration_error"] = calibration_error(true, chances, weight)
        if self.abstain:
            told |= self._answered_share(true, found, chances, weight)
            said = f"it answers {told['answered']:.1%} of them, those of a probability of "
            said += f"{self.abstain:g} or more"
            if told["answered"]:
                said += f": {told['answered_accuracy']:.1%} of these rightly"
            told["notes"].append(said)
        return told

    def _answered_share(
        self,
        true: np.ndarray,
        found: np.ndarray,
        chances: np.ndarray,
        weight: np.ndarray | None,
    ) -> dict[str, Any]:
        """Which share is answered at all, and how much of that rightly (None of nothing)."""
        each = np.ones(len(true)) if weight is None else weight
        sure = chances.max(axis=1) >= self.abstain
        answered, right = float(each[sure].sum()), float((each * (sure & (found == true))).sum())
        share_of_right = right / answered if answered else None
        return {"answered": answered / float(each.sum()), "answered_accuracy": share_of_right}

    def stepper(self, batch: int = 1) -> NetworkStepper:
        """The probabilities after each step of `batch` streams: `trace`, one step at a time.

        Raises:
            ArgumentError: As `NetworkStepper`; or the network does not answer alone.
        """
        for name, given in (("linear", self.linear), ("logit_adjustment", self.adjustment)):
            if given is not None:
                raise ArgumentError(name, "a model with it answers whole sequences", "predict")
        kind = "labels" if self.multilabel else "classes"
        return self._network.stepper(batch, scaler=self.input_scaler, probabilities=kind)


def _placed(
    ids: Sequence[str], answers: Any, per_step: bool
) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """Each answer `[K]` with the columns that say whose it is."""
    for name, answer in zip(ids, answers, strict=True):
        if per_step:
            yield from (({"id": name, "step": k}, row) for k, row in enumerate(answer))
        else:
            yield {"id": name}, answer


def _other_labels(found: str) -> ShapeError:
    return ShapeError("y", found, "labels of the kind that the model was trained on")
