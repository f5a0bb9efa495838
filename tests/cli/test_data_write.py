"""`elman data write`: a set as a table, which is read as the set itself."""

from __future__ import annotations

import numpy as np

from elman.data import LabelledSequences, as_sequences, load, read


def written(data: LabelledSequences, path, **told) -> LabelledSequences:
    """The data through a table."""
    columns = data.to_columns()
    rows = [list(columns), *zip(*(column.tolist() for column in columns.values()), strict=True)]
    path.write_text("\n".join(",".join(map(str, row)) for row in rows), "utf-8")
    return read(path, **told)


def test_digits(command, tmp_path):
    out = tmp_path / "digits.csv"
    done = command("data", "write", "digits", out, "--part", "test")
    assert done.exit_code == 0, done.output
    assert "359 sequences of digits are in" in done.output
    found, wanted = load(out), load("digits", "test")
    assert np.array_equal(found.sequences.values, wanted.sequences.values)
    assert np.array_equal(found.labels, wanted.labels)
    assert found.feature_names == wanted.feature_names


def test_a_series(command, tmp_path, real_data):
    out = tmp_path / "sunspots.csv"
    assert command("data", "write", "sunspots", out).exit_code == 0
    assert command("data", "write", "sunspot", out).exit_code == 2
    assert len(out.read_text("utf-8").splitlines()) > 100


def test_ragged_sequences_with_groups(tmp_path):
    rows = [np.array([[0.1, 2.0]]), np.array([[0.3, 1.0], [0.7, 3.0]])]
    data = LabelledSequences(
        as_sequences(rows),
        np.array(["up", "down"]),
        ("a", "b"),
        ("x", "y"),
        "made",
        groups=np.array(["p", "q"]),
    )
    found = written(data, tmp_path / "a.csv", group="group")
    assert found.sequences.lengths.tolist() == [1, 2]
    assert np.array_equal(found.sequences.values, data.sequences.values)
    assert found.labels.tolist() == ["up", "down"]
    assert found.groups.tolist() == ["p", "q"]


def test_labels_of_each_kind(tmp_path):
    x = as_sequences([np.ones((2, 1)), np.zeros((1, 1))])
    for labels, told in (
        (np.array([[1.5, 2.5], [3.5, 4.5]]), {"label": ["label0", "label1"]}),
        (np.array([[[1.5], [2.5]], [[3.5], [0.0]]]), {"per_step": True}),
        (np.array([np.array(["a", "b"]), np.array(["c"])], object), {"per_step": True}),
        (None, {"labelled": False}),
    ):
        if labels is not None and labels.dtype == object:
            told = told | {"classes": True}
        data = LabelledSequences(x, labels, ("f",), ("0", "1"), "made")
        found = written(data, tmp_path / "b.csv", **told)
        if labels is None:
            assert found.labels is None
        elif labels.dtype == object:
            assert [row.tolist() for row in found.labels] == [["a", "b"], ["c"]]
        else:
            assert np.array_equal(found.labels, labels)
