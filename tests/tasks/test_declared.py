"""What a parameter's field declares is held to, and what a configuration says goes round."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest

import elman
from elman.data import as_sequences, read
from elman.errors import ArgumentError, DataError, ShapeError
from elman.parameters import number, one_of, parameter, whole
from tests.cli.conftest import command as command
from tests.cli.conftest import tables as tables

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 5, 2))
Y = np.repeat(["a", "b"], 12)
SMALL = {"cell": "gru", "units": 4, "epochs": 1, "validation": None}


@dataclass(kw_only=True, eq=False, repr=False)
class Own(elman.Classifier):
    """With parameters of its own."""

    power: float = parameter(1.0, number(above=0, below=3, wanted="below 3"), "A power.")
    mode: str | None = parameter("a", one_of("a", "b", none=True), "A mode.")
    times: int | None = parameter(None, whole(1, none=True), "A count.")


@pytest.mark.parametrize(
    "wrong",
    [
        {"power": 7},
        {"power": "x"},
        {"mode": "c"},
        {"times": 0},
        {"pool": "nope"},
        {"bidirectional": "yes"},
        {"baselines": "no"},
        {"scaling": "robust"},
        {"label_smoothing": "x"},
        {"per_step": 1},
    ],
)
def test_a_range_that_is_declared_is_checked(wrong):
    (name,) = wrong
    with pytest.raises(ArgumentError, match=name):
        Own(**{**SMALL, **wrong}).fit(X, Y)
    assert Own(**SMALL, power=2, mode=None, times=3).fit(X, Y).power == 2


def test_flags_may_be_numpys():
    elman.Classifier(**SMALL, bidirectional=np.bool_(True)).fit(X, Y)


STEPS = elman.Classifier(**SMALL, per_step=True)


@pytest.mark.parametrize(
    ("y", "error", "said"),
    [
        (np.full((24, 7), "a"), ShapeError, r"shape \(24, 7\); \[N, T\] of 5 steps"),
        ([["a"] * 5] * 12 + [[1] * 5] * 12, DataError, "several kinds: number, text"),
        ([[True] * 5] * 12 + [[1] * 5] * 12, DataError, "several kinds: boolean, number"),
        (np.zeros((24, 5, 2), int), ShapeError, r"shape \(24, 5, 2\)"),
        ([None] * 24, ShapeError, r"y\[0\]: found None"),
        ([{}] * 24, ShapeError, r"y\[0\]: found {}"),
        (np.full((24, 5), 2**63 + 5, np.uint64), DataError, "below 2"),
    ],
)
def test_labels_of_steps_that_are_none(y, error, said):
    with pytest.raises(error, match=said):
        STEPS.fit(X, y)
    with pytest.raises(DataError, match="no label"):
        STEPS.fit([np.zeros((0, 2))] * 2, [[], []])


def test_the_kind_of_targets_stays_what_it_was():
    several = np.stack([Y == "a", Y == "b"], axis=1).astype(int)
    warm = elman.Classifier(**SMALL, warm_start=True).fit(X, Y)
    with pytest.raises(ShapeError, match=r"kind labels; the kind class, which.* train a new model"):
        warm.fit(X, several)
    labels = elman.Classifier(**SMALL, warm_start=True).fit(X, several)
    with pytest.raises(ShapeError, match="kind class; the kind labels"):
        labels.fit(X, (Y == "a").astype(int))
    given = SMALL | {"validation": (X, several)}
    with pytest.raises(ShapeError, match="kind labels; the kind class"):
        elman.Classifier(**given).fit(X, Y)
    with pytest.raises(ShapeError, match="validation: 1 features a step; 2, as X has"):
        elman.Regressor(**SMALL | {"validation": (X[:, :, :1], X.sum((1, 2)))}).fit(
            X, X.sum((1, 2))
        )


def test_numbers_beyond_int64(tmp_path):
    with pytest.raises(DataError, match="y: found 9223372036854775813"):
        elman.Classifier(**SMALL).fit(X, np.where(Y == "a", 2**63 + 5, 1).astype(np.uint64))
    with pytest.raises(DataError, match="found token id 9223372036854775808; ids below"):
        as_sequences(np.array([[2**63]], np.uint64), ids=True)
    (tmp_path / "z.csv").write_text("series,step,w\na,1,99999999999999999999\na,2,4\n")
    with pytest.raises(DataError, match=r"line 2, column 'w': found .*token id"):
        read(tmp_path / "z.csv", ids=True)


def test_configurations_go_round(command, tables, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = ("--data", tables / "train.csv", "--label", "class", "--epochs", 1, "--units", 4)
    (tmp_path / "own.toml").write_text(
        f'kind = "classifier"\n[task]\nclass_weight = [["low", 2.0], ["high", 1.0]]\n'
        f'[about]\ndata = "{tables / "train.csv"}"\nlabel = "class"\n[training]\nepochs = 1\n'
    )
    first = command("train", "--config", "own.toml", "--out", "one", "--no-pictures")
    assert first.exit_code == 0, first.output
    again = command("train", "--config", "one/config.toml", "--out", "two", "--no-pictures")
    assert again.exit_code == 0, again.output
    assert (tmp_path / "one/config.toml").read_text() == (tmp_path / "two/config.toml").read_text()
    other = command("train", "regressor", "--config", "one/config.toml")
    assert other.exit_code == 2
    assert "is the configuration of a classifier" in other.stderr
    fitted = elman.Classifier(**SMALL | {"validation": (X, Y), "run": tmp_path / "given"})
    fitted.fit(X, Y)
    refused = command("train", "--config", "given/config.toml", "--data", tables / "train.csv")
    assert "was given as arrays, which no text repeats" in refused.stderr
    assert command("train", "classifier", *told, "--out", "run", "--no-pictures").exit_code == 0
    data = ("--data", tables / "test.csv", "--label", "class")
    assert command("predict", "run", *data, "--json", "--out", "answers.json").exit_code == 0
    assert len(json.loads((tmp_path / "answers.json").read_text())) == 30


def test_a_forecasters_configuration_has_its_own_keys_only(tmp_path):
    series = np.sin(np.arange(80.0))
    options = {"window": 8, "units": 4, "epochs": 1, "threads": 1, "run": tmp_path}
    elman.Forecaster(**options).fit(series, horizon=2)
    text = (tmp_path / "config.toml").read_text()
    assert "batch_size" in text
    assert "batch_tokens" not in text
    assert "augment" not in text
