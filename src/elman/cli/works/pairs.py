"""Pairs of texts: training on them, and what a translator writes for sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import elman
from elman import plots
from elman.cli.console import note, print_json
from elman.cli.level import kernels
from elman.cli.options import options_from
from elman.cli.works import Answers, Options
from elman.cli.works.conclusion import asked_item, check_picture, conclude, save_figures
from elman.cli.works.held_out import check_part, check_share, digest_of, judged_part_of
from elman.cli.works.pair_report import judged_name, print_scores, report_text
from elman.cli.works.report_tables import REPORT, keep_report
from elman.data.pairs import Pairs, held_out_pairs
from elman.data.readers.pairs import PairOptions, read_source_lines
from elman.data.sets.pairs import load_pairs, pair_names
from elman.data.tables.dialect import Dialect
from elman.data.tables.reader import is_table
from elman.errors import ArgumentError
from elman.parameters import given_of
from elman.printable import many
from elman.run_files import model_file
from elman.runtime.translator import counted_notes

__all__ = ["PairWork", "attention_figure"]

_COLUMNS: Options = options_from(PairOptions)
_TOLD: Options = {
    **_COLUMNS,
    **{n: o for n, o in options_from(Dialect).items() if n in ("separator", "encoding")},
}
_TARGET: Options = {
    "target": (
        list[str],
        "With --source: what belongs to its lines, line by line; again for each further reference.",
    )
}
_TEST_SHARE = 0.05
_MOST_TEST = 2000  # sources that are held out at most, unless a share is asked for
_SHOWN = 20  # answers in a report


class PairWork:
    """What is read, printed and drawn of pairs of texts; see `elman.cli.works.Work`."""

    title = "Pairs"
    about: ClassVar[Options] = {
        "source": (str, "In place of --data: a file with a source a line."),
        "target": (
            list[str],
            "Beside it: a file with as many lines, what is to be written for each; again for each "
            "further reference.",
        ),
        "test": (str, "Data (or a file of sources) to score the finished model on, once."),
        "test_target": (
            list[str],
            "Where that is a file of sources: what belongs to its lines; likewise.",
        ),
        "test_share": (
            float,
            "Instead: share of own sources that is held out for that; default 0.05, of many 2,000 "
            "sources; 0 for none.",
        ),
        "test_seed": (int, "Of that drawing, whatever the training's seed is; default 0."),
        **_TOLD,
    }
    reading: ClassVar[Mapping[str, Options]] = {
        "predict": {**_TOLD, "beam_size": (int, "Beginnings kept side by side; default 5.")},
        "evaluate": {
            **_TARGET,
            **_TOLD,
            "beam_size": (int, "Beginnings kept side by side; default 5."),
            "against": (str, "A second model, held against this one by the paired bootstrap test."),
            "report": REPORT,
        },
        "plot": {**_TARGET, **_TOLD},
    }
    pictures = ("attention", "quality")
    usual_data = "dates"
    """What is trained on where nothing is named."""

    def training(self, about: Mapping[str, Any], estimator: Any) -> _Training:
        """The pairs that an estimator is trained on and scored on."""
        return _Training(about, estimator)

    def answers(
        self,
        model: Any,
        source: str,
        part: str | None,
        beam_size: int | None = None,
        **given: Any,
    ) -> Answers:
        """What is written for each source of a table, of a set, or of a file with one a line."""
        texts, notes = _sources(model, source, part, _told(given))
        written = model.translate(list(texts), **_beam(beam_size))

        def rows() -> Iterator[dict[str, Any]]:
            for row, one in enumerate(written):
                yield {"id": row, "source": one.source, "prediction": one.text,
                       "log_probability": one.log_probability, "ended": one.ended}  # fmt: skip

        notes = (*notes, *counted_notes(written))
        return Answers(rows(), f"{len(texts):,} answers by {kernels()}", notes)

    def evaluate(
        self,
        model: Any,
        source: str,
        part: str | None,
        json: bool,
        target: list[str] | None = None,
        beam_size: int | None = None,
        against: str | None = None,
        report: str | None = None,
        **given: Any,
    ) -> None:
        """The scores of what is written, beside those of the baselines in the model's file."""
        read = _read(source, target, _default_part(source, part), {**model.reading, **_told(given)})
        pairs, part = _judged(model, read, source, part)
        second = None if against is None else _second(against)
        result = _scored(model, pairs, part, against=second, **_beam(beam_size))
        result["notes"] = [*pairs.notes, *result["notes"]]
        print_json(result) if json else print_scores(result)
        if report is not None:
            told = {**model.metadata, "task": model.task, "network": model.blueprint.describe()}
            keep_report(report, report_text({**told, "data": _facts(pairs), "test": result}))

    def draw(self, request: Any, model: Any) -> Any:
        """A picture of where a model looks, or of how its quality depends on length."""
        check_picture(request, model, self.pictures)
        source, told = request.source_or_told()
        target = request.given.get("target") or told.get("target")
        told = {**model.reading, **_told(told), **_told(request.given)}
        read = _read(source, target, _default_part(source, request.part), told)
        pairs, _ = _judged(model, read, source, request.part)
        if request.kind == "quality":
            return quality_of(model.evaluate(pairs))
        return attention_of(model, pairs.source[asked_item(request, len(pairs))])


def attention_figure(found: Any) -> Any:
    """The picture of where a network looked while it wrote a `Translation`."""
    ended = len(found.attention) > len(found.tokens)
    shown = (*found.tokens, "<eos>") if ended else found.tokens
    return plots.attention(found.source_tokens, shown, found.attention)


def attention_of(model: Any, text: str) -> Any:
    """The picture of where a model looks while it writes for a source.

    Raises:
        ArgumentError: It looks at nothing: its network has no attention, or nothing is read.
    """
    found = model.translate(text, attention=True)
    if found.attention is None:
        what = "no attention" if not model.attends else f"no token of {text!r:.40} is read"
        raise ArgumentError("attention", what, "a model with attention, and a text that it reads")
    return attention_figure(found)


def quality_of(result: Mapping[str, Any]) -> Any:
    """The picture of how good answers are by how long their sources are, as `evaluate` says."""
    told = result["by_length"]
    lengths = [(first, last) for first, last in told["lengths"]]
    name = judged_name(result["metric"])
    return plots.quality_by_length(lengths, told["counts"], told["scores"], score_name=name)


def _beam(size: int | None) -> dict[str, Any]:
    return {} if size is None else {"beam_size": size}


def _second(path: str) -> Any:
    model = elman.load(model_file(Path(path)))
    if model.task != "translator":
        raise ArgumentError("--against", f"a {model.task}", "a translator")
    return model


def _told(given: Mapping[str, Any]) -> dict[str, Any]:
    return given_of({name: given.get(name) for name in _TOLD})


def _default_part(source: str, part: str | None) -> str | None:
    """The part of a set that is judged where none is asked for."""
    return (part or "test") if source in pair_names() else None


def _read(
    source: str, target: str | list[str] | None, part: str | None, told: Mapping[str, Any]
) -> Pairs:
    """Pairs of a file, of two or more, or of a set by name, which takes no options."""
    if source in pair_names() and not target:
        return load_pairs(source, part)
    if target:
        return load_pairs(source, target=target, **{k: told[k] for k in told if k not in _COLUMNS})
    return load_pairs(source, **told)


def _sources(
    model: Any, source: str, part: str | None, told: Mapping[str, Any]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sources alone, and what is to be said of them: of a file with one a line every line."""
    if source not in pair_names() and not is_table(source):
        lines, notes = read_source_lines(source, told.get("encoding"))
        return tuple(lines), notes
    read = _read(source, None, _default_part(source, part), {**model.reading, **told})
    pairs, _ = _judged(model, read, source, part)
    return tuple(pairs.source), pairs.notes


def _digest(pairs: Pairs) -> str:
    return digest_of((*pairs.source, *(one for several in pairs.references for one in several)))


def _held_out(pairs: Pairs, share: float | None, seed: int) -> tuple[Pairs, Pairs, str]:
    """Pairs to train on, those to test on (each source once), and how they were parted."""
    if share is None:
        distinct = len({*pairs.source})
        share = min(_TEST_SHARE, _MOST_TEST / distinct)
    try:
        parts = held_out_pairs(pairs, share, seed)
    except ArgumentError as error:
        raise ArgumentError("--test-share", error.found, "more pairs, another, or 0") from error
    return parts.train, parts.held_out.grouped(), parts.how


def _judged(model: Any, pairs: Pairs, source: str, part: str | None) -> tuple[Pairs, str]:
    """Pairs to judge a model on, and which part of the data they are.

    Of a table rows of one source are one with several references; two files stay line by line.
    """
    check_part(part)
    if source in pair_names():
        return pairs.grouped(), part or "test"
    found, part = judged_part_of(model, pairs, part, _digest, _held_out)
    return (found.grouped() if part == "train" else found), part


def _scored(model: Any, pairs: Pairs, part: str, **given: Any) -> dict[str, Any]:
    return {"data": pairs.name, "part": part, **model.evaluate(pairs, **given)}


def _facts(pairs: Pairs) -> dict[str, Any]:
    return {"name": pairs.name, "pairs": len(pairs), "notes": list(pairs.notes)}


class _Training:
    """What an estimator of pairs is trained on and scored on."""

    def __init__(self, about: Mapping[str, Any], estimator: Any) -> None:
        told, asked, seed = _told(about), about.get("test_share"), about.get("test_seed", 0)
        source, target = about["data"], about.get("target")
        self._check(about)
        self._data = self._training = _read(source, target, "train", told)
        self._test, how, estimator.held_out = None, "none: all are for training", None
        if "test" in about:
            self._test = _read(about["test"], about.get("test_target"), "test", told)
            how = f"{many(len(self._test), 'pair')} of {self._test.name}"
        elif source in pair_names() and asked is None:
            self._test = _read(source, None, "test", {})
            how = f"the test part of {source}: {many(len(self._test), 'source')}"
        elif asked != 0:
            self._training, self._test, how = _held_out(self._data, asked, seed)
            digest = _digest(self._data)
            estimator.held_out = {"digest": digest, "share": asked, "seed": seed}
        self._split = {"how": how}
        estimator.reading = {name: value for name, value in told.items() if isinstance(value, str)}

    @staticmethod
    def _check(about: Mapping[str, Any]) -> None:
        """`ArgumentError` where options contradict each other."""
        if about.get("source") not in (None, about["data"]):
            raise ArgumentError("--source", "given with --data", "one of the two")
        if "source" in about and "target" not in about:
            raise ArgumentError("--target", "not given beside --source", "a file with its lines")
        check_share(about)
        if "test_target" in about and "test" not in about:
            raise ArgumentError("--test-target", "given without --test", "--test, too")

    def announce(self) -> None:
        """Say what is trained on, and what is held out."""
        pairs = self._training
        sizes = [sum(map(len, side)) for side in (pairs.source, pairs.target)]
        note(f"{len(pairs.flat()):,} pairs of {pairs.name}, {sizes[0]:,} and {sizes[1]:,} "
             "characters")  # fmt: skip
        note(f"Test part: {self._split['how']}")
        for sentence in pairs.notes:
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
            answers = model.predict(list(some.source))
            rows = zip(some.source, some.references, answers, strict=True)
            result["samples"] = [[a, list(right), said] for a, right, said in rows]
        folder.write_result(result)
        drawn = self._drawn(estimator, folder, result.get("test")) if pictures else []
        conclude(result, folder, drawn, json, report_text, print_scores)
        note(f"It translates: elman translate {folder.path} < FILE")

    def _drawn(self, estimator: Any, folder: Any, judged: Any) -> list[Path]:
        model = estimator.model_
        history = [record.to_dict() for record in estimator.history_.records]
        name = judged_name(str(estimator.result_.get("chosen_by")))
        figures = {
            "curves": plots.learning_curves(history, loss_name="nats a token", score_name=name)
        }
        pairs = self._test or self._training
        if model.attends:
            some = model.translate(list(pairs.source[:_SHOWN]), attention=True)
            read = [one for one in some if one.attention is not None]  # others say it in a note
            figures |= {"attention": attention_figure(read[0])} if read else {}
        if judged is not None:
            figures["quality"] = quality_of(judged)
        return save_figures(figures, folder.pictures)
