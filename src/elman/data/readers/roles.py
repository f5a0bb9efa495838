"""Which column of a table means what: as it is told, or by its usual name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from elman.data.readers.missing import check_filling
from elman.data.tables import reader
from elman.data.tables.columns import Table
from elman.errors import DataError
from elman.printable import closest, quoted

__all__ = ["USUAL", "Columns", "columns_for", "columns_of_labels", "find_column", "names_of"]
__all__ += ["no_column", "roles_of", "usual"]

USUAL = {
    "series": ("series", "series_id", "sequence", "sequence_id", "id"),
    "time": ("step", "time_step", "timestep", "time", "timestamp", "datetime", "date", "t"),
    "label": ("label", "class", "target", "y"),
    "text": ("text", "sentence", "review", "document", "comment", "content", "message", "body"),
}
"""The usual names of each role, the first ones first."""


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

    And whether its rows are texts: `texts`, as `elman.data.readers.texts_asked` takes it; and of
    sounds the `rate` that they are brought to.
    """
    target = asked.target
    # Whoever says neither one label a sequence nor one a step goes by what the table holds.
    open_to_steps = target.per_step or getattr(asked, "per_step", False) is None
    told = {"per_step": target.per_step, "classes": open_to_steps and target.whole}
    told["ids"] = asked.reads_ids
    found: dict[str, Any] = {name: True for name, wanted in told.items() if wanted}
    if (rate := getattr(asked, "rate", None)) is not None:
        found["rate"] = rate
    texts = getattr(asked, "texts", None)
    return found if texts is None else {**found, "texts": texts}


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
    known = USUAL[role]
    by_lower = {name.lower(): name for name in reversed(names) if name.lower() in known}
    return next((by_lower[name] for name in known if name in by_lower), None)


def find_column(table: Table, role: str, given: str | None) -> str:
    """The column that plays `role`, or an error that lists the columns."""
    names = list(table.columns)
    name = usual(names, role) if given is None else given
    if name is None:
        wanted = f"a column named {' or '.join(USUAL[role])}; or name it: {role}='...'"
        raise no_column(table, f"{role} column", wanted)
    if name not in names:
        raise no_column(table, f"{role} column {name!r}", closest(name, names))
    return name


def no_column(table: Table, what: str, expected: str) -> DataError:
    """The error about a column that is needed and not there."""
    found = f"no {what} among the columns {quoted(table.columns)}"
    return DataError(table.name, found, expected)
