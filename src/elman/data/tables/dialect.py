"""How a text table is written: its encoding, what stands between fields, the decimal sign.

Each may be told; what is not told is found out where it is certain, and said.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import IO, Any, ClassVar, Literal, NamedTuple

from elman.data.tables.fields import MISSING, PLAIN, Numerals, signs_of
from elman.data.tables.judging import MOSTLY
from elman.data.tables.unpacking import open_unpacked, reading
from elman.errors import ArgumentError, DataError, FormatError
from elman.parameters import check_values, one_of, parameter, text

__all__ = [
    "FOUND_OUT",
    "LONGEST",
    "Dialect",
    "Layout",
    "Source",
    "encoding_and_mark",
    "encoding_of",
    "layout_of",
    "lines_of",
    "numerals_of",
]

Source = Path | bytes
"""A file, or what it holds."""

LONGEST = 1 << 24
"""Most characters of a line, and of a text."""

_LOOKED_AT = 20  # lines by which the separator is judged
_PIECE = 1 << 20  # bytes that are looked through at once
_NEARLY = 0.9  # so many of every second byte are zero in UTF-16 of Western texts
_SEPARATORS = "\t;|,"  # of those that fit alike the first
_NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|", "blank": " "}
_UTF8 = "utf-8-sig"
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What stands in Western texts outside ASCII, by ones and twos; of other scripts nearly every letter
# is outside.
_WESTERN = (
    "àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßœšžÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŒŠŽ"
    "°²³µ±·§%€£¥©®™«»„“”‘’‚–—…¼½¾ªº¿¡×\u00a0"
)
_FOREIGN = re.compile(b"[^\x01-\x7f%b]|[\x80-\xff]{3}" % re.escape(_WESTERN.encode("cp1252")))


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What is told of how a text table is written; None: found out."""

    _group: ClassVar = "Text tables"
    _table: ClassVar = None

    separator: str | None = parameter(
        None,
        text(none=True),
        "Text table: what stands between fields, as ';' or tab; else found out.",
    )
    decimal: str | None = parameter(
        None,
        one_of(".", ",", none=True),
        "Text table: the decimal sign, . or a comma; else found out.",
    )
    encoding: str | None = parameter(
        None, text(none=True), "Text table: its encoding, as cp1252 or utf-16; else found out."
    )

    dates: str | None = parameter(
        None,
        one_of("day-first", "month-first", none=True),
        "Text table: of dates as 01/02/2024 the day, day-first or month-first; else found out.",
    )

    date_format: str | None = parameter(
        None,
        text(none=True),
        "Text table: how dates are written, as %d.%m.%Y %H:%M; else found out.",
    )

    def __post_init__(self) -> None:
        check_values(Dialect, {one.name: getattr(self, one.name) for one in fields(self)})
        told = self.separator
        if told is not None:
            told = _NAMES.get(told, told)
            if len(told) != 1 or told.isalnum() or told in "\"\r\n.+-'":
                raise ArgumentError(
                    "separator", f"found {self.separator!r}", "one character, as ';', or 'tab'"
                )
            object.__setattr__(self, "separator", told)
        if self.encoding is not None:
            _check_encoding(self.encoding)

    @classmethod
    def taken(cls, options: dict[str, Any]) -> Dialect:
        """The dialect among options, which are taken out of them."""
        known = [one.name for one in fields(cls)]
        return cls(**{name: options.pop(name) for name in known if name in options})

    @classmethod
    def among(cls, options: Mapping[str, Any]) -> dict[str, Any]:
        """Those of some options that tell of a dialect."""
        return {one.name: options[one.name] for one in fields(cls) if one.name in options}

    def told(self) -> dict[str, str]:
        """What is told, by name."""
        given = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in given.items() if value is not None}


FOUND_OUT = Dialect()
"""Nothing is told."""


class Layout(NamedTuple):
    """How the rows of a text file are written.

    Attributes:
        encoding: As Python calls it.
        separator: What stands between fields.
        skipped: Lines before the header that say how the file is written.
        inferred: What was found out, in words.
        newline: What ends a line, as `lines_of` takes it: "" where they end in "\\r" alone.
    """

    encoding: str
    separator: str
    skipped: int = 0
    inferred: tuple[str, ...] = ()
    newline: Literal["", "\n"] = "\n"


def _check_encoding(name: str) -> None:
    try:
        known = codecs.lookup(name)
    except (LookupError, ValueError):
        known = None
    if known is None or not known._is_text_encoding:  # pyright: ignore[reportAttributeAccessIssue]
        raise ArgumentError("encoding", f"found {name!r}", "one that Python knows, as 'cp1252'")


def layout_of(source: Source, where: str, told: Dialect) -> Layout:
    """How a text file is written: as told, or as it begins.

    Raises:
        FormatError: It is no UTF-8, and its encoding is not certain.
        DataError: It cannot be opened.
    """
    inferred = []
    encoding = encoding_of(source, where, told.encoding)
    if told.encoding is None and encoding != _UTF8:
        inferred.append(f"encoding {encoding}")
    lines = list(islice(lines_of(source, where, Layout(encoding, ",")), _LOOKED_AT))
    said = _said_by_excel(lines[0]) if lines else None
    separator = told.separator
    if separator is None:
        separator = said or _separator_of(lines)
        by_name = separator == "\t" and ".tsv" in where.lower()
        if separator != "," and not by_name:
            shown = "tabs" if separator == "\t" else repr(separator)
            inferred.append(f"fields between {shown}")
    newline = "" if lines and lines[0].endswith("\r") else "\n"
    return Layout(encoding, separator, int(said is not None), tuple(inferred), newline)


def encoding_of(source: Source, where: str, told: str | None) -> str:
    """The encoding of a text file: as told, or as its bytes show.

    Raises:
        FormatError: It is no UTF-8, and its encoding is not certain.
        DataError: It cannot be opened.
        ArgumentError: There is no such encoding.
    """
    if told is not None:
        _check_encoding(told)
        return _UTF8 if codecs.lookup(told).name == "utf-8" else told
    with reading(where):
        return _found_encoding(source, where)


_BYTES = {  # a mark, and the encoding of what stands behind it
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def encoding_and_mark(source: Source, where: str, told: str | None) -> tuple[str, bytes]:
    """As `encoding_of`, told apart: the mark that a file begins with, and what is behind it."""
    found = encoding_of(source, where, told).removesuffix("-sig")
    with open_unpacked(source, where) as file:
        start = file.read(4)
    name = codecs.lookup(found).name
    for mark, behind in _BYTES.items():
        if start.startswith(mark) and name in (behind, behind[: len(behind) - 3]):
            return behind, mark
    if name in ("utf-16", "utf-32"):
        return f"{name}-{sys.byteorder[0]}e", b""
    return found, b""


def lines_of(
    source: Source, where: str, layout: Layout, newline: Literal["", "\n"] = ""
) -> Iterator[str]:
    """The lines of a text file, none of which fills the memory; empty for those skipped.

    Args:
        source: A file or its bytes, plain or packed.
        where: What messages call it.
        layout: How it is written.
        newline: What ends a line: any of "\\n", "\\r" and both, as in tables; or "\\n" alone.

    Raises:
        FormatError: A line is too long, or the bytes are no text of this encoding.
        DataError: It cannot be opened.
    """
    number = 1
    with reading(where):
        try:
            with _text(source, where, layout.encoding, newline) as file:
                while line := file.readline(LONGEST):
                    if len(line) == LONGEST:
                        found = f"found more than {LONGEST} characters"
                        raise FormatError(f"{where}, line {number}", found, "shorter lines")
                    if number == 1:
                        line = line.removeprefix("\ufeff")
                    yield "\n" if number <= layout.skipped else line
                    number += 1
        except UnicodeError:
            name = layout.encoding.removesuffix("-sig")
            raise FormatError(
                f"{where}, line {number}", f"is no text in {name}", "another encoding="
            ) from None


def _text(source: Source, where: str, encoding: str, newline: str) -> IO[str]:
    return io.TextIOWrapper(open_unpacked(source, where), encoding=encoding, newline=newline)


def _said_by_excel(line: str) -> str | None:
    """The separator in a first line `sep=;`."""
    told = line.strip().strip('"').lower()
    if told.startswith("sep=") and len(line.strip().strip('"')) <= len("sep=;"):
        return "\t" if told == "sep=" and "\t" in line else (told[4:] or None)
    return None


def _found_encoding(source: Source, where: str) -> str:
    """The encoding of a whole file; `FormatError` where it is not certain."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open_unpacked(source, where) as file:
        start = file.read(_PIECE)
        for mark, encoding in _MARKS.items():
            if start.startswith(mark):
                return encoding
        if bare := _without_mark(start):
            return bare
        piece, before, line = start, 0, 1
        try:
            while piece:
                decoder.decode(piece)
                before += len(piece)
                line += piece.count(b"\n")
                piece = file.read(_PIECE)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            held = len(error.object) - len(piece)  # bytes of the piece before, cut in a character
            place, strange = before - held + error.start, error.object[error.start]
            line += piece.count(b"\n", 0, max(error.start - held, 0))
        else:
            return _UTF8
    if _is_western(source, where):
        return "cp1252"
    raise FormatError(
        f"{where}, line {line}",
        f"found 0x{strange:02x} (byte {place}), which is no UTF-8",
        "its encoding=, as 'cp1252', 'shift_jis' or 'cp1251'",
    )


def _without_mark(start: bytes) -> str | None:
    """UTF-16 of mostly Western characters: every second byte is zero."""
    even, odd = start[0:200:2], start[1:200:2]
    if len(odd) < 4 or 0 not in start[:200]:
        return None
    zeros = even.count(0) / len(even), odd.count(0) / len(odd)
    if zeros[0] == 0 and zeros[1] > _NEARLY:
        return "utf-16-le"
    return "utf-16-be" if zeros[1] == 0 and zeros[0] > _NEARLY else None


def _is_western(source: Source, where: str) -> bool:
    """Whether all bytes outside ASCII are Western letters and signs, here and there."""
    with open_unpacked(source, where) as file:
        return not any(map(_FOREIGN.search, iter(lambda: file.read(_PIECE), b"")))


def _separator_of(lines: Sequence[str]) -> str:
    """What stands between fields: what divides all lines alike, in most parts."""
    told = [line for line in lines if line.strip()]
    if not told:
        return ","
    whole = len(lines) < _LOOKED_AT
    widths = {sign: _width(told, sign, whole) for sign in _SEPARATORS}
    best = max(_SEPARATORS, key=lambda sign: widths[sign])
    if widths[best] > 1:
        return best
    if any(sign in told[0] for sign in _SEPARATORS):
        return max(reversed(_SEPARATORS), key=told[0].count)
    return "," if widths[","] else ";"  # one column, perhaps of decimal commas


def _width(lines: Sequence[str], separator: str, whole: bool) -> int:
    """In how many fields every line is divided; 0 if not all alike."""
    before = csv.field_size_limit(LONGEST)  # one for the whole process: it is put back
    try:
        rows = [row for row in csv.reader(lines, delimiter=separator) if row]
    except csv.Error:
        return 0
    finally:
        csv.field_size_limit(before)
    if not whole and len(rows) > 2:
        rows.pop()  # a quoted field may go on
    return len(rows[0]) if len({len(row) for row in rows}) == 1 else 0


def numerals_of(
    columns: Mapping[str, Sequence[str]],
    lines: Sequence[int],
    texts: Collection[str],
    where: str,
    told: str | None,
    separator: str = ",",
) -> tuple[Numerals, str]:
    """How numbers are written in a table, and what was inferred of it, in words.

    Between semicolons a point may stand between thousands as well as before a fraction, for there
    commas are the decimal sign as a rule; where all points stand before three digits it is asked.

    Args:
        columns: How each column begins: its fields.
        lines: The line on which each row ends.
        texts: The columns that stay texts: they say something, but need not be certain.
        where: What messages call the table.
        told: The decimal sign; None: found out.
        separator: What stands between fields.

    Raises:
        DataError: A column may be of thousands as well as of fractions.
    """
    if told is not None:
        return Numerals(told, grouped=True), ""
    commas = any("," in "".join(fields) for fields in columns.values())
    if not commas and separator != ";":
        return PLAIN, ""
    found = {name: signs for name, fields in columns.items() if (signs := _signs(fields))}
    with_commas = [name for name, signs in found.items() if any("," in one for one in signs)]
    if not with_commas:
        if separator == ";" and all(
            len(sign) > 1 for one in found.values() for sign in one.values()
        ):
            _check_certain(columns, found, lines, texts, where, ".")
        return PLAIN, ""
    said = {sign for signs in found.values() for one, sign in signs.items() if len(sign) == 1}
    if len(said) > 1:
        names = ", ".join(map(repr, with_commas[:3]))
        return PLAIN, f"decimal points (and commas in {names}, which stay texts)"
    numerals = Numerals(next(iter(said), "."))
    together = [one for signs in found.values() for one, sign in signs.items() if len(sign) == 1]
    numerals = numerals._replace(grouped=any(numerals.group in one for one in together))
    if not said or not numerals.grouped:
        group = numerals.group if said else ".,"
        _check_certain(columns, found, lines, texts, where, group)
    words = {",": "decimal commas", ".": "decimal points"}[numerals.decimal]
    between = {",": "points", ".": "commas"}[numerals.decimal]
    return numerals, words + (f" and {between} between thousands" if numerals.grouped else "")


def _signs(fields: Sequence[str]) -> dict[str, str]:
    """Of a column of numbers those with a sign, each with what it may be; else nothing."""
    present = [field.strip() for field in fields if field.strip() not in MISSING]
    signs = {field: signs_of(field) for field in dict.fromkeys(present)}
    counts = Counter(present)
    known = sum(count for field, count in counts.items() if signs[field])
    if not present or known < MOSTLY * len(present):
        return {}
    return {field: sign for field, sign in signs.items() if sign and ("." in field or "," in field)}


def _check_certain(
    columns: Mapping[str, Sequence[str]],
    found: Mapping[str, Mapping[str, str]],
    lines: Sequence[int],
    texts: Collection[str],
    where: str,
    group: str,
) -> None:
    """`DataError` for a number that may be a thousand and more, or a fraction."""
    for name, signs in found.items():
        for field, sign in signs.items():
            if name in texts or len(sign) == 1 or not set(group) & set(field):
                continue
            row = next(k for k, one in enumerate(columns[name]) if one.strip() == field)
            plain = field.replace(",", ".")
            raise DataError(
                f"{where}, line {lines[row]}, column {name!r}",
                f"found {field!r}, which may be {plain} or {plain.replace('.', '')}",
                "which it is: decimal=',' or decimal='.'",
            )
