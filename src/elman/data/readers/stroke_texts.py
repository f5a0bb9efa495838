"""Drawings in texts: Omniglot's points and breaks, UNIPEN's, and lines of JSON."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import numpy as np

from elman.data.readers.inked import MAX_POINTS, Inked, number
from elman.errors import DataError, FormatError

Found = Inked | DataError
"""A drawing of a file, or why it cannot be read: the others of the file can."""

__all__ = ["Found", "begins_like_strokes", "parse_json_lines", "parse_omniglot", "parse_unipen"]

_UNIPEN = (".VERSION", ".COORD", ".HIERARCHY", ".PEN_DOWN", ".SEGMENT", ".X_DIM", ".COMMENT")
_KINDS = ("CHARACTER", "DIGIT", "WORD")  # of segments: the first of these that a file has is read


def begins_like_strokes(start: bytes) -> str | None:
    """By its first bytes which text of strokes it is: "omniglot", "unipen"; None: neither."""
    lines = start.decode("utf-8", "replace").lstrip("\ufeff \r\n\t").splitlines()
    first = lines[0].strip() if lines else ""
    if first == "START":
        return "omniglot"
    return "unipen" if first.split(" ")[0].split("\t")[0] in _UNIPEN else None


def parse_omniglot(text: str, where: str) -> list[Inked]:
    """Points `x,y,milliseconds` a line between `START` and each stroke's `BREAK`; y upwards.

    Raises:
        FormatError, DataError: A line is none of these; it is named.
    """
    drawing, stroke = Inked(down=False), list[list[float]]()
    for line, content in enumerate(text.splitlines(), start=1):
        place = f"{where}, line {line}"
        if content.strip() == "BREAK":
            if stroke:
                drawing.strokes.append(np.array(stroke))
            stroke = []
        elif content.strip() and not (line == 1 and content.strip("\ufeff ") == "START"):
            parts = content.split(",")
            if len(parts) not in (2, 3):
                raise FormatError(place, f"found {content!r:.60}", "x,y,milliseconds or BREAK")
            x, y, *t = (number(part, place) for part in parts)
            stroke.append([x, y, t[0] / 1000 if t else np.nan])
    if stroke:  # a file that was cut, or one whose last stroke has no BREAK
        drawing.strokes.append(np.array(stroke))
    return [drawing]


def parse_unipen(text: str, where: str) -> list[Found]:
    """UNIPEN's coordinates between `.PEN_DOWN` and `.PEN_UP`; y upwards, as on a tablet.

    `.COORD` says which columns are X, Y and T; `.POINTS_PER_SECOND` the times where there is no T.
    A `.SEGMENT CHARACTER` (or `WORD`) with the components of strokes and a label parts a file into
    drawings; without any the file is one. `.WRITER_ID` is the group. What is written between
    strokes with the pen up is not drawn. A line that does not fit makes the drawing that it is of
    an error that names it.

    Raises:
        FormatError, DataError: A line that is of all drawings does not fit; it is named.
    """
    return _Unipen(where).read(text)


class _Segment(NamedTuple):
    """What a line says of components.

    Attributes:
        kind: CHARACTER, WORD, ...
        components: Which ones; "": those behind it, up to the next one of its kind.
        label: What they are.
        begin: How many components stand before the line.
        place: The line, in messages.
    """

    kind: str
    components: str
    label: str
    begin: int
    place: str


class _Unipen:
    def __init__(self, where: str) -> None:
        self.where = where
        self.columns, self.rate, self.writer = ["X", "Y"], 0.0, None
        self.components: list[np.ndarray | DataError | None] = []  # None: with the pen up
        self.segments: list[_Segment] = []
        self.unkind: list[Found] = []  # segments that do not say what they are
        self.broken: DataError | None = None  # what is wrong in this component
        self.rows: list[list[float]] | None = None
        self.down, self.count = False, 0

    def read(self, text: str) -> list[Found]:
        for line, content in enumerate(text.splitlines(), start=1):
            place = f"{self.where}, line {line}"
            if content.startswith("."):
                keyword, _, rest = content.strip().partition(" ")
                self._keyword(keyword, rest.strip(), place)
            elif content.strip() and self.rows is not None:
                self._row(content.split(), place)
        self._end()
        return self._parted()

    def _keyword(self, keyword: str, rest: str, place: str) -> None:
        if keyword in (".PEN_DOWN", ".PEN_UP"):
            self._end()
            self.rows, self.down = [], keyword == ".PEN_DOWN"
            if rest:  # points may begin on the keyword's own line
                self._row(rest.split(), place)
        elif keyword == ".DT":
            return
        elif keyword == ".COORD":
            self.columns = rest.upper().split()
            if not {"X", "Y"} <= {*self.columns}:
                raise FormatError(place, f"found {rest!r:.60}", "columns X and Y")
        elif keyword == ".POINTS_PER_SECOND":
            self.rate = number(rest.split()[0] if rest else "", place)
        elif keyword == ".WRITER_ID":
            self.writer = rest or None
        elif keyword == ".SEGMENT":
            self._segment(rest, place)
        else:
            self._end()

    def _segment(self, rest: str, place: str) -> None:
        before, mark, label = rest.partition('"')
        fields = before.split()
        if not fields:
            wrong = FormatError(place, "found no kind of segment", "as CHARACTER 0-2 OK")
            self.unkind.append(wrong)
            return
        components = fields[1] if len(fields) > 1 and re.search("[0-9]", fields[1]) else ""
        begin = len(self.components) + bool(self.rows or (self.rows is not None and not self.down))
        said = label.rpartition('"')[0] if mark else ""
        self.segments.append(_Segment(fields[0].upper(), components, said, begin, place))

    def _row(self, parts: list[str], place: str) -> None:
        assert self.rows is not None  # between strokes
        self.count += 1
        if self.count > MAX_POINTS:
            raise FormatError(place, f"more than {MAX_POINTS:,} points", "a smaller file")
        try:
            self.rows.append(self._point(parts, place))
        except DataError as error:
            self.broken = self.broken or error

    def _point(self, parts: list[str], place: str) -> list[float]:
        if len(parts) < len(self.columns):
            found = f"found {len(parts)} numbers"
            raise FormatError(place, found, f"{len(self.columns)}: {' '.join(self.columns)}")
        told = dict(zip(self.columns, parts, strict=False))
        time = number(told["T"], place) / 1000 if "T" in told else np.nan
        return [number(told["X"], place), number(told["Y"], place), time]

    def _end(self) -> None:
        if self.rows is None:
            return
        if not self.down:
            self.components.append(None)
        elif self.broken is not None:
            self.components.append(self.broken)
        elif self.rows:
            stroke = np.array(self.rows)
            if self.rate > 0 and not np.isfinite(stroke[:, 2]).any():
                stroke[:, 2] = np.arange(len(stroke)) / self.rate
            self.components.append(stroke)
        self.rows = self.broken = None

    def _parted(self) -> list[Found]:
        kinds = {one.kind for one in self.segments}
        kind = next((one for one in _KINDS if one in kinds), None)
        if kind is None:
            return [*self.unkind, self._drawing(self.components, None)]
        found = list(self.unkind)
        told = [one for one in self.segments if one.kind == kind]
        ends = [*(one.begin for one in told[1:]), len(self.components)]
        for n, (one, end) in enumerate(zip(told, ends, strict=True)):
            try:
                # Components count the strokes with the pen down and up alike.
                numbers = self._numbers(one) if one.components else range(one.begin, end)
                found.append(self._drawing([self.components[k] for k in numbers], one, str(n)))
            except DataError as error:
                found.append(error)
        return found

    def _drawing(
        self, chosen: list[np.ndarray | DataError | None], of: _Segment | None, name: str = ""
    ) -> Found:
        """The drawing of some components; what is wrong in one of them is wrong in it."""
        some = [stroke for stroke in chosen if isinstance(stroke, np.ndarray)]
        wrong = next((one for one in chosen if isinstance(one, DataError)), None)
        if wrong is not None:
            return wrong
        if of is None:
            return Inked(some, group=self.writer, down=False)
        if not some:
            expected = "at least one stroke; those with the pen down and up count alike, from 0"
            return FormatError(of.place, "is of no stroke with the pen down", expected)
        text = of.label if of.kind == "WORD" else None
        return Inked(some, of.label or None, text, self.writer, name, down=False)

    def _numbers(self, segment: _Segment) -> list[int]:
        """Which components "0-2,5" or "0:1-0:30" are; the points within one are not parted."""
        found: list[int] = []
        for part in segment.components.replace(":", "-:").split(","):
            ends = [one for one in part.split("-") if one and not one.startswith(":")]
            if not ends or not all(re.fullmatch(r"[0-9]{1,9}", one) for one in ends):
                said = f"found the components {segment.components!r:.40}"
                raise FormatError(segment.place, said, "as 0-2,5, or ?")
            first, last = int(ends[0]), int(ends[-1])
            if not first <= last < len(self.components):
                said = f"names the components {part:.20}, and there are {len(self.components):,}"
                raise FormatError(segment.place, said, "those of the file, from 0")
            found += range(first, last + 1)
        return found


def parse_json_lines(text: str, where: str) -> list[Found]:
    """Lines of JSON as Quick, Draw! has them: `word`, and strokes of xs, ys and perhaps times.

    A line that is no such object is an error that names it.

    Raises:
        FormatError: There are too many points.
    """
    found, count = list[Found](), 0
    for line, content in enumerate(text.splitlines(), start=1):
        if not content.strip():
            continue
        place = f"{where}, line {line}"
        try:
            one = _json_drawing(content, place, line)
        except DataError as error:
            found.append(error)
            continue
        count += sum(map(len, one.strokes))
        if count > MAX_POINTS:
            raise FormatError(place, f"more than {MAX_POINTS:,} points", "a smaller file")
        found.append(one)
    return found


def _json_drawing(content: str, place: str, line: int) -> Inked:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FormatError(place, f"is no JSON: {error}", "an object a line") from error
    if not isinstance(told, dict) or not isinstance(told.get("drawing"), list):
        raise FormatError(place, "has no drawing", '{"word": ..., "drawing": [[xs, ys], ...]}')
    strokes = [_json_stroke(one, place) for one in told["drawing"]]
    word, key = told.get("word"), told.get("key_id", "")
    name = key if isinstance(key, str) and key else str(line)
    label = word if isinstance(word, str) else None
    return Inked([one for one in strokes if len(one)], label, id=name)


def _json_stroke(given: Any, place: str) -> np.ndarray:
    listed = isinstance(given, list) and len(given) >= 2
    rows = given[:3] if listed else []
    if not rows or len({len(row) if isinstance(row, list) else -1 for row in rows}) != 1:
        raise FormatError(place, f"found the stroke {given!r:.60}", "xs and ys, as many of both")
    if not all(isinstance(one, int | float) for row in rows for one in row):
        raise FormatError(place, "found what is no number", "lists of numbers")
    stroke = np.full((len(rows[0]), 3), np.nan)
    stroke[:, : len(rows)] = np.array(rows, np.float64).T
    stroke[:, 2] /= 1000
    if not np.isfinite(stroke[:, :2]).all():
        raise DataError(place, "a coordinate is not finite", "finite numbers")
    return stroke
