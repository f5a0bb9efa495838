"""`elman data doctor`: what may be wrong with data, before anything is trained."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from elman.cli.completion import sets
from elman.cli.console import print_json, result_console
from elman.cli.exits import Said, as_options, options_of
from elman.cli.options import options_from, takes
from elman.cli.works.captions import CaptionWork
from elman.cli.works.pairs import PairWork
from elman.cli.works.sequence_parts import TABLE, told_of
from elman.data.doctor import (
    Part,
    encodings_of,
    examined,
    part_of,
    part_of_captions,
    part_of_pairs,
    part_of_recordings,
)
from elman.data.readers import has_parts, test_part
from elman.data.readers import options_of as read_options
from elman.data.readers.conll import TagOptions, holds_tags
from elman.data.readers.pairs import PairOptions, holds_pairs, holds_tabbed_pairs
from elman.data.readers.sound import SoundOptions
from elman.data.readers.sound_sequences import sounds_asked
from elman.data.readers.text import TextOptions, holds_texts, text_options
from elman.data.sets import labelled
from elman.data.sets.captions import caption_names, load_captions
from elman.data.sets.pairs import load_pairs, pair_names
from elman.data.sets.sounds import load_recordings, recording_names
from elman.data.sets.texts import load_tagged, load_texts, tagged_names, text_names
from elman.errors import ArgumentError, DataError
from elman.transforms.text import Steps

__all__ = ["doctor"]

_SHARES = {
    "[UNK]": "outside the vocabulary",
    "once": "standing once",
    "[NUM]": "that are numbers",
    "[URL]": "that are addresses",
}
_QUANTILES = {"0": "shortest", "0.5": "median", "0.95": "95 %", "0.99": "99 %", "1": "longest"}
_RATIOS = (("0", "least"), ("0.05", "5 %"), ("0.5", "median"), ("0.95", "95 %"), ("1", "most"))
_BESIDE = ("target", "captions")  # files that belong to the data's, and to those of the test
_MANY = 12  # classes that are listed


def doctor(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            help="A set's name, or the path of a file or folder of texts, tagged sentences, "
            "pairs, captions, sounds or sequences.",
            autocompletion=sets,
        ),
    ],
    test: Annotated[
        str | None, typer.Option(help="What a model will be tested on; else a part of its own.")
    ] = None,
    vocabulary: Annotated[
        int, typer.Option(min=1, help="Words that the model will know: the most frequent ones.")
    ] = 50_000,
    batch_size: Annotated[int, typer.Option(min=1, help="Rows of a batch.")] = 32,
    batch_tokens: Annotated[
        int | None, typer.Option(min=1, help="Steps of a batch, padding included.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    **given: Any,
) -> None:
    """Tell what may be wrong with data before a training: empty rows, duplicates, padding, damage.

    Also lengths, words outside the vocabulary, labels that contradict each other, sides of pairs
    that went out of step, and what the test part shares with the training part. Nothing is
    repaired.

    Example: `elman data doctor reviews.csv --text review --label stars --test later.csv`,
    `elman data doctor train.en --target train.fr --test new.en --test-target new.fr`
    """
    given = {name: value for name, value in given.items() if value not in (None, False, [])}
    beside = {name: given.pop(f"test_{name}", None) for name in _BESIDE}
    for name, told in beside.items():
        if told is not None and test is None:
            raise ArgumentError(f"--test-{name}", "given without --test", "--test, too")
    train, part = _read(source, given)
    given |= {name: told for name, told in beside.items() if told is not None}
    other = _read(test, given)[0] if test is not None else part
    found = examined(
        train, other, vocabulary=vocabulary, batch_size=batch_size, batch_tokens=batch_tokens
    )
    for name, facts in ((source, found), (test or source, found.get("test"))):
        if facts is not None and os.path.exists(name):
            facts["encodings"] = encodings_of(name, given.get("encoding"))
    print_json(found) if json else _print(found, options_of(ctx.command))


_TEXTS, _TAGS = options_from(TextOptions), options_from(TagOptions)
_PAIRS = {**{n: PairWork.about[n] for n in ("target", "test_target")}, **options_from(PairOptions)}
_CAPTIONS = {name: CaptionWork.about[name] for name in ("captions", "test_captions")}
_GROUPS = (
    ("Captions", _CAPTIONS),
    ("Texts", _TEXTS),
    ("Words and tags", _TAGS),
    ("Pairs", _PAIRS),
    ("Tables", TABLE),
)
takes(doctor, *_GROUPS)


def _read(source: str, given: Mapping[str, Any]) -> tuple[Part, Part | None]:
    """What a source holds, and its test part if it has one."""
    if source in caption_names() or "captions" in given:
        return _captions(source, given)
    if source in pair_names() or _PAIRS.keys() & given.keys() or holds_pairs(source):
        return _pairs(source, given)
    tagged = {one.name for one in fields(TagOptions)} - {one.name for one in fields(TextOptions)}
    if source in tagged_names() or holds_tags(source) or (tagged - {"label"}) & given.keys():
        known = (*_TAGS, "separator", "encoding")
        told = {name: given[name] for name in known if name in given}
        data = load_tagged(source, labelled=False, **told)
        other = load_tagged(source, "test") if source in tagged_names() else None
        cut = Steps().words
        return part_of(data, cut), None if other is None else part_of(other, cut)
    if source in recording_names() or "path" in given or _holds_sound(source, given):
        return _recordings(source, given)
    told = _of_texts(given)
    texts = {"text", "each", "numbers_as_text"} & given.keys()
    if source in text_names() or texts or (os.path.exists(source) and holds_texts(source)):
        return _texts(source, told)
    try:
        return _sequences(source, given)
    except DataError:
        if holds_tabbed_pairs(source):
            return _pairs(source, given)
        if source.lower().partition(".txt")[1]:  # not a table: a text a line
            return _texts(source, told)
        raise


def _pairs(source: str, given: Mapping[str, Any]) -> tuple[Part, Part | None]:
    if source in pair_names():
        return part_of_pairs(load_pairs(source)), part_of_pairs(load_pairs(source, "test"))
    known = ("target", *options_from(PairOptions), "separator", "encoding")
    told = {name: given[name] for name in known if name in given}
    return part_of_pairs(load_pairs(source, **told)), None


def _captions(source: str, given: Mapping[str, Any]) -> tuple[Part, Part | None]:
    if source in caption_names():
        parts = [part_of_captions(load_captions(source, part)) for part in ("train", "test")]
        return parts[0], parts[1]
    return part_of_captions(load_captions(source, captions=given.get("captions"))), None


def _holds_sound(source: str, given: Mapping[str, Any]) -> bool:
    return os.path.exists(source) and sounds_asked(Path(source), given)


def _recordings(source: str, given: Mapping[str, Any]) -> tuple[Part, Part | None]:
    named = source in recording_names()
    known = [one.name for one in fields(SoundOptions)]
    told = {} if named else {name: given[name] for name in known if name in given}
    train = part_of_recordings(load_recordings(source, **told))
    if not named and not has_parts(source):
        return train, None
    return train, part_of_recordings(load_recordings(source, "test", **told))


def _of_texts(given: Mapping[str, Any]) -> dict[str, Any]:
    told = told_of(given) | {name: given[name] for name in _TEXTS if name in given}
    return {name: value for name, value in told.items() if name in text_options()}


def _texts(source: str, told: dict[str, Any]) -> tuple[Part, Part | None]:
    if source in text_names():
        parts = (load_texts(source), load_texts(source, "test"))
        return part_of(parts[0], Steps().words), part_of(parts[1], Steps().words)
    told = {**told, "drop_empty": True}
    train = part_of(load_texts(source, **told), Steps().words)
    if not has_parts(source):
        return train, None
    return train, part_of(load_texts(source, "test", **told), Steps().words)


def _sequences(source: str, given: Mapping[str, Any]) -> tuple[Part, Part | None]:
    told = told_of(given)
    named = source in labelled.labelled_names()
    if not named and os.path.exists(source):
        told |= {"labelled": False} if "labelled" in read_options(source) else {}
    train = part_of(labelled.load(source, None, **told))
    if named:
        return train, part_of(labelled.load(source, "test"))
    beside = test_part(source) if os.path.exists(source) else None
    if beside is None:
        return train, None
    return train, part_of(labelled.load(str(beside[0]), beside[1], **told))


# ---- printing -----------------------------------------------------------------------------------


def _print(found: Mapping[str, Any], options: Mapping[str, Said]) -> None:
    """What was found, for a person: facts of both parts side by side, padding, advice."""
    parts = [found, *([found["test"]] if "test" in found else [])]
    table = Table()
    table.add_column("")
    for name, part in zip(("training", "test"), parts, strict=False):
        table.add_column(f"{name}: {escape(part['source'])}", overflow="fold")
    for name, cells in _rows(parts):
        table.add_row(escape(name), *map(escape, cells))
    result_console.print(table)
    if found["padding"]:
        result_console.print(_plans(found["padding"]))
    for note in dict.fromkeys(note for part in parts for note in part["notes"]):
        result_console.print(f"Note: {note}", markup=False, highlight=False)
    for place in _places(found):
        result_console.print(f"  {place}", markup=False, highlight=False)
    for advice in found["advice"]:
        result_console.print(f"! {as_options(advice, options)}", markup=False, highlight=False)
    if not found["advice"]:
        result_console.print("Nothing was found to be wrong.")


def _rows(parts: list[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Facts by name, a cell for each part."""
    rows = [
        (f"{parts[0]['what']}s", [f"{part['rows']:,}" for part in parts]),
        ("empty ones left out", [f"{part['empty']:,}" for part in parts]),
    ]
    if parts[0].get("encodings"):
        rows.append(("encoding", [", ".join(_encodings(part)) for part in parts]))
    for unit in parts[0]["lengths"]:
        rows.append((f"{unit} in one", [_spread(part["lengths"].get(unit, {})) for part in parts]))
    if "words" in parts[0]:
        cells = [f"{p['words']['all']:,}, {p['words']['different']:,} different" for p in parts]
        rows.append(("words in all", cells))
        for name, said in _SHARES.items():
            rows.append((f"words {said}", [f"{part['words'][name]:.2%}" for part in parts]))
    if "labels" in parts[0]:
        rows.append(("classes", [_classes(part) for part in parts]))
    rows.append(("duplicates", [_again(part["duplicates"]) for part in parts]))
    if "pairs" in parts[0]:
        rows += _pair_rows([part["pairs"] for part in parts])
    if "conflicts" in parts[0]:
        cells = [f"{part['conflicts']['rows']:,}" if "conflicts" in part else "" for part in parts]
        rows.append(("of several labels", cells))
    return rows


def _pair_rows(parts: list[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Facts of pairs by name, a cell for each part."""
    rows = [
        (f"with an empty {side}", [f"{part['empty'][side]:,}" for part in parts])
        for side in ("source", "target")
    ]
    ratios = [", ".join(f"{said} {part['ratio'][q]:.2f}" for q, said in _RATIOS) for part in parts]
    rows.append(("target by source, in characters", ratios))
    rows.append(("of unusual ratio", [f"{part['uneven']['rows']:,}" for part in parts]))
    rows.append(("target is the source", [f"{part['copies']['rows']:,}" for part in parts]))
    several = [
        f"{one['sources']:,}" + (f", of up to {one['most']} targets" if one["sources"] else "")
        for one in (part["several"] for part in parts)
    ]
    rows.append(("sources of several targets", several))
    return rows


def _encodings(part: Mapping[str, Any]) -> list[str]:
    found = part.get("encodings", {})
    return [name if len(found) == 1 else f"{name} ({n} files)" for name, n in found.items()]


def _spread(quantiles: Mapping[str, int]) -> str:
    return ", ".join(f"{said} {quantiles[key]:,}" for key, said in _QUANTILES.items() if quantiles)


def _classes(part: Mapping[str, Any]) -> str:
    if "labels" not in part:
        return ""
    listed = [f"{label}: {count:,}" for label, count in list(part["labels"].items())[:_MANY]]
    return ", ".join(listed) + (
        f", ... ({part['classes']} in all)" if part["classes"] > _MANY else ""
    )


def _again(duplicates: Mapping[str, Any]) -> str:
    more = duplicates["alike"]
    return f"{duplicates['rows']:,}" + (
        f", and {more:,} but for capitals and blanks" if more else ""
    )


def _plans(padding: list[Mapping[str, Any]]) -> Table:
    table = Table(title="batches", title_justify="left", title_style="bold")
    for heading in ("made of", "batches", "padding"):
        table.add_column(heading, justify="left" if heading == "made of" else "right")
    for row in padding:
        name = f"{row['unit']}: {row['plan']}"
        table.add_row(name, f"{row['batches']:,}", f"{row['padding']:.1%}")
    return table


def _places(found: Mapping[str, Any]) -> list[str]:
    """Where the first ones of each kind stand."""
    listed = []
    kinds = {
        "stands there before": found["duplicates"]["first"],
        "has another label elsewhere": found.get("conflicts", {}).get("first", []),
        "stands in the training part": found.get("between", {}).get("first", []),
    }
    if "pairs" in found:
        kinds |= {
            "of unusual ratio": found["pairs"]["uneven"]["first"],
            "target is the source": found["pairs"]["copies"]["first"],
            "source is learnt": found.get("between", {}).get("sources", {}).get("first", []),
        }
    for kind, places in kinds.items():
        if places:
            listed.append(f"{kind}: {'; '.join(places[:3])}{', ...' if len(places) > 3 else ''}")
    return listed
