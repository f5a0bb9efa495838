"""Tables with a sequence a row are told from those with a step a row, and it is said."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data import read
from elman.errors import DataError, FormatError


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
        ("label,t0,t1,t4\nup,1,2,3\n", "the steps go from 't1' on to 't4'"),
        ("id,age,label,t0,t1,t2\na,7,up,1,2,3\n", r"nearly .*; but for .* 'age'; .*ignore='age'"),
        ("0.5,0.25,1.5,up\n0.1,0.2,0.3,up\n", "numbers where the columns' names belong"),
        ("3,1,2,up\n0.1,0.2,0.3,up\n", "numbers where the columns' names belong"),
        ("label,t0,u1\nup,1,2\n", "no series column"),
    ],
)
def test_what_is_not_one(written, text, said):
    with pytest.raises((DataError, FormatError), match=said):
        read(written(text))


def test_the_columns_of_steps_may_be_told(written):
    path = written("label,t0,t1,note\nup,1,2,fine\ndown,3,4,odd\n")
    with pytest.raises(DataError, match="'note'"):
        read(path)
    for told in ({"features": ["t0", "t1"]}, {"ignore": ["note"]}):
        assert read(path, **told).sequences.values.shape == (2, 2, 1)


@pytest.mark.parametrize(
    "names",
    [
        ("0", "1", "2", "3"),
        ("1", "2", "3", "4"),
        ("2022-11", "2022-12", "2023-01", "2023-02"),
        ("2024-01-30", "2024-01-31", "2024-02-01", "2024-02-02"),
        ("30.01.2024", "31.01.2024", "01.02.2024", "02.02.2024"),
        ("202211", "202212", "202301", "202302"),
        ("00:00", "06:00", "12:00", "18:00"),
        ("2024-02-02 00:00", "2024-02-02 12:00", "2024-02-03 00:00", "2024-02-03 12:00"),
    ],
)
@pytest.mark.parametrize("first", ["label", "id,label"])
def test_numbers_dates_and_times_of_day_are_steps_of_one_feature(written, names, first):
    cells = {"label": "up", "id,label": "a,up"}[first]
    found = read(written(f"{first},{','.join(names)}\n{cells},1,2,3,4\n"))
    assert found.sequences.values[0, :, 0].tolist() == [1, 2, 3, 4]
    assert found.feature_names == ("value",)
    assert f"4 steps, {names[0]} to {names[-1]}" in found.notes[0]


def test_dates_are_put_in_order_and_may_be_of_several_features(written):
    dates = ("2023-01", "2022-12", "2023-02")
    header = ",".join(f"{name}_{date}" for name in "xy" for date in dates)
    found = read(written(f"{header}\n2,1,3,5,4,6\n"))
    assert found.feature_names == ("x", "y")
    np.testing.assert_array_equal(found.sequences.values[0], [[1, 4], [2, 5], [3, 6]])


def test_another_column_names_the_rows_if_it_differs_in_each(written):
    found = read(written("who,kind,t0,t1,t2\na,up,1,2,3\nb,up,3,4,5\n"), label="kind")
    assert (found.ids, found.written) == (("a", "b"), {"series": "who"})
    assert "'who' names the sequences" in found.notes[0]
    with pytest.raises(DataError, match="but for the columns 'who'"):
        read(written("who,kind,t0,t1,t2\na,up,1,2,3\na,up,3,4,5\n"), label="kind")


def test_an_index_without_a_name_and_commas_at_the_end(written):
    body = ["id,t,a", "a,0,1", "a,1,2", "b,0,3"]
    plain = read(written("\n".join(body)))
    indexed = [",".join(pair) for pair in zip(["", "0", "1", "2"], body, strict=True)]
    for lines, said in ((indexed, "an index without a name"), ([x + "," for x in body], "end of")):
        found = read(written("\n".join(lines)))
        assert (found.ids, found.feature_names) == (plain.ids, plain.feature_names)
        assert said in found.notes[0]
    kept = read(written("\n".join(indexed).replace("2,b", "7,b")))
    assert kept.feature_names == ("index", "a")
    assert "read as 'index'" in kept.notes[0]
    with pytest.raises(FormatError, match="a name for each column"):
        read(written("\n".join([*(x + "," for x in body), "b,1,4,5"])))


def test_a_table_with_steps_stays_long(written):
    found = read(written("id,step,t0,t1\na,0,1,2\na,1,3,4\n"))
    assert len(found) == 1
    assert not found.notes
