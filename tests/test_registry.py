"""Rows of tasks, and the kinds of input that a task takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from elman import registry
from elman.cli.works import input_of
from elman.errors import ArgumentError
from elman.registry import Input, task_of
from elman.tasks import Generator

COUNTS = Input(
    "series",  # a work that there is: what it takes is asked of it
    "elman.runtime.regressor:RegressorModel",
    f"{__name__}:learn",
    usual={"units": 8},
    own=("truncation",),
    lacks=("embedding",),
)


class Counts:
    input = "series"


def learn(estimator, X, y):
    estimator.learnt = (X, y)


@pytest.fixture
def row(monkeypatch):
    """The generator's row, with a further kind of input."""
    found = replace(task_of("generator"), inputs=(COUNTS,))
    monkeypatch.setitem(registry._TASKS, "generator", found)
    return found


def test_the_usual_kind_has_two_names_and_no_row(row):
    assert row.input_of("") is None
    assert row.input_of("texts") is None
    assert row.input_of("series") is COUNTS
    assert row.works == ("texts", "series")
    assert row.load_model("series").__name__ == "RegressorModel"
    with pytest.raises(ArgumentError, match="does not take 'serie'; did you mean 'series'"):
        row.input_of("serie")


def test_data_say_by_which_function_they_are_learnt(row):
    data = Counts()
    model = Generator.of("series", epochs=1).fit(data, 3)
    assert model.learnt == (data, 3)
    assert model.units == 8


def test_an_estimator_of_a_kind_refuses_other_data(row):
    with pytest.raises(ArgumentError, match="X: found a str, and this Generator is of series"):
        Generator.of("series", epochs=1).fit("to be or not to be")


def test_parameters_of_another_kind_are_refused(row):
    with pytest.raises(ArgumentError, match="embedding: 5 of series"):
        Generator(embedding=5).fit(Counts())
    with pytest.raises(ArgumentError, match="truncation: 7 of texts"):
        Generator(truncation=7).fit("to be or not to be")


def test_a_kind_that_is_told_is_not_asked_of_the_data(row):
    assert input_of("generator", "nowhere.txt", "texts") == ""
    assert input_of("generator", None) == ""
    with pytest.raises(ArgumentError, match="--reads"):
        input_of("generator", "nowhere.txt", "pictures")
