"""A first look at a data set: what its manifest says, and how its content begins."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.data.labelled_sequences import LabelledSequences
from elman.data.series.panel import Panel
from elman.data.sets import catalogue, drawings
from elman.data.sets import series as series_sets
from elman.data.sets.drawings import drawing_names
from elman.data.sets.labelled import full_name, labelled_names, load
from elman.data.sets.manifest import File, Manifest
from elman.data.sets.pairs import load_pairs, pair_names
from elman.data.sets.walkers import load_paths, path_set_names
from elman.data.tables.timestamps import shown as as_text
from elman.errors import DataError, MissingExtraError
from elman.printable import many

__all__ = ["holder", "preview", "set_names"]

_LINES = 3
_WIDTH = 72
_MEMBERS = 3


def set_names() -> list[str]:
    """All names that `preview` takes, sorted: sets, and what is in them; and what is made."""
    series, made = series_sets.series_names(), (*pair_names(), *path_set_names())
    return sorted({*catalogue.names(), *labelled_names(), *drawing_names(), *series, *made})


def holder(name: str) -> str:
    """The set of the catalogue that `name` is, or in which it lies.

    >>> holder("etth1"), holder("mnist/pixels"), holder("mnist")
    ('timeseries', 'mnist', 'mnist')

    Raises:
        ArgumentError: There is no such set; the message names the closest ones.
    """
    if name in series_sets.series_names():
        return series_sets.holder(name)
    if name in drawing_names():
        return drawings.holder(name)
    whole = full_name(name).partition("/")[0] if name in labelled_names() else name
    if whole not in catalogue.names():
        raise catalogue.unknown(name, {*catalogue.names(), *series_sets.series_names()})
    return whole


def _made(name: str) -> dict[str, str | list[str]] | None:
    """What is shown of a set that is made when it is read; None: it is none of these."""
    if name in path_set_names():
        return _of_paths(name)
    for names, origin, parts in (
        (labelled_names(), "elman.data.synthetic", _parts),
        (pair_names(), "elman.data", _pair_parts),
    ):
        held = name in drawing_names() or name.partition("/")[0] in catalogue.names()
        if name in names and not held:
            return {"name": name, "origin": f"made when it is read: {origin}"} | parts(name)
    return None


def preview(name: str) -> dict[str, str | list[str]]:
    """What `elman data show NAME` prints: each entry a text or some lines.

    A set that is not here shows what its manifest says, and how to get it.

    Args:
        name: A set of the catalogue, or a part of one that is labelled sequences
            (`sequence_classification/GunPoint`) or time series (`etth1`).

    Raises:
        ArgumentError: There is no such set.
        ChecksumError: A file of the set is not the one that its manifest describes.
    """
    name = full_name(name)
    made = _made(name)
    if made is not None:
        return made
    labelled, series = name in labelled_names(), name in series_sets.series_names()
    known = catalogue.manifest(holder(name))
    shown = _facts(known)
    if series:
        shown |= {"name": name, "title": series_sets.describe(name), "part of": known.name}
    try:
        shown["folder"] = str(catalogue.locate(known.name))
    except (DataError, MissingExtraError) as error:
        if catalogue.find(known.name) is not None:
            raise  # it is here and damaged
        return shown | {"folder": f"not here; {error.expected}"}
    shown |= {"name": name} if name in drawing_names() else {}
    if labelled:
        return shown | _parts(name)
    if name in drawing_names():
        return shown | _drawing_parts(name)
    if series:
        return shown | _series_parts(name)
    if name in pair_names():
        shown |= _pair_parts(name)
    inside = [other for other in labelled_names() if other.startswith(f"{name}/")]
    if inside:
        shown["labelled sequences"] = inside
    if inside := [n for n in series_sets.series_names() if series_sets.holder(n) == name]:
        shown["series by name"] = inside
    for file in known.files:
        shown |= _beginnings(known.name, file)
    return shown


def _facts(known: Manifest) -> dict[str, str | list[str]]:
    origin = [f"{o.repository} at {o.commit}: {o.path}" for o in known.origin]
    return {
        "name": known.name,
        "title": known.title,
        "task": known.task,
        "records": known.records,
        "origin": origin or f"comes with {known.dependency}",
        "licence": f"{known.licence} ({known.confidence})",
        "citation": known.citation,
        "files": [f"{file.path}  {file.bytes:,} bytes" for file in known.files],
    }


def _of_paths(name: str) -> dict[str, str | list[str]]:
    """What is shown of made-up paths: how many there are, and how they begin."""
    found = {part: load_paths(name, part) for part in ("train", "test")}
    scene = found["train"].scenes[0]
    rows = zip(scene.steps[:_LINES], scene.who[:_LINES], scene.values[:_LINES], strict=True)
    return {
        "name": name,
        "origin": "made when it is read: elman.data.sets.walkers",
        "unit": found["train"].unit,
        **{f"{part} part": data.described() for part, data in found.items()},
        "frame, agent, x, y": [
            f"{scene.frame(step)} {scene.agents[who]} {x:g} {y:g}" for step, who, (x, y) in rows
        ],
    }


def _parts(name: str) -> dict[str, str | list[str]]:
    """Shapes, classes and the first steps of both parts of a set of labelled sequences."""
    shown: dict[str, str | list[str]] = {}
    for part in ("train", "test"):
        data = load(name, part)
        shown[part] = [_shape(data), *_classes(data)]
        if part == "train":
            shown["first steps"] = _first_steps(data)
    return shown


def _pair_parts(name: str) -> dict[str, str | list[str]]:
    """Sizes and lengths of both parts of a set of pairs, and its first ones."""
    train, test = (load_pairs(name, part) for part in ("train", "test"))
    first = [f"{a}  →  {b}"[:_WIDTH] for a, b in zip(train.source, train.target, strict=True)]
    return {
        "train": train.describe(),
        "test": test.describe(),
        "first pairs": first[:_LINES],
        "notes": [*dict.fromkeys((*train.notes, *test.notes))],
    }


def _drawing_parts(name: str) -> dict[str, str | list[str]]:
    """How many drawings both parts have, and how the first begins."""
    shown: dict[str, str | list[str]] = {}
    for part in ("train", "test"):
        data = drawings.load_drawings(name, part)
        points = sum(map(len, data.points))
        shown[part] = [f"{many(len(data), 'drawing')}, {many(points, 'point')}"]
        if data.texts is not None:
            shown[part].append(", ".join(data.texts[:_LINES]) + ", ...")
    return shown


def _first_steps(data: LabelledSequences) -> list[str]:
    """How the first sequence begins: a line a step; words, or a text, in one line."""
    first = data.sequences.one(0)
    if isinstance(first, str):
        return [first[:_WIDTH]]
    if data.sequences.features is None:
        return [" ".join(map(str, first))[:_WIDTH]]
    first = first[:_LINES]
    return [" ".join(f"{value:.4g}" for value in step)[:_WIDTH] for step in first]


def _series_parts(name: str) -> dict[str, str | list[str]]:
    """Lengths and times of the parts of a set of time series, and how its first series begins."""
    panel = series_sets.load_series(name)
    season = many(panel.frequency.season, "step")
    first = ", ".join(f"{value:g}" for value in panel.target[:_LINES, 0])
    return {
        "frequency": f"{panel.frequency.describe()}, season of {season}",
        "all": _lengths(panel),
        "train": _lengths(series_sets.load_series(name, "train")),
        "test": _lengths(series_sets.load_series(name, "test")),
        "first steps": f"{panel.names[0]}: {first}, ...",
    }


def _lengths(panel: Panel) -> str:
    shortest, longest = panel.lengths.min(), panel.lengths.max()
    steps = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
    times = f"{as_text(panel.times.min())} to {as_text(panel.times.max())}"
    missing = int(np.isnan(panel.target).sum())
    said = f"; {many(missing, 'value')} missing" if missing else ""
    return f"{len(panel)} series of {steps} steps, {times}{said}"


def _shape(data: LabelledSequences) -> str:
    sizes, features = data.sequences.sizes, data.sequences.features
    span = f"{sizes.min()}" + (f" to {sizes.max()}" if sizes.min() < sizes.max() else "")
    each = "" if features is None else f", {features} features"
    return f"{len(data)} sequences, {span} {data.sequences.unit}s{each}"


def _classes(data: LabelledSequences) -> list[str]:
    if data.labels is None:
        return []
    if data.labels.dtype.kind == "f":
        return [f"numbers from {data.labels.min():.4g} to {data.labels.max():.4g}"]
    labels = data.labels
    if labels.dtype == object:  # one at each step
        labels = np.concatenate([np.asarray(row) for row in labels])
    values, counts = np.unique(labels, return_counts=True)
    return [", ".join(f"{value}: {count}" for value, count in zip(values, counts, strict=True))]


def _beginnings(name: str, file: File) -> dict[str, Any]:
    """How a file begins, or the first few members of an archive."""
    paths = [member.path for member in file.members] or [file.path]
    try:
        contents = catalogue.contents(name, paths[:_MEMBERS])
    except DataError as error:
        return {file.path: f"not here; {error.expected}"}
    shown: dict[str, Any] = {path: _first_lines(content) for path, content in contents.items()}
    if len(paths) > _MEMBERS:
        shown[file.path] = f"... and {len(paths) - _MEMBERS} more members"
    return shown


def _first_lines(content: bytes) -> list[str]:
    """The first lines of a text, cut to the screen's width; the size of what is not text."""
    try:
        start = content[: 1 << 12].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.end < min(len(content), 1 << 12) - 3:  # else only a cut character at the end
            return [f"{len(content):,} bytes, not text"]
        start = content[: error.start].decode("utf-8")
    return [line[:_WIDTH] for line in start.splitlines()[:_LINES]]
