"""Sequences with what is to be known of each: training on them, and what a model says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import elman
from elman import plots
from elman.cli.console import note, print_json, result_console, score_table
from elman.cli.level import kernels
from elman.cli.options import model_file, read_data, read_labelled, scored_part, table_kind
from elman.cli.works import Answers, Options
from elman.cli.works.sequence_pictures import (
    INSIDE,
    draw_inside,
    pictures_of,
    save_all,
)
from elman.data import LabelledSequences, labelled_names
from elman.errors import ArgumentError
from elman.printable import closest
from elman.registry import task_of

__all__ = ["SequenceWork"]

_COLUMNS: Options = {
    "series": (str, "Table: the column that names the sequence."),
    "step": (str, "Table: the column that orders the steps."),
    "label": (str, "Table: the column of the label or number to predict; of several numbers a,b."),
    "features": (str, "Table: the columns to read as features, as a,b; else all others."),
    "ignore": (str, "Table: columns to leave out, as note,id."),
}
_DIAGNOSED = 16  # sequences that tell enough of where the gradient goes


class SequenceWork:
    """What is read, printed and drawn of sequences; see `elman.cli.works.Work`."""

    title = "Sequences"
    about: ClassVar[Options] = {
        "test": (str, "Data to score the finished model on, once."),
        **_COLUMNS,
    }
    counts: ClassVar = ()
    reading: ClassVar[Mapping[str, Options]] = {
        "predict": _COLUMNS,
        "evaluate": _COLUMNS,
        "plot": _COLUMNS,
    }
    pictures = (*INSIDE, "gradients")

    def training(self, about: Mapping[str, Any], estimator: Any) -> _Training:
        """The sequences that an estimator is trained on and scored on."""
        return _Training(about, estimator)

    def answers(self, model: Any, source: str, part: str | None, **given: Any) -> Answers:
        """The answer for each sequence."""
        part = part or scored_part(source)
        told = _told(given)
        data = read_data(source, part, told, _table_of(model, labelled="label" in told))
        options = {k: v for k, v in given.items() if k not in _COLUMNS and v is not None}
        rows = model.rows(data.sequences, data.ids, **options)
        return Answers(rows, f"{len(data):,} answers by {kernels()}", data.notes)

    def evaluate(
        self, model: Any, source: str, part: str | None, json: bool, **columns: str | None
    ) -> None:
        """The score on labelled sequences, beside the baselines in the model's file."""
        part = part or scored_part(source)
        data = read_labelled(source, part, _told(columns), _table_of(model))
        result = model.evaluate(data.sequences, data.labels)
        result = {"data": data.name, "part": part or "all", **result}
        print_json(result) if json else _print_scores(result)

    def draw(self, request: Any, model: Any) -> Any:
        """A picture of what the model answers, or of what happens inside it."""
        if request.kind in INSIDE:
            data = self._read(request, model)
            return draw_inside(request.kind, model, data, request.index or 0)
        if request.kind == "gradients":
            return self._gradients(request, model)
        drawn = pictures_of(model)
        if request.kind not in drawn:
            known = ("curves", *drawn, *self.pictures)
            found = f"a {model.task} has no picture {request.kind!r}"
            raise ArgumentError("KIND", found, closest(request.kind, known))
        data = self._read(request, model, labelled=True)
        return drawn[request.kind](model, data, request.index)

    def _read(self, request: Any, model: Any, *, labelled: bool = False) -> LabelledSequences:
        """The data: what was given, or what the run was trained on, its table's columns too."""
        source, told = request.source_or_told()
        given = {name: request.given[name] or told.get(name) for name in _COLUMNS}
        part, read = request.part or scored_part(source), read_labelled if labelled else read_data
        return read(source, part, _told(given), _table_of(model, labelled))

    def _gradients(self, request: Any, model: Any) -> Any:
        """Where the gradient goes at some sequences; their labels are used if known."""
        data = self._read(request, model)
        some = data.select(slice(_DIAGNOSED))
        estimator = task_of(model.task).load_estimator().load(model_file(request.needed()))
        batch = some.sequences if some.labels is None else (some.sequences, some.labels)
        diagnosis = elman.diagnose(estimator, batch)
        result_console.print(str(diagnosis), markup=False, highlight=False)
        note(f"Measured at the first {len(some)} of {len(data)} sequences")
        return plots.gradients(diagnosis.to_dict())


def _told(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the options say of a table, as `elman.data.read` takes it."""
    found = {name: given[name] for name in _COLUMNS if given.get(name) is not None}
    for name in ("features", "ignore", "label"):
        if name in found and (name != "label" or "," in found[name]):
            found[name] = [part.strip() for part in found[name].split(",")]
    return found


def _table_of(model: Any, labelled: bool = True) -> dict[str, Any]:
    """How a table is read for a model that knows its features' names, and how it was trained.

    Args:
        model: The model.
        labelled: Whether there must be labels.
    """
    told = {**_told(model.reading), **table_kind(model), "labelled": labelled}
    if model.feature_names is not None:
        told["features"] = list(model.feature_names)
    return told


class _Training:
    """What an estimator of sequences is trained on and scored on.

    Raises:
        DataError, ArgumentError: The data cannot be read, or have no labels.
    """

    def __init__(self, about: Mapping[str, Any], estimator: Any) -> None:
        self._about = about
        self._kind = table_kind(estimator)
        roles = ("series", "step", "label")
        estimator.reading = {name: about[name] for name in roles if name in about}
        source, test = about["data"], about.get("test")
        self._training = self._read(source, "train" if scored_part(source) else None)
        self._held_out: LabelledSequences | None = None
        if test is not None:
            self._held_out = self._read(test, scored_part(test))
        elif source in labelled_names():
            self._held_out = self._read(source, "test")

    def announce(self) -> None:
        """Say what is trained on."""
        note(f"{len(self._training):,} sequences of {self._training.name}")
        for sentence in self._training.notes:
            note(f"Note: {sentence}")

    def fit(self, estimator: Any) -> None:
        """Train."""
        estimator.fit(self._training.sequences, self._training.labels)

    def report(self, estimator: Any, folder: Any, pictures: bool, json: bool) -> None:
        """Score on the test part, write and print the result, draw the pictures."""
        result, held_out = dict(estimator.result_), self._held_out
        if held_out is not None:
            part = scored_part(held_out.name) or "all"
            scores = estimator.evaluate(held_out.sequences, held_out.labels)
            result["test"] = {"data": held_out.name, "part": part, **scores}
            folder.write_result(result)
        if json:
            print_json(result)
        elif held_out is not None:
            _print_scores(result["test"])
        else:
            note(f"{_on_validation(result)}. For a test score give --test DATA.")
        note(f"Model: {folder.model}")
        if pictures:
            history = [record.to_dict() for record in estimator.history_.records]
            for path in save_all(folder.pictures, estimator.model_, held_out, history):
                note(f"Picture: {path}")

    def _read(self, source: str, part: str | None) -> LabelledSequences:
        return read_labelled(source, part, _told(self._about), self._kind)


def _print_scores(result: dict[str, Any]) -> None:
    """What `evaluate` of a model gives, with `data` and `part` added, as a table."""
    title = f"{result['data']}, {result['part']} part, {result['sequences']:,} sequences"
    title += f", {kernels()}"
    scores = {"this model": result["score"], **result["baselines"]}
    percent = result["metric"] == "accuracy"
    result_console.print(score_table(title, result["metric"], scores, percent))
    for sentence in result["notes"]:
        note(f"Note: {sentence}")


def _on_validation(result: dict[str, Any]) -> str:
    """What is known of the best epoch: where there is no score, it was chosen by the loss."""
    score, loss = result["validation_score"], result["validation_loss"]
    if loss is None:
        return "No validation part was set aside"
    name, value = ("Loss", loss) if score is None else ("Score", score)
    return f"{name} on the validation part: {value:.4f}"
