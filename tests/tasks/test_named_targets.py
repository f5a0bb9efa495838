"""Several labels, or several numbers, by the names of the columns that they come from."""

from __future__ import annotations

import numpy as np
import pytest

import elman
from elman.errors import DataError

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

SMALL = {"cell": "gru", "units": 3, "epochs": 1, "seed": 1, "threads": 1, "validation": None}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 4, 2))
IDS = [f"s{n}" for n in range(24)]
NUMBERS = pandas.DataFrame({"high": X.sum((1, 2)), "low": -1000 * X[:, 0, 0]}, IDS)
LABELS = pandas.DataFrame(
    {"fever": X[:, 0, 0] > 0, "cough": X[:, 1, 1] > 0, "dry": X[:, 2, 0] > 1}, IDS
).astype(int)
TASKS = [(elman.Classifier, LABELS), (elman.Regressor, NUMBERS)]


def frame() -> pandas.DataFrame:
    """In long form, with the labels and numbers of each sequence in all its rows."""
    steps = pandas.MultiIndex.from_product([IDS, range(4)], names=["id", "time"])
    long = pandas.DataFrame(X.reshape(-1, 2), steps, columns=["a", "b"])
    every = pandas.concat([LABELS, NUMBERS], axis=1)
    return long.join(every, on="id")


def named(told) -> list[str]:
    key, what = ("by_class", "label") if "by_class" in told else ("by_output", "output")
    return [row[what] for row in told[key]]


def same(one, other) -> None:
    a, b = ({k: v for k, v in told.items() if k != "notes"} for told in (one, other))
    assert a == b


@pytest.mark.parametrize(("make", "y"), TASKS)
def test_columns_of_a_frame_are_matched_by_name(make, y, tmp_path):
    turned = y[y.columns[::-1]]
    model = make(**SMALL).fit(X, y)
    model.save(tmp_path / "m.elman")
    for one in (
        model,
        elman.load(tmp_path / "m.elman"),
        make(**SMALL).fit(X, polars.from_pandas(y)),
    ):
        told = one.evaluate(X, y)
        assert named(told) == list(y.columns)
        same(one.evaluate(X, turned), told)
        same(one.evaluate(X, polars.from_pandas(turned)), told)
        same(one.evaluate(X, y.to_numpy()), told)
        with pytest.raises(DataError, match=r"y: found the columns .*'other'.*as were learnt"):
            one.evaluate(X, y.rename(columns={y.columns[0]: "other"}))
    unnamed = make(**SMALL).fit(X, y.to_numpy())
    assert named(unnamed.evaluate(X, turned)) == [str(k) for k in range(y.shape[1])]


@pytest.mark.parametrize(("make", "y"), TASKS)
def test_validation_and_what_goes_on_match_by_name(make, y):
    turned = y[y.columns[::-1]]
    options = SMALL | {"validation": (X, y)}
    one, other = make(**options).fit(X, y), make(**SMALL | {"validation": (X, turned)}).fit(X, y)
    same(other.evaluate(X, y), one.evaluate(X, y))
    for model, given in ((one, y), (other, turned)):
        model.set_params(warm_start=True).fit(X, given)
        model.partial_fit(X, given)
    same(other.evaluate(X, y), one.evaluate(X, y))
    assert named(other.evaluate(X, y)) == list(y.columns)


@pytest.mark.parametrize(("make", "y"), TASKS)
def test_columns_of_a_table_are_matched_by_name(make, y):
    names = list(y.columns)
    long = frame()
    features = {"features": ["a", "b"]}
    model = make(**SMALL).fit(long, names, **features)
    told = model.evaluate(long)
    assert named(told) == names
    same(model.evaluate(long, names[::-1]), told)
    same(model.evaluate(long[["a", "b"]], y[names[::-1]]), told)
    one, other = (make(**SMALL).fit(long, names, **features) for _ in range(2))
    one.set_params(warm_start=True).fit(long, names, **features)
    other.set_params(warm_start=True).fit(long, names[::-1], **features)
    same(other.evaluate(long), one.evaluate(long))


def test_answers_have_the_names():
    model = elman.Classifier(**SMALL).fit(X, LABELS).model_
    rows = list(model.rows(model.sequences(X), IDS, probabilities=True))
    assert list(rows[0])[2:] == ["p(fever)", "p(cough)", "p(dry)"]
    assert {name for row in rows for name in row["prediction"].split()} <= set(LABELS.columns)
    assert model.facts()["labels"] == list(LABELS.columns)
    spaced = LABELS.set_axis(["high fever", "cough", "dry"], axis=1)
    model = elman.Classifier(**SMALL).fit(X, spaced).model_
    rows = list(model.rows(model.sequences(X), IDS))
    assert {name for row in rows for name in row["prediction"].split(";")} <= {*spaced, ""}
    model = elman.Regressor(**SMALL).fit(X, NUMBERS).model_
    assert list(next(model.rows(model.sequences(X), IDS))) == ["id", "prediction high",
                                                               "prediction low"]  # fmt: skip
    assert model.facts()["targets"] == ["high", "low"]
