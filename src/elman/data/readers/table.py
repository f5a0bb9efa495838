"""Tables in long form: one row a step, with columns for series, step, features and label.

::

    series,step,x,y,label
    a,1,0.5,0.1,left
    a,2,0.7,0.0,left
    b,1,0.2,0.9,right
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from elman.data.readers.cells import (
    codes_of,
    constant_of,
    found_in,
    label_array,
    wrong_cell,
)
from elman.data.readers.guessing import check_nearly_wide, guessed, row_names
from elman.data.readers.missing import ADVICE, check_filling, filled
from elman.data.readers.wide import Wide, steps_of, wide_columns, wide_sequences
from elman.data.readers.words import words_of
from elman.data.sequences import LabelledSequences, padded
from elman.data.tables import columns as tables
from elman.data.tables import reader
from elman.data.tables.columns import Table
from elman.data.tables.dialect import FOUND_OUT, Dialect
from elman.data.tables.fields import Numerals, number, signs_of
from elman.data.tables.timestamps import about_dots, looks_like_times, moments
from elman.errors import DataError
from elman.printable import closest, quoted

__all__ = [
    "Columns",
    "columns_for",
    "columns_of_labels",
    "find_column",
    "names_of",
    "read_table",
    "table_sequences",
    "usual",
]

_USUAL = {
    "series": ("series", "series_id", "sequence", "sequence_id", "id"),
    "time": ("step", "time_step", "timestep", "time", "timestamp", "datetime", "date", "t"),
    "label": ("label", "class", "target", "y"),
    "text": ("text", "sentence", "review", "document", "comment", "content", "message", "body"),
}
_CHANGING = 0.2  # so many of the series have a label that changes, where it is one of each step
_LARGEST_ID = 2**53  # beyond it a float64 leaves whole numbers out
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Columns:
    """Which column of a table means what; None takes the usual names.

    Attributes:
        series: The series' identifier.
        time: What the steps are sorted by: numbers, or ISO dates and times.
        label: What is to be learnt; several columns of numbers are allowed.
        per_step: Whether the label is a number (or several) at each step.
        classes: Whether labels are classes. With `per_step` there is one at each step; without it
            there is, too, where the label changes within many series, which is said.
        ids: Whether the sequences are of token ids, which stand in the one other column.
        text: The column of words, where each step is a word: it takes the place of features.
        features: The columns that are features, in this order; None: all others.
        ignore: Columns that are left out.
        labelled: Whether a table without the column `label` is an error.
        missing: How missing values of features are filled: `linear` or `previous`; None: they are
            an error.
        group: What several series belong to, as a subject; one a series, and no feature.
        grouped: Whether a table without the column `group` is an error.
    """

    series: str | None = None
    time: str | None = None
    label: str | Sequence[str] | None = None
    per_step: bool = False
    classes: bool = False
    ids: bool = False
    text: str | None = None
    features: Sequence[str] | None = None
    ignore: Sequence[str] = ()
    labelled: bool = True
    missing: str | None = None
    group: str | None = None
    grouped: bool = True

    def __post_init__(self) -> None:
        check_filling(self.missing)


def columns_for(asked: Any) -> dict[str, Any]:
    """What a table holds for a model, or for an estimator: fields of `Columns`.

    And whether its rows are texts: `texts`, as `elman.data.readers.texts_asked` takes it.
    """
    target = asked.target
    # Whoever says neither one label a sequence nor one a step goes by what the table holds.
    open_to_steps = target.per_step or getattr(asked, "per_step", False) is None
    told = {"per_step": target.per_step, "classes": open_to_steps and target.whole}
    told["ids"] = asked.reads_ids
    found: dict[str, Any] = {name: True for name, wanted in told.items() if wanted}
    texts = getattr(asked, "texts", None)
    return found if texts is None else {**found, "texts": texts}


def read_table(
    path: str | os.PathLike[str], columns: Columns, dialect: Dialect = FOUND_OUT
) -> LabelledSequences:
    """Sequences from a file: a table in long form, or in wide form.

    Raises:
        FormatError: The file is damaged, has no header, or rows of another number of fields.
        DataError: A column or value is missing, not a number, or contradicts another row. The
            message names the line; those of Parquet count rows from 1.
        MissingExtraError: Parquet needs pyarrow, which is not installed.
    """
    texts = names_of(columns)
    return table_sequences(reader.read(path, texts=texts, dialect=dialect), columns)


def table_sequences(table: Table, columns: Columns) -> LabelledSequences:
    """Sequences from a table; see `read_table`.

    The two levels of a pandas index are series and time.
    """
    if len(table.index) == 2:
        series, time = table.index
        columns = replace(columns, series=columns.series or series, time=columns.time or time)
    names = list(table.columns)
    _check_told(table, columns)
    before = columns
    columns, wide, guesses = _settled(table, columns)
    table = replace(table, notes=(*table.notes, *guesses))
    if wide is not None:
        data = _rows_as_sequences(table, columns, wide)
        return replace(data, written={**data.written, **_inferred(before, columns)})
    series_name = find_column(table, "series", columns.series)
    time_name = columns.time or usual(names, "time")
    if time_name is not None:
        find_column(table, "time", time_name)
    label_names = columns_of_labels(names, columns)
    taken = {series_name, *label_names, columns.group} | ({time_name} if time_name else set())
    features = () if columns.text else _features(table, columns, taken)
    ids, codes = _series(table, series_name)
    order = _order(table, codes, series_name, time_name)
    lengths = np.bincount(codes, minlength=len(ids)).astype(np.int64)
    labels, said = None, ()
    if any((codes_of(table, name)[0] >= 0).any() for name in label_names):
        columns, said = _with_steps(table, columns, label_names, codes, len(ids))
        labels = _labels(table, columns, label_names, codes, order, lengths)
    if columns.text:
        sequences, notes = words_of(table, columns.text, order, lengths), ()
    else:
        steps, notes = _steps(table, columns, features, order, lengths)
        sequences = replace(padded(steps, lengths), names=None if columns.ids else features)
    groups = _groups(table, columns, codes, order[np.cumsum(lengths) - lengths])
    dots = about_dots(table.columns[time_name]) if time_name else ()
    notes = (*table.notes, *dots, *said, *notes)
    written = {**table.written, **_inferred(before, columns)}
    return LabelledSequences(sequences, labels, features, ids, table.name, notes, groups, written)


def _inferred(told: Columns, found: Columns) -> dict[str, str]:
    """The columns of series and time that were inferred, for later tables."""
    pairs = {"series": (told.series, found.series), "time": (told.time, found.time)}
    return {role: new for role, (old, new) in pairs.items() if new is not None and new != old}


def _settled(table: Table, columns: Columns) -> tuple[Columns, Wide | None, tuple[str, ...]]:
    """The columns with those of series and time, inferred where exactly one choice fits.

    Raises:
        DataError: None does, or several do; or the table is nearly one in wide form.
    """
    names = list(table.columns)
    series, time = columns.series or usual(names, "series"), columns.time or usual(names, "time")
    wide = _wide(names, columns)
    if wide is not None or (series and time):
        return columns, wide, ()
    labels = [name for name in columns_of_labels(names, columns) if name in names]
    taken = {series, time, *labels, columns.group, columns.text, *columns.ignore}
    taken |= set(columns.features or ())
    free = [name for name in names if name not in taken]
    may_be_wide = not (time or columns.per_step or columns.ids or columns.text)
    if may_be_wide and series is None and (found := row_names(table, free)):
        said = f"{table.name}: {found[1]!r} names the sequences: it differs in every row"
        return replace(columns, series=found[1]), found[0], (said,)
    for name in (series, time, *labels):
        if name is not None and name not in names:
            return columns, None, ()  # told, and not there: said where it is looked for
    whole = [] if columns.per_step or (columns.classes and series) else labels
    guess = guessed(table, free, whole, series, time)
    if guess is not None:
        return replace(columns, series=guess.series, time=guess.time), None, guess.said
    repeated = series is not None and len(codes_of(table, series)[1]) < table.rows
    if may_be_wide and not repeated:
        check_nearly_wide(table, free)
    if series is None:
        raise _neither(table, time)
    said = f"{table.name}: no column of times: the rows of a series are its steps, in their order"
    return columns, None, (said,)


def _neither(table: Table, time: str | None) -> DataError:
    """The error about a table in which nothing tells the series apart."""
    roles = "series column" if time else "series column and no time column"
    known = f"a column named {' or '.join(_USUAL['series'])}"
    both = "series='...'" if time else "series='...' and time='...'"
    return DataError(
        table.name,
        f"no {roles} among the columns {quoted(table.columns)}",
        f"{known}; or name what tells the sequences apart, and what orders their steps: {both}",
    )


def _check_told(table: Table, columns: Columns) -> None:
    """`DataError` where a column that is told is not there, before others are taken for it."""
    told = [("series", columns.series), ("time", columns.time)]
    told += [("label", name) for name in columns_of_labels(list(table.columns), columns)]
    told += [("group", columns.group)] if columns.grouped else []
    for role, name in told:
        if name is not None:
            find_column(table, role, name)


def _wide(names: Sequence[str], columns: Columns) -> Wide | None:
    """The columns of steps, where nothing tells series or steps apart and all others are such."""
    if columns.time or columns.per_step or columns.ids or columns.text or usual(names, "time"):
        return None
    beside = {columns.series or usual(names, "series"), *columns_of_labels(names, columns)}
    beside.add(columns.group)
    told = columns.features or ()
    if told and set(told) <= set(names):
        return wide_columns(told)
    if told and (steps := steps_of([n for n in names if n not in beside], told)):
        return wide_columns(steps)
    return wide_columns([n for n in names if n not in beside and n not in columns.ignore])


def _rows_as_sequences(table: Table, columns: Columns, wide: Wide) -> LabelledSequences:
    """A table in wide form."""
    names = list(table.columns)
    values = np.stack([_matrix(table, row, absent=True) for row in wide.columns], axis=1)
    sequences, filled_notes = wide_sequences(table, wide, values, columns.missing)
    series = columns.series or usual(names, "series")
    rows = np.arange(table.rows)
    ids = tuple(map(str, rows))
    if series is not None:
        ids, codes = _series(table, find_column(table, "series", columns.series))
        if len(ids) != table.rows:
            row = int((np.bincount(codes)[codes] > 1).argmax())
            found = f"found {ids[codes[row]]!r} a second time"
            raise wrong_cell(table, row, series, found, "a sequence a row, each with its own name")
    labels = None
    label_names = columns_of_labels(names, columns)
    if any((codes_of(table, name)[0] >= 0).any() for name in label_names):
        labels = _labels(table, columns, label_names, rows, rows, np.ones(len(rows), np.int64))
    notes = (*table.notes, f"{table.name} was read as {wide}", *filled_notes)
    groups = _groups(table, columns, rows, rows)
    return LabelledSequences(
        sequences, labels, wide.features, ids, table.name, notes, groups, table.written
    )


def _features(table: Table, columns: Columns, taken: set[str]) -> tuple[str, ...]:
    """The columns that are features: those told, or all that are nothing else."""
    names = list(table.columns)
    for name in (*(columns.features or ()), *columns.ignore):
        if name not in names:
            found = f"no column {name!r} among the columns {quoted(names)}"
            raise DataError(table.name, found, closest(name, names))
    if columns.features is not None:
        return tuple(columns.features)
    found = tuple(name for name in names if name not in taken and name not in columns.ignore)
    if not found:
        raise _no_column(
            table, "feature column", "at least one column besides series, time and label"
        )
    return found


def _steps(
    table: Table,
    columns: Columns,
    features: Sequence[str],
    order: np.ndarray,
    lengths: np.ndarray,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """All steps in order, float32 `[rows, I]` or ids int64 `[rows]`; and what was filled."""
    values = _matrix(table, features, absent=columns.missing is not None)[order]

    def place(row: int, feature: int) -> str:
        return f"{table.where(int(order[row]))}, column {features[feature]!r}"

    if not columns.ids:
        values, notes = filled(values, lengths, columns.missing, place)
        return values.astype(np.float32), notes
    if len(features) != 1:
        found = f"{len(features)} columns besides series, time and label: {quoted(features)}"
        raise DataError(table.name, found, "one, of token ids")
    wrong = ~(values >= 0) | (values != np.round(values)) | (values > _LARGEST_ID)
    if wrong.any():
        row = int(order[int(wrong.argmax())])
        expected = "a token id: a whole number of at least 0"
        raise wrong_cell(table, row, features[0], found_in(table, row, features[0]), expected)
    return values[:, 0].astype(np.int64), ()


def _with_steps(
    table: Table, columns: Columns, names: Sequence[str], series: np.ndarray, count: int
) -> tuple[Columns, tuple[str, ...]]:
    """The columns, with a class at each step where it changes within many of the `count` series.

    In a few it is rather a mistake, and an error.
    """
    if columns.per_step or not columns.classes or len(names) != 1:
        return columns, ()
    codes, _ = codes_of(table, names[0])
    pairs = np.unique(np.stack([series, codes]), axis=1)
    changing = int((np.bincount(pairs[0], minlength=count) > 1).sum())
    if changing < max(2, _CHANGING * count):
        return columns, ()
    said = f"column {names[0]!r} changes within {changing:,} of {count:,} sequences: a class a step"
    return replace(columns, per_step=True), (said,)


def _labels(
    table: Table,
    columns: Columns,
    names: Sequence[str],
    series: np.ndarray,
    order: np.ndarray,
    lengths: np.ndarray,
) -> np.ndarray:
    """What is to be learnt, as `LabelledSequences` has it.

    Args:
        table: The table.
        columns: Whether a label belongs to each step, and is a class.
        names: The columns of labels.
        series: The number of each row's series.
        order: The rows sorted by series and step.
        lengths: How many rows each series has.
    """
    if columns.per_step and columns.classes:
        return _each_step(table, names, order, lengths)
    if columns.per_step:
        return padded(_matrix(table, names)[order], lengths).values
    firsts = order[np.cumsum(lengths) - lengths]
    by_column = [constant_of(table, name, series, firsts) for name in names]
    return by_column[0] if isinstance(columns.label, str | None) else np.stack(by_column, 1)


def _groups(
    table: Table, columns: Columns, series: np.ndarray, firsts: np.ndarray
) -> np.ndarray | None:
    """The group of each series `[N]`; None where there is no such column, or none is told.

    Args:
        table: The table.
        columns: Which column it is.
        series: The number of each row's series.
        firsts: The first row of each series.
    """
    name = columns.group
    if name is None or (name not in table.columns and not columns.grouped):
        return None
    return constant_of(table, find_column(table, "group", name), series, firsts, "group")


def _each_step(
    table: Table, names: Sequence[str], order: np.ndarray, lengths: np.ndarray
) -> np.ndarray:
    """The class at each step: for each series an array `[T_i]`, in an array of objects `[N]`."""
    if len(names) != 1:
        raise DataError(table.name, f"{len(names)} columns of labels", "one, of classes")
    codes, values = codes_of(table, names[0])
    if (codes < 0).any():
        row = int((codes < 0).argmax())
        raise wrong_cell(table, row, names[0], "found nothing", "a label in every row, or in none")
    every = label_array(values, table.numerals)[codes[order]]
    rows = np.empty(len(lengths), dtype=object)
    for n, row in enumerate(np.split(every, np.cumsum(lengths)[:-1])):
        rows[n] = row  # one by one: rows of one length would be taken for a matrix
    return rows


def names_of(columns: Columns) -> reader.Texts:
    """Tells the columns that are names, whatever they look like: of series and of classes."""

    def texts(names: Sequence[str]) -> list[str]:
        series = columns.series or usual(names, "series")
        are_numbers = columns.per_step and not columns.classes
        labels = [] if are_numbers else columns_of_labels(names, columns)
        beside = (series, *labels, columns.group, columns.text)
        return [name for name in beside if name is not None]

    return texts


def roles_of(table: Table, columns: Columns) -> dict[str, str]:
    """What the columns of a table are for as sequences: series, time or label; others features."""
    names = list(table.columns)
    found = dict.fromkeys(columns_of_labels(names, columns), "label")
    time, series = columns.time or usual(names, "time"), columns.series or usual(names, "series")
    if len(table.index) == 2:
        series, time = columns.series or table.index[0], columns.time or table.index[1]
    others = ((columns.group, "group"), (time, "time"), (series, "series"))
    return found | {name: role for name, role in others if name}


def columns_of_labels(names: Sequence[str], columns: Columns) -> list[str]:
    """The label columns, there or not; none where no column has a usual name."""
    label = usual(names, "label") if columns.label is None else columns.label
    if label is None or (not columns.labelled and label not in names):
        return []
    return [label] if isinstance(label, str) else list(label)


def usual(names: Sequence[str], role: str) -> str | None:
    """The column that by its name is "series", "time", "label" or "text", if there is one."""
    known = _USUAL[role]
    by_lower = {name.lower(): name for name in reversed(names) if name.lower() in known}
    return next((by_lower[name] for name in known if name in by_lower), None)


def find_column(table: Table, role: str, given: str | None) -> str:
    """The column that plays `role`, or an error that lists the columns."""
    names = list(table.columns)
    name = usual(names, role) if given is None else given
    if name is None:
        wanted = f"a column named {' or '.join(_USUAL[role])}; or name it: {role}='...'"
        raise _no_column(table, f"{role} column", wanted)
    if name not in names:
        raise _no_column(table, f"{role} column {name!r}", closest(name, names))
    return name


def _no_column(table: Table, what: str, expected: str) -> DataError:
    found = f"no {what} among the columns {quoted(table.columns)}"
    return DataError(table.name, found, expected)


def _series(table: Table, name: str) -> tuple[tuple[str, ...], np.ndarray]:
    """The series' ids in order of appearance, and each row's place among them."""
    codes, values = codes_of(table, name)
    if (codes < 0).any():
        row = int((codes < 0).argmax())
        raise wrong_cell(table, row, name, "found nothing", "the identifier of a series")
    whole = (v.is_integer() if isinstance(v, float) else False for v in values)
    return tuple(str(int(v)) if w else str(v) for v, w in zip(values, whole, strict=True)), codes


def _order(table: Table, codes: np.ndarray, series_name: str, time_name: str | None) -> np.ndarray:
    """The rows sorted by series and step; a step must not stand twice in a series."""
    if time_name is None:
        return np.argsort(codes, kind="stable")
    column = table.columns[time_name]
    if looks_like_times(column):
        steps = moments(
            column,
            lambda row: f"{table.where(row)}, column {time_name!r}",
            "an ISO date, as in the first row",
        )
    else:
        steps = _matrix(table, [time_name])[:, 0]
    order = np.lexsort((steps, codes))
    twice = (codes[order][1:] == codes[order][:-1]) & (steps[order][1:] == steps[order][:-1])
    if twice.any():
        row = int(order[1:][twice].min())
        step, series = table.field(row, time_name), table.field(row, series_name)
        found = f"found step {step} of series {series!r} a second time"
        raise wrong_cell(table, row, time_name, found, "each step once in a series")
    return order


def _matrix(table: Table, names: Sequence[str], absent: bool = False) -> np.ndarray:
    """Columns as float64 `[rows, columns]`; every cell must be a finite number within float32.

    With `absent` a cell may be empty: NaN.
    """
    values = np.empty((table.rows, len(names)))
    for k, name in enumerate(names):
        values[:, k] = _numbers(table.columns[name], table.numerals)
    usable = np.abs(values) <= _LARGEST
    if absent:
        usable |= np.stack([tables.missing(table.columns[name]) for name in names], axis=1)
    if not usable.all():
        k = int(usable.all(axis=0).argmin())
        row = int(usable[:, k].argmin())
        found = found_in(table, row, names[k])
        expected = "a finite number within float32"
        if found == "found nothing":
            expected = ADVICE
        elif signs_of(str(table.field(row, names[k]))) == ",":
            expected = "a number as in other columns; or the decimal sign with decimal="
        elif not np.isfinite(values[:, k]).any():
            expected = (
                "numbers in a feature; name those that are with features=, or what to ignore="
            )
        raise wrong_cell(table, row, names[k], found, expected)
    return values


def _numbers(column: Any, numerals: Numerals) -> np.ndarray:
    """A column's numbers; NaN where something else stands."""
    kind = tables.kind(column)
    if kind == "number":
        return tables.numbers(column)
    if kind == "other":
        cells = tables.objects(column)
        return np.array([cell if isinstance(cell, int | float) else np.nan for cell in cells])
    if kind != "text":
        return np.full(len(column), np.nan)
    return np.array([_number(field, numerals) for field in tables.objects(column)])


def _number(field: str | None, numerals: Numerals) -> float:
    try:
        return np.nan if field is None else number(field, numerals)
    except ValueError:
        return np.nan
