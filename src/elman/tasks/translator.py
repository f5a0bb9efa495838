"""A text in, another text out: translators of characters, subwords or words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from torch import nn

from elman.blueprint import Blueprint, encoder_decoder
from elman.data.pairs import Pairs, as_pairs
from elman.errors import ArgumentError
from elman.metrics.pair_baselines import fit_pairs
from elman.models import begin_with_frequencies, build, limit_memory, scoring_late
from elman.parameters import (
    again,
    documented,
    flag,
    one_of,
    parameter,
    plain,
    portion,
    share,
    whole,
)
from elman.runtime.translator import TranslatorModel
from elman.runtime.writing.session import ScoredText
from elman.tasks.estimator import Estimator
from elman.tasks.fitting import Options, summary, take_weights, train_module
from elman.tasks.head import OtherNetworkError, check_same_network
from elman.tasks.parameters import CellParameters, RunParameters, TextParameters, optional
from elman.tasks.subword_pairs import with_random_cuts
from elman.tasks.translating import (
    DECODED,
    Codecs,
    Encoded,
    LearntParts,
    WrittenScore,
    choice_for,
    codecs_for,
    dropping_words,
    encoded,
    learnt_parts,
    notes_on,
    usual_kind,
)
from elman.training import CrossEntropy
from elman.training.config import SequenceTraining, Training
from elman.training.loop.scheduled import SCHEDULES, Forcing, OwnOutputs
from elman.transforms.text import TextCodec, require_codec

__all__ = ["Translator"]

_MADE_OF = ("codec", "target_codec", "vocabulary", "target_vocabulary", "shared", "min_count")


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class Translator(Estimator, CellParameters, Training, RunParameters):
    """Two recurrent networks: one reads a text, the other writes another text for it.

    The decoder writes token by token, from `<go>` to `<eos>`; in training it reads the target one
    step late. The epoch is chosen by what is written for the validation part.

    >>> model = Translator(units=24, embedding=12, epochs=40, learning_rate=0.02, validation=None)
    >>> model = model.fit(["one", "two", "six"] * 8, ["un", "deux", "six"] * 8)
    >>> model.translate("two").text
    'deux'

    Args:
        {parameters}

    Attributes after `fit`:
        source_codec_: What cuts sources into tokens.
        codec_: What answers are made of.
        model_, module_, history_, result_: See `Estimator`.
    """

    _task = "translator"
    _group: ClassVar = "Task"
    _table: ClassVar = "task"

    codec: Any = again(
        TextParameters,
        "codec",
        "auto",
        "What texts are cut into: characters, subwords or words; or a codec's file. auto: "
        "characters where targets are short (16 of them, in the mean), else subwords.",
    )
    target_codec: Any = parameter(
        None,
        plain(str),
        "Likewise of targets, where it is another one.",
        "None: as `codec` says, fitted on the targets.",
    )
    vocabulary: int | None = again(TextParameters, "vocabulary", None)
    target_vocabulary: int | None = parameter(
        None, whole(1, none=True), "Likewise of targets.", "None: as `vocabulary`."
    )
    shared: bool = parameter(
        False, flag(), "One codec and one embedding for both sides, fitted on both."
    )
    min_count: int = again(TextParameters, "min_count", 1)
    max_length: int | None = parameter(
        None,
        whole(1, none=True),
        "Most tokens of a source and of a target.",
        "Longer pairs are not learnt from, and how many is said; longer sources are cut or refused "
        "when they are to be translated. None: all are learnt from, and what is translated may be "
        "twice as long as the longest.",
    )
    embedding: int = again(TextParameters, "embedding", 64)
    units: Any = again(CellParameters, "units", 128)
    bidirectional: bool = parameter(False, flag(), "Read sources in both directions.")
    reverse_source: bool | None = parameter(
        None,
        flag(none=True),
        "Read sources from the end, so that their beginning was read last.",
        "Sutskever et al. 2014, arXiv 1409.3215v3. None: unless they are read in both directions.",
    )
    attention: str | None = parameter(
        "general",
        one_of("dot", "general", "additive", none=True),
        "How the decoder looks back at the source.",
        "dot, general: Luong et al. 2015 (arXiv 1508.04025v5); additive: Bahdanau et al. 2015 "
        "(arXiv 1409.0473v7). None: it has the encoder's last state only.",
    )
    feeding: bool = parameter(
        False,
        flag(),
        "Feed what attention gave to the decoder's next step.",
        "Luong et al. 2015, section 3.3.",
    )
    head: str = parameter(
        "dense",
        one_of("dense", "tied"),
        "What scores the tokens: a layer of its own, or the embedding's vectors.",
    )
    input_dropout: float = again(TextParameters, "input_dropout", 0.0)
    word_dropout: float = again(TextParameters, "word_dropout", 0.0)
    subword_dropout: float = parameter(
        0.0,
        share(),
        "Rate of merges that training leaves out where it cuts words into subwords.",
        "So a word is read and written in several ways: Provilkov et al. 2020, arXiv 1910.13267v2.",
    )
    label_smoothing: float = parameter(
        0.0, share(), "Share of a target that is spread evenly over all tokens.",
        "Szegedy et al. 2016, arXiv 1512.00567v3.",
    )  # fmt: skip
    teacher_forcing: float = parameter(
        1.0,
        portion(),
        "Share of the target's own tokens that the decoder reads in training, at last.",
        "The others are its own outputs, of a first pass (Mihaylova and Martins 2019, arXiv "
        "1906.07651v1).",
    )
    forcing_schedule: str = parameter(
        "linear",
        one_of(*SCHEDULES),
        "How that share comes there: constant, or linear from 1 in the first epoch.",
    )
    choose_by: str | None = parameter(
        None,
        one_of("bleu", "chrf", "exact", "loss", none=True),
        "What chooses the best epoch: what is written (greedily) for the validation part, by BLEU, "
        "chrF or the share that is exact; or its loss.",
        "BLEU and chrF need the extra `text`. None: exact where targets are cut into characters, "
        "else bleu, or chrf where no target has the four words that BLEU counts.",
    )
    validation: Any = parameter(
        0.05,
        optional(plain(float)),
        "Share of the sources set aside to choose the best epoch on.",
        "Or sources and targets as (X, y); or None, which keeps the last epoch.",
    )
    baselines: bool = parameter(
        True, flag(), "Fit what `evaluate` puts beside the score: copying, memory, word by word."
    )
    batch_tokens: int | None = again(SequenceTraining, "batch_tokens", None)
    learning_rate: float = again(Training, "learning_rate", 2e-3)
    schedule: Any = again(Training, "schedule", "cosine")
    epochs: int = again(Training, "epochs", 8)
    batch_size: int = again(Training, "batch_size", 64)

    held_out: ClassVar[dict[str, Any] | None] = None
    """What part of the data was held out for a test, for the model file; set on an estimator."""

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what is written for sources.

        Args:
            X: N sources, or `elman.data.Pairs`.
            y: For each its target, or a list of several that are right, each of which is learnt;
                None beside `Pairs`.

        Raises:
            ArgumentError, BlueprintError: A parameter is outside its range.
            ShapeError, DataError: They are no pairs of texts.
            MissingExtraError: Subwords or BLEU, without the extra `text`.
            TrainingError, CheckpointError, KeyboardInterrupt: As `Trainer.run` does.
        """
        options, warm = self._options(), self._warm()
        parts = learnt_parts(as_pairs(X, y), self.validation, options.config.seed)
        codecs = self._codecs(parts.train, warm)
        go = codecs.target.go
        assert go is not None  # `codecs_for` looked
        train = encoded(parts.train, codecs, go, self.max_length)
        held = None
        if parts.held_out is not None:
            held = encoded(parts.held_out.flat(), codecs, go, self.max_length)
        blueprint, network = self._network(codecs, train, warm, options)
        longest = self._longest(train, warm)
        chosen_by = self._chosen_by(codecs, parts.held_out)
        score = self._score(chosen_by, parts, codecs, blueprint, longest)
        notes = notes_on(train, held, self.max_length)
        module, listeners = self._around(network, options)
        with scoring_late(network):
            trained = train_module(
                module.to(options.device),
                CrossEntropy(self.label_smoothing),
                with_random_cuts(train.examples, train.texts, codecs, self.subword_dropout),
                None if held is None else held.examples,
                replace(options, callbacks=(*listeners, *options.callbacks)),
                score=score,
                notes=notes,
            )
        self.history_ = trained.history
        about = {
            "train_pairs": len(train.kept),
            "train_tokens": int(train.examples.steps().sum()),
            "validation": parts.how,
            "validation_pairs": 0 if held is None else len(held.kept),
            "chosen_by": chosen_by,
            **({"notes": [*notes]} if notes else {}),
        }
        tensors = codecs.tensors()
        if self.baselines:
            fitted = fit_pairs(list(parts.train.source), list(parts.train.target), self.seed)
            tensors |= {f"baselines.{name}": array for name, array in fitted.tensors().items()}
        result = summary(self._task, blueprint, about, trained.history, options.config)
        settings = {
            "source_codec": codecs.source.hash,
            "target_codec": codecs.target.hash,
            "longest": [*longest],
            "metadata": result,
            **({} if self.held_out is None else {"held_out": dict(self.held_out)}),
        }
        self._finish(blueprint, network, options, tensors, settings)
        return self

    # ---- answers ------------------------------------------------------------------------------

    def translate(self, texts: Any, **given: Any) -> Any:
        """Write for sources; see `elman.runtime.translator.TranslatorModel.translate`."""
        return self._fitted("translate").translate(texts, **given)

    def predict(self, X: Any) -> list[str]:
        """The answers to sources, as texts."""
        return self._fitted("predict").predict(X)

    def score_pairs(self, X: Any, y: Any = None) -> list[ScoredText]:
        """How probable each token of given targets is; see the runtime's model."""
        return self._fitted("score_pairs").score_pairs(X, y)

    def evaluate(self, X: Any, y: Any = None, **given: Any) -> dict[str, Any]:
        """What the model is worth on pairs, beside its baselines; see the runtime's model."""
        return self._fitted("evaluate").evaluate(X, y, **given)

    def score(self, X: Any, y: Any = None) -> float:
        """What `choose_by` says of the answers to X: larger is better."""
        return self._fitted("score").score(X, y)

    @property
    def source_codec_(self) -> TextCodec:
        """What cuts sources into tokens."""
        return self._fitted("source_codec_").source_codec

    @property
    def codec_(self) -> TextCodec:
        """What answers are made of."""
        return self._fitted("codec_").codec

    # ---- how it is made -----------------------------------------------------------------------

    def _codecs(self, train: Pairs, warm: TranslatorModel | None) -> Codecs:
        """What cuts both sides; those of the model that goes on, if there is one."""
        kind = self.codec
        if isinstance(kind, str) and kind == "auto":
            kind = usual_kind(train)
        other = kind if self.target_codec is None else self.target_codec
        if warm is not None:
            return self._same_codecs(warm, kind, other)
        sizes = self.vocabulary, self.target_vocabulary or self.vocabulary
        return codecs_for(train, (kind, other), sizes, self.shared, self.min_count)

    def _same_codecs(self, warm: TranslatorModel, kind: Any, other: Any) -> Codecs:
        """The codecs of the model that goes on; `ArgumentError` beside others."""
        found = Codecs(warm.source_codec, warm.codec)
        told = warm.bundle.settings.get("estimator", {})
        for name, given, own in zip(("codec", "target_codec"), (kind, other), found, strict=True):
            if isinstance(given, TextCodec):
                try:
                    require_codec(given, own.hash, name)
                except ArgumentError as error:
                    said = error.where, error.found, error.expected
                    raise OtherNetworkError(*said) from error
        for name in _MADE_OF:
            now, then = getattr(self, name), told.get(name)
            if name in told and now != then and not isinstance(now, TextCodec):
                said = f"{now!r}, and the model that goes on has codecs made with {then!r}"
                raise OtherNetworkError(name, said, f"{name}={then!r}, or a fresh fit")
        return found

    def _network(
        self, codecs: Codecs, train: Encoded, warm: TranslatorModel | None, options: Options
    ) -> tuple[Blueprint, nn.Module]:
        """The network as data, and the module that is trained."""
        go, eos = codecs.target.go, codecs.target.eos
        assert go is not None  # `codecs_for` looked
        assert eos is not None
        blueprint = encoder_decoder(
            source_vocabulary=len(codecs.source),
            target_vocabulary=len(codecs.target),
            embedding=self.embedding,
            cells=self._cells(),
            go=go,
            eos=eos,
            reverse_source=self.reverse_source,
            bidirectional=self.bidirectional,
            attention=self.attention,
            feeding=self.feeding,
            dropout=self.dropout,
            input_dropout=self.input_dropout,
            head=self.head,
            shared=self.shared,
        )
        blueprint = dropping_words(blueprint, codecs, self.word_dropout)
        network = build(blueprint, seed=options.config.seed)
        if warm is not None:
            check_same_network(blueprint, warm.blueprint)
            take_weights(network, warm.bundle.weights)
        else:
            begin_with_frequencies(network, train.examples.token_counts(len(codecs.target)))
        limit_memory(network, options.memory)
        return blueprint, network

    def _around(self, network: nn.Module, options: Options) -> tuple[nn.Module, tuple[Any, ...]]:
        """What is trained: the network, or it behind its own outputs; and who is told."""
        if self.teacher_forcing == 1.0:
            return network, ()
        module = OwnOutputs(network)
        told = (self.teacher_forcing, self.forcing_schedule, options.config.epochs)
        return module, (Forcing(module, *told),)

    def _longest(self, train: Encoded, warm: TranslatorModel | None) -> tuple[int, int]:
        """Most tokens of a source that is read, and of an answer, `<eos>` included."""
        sizes = np.array(train.sizes)
        if self.max_length is not None:
            found = np.array([self.max_length, min(self.max_length + 1, 2 * sizes[1] + 10)])
        else:
            found = 2 * sizes + [0, 10]
        if warm is not None:
            found = np.maximum(found, warm.longest)
        return int(found[0]), int(found[1])

    def _chosen_by(self, codecs: Codecs, held: Pairs | None) -> str:
        """What chooses the epoch, and what the model is judged by."""
        short = self.choose_by is None and codecs.target.kind == "characters"
        return "exact" if short else choice_for(self.choose_by, held)

    def _score(
        self,
        name: str,
        parts: LearntParts,
        codecs: Codecs,
        blueprint: Blueprint,
        longest: tuple[int, int],
    ) -> WrittenScore | None:
        """What chooses the epoch: of a large validation part so many sources are written for."""
        if parts.held_out is None or name == "loss":
            return None
        held = parts.held_out
        if len(held) > DECODED:
            rows = np.sort(np.random.default_rng(0).permutation(len(held))[:DECODED])
            held = held.select(rows)
        return WrittenScore(name, blueprint, codecs, held, longest)
