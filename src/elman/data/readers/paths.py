"""Paths from files: a line for each place of an agent, `frame agent x y`; a file is a scene."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from elman.data.paths import Paths, Scene
from elman.data.tables.dialect import Layout, encoding_of, lines_of
from elman.data.tables.fields import MISSING, is_number, number
from elman.data.tables.unpacking import also_packed, reading
from elman.errors import ArgumentError, DataError, FormatError
from elman.parameters import one_of, real
from elman.printable import many, quoted

__all__ = ["COLUMNS", "GAPS", "looks_like_paths", "path_files", "read_paths"]

COLUMNS = ("frame", "agent", "x", "y")
"""What the columns are where nothing else is told."""
_SUFFIXES = also_packed((".txt", ".csv", ".tsv"))
_ALSO_CALLED = {
    "frame": ("frame", "frame_id", "frame_num", "frame_number", "frameid", "time", "t",
              "timestamp", "step"),
    "agent": ("agent", "agent_id", "id", "ped", "ped_id", "pedestrian", "pedestrian_id",
              "track", "track_id", "trackid", "person", "person_id", "object_id"),
    "x": ("x", "pos_x", "x_pos", "position_x", "x_m"),
    "y": ("y", "pos_y", "y_pos", "position_y", "y_m"),
}  # fmt: skip
GAPS = ("fill", "part", "refuse")
"""What is done where steps of an agent are missing."""
_FILLED = 3  # steps in a row
_FEW = 0.01  # of the lines that may stand between the steps
_LOOKED_AT = 20  # lines by which a file's kind is judged
_LINES = "lines of frame agent x y, between blanks, tabs or commas; or columns= says what they are"


class _Line(NamedTuple):
    """What a line says, and where it stands."""

    line: int
    frame: float
    agent: str
    values: tuple[float, ...]


class _Told(NamedTuple):
    """How a file is read."""

    columns: tuple[str, ...] | None
    extra: tuple[str, ...]
    step: float | None
    gaps: str
    encoding: str | None


def read_paths(
    source: str | os.PathLike[str],
    *,
    columns: str | Sequence[str] | None = None,
    extra: str | Sequence[str] = (),
    step: float | None = None,
    unit: str = "",
    track_gaps: str = "fill",
    encoding: str | None = None,
) -> Paths:
    """Read scenes: a file is one, a folder (and what is below it) several.

    A line is one place of one agent: frame, agent, x, y, between blanks, tabs, commas or
    semicolons; a header may name the columns. The frames of a scene have a regular step, which is
    found: the most frequent one of an agent's frames.

    What is repaired, each counted in `notes`: lines of an agent that are out of the order of time
    are sorted; lines that are there twice are read once; where at most three steps of an agent are
    missing, they are filled by a straight line, and where more are its path ends, and another
    begins (`track_gaps`); agents that are seen once are kept as others' neighbours; of
    the lines at most one in a hundred may stand between the steps, and is left out. In a folder
    a file that cannot be read is left out and named, if there is one that can.

    Args:
        source: A file (`.txt`, `.csv`, `.tsv`, plain or packed), or a folder of them.
        columns: What the columns are, as "frame,agent,x,-,y": `-` is not read. None: the header
            says it, or they are frame, agent, x, y.
        extra: Names of columns that are read as further numbers of each place.
        step: Frames from one step to the next; what stands between is left out, and counted.
            None: found.
        unit: Of x and y, as "m" or "px".
        track_gaps: Where steps of an agent are missing: "fill" up to three in a row, "part" its
            path there, or "refuse" the file.
        encoding: Of the files; None: found out.

    Raises:
        FormatError: A file is no such file; or nothing in the folder is.
        DataError: A number is none or not finite, an agent is at two places in one frame,
            the frames have no regular step, or steps are missing and `track_gaps` refuses
            that: the message names file and line.
        ArgumentError: An option is out of its range.
    """
    path = Path(source)
    told = _told(columns, extra, step, track_gaps, encoding)
    files = path_files(path)
    folder = path.is_dir()
    scenes, repaired, failed = [], Counter[str](), list[DataError]()
    for file in files:
        name = _stem(file.relative_to(path).as_posix() if folder else file.name)
        try:
            scenes.append(_read(file, name, told, repaired))
        except DataError as error:
            failed.append(error)
            if not folder:
                raise
    if not scenes:
        raise failed[0]
    notes = [f"{path}: {text}" for text in _counted(repaired)]
    if failed:
        gone = f"{many(len(failed), 'file')} of {len(files)} left out, the first: {failed[0]}"
        notes.append(f"{path}: {gone}")
    steps = sorted({scene.every for scene in scenes})
    if len(steps) > 1 or steps[0] != 1:
        said = ", ".join(f"{one:g}" for one in steps[:5])
        notes.append(f"{path}: a step is {said} frames")
    written: dict[str, Any] = {
        "columns": None if told.columns is None else ",".join(told.columns),
        "extra": ",".join(told.extra) or None,
        "step": told.step,
        "unit": unit or None,
        "track_gaps": None if track_gaps == "fill" else track_gaps,
        "encoding": encoding,
    }
    kept = tuple((name, value) for name, value in written.items() if value is not None)
    return Paths(tuple(scenes), ("x", "y", *told.extra), unit, str(path), tuple(notes), kept)


def path_files(path: Path) -> list[Path]:
    """The files of a folder and of those below it, by name; or the file itself.

    Raises:
        DataError: The path cannot be read.
        FormatError: There is none whose name ends as those of paths do.
    """
    with reading(str(path)):
        if not path.is_dir():
            return [path]
        below = sorted(path.rglob("*"))
        files = [one for one in below if _is_named(one) and one.is_file()]
    if not files:
        raise FormatError(str(path), "holds no file of paths", "files .txt, .csv or .tsv")
    return files


def looks_like_paths(path: Path) -> bool:
    """Whether the first lines of a file, or of a folder's first file, are as those of paths are.

    That is: four columns of numbers without a header, or one that names frame, agent, x and y.
    """
    try:
        file = path_files(path)[0]
        if not _is_named(file):
            return False
        layout = Layout(encoding_of(file, str(file), None), ",")
        lines = list(islice(lines_of(file, str(file), layout), _LOOKED_AT))
    except DataError:
        return False
    told = [line for line in lines if line.strip() and line.strip()[0] not in "#%"]
    if not told:
        return False
    rows = [_fields(line, _separator(told[0])) for line in told]
    if _is_header(rows[0]):
        return all(_called(rows[0], role) is not None for role in COLUMNS)
    return all(len(row) == len(COLUMNS) and is_number(row[0]) for row in rows) and all(
        is_number(one) for row in rows for one in row[2:]
    )


def _told(columns: Any, extra: Any, step: Any, gaps: Any, encoding: str | None) -> _Told:
    one_of(*GAPS).check("track_gaps", gaps)
    names = _names("columns", columns) if columns is not None else None
    if names is not None:
        missing = [role for role in COLUMNS if names.count(role) != 1]
        if missing:
            found = f"{quoted(missing)} not among {quoted(names)} exactly once"
            raise ArgumentError("columns", found, "as frame,agent,x,y; - for what is not read")
    more = _names("extra", extra)
    for name in more:
        if name in COLUMNS or more.count(name) > 1 or (names is not None and name not in names):
            raise ArgumentError("extra", f"found {name!r}", "names of further columns, each once")
    return _Told(names, more, None if step is None else real("step", step), gaps, encoding)


def _names(where: str, given: Any) -> tuple[str, ...]:
    parts = given.split(",") if isinstance(given, str) else given
    if not isinstance(parts, list | tuple) or not all(isinstance(one, str) for one in parts):
        raise ArgumentError(where, f"found {given!r:.80}", "names of columns, as a,b")
    return tuple(one.strip().lower() for one in parts if one.strip())


def _is_named(path: Path) -> bool:
    hidden = any(part.startswith((".", "_")) and part != ".." for part in path.parts[-2:])
    return path.name.lower().endswith(_SUFFIXES) and not hidden


def _stem(name: str) -> str:
    """A file's name without its ending."""
    lower = name.lower()
    ending = max((one for one in _SUFFIXES if lower.endswith(one)), key=len, default="")
    return name[: len(name) - len(ending)] or name


def _read(file: Path, name: str, told: _Told, repaired: Counter[str]) -> Scene:
    """The scene in a file; what is repaired is counted."""
    where = str(file)
    lines = list(_lines(file, where, told))
    if not lines:
        raise FormatError(where, "holds no place of an agent", _LINES)
    lines = _once_each(lines, where, repaired)
    every = _step_of(lines, where) if told.step is None else told.step
    first = min(one.frame for one in lines)
    lines = _on_steps(lines, first, every, told, where, repaired)
    if told.gaps == "refuse":
        _check_whole(lines, every, where)
    names = {agent: k for k, agent in enumerate(dict.fromkeys(one.agent for one in lines))}
    scene = Scene(
        name,
        tuple(names),
        np.array([names[one.agent] for one in lines]),
        np.array([round((one.frame - first) / every) for one in lines]),
        np.array([one.values for one in lines]),
        first,
        every,
    )
    seen = np.bincount(scene.who, minlength=len(names))
    if told.gaps == "fill":
        scene = scene.bridged(_FILLED)
    repaired["filled"] += int(scene.filled.sum())
    repaired["once"] += int((seen == 1).sum())
    repaired["gaps"] += len(scene.breaks) - 1 - len(names)
    return scene


def _lines(file: Path, where: str, told: _Told) -> Iterator[_Line]:
    """The lines of a file as they say it."""
    places, width, separator = None, 0, None
    agents: dict[str, str] = {}
    for line, text in enumerate(
        lines_of(file, where, Layout(encoding_of(file, where, told.encoding), ",")), 1
    ):
        if not text.strip() or text.lstrip()[0] in "#%":
            continue
        if places is None:
            separator = _separator(text)
        row = _fields(text, separator)
        if places is None:
            header = row if _is_header(row) else None
            places, width = _places(header, len(row), told, f"{where}, line {line}"), len(row)
            if header is not None:
                continue
        if len(row) != width:
            found = f"found {many(len(row), 'field')}"
            raise FormatError(f"{where}, line {line}", found, f"{width}, as in the lines before")
        frame, agent, *rest = (row[place] for place in places)
        at = f"{where}, line {line}"
        values = tuple(
            _number(field, at, name)
            for field, name in zip(rest, ("x", "y", *told.extra), strict=True)
        )
        yield _Line(line, _number(frame, at, "frame"), agents.setdefault(agent, _id(agent, at)),
                    values)  # fmt: skip


def _separator(line: str) -> str | None:
    """What stands between the fields of a file that begins with this line; None: blanks."""
    return next((sign for sign in ",;\t" if sign in line), None)


def _fields(line: str, separator: str | None) -> list[str]:
    return [one.strip().strip('"') for one in line.strip().split(separator)]


def _is_header(row: Sequence[str]) -> bool:
    return not any(is_number(one) or one in MISSING[1:] for one in row)


def _called(header: Sequence[str], role: str) -> int | None:
    """Where the column of a role stands in a header; None: nowhere."""
    lower = [one.lower() for one in header]
    return next((lower.index(name) for name in _ALSO_CALLED[role] if name in lower), None)


def _places(header: list[str] | None, width: int, told: _Told, where: str) -> list[int]:
    """Where frame, agent, x, y and the extra columns stand."""
    if told.columns is not None:
        if width != len(told.columns):
            found = f"found {many(width, 'field')}"
            raise FormatError(where, found, f"{len(told.columns)}, as columns= says")
        return [told.columns.index(name) for name in (*COLUMNS, *told.extra)]
    if header is None:
        if width != len(COLUMNS) or told.extra:
            found = f"found {many(width, 'field')} without a header"
            raise FormatError(where, found, _LINES)
        return list(range(len(COLUMNS)))
    lower = [one.lower() for one in header]
    found = [_called(header, role) for role in COLUMNS]
    found += [lower.index(name) if name in lower else None for name in told.extra]
    for name, place in zip((*COLUMNS, *told.extra), found, strict=True):
        if place is None:
            said = f"no column {name!r} among {quoted(header)}"
            raise FormatError(where, said, "a header that names it, or columns=")
    return [place for place in found if place is not None]


def _number(field: str, where: str, name: str) -> float:
    value = number(field) if is_number(field) else math.nan
    if not math.isfinite(value):
        raise DataError(f"{where}, column {name!r}", f"found {field!r:.40}", "a finite number")
    return value


def _id(field: str, where: str) -> str:
    """The name of an agent: "3.0" is 3."""
    if field in MISSING:
        raise DataError(f"{where}, column 'agent'", f"found {field!r}", "an agent's number or name")
    value = number(field) if is_number(field) else math.nan
    return str(int(value)) if math.isfinite(value) and value == int(value) else field


def _once_each(lines: list[_Line], where: str, repaired: Counter[str]) -> list[_Line]:
    """The lines by agent and time; one for each place.

    Raises:
        DataError: An agent is at two places in one frame.
    """
    latest: dict[str, float] = {}
    for one in lines:
        repaired["sorted"] += one.frame < latest.get(one.agent, -math.inf)
        latest[one.agent] = one.frame
    kept: dict[tuple[str, float], _Line] = {}
    for one in lines:
        before = kept.setdefault((one.agent, one.frame), one)
        if before is one:
            continue
        if before.values != one.values:
            said = f"agent {one.agent} is in frame {one.frame:g} at another place in line"
            expected = "one place for an agent in a frame, or agents of different names"
            raise DataError(f"{where}, line {one.line}", f"{said} {before.line}", expected)
        repaired["twice"] += 1
    return sorted(kept.values(), key=lambda one: (one.agent, one.frame))


def _step_of(lines: list[_Line], where: str) -> float:
    """The most frequent step from one frame of an agent to its next."""
    apart = Counter(
        round(after.frame - before.frame, 6)
        for before, after in pairwise(lines)
        if after.agent == before.agent
    )
    if not apart:
        raise FormatError(where, "no agent is seen in two frames", _LINES)
    most = max(apart.values())
    return min(step for step, count in apart.items() if count == most)


def _on_steps(
    lines: list[_Line],
    first: float,
    every: float,
    told: _Told,
    where: str,
    repaired: Counter[str],
) -> list[_Line]:
    """The lines whose frames are whole steps from the first one."""
    steps = [(one.frame - first) / every for one in lines]
    kept = [one for one, step in zip(lines, steps, strict=True) if abs(step - round(step)) < 1e-3]
    gone = len(lines) - len(kept)
    if gone > _FEW * len(lines) and told.step is None:
        some = {id(one) for one in kept}
        one = min((one for one in lines if id(one) not in some), key=lambda one: one.line)
        found = f"found frame {one.frame:g}, and most are steps of {every:g} from {first:g} on"
        raise DataError(f"{where}, line {one.line}", found, "frames in a regular step, or step=")
    repaired["between" if told.step is None else "skipped"] += gone
    return kept


def _check_whole(lines: list[_Line], every: float, where: str) -> None:
    for before, after in pairwise(lines):
        if after.agent == before.agent and round((after.frame - before.frame) / every) > 1:
            found = f"agent {after.agent} was seen before in frame {before.frame:g}"
            expected = f"every {every:g} frames a place, or track_gaps='fill' or 'part'"
            raise DataError(f"{where}, line {after.line}", found, expected)


def _counted(repaired: Counter[str]) -> Iterator[str]:
    """What was repaired, in sentences."""
    said = {
        "sorted": ("line", "out of the order of time sorted"),
        "twice": ("line", "twice there, read once"),
        "between": ("line", "between the steps left out"),
        "skipped": ("line", "between steps of the length told left out"),
        "filled": ("place", f"missing for up to {_FILLED} steps filled by straight lines"),
        "gaps": ("gap", "in paths: a path ends there, and another begins"),
        "once": ("agent", "seen once: others' neighbours only"),
    }
    for name, (noun, text) in said.items():
        if repaired[name]:
            yield f"{many(repaired[name], noun)} {text}"
