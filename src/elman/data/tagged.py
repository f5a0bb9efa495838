"""Sentences with a tag for each word, and the file of columns that they stand in, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from elman.errors import DataError, ShapeError

__all__ = ["ColumnFile", "TaggedSentences", "fields_of"]

BLANKS = " "
"""What `ColumnFile` calls runs of blanks and tabs between fields."""
_FIELD = re.compile(r"[^ \t\r\n]+")
_BREAKS = re.compile(r"[\n\r\t]")


class ColumnFile(NamedTuple):
    """A file with a word a line: all its lines, and what stands where.

    Attributes:
        preamble: What stands before the first sentence and holds for all of them.
        blocks: Of each sentence its lines, each with its end: comments before it, and empty lines
            after it, among them.
        rows: Of each sentence the places of its words in its block.
        first: int64 `[N]`, the number of the line on which each block begins.
        separator: Between fields: a tab, or a blank for runs of blanks and tabs.
        tag: The column of tags, from 0; None where there is none.
        encoding: Of the file, as Python calls it.
        mark: The bytes before the text that tell the encoding.
    """

    preamble: tuple[str, ...]
    blocks: tuple[tuple[str, ...], ...]
    rows: tuple[tuple[int, ...], ...]
    first: np.ndarray
    separator: str
    tag: int | None
    encoding: str = "utf-8"
    mark: bytes = b""


@dataclass(frozen=True, eq=False)
class TaggedSentences:
    """Sentences as words, and perhaps a tag for each word.

    Attributes:
        words: Of each of N sentences its words.
        tags: Of each as many tags; or None where nothing is known.
        ids: N names of the sentences.
        name: Where they come from.
        notes: What was inferred when they were read, in sentences.
        file: The file that they stand in; None: they were not read from one.
    """

    words: list[list[str]]
    tags: list[list[str]] | None
    ids: tuple[str, ...]
    name: str
    notes: tuple[str, ...] = ()
    file: ColumnFile | None = None

    def __post_init__(self) -> None:
        _check_fits(self.tags, self.words, self.ids)

    def __len__(self) -> int:
        return len(self.words)

    def where(self, sentence: int, word: int | None = None) -> str:
        """What a message calls a sentence, or a word of it (from 0)."""
        if self.file is None:
            place = f"{self.name}, sentence {self.ids[sentence]!r}"
            return place if word is None else f"{place}, word {word + 1}"
        rows = self.file.rows[sentence]
        row = rows[0 if word is None else word]
        return f"{self.name}, line {int(self.file.first[sentence]) + row}"

    def select(self, rows: Any) -> TaggedSentences:
        """The sentences at `rows` (indices, a slice or a mask `[N]`)."""
        chosen = np.arange(len(self))[rows].tolist()
        file = self.file
        if file is not None:
            blocks = tuple(file.blocks[k] for k in chosen)
            places = tuple(file.rows[k] for k in chosen)
            file = file._replace(blocks=blocks, rows=places, first=file.first[chosen])
        return replace(
            self,
            words=[self.words[k] for k in chosen],
            tags=None if self.tags is None else [self.tags[k] for k in chosen],
            ids=tuple(self.ids[k] for k in chosen),
            file=file,
        )

    def content(self, tags: Sequence[Sequence[str]] | None = None) -> bytes:
        """The file again, byte for byte but for the tags that are given.

        A file without a column of tags gets one behind its last. Sentences that came from no file
        are written in two columns, or one where there are no tags.

        Args:
            tags: Of each sentence a tag for each word; None: those that stand there.

        Raises:
            ShapeError: There are other numbers of tags than of words.
            DataError: A word or tag cannot stand in a column.
        """
        _check_fits(tags, self.words, self.ids)
        if self.file is None:
            return columns_content(self, *filter(None, (self.tags if tags is None else tags,)))
        return b"".join(self._written(self.file, tags))

    def _written(self, file: ColumnFile, tags: Sequence[Sequence[str]] | None) -> Iterator[bytes]:
        yield file.mark
        yield "".join(file.preamble).encode(file.encoding)
        for k, block in enumerate(file.blocks):
            if tags is None:
                yield "".join(block).encode(file.encoding)
                continue
            lines = list(block)
            for row, tag in zip(file.rows[k], tags[k], strict=True):
                check_field(tag, file.separator, f"the tag of {self.where(k)}")
                lines[row] = _tagged(lines[row], tag, file)
            yield "".join(lines).encode(file.encoding)


def _tagged(line: str, tag: str, file: ColumnFile) -> str:
    """A line with this tag in its column; behind the last one where there is none."""
    fields = fields_of(line, file.separator)
    if file.tag is not None:
        start, end = fields[file.tag]
        return line[:start] + tag + line[end:]
    end = fields[-1][1]
    between = "\t" if file.separator == BLANKS and len(fields) == 1 else file.separator
    return line[:end] + between + tag + line[end:]


def columns_content(
    sentences: TaggedSentences, *columns: Sequence[Sequence[str]], separator: str = "\t"
) -> bytes:
    """Sentences as a file of columns, UTF-8: a word a line, an empty line after each sentence.

    Args:
        sentences: Their words are the first column.
        columns: The others: of each sentence a text for each word.
        separator: Between them.

    Raises:
        DataError: A word or another text holds a separator or a line's end, or is empty.
        ShapeError: A column has more or fewer than words.
    """
    for column in columns:
        _check_fits(column, sentences.words, sentences.ids)
    lines = []
    for k, words in enumerate(sentences.words):
        for n, fields in enumerate(zip(words, *(column[k] for column in columns), strict=True)):
            for one in fields:
                check_field(one, separator, f"sentence {sentences.ids[k]!r}, word {n + 1}")
            lines.append(separator.join(fields) + "\n")
        lines.append("\n")
    return "".join(lines).encode()


def conllu_content(sentences: TaggedSentences) -> bytes:
    """Sentences as CoNLL-U, UTF-8: words in the column FORM, tags in UPOS, all others `_`.

    Raises:
        DataError: As of `columns_content`.
    """
    lines = []
    for k, words in enumerate(sentences.words):
        lines.append(f"# sent_id = {sentences.ids[k]}\n")
        tags = ["_"] * len(words) if sentences.tags is None else sentences.tags[k]
        for n, (word, tag) in enumerate(zip(words, tags, strict=True), start=1):
            for one in (word, tag):
                check_field(one, "\t", f"sentence {sentences.ids[k]!r}, word {n}")
            lines.append("\t".join((str(n), word, "_", tag, *["_"] * 6)) + "\n")
        lines.append("\n")
    return "".join(lines).encode()


def fields_of(line: str, separator: str) -> list[tuple[int, int]]:
    """Where the fields of a line begin and end; its end is none of them.

    >>> fields_of("EU  NNP\\n", " "), fields_of("a b\\tX\\r\\n", "\\t")
    ([(0, 2), (4, 7)], [(0, 3), (4, 5)])
    """
    if separator == BLANKS:
        return [found.span() for found in _FIELD.finditer(line)]
    bare = line.removesuffix("\n").removesuffix("\r")
    found, start = [], 0
    for part in bare.split(separator):
        found.append((start, start + len(part)))
        start += len(part) + len(separator)
    return found


def check_field(text: str, separator: str, where: str) -> None:
    """Make sure that a text can stand in a column, and would be read as it is.

    Raises:
        DataError: It holds a line's end or a separator, is empty or blank, or no text.
    """
    if not isinstance(text, str):
        raise DataError(where, f"found {text!r}", "a text")
    if not text.strip(BLANKS) or _BREAKS.search(text) or separator in text:
        kind = {BLANKS: "blanks, tabs", "\t": "tabs"}.get(separator, f"{separator!r}, tabs")
        raise DataError(where, f"found {text!r}", f"a text without {kind} and ends of lines")


def _check_fits(
    tags: Sequence[Sequence[str]] | None, words: Sequence[Sequence[str]], ids: Sequence[str]
) -> None:
    if len(ids) != len(words):
        raise ShapeError("ids", f"{len(ids)} of them", f"{len(words)}, one a sentence")
    if tags is None:
        return
    if len(tags) != len(words):
        raise ShapeError("tags", f"of {len(tags)} sentences", f"of {len(words)}, as the words")
    for sentence, some, name in zip(words, tags, ids, strict=True):
        if len(some) != len(sentence):
            found = f"{len(some)} tags for {len(sentence)} words in sentence {name!r}"
            raise ShapeError("tags", found, "one for each word")
