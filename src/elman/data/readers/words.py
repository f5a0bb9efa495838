"""Words as sequences: of a table's column, a word a step, and of files of words and tags."""

from __future__ import annotations

import numpy as np

from elman.data.labelled_sequences import LabelledSequences
from elman.data.tables import columns as tables
from elman.data.tables.columns import Table
from elman.data.tagged import TaggedSentences
from elman.data.words import WordSequences, as_words
from elman.errors import DataError
from elman.printable import closest, quoted

__all__ = ["sentences_as_sequences", "words_of"]


def words_of(table: Table, name: str, order: np.ndarray, lengths: np.ndarray) -> WordSequences:
    """The words of all sequences, exactly as they stand there.

    Args:
        table: The table.
        name: The column of words.
        order: The rows sorted by sequence and step.
        lengths: How many rows each sequence has.

    Raises:
        DataError: There is no such column, it holds no text, or a row lacks a word.
    """
    if name not in table.columns:
        found = f"no column {name!r} among the columns {quoted(table.columns)}"
        raise DataError(table.name, found, closest(name, list(table.columns)))
    column = table.columns[name]
    if tables.kind(column) != "text":
        raise DataError(f"{table.name}, column {name!r}", "found no text", "a column of words")
    cells = tables.objects(column)
    for row, cell in enumerate(cells):
        if not isinstance(cell, str) or not cell.strip():
            where = f"{table.where(row)}, column {name!r}"
            raise DataError(where, "found nothing", "a word in every row")
    ends = np.cumsum(lengths)
    return as_words([[*cells[rows]] for rows in np.split(order, ends[:-1])])


def sentences_as_sequences(read: TaggedSentences) -> LabelledSequences:
    """Sentences as sequences of words, with a tag at each step."""
    labels = None
    if read.tags is not None:
        labels = np.empty(len(read), dtype=object)
        for n, tags in enumerate(read.tags):
            labels[n] = np.array(tags, dtype=str)  # one by one, or rows alike become a matrix
    return LabelledSequences(as_words(read.words), labels, (), read.ids, read.name, read.notes)
