"""A trained tagger, answering without torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from elman.bundle import Bundle
from elman.data import Sequences
from elman.data.words import WordSequences, are_words, as_words
from elman.errors import BundleError, DataError
from elman.kernels.crf import Transitions, best_paths, marginals
from elman.metrics.baselines import ClassificationBaselines
from elman.metrics.features import weights_of_steps
from elman.metrics.spans import are_spans, span_scores
from elman.metrics.tagging import TagBaselines, named_tags, tag_card
from elman.runtime.class_scores import class_scores
from elman.runtime.network import Recording, run_batches
from elman.runtime.sequence_model import SequenceModel
from elman.runtime.tagging.schemes import SCHEMES, allowed_by
from elman.runtime.tagging.words import WordCodes
from elman.runtime.targets import check_step_labels, classes_from, label_indices
from elman.runtime.travelling import below, setting_of
from elman.runtime.writing.states import Passage
from elman.targets import Target

__all__ = ["TaggerModel"]

_LARGEST = 2**22
"""Most scores of the rows that are decided on at once."""


class TaggerModel(SequenceModel):
    """Says a tag of each step: of a word, or of what features tell of it.

    All tags of a sequence are decided together: the answer is the path that scores highest, and a
    tag's probability is that over all paths. Where tags are spans, only paths that write spans
    count.

    Arguments, attributes and errors as of `SequenceModel`; besides:

    Attributes:
        classes_: The K tags, sorted.
        scheme: How spans are written, one of `elman.runtime.tagging.schemes.SCHEMES`; None: any tag
            may follow any.
        codes: The words that it knows; None where it reads features.
    """

    task = "tagger"
    target = Target.CLASS_PER_STEP
    answer_options: ClassVar = {"probabilities": (bool, "Add the probability of each tag.")}

    def _read(self, bundle: Bundle) -> None:
        self.classes_ = classes_from(bundle.tensors)
        if len(self.classes_) != self.blueprint.output_size:
            found = f"{len(self.classes_)} for {self.blueprint.output_size} outputs"
            raise BundleError("tags", found, "save the model again")
        self.scheme: str | None = setting_of(bundle, "scheme", str, None)
        if self.scheme not in (None, *SCHEMES):
            raise BundleError("setting scheme", f"found {self.scheme!r:.40}", "update Elman")
        words = below(bundle, "words.")
        self.codes = WordCodes.from_tensors(words) if words else None
        self._check_codes()
        tags = [str(tag) for tag in self.classes_]
        allowed = None if self.scheme is None else allowed_by(self.scheme, tags)
        self._transitions = self._scored(bundle).within(allowed)
        self._span_tags = tuple(tags) if are_spans(self.classes_.tolist()) else ()

    def _check_codes(self) -> None:
        """`BundleError` where the words are not those that the network reads."""
        block = self.blueprint.words if self._described else None
        fits = (block is None) == (self.codes is None)
        if block is not None and self.codes is not None:
            fits = (len(self.codes), self.codes.letters) == (block.vocabulary, block.letters)
            fits = fits and (not block.letters or self.codes.alphabet == block.characters)
        if not fits:
            raise BundleError("words", "others than the network reads", "save the model again")

    def _scored(self, bundle: Bundle) -> Transitions:
        """What paths score beside their steps: as was learnt, or nothing."""
        prefix = self.blueprint.crf if self._described else None
        if prefix is None:
            return Transitions.zeros(len(self.classes_))
        arrays = (bundle.weights[f"{prefix}{name}"] for name in Transitions._fields)
        return Transitions(*(array.astype(np.float64) for array in arrays))

    def _baselines(self, tensors: Mapping[str, np.ndarray]) -> Any:
        kind = TagBaselines if "usual" in tensors else ClassificationBaselines
        return kind.from_tensors(tensors)

    @property
    def reads_words(self) -> bool:
        """Whether the steps are words."""
        return self.codes is not None

    @property
    def tokens(self) -> tuple[str, ...] | None:
        """The words that have a vector, by id; None where features are read."""
        return None if self.codes is None else self.codes.tokens

    def facts(self) -> dict[str, Any]:
        """What `elman info` tells beside network and version."""
        told = super().facts()
        if self.codes is not None:
            told["reads"] = f"words, of which {len(self.codes.words):,} are known"
            if self.codes.letters:
                told["reads"] += f", and {len(self.codes.characters):,} characters"
        told["tags"] = self.classes_.tolist()
        return told if self.scheme is None else {**told, "spans": self.scheme.upper()}

    # ---- what is read -------------------------------------------------------------------------

    def sequences(self, X: Any) -> Sequences:
        """X as this model reads it: lists of words, or features; errors as `elman.data` has them.

        Raises:
            DataError: X holds words where features were learnt, or features where words were.
        """
        if isinstance(X, str) or not self.reads_words:
            if are_words(X) and not isinstance(X, str):
                raise DataError("X", "found words", "features: the model has learnt from those")
            return super().sequences(X)
        if isinstance(X, list | tuple) or are_words(X):
            return as_words(X)
        if isinstance(X, Sequences | np.ndarray):
            raise DataError("X", "found no words", "words: the model has learnt from those")
        return super().sequences(X)

    def read(self, sequences: Sequences) -> np.ndarray:
        """What the network reads: scaled features, or words as codes `[N, T, 1 + letters]`."""
        if not isinstance(sequences, WordSequences) or self.codes is None:
            return super().read(sequences)
        return self._coded(sequences)[sequences.values]

    def _coded(self, sequences: WordSequences) -> np.ndarray:
        """The codes of a lexicon's words; at least one row, for padding."""
        assert self.codes is not None
        return self.codes.codes(sequences.lexicon.words or ["?"])

    # ---- what is answered ---------------------------------------------------------------------

    def outputs(self, sequences: Sequences) -> np.ndarray:
        """The scores of each tag at each step `[N, T, K]`, zero past each length."""
        if not isinstance(sequences, WordSequences):
            return super().outputs(sequences)
        table = self._coded(sequences)

        def run(numbers: np.ndarray, *more: np.ndarray) -> np.ndarray:
            return self._run(table[numbers], *more)

        return run_batches(run, sequences, self.blueprint, None, self._features_of_language)

    def _passages(self, sequences: Sequences) -> list[Passage]:
        if not isinstance(sequences, WordSequences):
            return super()._passages(sequences)
        return [Passage.of_words(words) for words in sequences.texts()]

    def answered(self, outputs: np.ndarray) -> np.ndarray:
        """The scores of whole sequences, `[T, K]` or `[N, T, K]`, as probabilities of tags."""
        rows = outputs if outputs.ndim == 3 else outputs[None]
        lengths = np.full(len(rows), rows.shape[1], np.int64)
        return marginals(rows.astype(np.float64), self._transitions, lengths).reshape(outputs.shape)

    def _decided(self, sequences: Sequences) -> tuple[np.ndarray, np.ndarray]:
        """The best path of each row `[N, T]`, as indices, and each tag's probability `[N, T, K]`.

        Zero past each length; a part of the rows at a time.
        """
        chances = self.outputs(sequences)
        paths, lengths = np.zeros(chances.shape[:2], np.int64), sequences.lengths
        size = max(1, _LARGEST // max(1, chances[0].size))
        for start in range(0, len(paths), size):
            rows = slice(start, start + size)
            longest = max(1, int(lengths[rows].max()))
            scores = chances[rows, :longest].astype(np.float64)
            found, _ = best_paths(scores, self._transitions, lengths[rows])
            paths[rows, :longest] = found
            chances[rows, :longest] = marginals(scores, self._transitions, lengths[rows])
        return paths, chances

    def predict(self, X: Any) -> list[np.ndarray]:
        """The tags of each sequence: a list of N arrays `[T_i]`.

        Args:
            X: A list of lists of words; or features: `[N, T, I]`, or a list of `[T_i, I]`.

        Raises:
            ShapeError, DataError: X does not fit.
        """
        sequences = self.sequences(X)
        paths, _ = self._decided(sequences)
        return _cut(self.classes_[paths], sequences)

    def predict_proba(self, X: Any) -> list[np.ndarray]:
        """The probability of each tag at each step over all paths: a list of N arrays `[T_i, K]`.

        The most probable tag of a step need not be the one on the best path.
        """
        sequences = self.sequences(X)
        _, chances = self._decided(sequences)
        return _cut(chances, sequences)

    def trace(self, sequence: Any) -> np.ndarray:
        """The probabilities `[T, K]` of each step's tag, had the sequence ended with it.

        Args:
            sequence: A list of words; or `[T, I]`, or `[T]` of one feature.
        """
        _, inputs = self._scaled(sequence)
        found = [self.answered(self._network.run(inputs[None, : t + 1], None, given)[0])[t]
                 for t, given in enumerate(self._beginnings(sequence, len(inputs)))]  # fmt: skip
        return np.array(found).reshape(len(inputs), len(self.classes_))

    def record(self, sequence: Any) -> Recording:
        """Gates, states and answers at each step of one sequence; see `SequenceModel.record`.

        Of words the inputs of what is returned are `[T]`, the words' ids; 0 is an unknown one.
        """
        recording = super().record(sequence)
        if not self.reads_words:
            return recording
        return replace(recording, inputs=np.ascontiguousarray(recording.inputs[:, 0]))

    def _scaled(self, sequence: Any) -> tuple[np.ndarray, np.ndarray]:
        if not self.reads_words:
            return super()._scaled(sequence)
        coded = self.read(as_words([sequence], where="sequence"))[0]
        return coded, coded

    def rows(
        self, sequences: Sequences, ids: Sequence[str], probabilities: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Each step's tag and its probability, a row each; perhaps those of all tags."""
        paths, chances = self._decided(sequences)
        words = sequences.texts() if isinstance(sequences, WordSequences) else None
        for n, name in enumerate(ids):
            for t in range(int(sequences.lengths[n])):
                tag, each = int(paths[n, t]), chances[n, t]
                row: dict[str, Any] = {"id": name, "step": t}
                row |= {} if words is None else {"word": words[n][t]}
                row |= {"prediction": self.classes_[tag], "probability": each[tag]}
                if probabilities:
                    row |= {f"p({k})": p for k, p in zip(self.classes_, each, strict=True)}
                yield row

    # ---- what it is worth ---------------------------------------------------------------------

    def _scores(
        self, sequences: Sequences, y: Any, weight: np.ndarray | None
    ) -> tuple[dict[str, Any], Any, np.ndarray | None]:
        """The accuracy over all real steps, and what stands beside it; see `class_scores`.

        Besides `right`, the share of sequences all of whose tags are right; where tags are spans
        `span_f1` and `spans`: `true`, `found`, `precision`, `recall` and `f1` of each type, by
        conlleval's rules.
        """
        index, known = check_step_labels(y, sequences)
        places, foreign = _with_foreign(known, self.classes_)
        true, real = places[index], sequences.real
        paths, chances = self._decided(sequences)
        wanted, said, lengths = true[real], paths[real], sequences.lengths
        each, ranks = weights_of_steps(weight, lengths), chances[real]
        card = tag_card(wanted, said, ranks, each, lengths, self._span_tags, foreign)
        tags = self.classes_.tolist()
        told = class_scores(card, np.maximum(wanted, -1), said, ranks, tags, each, "steps")
        right = ((true == paths) | ~real).all(axis=1)
        told["right"] = float(right[lengths > 0].mean()) if lengths.any() else None
        if card.get("span_f1") is not None:
            named = (named_tags(one, lengths, self._span_tags, foreign) for one in (wanted, said))
            found = span_scores(*named)
            told["spans"] = [{"type": kind, **one} for kind, one in found.items() if kind]
        if isinstance(sequences, WordSequences) and self.codes is not None:
            told["notes"].append(self._unknown(sequences))
        return told, _Wanted(wanted, foreign), each

    def _unknown(self, sequences: WordSequences) -> str:
        """How many words are unknown, in a sentence."""
        assert self.codes is not None
        words = [word for row in sequences.texts() for word in row]
        unknown = len(self.codes.unknown(words))
        return f"{unknown:,} of {len(words):,} words ({unknown / len(words):.1%}) are unknown to it"

    def _compared(self, sequences: Sequences, true: Any, weight: np.ndarray | None) -> Any:
        if self.reads_words:
            return sequences, true.tags, weight, true.foreign
        return sequences.by_step(), np.maximum(true.tags, -1), weight


class _Wanted(NamedTuple):
    """The true tags of all real steps, as indices; -1, -2, … are the foreign ones."""

    tags: np.ndarray
    foreign: tuple[str, ...]


def _with_foreign(found: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Which class each tag is, or -1, -2, … where it was not learnt; and what those are called."""
    index = label_indices(found, classes)
    strange = index < 0
    index[strange] = -np.arange(1, int(strange.sum()) + 1)
    return index, tuple(map(str, found[strange]))


def _cut(answers: np.ndarray, sequences: Sequences) -> list[np.ndarray]:
    """Answers without what stands past each length."""
    return [row[:steps] for row, steps in zip(answers, sequences.lengths, strict=True)]
