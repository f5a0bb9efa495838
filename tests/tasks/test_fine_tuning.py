"""Going on with other classes or other numbers: the head is replaced, what it knows is kept."""

from __future__ import annotations

import json

import numpy as np
import pytest

import elman
from elman.errors import ArgumentError, DataError, ShapeError
from elman.tasks.head import head_of_classes
from tests.cli.conftest import command as command
from tests.cli.conftest import run as run
from tests.cli.conftest import tables as tables
from tests.tasks.sequences import TINY, classes, sums

OPTIONS = TINY | {"baselines": False, "validation": None, "warm_start": True}
STILL = {"learning_rate": 1e-30}  # weights stay as they are, to a bit


def named(letters, rows=60):
    X, y = classes(rows)
    return X, np.array(list(letters))[y]


@pytest.fixture
def fitted():
    return elman.Classifier(**OPTIONS).fit(*named("abc"))


def test_other_classes_keep_what_is_known(fitted):
    before = {k: v.copy() for k, v in fitted.model_.bundle.weights.items()}
    scaler = fitted.model_.input_scaler
    X, y = named("cxa")
    with pytest.warns(UserWarning, match="replaced: kept 'a', 'c'; new 'x'; dropped 'b'"):
        fitted.set_params(**STILL).fit(X * 2 + 1, y)
    after = fitted.model_.bundle.weights
    assert fitted.classes_.tolist() == ["a", "c", "x"]
    for name, weight in before.items():
        if not name.startswith("body.2."):
            np.testing.assert_array_equal(after[name], weight)
    for name in ("body.2.weight", "body.2.bias"):
        np.testing.assert_array_equal(after[name][:2], before[name][[0, 2]])
    assert not np.isin(after["body.2.weight"][2], before["body.2.weight"]).any()
    np.testing.assert_array_equal(fitted.model_.input_scaler.mean, scaler.mean)
    assert fitted.result_["notes"] == ["The head is replaced: kept 'a', 'c'; new 'x'; dropped 'b'."]


@pytest.mark.parametrize(
    ("letters", "note"),
    [("abcd", "kept 'a', 'b', 'c'; new 'd'."), ("xyz", "new 'x', 'y', 'z'; dropped 'a', 'b', 'c'")],
)
def test_more_classes_or_all_others(fitted, letters, note, tmp_path):
    X, y = classes(60)
    y = np.array(list(letters))[(y + np.arange(60) % 2) % len(letters)]
    with pytest.warns(UserWarning, match=note):
        fitted.fit(X, y)
    fitted.save(tmp_path / "model.elman")
    assert elman.load(tmp_path / "model.elman").classes_.tolist() == sorted(letters)


def test_some_of_the_classes_leave_the_head_alone(fitted):
    X, y = named("abc")
    some = y != "b"
    fitted.fit(X[some], y[some])
    assert fitted.classes_.tolist() == ["a", "b", "c"]
    assert "notes" not in fitted.result_


def test_other_labels_of_steps_and_several_labels(fitted):
    X, _ = classes(30, ragged=True)
    y = [np.arange(len(x)) % 2 for x in X]
    steps = elman.Classifier(**OPTIONS).fit(X, y)
    with pytest.warns(UserWarning, match="kept 1; new 2; dropped 0"):
        steps.fit(X, [row + 1 for row in y])
    assert set(np.concatenate(steps.predict(X))) <= {1, 2}
    whole = np.stack(classes(30)[0])
    several = elman.Classifier(**OPTIONS).fit(whole, np.eye(3, dtype=int)[np.arange(30) % 3])
    with pytest.warns(UserWarning, match="kept 0, 1; dropped 2"):
        several.fit(whole, np.eye(3, dtype=int)[np.arange(30) % 3][:, :2])
    assert several.predict(whole).shape == (30, 2)


def test_another_number_of_numbers():
    X, y, _ = sums(40)
    model = elman.Regressor(**OPTIONS | STILL).fit(X, y)
    before = {k: v.copy() for k, v in model.model_.bundle.weights.items()}
    with pytest.warns(UserWarning, match="replaced: 2 numbers each, the model had 1"):
        model.fit(X, np.stack([y, -1000 * y], axis=1))
    assert model.predict(X).shape == (40, 2)
    assert model.model_.target_scaler.mean[1] == pytest.approx(-1000 * y.mean(), rel=0.2)
    name = "body.0.cells.0.weight_hh"
    np.testing.assert_array_equal(model.model_.bundle.weights[name], before[name])


def test_what_stays_refused(fitted):
    X, y = named("abx")
    with pytest.raises(ArgumentError, match="another network"):
        fitted.set_params(units=7).fit(X, y)
    fitted.set_params(units=6)
    with pytest.raises(ShapeError, match="kind labels"):
        fitted.fit(X, np.stack([y == "a", y == "b"], axis=1).astype(int))
    with pytest.raises(DataError, match="label 'q'"):
        fitted.set_params(validation=(X, np.where(y == "a", "q", y))).fit(X, y)
    with pytest.raises(DataError, match="one class only"):
        fitted.set_params(validation=None).fit(X, np.full(60, "z"))


def test_numbers_are_no_texts():
    one, two = np.array(["1", "2"]), np.array([1, 2])
    assert head_of_classes(one, one) is None
    assert head_of_classes(one, two).rows.tolist() == [-1, -1]
    assert head_of_classes(np.array([2, 3]), np.array([1.0, 2.0])).rows.tolist() == [1, -1]


def test_from_a_model_on_the_command_line(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, letters in (("old", "ab"), ("new", "bc")):
        lines = ["series,step,x,label"]
        for n in range(20):
            lines += [f"{n},{t},{(n % 2) * 2 - 1 + t / 10},{letters[n % 2]}" for t in range(4)]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    told = ("--label", "label", "--epochs", 1, "--units", 4, "--no-pictures")
    first = command("train", "classifier", "--data", "old.csv", *told, "--out", "a")
    assert first.exit_code == 0, first.output
    done = command(
        "train", "classifier", "--data", "new.csv", *told, "--from", "a/model.elman", "--out", "b"
    )
    assert done.exit_code == 0, done.output
    assert "The head is replaced: kept 'b'; new 'c'; dropped 'a'." in done.stderr
    assert json.loads((tmp_path / "b/result.json").read_text())["notes"]


def test_booleans_after_numbers_are_what_is_answered():
    X, y = classes(60)
    model = elman.Classifier(**OPTIONS).fit(X, (y > 0).astype(int))
    weights = {name: array.copy() for name, array in model.model_.bundle.weights.items()}
    with pytest.warns(UserWarning, match="labels are False, True now, not 0, 1"):
        model.set_params(**STILL).fit(X, y > 0)
    assert model.classes_.dtype == bool
    assert model.predict(X).dtype == bool
    for name, array in weights.items():
        np.testing.assert_array_equal(model.model_.bundle.weights[name], array)


def test_other_columns_of_a_table_are_left_out_as_evaluate_does():
    pandas = pytest.importorskip("pandas")
    X, y = classes(20)
    rows = [(n, t, *step, y[n]) for n, row in enumerate(X) for t, step in enumerate(row)]
    features = [f"x{k}" for k in range(X.shape[2])]
    frame = pandas.DataFrame(rows, columns=["id", "t", *features, "label"])
    model = elman.Classifier(**OPTIONS).fit(frame, "label", series="id", time="t")
    more = frame.assign(note=1.5)[["id", "t", "note", *reversed(features), "label"]]
    model.fit(more, "label", series="id", time="t")
    assert model.feature_names_in_.tolist() == features


def test_from_a_runs_folder_with_other_columns_in_the_words_of_the_shell(
    command, run, tables, tmp_path
):
    head, *rows = (tables / "train.csv").read_text().splitlines()
    lines = [f"{head},extra", *(f"{row},{k}" for k, row in enumerate(rows))]
    (tmp_path / "more.csv").write_text("\n".join(lines) + "\n")
    files = ("train", "classifier", "--from", run, "--data", tmp_path / "more.csv")
    more = ("--label", "class", "--epochs", 1, "--no-pictures", "--out", tmp_path / "out")
    done = command(*files, *more)
    assert done.exit_code == 0, done.output
    assert elman.load(tmp_path / "out" / "model.elman").feature_names == ("a", "b")
    done = command(*files, *more, "--units", 16)
    assert done.exit_code == 2
    said = " ".join(done.stderr.split())
    assert "fits: layer 1 there is gru 8 on 2 features; --cell gru, --units 8" in said
    assert said.endswith("or leave --from out for a fresh network")
    assert "warm_start" not in said
