r"""The ARFF files of the UCR and UEA archives, as Weka reads them.

One channel has an attribute for each step; several stand in one quoted field, a channel between
each two `\n`. The class comes last::

    @relation Waves
    @attribute channels relational
      @attribute t0 numeric
      @attribute t1 numeric
    @end channels
    @attribute class {up,down}
    @data
    '0.5,0.7\n1,?',up
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from elman.data.readers.series_rows import Archived, channels, values_of
from elman.data.tables.unpacking import also_packed
from elman.errors import FormatError
from elman.printable import many

__all__ = ["is_arff", "parse_arff"]

_NUMERIC = ("numeric", "real", "integer")
_CLASSES = ("class", "classattribute", "target", "label")
_ATTRIBUTE = re.compile(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s+(.+)", re.IGNORECASE)
_QUOTED = re.compile(r"\s*(['\"])(.*?)\1\s*(?:,(.*))?$")


def is_arff(name: str) -> bool:
    """Whether a file is, by its name, an ARFF file."""
    return name.lower().endswith(also_packed((".arff",)))


def parse_arff(lines: Iterable[tuple[int, str]], where: str) -> Archived:
    """After a head of attributes one series a line.

    Args:
        lines: Each with its number.
        where: What messages call the file.

    Raises:
        FormatError: A line is not of the format; the message names it.
    """
    told = ((n, line.strip()) for n, line in lines if line.strip() and line.lstrip()[0] != "%")
    labelled, relational = _head(told, where)
    rows, labels, found = [], [], []
    for number, line in told:
        at = f"{where}, line {number}"
        fields, label = _parted(line, labelled, relational, at)
        if relational:
            row = channels([part.split(",") for part in fields], at)
        else:
            row = values_of(fields, at)[:, None]
        if rows and row.shape[1] != rows[0].shape[1]:
            said = f"found {many(row.shape[1], 'feature')}"
            raise FormatError(at, said, f"{rows[0].shape[1]}, as in line {found[0]}")
        rows.append(row)
        labels.append(label)
        found.append(number)
    if not rows:
        raise FormatError(where, "found no series after @data", "one a line")
    return Archived(rows, labels if labelled else None, found)


def _head(lines: Iterator[tuple[int, str]], where: str) -> tuple[bool, bool]:
    """Whether a class comes last, and whether several channels stand in one field."""
    names, kinds, inside = list[str](), list[str](), False
    for number, line in lines:
        word = line.split()[0].lower()
        if word == "@data":
            if not kinds:
                raise FormatError(where, "found no attribute before @data", "one for each field")
            numeric = kinds[-1].lower() in _NUMERIC
            labelled = not numeric or names[-1].lower() in _CLASSES
            return labelled and kinds[-1].lower() != "relational", "relational" in kinds
        if word == "@end":
            inside = False
        elif word == "@attribute":
            match = _ATTRIBUTE.fullmatch(line)
            if match is None:
                found = f"found {line[:40]!r}"
                raise FormatError(f"{where}, line {number}", found, "@attribute NAME TYPE")
            if not inside:
                names.append(match[1].strip("'\""))
                kinds.append(match[2].strip().lower())
            inside = inside or match[2].strip().lower() == "relational"
        elif word != "@relation":
            found = f"found {line[:40]!r} before @data"
            raise FormatError(f"{where}, line {number}", found, "@relation, @attribute, then @data")
    raise FormatError(where, "found no line @data", "a head of attributes, then @data")


def _parted(line: str, labelled: bool, relational: bool, at: str) -> tuple[list[str], str]:
    """The fields of a series (of several channels each one's), and its label."""
    if not relational:
        fields = line.split(",")
        label = fields.pop().strip().strip("'\"") if labelled else ""
        if not fields or (labelled and not label):
            raise FormatError(at, f"found {line[:40]!r}", "values, and a class behind them")
        return fields, label
    match = _QUOTED.fullmatch(line)
    if match is None or labelled is not (match[3] is not None and match[3].strip() != ""):
        raise FormatError(at, f"found {line[:40]!r}", "channels in quotes, and a class behind them")
    parts = match[2].replace("\\n", "\n").strip("\n").split("\n")
    return parts, (match[3] or "").strip().strip("'\"")
