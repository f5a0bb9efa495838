"""Tables with a sequence a row are told from those with a step a row, and it is said."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data import read
from elman.errors import DataError


@pytest.fixture
def written(tmp_path):
    def write(text: str):
        path = tmp_path / "wide.csv"
        path.write_text(text)
        return path

    return write


def test_a_row_is_a_sequence(written):
    found = read(written("label,t0,t1,t2\nup,0.5,0.7,0.9\ndown,0.9,0.2,\nup,1,,\n"))
    np.testing.assert_array_equal(found.sequences.lengths, [3, 2, 1])
    np.testing.assert_allclose(found.sequences.values[1, :, 0], [0.9, 0.2, 0])
    assert found.labels.tolist() == ["up", "down", "up"]
    assert found.ids == ("0", "1", "2")
    assert found.feature_names == found.sequences.names == ("t",)
    assert found.notes[0].endswith("wide.csv was read as one sequence a row: 3 steps, t0 to t2")


def test_several_features_and_names_of_rows(written):
    found = read(written("id,x_1,y_1,x_2,y_2,target\na,1,2,3,4,0.5\nb,5,6,7,8,1.5\n"))
    assert found.ids == ("a", "b")
    assert found.feature_names == ("x", "y")
    np.testing.assert_array_equal(found.sequences.values[1], [[5, 6], [7, 8]])
    np.testing.assert_array_equal(found.labels, [0.5, 1.5])
    alone = read(written("s0,s1\n1,2\n"))
    assert alone.labels is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("label,t0,t1,t2\nup,1,,3\n", r"line 2, column 't1': found nothing; .* end of a row"),
        ("label,t0,t1\nup,1,x\ndown,2,3\n", r"line 2, column 't1': found 'x'"),
        ("id,t0,t1\na,1,2\na,3,4\n", r"line 2, column 'id': found 'a' a second time"),
        ("label,t0,t2\nup,1,2\n", "no series column"),
        ("label,t0,u1\nup,1,2\n", "no series column"),
    ],
)
def test_what_is_not_one(written, text, said):
    with pytest.raises(DataError, match=said):
        read(written(text))


def test_the_columns_of_steps_may_be_told(written):
    path = written("label,t0,t1,note\nup,1,2,fine\ndown,3,4,odd\n")
    with pytest.raises(DataError, match="no series column"):
        read(path)
    for told in ({"features": ["t0", "t1"]}, {"ignore": ["note"]}):
        assert read(path, **told).sequences.values.shape == (2, 2, 1)


def test_a_table_with_steps_stays_long(written):
    found = read(written("id,step,t0,t1\na,0,1,2\na,1,3,4\n"))
    assert len(found) == 1
    assert not found.notes
