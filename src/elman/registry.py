"""The tasks that there are: one row each, whose parts are loaded when they are used."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from elman.errors import ArgumentError
from elman.printable import closest

__all__ = ["Input", "Task", "known_tasks", "loaded", "register_task", "task_of"]


@dataclass(frozen=True)
class Input:
    """A further kind of input that a task takes, and who serves it.

    Its data are objects with an attribute `input`, its name: by that an estimator knows them.

    Attributes:
        name: Of `elman.cli.works.WORKS`; model files keep it as the setting "input".
        model: What answers, as `Task.model`; its attribute `input` is the name.
        learning: What trains: a function `learn(estimator, X, y, **given)`, which ends with
            `Estimator._finish`.
        usual: Parameters that suit it, where they are not told.
        own: Parameters of the estimator that are of this kind only.
        lacks: Parameters of the estimator that are not of this kind.
    """

    name: str
    model: str
    learning: str
    usual: Mapping[str, Any] = field(default_factory=dict)
    own: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """A task, and where what serves it is: "package.module:name".

    Attributes:
        name: In model files, in configurations and on the command line.
        summary: What it does, in a line.
        estimator: What trains it: an `elman.tasks` estimator.
        model: What answers, without torch: an `elman.runtime.answering.Answering`.
        work: The kind of its input: a name of `elman.cli.works.WORKS`.
        example: Of training it from the command line.
        pictures: Of its answers: a mapping of names to functions of model, data and index, each of
            which gives a figure; None: there are none.
        inputs: Further kinds of input that it takes.
    """

    name: str
    summary: str
    estimator: str
    model: str
    work: str
    example: str
    pictures: str | None = None
    inputs: tuple[Input, ...] = ()

    @property
    def works(self) -> tuple[str, ...]:
        """The names of all kinds of input that it takes, the usual one first."""
        return (self.work, *(row.name for row in self.inputs))

    def input_of(self, name: str, where: str = "input") -> Input | None:
        """The row of a kind of input; None: the usual one, whose name is also "".

        Raises:
            ArgumentError: The task takes no such input.
        """
        if name in ("", self.work):
            return None
        for row in self.inputs:
            if row.name == name:
                return row
        found = f"a {self.name} does not take {name!r:.60}"
        raise ArgumentError(where, found, closest(name, self.works))

    def load_estimator(self) -> Any:
        """The estimator's class; `MissingExtraError` without what training needs."""
        return loaded(self.estimator)

    def load_model(self, name: str = "") -> Any:
        """The class of what answers of a kind of input; errors as of `input_of`."""
        row = self.input_of(name)
        return loaded(self.model if row is None else row.model)

    def load_pictures(self) -> Mapping[str, Any]:
        """The functions by the pictures' names."""
        return {} if self.pictures is None else loaded(self.pictures)


_TASKS = {
    row.name: row
    for row in (
        Task(
            "captioner",
            "A sentence about a vector or an image: captions.",
            "elman.tasks.captioner:Captioner",
            "elman.runtime.captioner:CaptionerModel",
            "captions",
            "elman train captioner --data features.npy --captions captions.jsonl --epochs 10",
        ),
        Task(
            "classifier",
            "Which class a sequence belongs to, or which labels it has.",
            "elman.tasks.classifier:Classifier",
            "elman.runtime.classifier:ClassifierModel",
            "sequences",
            "elman train classifier --data digits --cell gru --units 64 --epochs 20",
            "elman.cli.works.sequence_pictures:OF_CLASSIFIERS",
        ),
        Task(
            "forecaster",
            "How time series go on, with intervals, beside honest baselines.",
            "elman.tasks.forecaster:Forecaster",
            "elman.runtime.forecaster:ForecasterModel",
            "series",
            "elman train forecaster --data sales.csv --horizon 28 --target units --time day",
            inputs=(
                Input(
                    "paths",
                    "elman.runtime.paths:PathModel",
                    "elman.tasks.forecasting.paths:learn",
                    usual={
                        "cell": "gru",
                        "units": 64,
                        "learning_rate": 3e-3,
                        "batch_size": 64,
                        "epochs": 25,
                    },
                    own=("neighbours", "components", "point"),
                    lacks=(
                        "strategy",
                        "dilations",
                        "segment",
                        "recall",
                        "linear",
                        "windows_per_epoch",
                        "output",
                        "loss",
                        "levels",
                        "transform",
                        "scaling",
                        "window_scaling",
                        "traits",
                        "calendar",
                        "identify",
                        "season",
                        "gaps",
                        "short",
                        "joint",
                        "keep",
                        "refit",
                        "baselines",
                    ),
                ),
            ),
        ),
        Task(
            "generator",
            "How a text goes on: a language model that scores texts and writes them.",
            "elman.tasks.generator:Generator",
            "elman.runtime.generator:GeneratorModel",
            "texts",
            "elman train generator --data book.txt --epochs 5",
            inputs=(
                Input(
                    "chorales",
                    "elman.runtime.chorales:ChoraleModel",
                    "elman.tasks.generating.chorales:learn",
                    usual={
                        "units": 300,
                        "layer_norm": True,
                        "dropout": 0.5,
                        "input_dropout": 0.2,
                        "recurrent_dropout": 0.25,
                        "average": 0.98,
                        "batch_size": 8,
                        "learning_rate": 1e-2,
                        "epochs": 24,
                        "clip_norm": 1.0,
                    },
                    own=("transpose", "chord", "chord_units"),
                    lacks=(
                        *("codec", "vectors", "frozen", "backward", "ends", "vocabulary"),
                        *("min_count", "embedding", "word_dropout", "head", "candidates"),
                        *("weight_drop", "variational", "truncation"),
                    ),
                ),
                Input(
                    "drawings",
                    "elman.runtime.drawer:DrawingModel",
                    "elman.tasks.generating.drawings:learn_drawings",
                    usual={
                        "units": 192,
                        "batch_size": 64,
                        "learning_rate": 5e-3,
                        "validation": 0.1,
                        "epochs": 30,
                        "dropout": 0.2,
                        "deform": 0.08,
                    },
                    own=("condition", "components", "tolerance", "deform"),
                    lacks=(
                        *("codec", "vocabulary", "min_count", "embedding", "vectors", "frozen"),
                        *("word_dropout", "input_dropout", "head", "candidates", "truncation"),
                        *("ends", "backward"),
                    ),
                ),
                Input(
                    "melodies",
                    "elman.runtime.melodist:MelodyModel",
                    "elman.tasks.generating.melodies:learn",
                    usual={"dropout": 0.3, "validation": 0.1, "batch_size": 16},
                    own=("pitch", "transpose"),
                    lacks=("codec", "vectors", "frozen", "backward", "ends"),
                ),
            ),
        ),
        Task(
            "regressor",
            "One or several numbers for a sequence, or for each of its steps.",
            "elman.tasks.regressor:Regressor",
            "elman.runtime.regressor:RegressorModel",
            "sequences",
            "elman train regressor --data adding --cell gru --units 64",
            "elman.cli.works.sequence_pictures:OF_REGRESSORS",
        ),
        Task(
            "tagger",
            "A tag for each word, or for each step of any sequence.",
            "elman.tasks.tagger:Tagger",
            "elman.runtime.tagger:TaggerModel",
            "sequences",
            "elman train tagger --data words.csv --text word --label tag --epochs 10",
            "elman.cli.works.sequence_pictures:OF_TAGGERS",
        ),
        Task(
            "transcriber",
            "What is said in recordings, and in streams as they are spoken.",
            "elman.tasks.transcriber:Transcriber",
            "elman.runtime.transcriber:TranscriberModel",
            "sounds",
            "elman train transcriber --data digit_strings --cell gru --units 128",
        ),
        Task(
            "translator",
            "Another text for a text: translations, spellings, forms of dates.",
            "elman.tasks.translator:Translator",
            "elman.runtime.translator:TranslatorModel",
            "pairs",
            "elman train translator --source train.en --target train.fr --epochs 10",
        ),
    )
}


def known_tasks() -> Iterator[Task]:
    """All tasks, by name."""
    return iter(sorted(_TASKS.values(), key=lambda row: row.name))


def task_of(name: Any, where: str = "TASK") -> Task:
    """The task of that name.

    Raises:
        ArgumentError: There is none.
    """
    if name not in _TASKS:
        found = "not given" if name is None else f"found {name!r}"
        raise ArgumentError(where, found, closest(name, [row.name for row in known_tasks()]))
    return _TASKS[name]


def register_task(row: Task) -> None:
    """Add a task: then `elman.load` and every verb of the command line know it.

    Raises:
        ArgumentError: Another task has its name.
    """
    if _TASKS.get(row.name, row) != row:
        raise ArgumentError("task", f"{row.name!r} is there already", "another name")
    _TASKS[row.name] = row


def loaded(place: str) -> Any:
    """What stands at "package.module:name"."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
