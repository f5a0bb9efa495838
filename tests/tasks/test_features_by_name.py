"""Features are matched by name wherever they have names."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import elman
from elman.errors import DataError
from tests.cli.conftest import command as command

OPTIONS = {"cell": "gru", "units": 6, "epochs": 4, "learning_rate": 0.03, "validation": None}


def frames(count: int, seed: int = 0, kind=pd.DataFrame, columns=("a", "b")):
    """A rises in one class; b tells nothing, and is larger."""
    draws = np.random.default_rng(seed)
    found, labels = [], []
    for n in range(count):
        rising = n % 2
        a = draws.normal(size=5) + (1 if rising else -1)
        values = {"a": a, "b": 5 * draws.normal(size=5), "c": a}
        found.append(kind({name: values[name] for name in columns}))
        labels.append(("down", "up")[rising])
    return found, labels


@pytest.fixture(scope="module")
def fitted():
    return elman.Classifier(**OPTIONS).fit(*frames(60))


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_the_order_of_columns_makes_no_difference(fitted, kind, tmp_path):
    X, _ = frames(20, seed=1, kind=kind)
    turned, _ = frames(20, seed=1, kind=kind, columns=("b", "a"))
    assert fitted.feature_names_in_.tolist() == ["a", "b"]
    np.testing.assert_array_equal(fitted.predict_proba(X), fitted.predict_proba(turned))
    mixed = [*X[:10], *turned[10:]]
    np.testing.assert_array_equal(fitted.predict_proba(X), fitted.predict_proba(mixed))
    np.testing.assert_array_equal(fitted.trace(X[0]), fitted.trace(turned[0]))
    fitted.save(tmp_path / "model.elman")
    model = elman.load(tmp_path / "model.elman")
    np.testing.assert_array_equal(model.predict_proba(turned), fitted.predict_proba(X))


def test_other_columns_are_named(fitted):
    other, labels = frames(4, columns=("a", "c"))
    with pytest.raises(DataError, match=r"X, features: no 'b', besides 'c'; .* 'a', 'b'"):
        fitted.predict(other)
    with pytest.raises(DataError, match=r"X\[1\]: found the columns 'a', 'c'; .*'a', 'b'"):
        fitted.predict([frames(1)[0][0], other[0]])
    for columns, said in ((("c",), "no 'a', 'b', besides 'c'"), (("a", "b", "c"), "besides 'c'")):
        with pytest.raises(DataError, match=f"X, features: {said}; those that were learnt"):
            fitted.predict(frames(4, columns=columns)[0])
        found = elman.data.as_sequences(frames(4, columns=columns)[0])
        with pytest.raises(DataError, match=f"X, features: {said}; those that were learnt"):
            fitted.predict(found)
    with pytest.raises(DataError, match="features: no 'b'"):
        fitted.set_params(warm_start=True).fit(other, labels)


def test_arrays_go_by_their_order(fitted):
    X, _ = frames(6, seed=2)
    arrays = [frame.to_numpy() for frame in X]
    np.testing.assert_array_equal(fitted.predict_proba(arrays), fitted.predict_proba(X))
    again = elman.Classifier(**OPTIONS).fit(arrays, ["u", "v"] * 3)
    assert not hasattr(again, "feature_names_in_")


def write(path, count, seed, columns=("a", "b"), names=("id", "t", "label"), **more):
    X, labels = frames(count, seed, columns=columns)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        head = [names[0], names[1], *columns, *more, *([names[2]] if names[2] else [])]
        writer.writerow(head)
        for n, (frame, label) in enumerate(zip(X, labels, strict=True)):
            for k, row in enumerate(frame.to_numpy()):
                writer.writerow([f"s{n}", k, *row, *more.values(), *([label] if names[2] else [])])


TOLD = ("--cell", "gru", "--units", 6, "--epochs", 4, "--learning-rate", 0.03, "--threads", 1)
TOLD += ("--no-pictures",)


def test_a_model_reads_a_table_as_in_its_training(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    odd = ("who", "when", "verdict")
    write("train.csv", 60, 0, names=odd, note="fine")
    write("test.csv", 20, 1, names=odd)
    write("turned.csv", 20, 1, columns=("b", "a"), names=odd, note="fine")
    write("new.csv", 20, 1, columns=("b", "a"), names=("who", "when", None))
    write("other.csv", 20, 1, columns=("a", "c"), names=odd)
    roles = ("--series", "who", "--time", "when", "--label", "verdict")
    refused = command("train", "classifier", "--data", "train.csv", *roles, *TOLD)
    assert refused.exit_code == 1
    assert "column 'note': found 'fine'" in refused.stderr
    assert "--features, or what to --ignore" in " ".join(refused.stderr.split())
    told = (*roles, "--ignore", "note", "--out", "run")
    done = command("train", "classifier", "--data", "train.csv", *told, *TOLD)
    assert done.exit_code == 0, done.output
    scores = [
        json.loads(command("evaluate", "run", "--data", name, "--json").stdout)["log_loss"]
        for name in ("test.csv", "turned.csv")
    ]
    assert scores[0] == scores[1]
    answered = command("predict", "run", "--data", "new.csv")
    assert answered.exit_code == 0, answered.output
    assert answered.stdout == command("predict", "run", "--data", "turned.csv").stdout
    wrong = command("evaluate", "run", "--data", "other.csv")
    assert wrong.exit_code == 1
    assert "no column 'b' among the columns" in wrong.stderr
    assert "a, b at each step" in command("info", "run").output
    missing = command("train", "classifier", "--data", "train.csv", *roles, "--features", "a,bb")
    assert "did you mean 'b'?" in missing.stderr


def test_files_that_called_the_column_of_times_step(command, tmp_path, monkeypatch):
    """Model files and configurations of before are read with the name that it has now."""
    monkeypatch.chdir(tmp_path)
    write("train.csv", 40, 0, names=("who", "when", "verdict"))
    roles = ("--series", "who", "--time", "when", "--label", "verdict")
    done = command("train", "classifier", "--data", "train.csv", *roles, *TOLD, "--out", "run")
    assert done.exit_code == 0, done.output
    config = Path("run/config.toml").read_text("utf-8")
    assert 'time = "when"' in config
    Path("old.toml").write_text(config.replace('time = "when"', 'step = "when"'), "utf-8")
    done = command("train", "classifier", "--config", "old.toml", "--out", "again")
    assert done.exit_code == 0, done.output
    bundle = elman.load("again/model.elman").bundle
    bundle.settings["reading"] = {"step": "when"}
    assert type(elman.load("run/model.elman"))(bundle).reading == {"time": "when"}
