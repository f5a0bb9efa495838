"""Pieces of several voices: training on them, what a model says of them, and what it writes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from elman import plots
from elman.cli.console import note, print_json
from elman.cli.level import kernels
from elman.cli.works import Answers, Options, Writing
from elman.cli.works.conclusion import asked_item, check_picture, conclude, save_figures
from elman.cli.works.held_out import check_part
from elman.cli.works.melodies import numbered
from elman.cli.works.music_pictures import chorale_figure
from elman.cli.works.music_report import print_chorales, report_chorales
from elman.cli.works.report_tables import REPORT, keep_report
from elman.data.melodies import Chorales
from elman.data.sets.melodies import CHORALES, load_chorales
from elman.errors import ArgumentError
from elman.printable import many
from elman.runtime.writing.chords import sounding

__all__ = ["ChoraleWork"]

_TOLD: Options = {
    "per_quarter": (int, "Steps of a quarter note that MIDI files are read by; default 1."),
}
_BEGINS = re.compile(rb'\s*(\[\s*\[\s*\[|\{\s*"(train|valid|test)"\s*:\s*\[\s*\[\s*\[)')


class ChoraleWork:
    """What is read, written, printed and drawn of chorales; see `elman.cli.works.Work`."""

    title = "Chorales"
    about: ClassVar[Options] = {
        "test": (str, "Data to score the finished model on, once; a set has its own."),
        **_TOLD,
    }
    reading: ClassVar[Mapping[str, Options]] = {
        "predict": _TOLD,
        "evaluate": {**_TOLD, "report": REPORT},
        "plot": _TOLD,
        "generate": {
            "primer": (str, "How pieces begin: a file of MIDI, JSON or npz."),
            "length": (int, "Steps of a piece; default 64."),
            "tempo": (float, "Quarter notes a minute of a piece of several voices; default 84."),
        },
    }
    pictures = of_one = ("chorale",)
    usual_data = "chorales"
    """What is trained on where nothing is named."""

    def takes(self, source: str) -> bool:
        """Whether data are pieces of several voices: a set's name, or JSON that holds such."""
        if not os.path.isfile(source):
            return source in CHORALES
        with open(source, "rb") as file:
            return _BEGINS.match(file.read(256)) is not None

    def training(self, about: Mapping[str, Any], estimator: Any) -> _Training:
        """The pieces that an estimator is trained on and scored on."""
        return _Training(about, estimator)

    def answers(self, model: Any, source: str, part: str | None, **given: Any) -> Answers:
        """How well each piece is said."""
        data, _ = _judged(source, part, given)

        def rows() -> Iterator[dict[str, Any]]:
            for name, piece in zip(data.ids or (), data.pieces, strict=True):
                said = model.score_steps(piece)
                yield {"id": name, "steps": len(piece), "nats_per_step": -float(said.mean())}

        return Answers(rows(), f"{len(data):,} answers by {kernels()}", data.notes, data.failed)

    def evaluate(
        self,
        model: Any,
        source: str,
        part: str | None,
        json: bool,
        report: str | None = None,
        **given: Any,
    ) -> None:
        """The scores on pieces, beside the baselines in the model's file."""
        data, part = _judged(source, part, given)
        result = {"data": data.name, "part": part, **model.evaluate(data)}
        result["notes"] = [*data.notes, *result["notes"]]
        print_json(result) if json else print_chorales(result)
        if report is not None:
            told = {**model.metadata, "task": model.task, "network": model.blueprint.describe()}
            keep_report(report, report_chorales({**told, "data": _facts(data), "test": result}))

    def generate(self, model: Any, asked: Writing) -> None:
        """Write pieces: as JSON on standard output, or as files."""
        for name, value in asked.constraints.items():
            if value:
                raise ArgumentError(f"--{name}", "given, and chords are written", "leave it out")
        given = {name: value for name, value in asked.given.items() if value is not None}
        primer = given.pop("primer", asked.prefix)
        found = model.generate(primer, n=asked.n, **given, **asked.told)
        if asked.json or asked.out is None:
            print_json([one.to_dict() for one in found])
        for number, one in enumerate(found):
            if asked.out is not None:
                path = numbered(asked.out, number, asked.n)
                _write_piece(one, path)
                note(f"The piece is in {path}: {many(len(one.roll), 'step')}")

    def draw(self, request: Any, model: Any) -> Any:
        """The piano roll of a piece."""
        check_picture(request, model, self.pictures)
        source, told = request.source_or_told()
        data, part = _judged(source, request.part, {**told, **request.given})
        index = asked_item(request, len(data))
        piece, said = data.pieces[index], model.score_steps(data.pieces[index])
        name = (data.ids or ())[index]
        finding = f"{data.name}, {part} part, {name}: {-said.mean():.2f} nats a step"
        return chorale_figure(sounding(piece, data.per_quarter), finding)


def _write_piece(one: Any, path: Path) -> None:
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        one.write(path)
        return
    given = one.given / one.per_quarter
    plots.save(chorale_figure(one.notes, _finding(one), given=given), path)


def _finding(one: Any) -> str:
    each = one.nats_per_step
    said = f"A piece of {many(len(one.roll), 'step')} that was written"
    return said if each is None else f"{said}, {each:.2f} nats a step"


def _read(source: str, told: Mapping[str, Any]) -> Chorales:
    return load_chorales(source, per_quarter=told.get("per_quarter") or 1)


def _judged(source: str, part: str | None, told: Mapping[str, Any]) -> tuple[Chorales, str]:
    """Pieces to judge a model on, and which part of the data they are: the test part, if any."""
    check_part(part)
    data = _read(source, told)
    if data.parts is None or part == "all":
        if part in ("train", "test"):
            raise ArgumentError("--part", f"{data.name} has no parts", "all")
        return data, "all"
    return data.part(part or "test"), part or "test"


def _facts(data: Chorales) -> dict[str, Any]:
    return {"name": data.name, "pieces": len(data), "steps": data.steps, "notes": [*data.notes]}


class _Training:
    """What an estimator of chorales is trained on and scored on."""

    def __init__(self, about: Mapping[str, Any], estimator: Any) -> None:
        self._data, estimator.held_out = _read(about["data"], about), None
        self._test, how = None, "none: all are for training"
        if about.get("test") is not None:
            self._test = _read(about["test"], about)
            how = f"{many(len(self._test), 'piece')} of {self._test.name}"
        elif self._data.parts is not None and "test" in self._data.parts:
            self._test = self._data.part("test")
            how = f"the test part of {self._data.name}: {many(len(self._test), 'piece')}"
        self._split = {"how": how}

    def announce(self) -> None:
        """Say what is trained on, and what is held out."""
        data = self._data
        note(f"{many(len(data), 'piece')} of {data.name}, {data.steps:,} steps")
        note(f"Test part: {self._split['how']}")
        for sentence in data.notes:
            note(f"Note: {sentence}")

    def fit(self, estimator: Any) -> None:
        """Train."""
        estimator.fit(self._data)

    def report(self, estimator: Any, folder: Any, pictures: bool, json: bool) -> None:
        """Score on the test part, write and print the result, draw the pictures."""
        model, test = estimator.model_, self._test
        result = {**estimator.result_, "data": _facts(self._data), "split": self._split}
        if test is not None:
            result["test"] = {"data": test.name, "part": "test", **model.evaluate(test)}
        folder.write_result(result)
        drawn = self._drawn(estimator, folder) if pictures else []
        conclude(result, folder, drawn, json, report_chorales, print_chorales)
        note(f"It writes: elman generate {folder.path} --out piece.mid --length 64")

    def _drawn(self, estimator: Any, folder: Any) -> list[Path]:
        history = [record.to_dict() for record in estimator.history_.records]
        levels = estimator.result_.get("validated_baselines", {})
        (sample,) = estimator.model_.generate(seed=estimator.seed)
        figures = {
            "curves": plots.learning_curves(history, loss_name="nats a step", levels=levels),
        }
        if sample.notes:
            figures["written"] = chorale_figure(sample.notes, _finding(sample))
        return save_figures(figures, folder.pictures)
