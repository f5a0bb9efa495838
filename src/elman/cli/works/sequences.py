"""Sequences with what is to be known of each: training on them, and what a model says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

import elman
from elman import plots
from elman.cli.console import note, print_json, result_console
from elman.cli.level import kernels
from elman.cli.options import read_data, scored_part
from elman.cli.works import Answers, Options
from elman.cli.works.conclusion import conclude
from elman.cli.works.report_tables import REPORT, keep_report
from elman.cli.works.sequence_parts import (
    TABLE,
    asked_of,
    judged_part,
    remembered,
    split_sequences,
    table_of,
)
from elman.cli.works.sequence_pictures import (
    INSIDE,
    draw_inside,
    needs_labels,
    pictures_of,
    save_all,
)
from elman.cli.works.sequence_report import data_facts, print_scores, report_text, validated
from elman.cli.works.word_pictures import EMBEDDINGS, embeddings_of
from elman.data import LabelledSequences
from elman.errors import ArgumentError
from elman.printable import closest
from elman.registry import task_of
from elman.run_files import model_file

__all__ = ["SequenceWork"]

_DIAGNOSED = 16  # sequences that tell enough of where the gradient goes


class SequenceWork:
    """What is read, printed and drawn of sequences; see `elman.cli.works.Work`."""

    title = "Sequences"
    about: ClassVar[Options] = {
        "test": (str, "Data to score the finished model on, once."),
        "test_share": (
            float,
            "Instead: share of own data that is held out for that, by whole sequences and by "
            "class; default 0.2; 0 for none.",
        ),
        "test_seed": (int, "Of that drawing, whatever the training's seed is; default 0."),
        **TABLE,
        "group": (
            str,
            "Table: a column, as of subjects, whose sequences all stay on one side of the test and "
            "of the validation part.",
        ),
    }
    reading: ClassVar[Mapping[str, Options]] = {
        "predict": TABLE,
        "evaluate": {
            **TABLE,
            "report": REPORT,
        },
        "plot": {**TABLE, **EMBEDDINGS},
    }
    pictures = (*INSIDE, "gradients", "learning-rates", "embeddings")
    usual_data = None

    def training(self, about: Mapping[str, Any], estimator: Any) -> _Training:
        """The sequences that an estimator is trained on and scored on."""
        return _Training(about, estimator)

    def answers(self, model: Any, source: str, part: str | None, **given: Any) -> Answers:
        """The answer for each sequence."""
        part = part or scored_part(source)
        told = asked_of(model, given)
        data = read_data(source, part, told, table_of(model, labelled="label" in told))
        options = {k: v for k, v in given.items() if k not in TABLE and v is not None}
        rows = model.rows(data.sequences, data.ids, **options)
        what = f"{len(data):,} answers by {kernels()}"
        return Answers(rows, what, data.notes, data.failed)

    def evaluate(
        self,
        model: Any,
        source: str,
        part: str | None,
        json: bool,
        report: str | None = None,
        **columns: str | None,
    ) -> None:
        """The scores on labelled sequences, beside the baselines in the model's file."""
        data, part = judged_part(model, source, part, asked_of(model, columns))
        result = _scored(model, data, part)
        result["notes"] = [*data.notes, *result["notes"]]
        print_json(result) if json else print_scores(result)
        if report is not None:
            read = replace(data, notes=())  # they stand among the result's
            own = {"task": model.task, "network": model.blueprint.describe()}
            told = {**model.metadata, **own, "data": _facts(read), "test": result}
            keep_report(report, report_text(told))

    def draw(self, request: Any, model: Any) -> Any:
        """A picture of what the model answers, or of what happens inside it."""
        if request.kind in INSIDE:
            data = self._read(request, model)
            return draw_inside(request.kind, model, data, request.index or 0)
        if request.kind == "gradients":
            return self._gradients(request, model)
        if request.kind == "embeddings":
            return embeddings_of(model, request.given)
        if request.kind == "learning-rates":
            return self._learning_rates(request, model)
        drawn = pictures_of(model)
        if request.kind not in drawn:
            known = ("curves", *drawn, *self.pictures)
            found = f"a {model.task} has no picture {request.kind!r}"
            if request.kind in task_of(model.task).load_pictures():
                answers = f"this {model.task}'s answers are of the kind {str(model.target)!r}"
                found = f"{answers}, which has no picture {request.kind!r}"
            raise ArgumentError("KIND", found, closest(request.kind, known))
        source, told = self._told(request, model)
        data = None if needs_labels(request.kind, model) else self._read(request, model)
        if data is None or data.labels is not None:
            data, _ = judged_part(model, source, request.part, told)
        for sentence in data.notes:
            note(f"Note: {sentence}")
        return drawn[request.kind](model, data, request.index)

    def _told(self, request: Any, model: Any) -> tuple[str, dict[str, Any]]:
        """The data: what was given, or what the run was trained on, its table's columns too."""
        source, told = request.source_or_told()
        # A column of `plot` cannot be called --path, as its model is: what the run was told stands.
        given = {name: request.given.get(name) or told.get(name) for name in TABLE}
        return source, asked_of(model, given)

    def _read(self, request: Any, model: Any) -> LabelledSequences:
        """The data, with labels or without."""
        source, told = self._told(request, model)
        return read_data(source, request.part or scored_part(source), told, table_of(model, False))

    def _gradients(self, request: Any, model: Any) -> Any:
        """Where the gradient goes at some sequences; their labels are used if known."""
        data = self._read(request, model)
        some = data.select(slice(_DIAGNOSED))
        estimator = task_of(model.task).load_estimator().load(model_file(request.needed()))
        batch = some.sequences if some.labels is None else (some.sequences, some.targets)
        diagnosis = elman.diagnose(estimator, batch)
        result_console.print(str(diagnosis), markup=False, highlight=False)
        note(f"Measured at the first {len(some)} of {len(data)} sequences")
        return plots.gradients(diagnosis.to_dict())

    def _learning_rates(self, request: Any, model: Any) -> Any:
        """The loss of a fresh network of this kind at growing rates, on what is learnt from."""
        source, told = self._told(request, model)
        own = request.source is None or scored_part(source) is not None
        data, _ = judged_part(model, source, request.part or ("train" if own else "all"), told)
        estimator = task_of(model.task).load_estimator().load(model_file(request.needed()))
        estimator.set_params(warm_start=False, threads=1)
        found = elman.learning_rate_range(estimator, data.sequences, data.targets)
        result_console.print(str(found), markup=False, highlight=False)
        note(f"Measured on {len(data):,} sequences of {data.name}, with a fresh network")
        return plots.learning_rates(found.to_dict())


def _scored(model: Any, data: LabelledSequences, part: str) -> dict[str, Any]:
    """What a model or an estimator makes of labelled data."""
    result = model.evaluate(data.sequences, data.targets)
    return {"data": data.name, "part": part, **result}


def _facts(data: LabelledSequences) -> dict[str, Any]:
    """What was read; of classes also how many sequences each has."""
    labels, more = np.asarray(data.labels), {}
    if labels.ndim == 1 and labels.dtype.kind in "iUb":
        names, counts = np.unique(labels, return_counts=True)
        pairs = zip(names.tolist(), counts.tolist(), strict=True)
        more = {"classes": {str(name): count for name, count in pairs}}
    return data_facts(data, more)


class _Training:
    """What an estimator of sequences is trained on and scored on.

    Raises:
        DataError, ArgumentError: The data cannot be read, or have no labels.
    """

    def __init__(self, about: Mapping[str, Any], estimator: Any) -> None:
        estimator.reading = remembered(about)
        self._parts = split_sequences(about, estimator)
        estimator.reading = {**self._parts.data.written, **estimator.reading}
        test = self._parts.test
        estimator.held_out = test.ids if test is not None and self._parts.drawn else ()

    def announce(self) -> None:
        """Say what is trained on, and what is held out."""
        parts = self._parts
        holds = parts.training.sequences.holds
        what = holds if holds in ("texts", "sounds") else "sequences"
        note(f"{len(parts.training):,} {what} of {parts.training.name}")
        note(f"Test part: {parts.split['how']}")
        for sentence in (*parts.training.notes, *parts.notes):
            note(f"Note: {sentence}")

    def fit(self, estimator: Any) -> None:
        """Train."""
        training = self._parts.training
        more = {} if training.groups is None else {"groups": training.groups}
        estimator.fit(training.sequences, training.targets, **more)

    def report(self, estimator: Any, folder: Any, pictures: bool, json: bool) -> None:
        """Score on the test part, write and print the result, draw the pictures."""
        result, test = dict(estimator.result_), self._parts.test
        result |= {"data": _facts(self._parts.data), "split": self._parts.split}
        if test is not None:
            part = "test" if self._parts.drawn else scored_part(test.name) or "all"
            result["test"] = _scored(estimator, test, part)
        folder.write_result(result)
        drawn: list[Path] = []
        if pictures:
            history = [record.to_dict() for record in estimator.history_.records]
            drawn = save_all(folder.pictures, estimator.model_, test, history)
        untested = f"{validated(result)} For a test score give {self._parts.advice}."
        conclude(result, folder, drawn, json, report_text, print_scores, untested)
