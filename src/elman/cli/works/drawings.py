"""Drawings: training on them, what a model says of them, and what it draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from elman import plots
from elman.cli.console import note, print_json
from elman.cli.level import kernels
from elman.cli.works import Answers, Options, Writing
from elman.cli.works.conclusion import check_picture, conclude, save_figures
from elman.cli.works.drawing_report import print_scores, report_text
from elman.cli.works.held_out import check_share, digest_of, judged_part_of
from elman.cli.works.report_tables import REPORT, keep_report
from elman.data.drawings import Drawings
from elman.data.readers.drawings import DrawingOptions
from elman.data.sets.drawings import drawing_names, is_drawings, load_drawings
from elman.errors import ArgumentError, DataError
from elman.files import replace_file
from elman.parameters import given_of
from elman.printable import many
from elman.registry import loaded
from elman.runtime.drawer import DrawingModel
from elman.runtime.drawing.pages import svg_page

__all__ = ["DrawingWork"]

_TOLD: Options = {
    "y": (str, "Drawings: where y grows to, down or up; else as the format has it."),
    "coordinates": (str, "Drawings as arrays: offsets or absolute; else what they look like."),
    "label": (str, "Drawings: a file's class: folder, file (its name) or none."),
}
_SPLIT = "elman.tasks.split:split"  # loaded where it is used: answers need no torch
_TEST_SHARE = 0.2
_PAGE = 40  # drawings of each kind on a report's page
_CLASSES = 10  # of which a report's page shows drawings


class DrawingWork:
    """What is read, printed and drawn of drawings; see `elman.cli.works.Work`."""

    title = "Drawings"
    about: ClassVar[Options] = {
        "test": (str, "Data to score the finished model on, once."),
        "test_share": (
            float,
            "Instead: share of own data that is held out for that, whole groups (who drew) where "
            "they are known; default 0.2; 0 for none.",
        ),
        "test_seed": (int, "Of that drawing, whatever the training's seed is; default 0."),
        **_TOLD,
    }
    reading: ClassVar[Mapping[str, Options]] = {
        "predict": _TOLD,
        "evaluate": {**_TOLD, "report": REPORT},
        "plot": {**_TOLD, "temperature": (float, "Drawings: of those that are drawn; default 1.")},
        "generate": {
            "kind": (str, "Drawings: the class that is drawn; else of each one at random."),
            "text": (str, "Drawings: the text that is written."),
            "columns": (int, "Drawings: of the page; default 10."),
        },
    }
    pictures = ("strokes",)
    of_data = ("strokes",)
    usual_data = "digit_strokes"

    def takes(self, source: str) -> bool:
        """Whether data are drawings."""
        return is_drawings(source)

    def training(self, about: Mapping[str, Any], estimator: Any) -> _Training:
        """The drawings that an estimator is trained on and scored on."""
        return _Training(about, estimator)

    def answers(self, model: Any, source: str, part: str | None, **given: Any) -> Answers:
        """How well each drawing is said."""
        data, _ = _judged(model, source, part or "all", {**model.reading, **_told(given)})

        def rows() -> Iterator[dict[str, Any]]:
            for k, name in enumerate(data.ids):
                found = model.evaluate(data.select([k]))
                row = {"id": name, "points": found["points"]}
                label = {} if data.labels is None else {"label": str(data.labels[k])}
                yield {**row, **label, "nats_per_point": found["nats_per_point"]}

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
        """The scores on drawings, beside the baselines in the model's file."""
        data, part = _judged(model, source, part, {**model.reading, **_told(given)})
        result = _scored(model, data, part)
        print_json(result) if json else print_scores(result)
        if report is not None:
            told = {**model.metadata, "task": model.task, "network": model.blueprint.describe()}
            keep_report(report, report_text({**told, "data": _facts(data), "test": result}))

    def generate(self, model: Any, asked: Writing) -> None:
        """Draw; into an SVG, PNG or PDF, or as strokes in JSON."""
        _check_text_only(asked)
        what = _asked_for(model, asked)
        options = replace(asked.options, **{
            name: value for name, value in model.usual_options().items() if name not in asked.told
        })  # fmt: skip
        found = model.generate(what, n=asked.n, options=options)
        for sentence in found.notes:
            note(f"Note: {sentence}")
        columns = asked.given.get("columns") or 10
        if asked.json:
            print_json(_plain(found))
        elif asked.out is None or asked.out.suffix.lower() == ".svg":
            page = svg_page(found, columns)
            print(page, end="") if asked.out is None else replace_file(asked.out, page.encode())
        else:
            told = found.labels is not None or found.texts is not None
            plots.save(_page({"": found}, _drew(found), columns, names=told), asked.out)
        if asked.out is not None and not asked.json:
            note(f"{many(len(found), 'drawing')} in {asked.out}")

    def draw(self, request: Any, model: Any) -> Any:
        """A page of what a model draws beside real drawings."""
        check_picture(request, model, self.pictures)
        source, told = request.source_or_told()
        told = {**model.reading, **_told(told), **_told(request.given)}
        data, _ = _judged(model, source, request.part, told)
        temperature = request.given.get("temperature")
        return page_of(model, data, 1.0 if temperature is None else temperature)

    def draw_data(self, request: Any) -> Any:
        """A page of drawings that are there."""
        if request.source is None:
            raise ArgumentError("--data", "not given", f"one of {', '.join(drawing_names())}")
        data = load_drawings(request.source, request.part, **_told(request.given))
        some = _some(data, 2 * _PAGE)
        for sentence in data.notes:
            note(f"Note: {sentence}")
        finding = f"{many(len(data), 'drawing')} of {data.name}"
        return _page({"": some}, finding, 10, names=data.labels is not None)


def page_of(model: DrawingModel, data: Drawings, temperature: float) -> Any:
    """What a model draws beside drawings of the same classes or texts."""
    condition = model.framing.condition
    if condition == "none":
        real = _some(data, _PAGE)
        drawn = model.generate(n=_PAGE, temperature=temperature)
    elif condition == "class":
        there = set(map(str, () if data.labels is None else data.labels))
        some = [one for one in model.classes if one in there]
        chosen = some[:: max(1, len(some) // _CLASSES)][:_CLASSES]
        each = max(1, _PAGE // len(chosen))
        rows = [np.flatnonzero(data.labels == one)[:each] for one in chosen]
        real = data.select(np.concatenate(rows))
        drawn = model.generate(chosen, n=each, temperature=temperature)
    else:
        real = _some(data, _PAGE // 2)
        drawn = model.generate(list(real.texts or ()), temperature=temperature)
    finding = f"What the model draws, at temperature {temperature:g}"
    more = "" if condition == "none" else f"It was told the {condition} of each."
    sections = {"The model's": drawn, f"Those of {data.name}": real}
    return _page(sections, finding, 10, more=more, names=condition != "none")


def _page(
    sections: Mapping[str, Drawings],
    finding: str,
    columns: int,
    more: str = "",
    names: bool = False,
) -> Any:
    strokes = {key: [some.strokes(k) for k in range(len(some))] for key, some in sections.items()}
    called = None
    if names:
        called = {key: _names(some) for key, some in sections.items()}
    return plots.drawings(strokes, finding, more, names=called, columns=columns)


def _names(some: Drawings) -> list[str]:
    known = some.labels if some.labels is not None else some.texts
    return [str(one).rpartition("/")[2] for one in (some.ids if known is None else known)]


def _drew(found: Drawings) -> str:
    kinds = [] if found.labels is None else sorted({*map(str, found.labels)})
    of = f" of {kinds[0]}" if len(kinds) == 1 else ""
    return f"{many(len(found), 'drawing')}{of}"


def _some(data: Drawings, count: int) -> Drawings:
    """Some, spread over all of them."""
    return data.select(np.unique(np.linspace(0, len(data) - 1, min(count, len(data))).astype(int)))


def _check_text_only(asked: Writing) -> None:
    for name, value in asked.constraints.items():
        if value:
            raise ArgumentError(
                f"--{name}", "given for drawings, which have no text", "leave it out"
            )
    if asked.options.beam_size > 1:
        raise ArgumentError("--beam-size", "given for drawings, which are drawn", "leave it out")


def _asked_for(model: Any, asked: Writing) -> Any:
    """The class or the text that is asked for."""
    condition = model.framing.condition
    given = {"class": asked.given.get("kind"), "text": asked.given.get("text") or asked.prefix}
    for name, option in (("class", "kind"), ("text", "text")):
        if given[name] and condition != name:
            found = (
                f"given, and this model is told {'nothing' if condition == 'none' else condition}"
            )
            raise ArgumentError(f"--{option}", found, "leave it out")
    return given.get(condition) or None


def _plain(found: Drawings) -> list[dict[str, Any]]:
    """Drawings as plain data."""
    rows = []
    for k in range(len(found)):
        row: dict[str, Any] = {"strokes": [one.round(4).tolist() for one in found.strokes(k)]}
        row |= {} if found.labels is None else {"label": str(found.labels[k])}
        row |= {} if found.texts is None else {"text": found.texts[k]}
        rows.append(row)
    return rows


def _told(given: Mapping[str, Any]) -> dict[str, Any]:
    return given_of({one.name: given.get(one.name) for one in fields(DrawingOptions)})


def _digest(data: Drawings) -> str:
    return digest_of(data.ids, b"".join(one.tobytes() for one in data.points))


def _held_out(data: Drawings, share: float, seed: int) -> tuple[Drawings, Drawings, str]:
    """Drawings to train on, those to test on, and how they were parted."""
    classes = None if data.labels is None else np.unique(data.labels, return_inverse=True)[1]
    drawn = loaded(_SPLIT)(len(data), share, seed, classes, data.groups)
    if not len(drawn.held_out):
        found = f"{share:g} of {many(len(data), 'drawing')} is not one"
        raise DataError(data.name, found, "--test DATA, or --test-share 0 for none")
    how = drawn.how.replace("sequences", "drawings")
    return data.select(drawn.train), data.select(drawn.held_out), how


def _judged(
    model: Any, source: str, part: str | None, told: Mapping[str, Any]
) -> tuple[Drawings, str]:
    """Drawings to judge a model on, and which part of the data they are."""
    if source in drawing_names():
        part = part or "test"
        return load_drawings(source, part), part
    return judged_part_of(model, load_drawings(source, **told), part, _digest, _held_out)


def _scored(model: Any, data: Drawings, part: str) -> dict[str, Any]:
    result = {"data": data.name, "part": part, **model.evaluate(data)}
    result["notes"] = [*data.notes, *result["notes"]]
    return result


def _facts(data: Drawings) -> dict[str, Any]:
    found: dict[str, Any] = {"name": data.name, "drawings": len(data), "notes": list(data.notes)}
    if data.labels is not None:
        names, counts = np.unique(data.labels, return_counts=True)
        found["classes"] = dict(zip(map(str, names), counts.tolist(), strict=True))
    return found


class _Training:
    """What an estimator of drawings is trained on and scored on."""

    def __init__(self, about: Mapping[str, Any], estimator: Any) -> None:
        source, test, asked = about["data"], about.get("test"), about.get("test_share")
        told, seed = _told(about), about.get("test_seed", 0)
        check_share(about)
        named = source in drawing_names()
        self._data = self._training = load_drawings(source, "train" if named else None, **told)
        self._test, self._part, how = None, "all", "none: all are for training"
        estimator.held_out = None
        if test is not None:
            self._test = load_drawings(test, "test" if test in drawing_names() else None, **told)
            how = f"{many(len(self._test), 'drawing')} of {self._test.name}"
        elif named and asked != 0:
            if asked is not None:
                found = f"{source} has a test part of its own"
                raise ArgumentError("--test-share", found, "leave it out, or 0 for none")
            self._test, self._part = load_drawings(source, "test"), "test"
            how = f"its test part, {many(len(self._test), 'drawing')}"
        elif asked != 0:
            share = _TEST_SHARE if asked is None else asked
            self._training, self._test, how = _held_out(self._data, share, seed)
            self._part = "test"
            estimator.held_out = {"digest": _digest(self._data), "share": share, "seed": seed}
        self._split = {"how": how}
        estimator.reading = told

    def announce(self) -> None:
        """Say what is trained on, and what is held out."""
        data = self._training
        points = sum(map(len, data.points))
        note(f"{many(len(data), 'drawing')} of {data.name}, {many(points, 'point')}")
        note(f"Test part: {self._split['how']}")
        for sentence in data.notes:
            note(f"Note: {sentence}")

    def fit(self, estimator: Any) -> None:
        """Train."""
        estimator.fit(self._training)

    def report(self, estimator: Any, folder: Any, pictures: bool, json: bool) -> None:
        """Score on the test part, write and print the result, draw the pictures."""
        model, test = estimator.model_, self._test
        result = {**estimator.result_, "data": _facts(self._data), "split": self._split}
        if test is not None:
            result["test"] = _scored(model, test, self._part)
        folder.write_result(result)
        drawn: list[Path] = []
        if pictures:
            history = [record.to_dict() for record in estimator.history_.records]
            levels = estimator.result_.get("validated_baselines", {})
            unit = {"loss_name": model.score_name, "levels": levels}
            figures = {"curves": plots.learning_curves(history, **unit)}
            figures["strokes"] = page_of(model, test if test is not None else self._training, 0.5)
            drawn = save_figures(figures, folder.pictures)
        conclude(result, folder, drawn, json, report_text, print_scores)
        told = {"class": " --kind CLASS", "text": ' --text "..."'}.get(model.framing.condition, "")
        note(f"It draws: elman generate {folder.path} --out page.svg --n 20{told}")
