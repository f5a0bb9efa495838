"""A trained translator, answering without torch: it writes for sources, and scores given pairs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from elman.bundle import Bundle
from elman.data.pairs import Pairs, as_pairs
from elman.data.text_sequences import as_texts
from elman.decoding import SearchOptions
from elman.errors import ArgumentError, BundleError
from elman.kernels import native
from elman.metrics.pair_baselines import PairBaselines
from elman.printable import many
from elman.runtime.network import Network
from elman.runtime.translating.judging import (
    bleu_tells,
    chosen_in,
    compared_by,
    judged_by,
    notes_on_scores,
    score_card,
    scores_by_length,
    verdict_on,
)
from elman.runtime.translating.sources import read_sources
from elman.runtime.translating.terminology import Terminology, terms_of
from elman.runtime.translating.translating import Translating, usually
from elman.runtime.translating.translation import Translation
from elman.runtime.translating.writing import Request, looked, written
from elman.runtime.travelling import (
    baseline_tensors,
    codec_of,
    metadata_of,
    reading_of,
    setting_of,
)
from elman.runtime.writing.session import ScoredText, parted
from elman.transforms.text import TextCodec
from elman.transforms.text.codec import hash_of

__all__ = ["TranslatorModel", "counted_notes"]


class TranslatorModel:
    """Says what is written for a source.

    Args:
        bundle: Of the task.
        run: What would answer elsewhere (a torch module on another device): not asked.

    Attributes:
        bundle: The model as data.
        blueprint: The network.
        source_codec: What cuts sources into tokens.
        codec: What answers are made of.
        longest: Most tokens of a source that are read, and of an answer, `<eos>` included.
        baselines: What the scores are held against, or None.
        metadata: How the model was trained: plain data.
        reading: What the training was told of its file.
        held_out: Which part of which data was held out for a test: `digest`, `share` or `count`,
            `seed`; or None.

    Raises:
        BundleError: The bundle is another task's, or lacks a part.
    """

    task: ClassVar[str] = "translator"
    score_name: ClassVar[str] = "score of what is written"
    answer_options: ClassVar[Mapping[str, tuple[Any, str]]] = {}

    def __init__(self, bundle: Bundle, run: Any = None) -> None:
        if bundle.task != self.task:
            raise BundleError("bundle", f"its task is {bundle.task!r}", f"give a {self.task}'s")
        self.bundle, self.blueprint = bundle, bundle.blueprint
        if self.blueprint.configuration != "encoder_decoder":
            raise BundleError("bundle", "no network that reads and writes", "save it again")
        self.source_codec = self._codec("source_codec", "encoder")
        self.codec = self._codec("target_codec", "decoder")
        self.longest = _longest(bundle)
        self.metadata, self.reading = metadata_of(bundle), reading_of(bundle)
        self.held_out = _held_out(bundle)
        tensors = baseline_tensors(bundle)
        self.baselines = PairBaselines.from_tensors(tensors) if tensors else None
        self.network = Network(bundle.blueprint, bundle.weights)
        self.translating = Translating(self.network, self.codec)

    def __reduce__(self) -> Any:
        return type(self), (self.bundle,)  # the network is built anew

    def _codec(self, name: str, chain: str) -> TextCodec:
        first: Any = self.blueprint.chains[chain][0]
        codec = codec_of(self.bundle, name, getattr(first, "vocabulary", None))
        if codec is None:
            raise BundleError(name, "there is none", "save the model again")
        return codec

    @cached_property
    def hash(self) -> str:
        """SHA-256 of weights and codecs: what tells this model from others."""
        told = f"{self.source_codec.hash}{self.codec.hash}".encode()
        return hash_of({**self.bundle.weights, "codecs": np.frombuffer(told, "u1")})

    @property
    def attends(self) -> bool:
        """Whether the network looks back at its source."""
        return self.blueprint.attends is not None

    @property
    def chosen_by(self) -> str:
        """What written answers are judged by: one of `CHOICES`."""
        return chosen_in(self.metadata)

    def facts(self) -> dict[str, Any]:
        """What `elman info` tells beside network and version."""
        return {
            "reads": f"texts of at most {many(self.longest[0], 'token')}, as "
            f"{self.source_codec.describe()}",
            "columns": dict(self.reading),
            "answers": f"texts, as {self.codec.describe()}",
            "hashes of the codecs": [self.source_codec.hash, self.codec.hash],
        }

    # ---- what is written ----------------------------------------------------------------------

    def translate(
        self,
        texts: str | Sequence[str],
        *,
        force: str | Sequence[str] = "",
        terminology: Any = None,
        placeholders: bool = False,
        attention: bool = False,
        long: str = "cut",
        options: SearchOptions | None = None,
        **given: Any,
    ) -> Any:
        """Write for each source what the network finds most probable.

        As many answers as sources, in their order: of an empty source it is the empty text. An
        answer depends on its source and the options alone, to the bit.

        Args:
            texts: A source, perhaps empty, or a list of them.
            force: What answers begin with: a text, or one for each source.
            terminology: A file (a term, a tab, its translation a line), or pairs of these: where
                a source has the term, as whole words, its answer has the translation.
            placeholders: Whether {name}, <b>, %s and the like are kept as they are.
            attention: Whether answers say where the network looked.
            long: Of a source that is longer than the bound: "cut" (which is noted), or "refuse".
            options: How tokens are chosen; None: as `given` says, with a beam of 5 and a length
                penalty of 1.
            given: Fields of `SearchOptions`, and constraints for all answers: `banned=` (lists
                of tokens), `expression=`, `stop=`, `allowed=`.

        Returns:
            A `Translation` for a text, for a list of texts a list of them; with `n_best` above 1
            in place of each a list of them.

        Raises:
            ArgumentError, ShapeError: Something is out of its range, or contradicts the rest.
            DataError: A text is none, or too long and to be refused; or a term cannot be written.
        """
        single = isinstance(texts, str)
        empty = hasattr(texts, "__len__") and not len(texts)
        listed = [texts] if single else [] if empty else [*as_texts(texts, "texts").texts]
        options, constraints = self._asked(options, given)
        known = self._terms(terminology, placeholders)
        sources = read_sources(listed, self.source_codec, self.longest[0], long)
        prefixes = self._prefixes(force, len(sources))
        unknown = self.codec.kind == "words" and self.attends
        request = Request(sources, prefixes, known, options, constraints, unknown)
        found = written(self.translating, request)
        if attention and self.attends:
            found = looked(self.translating, sources, found)
        answers = found if options.n_best > 1 else [one[0] for one in found]
        return answers[0] if single else answers

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The answers to sources as texts; arguments and errors as of `translate`."""
        return [one.text for one in self.translate(texts)]

    def search_options(self, **given: Any) -> SearchOptions:
        """Options of a search, those that are not given as `usually` has them.

        Raises:
            ArgumentError: One is outside its range, or two contradict each other.
        """
        return SearchOptions(**usually(self.longest[1], given))

    def _asked(
        self, options: SearchOptions | None, given: dict[str, Any]
    ) -> tuple[SearchOptions, dict[str, Any]]:
        given = usually(self.longest[1], given) if options is None else given
        options, constraints = parted(options, given)
        for name in constraints:
            if name not in ("banned", "expression", "stop", "allowed"):
                raise ArgumentError(name, "is no option of a translation", "leave it out")
        if self.codec.kind == "words" and constraints.get("expression") is not None:
            found = "given, and the model writes words, between which spaces are not learnt"
            raise ArgumentError("expression", found, "a model of characters or subwords")
        unwanted = constraints.get("banned", ())
        if isinstance(unwanted, str) or not isinstance(unwanted, Iterable):
            raise ArgumentError("banned", f"found {unwanted!r:.60}", "a list of tokens")
        banned = [self._id_of(token) for token in unwanted]
        return options, {**constraints, "banned": banned}

    def _id_of(self, token: Any) -> int:
        if token not in self.codec.tokens:
            raise ArgumentError("banned", f"found {token!r:.60}", "tokens of the vocabulary")
        return self.codec.tokens.index(token)

    def _terms(self, given: Any, placeholders: bool) -> Terminology:
        """Terms as they were given, checked: each can be written."""
        if given is None:
            terms = ()
        else:
            terms = given.terms if isinstance(given, Terminology) else terms_of(given)
        known = Terminology(terms, placeholders)
        known.check(self.codec)
        return known

    def _prefixes(self, force: str | Sequence[str], count: int) -> list[list[int]]:
        """For each source the ids that its answers begin with."""
        given = [force] * count if isinstance(force, str) else force
        if not isinstance(given, list | tuple) or not all(isinstance(one, str) for one in given):
            raise ArgumentError("force", f"found {force!r:.60}", "a text, or a list of texts")
        if len(given) != count:
            raise ArgumentError("force", f"found {len(given)} for {count} sources", "one for each")
        found = []
        for n, text in enumerate(given):
            ids = self.codec.encode(text)
            if self.codec.unknown is not None and (ids == self.codec.unknown).any():
                where = "force" if isinstance(force, str) else f"force[{n}]"
                raise ArgumentError(where, f"{text!r} has unknown tokens", "another text")
            found.append(ids.tolist())
        return found

    # ---- pairs that are given -----------------------------------------------------------------

    def score_pairs(self, X: Any, y: Any = None, *, long: str = "cut") -> list[ScoredText]:
        """How probable each token of given targets is, given its source and those before it.

        Args:
            X: N sources, or `Pairs`.
            y: N targets; None beside `Pairs`.
            long: As of `translate`.

        Returns:
            Of each pair the target's tokens, `<eos>` last, and their log-probabilities in nats. A
            source in which nothing is read (see `translate`) has NaN for each.

        Raises:
            ShapeError, DataError: They are no pairs of texts; or one is too long.
        """
        pairs = as_pairs(X, y)
        sources = read_sources(pairs.source, self.source_codec, self.longest[0], long)
        targets = [
            np.append(self.codec.encode(text), self.translating.eos) for text in pairs.target
        ]
        read = [n for n, one in enumerate(sources) if not one.handed]
        taught = self.translating.taught([(sources[n].ids, targets[n]) for n in read])
        said = [np.full(len(ids), np.nan) for ids in targets]
        for n, (found, _) in zip(read, taught, strict=True):
            said[n] = found
        shown = [(*self.codec.pieces(text), "<eos>") for text in pairs.target]
        unknown = [int((ids == self.codec.unknown).sum()) for ids in targets]
        return [ScoredText(*one) for one in zip(shown, said, unknown, strict=True)]

    def score(self, X: Any, y: Any = None) -> float:
        """What `chosen_by` says of the answers to X, beside the references y: larger is better."""
        return self.evaluate(X, y)["score"]

    def evaluate(
        self, X: Any, y: Any = None, *, against: TranslatorModel | None = None, **given: Any
    ) -> dict[str, Any]:
        """What the model is worth on pairs, beside its baselines.

        Args:
            X: N sources, or `Pairs`.
            y: For each its target, or a list of references; None beside `Pairs`.
            against: A second model: held against this one by the paired bootstrap test.
            given: As of `translate`.

        Returns:
            `metric`, `score`, `pairs`, `references`, `bleu`, `chrf`, `exact` against each
            source's first reference, `bleu_of_all` and so on against all of them where a source has
            several, `signatures`, `tokens`, `nats_per_token`, `perplexity` (of the first
            references), `level` (of instructions), `baselines` (each one's score by its name),
            `baseline_scores`, `by_length` (see `judging.scores_by_length`), `verdict`, `against`,
            `notes`. What is not defined is None.

        Raises:
            ShapeError, DataError, ArgumentError: As of `translate`; or they are no pairs.
        """
        pairs = as_pairs(X, y)
        name = judged_by(self.chosen_by, pairs.references)
        said = self.translate(pairs.source, **{**given, "n_best": 1})
        answers = [one.text for one in said]
        card = score_card(answers, pairs)
        others = {} if self.baselines is None else self.baselines.answers(list(pairs.source))
        cards = {label: score_card(each, pairs) for label, each in others.items()}
        told = None
        if against is not None:
            theirs = [one.text for one in against.translate(pairs.source, **{**given, "n_best": 1})]
            told = self._held_against(theirs, answers, pairs)
        return {
            "metric": name,
            "score": card[name],
            "pairs": len(pairs),
            "references": sum(map(len, pairs.references)),
            **card,
            **_likelihood(self.score_pairs(pairs.source, pairs.target)),
            "level": native.isa(),
            "baselines": {label: one[name] for label, one in cards.items()},
            "baseline_scores": cards,
            "by_length": scores_by_length(name, {"this model": answers, **others}, pairs),
            "verdict": verdict_on(name, answers, others, pairs),
            "against": told,
            "notes": [*self._notes(), *notes_on_scores(card), *counted_notes(said)],
        }

    def _held_against(self, theirs: list[str], answers: list[str], pairs: Pairs) -> dict[str, Any]:
        """This model beside another one, by each metric that there is."""
        names = ("bleu", "chrf") if bleu_tells(pairs.references) else ("chrf",)
        return {
            **{name: compared_by(name, theirs, answers, pairs) for name in names},
            "scores": score_card(theirs, pairs),
        }

    def _notes(self) -> list[str]:
        notes = [] if self.baselines is None else [*self.baselines.notes]
        if self.codec.kind == "words":
            notes += [f"The codec of answers: {loss}" for loss in self.codec.losses()]
        return notes


def counted_notes(translations: Iterable[Translation]) -> list[str]:
    """What is to be said of some translations, each kind of thing counted."""
    listed = [*translations]
    ended = [one.ended for one in listed]
    cut = sum(any(note.startswith("cut after") for note in one.notes) for one in listed)
    told = {
        "empty answers to": (ended.count("empty"), "empty source"),
        "handed on as they are, without a known token:": (ended.count("unknown"), "source"),
        "not ended within the most tokens that are written:": (ended.count("bound"), "answer"),
        "cut at the bound:": (cut, "source"),
    }
    return [f"{what} {many(count, noun)}" for what, (count, noun) in told.items() if count]


def _likelihood(scored: Sequence[ScoredText]) -> dict[str, Any]:
    """Of what is given: how many tokens it has, and how well the model says them."""
    said = np.concatenate([one.log_probabilities for one in scored])
    said = said[~np.isnan(said)]
    nats = float(-said.mean()) if len(said) else None
    return {
        "tokens": len(said),
        "nats_per_token": nats,
        "perplexity": None if nats is None else math.exp(min(nats, 700.0)),
    }


def _held_out(bundle: Bundle) -> dict[str, Any] | None:
    found = setting_of(bundle, "held_out", dict, None)
    types = {"digest": (str,), "share": (float, type(None)), "seed": (int,)}
    sound = found is None or (
        found.keys() == types.keys() and all(type(found[k]) in types[k] for k in types)
    )
    if not sound:
        raise BundleError("setting held_out", f"found {repr(found)[:80]}", "save the model again")
    return found


def _longest(bundle: Bundle) -> tuple[int, int]:
    found = setting_of(bundle, "longest", list, None)
    sound = isinstance(found, list) and len(found) == 2
    if not sound or not all(type(one) is int and one > 0 for one in found):
        raise BundleError("setting longest", f"found {found!r:.60}", "save the model again")
    return found[0], found[1]
