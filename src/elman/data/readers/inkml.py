"""Drawings in InkML (W3C Recommendation of 2011): traces, their groups and annotations."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from elman.data.readers.inked import MAX_POINTS, Inked, number
from elman.data.readers.xml_trees import Element
from elman.errors import FormatError

__all__ = ["parse_inkml"]

_TRUTH = ("truth", "label", "class")
_WRITER = ("writer", "writerid")
_VALUE = re.compile(
    r"""([!'"]?)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[*?TF]|[nN][aA][nN])"""
)


def parse_inkml(top: Element, where: str) -> list[Inked]:
    """Groups of traces that are annotated with a `truth` as drawings; without any, the whole file.

    Of a trace the channels X and Y are read, and T in milliseconds, where `traceFormat` names
    them; else the first two. y grows downwards. Values may be differences of the first or second
    order. Traces of the lifted pen are left out.

    Raises:
        FormatError, DataError: A trace does not fit; its line is named.
    """
    traces, left_out = _traces(top, where)
    writer = _annotated(top, _WRITER)
    found = []
    for group in top.every():
        truth = _annotated(group, _TRUTH) if group.tag == "traceGroup" else None
        inner = any(one.tag == "traceGroup" for one in group.children)
        if truth is None or inner:
            continue
        strokes = [traces[key] for key in _members(group) if key in traces]
        if strokes:
            name = group.attributes.get("id", str(len(found)))
            found.append(Inked(strokes, truth, None, writer, name))
    if not found:
        truth = _annotated(top, _TRUTH)
        found = [Inked([*traces.values()], truth, None, writer)]
    found[0].left_out = left_out
    return found


def _members(group: Element) -> list[str]:
    """The keys of the traces of a group: those in it, and those that it refers to."""
    found = []
    for one in group.every():
        if one.tag == "trace":
            found.append(_key(one))
        if one.tag == "traceView":
            found.append(one.attributes.get("traceDataRef", "").removeprefix("#"))
    return found


def _key(trace: Element) -> str:
    return trace.attributes.get("id") or f"line {trace.line}, {id(trace)}"


def _annotated(element: Element, kinds: tuple[str, ...]) -> str | None:
    for one in element.children:
        if one.tag == "annotation" and one.attributes.get("type", "").lower() in kinds:
            return one.text.strip() or None
    return None


def _traces(top: Element, where: str) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Strokes by their keys, and what was left out."""
    formats: dict[str, list[str]] = {}
    usual, found, count = ["X", "Y"], dict[str, np.ndarray](), 0
    left_out: dict[str, int] = {}
    for one in top.every():
        if one.tag == "traceFormat":
            channels = [c.attributes.get("name", "") for c in one.every() if c.tag == "channel"]
            formats[one.attributes.get("id", "")] = channels
            usual = channels if {"X", "Y"} <= {*channels} else usual
        if one.tag != "trace":
            continue
        if one.attributes.get("type", "penDown") != "penDown":
            left_out["trace of the lifted pen"] = left_out.get("trace of the lifted pen", 0) + 1
            continue
        stroke = _stroke(one, usual, f"{where}, line {one.line}")
        count += len(stroke)
        if count > MAX_POINTS:
            raise FormatError(where, f"more than {MAX_POINTS:,} points", "a smaller file")
        before = one.attributes.get("priorRef", "").removeprefix("#")
        if one.attributes.get("continuation") in ("middle", "end") and before in found:
            stroke = np.concatenate([found.pop(before), stroke])
        if len(stroke):
            found[_key(one)] = stroke
    return found, left_out


def _stroke(trace: Element, channels: list[str], where: str) -> np.ndarray:
    """The points of a trace: x, y, seconds."""
    rows: list[list[float]] = []
    state = _Differences(len(channels))
    for point in trace.text.split(","):
        if point.strip():
            rows.append(state.read(point, where))
    table = np.array(rows, np.float64).reshape(len(rows), len(channels))
    places = [channels.index(name) if name in channels else None for name in ("X", "Y", "T")]
    columns = [np.full(len(rows), np.nan) if k is None else table[:, k] for k in places]
    return np.column_stack([*columns[:2], columns[2] / 1000])


class _Differences:
    """Values of the channels, which may be told as differences from those before."""

    def __init__(self, channels: int) -> None:
        self.order = [""] * channels
        self.last: list[Any] = [0.0] * channels
        self.speed = [0.0] * channels

    def read(self, point: str, where: str) -> list[float]:
        """The values of a point."""
        found = _VALUE.findall(point)
        rest = _VALUE.sub("", point).strip()
        if rest or len(found) < len(self.last):
            channels = len(self.last)
            raise FormatError(where, f"found the point {point.strip()!r:.60}", f"{channels} values")
        for k, (order, text) in enumerate(found[: len(self.last)]):
            self.order[k] = order or self.order[k]
            self.last[k] = self._value(k, text, where)
        return [*self.last]

    def _value(self, k: int, text: str, where: str) -> float:
        if text == "*":
            return self.last[k]
        if text in "TF?":
            return float(text == "T")
        value = number(text, where)
        if self.order[k] == "'":
            self.speed[k] = value
            return self.last[k] + value
        if self.order[k] == '"':
            self.speed[k] += value
            return self.last[k] + self.speed[k]
        self.speed[k] = value - self.last[k]
        return value
