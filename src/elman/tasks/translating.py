"""What a translator learns from: codecs of both sides, pairs as ids, and a score that writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from elman.blueprint import Blueprint
from elman.data.pairs import Pairs, as_pairs, held_out_pairs
from elman.decoding import SearchOptions
from elman.errors import ArgumentError, DataError
from elman.printable import closest, many
from elman.runtime.network import Network
from elman.runtime.translating.judging import bleu_tells, written_score
from elman.runtime.translating.sources import padded_ids, read_sources
from elman.runtime.translating.terminology import Terminology
from elman.runtime.translating.translating import Translating
from elman.runtime.translating.writing import Request, written
from elman.tasks.fitting import weights_of
from elman.tasks.texts import unknown_to
from elman.training import PairExamples
from elman.transforms.text import Steps, TextCodec, fit_codec, read_codec
from elman.transforms.text.fitting import SIZES

__all__ = ["CODECS", "DECODED", "Codecs", "Encoded", "LearntParts", "WrittenScore"]
__all__ += ["codec_for_side", "codecs_for", "dropping_words", "encoded", "learnt_parts", "notes_on"]
__all__ += ["choice_for", "usual_kind"]

CODECS = ("auto", *SIZES)
"""The kinds of codec that are fitted, and the one that is chosen by the targets' lengths."""

SHORT = 16
"""Characters of targets, in the mean, up to which they are cut into characters."""

DECODED = 1000
"""Sources of the validation part that are written for after each epoch, at most."""

_STEPS = Steps(numbers=False, addresses=False)  # what a number becomes could not be written


class Codecs(NamedTuple):
    """What cuts sources and targets; one object where they share one."""

    source: TextCodec
    target: TextCodec

    def tensors(self) -> dict[str, np.ndarray]:
        """Both as arrays for a model file."""
        named = {"source_codec": self.source, "target_codec": self.target}
        return {
            f"{name}.{key}": array
            for name, codec in named.items()
            for key, array in codec.tensors().items()
        }


class LearntParts(NamedTuple):
    """Pairs to learn from, those that choose the epoch (None: none do), and how, in words."""

    train: Pairs
    held_out: Pairs | None
    how: str


def learnt_parts(pairs: Pairs, validation: Any, seed: int) -> LearntParts:
    """What is learnt, every reference a pair of its own, and what chooses the epoch.

    Args:
        pairs: All that there are.
        validation: A share of the sources, sources and targets as (X, y), or None.
        seed: Of the drawing.

    Raises:
        ArgumentError: It is none of these, or one part would be empty.
    """
    if validation is None:
        return LearntParts(pairs.flat(), None, "none: the last epoch is kept")
    if isinstance(validation, tuple | list) and len(validation) == 2:
        held = as_pairs(validation[0], validation[1], "validation")
        return LearntParts(pairs.flat(), held, f"{many(len(held), 'source')} that were given")
    if not isinstance(validation, float | np.floating) or not 0 < validation < 1:
        expected = "a share between 0 and 1, sources and targets as (X, y), or None"
        raise ArgumentError("validation", f"found {validation!r:.80}", expected)
    try:
        parts = held_out_pairs(pairs, float(validation), seed)
    except ArgumentError as error:
        raise ArgumentError("validation", error.found, f"{error.expected}, or None") from error
    return LearntParts(parts.train.flat(), parts.held_out.grouped(), parts.how)


def choice_for(asked: str | None, held: Any) -> str:
    """What chooses the epoch: as it is asked for; else BLEU, or chrF where BLEU tells nothing.

    Args:
        asked: What is asked for, or None.
        held: The validation part, with `references`; None: there is none.

    Raises:
        ArgumentError: BLEU is asked for, and would be 0 whatever is written.
        MissingExtraError: sacrebleu is not installed.
    """
    if asked not in (None, "bleu") or held is None:
        return asked or "bleu"
    if bleu_tells(held.references):
        return "bleu"
    if asked is None:
        return "chrf"
    found = "'bleu', and no target of the validation part has the four words that it counts"
    raise ArgumentError("choose_by", found, "chrf, exact or loss")


def usual_kind(pairs: Pairs) -> str:
    """The kind of codec for pairs of which nothing is said: characters for short targets."""
    return "characters" if sum(map(len, pairs.target)) <= SHORT * len(pairs) else "subwords"


def codecs_for(
    pairs: Pairs,
    kinds: tuple[Any, Any],
    sizes: tuple[int | None, int | None],
    shared: bool,
    min_count: int,
) -> Codecs:
    """The codecs of a training: given ones, or such as are fitted on its pairs.

    Args:
        pairs: The training part.
        kinds: Of sources and of targets: a kind, a codec's file, or a codec.
        sizes: Most tokens of each; None: as is usual.
        shared: Whether one codec, fitted on both sides, serves both.
        min_count: Times that a token must occur.

    Raises:
        ArgumentError: There is no such kind or file, or two are given where one is to be shared.
        DataError: A side has no token that is known.
        FormatError: A file holds no codec.
        MissingExtraError: Subwords are fitted without the extra `text`.
    """
    fit = {"min_count": min_count}
    if shared:
        if kinds[1] is not kinds[0] and kinds[1] != kinds[0]:
            found = f"{kinds[1]!r:.60} beside {kinds[0]!r:.60}, and one codec is shared"
            raise ArgumentError("target_codec", found, "None, or shared=False")
        codec = codec_for_side("codec", kinds[0], (*pairs.source, *pairs.target), sizes[0], **fit)
        found = Codecs(codec, codec)
    else:
        source = codec_for_side("codec", kinds[0], pairs.source, sizes[0], **fit)
        found = Codecs(
            source, codec_for_side("target_codec", kinds[1], pairs.target, sizes[1], **fit)
        )
    if found.target.eos is None or found.target.go is None:
        said = f"{found.target.describe()}, without an id that begins or ends a text"
        raise ArgumentError("target_codec", said, "a codec with <go> and <eos>")
    return found


def codec_for_side(
    where: str, given: Any, texts: Sequence[str], size: int | None, min_count: int
) -> TextCodec:
    """The codec of one side: a given one, or one that is fitted on these texts.

    Args:
        where: What messages call it.
        given: A kind, a codec's file, or a codec.
        texts: Of the training part.
        size: Most tokens; None: as is usual.
        min_count: Times that a token must occur.

    Raises:
        ArgumentError, DataError, FormatError, MissingExtraError: As of `codecs_for`.
    """
    if not isinstance(given, str):
        return given
    if given not in SIZES:
        if not any(sign in given for sign in "./\\"):
            raise ArgumentError(where, f"found {given!r:.60}", closest(given, CODECS))
        return read_codec(given)
    steps = _STEPS if given == "words" else None
    codec = fit_codec(texts, given, size=size, min_count=min_count, steps=steps)
    if len(codec) <= 3:
        found = f"no token stands {min_count} times or more in {len(texts):,} texts"
        raise DataError(where, found, "texts with words, or a smaller min_count")
    return codec


class Encoded(NamedTuple):
    """Pairs as ids.

    Attributes:
        examples: What is learnt from.
        sizes: Tokens of the longest source and target, `<eos>` included.
        kept: Which of the pairs `[N]`.
        long: How many were left out as longer than the bound.
        empty: How many, as nothing can be read or written for them.
        texts: Objects `[M, 2]`: of those that were kept both texts.
    """

    examples: PairExamples
    sizes: tuple[int, int]
    kept: np.ndarray
    long: int
    empty: int
    texts: np.ndarray


def encoded(pairs: Pairs, codecs: Codecs, go: int, bound: int | None) -> Encoded:
    """Pairs as ids, without those of which a side is empty, or longer than a bound.

    Raises:
        DataError: None is left.
    """
    eos = codecs.target.eos
    assert eos is not None  # `codecs_for` looked
    sources = [codecs.source.encode(text) for text in pairs.source]
    targets = [np.append(codecs.target.encode(text), eos) for text in pairs.target]
    most, texts = bound or 2**31, (pairs.source, pairs.target)
    blank = np.array([not (a.strip() and b.strip()) for a, b in zip(*texts, strict=True)])
    sizes = np.array([(len(a), len(b) - 1) for a, b in zip(sources, targets, strict=True)])
    empty = blank | (sizes == 0).any(axis=1)
    long = ~empty & (sizes > most).any(axis=1)
    kept = np.flatnonzero(~empty & ~long)
    if not len(kept) and not long.any():
        found = f"each of {many(len(pairs), 'pair')} has an empty side"
        raise DataError(pairs.name, found, "pairs of texts")
    if not len(kept):
        found = f"none of {many(len(pairs), 'pair')} is at most {bound} tokens long"
        raise DataError("max_length", found, "a greater one")
    source, source_lengths = padded_ids([sources[n] for n in kept])
    target, target_lengths = padded_ids([targets[n] for n in kept])
    arrays = (source, target, source_lengths, target_lengths)
    examples = PairExamples(*map(torch.from_numpy, arrays), go=go)
    both = np.array([(pairs.source[n], pairs.target[n]) for n in kept.tolist()], dtype=object)
    longest = source.shape[1], target.shape[1]
    return Encoded(examples, longest, kept, int(long.sum()), int(empty.sum()), both)


def notes_on(train: Encoded, held: Encoded | None, bound: int | None) -> tuple[str, ...]:
    """What was left out of both parts, in sentences."""
    parts = {"training": train} if held is None else {"training": train, "validation": held}
    return tuple(
        f"{many(count, 'pair')} of the {name} part left out: {why}"
        for name, part in parts.items()
        for count, why in (
            (part.long, f"longer than {bound} tokens"),
            (part.empty, "a side is empty"),
        )
        if count
    )


def dropping_words(blueprint: Blueprint, codecs: Codecs, rate: float) -> Blueprint:
    """The same network that in training reads some tokens as unknown, on both sides.

    Raises:
        ArgumentError: To a codec nothing is unknown.
    """
    if not rate:
        return blueprint
    chains = dict(blueprint.chains)
    for name, codec in zip(("encoder", "decoder"), codecs, strict=True):
        otherwise = f"; subword_dropout={rate} cuts words anew" if codec.kind == "subwords" else ""
        unknown = unknown_to(codec, rate, otherwise)
        first, *others = chains[name]
        dropping: Any = replace(first, dropout=rate, unknown=unknown)  # pyright: ignore
        chains[name] = (dropping, *others)
    return replace(blueprint, chains=chains)


@dataclass(frozen=True, eq=False)
class WrittenScore:
    """What a network writes for sources, greedily, judged by their references.

    The runtime's network writes, with the weights as they are: so the saved model says the same.

    Attributes:
        name: One of `elman.runtime.translating.judging.CHOICES`.
        blueprint: The network.
        codecs: Of both sides.
        pairs: What is written for, and what is right.
        longest: Most tokens of a source, and of an answer.
    """

    name: str
    blueprint: Blueprint
    codecs: Codecs
    pairs: Pairs
    longest: tuple[int, int]

    def whole(self, module: nn.Module) -> float:
        """The score of what a module's weights write."""
        network: Any = getattr(module, "network", module)
        return written_score(self.name, self.answers(weights_of(network)), self.pairs.references)

    def answers(self, weights: dict[str, np.ndarray]) -> list[str]:
        """What these weights write."""
        translating = Translating(Network(self.blueprint, weights), self.codecs.target)
        sources = read_sources(self.pairs.source, self.codecs.source, self.longest[0])
        options = SearchOptions(temperature=0.0, min_length=1, max_length=self.longest[1])
        nothing = [()] * len(sources)
        attends = self.blueprint.attends is not None
        unknown = self.codecs.target.kind == "words" and attends
        request = Request(sources, nothing, Terminology(), options, {}, unknown)
        return [one[0].text for one in written(translating, request)]
