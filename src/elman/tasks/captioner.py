"""A vector or an image in, a sentence out: captions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from torch import nn

from elman.blueprint import Blueprint, encoder_decoder, vector_to_sequence
from elman.bundle import Bundle
from elman.data.captions import Captions, as_captions
from elman.errors import ArgumentError
from elman.metrics.caption_baselines import fit_captions, vectors_of
from elman.models import begin_with_frequencies, build, limit_memory, scoring_late
from elman.parameters import again, documented, flag, one_of, parameter, plain, share, whole
from elman.runtime.captioner import CaptionerModel
from elman.runtime.captioning.reading import SCANS, Scan
from elman.tasks.captioning import (
    CaptionParts,
    CaptionScore,
    PixelReader,
    caption_parts,
    examples_of,
    fitted_scaler,
)
from elman.tasks.estimator import Estimator
from elman.tasks.fitting import Options, summary, take_weights, train_module
from elman.tasks.head import check_same_network
from elman.tasks.parameters import CellParameters, RunParameters, TextParameters, optional
from elman.tasks.translating import DECODED, choice_for, codec_for_side
from elman.tasks.translator import Translator
from elman.training import CrossEntropy, PairExamples
from elman.training.config import SequenceTraining, Training
from elman.transforms.text import TextCodec

__all__ = ["Captioner"]


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class Captioner(Estimator, CellParameters, Training, RunParameters):
    """A recurrent network that writes a sentence about what it is given.

    A vector (features of any other network) is told to the decoder as `conditioning` says.
    Sequences, and images row by row, are read by an encoder, to whose steps the decoder looks back.

    >>> X = np.eye(3, dtype=np.float32).repeat(8, axis=0)
    >>> y = ["a cat", "a dog", "two birds"]
    >>> model = Captioner(units=16, embedding=8, epochs=30, learning_rate=0.02, validation=None)
    >>> model.fit(X, [one for one in y for _ in range(8)]).predict(X[::8])
    ['a cat', 'a dog', 'two birds']

    Args:
        {parameters}

    Attributes after `fit`:
        codec_: What captions are made of.
        model_, module_, history_, result_: See `Estimator`.
    """

    _task = "captioner"
    _group: ClassVar = "Task"
    _table: ClassVar = "task"

    codec: Any = again(TextParameters, "codec", "words")
    vocabulary: int | None = again(TextParameters, "vocabulary", None)
    min_count: int = again(TextParameters, "min_count", 1)
    embedding: int = again(TextParameters, "embedding", 64)
    cell: str = again(CellParameters, "cell", "gru")
    units: Any = again(CellParameters, "units", 128)
    scan: str = parameter(
        "rows",
        one_of(*SCANS),
        "How images are read: row by row; or both, their rows and then their columns.",
    )
    strip: int = parameter(1, whole(1), "Of how many rows (and columns) of an image a step is.")
    bidirectional: bool = parameter(
        True, flag(), "Read sequences and images in both directions; of vectors it has no use."
    )
    conditioning: str = parameter(
        "state",
        one_of("state", "first", "steps"),
        "How the decoder is told a vector: it makes the state from which it starts, is what it "
        "reads first, or stands beside what it reads at all steps.",
        "first: Vinyals et al. 2015, arXiv 1411.4555v2. Of sequences and images it has no use.",
    )
    attention: str | None = again(
        Translator, "attention", "general", "How the decoder looks back at steps that were read."
    )
    feeding: bool = again(Translator, "feeding", False)
    label_smoothing: float = again(Translator, "label_smoothing", 0.0)
    input_dropout: float = parameter(
        0.0, share(), "Dropout rate of what the encoder's and the decoder's cells are given."
    )
    choose_by: str | None = parameter(
        None,
        one_of("bleu", "chrf", "exact", "loss", none=True),
        "What chooses the best epoch: what is written (greedily) for the validation part, by BLEU, "
        "chrF or the share that is exact; or its loss.",
        "BLEU and chrF need the extra `text`. None: exact where each item has one caption, else "
        "bleu, or chrf where no caption has the four words that BLEU counts.",
    )
    validation: Any = parameter(
        0.05,
        optional(plain(float)),
        "Share of the items set aside to choose the best epoch on.",
        "Or `Captions`; or None, which keeps the last epoch.",
    )
    baselines: bool = parameter(
        True, flag(), "Fit what `evaluate` puts beside the score: the most frequent, the nearest."
    )
    learning_rate: float = again(Training, "learning_rate", 2e-3)
    schedule: Any = again(Training, "schedule", "cosine")
    epochs: int = again(Training, "epochs", 10)
    batch_size: int = again(Training, "batch_size", 64)
    batch_tokens: int | None = again(SequenceTraining, "batch_tokens", None)
    augment: Any = again(SequenceTraining, "augment", None, "Distort images without colours.")

    held_out: ClassVar[dict[str, Any] | None] = None
    """What part of the data was held out for a test, for the model file; set on an estimator."""

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what is written for items.

        Args:
            X: N items: vectors `[N, I]`, sequences or images `[N, S, I]`, or `[N, H, W, C]`, where
                bytes are pixels; or `elman.data.Captions`.
            y: For each its caption, or a list of several that are right, each of which is learnt;
                None beside `Captions`.

        Raises:
            ArgumentError, BlueprintError: A parameter is outside its range.
            ShapeError, DataError: They are no items with captions.
            MissingExtraError: Subwords or BLEU, without the extra `text`.
            TrainingError, CheckpointError, KeyboardInterrupt: As `Trainer.run` does.
        """
        options, warm = self._options(), self._warm()
        data = as_captions(X, y)
        data.checked_references()
        scan = self._scan(data)
        parts = caption_parts(data, self.validation, options.config.seed)
        codec = self._codec(parts.train, warm)
        scaler = fitted_scaler(parts.train) if warm is None else warm.scaler
        train = examples_of(parts.train, codec, scan, scaler)
        held = parts.held_out
        validation = None if held is None else examples_of(held, codec, scan, scaler)
        blueprint, network = self._network(data, codec, train, warm, options)
        chosen_by, settings = self._chosen_by(data, held), self._settings(data, codec, train)
        tensors = _below("codec", codec.tensors())
        tensors |= {} if scaler is None else _below("inputs", scaler.tensors())
        pixels = data.items.dtype == np.uint8
        module = PixelReader(network, scan) if pixels else network
        with scoring_late(network):
            trained = train_module(
                module.to(options.device),
                CrossEntropy(self.label_smoothing),
                train,
                validation,
                options,
                score=self._score(chosen_by, parts, blueprint, tensors, settings),
            )
        self.history_ = trained.history
        if self.baselines:
            vectors = vectors_of(parts.train.items, parts.train.lengths)
            fitted = fit_captions(vectors, parts.train.checked_references(), self.seed)
            tensors |= _below("baselines", fitted.tensors())
        about = _about(parts, train, chosen_by)
        result = summary(self._task, blueprint, about, trained.history, options.config)
        settings |= {"metadata": result}
        settings |= {} if self.held_out is None else {"held_out": dict(self.held_out)}
        self._finish(blueprint, network, options, tensors, settings)
        return self

    # ---- answers ------------------------------------------------------------------------------

    def caption(self, items: Any, **given: Any) -> list[Any]:
        """Write for items; see `elman.runtime.captioner.CaptionerModel.caption`."""
        return self._fitted("caption").caption(items, **given)

    def predict(self, X: Any) -> list[str]:
        """The captions of items, as texts."""
        return self._fitted("predict").predict(X)

    def evaluate(self, X: Any, y: Any = None, **given: Any) -> dict[str, Any]:
        """What the model is worth on items, beside its baselines; see the runtime's model."""
        return self._fitted("evaluate").evaluate(X, y, **given)

    def score(self, X: Any, y: Any = None) -> float:
        """What `choose_by` says of the captions of X: larger is better."""
        return self._fitted("score").score(X, y)

    @property
    def codec_(self) -> TextCodec:
        """What captions are made of."""
        return self._fitted("codec_").codec

    # ---- how it is made -----------------------------------------------------------------------

    def _scan(self, data: Captions) -> Scan:
        """How items become steps; `ArgumentError` where they cannot."""
        scan = Scan(self.scan, self.strip)
        if data.lengths is not None and scan != Scan():
            found = f"{self.scan!r} in strips of {self.strip}, of sequences of different lengths"
            raise ArgumentError("scan", found, "'rows' in strips of 1, or images")
        return scan

    def _codec(self, train: Captions, warm: CaptionerModel | None) -> TextCodec:
        if warm is not None:
            return warm.codec
        texts = [text for right in train.checked_references() for text in right]
        codec = codec_for_side("codec", self.codec, texts, self.vocabulary, self.min_count)
        if codec.go is None or codec.eos is None:
            said = f"{codec.describe()}, without an id that begins or ends a text"
            raise ArgumentError("codec", said, "a codec with <go> and <eos>")
        return codec

    def _network(
        self,
        data: Captions,
        codec: TextCodec,
        train: PairExamples,
        warm: CaptionerModel | None,
        options: Options,
    ) -> tuple[Blueprint, nn.Module]:
        """The network as data, and the module that is trained."""
        blueprint = self._blueprint(data, codec)
        network = build(blueprint, seed=options.config.seed)
        if warm is not None:
            check_same_network(blueprint, warm.blueprint)
            take_weights(network, warm.bundle.weights)
        else:
            begin_with_frequencies(network, train.token_counts(len(codec)))
        limit_memory(network, options.memory)
        return blueprint, network

    def _blueprint(self, data: Captions, codec: TextCodec) -> Blueprint:
        go, eos = codec.go, codec.eos
        assert go is not None  # `_codec` has looked
        assert eos is not None
        size = Scan(self.scan, self.strip).size(data.items.shape[1:])
        writes: dict[str, Any] = {
            "input_size": size,
            "embedding": self.embedding,
            "cells": self._cells(),
            "go": go,
            "eos": eos,
            "dropout": self.dropout,
            "input_dropout": self.input_dropout,
        }
        self._check_use(data)
        if data.kind == "vectors":
            return vector_to_sequence(
                vocabulary=len(codec), conditioning=self.conditioning, **writes
            )
        return encoder_decoder(
            target_vocabulary=len(codec),
            bidirectional=self.bidirectional,
            reverse_source=False,
            attention=self.attention,
            feeding=self.feeding,
            **writes,
        )

    def _check_use(self, data: Captions) -> None:
        """`ArgumentError` where something is asked for of which these items have no use."""
        for name, of_vectors in (
            ("conditioning", True),
            ("feeding", False),
            ("scan", False),
            ("strip", False),
        ):
            given = getattr(self, name)
            usual = type(self).__dataclass_fields__[name].default
            if given != usual and (data.kind == "vectors") != of_vectors:
                needed = "vectors" if of_vectors else "sequences or images"
                raise ArgumentError(name, f"{given!r}, of {data.kind}", f"{needed}, or {usual!r}")

    def _settings(self, data: Captions, codec: TextCodec, train: PairExamples) -> dict[str, Any]:
        """What travels with the network as plain data."""
        return {
            "codec": codec.hash,
            "shape": list(data.items.shape[1:]),
            "scan": self.scan,
            "strip": self.strip,
            "pixels": data.items.dtype == np.uint8,
            "longest": 2 * train.targets.shape[1] + 10,
        }

    def _chosen_by(self, data: Captions, held: Captions | None) -> str:
        """What chooses the epoch, and what the model is judged by."""
        single = all(len(one) == 1 for one in data.checked_references())
        return "exact" if self.choose_by is None and single else choice_for(self.choose_by, held)

    def _score(
        self,
        name: str,
        parts: CaptionParts,
        blueprint: Blueprint,
        tensors: dict[str, np.ndarray],
        settings: dict[str, Any],
    ) -> CaptionScore | None:
        """What chooses the epoch: of a large validation part so many items are written for."""
        if parts.held_out is None or name == "loss":
            return None
        held = parts.held_out.select(slice(DECODED))
        about, said = dict(tensors), dict(settings)

        def written(weights: dict[str, np.ndarray]) -> list[str]:
            bundle = Bundle(self._task, blueprint, weights, about, said)
            return [one.text for one in CaptionerModel(bundle).caption(held, beam_size=1)]

        return CaptionScore(name, held, written)


def _about(parts: CaptionParts, train: PairExamples, chosen_by: str) -> dict[str, Any]:
    """What the model was trained and validated on."""
    return {
        "train_pairs": len(train),
        "train_tokens": int(train.steps().sum()),
        "train_items": len(parts.train),
        "validation": parts.how,
        "validation_items": 0 if parts.held_out is None else len(parts.held_out),
        "chosen_by": chosen_by,
    }


def _below(name: str, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays as a model file names them."""
    return {f"{name}.{key}": array for key, array in tensors.items()}
