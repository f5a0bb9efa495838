"""The kinds of input that tasks have, and what each verb does with them.

A `Work` reads the data that the command line names, and prints and draws what a model says of them.
Every task names its kind of input in `elman.registry`; a task adds nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, Protocol

from elman.registry import loaded, task_of

__all__ = ["WORKS", "Answers", "Options", "Training", "Work", "options_of_works", "work_of"]

Options = Mapping[str, tuple[Any, str]]
"""What a verb may be told for one kind of input: type and help by name."""

WORKS = {
    "captions": "elman.cli.works.captions:CaptionWork",
    "sequences": "elman.cli.works.sequences:SequenceWork",
    "series": "elman.cli.works.series:SeriesWork",
    "pairs": "elman.cli.works.pairs:PairWork",
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


def work_of(task: str) -> Any:
    """What serves the kind of input of the task of that name."""
    return loaded(WORKS[task_of(task).work])()


def options_of_works(verb: str) -> list[tuple[str, Options]]:
    """What a verb may be told for each kind of input, below its title."""
    works = [loaded(place) for place in WORKS.values()]
    return [(work.title, work.reading.get(verb, {})) for work in works]
