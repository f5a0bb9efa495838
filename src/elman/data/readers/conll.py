"""Sentences with tags from CoNLL-U and from files of columns: a word a line.

Lines end at "\\n" only, and an empty line, or one of blanks and tabs, ends a sentence. All that is
not read (comments, ranges of words, empty nodes, other columns) is kept as it stands, so that the
file can be written again with other tags.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from elman.data.tables.dialect import Dialect, Layout, Source, encoding_and_mark, lines_of
from elman.data.tables.unpacking import also_packed, packed_as, reading
from elman.data.tagged import (
    BLANKS,
    ColumnFile,
    TaggedSentences,
    columns_content,
    conllu_content,
    fields_of,
)
from elman.errors import ArgumentError, FormatError
from elman.files import replace_file
from elman.parameters import check_values, one_of, parameter
from elman.parameters import text as some_text
from elman.printable import closest, many

__all__ = ["TagOptions", "TaggedSentences", "columns_content", "conllu_content", "read_tagged"]
__all__ += ["holds_tags", "is_conllu", "parse_tagged", "write_tagged"]

NAMES = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
"""The columns of CoNLL-U."""
_ENDINGS = (".conllu", ".conllup")
_COLUMNS = (".conll", ".iob", ".iob2", ".bio", ".bioes", ".iobes")
_ID = re.compile(r"([1-9][0-9]{0,8})(-[0-9]{1,9}|\.[1-9][0-9]{0,8})?|0\.[1-9][0-9]{0,8}")
_GLOBAL = "# global.columns"
_SENTENCE = re.compile(r"#\s*sent_id\s*=\s*(.*?)\s*")
_DOCUMENT = "-DOCSTART-"
_NONE = "_"
_LOOKED_AT = 20  # rows by which the separator is judged


@dataclass(frozen=True, kw_only=True)
class TagOptions:
    """What is told of a file of words and tags; None: as usual."""

    _group: ClassVar = "Words and tags"
    _table: ClassVar = None

    text: str | None = parameter(
        None,
        some_text(none=True),
        "The column of words: its number from 1, of CoNLL-U its name; else the first, or FORM.",
    )
    label: str | None = parameter(
        None,
        some_text(none=True),
        "The column of tags: its number from 1, of CoNLL-U its name; else the last, or UPOS.",
    )
    form: str | None = parameter(
        None,
        one_of("conllu", "columns", none=True),
        "How words and tags are written; else CoNLL-U where the file is called so.",
    )
    comments: str | None = parameter(
        None,
        some_text(none=True),
        "Columns: what a line begins with that is a comment, as #; else there are none.",
    )

    def __post_init__(self) -> None:
        check_values(TagOptions, {one.name: getattr(self, one.name) for one in fields(self)})


def is_conllu(path: str | os.PathLike[str]) -> bool:
    """Whether a path is, by its name, a file of CoNLL-U, packed or not.

    >>> is_conllu("train.conllu.gz"), is_conllu("train.conll")
    (True, False)
    """
    return _ends(path, _ENDINGS)


def holds_tags(path: str | os.PathLike[str]) -> bool:
    """Whether a path is, by its name, a file of words and tags.

    >>> holds_tags("train.conllu"), holds_tags("eng.iob2.gz"), holds_tags("train.txt")
    (True, True, False)
    """
    return _ends(path, (*_ENDINGS, *_COLUMNS))


def _ends(path: str | os.PathLike[str], endings: tuple[str, ...]) -> bool:
    return os.fspath(path).lower().endswith(also_packed(endings))


def read_tagged(
    source: str | os.PathLike[str], *, labelled: bool = True, **told: Any
) -> TaggedSentences:
    """Read sentences of words, and perhaps a tag of each word.

    Args:
        source: A file of CoNLL-U or of columns, packed or not.
        labelled: Whether a file without the column of tags is an error; of columns also one that
            has fewer than `label` says.
        told: `text=`, `label=`, `form=`, `comments=`: see `TagOptions`; `separator=` ("tab" or
            "blank", for runs of blanks and tabs) and `encoding=`, where they are not to be found
            out.

    Raises:
        ArgumentError: An option is unknown, or names no column.
        FormatError: A line has more or fewer columns than the first, or CoNLL-U's numbers of words
            do not count up; the file is empty, or of an encoding that is not certain. The message
            names line and column.
        DataError: It cannot be opened.
    """
    form = told.pop("form", None) or ("conllu" if is_conllu(source) else "columns")
    return parse_tagged(Path(source), str(source), labelled=labelled, form=form, **told)


def parse_tagged(
    source: Source, where: str, *, labelled: bool = True, **told: Any
) -> TaggedSentences:
    """Sentences from a file or its bytes, which messages call `where`; see `read_tagged`."""
    options = {one.name: told.pop(one.name) for one in fields(TagOptions) if one.name in told}
    dialect = Dialect(**{name: told.pop(name) for name in list(told) if name in _WRITTEN})
    if told:
        known = [*(one.name for one in fields(TagOptions)), *_WRITTEN, "labelled"]
        raise ArgumentError(next(iter(told)), "is no option", closest(next(iter(told)), known))
    given = TagOptions(**options)
    with reading(where):
        encoding, mark = encoding_and_mark(source, where, dialect.encoding)
    lines = list(lines_of(source, where, Layout(encoding, ""), "\n"))
    conllu = given.form == "conllu"
    plan = (
        _conllu_plan(lines, given, where)
        if conllu
        else _plan(lines, given, dialect, where, labelled)
    )
    if plan.tag is None and labelled:
        raise FormatError(where, "found one column", "a column of words and one of tags")
    return _Reader(lines, plan, where).sentences(encoding, mark)


def write_tagged(
    path: str | os.PathLike[str], sentences: TaggedSentences, tags: Any = None
) -> None:
    """Write sentences as they were read, byte for byte but for the tags that are given.

    Sentences from no file become CoNLL-U or columns, as the path is called; a path that ends in
    `.gz`, `.bz2` or `.xz` is packed.

    Raises:
        DataError, ShapeError: As of `TaggedSentences.content`.
        BundleError: The disk refused.
    """
    file = Path(path)
    if sentences.file is None and is_conllu(file):
        given = sentences.tags if tags is None else tags
        content = conllu_content(
            TaggedSentences(sentences.words, given, sentences.ids, sentences.name)
        )
    else:
        content = sentences.content(tags)
    replace_file(file, packed_as(file.name, content))


# ---- how a file is written ----------------------------------------------------------------------

_WRITTEN = ("separator", "encoding")


class _Plan(NamedTuple):
    """Which columns there are, and what they hold.

    Attributes:
        separator: As of `ColumnFile`.
        width: How many columns there are.
        word: The column of words, from 0.
        tag: That of tags, or None.
        identifier: CoNLL-U: that of the words' numbers; else None.
        comments: What a comment begins with; None: there are none.
        names: What messages call the columns.
        inferred: In words.
    """

    separator: str
    width: int
    word: int
    tag: int | None
    identifier: int | None
    comments: str | None
    names: tuple[str, ...]
    inferred: tuple[str, ...] = ()


def _conllu_plan(lines: list[str], told: TagOptions, where: str) -> _Plan:
    names = NAMES
    if lines and lines[0].startswith(_GLOBAL):
        names = tuple(lines[0].partition("=")[2].split())
        if "ID" not in names or "FORM" not in names:
            found = f"found the columns {' '.join(names)}"
            raise FormatError(f"{where}, line 1", found, "ID and FORM among them")
    word = _column(told.text or "FORM", names, "text")
    tag = _column(told.label or ("UPOS" if "UPOS" in names else names[-1]), names, "label")
    return _Plan("\t", len(names), word, tag, names.index("ID"), "#", names)


def _plan(
    lines: list[str], told: TagOptions, dialect: Dialect, where: str, labelled: bool
) -> _Plan:
    rows = [line for line in lines if not _is_blank(line) and not _is_comment(line, told.comments)]
    if not rows:
        raise FormatError(where, "holds no words", "a word a line, with its tag")
    separator = dialect.separator
    if separator is None:
        separator = "\t" if all("\t" in line for line in rows[:_LOOKED_AT]) else BLANKS
    width = len(fields_of(rows[0], separator))
    names = tuple(str(k) for k in range(1, width + 1))
    word = _column(told.text or "1", names, "text")
    lacking = not labelled and told.label is not None and _is_beyond(told.label, names)
    tag = None if width == 1 or lacking else _column(told.label or names[-1], names, "label")
    shown = "a tab" if separator == "\t" else "blanks" if separator == BLANKS else repr(separator)
    said = [f"{many(width, 'column')} between {shown}", f"words in column {word + 1}"]
    said += [] if tag is None else [f"tags in column {tag + 1}"]
    return _Plan(separator, width, word, tag, None, told.comments, names, tuple(said))


def _column(told: str, names: tuple[str, ...], option: str) -> int:
    """The column of that name or number, from 0."""
    if told in names:
        return names.index(told)
    if told.isascii() and told.isdigit() and 1 <= int(told[:9]) <= len(names):
        return int(told) - 1
    expected = closest(told, names) if len(names) > 1 else "1, the only column"
    raise ArgumentError(option, f"found {told!r}", expected)


def _is_beyond(told: str, names: tuple[str, ...]) -> bool:
    """Whether this is the number of a column behind the last one."""
    return told.isascii() and told.isdigit() and int(told[:9]) > len(names)


def _is_blank(line: str) -> bool:
    """Whether a line ends a sentence: other white space, as U+00A0, may be a word."""
    return not line.strip(" \t\r\n")


def _is_comment(line: str, sign: str | None) -> bool:
    return sign is not None and line.startswith(sign)


# ---- sentences ----------------------------------------------------------------------------------


class _Reader:
    """Reads the lines of a file as its plan has it."""

    def __init__(self, lines: list[str], plan: _Plan, where: str) -> None:
        self._lines, self._plan, self._where = lines, plan, where
        self._blanks = self._documents = self._alone = 0

    def sentences(self, encoding: str, mark: bytes) -> TaggedSentences:
        """All sentences."""
        plan, lines = self._plan, self._lines
        start = 1 if plan.identifier is not None and lines[:1] and _is_global(lines[0]) else 0
        blocks, rows, first, words, tags, ids = [], [], [], [], [], []
        for begin, end, places in self._blocks(start):
            found = [self._fields(place) for place in places]
            blocks.append(tuple(lines[begin:end]))
            rows.append(tuple(place - begin for place in places))
            first.append(begin + 1)
            words.append([one[plan.word] for one in found])
            tags.append([] if plan.tag is None else [one[plan.tag] for one in found])
            ids.append(_name_of(lines[begin : places[0]], plan, len(ids) + 1))
        if not blocks:
            raise FormatError(self._where, "holds no words", "a word a line, with its tag")
        names = ids if len(set(ids)) == len(ids) else [str(k + 1) for k in range(len(ids))]
        file = ColumnFile(
            tuple(lines[:start]),
            tuple(blocks),
            tuple(rows),
            np.array(first, dtype=np.int64),
            plan.separator,
            plan.tag,
            encoding,
            mark,
        )
        known, said = self._known(tags)
        notes = self._notes(encoding, said)
        return TaggedSentences(words, known, tuple(names), self._where, notes, file)

    def _blocks(self, start: int) -> Iterator[tuple[int, int, list[int]]]:
        """Of each sentence the lines from and to which it goes, and those of its words.

        What holds no word stands with the next sentence; after the last one, with that.
        """
        found: list[tuple[int, int, list[int]]] = []
        begin, places, comments = start, [], False
        for place, line in enumerate(self._lines[start:], start=start):
            if _is_blank(line):
                self._blanks += line.strip("\r\n") != ""
                if places and not self._is_document(places):
                    found.append((begin, place + 1, places))
                    begin = place + 1
                self._alone += comments and not places
                places, comments = [], False
            elif self._is_comment(line, places):
                comments = True
            elif self._is_word(place, len(places)):
                places.append(place)
        if places and not self._is_document(places):
            found.append((begin, len(self._lines), places))
        elif found:
            found[-1] = (found[-1][0], len(self._lines), found[-1][2])
        yield from found

    def _is_comment(self, line: str, places: list[int]) -> bool:
        return _is_comment(line, self._plan.comments) and (
            self._plan.identifier is None or not places
        )

    def _is_document(self, places: list[int]) -> bool:
        """Whether these words are the mark between documents."""
        if self._plan.identifier is not None or len(places) > 1:
            return False
        mark = self._fields(places[0])[0] == _DOCUMENT
        self._documents += mark
        return mark

    def _is_word(self, place: int, before: int) -> bool:
        """Whether a line is a word, and no range of words or empty node."""
        fields = self._fields(place)
        where = f"{self._where}, line {place + 1}"
        if self._plan.identifier is not None:
            number = _ID.fullmatch(fields[self._plan.identifier])
            if number is None:
                found = f"found {fields[self._plan.identifier]!r:.40}"
                raise FormatError(f"{where}, column ID", found, "the number of a word: 1, 1-2, 1.1")
            if number[1] is None or number[2] is not None:
                return False
            if int(number[1]) != before + 1:
                found = f"found {number[1]}, after {many(before, 'word')} of the sentence"
                raise FormatError(f"{where}, column ID", found, f"{before + 1}")
        for column in (self._plan.word, self._plan.tag):
            if column is not None and not fields[column]:
                name = self._plan.names[column]
                raise FormatError(f"{where}, column {name}", "found nothing", "a word and its tag")
        return True

    def _fields(self, place: int) -> list[str]:
        """The fields of a line."""
        line = self._lines[place]
        fields = [line[start:end] for start, end in fields_of(line, self._plan.separator)]
        if len(fields) != self._plan.width:
            expected = f"{self._plan.width}, as in the first"
            if self._plan.identifier is not None:
                expected = f"the {self._plan.width} of CoNLL-U, between tabs"
            elif line.startswith("#"):
                expected += "; or comments='#' if that is what it is"
            elif self._plan.separator == BLANKS:
                expected += "; or separator='tab' if words hold blanks"
            raise FormatError(
                f"{self._where}, line {place + 1}", f"found {many(len(fields), 'column')}", expected
            )
        return fields

    def _known(self, tags: list[list[str]]) -> tuple[list[list[str]] | None, list[str]]:
        """The tags; None where there are none, as all are `_` in CoNLL-U."""
        if self._plan.tag is None:
            return None, []
        if self._plan.identifier is None:
            return tags, []
        missing = sum(tag == _NONE for row in tags for tag in row)
        if missing == sum(map(len, tags)):
            return None, []
        name = self._plan.names[self._plan.tag]
        return tags, [f"{many(missing, 'word')} with the tag _ in {name}"] if missing else []

    def _notes(self, encoding: str, more: Iterable[str]) -> tuple[str, ...]:
        """What was inferred, and what was met that may surprise."""
        inferred = list(self._plan.inferred)
        inferred += [] if encoding == "utf-8" else [f"encoding {encoding}"]
        counted = {
            "empty line that holds blanks or tabs": self._blanks,
            f"mark {_DOCUMENT} between documents": self._documents,
            "comment that belongs to no words": self._alone,
        }
        said = [
            many(count, noun) if count == 1 else f"{count} × {noun}"
            for noun, count in counted.items()
            if count
        ]
        notes = [f"{self._where} was read with {', '.join(inferred)}"] if inferred else []
        return (*notes, *(f"{self._where}: {one}" for one in (*said, *more)))


def _is_global(line: str) -> bool:
    return line.startswith(_GLOBAL)


def _name_of(comments: list[str], plan: _Plan, number: int) -> str:
    """The name of a sentence, which CoNLL-U may tell; else its number."""
    if plan.identifier is not None:
        for line in comments:
            if found := _SENTENCE.fullmatch(line.rstrip("\r\n")):
                return found[1] or str(number)
    return str(number)
