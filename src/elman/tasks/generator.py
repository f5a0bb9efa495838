"""How a text goes on: language models of characters, subwords or words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from torch import nn

from elman.blueprint import Adaptive, Blueprint, Dense, sequence_to_sequence
from elman.data.text_parts import TextParts, spread_texts
from elman.data.text_sequences import as_texts
from elman.errors import ArgumentError, DataError
from elman.metrics.language import LanguageBaselines, fit_language
from elman.models import begin_with_frequencies, build, limit_memory, sample_scores, scoring_late
from elman.parameters import again, documented, flag, one_of, parameter, plain, share, whole
from elman.printable import many
from elman.runtime.generator import GeneratorModel
from elman.runtime.writing.framing import Framing
from elman.runtime.writing.session import ScoredText, Session
from elman.tasks.estimator import Estimator
from elman.tasks.fitting import Options, summary, take_weights, train_module, weights_of
from elman.tasks.generating.parameters import DrawingParameters, MusicParameters
from elman.tasks.head import check_same_network
from elman.tasks.learning_session import Dynamic, LearningSession, dynamic_scores
from elman.tasks.parameters import CellParameters, RunParameters, TextParameters, optional
from elman.tasks.texts import codec_for, embedding_for, same_codec, start_vectors
from elman.training import CrossEntropy
from elman.training.config import Training
from elman.training.loop.texts import TextStreams
from elman.transforms.text import TextCodec, grown

__all__ = ["Generator", "Tokens"]


class Tokens(NamedTuple):
    """What a language model is trained on, whatever its tokens stand for.

    Attributes:
        codec: Whose ids they are.
        framing: What stands around them.
        train: The ids of each text of the training part, framed.
        held: Those of the validation part.
        how: How the two were parted, in words.
        notes: What was inferred, in sentences.
    """

    codec: TextCodec
    framing: Framing
    train: list[np.ndarray]
    held: list[np.ndarray]
    how: str
    notes: tuple[str, ...] = ()


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class Generator(
    Estimator,
    TextParameters,
    CellParameters,
    DrawingParameters,
    MusicParameters,
    Training,
    RunParameters,
):
    """A recurrent network that reads a text and says how it goes on.

    Texts are cut into tokens by a codec, fitted on the training part; the state is carried through
    each text, and the gradient reaches back `truncation` tokens.

    >>> model = Generator(units=16, embedding=8, epochs=12, learning_rate=0.02, batch_size=4)
    >>> model = model.fit("to be or not to be, " * 40)
    >>> model.score_tokens("to be").log_probabilities.shape
    (5,)

    Args:
        {parameters}

    Attributes after `fit`:
        codec_: What cuts texts into tokens.
        model_, module_, history_, result_: See `Estimator`.
    """

    _task = "generator"
    _group: ClassVar = "Task"
    _table: ClassVar = "task"

    codec: Any = again(TextParameters, "codec", "characters")
    embedding: int = again(TextParameters, "embedding", 64)
    units: Any = again(CellParameters, "units", 256)
    head: str = parameter(
        "dense",
        one_of("dense", "tied", "adaptive"),
        "What scores the tokens: a layer of its own, the embedding's vectors, or an adaptive "
        "softmax, for large vocabularies.",
        "tied: Inan et al. 2017 (arXiv 1611.01462v3); adaptive: Grave et al. 2017 (arXiv "
        "1609.04309v3).",
    )
    candidates: int | None = parameter(
        None,
        whole(1, none=True),
        "Hold each token against so many drawn ones in training, rather than against all.",
        "Of a dense or tied head (Jean et al. 2015, arXiv 1412.2007v2); scores are of all tokens.",
    )
    weight_drop: float = parameter(
        0.0,
        share(),
        "Rate of recurrent weights that training leaves out.",
        "Merity et al. 2017, arXiv 1708.02182v1.",
    )
    variational: bool = parameter(
        False, flag(), "One mask of dropout for all steps of a window, rather than one for each."
    )
    truncation: int = parameter(
        100, whole(1), "Tokens that a gradient reaches back; the state reaches further."
    )
    ends: bool | None = parameter(
        None,
        flag(none=True),
        "Whether it is learnt where a text ends.",
        "None: of several texts, not of one.",
    )
    backward: bool = parameter(
        False,
        flag(),
        "Read texts from the end, so that it says what stands before.",
        "Such a model scores texts, and gives features to others (`features_from`); it does not "
        "write.",
    )
    validation: Any = parameter(
        0.05,
        optional(plain(float)),
        "Share of the texts set aside to choose the best epoch on: of a long text, pieces of it.",
        "Or a list of texts; or None, which keeps the last epoch.",
    )
    baselines: bool = parameter(
        True, flag(), "Fit the n-gram models that `evaluate` puts beside the score."
    )
    learning_rate: float = again(Training, "learning_rate", 4e-3)
    schedule: Any = again(Training, "schedule", "cosine")
    epochs: int = again(Training, "epochs", 10)
    batch_size: int = again(Training, "batch_size", 32, "Rows of text that are read side by side.")

    held_out: ClassVar[dict[str, Any] | None] = None
    """What part of the data was held out for a test, for the model file; set on an estimator."""

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn how texts go on.

        Args:
            X: A text, or a list of them; or data of another kind that is written.
            y: Nothing: what is learnt is the next token.

        Raises:
            ArgumentError, BlueprintError: A parameter is outside its range.
            ShapeError, DataError: X holds no texts, or too little text.
            TrainingError, CheckpointError, KeyboardInterrupt: As `Trainer.run` does.
        """
        learn = self._learns_of(X)
        if learn is not None:
            learn(self, X, y)
            return self
        if y is not None:
            raise ArgumentError("y", "given, and what is learnt is the next token", "None")
        options, warm = self._options(), self._warm()
        texts = tuple(as_texts([X] if isinstance(X, str) else X).texts)
        parts = self._parts(texts, options.config.seed)
        codec, notes = self._codec(parts.train, warm)
        ends = len(texts) > 1 if self.ends is None else bool(self.ends)
        if warm is not None and self.ends is None:
            ends = warm.framing.eos is not None
        framing = Framing.of(codec, ends, bool(self.backward))
        train, held = ([framing.framed(codec.encode(one)) for one in part] for part in parts[:2])
        self._learn(Tokens(codec, framing, train, held, parts.how, notes), options, warm)
        return self

    def _learn(
        self,
        tokens: Tokens,
        options: Options,
        warm: GeneratorModel | None,
        streams: TextStreams | None = None,
    ) -> None:
        """Train a network on tokens, whatever they stand for, and hold it.

        Args:
            tokens: Of both parts.
            options: Of the training.
            warm: The model to go on from, or None.
            streams: What is read of the training part; None: its tokens as they are.
        """
        codec, framing, train, held = tokens[:4]
        if not _count(train, framing):
            raise DataError("X", "found no token to learn from", "some text")
        blueprint, network, said = self._network(codec, warm, options)
        if warm is None and self.head != "adaptive":
            counts = np.bincount(np.concatenate([ids[1:] for ids in train]), minlength=len(codec))
            begin_with_frequencies(network, counts)
        limit_memory(network, options.memory)
        with scoring_late(network):
            trained = train_module(
                network.to(options.device),
                CrossEntropy(),
                streams or TextStreams.of_texts(train, self.batch_size, self.truncation),
                self._validation(held, framing),
                options,
                notes=(*tokens.notes, *said),
            )
        self.history_ = trained.history
        tensors = {f"codec.{name}": array for name, array in codec.tensors().items()}
        about: dict[str, Any] = {
            "train_texts": len(train),
            "train_tokens": _count(train, framing),
            "validation": tokens.how,
            "validation_tokens": _count(held, framing),
        }
        if self.baselines:
            fitted = self._baselines(train, held, len(codec), framing)
            tensors |= {f"baselines.{name}": array for name, array in fitted.tensors().items()}
            if _count(held, framing):
                about["validated_baselines"] = fitted.scores([ids[1:] for ids in held])
        if tokens.notes or said:
            about["notes"] = [*tokens.notes, *said]
        result = summary(self._task, blueprint, about, trained.history, options.config)
        self._finish(blueprint, network, options, tensors, self._settings(codec, framing, result))

    def _settings(
        self, codec: TextCodec, framing: Framing, result: dict[str, Any]
    ) -> dict[str, Any]:
        """What travels with the network as plain data."""
        settings = {"codec": codec.hash, "ends": framing.eos is not None, "metadata": result}
        settings |= {"backward": True} if framing.backward else {}
        return settings | ({} if self.held_out is None else {"held_out": dict(self.held_out)})

    def _validation(self, held: list[np.ndarray], framing: Framing) -> Any:
        if not _count(held, framing):
            return None
        return TextStreams.of_texts(held, self.batch_size, self.truncation)

    def _baselines(
        self, train: list[np.ndarray], held: list[np.ndarray], tokens: int, framing: Framing
    ) -> LanguageBaselines:
        """The n-gram models of the training part; the validation part chooses how long they are."""
        first, later = ([ids[1:] for ids in part] for part in (train, held))
        return fit_language(
            first,
            tokens,
            validation=later if _count(held, framing) else None,
            begin=framing.go,
            end=framing.eos,
            seed=self.seed,
        )

    def evaluate(self, X: Any, dynamic: Dynamic | bool = False) -> dict[str, Any]:
        """What the model is worth on texts, beside n-grams; see the runtime's model.

        Args:
            X: A text, or a list of them.
            dynamic: Whether the model is also scored learning while it reads, each text from the
                trained weights on; or how it does. The result has its scores as `dynamic`.
        """
        model = self._fitted("evaluate")
        result = model.evaluate(X)
        if dynamic is False:
            return result
        return {**result, "dynamic": dynamic_scores(model, X, dynamic)}

    def score(self, X: Any, y: Any = None) -> float:
        """-(nats a token) of texts: larger is better."""
        return self._fitted("score").score(X)

    def score_tokens(self, text: str) -> ScoredText:
        """How probable each token of a text is; see the runtime's model."""
        return self._fitted("score_tokens").score_tokens(text)

    def generate(self, *prefix: Any, **given: Any) -> Any:
        """Write how something goes on; see the `generate` of its kind of model.

        Of texts `elman.runtime.generator.GeneratorModel.generate`.
        """
        return self._fitted("generate").generate(*prefix, **given)

    def session(self, dynamic: Dynamic | bool = False) -> Session:
        """A text that is read and written on; see the runtime's model.

        Args:
            dynamic: Whether the weights learn from what is read; or how they do.
        """
        model = self._fitted("session")
        if dynamic is False:
            return model.session()
        return LearningSession.of(model, dynamic)

    @property
    def codec_(self) -> TextCodec:
        """What cuts texts into tokens."""
        return self._fitted("codec_").codec

    def _parts(self, texts: tuple[str, ...], seed: int) -> TextParts:
        given = self.validation
        if given is None:
            return TextParts(texts, (), "none: the last epoch is kept")
        if isinstance(given, str | list | tuple):
            held = tuple(as_texts([given] if isinstance(given, str) else given, "validation").texts)
            return TextParts(texts, held, f"{many(len(held), 'text')} that were given")
        if not isinstance(given, float | np.floating) or not 0 < given < 1:
            expected = "a share between 0 and 1, a list of texts, or None"
            raise ArgumentError("validation", f"found {given!r:.80}", expected)
        parts = spread_texts(texts, float(given), seed)
        if not any(parts.train) or not any(parts.held_out):
            found = f"{given:g} of {sum(map(len, texts)):,} characters leaves one part empty"
            raise ArgumentError("validation", found, "more text, another share, or None")
        return parts

    def _codec(
        self, texts: tuple[str, ...], warm: GeneratorModel | None
    ) -> tuple[TextCodec, tuple[str, ...]]:
        """What cuts the texts; of a model that goes on its own, grown by what it does not know."""
        if warm is None:
            return codec_for(self, as_texts(texts)), ()
        if warm.framing.backward != self.backward:
            reads = "from the end" if warm.framing.backward else "forward"
            found = f"{self.backward}, and the model that goes on reads {reads}"
            raise ArgumentError("backward", found, f"{warm.framing.backward}, or a fresh fit")
        before = same_codec(self, warm)
        codec = grown(before, texts, size=self.vocabulary, min_count=self.min_count)
        new = len(codec) - len(before)
        return codec, (f"{many(new, 'new token')} begin as <unk> does.",) if new else ()

    def _network(
        self, codec: TextCodec, warm: GeneratorModel | None, options: Options
    ) -> tuple[Blueprint, nn.Module, tuple[str, ...]]:
        given = self.head == "adaptive" or self.candidates is not None
        if given and codec.kind not in ("words", "characters", "melody"):
            name = "head" if self.head == "adaptive" else "candidates"
            found = f"{getattr(self, name)!r} with {codec.describe()}, not numbered by frequency"
            raise ArgumentError(name, found, "a codec of words or characters, or leave it out")
        blueprint = sequence_to_sequence(
            cells=self._cells(),
            outputs=len(codec),
            embedding=embedding_for(self, codec),
            dropout=self.dropout,
            input_dropout=self.input_dropout,
            head=self.head,
        )
        network = build(blueprint, seed=options.config.seed)
        small = self.head == "tied"
        said = start_vectors(self, network, codec, fitted=warm is not None, small=small)
        if self.candidates is not None:
            sample_scores(network, self.candidates)
        if warm is not None:
            weights = self._going_on(blueprint, network, warm)
            take_weights(network, weights)
        return blueprint, network, said

    def _going_on(
        self, blueprint: Blueprint, network: nn.Module, warm: GeneratorModel
    ) -> dict[str, np.ndarray]:
        """The weights of the model that goes on; new tokens have those of what was unknown."""
        check_same_network(blueprint, _of_vocabulary(warm.blueprint, blueprint.output_size))
        fresh, before = weights_of(network), warm.bundle.weights
        found = {}
        for name, array in fresh.items():
            old = before[name]
            if old.shape != array.shape:
                new = len(array) - len(old)
                unknown = warm.codec.unknown
                rows = array[len(old) :] if unknown is None else old[[unknown] * new]
                old = np.concatenate([old, rows])
            found[name] = old
        return found


def _count(framed: list[np.ndarray], framing: Framing) -> int:
    """How many tokens some texts have, without what stands around them."""
    around = 1 + (framing.eos is not None)
    return sum(len(ids) - around for ids in framed)


def _of_vocabulary(blueprint: Blueprint, size: int) -> Blueprint:
    """The same network, of another number of tokens."""
    first, *between, last = blueprint.chains["body"]
    if isinstance(last, Adaptive):  # its tails are cut by the vocabulary's size
        return blueprint
    name = "units" if isinstance(last, Dense) else "vocabulary"
    body = (replace(first, vocabulary=size), *between, replace(last, **{name: size}))  # pyright: ignore
    return replace(blueprint, chains={"body": body})
