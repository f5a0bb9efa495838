"""A first look at a data set: what its manifest says, and how its content begins."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.data.labelled_sequences import LabelledSequences
from elman.data.series.panel import Panel
from elman.data.sets import catalogue
from elman.data.sets import series as series_sets
from elman.data.sets.drawings import drawing_names, load_drawings
from elman.data.sets.labelled import full_name, labelled_names, load
from elman.data.sets.manifest import File, Manifest
from elman.data.sets.melodies import CHORALES, MELODIES, load_chorales, load_melodies
from elman.data.sets.pairs import load_pairs, pair_names
from elman.data.sets.walkers import load_paths, path_set_names
from elman.data.tables.timestamps import shown as as_text
from elman.errors import ArgumentError, DataError, MissingExtraError
from elman.music import written
from elman.printable import many

__all__ = ["holder", "inside_names", "made_names", "preview", "set_names"]

_LINES = 3
_WIDTH = 72
_MEMBERS = 3
_HOLDERS = {
    "omniglot": "omniglot_strokes",
    "digit_strokes": "digits",
    "nottingham": "nottingham_abc",
    "chorales": "jsb_chorales",
}
"""Sets of the catalogue that are read by another name."""


def set_names() -> list[str]:
    """All names that `preview` takes, sorted: sets, and what is in them; and what is made."""
    return sorted({*catalogue.names(), *series_sets.series_names(), *_read_names()})


def _read_names() -> set[str]:
    """Names by which something else than series is read."""
    music = (*MELODIES, *CHORALES)
    return {*labelled_names(), *drawing_names(), *music, *pair_names(), *path_set_names()}


def holder(name: str) -> str:
    """The set of the catalogue that `name` is, or in which it lies.

    >>> holder("etth1"), holder("mnist/pixels"), holder("mnist"), holder("omniglot/Greek")
    ('timeseries', 'mnist', 'mnist', 'omniglot_strokes')

    Raises:
        ArgumentError: There is no such set, where the message names the closest ones; or it is
            made when it is read.
    """
    if name in series_sets.series_names():
        return series_sets.holder(name)
    if name not in set_names():
        raise catalogue.unknown(name, set_names())
    found = _holder(name)
    if found is None:
        expected = f"nothing to get; see: elman data show {name}"
        raise ArgumentError("name", f"{name!r} is made when it is read", expected)
    return found


def inside_names() -> list[str]:
    """Names of what lies in sets of the catalogue and is no series, but for short names; sorted."""
    own = {name for name in _read_names() if full_name(name) == name}
    return sorted(name for name in own - {*catalogue.names()} if _holder(name) is not None)


def made_names() -> list[str]:
    """Names of what is made when it is read, sorted: every machine has it."""
    return sorted(name for name in _read_names() if _holder(name) is None)


def _holder(name: str) -> str | None:
    """In which set of the catalogue something lies that is no series; None: it is made."""
    first = full_name(name).partition("/")[0]
    whole = _HOLDERS.get(first, first)
    return whole if whole in catalogue.names() else None


def _made(name: str) -> dict[str, str | list[str]] | None:
    """What is shown of a set that is made when it is read; None: it is none of these."""
    if name not in made_names():
        return None
    if name in path_set_names():
        return _of_paths(name)
    for names, origin, parts in (
        (labelled_names(), "elman.data.synthetic", _parts),
        (pair_names(), "elman.data", _pair_parts),
        (MELODIES, "elman.data.sets.tunes", _tunes),
    ):
        if name in names:
            return {"name": name, "origin": f"made when it is read: {origin}"} | parts(name)
    return None


def preview(name: str) -> dict[str, str | list[str]]:
    """What `elman data show NAME` prints: each entry a text or some lines.

    A set that is not here shows what its manifest says, and how to get it.

    Args:
        name: A set of the catalogue, or a part of one that is labelled sequences
            (`sequence_classification/GunPoint`), time series (`etth1`), drawings
            (`omniglot/Greek`) or music (`nottingham`); or one that is made (`walkers`).

    Raises:
        ArgumentError: There is no such set.
        ChecksumError: A file of the set is not the one that its manifest describes.
    """
    name = full_name(name)
    made = _made(name)
    if made is not None:
        return made
    known = catalogue.manifest(holder(name))
    shown = _facts(known)
    if name.partition("/")[0] in _HOLDERS:
        shown |= {"name": name, "part of": known.name}
    if name in series_sets.series_names():
        shown |= {"name": name, "title": series_sets.describe(name), "part of": known.name}
    try:
        shown["folder"] = str(catalogue.locate(known.name))
    except (DataError, MissingExtraError) as error:
        if catalogue.find(known.name) is not None:
            raise  # it is here and damaged
        return shown | {"folder": f"not here; {error.expected}"}
    for names, parts in (
        (drawing_names(), _drawings),
        (MELODIES, _tunes),
        (CHORALES, _chorales),
        (labelled_names(), _parts),
        (series_sets.series_names(), _series_parts),
    ):
        if name in names:
            return shown | parts(name)
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
        shown[part] = [_shape(data), *_classes(data.labels)]
        if part == "train":
            shown["first steps"] = _first_steps(data)
    return shown


def _drawings(name: str) -> dict[str, str | list[str]]:
    """Sizes of both parts of a set of drawings, and its classes or first texts."""
    shown: dict[str, str | list[str]] = {}
    for part in ("train", "test"):
        found = load_drawings(name, part)
        points = sum(len(one) for one in found.points)
        size = f"{many(len(found), 'drawing')}, {many(points, 'point')}"
        shown[part] = [size, *_classes(found.labels), *(found.texts or ())[:_LINES]]
    return shown


def _tunes(name: str) -> dict[str, str | list[str]]:
    """How many tunes there are, how the first one begins, and what was left out."""
    found = load_melodies(name)
    first = written(found.tunes[0]).splitlines()
    return {"all": many(len(found), "tune"), "first tune": first, "notes": list(found.notes)}


def _chorales(name: str) -> dict[str, str | list[str]]:
    """How many pieces each part has, and the first chords."""
    found = load_chorales(name)
    first = [np.flatnonzero(step) for step in found.pieces[0][:_LINES]]
    parts = dict.fromkeys(found.parts or ())
    return {part: many(len(found.part(part)), "piece") for part in parts} | {
        "first chords": [" ".join(map(str, chord)) for chord in first]
    }


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


def _classes(labels: np.ndarray | None) -> list[str]:
    if labels is None:
        return []
    if labels.dtype.kind == "f":
        return [f"numbers from {labels.min():.4g} to {labels.max():.4g}"]
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
