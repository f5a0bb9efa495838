"""The kinds of input that tasks have, and what each verb does with them.

A `Work` reads the data that the command line names, and prints and draws what a model says of them.
Every task names its kind of input in `elman.registry`; a task adds nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

from elman.decoding import SearchOptions
from elman.registry import loaded, task_of

__all__ = ["WORKS", "Answers", "Options", "Training", "Work", "Writing"]
__all__ += ["about_of", "input_of", "options_of_works", "work_for", "work_of"]

Options = Mapping[str, tuple[Any, str]]
"""What a verb may be told for one kind of input: type and help by name."""

WORKS = {
    "captions": "elman.cli.works.captions:CaptionWork",
    "chorales": "elman.cli.works.chorales:ChoraleWork",
    "drawings": "elman.cli.works.drawings:DrawingWork",
    "melodies": "elman.cli.works.melodies:MelodyWork",
    "sequences": "elman.cli.works.sequences:SequenceWork",
    "series": "elman.cli.works.series:SeriesWork",
    "pairs": "elman.cli.works.pairs:PairWork",
    "paths": "elman.cli.works.paths:PathWork",
    "sounds": "elman.cli.works.sounds:SoundWork",
    "texts": "elman.cli.works.texts:TextWork",
}
"""The kinds of input, loaded when they are used."""


class Answers(NamedTuple):
    """What a model says, as a table.

    Attributes:
        rows: Values by column.
        what: Of how many things it is, as "30 answers".
        notes: Sentences that belong to it.
        failed: What could not be read, a sentence each: there is no answer to it.
    """

    rows: Iterator[dict[str, Any]]
    what: str
    notes: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Writing:
    """What `elman generate` is asked for.

    Attributes:
        prefix: What stands before.
        n: How many.
        options: How steps are chosen.
        told: The fields of `options` that were told; the rest are defaults.
        constraints: `expression` and `stop`, of texts: None and () where they were not given.
        out: A file to write; None: standard output.
        json: Whether to print JSON.
        given: Options of the kind of input, None where not given.
    """

    prefix: str
    n: int
    options: SearchOptions
    told: Mapping[str, Any]
    constraints: Mapping[str, Any]
    out: Path | None
    json: bool
    given: Mapping[str, Any]


class Training(Protocol):
    """A training from the command line: what is read, and what is said when it is done."""

    def announce(self) -> None:
        """Say what is trained on."""
        ...

    def fit(self, estimator: Any) -> None:
        """Train."""
        ...

    def report(self, estimator: Any, folder: Any, pictures: bool, json: bool) -> None:
        """Score on the test part, write and print the result, draw the pictures."""
        ...


class Work(Protocol):
    """One kind of input.

    One that is written, too, has `generate(model, asked: Writing) -> None`, which prints. One that
    is drawn without a model has `of_data`, names among its pictures, and `draw_data(request)`.
    `of_one`, where there is one, names the pictures that are of one item, which `--index` chooses.

    Attributes:
        title: What the options of this kind stand under.
        about: What a training is told of its data; the names are those of `config.toml`.
        reading: What `predict`, `evaluate` and `plot` are told, by verb.
        pictures: The names of the pictures that every model of this kind has.
        usual_data: What is trained on where nothing is named; None: it must be.
    """

    title: ClassVar[str]
    about: ClassVar[Options]
    reading: ClassVar[Mapping[str, Options]]
    pictures: ClassVar[tuple[str, ...]]
    usual_data: ClassVar[str | None]

    def takes(self, source: str) -> bool:
        """Whether data are of this kind, of a task that takes several; asked of further kinds."""
        ...

    def training(self, about: Mapping[str, Any], estimator: Any) -> Training:
        """What an estimator is trained on, as `about` tells."""
        ...

    def answers(self, model: Any, source: str, part: str | None, **given: Any) -> Answers:
        """What a model says of data."""
        ...

    def evaluate(self, model: Any, source: str, part: str | None, json: bool, **given: Any) -> None:
        """Print a model's score on data, beside its baselines."""
        ...

    def draw(self, request: Any, model: Any) -> Any:
        """The picture that is asked for, as a figure."""
        ...


def work_of(task: str, name: str = "") -> Any:
    """What serves a kind of input of the task of that name; "": its usual one."""
    return loaded(WORKS[name or task_of(task).work])()


def work_for(model: Any) -> Any:
    """What serves the kind of input that a model has."""
    return work_of(model.task, getattr(model, "input", ""))


def about_of(task: str) -> Options:
    """What a training is told of its data, whatever the kind of it; see `Work.about`."""
    row = task_of(task)
    found: dict[str, tuple[Any, str]] = {}
    for name in row.works:
        found = {**work_of(task, name).about, **found}
    if row.inputs:
        kinds = ", ".join(row.works)
        found["reads"] = (str, f"What the data are: {kinds}; default: what they look like.")
    return found


def input_of(task: str, source: str | None, told: str | None = None) -> str:
    """Which of the task's kinds of input data are of; "": the usual one.

    Args:
        task: Its name.
        source: A set's name or a path; None: nothing was named.
        told: The kind, where it is told.

    Raises:
        ArgumentError: The task takes no input of the kind that was told.
    """
    row = task_of(task)
    if told is not None:
        found = row.input_of(told, "--reads")
        return "" if found is None else found.name
    others = [] if source is None else [one.name for one in row.inputs]
    return next((name for name in others if work_of(task, name).takes(source)), "")


def options_of_works(verb: str) -> list[tuple[str, Options]]:
    """What a verb may be told for each kind of input, below its title."""
    works = [loaded(place) for place in WORKS.values()]
    return [(work.title, work.reading.get(verb, {})) for work in works]
