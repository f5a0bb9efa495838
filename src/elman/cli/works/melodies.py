"""Tunes: training on them, what a model says of them, and the tunes that it writes."""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from elman import plots
from elman.cli.console import note, print_json
from elman.cli.level import kernels
from elman.cli.options import options_from
from elman.cli.works import Answers, Options, Writing
from elman.cli.works.conclusion import asked_item, check_picture, conclude, save_figures
from elman.cli.works.held_out import check_share, digest_of, judged_part_of
from elman.cli.works.music_pictures import melody_figure
from elman.cli.works.music_report import print_melodies, report_melodies
from elman.cli.works.report_tables import REPORT, keep_report
from elman.data.melodies import Melodies
from elman.data.readers.melodies import ENDINGS, MelodyOptions
from elman.data.sets.melodies import MELODIES, load_melodies
from elman.errors import ArgumentError
from elman.printable import many, printable

__all__ = ["MelodyWork"]

_TOLD: Options = options_from(MelodyOptions)
_TEST_SHARE = 0.1
_MUSIC = (".abc", ".mid", ".midi", ".wav")
_PICTURES = (".png", ".svg", ".pdf")
_SAMPLED = 40  # tunes that a report judges


class MelodyWork:
    """What is read, written, printed and drawn of tunes; see `elman.cli.works.Work`."""

    title = "Melodies"
    about: ClassVar[Options] = {
        "test": (str, "Data to score the finished model on, once."),
        "test_share": (
            float,
            "Instead: share of own data that is held out for that; default 0.1; 0 for none.",
        ),
        "test_seed": (int, "Of that drawing, whatever the training's seed is; default 0."),
        **_TOLD,
    }
    reading: ClassVar[Mapping[str, Options]] = {
        "predict": _TOLD,
        "evaluate": {**_TOLD, "report": REPORT},
        "plot": _TOLD,
        "generate": {
            "primer": (str, "How tunes begin: ABC, or a file of ABC or MIDI."),
            "key": (str, "Of tunes: G, Am, Ddor."),
            "metre": (str, "Of tunes: 6/8, 4/4, none."),
            "bars": (int, "After how many bar lines tunes end; default: where the model ends."),
            "exact": (bool, "Rule out notes that leave a bar of a tune too short or too long."),
        },
    }
    pictures = of_one = ("melody",)
    usual_data = "tunes"
    """What is trained on where nothing is named."""

    def takes(self, source: str) -> bool:
        """Whether data are tunes: a set's name, or files that end in .abc or .mid."""
        if not os.path.exists(source):
            return source in MELODIES
        return any(name.lower().endswith(ENDINGS) for name in _names(Path(source)))

    def training(self, about: Mapping[str, Any], estimator: Any) -> _Training:
        """The tunes that an estimator is trained on and scored on."""
        return _Training(about, estimator)

    def answers(self, model: Any, source: str, part: str | None, **given: Any) -> Answers:
        """How well each tune is said."""
        data, _ = _judged(model, _read(source, given), part or "all")

        def rows() -> Iterator[dict[str, Any]]:
            for name, tune in zip(data.ids, data.tunes, strict=True):
                found = model.evaluate(tune)
                keys = ("tokens", "events", "nats_per_token", "nats_per_event")
                filled = found["human_bars"]
                yield {"id": name, "title": tune.title, "metre": str(tune.metre),
                       "key": tune.key.abc, **{key: found[key] for key in keys},
                       "bars": filled["bars"], "bars_filled": filled["share"]}  # fmt: skip

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
        """The scores on tunes, beside the baselines in the model's file."""
        data, part = _judged(model, _read(source, given), part)
        result = _scored(model, data, part)
        result["notes"] = [*data.notes, *result["notes"]]
        print_json(result) if json else print_melodies(result)
        if report is not None:
            told = {**model.metadata, "task": model.task, "network": model.blueprint.describe()}
            keep_report(report, report_melodies({**told, "data": _facts(data), "test": result}))

    def generate(self, model: Any, asked: Writing) -> None:
        """Write tunes: as ABC on standard output, or as files."""
        _check_texts_only(asked)
        check_music_file(asked.out)
        given = _given(asked.given)
        primer = given.pop("primer", asked.prefix)
        found = model.generate(primer, n=asked.n, **given, **asked.told)
        if asked.json:
            print_json([one.to_dict() for one in found])
        for number, one in enumerate(found):
            if asked.out is not None:
                path = numbered(asked.out, number, asked.n)
                _write_tune(one, path)
                note(f"The tune is in {path}: {_said(one)}")
            elif not asked.json:
                shown = ("\n" * bool(number)) + one.abc
                sys.stdout.write(printable(shown) if sys.stdout.isatty() else shown)
                sys.stdout.flush()
                note(f"[{number + 1}: {_said(one)}]")
            for sentence in one.notes:
                note(f"Note: {sentence}")

    def draw(self, request: Any, model: Any) -> Any:
        """The piano roll of a tune, each note shaded by how surprising it is to the model."""
        check_picture(request, model, self.pictures)
        source, told = request.source_or_told()
        data, _ = _judged(model, _read(source, {**told, **request.given}), request.part)
        return melody_figure(data.tunes[asked_item(request, len(data))], model)


def numbered(path: Path, number: int, count: int) -> Path:
    """The file of one of several: tune.mid, or tune-1.mid, tune-2.mid, ..."""
    return path if count == 1 else path.with_name(f"{path.stem}-{number + 1}{path.suffix}")


def _check_texts_only(asked: Writing) -> None:
    for name, value in asked.constraints.items():
        if value:
            raise ArgumentError(f"--{name}", "given, and tunes are written", "leave it out")


def _write_tune(one: Any, path: Path) -> None:
    if path.suffix.lower() in _PICTURES:
        plots.save(melody_figure(one.melody, given=one), path)
    else:
        one.write(path)


def check_music_file(path: Path | None) -> None:
    """`ArgumentError` unless a file ends as music or a picture of it does."""
    if path is not None and path.suffix.lower() not in (*_MUSIC, *_PICTURES):
        expected = f"one of {', '.join((*_MUSIC, *_PICTURES))}"
        raise ArgumentError("--out", f"{str(path)!r:.80} ends in {path.suffix!r:.20}", expected)


def _said(one: Any) -> str:
    melody = one.melody
    filled = melody.filled()
    said = f"{many(melody.notes, 'note')} in {melody.key.abc}, {melody.metre}"
    bars = f"{filled.right} of {many(filled.bars, 'bar')} between plain bar lines fill the metre"
    if not filled.bars:
        bars = "no bar between plain bar lines"
    why = {"eos": "it ended", "bound": "the most tokens that were asked for"}
    return f"{said}; {bars}; {why.get(one.ended, one.ended)}"


def _names(path: Path) -> Iterator[str]:
    """The names of a file, or of those in a folder or a zip."""
    if path.is_dir():
        yield from (one.name for one in path.rglob("*") if one.is_file())
    elif path.suffix.lower() == ".zip" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from archive.namelist()
    else:
        yield path.name


def _read(source: str, told: Mapping[str, Any]) -> Melodies:
    return load_melodies(source, **_given({name: told.get(name) for name in _TOLD}))


def _given(told: Mapping[str, Any]) -> dict[str, Any]:
    """Options that were given: numbers may be 0, flags that are off say nothing."""
    return {k: value for k, value in told.items() if value is not None and value is not False}


def _digest(data: Melodies) -> str:
    return digest_of(data.texts)


def _held_out(data: Melodies, share: float, seed: int) -> tuple[Melodies, Melodies, str]:
    """Tunes to train on, those to test on, and how they were parted."""
    size = round(len(data) * share)
    if not 0 < size < len(data):
        found = f"{share:g} of {many(len(data), 'tune')} leaves one part empty"
        raise ArgumentError("--test-share", found, "more tunes, or another share")
    test = np.zeros(len(data), dtype=bool)
    test[np.random.default_rng(seed).permutation(len(data))[:size]] = True
    return data.select(~test), data.select(test), f"{share:g} of the tunes (seed {seed})"


def _judged(model: Any, data: Melodies, part: str | None) -> tuple[Melodies, str]:
    """Tunes to judge a model on, and which part of the data they are."""
    return judged_part_of(model, data, part, _digest, _held_out, _learnt_too)


def _learnt_too(training: Melodies, test: Melodies) -> list[str]:
    """What is to be said of tunes to test on that are tunes to learn from, too."""
    known = {tune.events for tune in training.tunes}
    count = sum(tune.events in known for tune in test.tunes)
    if not count:
        return []
    of = f"{count:,} of the {many(len(test), 'tune')} of the test part"
    return [f"{of} stand in the training part, too: of new tunes the score says less"]


def _scored(model: Any, data: Melodies, part: str) -> dict[str, Any]:
    return {"data": data.name, "part": part, **model.evaluate(data)}


def _facts(data: Melodies) -> dict[str, Any]:
    events = sum(len(tune.events) for tune in data.tunes)
    return {"name": data.name, "tunes": len(data), "events": events, "notes": list(data.notes)}


class _Training:
    """What an estimator of tunes is trained on and scored on."""

    def __init__(self, about: Mapping[str, Any], estimator: Any) -> None:
        test, asked, seed = about.get("test"), about.get("test_share"), about.get("test_seed", 0)
        check_share(about)
        self._data = self._training = _read(about["data"], about)
        self._test, how, estimator.held_out = None, "none: all are for training", None
        if test is not None:
            self._test = _read(test, about)
            how = f"{many(len(self._test), 'tune')} of {self._test.name}"
        elif asked != 0:
            share = _TEST_SHARE if asked is None else asked
            self._training, self._test, how = _held_out(self._data, share, seed)
            estimator.held_out = {"digest": _digest(self._data), "share": share, "seed": seed}
        self._split = {"how": how}

    def announce(self) -> None:
        """Say what is trained on, and what is held out."""
        data = self._training
        events = sum(len(tune.events) for tune in data.tunes)
        note(f"{many(len(data), 'tune')} of {data.name}, {events:,} events")
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
            scored = _scored(model, test, "test" if estimator.held_out else "all")
            scored["notes"] = [*_learnt_too(self._training, test), *scored["notes"]]
            scored["sampled"] = model.sampled(_SAMPLED)
            result["test"] = scored
        (sample,) = model.generate(seed=estimator.seed)
        result["sample"] = sample.abc
        folder.write_result(result)
        drawn = self._drawn(estimator, folder, sample) if pictures else []
        conclude(result, folder, drawn, json, report_melodies, print_melodies)
        note(f"It writes: elman generate {folder.path} --out tune.mid --key G --metre 6/8")

    def _drawn(self, estimator: Any, folder: Any, sample: Any) -> list[Path]:
        history = [record.to_dict() for record in estimator.history_.records]
        levels = estimator.result_.get("validated_baselines", {})
        figures = {
            "curves": plots.learning_curves(history, loss_name="nats a token", levels=levels),
            "melody": melody_figure((self._test or self._training).tunes[0], estimator.model_),
        }
        if sample.melody.notes:
            figures["written"] = melody_figure(sample.melody, given=sample)
        return save_figures(figures, folder.pictures)
