"""A trained language model, answering without torch: it scores texts, reads on, and writes."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from elman.blueprint import Blueprint
from elman.bundle import Bundle
from elman.data.text_sequences import as_texts
from elman.decoding import Search, SearchOptions
from elman.errors import ArgumentError, BundleError
from elman.kernels import native
from elman.metrics.language import LanguageBaselines
from elman.runtime.network import Network
from elman.runtime.travelling import (
    baseline_tensors,
    codec_of,
    metadata_of,
    reading_of,
    setting_of,
)
from elman.runtime.writing.framing import Framing, count_unknown
from elman.runtime.writing.scores import compared, scores_of, verdict
from elman.runtime.writing.scoring import log_probabilities
from elman.runtime.writing.session import ScoredText, Session, parted
from elman.runtime.writing.writer import GeneratedText, Writer
from elman.transforms.text.codec import hash_of

__all__ = ["GeneratorModel"]


class GeneratorModel:
    """Says how a text goes on.

    Args:
        bundle: Of the task.
        run: What would answer elsewhere (a torch module on another device): not asked, for it
            cannot read on from a state.

    Attributes:
        bundle: The model as data.
        blueprint: The network.
        codec: What cuts texts into tokens.
        framing: What stands around a text's tokens, and whether they are read from the end.
        baselines: What the scores are held against, or None.
        metadata: How the model was trained: plain data.
        reading: What the training was told of its file: options of `elman.data.read_texts`.
        held_out: Which part of which data was held out for a test: `digest` of all of them,
            `share`, `seed`; or None.

    Raises:
        BundleError: The bundle is another task's, or lacks a part.
    """

    task: ClassVar[str] = "generator"
    score_name: ClassVar[str] = "nats a token"
    answer_options: ClassVar[Mapping[str, tuple[Any, str]]] = {}

    def __init__(self, bundle: Bundle, run: Any = None) -> None:
        if bundle.task != self.task:
            raise BundleError("bundle", f"its task is {bundle.task!r}", f"give a {self.task}'s")
        codec = codec_of(bundle)
        if codec is None or not bundle.blueprint.streams:
            raise BundleError("bundle", "no codec, or no network that reads on", "save it again")
        self.bundle, self.codec = bundle, codec
        self.blueprint: Blueprint = bundle.blueprint
        self.metadata, self.reading = metadata_of(bundle), reading_of(bundle)
        ends, backward = (setting_of(bundle, name, bool, False) for name in ("ends", "backward"))
        self.framing = Framing.of(codec, ends, backward)
        self.held_out = _held_out(bundle)
        tensors = baseline_tensors(bundle)
        self.baselines = LanguageBaselines.from_tensors(tensors) if tensors else None
        self.network = Network(bundle.blueprint, bundle.weights)

    def __reduce__(self) -> Any:
        return type(self), (self.bundle,)  # the network is built anew

    def facts(self) -> dict[str, Any]:
        """What `elman info` tells beside network and version."""
        reads = f"texts, as {self.codec.describe()}"
        ends = "and where a text ends" if self.framing.eos is not None else "of a text without end"
        answers = f"the next token, {ends}"
        if self.framing.backward:
            reads, answers = f"{reads}, from the end", f"the token before, {ends}"
            answers = answers.replace("ends", "begins").replace("end", "beginning")
        return {
            "reads": reads,
            "columns": dict(self.reading),
            "answers": answers,
            "hash of the codec": self.codec.hash,
        }

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens that have a vector, by id."""
        return self.codec.tokens

    @property
    def reads_backward(self) -> bool:
        """Whether texts are read from the end."""
        return self.framing.backward

    # ---- texts that are there -----------------------------------------------------------------

    def score_tokens(self, text: str) -> ScoredText:
        """How probable each token of a text is, given those before it.

        Of a model that reads from the end: given those after it; tokens stand as in the text.

        Raises:
            ShapeError, DataError: It is no text.
        """
        texts, order = as_texts([text], "text").texts, self.framing.in_order
        framed = self.framed(texts)
        (found,) = self.log_probabilities(framed)
        shown = order(self.codec.pieces(text)) + ([] if self.framing.eos is None else ["<eos>"])
        return ScoredText(tuple(order(shown)), order(found), self._unknown(framed))

    def evaluate(self, X: Any) -> dict[str, Any]:
        """What the model is worth on texts, beside its baselines; every token is counted.

        Args:
            X: A text, or a list of them.

        Returns:
            `metric` ("nats a token"), `score`, `texts`, `tokens`, `characters`, `bytes` (in UTF-8),
            `nats_per_token`, `perplexity`, `bits_per_character`, `bits_per_byte` (which compare
            models of other tokens, where their codecs lose nothing of the text), `unknown` (how
            many tokens the codec does not know), `level` (of instructions), `baselines` (each
            one's nats a token by its name), `baseline_scores` (each one's further scores),
            `verdict`, `notes`. What is not defined is None.

        Raises:
            ShapeError, DataError: X holds no texts.
        """
        texts = as_texts([X] if isinstance(X, str) else X).texts
        characters = sum(map(len, texts))
        size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
        return self._evaluated(self.framed(texts), characters, size)

    def _evaluated(
        self, framed: Sequence[np.ndarray], characters: int, size: int
    ) -> dict[str, Any]:
        """What the model is worth on texts that are framed, of so many characters and bytes."""
        said, unknown = self.log_probabilities(framed), self._unknown(framed)
        sizes = {"tokens": sum(map(len, said)), "characters": characters, "bytes": size}

        def scores(found: Sequence[np.ndarray]) -> dict[str, float | None]:
            nats = -math.fsum(float(one) for row in found for one in row)
            return scores_of(nats, *sizes.values())

        others: dict[str, list[np.ndarray]] = {}
        if self.baselines is not None:
            each = [self.baselines.log_probabilities(ids[1:]) for ids in framed]
            others = {name: [row[name] for row in each] for name in self.baselines.names}
        own = scores(said)
        cards = {name: scores(found) for name, found in others.items()}
        told = None
        if others and sizes["tokens"]:
            best = min(cards, key=lambda name: cards[name]["nats_per_token"] or math.inf)
            told = verdict(best, "a token", compared(said, others[best]))
        return {
            "metric": self.score_name,
            "score": own["nats_per_token"],
            "texts": len(framed),
            **sizes,
            **own,
            "unknown": unknown,
            "level": native.isa(),
            "baselines": {name: card["nats_per_token"] for name, card in cards.items()},
            "baseline_scores": cards,
            "verdict": told,
            "notes": self._notes(sizes["tokens"], unknown),
        }

    def score(self, X: Any, y: Any = None) -> float:
        """-(nats a token) of texts: larger is better; NaN where there is none."""
        found = self.evaluate(X)["score"]
        return float("nan") if found is None else -found

    def framed(self, texts: Iterable[str]) -> list[np.ndarray]:
        """The ids of texts, with what stands around them."""
        return [self.framing.framed(self.codec.encode(text)) for text in texts]

    def log_probabilities(self, framed: Sequence[np.ndarray]) -> list[np.ndarray]:
        """For each of some `framed` texts the log-probability of each token, in nats `[T]`."""
        return log_probabilities(self.network.unroll, framed, self.blueprint.output_size)

    def _unknown(self, framed: Sequence[np.ndarray]) -> int:
        return sum(count_unknown(self.codec, ids[1:]) for ids in framed)

    def _notes(self, tokens: int, unknown: int) -> list[str]:
        notes = [] if self.baselines is None else [*self.baselines.notes]
        if unknown:
            notes.append(
                f"{unknown:,} of {tokens:,} tokens are unknown to the codec and count as <unk>, "
                "which is easier to say than what stands there: compare models of the same codec"
            )
        notes += [
            f"The codec: {loss}" for loss in self.codec.losses() if self.codec.kind == "words"
        ]
        return notes

    # ---- texts that are written ---------------------------------------------------------------

    @cached_property
    def hash(self) -> str:
        """SHA-256 of weights and codec: what tells this model from others."""
        return hash_of(
            {**self.bundle.weights, "codec": np.frombuffer(self.codec.hash.encode(), "u1")}
        )

    @cached_property
    def writer(self) -> Writer:
        """What begins searches behind texts."""
        return Writer(self.network, self.codec, self.framing, self.hash)

    def generate(
        self,
        prefix: str | Sequence[str] = "",
        *,
        n: int = 1,
        options: SearchOptions | None = None,
        **given: Any,
    ) -> Any:
        """Write how texts go on.

        The draws of a text are a function of `seed` and of its number among the `n` of its prefix:
        it is the same alone, beside other prefixes, and after a pause.

        >>> from elman import Generator
        >>> model = Generator(units=8, embedding=4, epochs=1, batch_size=2, validation=None)
        >>> model = model.fit("to be or not to be, " * 20)
        >>> [len(one.text) for one in model.generate("to", n=2, max_length=5)]
        [5, 5]

        Args:
            prefix: What stands before: a text, perhaps empty, or a list of them.
            n: How many texts of each, 1 to 100,000, drawn; with a beam the `n_best` of it.
            options: How tokens are chosen; None: as `given` says.
            given: Fields of `SearchOptions` (`max_length=`, `temperature=`, `top_p=`,
                `beam_size=`, `seed=`, ...), and constraints: `banned=` and `required=` (lists of
                tokens), `expression=` (a regular expression that the text matches), `stop=`
                (strings), `allowed=` (a function of the ids so far).

        Returns:
            A list of `GeneratedText`; for a list of prefixes a list of those.

        Raises:
            ArgumentError, ShapeError: Something is out of its range, or contradicts the rest.
            DataError: A prefix has a character that is not known.
        """
        single = isinstance(prefix, str)
        prefixes = [prefix] if single else list(as_texts(prefix, "prefix").texts)
        options, constraints = parted(options, given)
        n, steps = self._copies(n, options), self.writer.steps()
        search = self.writer.begun(prefixes, steps, n, options, **constraints)
        search.run(steps)
        found = self.writer.texts(search, prefixes, n)
        return found[0] if single else found

    def stream(
        self, prefix: str = "", *, options: SearchOptions | None = None, **given: Any
    ) -> Iterator[str]:
        """Write how a text goes on, and give it as it comes, whole characters at a time.

        Arguments and errors as of `generate`; there is no beam, whose text is known at its end.
        """
        options, constraints = parted(options, given)
        steps = self.writer.steps()
        search = self.writer.begun([prefix], steps, 1, options, **constraints)
        return self.writer.stream(search, steps, prefix)

    def search(
        self, prefix: str = "", *, n: int = 1, options: SearchOptions | None = None, **given: Any
    ) -> Search:
        """The search of `generate`, not begun: it can be advanced, saved, branched and edited.

        Its step function is `steps()`; what it has written says `texts_of`. Arguments and errors
        as of `generate`.
        """
        options, constraints = parted(options, given)
        n, steps = self._copies(n, options), self.writer.steps()
        return self.writer.begun([prefix], steps, n, options, **constraints)

    def load_search(self, path: str | os.PathLike[str], *, allowed: Any = None) -> Search:
        """The search in a file that `Search.save` wrote; errors as of `Search.load`."""
        return Search.load(path, model=self.hash, pieces=self.codec.spelled, allowed=allowed)

    def steps(self) -> Any:
        """A step function for searches of this model."""
        return self.writer.steps()

    def texts_of(self, search: Search, prefix: str = "") -> list[GeneratedText]:
        """What a search behind this prefix has written so far."""
        return self.writer.texts(search, [prefix], len(search.answers()))[0]

    def session(self) -> Session:
        """A text that is read and written on, piece by piece, at no cost for what was read.

        One that learns while it reads needs torch: `Generator.load(path).session(dynamic=True)`.
        """
        return Session(self.writer)

    def _copies(self, n: int, options: SearchOptions) -> int:
        if options.beam_size > 1 and n != 1:
            raise ArgumentError("n", f"{n} with a beam", "n_best=, which a beam has")
        return n


def _held_out(bundle: Bundle) -> dict[str, Any] | None:
    found = setting_of(bundle, "held_out", dict, None)
    types = {"digest": str, "share": float, "seed": int}
    if found is not None and {name: type(value) for name, value in found.items()} != types:
        raise BundleError("setting held_out", f"found {repr(found)[:80]}", "save the model again")
    return found
