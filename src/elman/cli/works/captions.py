"""Items and sentences about them: training on these, and what a captioner writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from elman import plots
from elman.cli.console import note, print_json
from elman.cli.level import kernels
from elman.cli.works import Answers, Options
from elman.cli.works.conclusion import asked_item, check_picture, conclude, save_figures
from elman.cli.works.held_out import check_part, check_share, digest_of, judged_part_of
from elman.cli.works.pair_report import judged_name, print_scores, report_text
from elman.cli.works.report_tables import REPORT, keep_report
from elman.data.captions import Captions
from elman.data.sets.captions import caption_names, load_captions
from elman.errors import ArgumentError
from elman.printable import many

__all__ = ["CaptionWork"]

_CAPTIONS: Options = {
    "captions": (
        str,
        "Beside a file of numbers: a table of its captions (index from 0, caption); an item may "
        "have several.",
    )
}
_BEAM: Options = {"beam_size": (int, "Beginnings kept side by side; default 5.")}
_TEST_SHARE = 0.1
_SHOWN = 20  # captions in a report


class CaptionWork:
    """What is read, printed and drawn of items with captions; see `elman.cli.works.Work`."""

    title = "Captions"
    about: ClassVar[Options] = {
        **_CAPTIONS,
        "test": (str, "Numbers to score the finished model on, once."),
        "test_captions": (str, "Their captions."),
        "test_share": (
            float,
            "Instead: share of own items that is held out for that; default 0.1; 0 for none.",
        ),
        "test_seed": (int, "Of that drawing, whatever the training's seed is; default 0."),
    }
    reading: ClassVar[Mapping[str, Options]] = {
        "predict": _BEAM,
        "evaluate": {**_CAPTIONS, **_BEAM, "report": REPORT},
        "plot": _CAPTIONS,
    }
    pictures = ("attention",)
    usual_data = "scenes"
    """What is trained on where nothing is named."""

    def training(self, about: Mapping[str, Any], estimator: Any) -> _Training:
        """The items that an estimator is trained on and scored on."""
        return _Training(about, estimator)

    def answers(
        self, model: Any, source: str, part: str | None, beam_size: int | None = None
    ) -> Answers:
        """What is written for each item."""
        data = _read(source, None, part)

        def rows() -> Iterator[dict[str, Any]]:
            for row, one in enumerate(model.caption(data, **_beam(beam_size))):
                yield {
                    "id": int(data.rows[row]),
                    "prediction": one.text,
                    "log_probability": one.log_probability,
                    "ended": one.ended,
                }

        return Answers(rows(), f"{len(data):,} answers by {kernels()}", data.notes)

    def evaluate(
        self,
        model: Any,
        source: str,
        part: str | None,
        json: bool,
        captions: str | None = None,
        beam_size: int | None = None,
        report: str | None = None,
    ) -> None:
        """The scores of what is written, beside those of the baselines in the model's file."""
        data, part = _judged(model, source, captions, part)
        result = _scored(model, data, part, **_beam(beam_size))
        result["notes"] = [*data.notes, *result["notes"]]
        print_json(result) if json else print_scores(result)
        if report is not None:
            told = {**model.metadata, "task": model.task, "network": model.blueprint.describe()}
            keep_report(report, report_text({**told, "data": _facts(data), "test": result}))

    def draw(self, request: Any, model: Any) -> Any:
        """The picture of which steps a model looks at while it writes."""
        check_picture(request, model, self.pictures)
        source, told = request.source_or_told()
        captions = request.given.get("captions") or told.get("captions")
        data, _ = _judged(model, source, captions, request.part)
        return _attention_of(model, data.select([asked_item(request, len(data))]))


def _attention_of(model: Any, data: Captions) -> Any:
    """The picture of one item; `ArgumentError` where the network looks at nothing."""
    (found,) = model.caption(data, attention=True)
    if found.attention is None:
        raise ArgumentError("attention", "no attention", "a model of sequences or images with it")
    ended = len(found.attention) > len(found.tokens)
    shown = (*found.tokens, "<eos>") if ended else found.tokens
    return plots.attention(model.scan.names(found.attention.shape[1]), shown, found.attention)


def _beam(size: int | None) -> dict[str, Any]:
    return {} if size is None else {"beam_size": size}


def _read(source: str, captions: str | None, part: str | None) -> Captions:
    """Items of a file, or of a set by name: its test part where no other is asked for."""
    if source in caption_names():
        return load_captions(source, part or "test", captions)
    return load_captions(source, None, captions)


def _digest(data: Captions) -> str | None:
    """None: nobody says anything of them."""
    if data.references is None:
        return None
    said = (one for several in data.checked_references() for one in several)
    return digest_of(said, np.ascontiguousarray(data.items).tobytes())


def _held_out(data: Captions, share: float, seed: int) -> tuple[Captions, Captions, str]:
    """Items to train on, those to test on, and how they were parted."""
    size = round(len(data) * share)
    if not 0 < size < len(data):
        found = f"{share:g} of {many(len(data), 'item')} leaves one part empty"
        raise ArgumentError("--test-share", found, "more items, or another share")
    test = np.zeros(len(data), dtype=bool)
    test[np.random.default_rng(seed).permutation(len(data))[:size]] = True
    return data.select(~test), data.select(test), f"{share:g} of the items (seed {seed})"


def _judged(
    model: Any, source: str, captions: str | None, part: str | None
) -> tuple[Captions, str]:
    """Items to judge a model on, and which part of the data they are."""
    check_part(part)
    if source in caption_names():
        return _read(source, captions, part), part or "test"
    data = load_captions(source, None, captions)
    return judged_part_of(model, data, part, _digest, _held_out)


def _scored(model: Any, data: Captions, part: str, **given: Any) -> dict[str, Any]:
    return {"data": data.name, "part": part, **model.evaluate(data, **given)}


def _facts(data: Captions) -> dict[str, Any]:
    return {"name": data.name, "pairs": len(data), "notes": list(data.notes)}


class _Training:
    """What an estimator of captions is trained on and scored on."""

    def __init__(self, about: Mapping[str, Any], estimator: Any) -> None:
        asked, seed = about.get("test_share"), about.get("test_seed", 0)
        source, captions = about["data"], about.get("captions")
        check_share(about)
        self._data = self._training = _read(source, captions, "train")
        self._data.checked_references()
        self._test, how, estimator.held_out = None, "none: all are for training", None
        if "test" in about:
            self._test = load_captions(about["test"], None, about.get("test_captions"))
            how = f"{many(len(self._test), 'item')} of {self._test.name}"
        elif source in caption_names() and asked is None:
            self._test = load_captions(source, "test")
            how = f"the test part of {source}: {many(len(self._test), 'item')}"
        elif asked != 0:
            share = _TEST_SHARE if asked is None else asked
            self._training, self._test, how = _held_out(self._data, share, seed)
            estimator.held_out = {"digest": _digest(self._data), "share": share, "seed": seed}
        self._split = {"how": how}

    def announce(self) -> None:
        """Say what is trained on, and what is held out."""
        data = self._training
        shape = " by ".join(map(str, data.items.shape[1:]))
        note(f"{many(len(data), 'item')} of {data.name}, {data.kind} of {shape}")
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
            rows = zip(some.rows, some.checked_references(), model.predict(some), strict=True)
            result["samples"] = [[f"item {a}", list(right), said] for a, right, said in rows]
        folder.write_result(result)
        drawn = self._drawn(estimator, folder) if pictures else []
        conclude(result, folder, drawn, json, report_text, print_scores)

    def _drawn(self, estimator: Any, folder: Any) -> list[Path]:
        model = estimator.model_
        history = [record.to_dict() for record in estimator.history_.records]
        name = judged_name(str(estimator.result_.get("chosen_by")))
        figures = {
            "curves": plots.learning_curves(history, loss_name="nats a token", score_name=name)
        }
        if model.attends:
            figures["attention"] = _attention_of(model, (self._test or self._data).select([0]))
        return save_figures(figures, folder.pictures)
