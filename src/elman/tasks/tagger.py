"""A tag for each step: of words, or of what features tell."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from elman.blueprint import Blueprint, Words, sequence_to_sequence
from elman.data import Sequences, as_sequences
from elman.data.words import Lexicon, WordSequences, are_words, as_words
from elman.errors import ArgumentError, DataError
from elman.metrics.baselines import fit_classification
from elman.metrics.features import weights_of_steps
from elman.metrics.spans import are_spans
from elman.metrics.tagging import fit_tags
from elman.parameters import again, documented, flag, number, one_of, parameter, share, whole
from elman.runtime.tagging.schemes import SCHEMES, allowed_by, check_paths, scheme_of
from elman.runtime.tagging.words import WordCodes
from elman.runtime.targets import check_step_labels, check_weight, class_tensors, classes_from
from elman.runtime.writing.states import LanguageStates, Passage
from elman.targets import Target
from elman.tasks.features import check_no_features_from, language_states, with_states
from elman.tasks.fitting import Learning, Options
from elman.tasks.frequencies import CountedWords, frequency_bins
from elman.tasks.head import OtherNetworkError
from elman.tasks.network import CodedWords, cell_configs
from elman.tasks.own import own_loss
from elman.tasks.parameters import FeatureParameters, SequenceParameters, TextParameters
from elman.tasks.parts import Part, Parts
from elman.tasks.sequence_estimator import SequenceEstimator
from elman.tasks.texts import Thawing, given_vectors
from elman.training import CrossEntropy, Listener
from elman.training.loop.tagging import FrequencyLoss, PathAccuracy, PathLikelihood

__all__ = ["Tagger"]

_LETTERS = 24  # of a word are read
_VECTORS = (
    "A file of word vectors that words begin with, of word2vec or GloVe; `embedding` must be its "
    "width. Words that are not in it begin at random."
)
_ALIKE = "frequency_loss does nothing: no word stands three times or more."


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class Tagger(FeatureParameters, SequenceEstimator):
    """A recurrent network that reads a sequence and says a tag of each step.

    Steps are words, or have features, as X holds them.

    >>> X = [["the", "cat", "sat"], ["a", "dog", "sat"], ["the", "dog", "ran"]] * 4
    >>> y = [["DET", "NOUN", "VERB"]] * 12
    >>> tagger = Tagger(units=8, embedding=8, epochs=20, learning_rate=0.05).fit(X, y)
    >>> tagger.predict([["a", "cat", "ran"]])[0].tolist()
    ['DET', 'NOUN', 'VERB']

    Args:
        {parameters}

    Attributes after `fit`:
        classes_: The K tags, sorted.
        model_, module_, history_, result_, n_features_in_: See `SequenceEstimator`.
    """

    _task = "tagger"

    output: str = parameter(
        "crf",
        one_of("crf", "softmax"),
        "Learn whole paths of tags (crf), or each step's tag by itself (softmax).",
        "A conditional random field scores each pair of tags that follow each other, too. Answers "
        "are the best paths either way.",
    )
    scheme: str = parameter(
        "auto",
        one_of("auto", "none", *SCHEMES),
        "How tags write spans, so that only such sequences are learnt and answered.",
        "auto: as the tags' names and their sequences say, which is told; none: any tag may follow "
        "any.",
    )
    embedding: int = parameter(100, whole(1), "Numbers that stand for a word.")
    vectors: Any = again(TextParameters, "vectors", None, _VECTORS)
    frozen: int = again(TextParameters, "frozen", 0)
    lowercase: bool = parameter(
        True, flag(), "Look words up in lower case; their letters are read as they are."
    )
    min_count: int = parameter(
        2, whole(1), "How often a word must stand in the training part to be known."
    )
    max_words: int | None = parameter(
        50_000, whole(1, none=True), "How many words are known at most, the most frequent ones."
    )
    word_dropout: float = parameter(
        0.05, share(), "Rate of words that are read as unknown in training."
    )
    characters: int = parameter(
        30,
        whole(0),
        "Numbers that stand for a character; 0: letters are not read.",
        "Cells of the same kind read each word's letters in both directions, so that something is "
        f"known of unknown words. Of a word with more than {_LETTERS} the first and the last "
        f"{_LETTERS // 2} are read.",
    )
    character_units: int = parameter(
        50, whole(1), "Hidden size of the cells that read letters, in each direction."
    )
    input_dropout: float = parameter(0.0, share(), "Dropout rate of what the first layer reads.")
    frequency_loss: float = parameter(
        0.0,
        number(),
        "Weight of a second loss: how frequent each word is, in bins of ⌊ln(count)⌋; 0: none.",
        "It is learnt beside the tag from the same states, so that rare words come to be like one "
        "another (Plank, Søgaard, Goldberg 2016; their weight is 1). For training only: the layer "
        "that tells it is in no model file.",
    )
    bidirectional: bool = again(SequenceParameters, "bidirectional", True)

    @property
    def target(self) -> Target:
        """A class for each step."""
        return Target.CLASS_PER_STEP

    def predict_proba(self, X: Any) -> list[np.ndarray]:
        """The probability of each tag at each step; see the runtime's model.

        Raises:
            NotFittedError: Before `fit`.
            ShapeError, DataError: X does not fit.
        """
        return self._fitted("predict_proba").predict_proba(X)

    @property
    def classes_(self) -> np.ndarray:
        """The tags, sorted."""
        return self._fitted("classes_").classes_

    def _check(self) -> None:
        for name in ("loss", "network"):
            if getattr(self, name) is not None and self.output == "crf":
                raise ArgumentError(name, "one of your own with output='crf'", "output='softmax'")
        if self.augment is not None:
            raise ArgumentError("augment", "found in a tagger", "None: steps stay in their places")

    def _known(self, warm: Any) -> _Known:
        lexicon = Lexicon() if warm.reads_words else None
        states = language_states(self, warm)
        told = (warm.classes_, lexicon, warm.codes, warm.scheme)
        return _Known(*told, states=states, fitted=True)

    def _open(self, known: _Known) -> _Known:
        return known._replace(open=self.start is not None)

    def _reads(self, known: _Known) -> Any:
        return known.codes

    def _part(
        self, X: Any, y: Any, sample_weight: Any, known: _Known | None
    ) -> tuple[Part, _Known]:
        """X and y checked, and the tags: those known, or y's own."""
        words = are_words(X) if known is None else known.lexicon is not None
        if known is not None and are_words(X) is not words:
            kinds = ("features", "words") if words else ("words", "features")
            raise DataError("X", f"found {kinds[0]}", f"{kinds[1]}, as were learnt")
        if words:
            lexicon = Lexicon() if known is None else known.lexicon
            sequences = as_words(X, lexicon)
        else:
            for name in ("frequency_loss", "vectors", "frozen"):
                if given := getattr(self, name):
                    shown = f"{given:g}" if isinstance(given, float) else f"{given!s:.60}"
                    found = f"{shown}, and X holds features"
                    raise ArgumentError(name, found, "leave it out, or X as lists of words")
            check_no_features_from(self, "lists of words")
            lexicon, sequences = None, as_sequences(X, features=self._features())
        if known is None:
            index, tags = check_step_labels(y, sequences, None)
            known = _Known(tags, lexicon)
            self._check_scheme(known, index, sequences.lengths)
        else:
            index = self._known_tags(y, sequences, known)
        weight = check_weight(sample_weight, sequences, per_step=True)
        return Part(sequences, index, weight, Target.CLASS_PER_STEP).counted(), known

    def _known_tags(self, y: Any, sequences: Sequences, known: _Known) -> np.ndarray:
        """The tags as indices `[N, T]` of those that are known.

        Raises:
            DataError, ShapeError: They are others, or none for each step.
            OtherNetworkError: Others, where another network may begin with the model's layers.
        """
        try:
            index, _ = check_step_labels(y, sequences, known.classes)
            self._check_scheme(known, index, sequences.lengths)
        except DataError as error:
            if not known.open:
                raise
            raise OtherNetworkError(error.where, error.found, error.expected) from error
        return index

    def _check_scheme(self, known: _Known, index: np.ndarray, lengths: np.ndarray) -> None:
        """Errors where a scheme that is told, or was learnt, is not that of these sequences."""
        scheme = known.scheme if self.scheme == "auto" else self.scheme
        if scheme not in SCHEMES:
            return
        tags = [str(tag) for tag in known.classes]
        check_paths(scheme, allowed_by(scheme, tags), tags, _rows(index, lengths))

    def _settled(self, parts: Parts, known: _Known) -> _Known:
        """With the scheme of the tags, and with the words of the training part."""
        if len(known.classes) < 2:
            found = f"one tag only, {known.classes[0].item()!r}"
            raise DataError("y", found, "sequences of two or more")
        scheme, note = None if self.scheme == "none" else self.scheme, None
        if scheme == "auto":
            both = [part for part in (parts.train, parts.validation) if part is not None]
            rows = [r for part in both for r in _rows(part.targets, part.sequences.lengths)]
            scheme, note = scheme_of([str(tag) for tag in known.classes], rows)
        known = known._replace(scheme=scheme, notes=() if note is None else (note,))
        sequences = parts.train.sequences
        if not isinstance(sequences, WordSequences):
            return known
        counts = Counter(word for row in sequences.texts() for word in row)
        codes = WordCodes.fit(
            counts,
            letters=_LETTERS if self.characters else 0,
            lowercase=self.lowercase,
            min_count=self.min_count,
            max_words=self.max_words,
        )
        return known._replace(codes=codes, states=language_states(self, None))

    def _blueprint(self, train: Part, known: _Known) -> Blueprint:
        return sequence_to_sequence(
            cells=self._cells(),
            outputs=len(known.classes),
            input_size=train.sequences.features,
            words=None if known.codes is None else self._words(known.codes),
            bidirectional=bool(self.bidirectional),
            dropout=self.dropout,
            input_dropout=self.input_dropout,
            crf=self.output == "crf",
            given=0 if known.states is None else known.states.size,
        )

    def _words(self, codes: WordCodes) -> Words:
        """How the network reads words."""
        given = {"vocabulary": len(codes), "size": self.embedding, "dropout": self.word_dropout}
        if not codes.letters:
            return Words(**given)
        cells = cell_configs(
            self.cell, self.character_units, 1, self.activation, self.layer_norm, 0.0
        )
        return Words(
            **given,
            letters=codes.letters,
            characters=codes.alphabet,
            character_size=self.characters,
            cells=cells,
        )

    def _network(
        self, train: Part, known: _Known, options: Options
    ) -> tuple[Any, nn.Module, tuple[str, ...]]:
        if self.network is not None and known.codes is not None:
            raise ArgumentError("network", "one of your own, and X holds words", "None")
        blueprint, network, notes = super()._network(train, known, options)
        if self.vectors is None or known.codes is None or known.fitted:
            return blueprint, network, notes
        first: Any = network.body[0]  # pyright: ignore[reportIndexIssue]
        weight = first.weight.data.numpy()
        return (
            blueprint,
            network,
            (*notes, *given_vectors(self.vectors, weight, known.codes.tokens)),
        )

    def _listeners(self, network: nn.Module, known: _Known) -> tuple[Listener, ...]:
        frozen = known.codes is not None and self.frozen
        return (Thawing(network, self.frozen),) if frozen else ()

    def _learning(self, parts: Parts, known: _Known, warm: Any) -> Learning:
        allowed = None
        if known.scheme is not None:
            allowed = allowed_by(known.scheme, [str(tag) for tag in known.classes])
        usual = CrossEntropy() if self.output == "softmax" else PathLikelihood(allowed)
        loss, tensors = own_loss(self.loss, usual), class_tensors(known.classes)
        settings: dict[str, Any] = {} if known.scheme is None else {"scheme": known.scheme}
        around, notes, learnt = None, known.notes, parts
        if known.codes is not None and known.lexicon is not None:
            tensors |= {f"words.{name}": one for name, one in known.codes.tensors().items()}
            codes, table = known.codes.codes(known.lexicon.words), None
            if known.states is not None:
                described = with_states(self, parts, known.states, _passages, "word")
                learnt, table = described.parts, described.table
                notes = (*notes, *described.notes)
                tensors |= known.states.tensors()
                settings["readers"] = known.states.settings()
            around = partial(CodedWords, codes=codes, table=table)
            if self.frequency_loss and isinstance(parts.train.sequences, WordSequences):
                loss = FrequencyLoss(loss, float(self.frequency_loss))
                bins = frequency_bins(parts.train.sequences, known.codes)
                around = partial(CountedWords, codes=codes, bins=bins, seed=self.seed, table=table)
                notes = (*notes, *(() if bins.any() else (_ALIKE,)))
        return Learning(
            learnt,
            loss,
            PathAccuracy(allowed),
            self._row_weight(parts.train),
            tensors,
            settings,
            around,
            notes,
        )

    def _row_weight(self, train: Part) -> np.ndarray | None:
        """The weights of the sequences, or of their steps, where those are learnt one by one."""
        if train.weight is not None and train.weight.ndim == 2 and self.output == "crf":
            raise ArgumentError(
                "sample_weight",
                "one for each step with output='crf', which learns whole paths",
                "one for each sequence, or output='softmax'",
            )
        return train.weight

    def _baseline_tensors(self, train: Part, learning: Learning) -> dict[str, np.ndarray]:
        tags, lengths = classes_from(learning.tensors).tolist(), train.sequences.lengths
        if isinstance(train.sequences, WordSequences):
            rows = _rows(train.targets, lengths)
            names = tags if are_spans(tags) else ()
            return fit_tags(train.sequences, rows, len(tags), self.seed, names).tensors()
        real = train.sequences.real
        weight = weights_of_steps(train.weight, lengths)
        steps = train.sequences.by_step()
        return fit_classification(steps, train.targets[real], weight, self.seed).tensors()


class _Known(NamedTuple):
    """What is known of targets and words.

    Attributes:
        classes: The tags, sorted.
        lexicon: What numbers the words of all parts; None of features.
        codes: How words are read, once the training part is known.
        scheme: How spans are written; None: not known yet, or any tag may follow any.
        notes: What was inferred, in sentences.
        states: Of the language models that describe the words; None: there are none.
        fitted: Whether they are a fitted model's, whose vectors come in place of all others.
        open: Whether other tags are no error, for another network begins with the model's layers.
    """

    classes: np.ndarray
    lexicon: Lexicon | None = None
    codes: WordCodes | None = None
    scheme: str | None = None
    notes: tuple[str, ...] = ()
    states: LanguageStates | None = None
    open: bool = False
    fitted: bool = False


def _passages(sequences: WordSequences) -> list[Passage]:
    return [Passage.of_words(words) for words in sequences.texts()]


def _rows(index: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
    """Of each sequence the indices of its tags `[T_i]`."""
    return [row[:steps] for row, steps in zip(index, lengths, strict=True)]
