"""Sound in, text out: recurrent networks over frames, with labels that have no times."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from torch import nn

from elman.blueprint import Blueprint, sequence_to_sequence
from elman.data.recordings import Recordings
from elman.errors import ArgumentError
from elman.kernels.ctc import BLANK
from elman.models import build, limit_memory
from elman.parameters import again, documented, flag, one_of, parameter, plain, share, told
from elman.runtime.network import Network, run_batches
from elman.runtime.transcriber import TranscriberModel
from elman.runtime.transcribing.judging import SpokenBaselines, notes_on_silence
from elman.runtime.transcribing.listening import Listening
from elman.runtime.transcribing.transcript import Transcript
from elman.targets import Target
from elman.tasks.estimator import Estimator
from elman.tasks.fitting import Options, summary, take_weights, train_module, weights_of
from elman.tasks.head import check_same_network
from elman.tasks.network import ScaledInputs
from elman.tasks.parameters import (
    CellParameters,
    RunParameters,
    SoundParameters,
    TextParameters,
    optional,
)
from elman.tasks.parts import Part
from elman.tasks.sounds import features_for, same_features
from elman.tasks.transcribing import (
    Encoded,
    Utterances,
    codec_of_labels,
    encoded,
    spoken_parts,
    utterances,
)
from elman.training import Ctc, LabelAccuracy, Measure
from elman.training.config import SequenceTraining, Training
from elman.transforms.scaler import Scaler
from elman.transforms.sound import SoundFeatures
from elman.transforms.text import TextCodec, require_codec

__all__ = ["Transcriber"]

_TOLD_BY = 200  # recordings that tell whether a network says anything


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class Transcriber(Estimator, SoundParameters, CellParameters, SequenceTraining, RunParameters):
    """A recurrent network that hears sound and says what is spoken.

    It says at each step one label or none, and learns from the labels without their times
    (connectionist temporal classification, Graves et al. 2006). One that reads forward listens to
    streams.

    >>> import numpy as np
    >>> draws = np.random.default_rng(0)
    >>> said = ["ab" if k % 2 else "ba" for k in range(40)]
    >>> steps = {"a": [[1.0, 0.0]] * 3, "b": [[0.0, 1.0]] * 3}
    >>> X = [np.array([row for one in text for row in steps[one]]) for text in said]
    >>> X = [x + draws.normal(size=x.shape) / 10 for x in X]
    >>> model = Transcriber(units=16, epochs=30, learning_rate=0.02, validation=None).fit(X, said)
    >>> model.predict(X[:2])
    ['ba', 'ab']

    Args:
        {parameters}

    Attributes after `fit`:
        codec_: What labels are.
        model_, module_, history_, result_: See `Estimator`.
    """

    _task = "transcriber"
    _group: ClassVar = "Task"
    _table: ClassVar = "task"

    sound: Any = again(
        SoundParameters,
        "sound",
        "log-mel,stack=2,stride=2",
        "What is read of sounds: log-mel or mfcc, perhaps with parameters: mfcc,stack=3,stride=3. "
        "Labels need a step each: a stride that is too great leaves some without.",
    )
    distort: Any = again(SoundParameters, "distort", None)
    codec: Any = again(
        TextParameters,
        "codec",
        "auto",
        "What labels are: characters, subwords or words (between blanks); or a codec's file. auto: "
        "characters; words where y lists them.",
    )
    vocabulary: int | None = again(TextParameters, "vocabulary", None)
    min_count: int = again(TextParameters, "min_count", 1)
    bidirectional: bool = parameter(
        False, flag(), "Read in both directions: then it answers of whole recordings only."
    )
    input_dropout: float = parameter(0.0, share(), "Dropout rate of what the first layer reads.")
    scaling: str = parameter(
        "standard",
        one_of("standard", "none"),
        "Of each feature: standard (to mean 0 and deviation 1, as found in the training part) or "
        "none.",
    )
    validation: Any = parameter(
        0.1,
        optional(plain(float)),
        "Share of the recordings set aside to choose the best epoch on.",
        "Or recordings and texts as (X, y); or None, which keeps the last epoch.",
    )
    baselines: bool = parameter(
        True, flag(), "Keep what `evaluate` puts beside the score: what says always the same."
    )
    learning_rate: float = again(Training, "learning_rate", 2e-3)
    schedule: Any = again(Training, "schedule", "cosine")
    epochs: int = again(Training, "epochs", 20)

    held_out: ClassVar[dict[str, Any] | None] = None
    """What part of the data was held out for a test, for the model file; set on an estimator."""

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what is said.

        Args:
            X: `elman.data.Recordings`; or features `[N, T, F]`, or a list of `[T_i, F]`.
            y: N texts, or N lists of labels; None: the texts of the `Recordings`.

        Raises:
            ArgumentError, BlueprintError: A parameter is outside its range.
            ShapeError, DataError: They do not fit each other, or no labels fit into their steps.
            MissingExtraError: Subwords, without the extra `text`.
            TrainingError, CheckpointError, KeyboardInterrupt: As `Trainer.run` does.
        """
        options, warm = self._options(), self._warm()
        given = utterances(X, y)
        sound = self._sound(given, warm)
        parts = spoken_parts(given, self.validation, options.config.seed)
        codec = self._codec(parts.train, warm)
        features = None if warm is None else warm.blueprint.input_size
        drawn = self.distort, options.config.seed
        train = encoded(parts.train, codec, sound, features, "training", *drawn)
        held = None
        if parts.held_out is not None:
            size = train.sequences.features
            held = encoded(parts.held_out, codec, sound, size, "validation")
        scaler = self._scaler(train, warm)
        blueprint, network = self._network(codec, train, warm, options)
        notes = (*train.notes, *(() if held is None else held.notes))
        notes = tuple(dict.fromkeys(notes))  # what was said of the files, both have
        trained = train_module(
            ScaledInputs(network, scaler).to(options.device),
            Ctc(),
            train.examples,
            None if held is None else held.examples,
            options,
            score=LabelAccuracy(),
            notes=notes,
        )
        self.history_ = trained.history
        silent = _silent(blueprint, network, scaler, train if held is None else held)
        for note in silent:
            warnings.warn(note, stacklevel=2)
        notes = (*notes, *silent)
        about = {
            "train_recordings": len(train.texts),
            "train_steps": int(train.sequences.lengths.sum()),
            "validation": parts.how,
            "validation_recordings": 0 if held is None else len(held.texts),
            **({"notes": [*notes]} if notes else {}),
        }
        result = summary(self._task, blueprint, about, trained.history, options.config)
        self._keep(blueprint, network, options, codec, sound, scaler, train, result)
        return self

    def _keep(
        self,
        blueprint: Blueprint,
        network: nn.Module,
        options: Options,
        codec: TextCodec,
        sound: SoundFeatures | None,
        scaler: Scaler | None,
        train: Encoded,
        result: dict[str, Any],
    ) -> None:
        """Hold the model with all that travels with it."""
        tensors = {f"codec.{name}": array for name, array in codec.tensors().items()}
        if scaler is not None:
            tensors |= {f"inputs.{name}": array for name, array in scaler.tensors().items()}
        if self.baselines:
            kept = SpokenBaselines.fit(train.texts).tensors()
            tensors |= {f"baselines.{name}": array for name, array in kept.items()}
        settings = {"codec": codec.hash, "metadata": result}
        settings |= {} if sound is None else {"sound": sound.to_dict()}
        settings |= {} if self.held_out is None else {"held_out": dict(self.held_out)}
        self._finish(blueprint, network, options, tensors, settings)

    # ---- answers ------------------------------------------------------------------------------

    def transcribe(self, X: Any, **given: Any) -> Any:
        """What is spoken; see `elman.runtime.transcriber.TranscriberModel.transcribe`."""
        return self._fitted("transcribe").transcribe(X, **given)

    def predict(self, X: Any) -> list[str]:
        """What is spoken, as texts."""
        return self._fitted("predict").predict(X)

    def align(self, X: Any, y: Any = None) -> list[Transcript]:
        """Where each label of known texts is said; see the runtime's model."""
        return self._fitted("align").align(X, y)

    def listen(self, **given: Any) -> Listening:
        """A stream that is transcribed while it comes; see the runtime's model."""
        return self._fitted("listen").listen(**given)

    def evaluate(self, X: Any, y: Any = None, **given: Any) -> dict[str, Any]:
        """What the model is worth on recordings, beside its baselines; see the runtime's model."""
        return self._fitted("evaluate").evaluate(X, y, **given)

    def score(self, X: Any, y: Any = None) -> float:
        """1 - edits for each true label: larger is better."""
        return self._fitted("score").score(X, y)

    def training_loss(self, X: Any, y: Any = None) -> tuple[Part, Measure]:
        """What the fitted network learns from this X and y, and the loss that is made small.

        Args:
            X: As of `fit`.
            y: As of `fit`.

        Returns:
            The recordings whose labels fit into their steps, these unscaled, and as targets the
            classes of the labels `[N, U]`, zeros past each row's last. And the loss.

        Raises:
            NotFittedError: Before `fit`.
            ShapeError, DataError, ArgumentError: As of `fit`.
        """
        model: TranscriberModel = self._fitted("training_loss")
        size = model.blueprint.input_size
        kept = encoded(utterances(X, y), model.codec, model.sound, size, "given")
        return Part(kept.sequences, kept.examples.targets.numpy(), None, Target.TOKENS), Ctc()

    @property
    def codec_(self) -> TextCodec:
        """What labels are."""
        return self._fitted("codec_").codec

    # ---- how it is made -----------------------------------------------------------------------

    def _sound(self, given: Utterances, warm: TranscriberModel | None) -> SoundFeatures | None:
        """How samples become steps; that of the model that goes on, if there is one."""
        if not isinstance(given.given, Recordings):
            for name in ("sound", "distort"):
                if getattr(self, name) != told(type(self))[name].default:
                    found = f"{getattr(self, name)!r:.60}, and X holds no sounds"
                    raise ArgumentError(name, found, "leave it out, or X as Recordings")
            return None
        if warm is None:
            return features_for(self, given.given.rate)
        return same_features(self, warm)

    def _codec(self, train: Utterances, warm: TranscriberModel | None) -> TextCodec:
        """What labels are; those of the model that goes on, if there is one."""
        if warm is None:
            return codec_of_labels(self.codec, train, self.vocabulary, self.min_count)
        if isinstance(self.codec, TextCodec):
            require_codec(self.codec, warm.codec.hash)
        return warm.codec

    def _scaler(self, train: Encoded, warm: TranscriberModel | None) -> Scaler | None:
        """Of the training part's features; or the fitted model's, which its weights are used to."""
        if warm is not None:
            return warm.input_scaler
        if self.scaling == "none":
            return None
        return Scaler.fit(train.sequences.values, train.sequences.lengths)

    def _network(
        self, codec: TextCodec, train: Encoded, warm: TranscriberModel | None, options: Options
    ) -> tuple[Blueprint, nn.Module]:
        """The network as data, and the module that is trained."""
        blueprint = sequence_to_sequence(
            cells=self._cells(),
            outputs=len(codec) + 1,  # the blank is one more
            input_size=train.sequences.features,
            bidirectional=bool(self.bidirectional),
            dropout=self.dropout,
            input_dropout=self.input_dropout,
        )
        network = build(blueprint, seed=options.config.seed)
        if warm is not None:
            check_same_network(blueprint, warm.blueprint)
            take_weights(network, warm.bundle.weights)
        limit_memory(network, options.memory)
        return blueprint, network


def _silent(
    blueprint: Blueprint, network: nn.Module, scaler: Scaler | None, part: Encoded
) -> tuple[str, ...]:
    """What is to be said where every frame of a part is blank; its first recordings tell enough."""
    some = slice(_TOLD_BY)
    run = Network(blueprint, weights_of(network)).run
    outputs = run_batches(run, part.sequences.select(some), blueprint, scaler)
    lengths = part.sequences.lengths[some]
    spoken = (outputs.argmax(axis=2) != BLANK) & (np.arange(outputs.shape[1]) < lengths[:, None])
    said = ["said" if any_of else "" for any_of in spoken.any(axis=1)]
    return notes_on_silence(said, part.texts[some])
