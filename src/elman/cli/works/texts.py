"""Texts to read on and on: training on them, and what a language model says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from elman import plots
from elman.cli.console import note, print_json
from elman.cli.level import kernels
from elman.cli.options import options_from
from elman.cli.works import Answers, Options, Writing
from elman.cli.works.conclusion import asked_item, check_picture, conclude, save_figures
from elman.cli.works.held_out import check_share, digest_of, judged_part_of
from elman.cli.works.report_tables import REPORT, keep_report
from elman.cli.works.text_report import print_scores, report_text
from elman.cli.works.text_writing import write_texts
from elman.cli.works.word_pictures import EMBEDDINGS, embeddings_of
from elman.data.readers.text import TextOptions
from elman.data.sets.documents import STANDARD_LIBRARY, load_documents
from elman.data.tables.dialect import Dialect
from elman.data.text_parts import held_out_texts
from elman.data.texts import LabelledTexts
from elman.parameters import given_of
from elman.printable import many
from elman.registry import loaded

__all__ = ["TextWork"]

_TOLD: Options = {
    name: option
    for name, option in {**options_from(TextOptions), **options_from(Dialect)}.items()
    if name in ("text", "each", "drop_empty", "numbers_as_text", "separator", "encoding")
}
_TEST_SHARE = 0.1
_DYNAMIC = "elman.tasks.learning_session:dynamic_scores"  # loaded where it is used: it needs torch
_WRITTEN = 300  # tokens that a report shows
_SHOWN = 600  # characters of a text whose surprise is drawn


class TextWork:
    """What is read, printed and drawn of texts; see `elman.cli.works.Work`."""

    title = "Texts"
    about: ClassVar[Options] = {
        "test": (str, "Data to score the finished model on, once."),
        "test_share": (
            float,
            "Instead: share of own data that is held out for that: whole texts, or the end of few; "
            "default 0.1; 0 for none.",
        ),
        "test_seed": (int, "Of that drawing, whatever the training's seed is; default 0."),
        **_TOLD,
    }
    reading: ClassVar[Mapping[str, Options]] = {
        "predict": _TOLD,
        "evaluate": {
            **_TOLD,
            "report": REPORT,
            "dynamic": (bool, "Score it also learning while it reads (needs torch)."),
        },
        "plot": {**_TOLD, **EMBEDDINGS},
    }
    pictures = ("surprise", "embeddings")
    usual_data = STANDARD_LIBRARY
    """What is trained on where nothing is named."""

    def training(self, about: Mapping[str, Any], estimator: Any) -> _Training:
        """The texts that an estimator is trained on and scored on."""
        return _Training(about, estimator)

    def answers(self, model: Any, source: str, part: str | None, **given: Any) -> Answers:
        """How well each text is said."""
        data, _ = _judged(model, _read(source, {**model.reading, **_told(given)}), part or "all")

        def rows() -> Iterator[dict[str, Any]]:
            for name, text in zip(data.ids, data.texts, strict=True):
                found = model.evaluate(text)
                keys = ("tokens", "nats_per_token", "bits_per_character", "bits_per_byte")
                yield {"id": name, **{key: found[key] for key in keys}}

        return Answers(rows(), f"{len(data):,} answers by {kernels()}", data.notes)

    def evaluate(
        self,
        model: Any,
        source: str,
        part: str | None,
        json: bool,
        report: str | None = None,
        dynamic: bool | None = None,
        **given: Any,
    ) -> None:
        """The scores on texts, beside the baselines in the model's file."""
        data, part = _judged(model, _read(source, {**model.reading, **_told(given)}), part)
        result = _scored(model, data, part)
        result["notes"] = [*data.notes, *result["notes"]]
        if dynamic:
            result["dynamic"] = loaded(_DYNAMIC)(model, data.texts, True)
        print_json(result) if json else print_scores(result)
        if report is not None:
            told = {**model.metadata, "task": model.task, "network": model.blueprint.describe()}
            keep_report(report, report_text({**told, "data": _facts(data), "test": result}))

    def generate(self, model: Any, asked: Writing) -> None:
        """Print what a language model writes."""
        write_texts(model, asked)

    def draw(self, request: Any, model: Any) -> Any:
        """A picture of what the model makes of a text, or of its vectors."""
        if request.kind == "embeddings":
            return embeddings_of(model, request.given)
        check_picture(request, model, self.pictures)
        source, told = request.source_or_told()
        told = {**model.reading, **_told(told), **_told(request.given)}
        data, _ = _judged(model, _read(source, told), request.part)
        return surprise_of(model, data.texts[asked_item(request, len(data))])


def surprise_of(model: Any, text: str) -> Any:
    """The picture of how surprising each token of the beginning of a text is."""
    found = model.score_tokens(text[:_SHOWN])
    return plots.surprise(found.tokens, found.surprise)


def _told(given: Mapping[str, Any]) -> dict[str, Any]:
    return given_of({name: given.get(name) for name in _TOLD})


def _read(source: str, told: Mapping[str, Any]) -> LabelledTexts:
    return load_documents(source, **{name: told[name] for name in _TOLD if name in told})


def _digest(data: LabelledTexts) -> str:
    return digest_of(data.texts)


def _held_out(data: LabelledTexts, share: float, seed: int) -> tuple[Any, Any, str]:
    """Texts to train on, those to test on, and how they were parted."""
    parts = held_out_texts(tuple(data.texts), share, seed)
    return _as(data, parts.train), _as(data, parts.held_out), parts.how


def _learnt_too(training: LabelledTexts, test: LabelledTexts) -> list[str]:
    """What is to be said of texts to test on that are texts to learn from, too."""
    known = set(training.texts)
    count = sum(text in known for text in test.texts)
    if not count:
        return []
    of = f"{count:,} of the {many(len(test), 'text')} of the test part"
    return [f"{of} stand in the training part, too: of new texts the score says less"]


def _as(data: LabelledTexts, texts: tuple[str, ...]) -> LabelledTexts:
    ids = tuple(map(str, range(len(texts))))
    return LabelledTexts(texts, None, ids, data.name, data.notes)


def _judged(model: Any, data: LabelledTexts, part: str | None) -> tuple[LabelledTexts, str]:
    """Texts to judge a model on, and which part of the data they are."""
    return judged_part_of(model, data, part, _digest, _held_out, _learnt_too)


def _scored(model: Any, data: LabelledTexts, part: str) -> dict[str, Any]:
    return {"data": data.name, "part": part, **model.evaluate(data.texts)}


def _facts(data: LabelledTexts) -> dict[str, Any]:
    sizes = [len(text) for text in data.texts]
    return {
        "name": data.name,
        "texts": len(data),
        "characters": sum(sizes),
        "notes": list(data.notes),
    }


class _Training:
    """What an estimator of texts is trained on and scored on."""

    def __init__(self, about: Mapping[str, Any], estimator: Any) -> None:
        told, test, asked = _told(about), about.get("test"), about.get("test_share")
        seed = about.get("test_seed", 0)
        check_share(about)
        self._data = self._training = _read(about["data"], told)
        self._test, how, estimator.held_out = None, "none: all are for training", None
        if test is not None:
            self._test = _read(test, told)
            how = f"{len(self._test):,} texts of {self._test.name}"
        elif asked != 0:
            share = _TEST_SHARE if asked is None else asked
            self._training, self._test, how = _held_out(self._data, share, seed)
            estimator.held_out = {"digest": _digest(self._data), "share": share, "seed": seed}
        self._split = {"how": how}
        estimator.reading = {name: value for name, value in told.items() if isinstance(value, str)}

    def announce(self) -> None:
        """Say what is trained on, and what is held out."""
        texts = self._training.texts
        size = f"{len(texts):,} texts" if len(texts) > 1 else "A text"
        note(f"{size} of {self._training.name}, {sum(map(len, texts)):,} characters")
        note(f"Test part: {self._split['how']}")
        for sentence in self._training.notes:
            note(f"Note: {sentence}")

    def fit(self, estimator: Any) -> None:
        """Train."""
        estimator.fit(list(self._training.texts))

    def report(self, estimator: Any, folder: Any, pictures: bool, json: bool) -> None:
        """Score on the test part, write and print the result, draw the pictures."""
        model, test = estimator.model_, self._test
        result = {**estimator.result_, "data": _facts(self._data), "split": self._split}
        if test is not None:
            scored = _scored(model, test, "test" if estimator.held_out else "all")
            scored["notes"] = [*_learnt_too(self._training, test), *scored["notes"]]
            result["test"] = scored
        writes = not model.framing.backward
        if writes:
            result["sample"] = model.generate(max_length=_WRITTEN, temperature=0.8)[0].text
        folder.write_result(result)
        drawn: list[Path] = []
        if pictures:
            drawn = self._drawn(estimator, folder)
        conclude(result, folder, drawn, json, report_text, print_scores)
        if writes:
            note(f'It writes: elman generate {folder.path} --prefix "..."')
        else:
            note(f"It reads from the end: elman train tagger --features-from {folder.path} ...")

    def _drawn(self, estimator: Any, folder: Any) -> list[Path]:
        history = [record.to_dict() for record in estimator.history_.records]
        levels = estimator.result_.get("validated_baselines", {})
        figures = {
            "curves": plots.learning_curves(history, loss_name="nats a token", levels=levels)
        }
        text = next(iter((self._test or self._training).texts), "")
        if text:
            figures["surprise"] = surprise_of(estimator.model_, text)
        return save_figures(figures, folder.pictures)
