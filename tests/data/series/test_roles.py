"""Which column is what, and the columns that one-hot names come from."""

from __future__ import annotations

import numpy as np
import pytest

from elman.data.series.roles import choose, sources
from elman.data.tables.columns import as_table
from elman.errors import DataError

NONE = {"target": None, "time": None, "series": None, "past": (), "future": (), "static": ()}


def table(**columns):
    return as_table({name: np.array(values, dtype=object) for name, values in columns.items()}, "f")


def test_what_is_given_stays_and_one_name_is_a_list_of_one():
    found = choose(
        table(t=[1], a=[2], b=[3], c=["x"]),
        **(NONE | {"target": "a", "time": "t", "past": "b", "static": ["c"]}),
    )
    assert (found.time, found.target, found.past, found.static) == ("t", ("a",), ("b",), ("c",))
    assert found.notes == ()


def test_usual_names_come_before_other_dates():
    dates = ["2024-05-01"]
    found = choose(table(born=dates, Date=dates, y=[1]), **NONE)
    assert (found.time, found.target) == ("Date", ("y",))
    assert len(found.notes) == 2


def test_nothing_is_guessed_where_it_was_settled():
    found = choose(table(time=[1], y=[2]), **(NONE | {"target": "y"}), guess_time=False)
    assert found.time is None


def test_names_close_in_case_or_spelling_are_proposed():
    for wrong in ("SOLD", "sodl", "solds"):
        with pytest.raises(DataError, match=f"^f, column '{wrong}': .* did you mean 'Sold'"):
            choose(table(t=[1], Sold=[2]), **(NONE | {"target": wrong}))


def test_a_name_with_an_equals_sign_may_be_a_column_of_its_own():
    categories = {"a": ("x", "y"), "a=b": ("z",)}
    assert sources(["a=x", "a=y", "a=b=z", "a=c", "d"], categories) == ("a", "a=b", "a=c", "d")
