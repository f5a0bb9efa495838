"""Recordings and what is said in them: training on them, and what a transcriber hears."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

import elman
from elman import plots
from elman.cli.console import note, print_json
from elman.cli.level import kernels
from elman.cli.options import options_from
from elman.cli.works import Answers, Options
from elman.cli.works.conclusion import asked_item, check_picture, conclude, save_figures
from elman.cli.works.held_out import check_part, check_share, digest_of, judged_part_of
from elman.cli.works.report_tables import REPORT, keep_report
from elman.cli.works.sound_report import print_scores, report_text
from elman.data.readers.sound import SoundOptions
from elman.data.recordings import Recordings
from elman.data.sets.sounds import digit_strings, load_recordings, recording_names
from elman.decoding import PrefixOptions
from elman.errors import ArgumentError, DataError
from elman.printable import many
from elman.registry import loaded
from elman.run_files import model_file

__all__ = ["SEARCH", "SoundWork", "asked_of", "spoken_figure"]

_TOLD: Options = {n: o for n, o in options_from(SoundOptions).items() if n != "label"}
SEARCH: Options = {
    **{name: one for name, one in options_from(PrefixOptions).items() if name != "n_best"},
    "language_model": (str, "A generator's model file, or its run's folder, that has a say."),
    "hotwords": (str, "Words that are made more likely, with commas between."),
    "boost": (float, "By how many nats for each of their labels; default 2."),
}
"""What a search for labels is told; none of it given, the most probable labels decide."""
_STRINGS = "digit_strings"
_SIZES = {"train": 4000, "test": 500}  # of the strings of digits that have a name
_TEST_SHARE = 0.1
_SPLIT = "elman.tasks.split:split"  # loaded where something is drawn: it stands beside torch
_SHOWN = 20  # answers in a report


class SoundWork:
    """What is read, printed and drawn of recordings; see `elman.cli.works.Work`."""

    title = "Sounds"
    about: ClassVar[Options] = {
        "test": (str, "Recordings to score the finished model on, once."),
        "test_share": (
            float,
            "Instead: share of own recordings that is held out for that; default 0.1; 0 for none.",
        ),
        "test_seed": (int, "Of that drawing, whatever the training's seed is; default 0."),
        **_TOLD,
    }
    reading: ClassVar[Mapping[str, Options]] = {
        "predict": {**_TOLD, **SEARCH},
        "evaluate": {**_TOLD, **SEARCH, "report": REPORT},
        "plot": _TOLD,
    }
    pictures = ("alignment",)
    usual_data = None

    def training(self, about: Mapping[str, Any], estimator: Any) -> _Training:
        """The recordings that an estimator is trained on and scored on."""
        return _Training(about, estimator)

    def answers(self, model: Any, source: str, part: str | None, **given: Any) -> Answers:
        """What is said in each recording."""
        data = _read(source, _default_part(source, part), _told(model, given))
        search = asked_of(given)

        def rows() -> Iterator[dict[str, Any]]:
            for name, one in zip(data.ids, model.transcribe(data, **search), strict=True):
                yield {"id": name, "prediction": one.text, "log_probability": one.log_probability}

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
        """The scores of what is heard, beside those of the baselines in the model's file."""
        read = _spoken(_read(source, _default_part(source, part), _told(model, given)))
        data, part = _judged(model, read, source, part)
        result = _scored(model, data, part, **asked_of(given))
        print_json(result) if json else print_scores(result)
        if report is not None:
            told = {**model.metadata, "task": model.task, "network": model.blueprint.describe()}
            keep_report(report, report_text({**told, "data": _facts(data), "test": result}))

    def draw(self, request: Any, model: Any) -> Any:
        """A picture of what is heard over time in a recording."""
        check_picture(request, model, self.pictures)
        source, told = request.source_or_told()
        told = {**told, **{k: v for k, v in request.given.items() if v is not None}}
        data = _read(source, _default_part(source, request.part), _told(model, told))
        return spoken_figure(model, data.select([asked_item(request, len(data))]))


def spoken_figure(model: Any, data: Recordings) -> Any:
    """The picture of what a model hears in the only one of some recordings."""
    (steps,) = model.heard(data).sequences.rows()
    sound = model.sound
    bands: dict[str, Any] = {}
    if sound is not None:
        (signal,) = data.resampled(sound.rate).signals
        frames = sound.spectrogram(signal)[: len(steps) * sound.stride]
        missing = len(steps) * sound.stride - len(frames)
        frames = np.pad(frames, ((0, missing), (0, 0)), constant_values=np.nan)
        bands = {"spectrogram": frames, "hertz": sound.band_hertz}
    (scores,), (said,) = model.scores(data), model.transcribe(data)
    true = None if data.texts is None else data.texts[0]
    return plots.alignment(
        steps,
        np.exp(scores),
        ("blank", *model.codec.tokens),
        said.labels,
        said.times,
        model.step_seconds,
        true=true,
        **bands,
    )


def asked_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the options say of a search, as `TranscriberModel.searching` takes it."""
    found = {name: given[name] for name in SEARCH if given.get(name) is not None}
    if "hotwords" in found:
        found["hotwords"] = [one.strip() for one in found["hotwords"].split(",")]
    if "language_model" in found:
        found["language_model"] = elman.load(model_file(Path(found["language_model"])))
    return found


def _told(model: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of the files, or was when the model was trained."""
    known = {} if model is None else dict(model.reading)
    told = {**known, **{name: given[name] for name in _TOLD if given.get(name) is not None}}
    if model is not None and model.sound is not None:
        told.setdefault("rate", model.sound.rate)
    return told


def _default_part(source: str, part: str | None) -> str | None:
    """The part of a set that is judged where none is asked for."""
    return (part or "test") if source in (_STRINGS, *recording_names()) else None


def _read(source: str, part: str | None, told: Mapping[str, Any]) -> Recordings:
    """Recordings by name or from files; strings of digits of the two sizes that have a name."""
    if source == _STRINGS:
        return digit_strings(_SIZES.get(part or "train", 1), 0, part or "train")
    if source in recording_names():
        return load_recordings(source, part)
    return load_recordings(source, part, **told)


def _spoken(data: Recordings) -> Recordings:
    if data.texts is None:
        raise DataError(data.name, "nothing is known of what is said", "texts: --said COLUMN")
    return data


def _digest(data: Recordings) -> str:
    return digest_of(
        f"{name}\0{text}" for name, text in zip(data.ids, data.texts or (), strict=True)
    )


def _held_out(data: Recordings, share: float, seed: int) -> tuple[Recordings, Recordings, str]:
    """Recordings to train on, those to test on, and how they were parted: by speakers if known."""
    drawn = loaded(_SPLIT)(len(data), share, seed, None, data.groups)
    if not len(drawn.held_out) or not len(drawn.train):
        found = f"{share:g} of {many(len(data), 'recording')} leaves one part empty"
        raise ArgumentError("--test-share", found, "another share, or --test")
    how = drawn.how.replace("sequences", "recordings")
    return data.select(drawn.train), data.select(drawn.held_out), how


def _judged(model: Any, data: Recordings, source: str, part: str | None) -> tuple[Recordings, str]:
    """Recordings to judge a model on, and which part of the data they are."""
    check_part(part)
    if source in (_STRINGS, *recording_names()):
        return data, part or "test"
    return judged_part_of(model, data, part, _digest, _held_out)


def _scored(model: Any, data: Recordings, part: str, **given: Any) -> dict[str, Any]:
    return {"data": data.name, "part": part, **model.evaluate(data, **given)}


def _facts(data: Recordings) -> dict[str, Any]:
    seconds = float(data.seconds.sum())
    return {
        "name": data.name,
        "recordings": len(data),
        "seconds": seconds,
        "notes": [*data.notes],
        "failed": [*data.failed],
    }


class _Training:
    """What an estimator of recordings is trained on and scored on."""

    def __init__(self, about: Mapping[str, Any], estimator: Any) -> None:
        source, share = about["data"], about.get("test_share")
        told, seed = _told(None, about), about.get("test_seed", 0)
        check_share(about)
        named = source in (_STRINGS, *recording_names())
        self._data = self._training = _spoken(_read(source, "train" if named else None, told))
        self._test, how, estimator.held_out = None, "none: all are for training", None
        if "test" in about:
            rate = {"rate": self._data.rate}
            other = _default_part(about["test"], None)
            self._test = _spoken(_read(about["test"], other, {**told, **rate}))
            how = f"{many(len(self._test), 'recording')} of {self._test.name}"
        elif named and share is None:
            self._test = _read(source, "test", {})
            how = f"the test part of {source}: {many(len(self._test), 'recording')}"
        elif share != 0:
            share = _TEST_SHARE if share is None else share
            self._training, self._test, how = _held_out(self._data, share, seed)
            digest = _digest(self._data)
            estimator.held_out = {"digest": digest, "share": share, "seed": seed}
        self._split = {"how": how}
        estimator.reading = {name: value for name, value in told.items() if isinstance(value, str)}

    def announce(self) -> None:
        """Say what is trained on, and what is held out."""
        data = self._training
        minutes = data.seconds.sum() / 60
        note(f"{len(data):,} recordings of {data.name}, {minutes:.1f} minutes at {data.rate} Hz")
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
            result["test"] = _scored(model, test, "test")
            some = test.select(slice(_SHOWN))
            rows = zip(some.ids, some.texts or (), model.predict(some), strict=True)
            result["samples"] = [[*row] for row in rows]
        folder.write_result(result)
        drawn = self._drawn(estimator, folder) if pictures else []
        conclude(result, folder, drawn, json, report_text, print_scores)
        if model.streams:
            note(f"It listens: elman listen {folder.path} FILE.wav")

    def _drawn(self, estimator: Any, folder: Any) -> list[Path]:
        history = [record.to_dict() for record in estimator.history_.records]
        model, data = estimator.model_, self._test or self._training
        figures = {
            "curves": plots.learning_curves(
                history, loss_name="nats a label", score_name=model.score_name
            ),
            "alignment": spoken_figure(model, data.select([0])),
        }
        return save_figures(figures, folder.pictures)
