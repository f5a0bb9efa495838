"""The parameters that estimators have in common, by group."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from elman.errors import ArgumentError
from elman.parameters import (
    Kind,
    flag,
    numbers,
    one_of,
    parameter,
    plain,
    share,
    text,
    whole,
    whole_number,
)
from elman.training.config import SequenceTraining
from elman.transforms.sound import SoundDistortion, SoundFeatures
from elman.transforms.text import TextCodec

__all__ = [
    "CellParameters",
    "ConvolutionParameters",
    "FeatureParameters",
    "PoolParameters",
    "RunParameters",
    "SequenceParameters",
    "SoundParameters",
    "TextParameters",
    "optional",
]


def optional(kind: Kind) -> Kind:
    """Values that are checked where they are used; on the command line 0 is None."""
    return kind._replace(
        check=lambda _name, value: value,
        read=lambda name, given: None if given == 0 else kind.read(name, given),
        shell="0: as if not given.",
    )


def _memory() -> Kind:
    def check(name: str, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return value
        return whole_number(name, value, 1)

    def read(_name: str, given: str) -> str | int | None:
        if given == "none":
            return None
        return int(given) if given.isdecimal() else given

    return Kind(check, "", str, read, "Or none.")


def _codec() -> Kind:
    def check(name: str, value: Any) -> Any:
        if not isinstance(value, str | TextCodec):
            raise ArgumentError(name, f"found {value!r:.60}", "a name, a path, or a codec")
        return value

    return Kind(check, "", str, lambda _name, given: given)


def _of_sounds(plain: type) -> Kind:
    def check(name: str, value: Any) -> Any:
        if value is not None and not isinstance(value, str | Mapping | plain):
            raise ArgumentError(name, f"found {value!r:.60}", f"a text, or a {plain.__name__}")
        return value

    return Kind(check, "", str, lambda _name, given: None if given == "none" else given)


def _path() -> Kind:
    def check(name: str, value: Any) -> Any:
        if value is not None and not isinstance(value, str | os.PathLike):
            raise ArgumentError(name, f"found {value!r:.60}", "a file's path, or None")
        return value

    def read(_name: str, given: str) -> str | None:
        return None if given == "none" else given

    return Kind(check, "", str, read, "Or none.")


@dataclass(kw_only=True, eq=False, repr=False)
class CellParameters:
    """The stack of cells, and what its gradients may need."""

    _group: ClassVar = "Network"
    _table: ClassVar = "task"

    cell: str = parameter(
        "lstm",
        text(),
        "lstm, gru, rnn, one of elman.cells.more as min-gru, or one's own: file.py:NAME, mod:NAME.",
        "One's own is made by `elman.cells.written`, or registered, and then said by its name.",
    )
    units: int | Sequence[int] = parameter(
        128,
        numbers(int, "a number, or some as 128,64", single=True),
        "Hidden size of every layer, or one for each.",
    )
    layers: int = parameter(1, plain(int), "How many layers.", "1 where `units` is a list.")
    dropout: float = parameter(0.0, share(), "Dropout rate between the layers and before the last.")
    recurrent_dropout: float = parameter(0.0, share(), "Rate of what a step passes on to the next.")
    zoneout: float = parameter(0.0, share(), "Rate of units that keep their old state at a step.")
    activation: str = parameter("tanh", text(), "Of the cell rnn: tanh or relu.")
    layer_norm: bool = parameter(False, flag(), "Layer normalisation inside the cells.")
    memory: str | int | None = parameter(
        None,
        _memory(),
        "What gradients may need, as 512MB, or how many states to save.",
        "The gradients are exact as they are: the rest is computed again. None: no bound.",
    )


@dataclass(kw_only=True, eq=False, repr=False)
class RunParameters:
    """The machine, and how one fit is made and shown: what tells nothing of the model."""

    _group: ClassVar = "Machine and run"
    _table: ClassVar = "machine"

    device: str = parameter("cpu", plain(str), "cpu or cuda.")
    threads: int | None = parameter(
        None,
        plain(int),
        "Of torch while it trains.",
        "None: as torch has them; but one where a short trial shows that other work keeps the "
        "processors busy, which is said. Where `OMP_NUM_THREADS` is set there is no trial.",
    )
    workers: int = parameter(
        0, plain(int), "Threads that prepare batches ahead of the training; the result is the same."
    )
    warm_start: bool = parameter(
        False,
        None,
        "Whether `fit` goes on from the weights of the last fit.",
        "What was found in the data then (classes, scalers) stays as it is.",
        kept=False,
    )
    verbose: bool = parameter(
        False, None, "Whether to show the progress on standard error.", kept=False
    )
    callbacks: Sequence[Callable[..., Any]] = parameter(
        (),
        None,
        "Functions that are called with each event of the training (`elman.training.Event`).",
        "One that raises `elman.training.StopTraining` ends the training early; the best epoch's "
        "weights are kept.",
        kept=False,
    )
    tensorboard: bool = parameter(
        False, flag(), "Write for TensorBoard, into the run's folder.", kept=False
    )
    run: Any = parameter(
        None,
        None,
        "A folder (or `RunFolder`) for configuration, metrics, checkpoints and model.",
        kept=False,
    )
    resume: bool = parameter(
        False, None, "Whether to go on with the interrupted run in that folder.", kept=False
    )


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceParameters(CellParameters, SequenceTraining, RunParameters):
    """The parameters of an estimator of what belongs to sequences."""

    _group: ClassVar = "Task"
    _table: ClassVar = "task"

    bidirectional: bool = parameter(False, flag(), "Read in both directions.")
    scaling: str = parameter(
        "standard",
        one_of("standard", "none"),
        "Of each feature: standard (to mean 0 and deviation 1, as found in the training part) or "
        "none.",
    )
    axes: str | None = parameter(
        None,
        None,
        "The axes of an array X: NTI (sequences, steps, features) or NIT, as sktime has them.",
        "None: NTI; where that would be several features of one step, it is asked for.",
    )
    loss: Any = parameter(
        None,
        None,
        "A loss of your own: a function of outputs and targets, or a torch module.",
        "It gives a loss for each example (`[M]`), or their mean, of outputs `[M, K]` and targets: "
        "class indices `[M]`, 0 and 1 `[M, L]`, or numbers `[M, K]` of mean 0 and deviation 1; per "
        "step, M are the real steps. None: the task's.",
    )
    network: Any = parameter(
        None,
        None,
        "A network of your own: a torch module, or a function that makes one.",
        "`network(inputs, lengths)` gives `[B, K]`, per step `[B, T, K]`, of scaled inputs "
        "`[B, T, I]` and lengths `[B]` (None: all T). A function is called with I and K. A module "
        "is copied, and trained from its own weights on. No model file can hold it: pickle the "
        "estimator. None: what the parameters of the group Network describe.",
    )
    start: Any = parameter(
        None,
        None,
        "A model whose first layers the network begins with, whatever its task: the path of its "
        "file or of its run's folder, or a `model_`.",
        "Vectors of tokens and recurrent layers are taken where they fit, which is said; all else "
        "begins at random. See `starting_from`.",
        kept=False,
    )
    validation: Any = parameter(
        0.1,
        optional(plain(float)),
        "Share of the sequences set aside to choose the best epoch on.",
        "Or `(X, y)`; or None, which keeps the last epoch.",
    )
    baselines: bool = parameter(
        True, flag(), "Fit the honest baselines that `evaluate` puts beside the score."
    )


@dataclass(kw_only=True, eq=False, repr=False)
class PoolParameters:
    """What an estimator answers on that gives one answer for a whole sequence."""

    _group: ClassVar = "Task"
    _table: ClassVar = "task"

    pool: str = parameter(
        "last",
        one_of("last", "mean", "max", "mean_max", "attention"),
        "Answer on the last state, or on the mean or max over time or both, or on a mean weighted "
        "by attention.",
    )
    beside: bool = parameter(
        False,
        flag(),
        "Pool what the cells read beside what they give.",
        "So what convolutions have found is told both as it is and in its order. Not with "
        "pool='last', which reads only a state.",
    )


@dataclass(kw_only=True, eq=False, repr=False)
class ConvolutionParameters:
    """What reads several steps at once in front of the cells, so that these read fewer."""

    _group: ClassVar = "Network"
    _table: ClassVar = "task"

    convolutions: Sequence[int] | None = parameter(
        None,
        numbers(int, "some as 64,64", nothing="none"),
        "Units of the convolutions that stand in front of the cells, the first one first.",
        "Each is rectified (ReLU). None: the cells read the steps themselves.",
    )
    convolution_width: int | Sequence[int] = parameter(
        8,
        numbers(int, "a number, or some as 16,5", single=True),
        "Steps that a convolution reads at once, or one number for each.",
    )
    convolution_pool: int | Sequence[int] = parameter(
        2,
        numbers(int, "a number, or some as 4,2", single=True),
        "Of how many steps a convolution passes on the largest values, or one number for each.",
        "1 where a class or number belongs to each step.",
    )
    convolution_norm: bool = parameter(
        False,
        flag(),
        "Normalise the convolutions over the real steps of each batch.",
        "An answer is normalised by averages that training kept.",
    )


def _models() -> Kind:
    def check(name: str, value: Any) -> Any:
        several = value if isinstance(value, list | tuple) else [value]
        if value is not None and not 1 <= len(several) <= 2:
            expected = "one language model, or two: one forward, one backward; or None"
            raise ArgumentError(name, f"found {len(several)}", expected)
        return value

    def read(_name: str, given: str) -> list[str] | None:
        return None if given == "none" else given.split(",")

    return Kind(check, "", str, read, "As forward.elman,backward.elman; or none.")


@dataclass(kw_only=True, eq=False, repr=False)
class FeatureParameters:
    """What language models tell an estimator of each word or token."""

    _group: ClassVar = "Language models"
    _table: ClassVar = "task"

    features_from: Any = parameter(
        None,
        _models(),
        "A generator, or two (one forward, one backward), whose states are further features.",
        "A model's file, its run's folder, or a `model_`. Of one that reads forward it is the "
        "state after the last character of each word (or token), of one that reads from the end "
        "that after its first. They stay as they are, and travel in the model file.",
    )
    keep_features: bool = parameter(
        False,
        flag(),
        "Keep these features of the data that are learnt from in the cache folder, for further "
        "trainings.",
        kept=False,
    )


@dataclass(kw_only=True, eq=False, repr=False)
class TextParameters:
    """The parameters of an estimator that may read texts; of other sequences they have no use."""

    _group: ClassVar = "Texts"
    _table: ClassVar = "task"

    codec: Any = parameter(
        "words",
        _codec(),
        "What texts are cut into: words, characters or subwords; or a codec's file.",
        "It is fitted on the training part, and kept in the model file. Or a codec of your own, as "
        "`elman.transforms.fit_codec` gives it.",
    )
    vocabulary: int | None = parameter(
        None,
        whole(1, none=True),
        "How many tokens are known at most, the most frequent ones.",
        "None: 50,000 words, all characters, 8,000 subwords.",
    )
    min_count: int = parameter(
        1, whole(1), "How often a token must stand in the training part to be known."
    )
    embedding: int = parameter(150, whole(1), "Numbers that stand for a token.")
    vectors: Any = parameter(
        None,
        _path(),
        "A file of word vectors that tokens begin with: of word2vec or GloVe.",
        "Tokens that are not in it begin at random. `embedding` must be its width.",
    )
    frozen: int = parameter(
        0,
        whole(0),
        "For how many epochs the tokens' vectors stay as they begin.",
        "As many as `epochs`: for all.",
    )
    word_dropout: float = parameter(
        0.0, share(), "Rate of tokens that are read as unknown in training."
    )
    input_dropout: float = parameter(0.0, share(), "Dropout rate of the tokens' vectors.")


@dataclass(kw_only=True, eq=False, repr=False)
class SoundParameters:
    """The parameters of an estimator that may read sounds; of other sequences they have no use."""

    _group: ClassVar = "Sounds"
    _table: ClassVar = "task"

    sound: Any = parameter(
        "log-mel",
        _of_sounds(SoundFeatures),
        "What is read of sounds: log-mel or mfcc, perhaps with parameters: mfcc,deltas=2.",
        "Fields of `elman.transforms.SoundFeatures`, as a text or a mapping; or one of these.",
    )
    distort: Any = parameter(
        None,
        _of_sounds(SoundDistortion),
        "Distorted copies of sounds to learn from besides: copies=5,speed=0.2,noise_db=10.",
        "Fields of `elman.transforms.SoundDistortion`, likewise. Of the training part only.",
    )
