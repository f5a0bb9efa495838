"""Texts as what an estimator learns from: the codec that cuts them, fitted on the training part."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, ClassVar

import numpy as np

from elman.blueprint import Embedding
from elman.convert import read_vectors
from elman.data.text_sequences import TextSequences
from elman.errors import ArgumentError, DataError
from elman.printable import closest
from elman.tasks.head import OtherNetworkError
from elman.tasks.own import GIVEN
from elman.tasks.parameters import TextParameters
from elman.tasks.parts import Part, Parts
from elman.tasks.taking import begin_with_rows
from elman.training import Event
from elman.training.events import EpochStart
from elman.transforms.text import TextCodec, fit_codec, read_codec, require_codec
from elman.transforms.text.codec import SPECIALS
from elman.transforms.text.fitting import SIZES
from elman.transforms.text.vocabulary import PLACEHOLDERS, escaped

__all__ = [
    "Thawing",
    "check_no_text_parameters",
    "codec_for",
    "embedding_for",
    "encoded_parts",
    "given_vectors",
    "same_codec",
    "start_vectors",
    "unknown_to",
]


def check_no_text_parameters(estimator: TextParameters) -> None:
    """`ArgumentError` where a parameter of texts was set, and X holds none."""
    for one in fields(TextParameters):
        if one.name in vars(estimator) and vars(estimator)[one.name] != one.default:
            found = f"{vars(estimator)[one.name]!r:.60}, and X holds no texts"
            raise ArgumentError(one.name, found, "leave it out, or X as a list of texts")


def codec_for(estimator: TextParameters, train: TextSequences) -> TextCodec:
    """The codec of a training: a given one, or one that is fitted on these texts.

    Raises:
        ArgumentError: There is no such kind, and no such file; or a size is out of range.
        DataError: The texts have no token that is known.
        FormatError: The file holds no codec.
    """
    given = estimator.codec
    if not isinstance(given, str):
        return given
    if given == GIVEN:
        found = "one of your own, which the file's parameters do not hold"
        raise ArgumentError("codec", found, "give it again: the model's is model_.codec")
    if given not in SIZES:
        if not any(sign in given for sign in "./\\"):
            raise ArgumentError("codec", f"found {given!r:.60}", closest(given, SIZES))
        return read_codec(given)
    sizes = {"size": estimator.vocabulary, "min_count": estimator.min_count}
    try:
        codec = fit_codec(train.texts, given, **sizes)
    except ArgumentError as error:
        where = "vocabulary" if error.where == "size" else error.where
        raise ArgumentError(where, error.found, error.expected) from error
    if not set(codec.tokens) - {*SPECIALS, *PLACEHOLDERS}:
        found = f"no token stands {estimator.min_count} times or more in {len(train):,} texts"
        raise DataError("X", found, "texts with words, or a smaller min_count")
    return codec


def same_codec(estimator: TextParameters, warm: Any) -> TextCodec:
    """The codec of the model that a training goes on from; `ArgumentError` beside another one."""
    try:
        if isinstance(estimator.codec, TextCodec):
            require_codec(estimator.codec, warm.codec.hash)
            return warm.codec
    except ArgumentError as error:
        raise OtherNetworkError(error.where, error.found, error.expected) from error
    told = warm.bundle.settings.get("estimator", {})
    for name in ("codec", "vocabulary", "min_count"):
        now, then = getattr(estimator, name), told.get(name)
        if name in told and now != then:
            found = f"{now!r}, and the model that goes on has a codec made with {then!r}"
            raise OtherNetworkError(name, found, f"{name}={then!r}, or a fresh fit")
    return warm.codec


def embedding_for(estimator: TextParameters, codec: TextCodec) -> Embedding:
    """How a network reads the codec's ids.

    Raises:
        ArgumentError: Tokens are to be dropped, and the codec has no unknown one.
    """
    rate = estimator.word_dropout
    unknown = unknown_to(codec, rate)
    return Embedding(len(codec), estimator.embedding, dropout=rate, unknown=unknown)


def unknown_to(codec: TextCodec, rate: float, otherwise: str = "") -> int:
    """The id that dropped tokens are read as; 0 where none is dropped and there is no such id.

    Args:
        codec: What cuts texts into tokens.
        rate: Of tokens that are dropped.
        otherwise: What may be done besides, as ", or subword_dropout=0.1".

    Raises:
        ArgumentError: Tokens are to be dropped, and nothing that the codec reads is unknown to it.
    """
    if rate and (codec.unknown is None or codec.reads_all):
        found = f"{rate} with {codec.describe()}, to which nothing is unknown"
        expected = f"0, or a codec of words or characters{otherwise}"
        raise ArgumentError("word_dropout", found, expected)
    return codec.unknown or 0


def start_vectors(
    estimator: TextParameters,
    network: Any,
    codec: TextCodec,
    *,
    fitted: bool,
    small: bool = True,
) -> tuple[str, ...]:
    """Let the vectors begin as the parameters say; what is to be said of it.

    Beside vectors of a file, random ones have the deviation of those.

    Args:
        estimator: Its parameters.
        network: As `build` makes it: its vectors are changed in place.
        codec: Whose ids they stand for.
        fitted: Whether a fitted model's vectors come in their place anyway.
        small: Whether a token's vector begins with a length of about 1; else its numbers have the
            deviation 1, from which language models learn faster.

    Raises:
        ArgumentError: The file's vectors have another width.
        FormatError, DataError: As `elman.convert.read_vectors`.
    """
    block = network.body[0]
    block.by_rows = True
    if fitted:
        return ()
    if small or estimator.vectors is not None:
        block.begin_small()
    weight = block.weight.data.numpy()
    if estimator.vectors is None:
        return ()
    return given_vectors(estimator.vectors, weight, codec.tokens)


def given_vectors(vectors: Any, weight: np.ndarray, tokens: Sequence[str]) -> tuple[str, ...]:
    """Put the vectors of a file into a table, in place; what is to be said of it.

    Args:
        vectors: The file's path.
        weight: `[V, E]`, drawn with the variance 1 / E.
        tokens: V of them.

    Raises:
        ArgumentError, FormatError, DataError: As `start_vectors`.
    """
    where = os.fspath(vectors)
    lowered = {token: token.lower() for token in tokens}
    written = {token: escaped(token) for token in tokens}  # by `Embeddings.write`
    read = read_vectors(where, {*lowered, *lowered.values(), *written.values()})
    if read.width != weight.shape[1]:
        found = f"{weight.shape[1]}, and the vectors of {where} have {read.width} numbers"
        raise ArgumentError("embedding", found, f"{read.width}")
    names = [next((name for name in (token, written[token], lowered[token])
                   if name in read.found), None) for token in tokens]  # fmt: skip
    found = {row: read.found[name] for row, name in enumerate(names) if name is not None}
    lower = sum(names[row] not in (token, written[token])
                for row, token in enumerate(tokens) if row in found)  # fmt: skip
    begin_with_rows(weight, found)
    missing = len(tokens) - len(found)
    said = f"{len(found):,} of {len(tokens):,} tokens begin with their vectors of {where}"
    said += f" ({lower:,} with those of their small letters)" if lower else ""
    return (f"{said}; the other {missing:,} begin at random.",)


class Thawing:
    """Keeps the vectors of a network as they are for so many epochs, told of its training.

    Args:
        network: Whose first block has the vectors.
        epochs: From the first one.
    """

    everywhere: ClassVar = True  # each process of a training has the network

    def __init__(self, network: Any, epochs: int) -> None:
        self._block, self._epochs = network.body[0], epochs

    def __call__(self, event: Event) -> None:
        """Freeze or thaw where an epoch begins."""
        if isinstance(event, EpochStart):
            self._block.frozen = event.epoch <= self._epochs


def encoded_parts(parts: Parts, codec: TextCodec) -> Parts:
    """The same texts as token ids."""

    def encoded(part: Part) -> Part:
        sequences = part.sequences
        assert isinstance(sequences, TextSequences)
        return replace(part, sequences=sequences.encoded(codec.encode))

    validation = None if parts.validation is None else encoded(parts.validation)
    return replace(parts, train=encoded(parts.train), validation=validation)
