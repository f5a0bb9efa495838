"""Sequences with what is to be learnt about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from elman.data.listed_labels import ListedLabels
from elman.data.sequences import Sequences

__all__ = ["LabelledSequences"]


@dataclass(frozen=True, eq=False)
class LabelledSequences:
    """Sequences with what is to be learnt about each.

    Attributes:
        sequences: The N sequences.
        labels: Class labels `[N]` (strings or integers), numbers `[N]` or `[N, K]`, numbers for
            each step `[N, T, K]` (zero past each length), classes for each step as an array of N
            arrays `[T_i]`, or None where nothing is known.
        feature_names: I names; none of token ids.
        ids: N names of the sequences, as strings.
        name: Where they come from: a catalogue name or a path.
        notes: What was inferred when they were read, in sentences.
        groups: What each belongs to `[N]`, as a subject, whose sequences are alike; or None.
        written: What is known of how their table is written that later ones need as well.
        label_names: Of several labels that each row lists what the columns of `labels` are called;
            of all others empty.
        failed: Of files those that could not be read, and why, a sentence each.
    """

    sequences: Sequences
    labels: np.ndarray | None
    feature_names: tuple[str, ...]
    ids: tuple[str, ...]
    name: str
    notes: tuple[str, ...] = ()
    groups: np.ndarray | None = None
    written: Mapping[str, str] = field(default_factory=dict)
    label_names: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.sequences)

    @property
    def targets(self) -> Any:
        """The labels as a task takes them: listed ones with their names."""
        if self.labels is None or not self.label_names:
            return self.labels
        return ListedLabels(self.labels, self.label_names)

    def with_labels_of(self, names: Sequence[str] | None) -> LabelledSequences:
        """The same with listed labels in the columns that were learnt; all else as it is.

        Args:
            names: What the labels learnt are called; None: nobody knows.

        Raises:
            DataError: Rows list others.
        """
        if names is None or self.labels is None or not self.label_names:
            return self
        found = ListedLabels(self.labels, self.label_names).of(names, self.name)
        return replace(self, labels=found, label_names=tuple(names))

    def select(self, rows: Any) -> LabelledSequences:
        """The labelled sequences at `rows` (indices, a slice or a mask `[N]`)."""
        return replace(
            self,
            sequences=self.sequences.select(rows),
            labels=None if self.labels is None else self.labels[rows],
            ids=tuple(np.array(self.ids, dtype=object)[rows]),
            groups=None if self.groups is None else self.groups[rows],
        )

    def to_columns(self) -> dict[str, np.ndarray]:
        """The same in long form, for writing out: a row each step, in columns by name.

        `series` and `step` (from 0) stand before the features, `token` or `word`; then `group`,
        where there are groups, and `label`, of several numbers `label0`, `label1`, … Of texts a row
        each text, in the column `text`.
        """
        if (whole := self.sequences.in_rows()) is not None:
            return whole | self._label_columns(np.arange(len(self)), self.sequences.real)
        lengths, real = self.sequences.lengths, self.sequences.real
        each = np.repeat(np.arange(len(self)), lengths)
        steps = np.arange(len(each)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        table = {"series": np.array(self.ids, dtype=object)[each], "step": steps}
        table |= self.sequences.in_columns(self.feature_names)
        if self.groups is not None:
            table["group"] = self.groups[each]
        return table | self._label_columns(each, real)

    def _label_columns(self, each: np.ndarray, real: np.ndarray) -> dict[str, np.ndarray]:
        """The labels at each real step, whose sequence is told by `each`."""
        labels = self.labels
        if labels is None:
            return {}
        if labels.dtype == object:  # a class at each step
            return {"label": np.concatenate([np.asarray(row) for row in labels])}
        wanted = labels[real] if labels.ndim == 3 else labels[each]
        if wanted.ndim == 1 or wanted.shape[1] == 1:
            return {"label": wanted.reshape(len(each))}
        return {f"label{k}": column for k, column in enumerate(wanted.T)}
