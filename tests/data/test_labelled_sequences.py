"""Sequences with their labels."""

from __future__ import annotations

import numpy as np

from elman.data.labelled_sequences import LabelledSequences
from elman.data.sequences import as_sequences


def test_labelled_select_keeps_labels_and_ids_together():
    data = LabelledSequences(
        as_sequences(np.arange(6.0).reshape(3, 2, 1)),
        np.array(["a", "b", "c"]),
        ("x",),
        ("0", "1", "2"),
        "test",
    )
    part = data.select([2, 0])
    assert (part.labels is not None and part.labels.tolist()) == ["c", "a"]
    assert part.ids == ("2", "0")
    assert len(part) == 2
