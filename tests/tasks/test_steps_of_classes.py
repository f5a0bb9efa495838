"""A class for each step: said, or told by the labels' lengths; never several labels by mistake."""

from __future__ import annotations

import json

import numpy as np
import pytest

import elman
from elman.errors import ArgumentError, DataError
from tests.cli.conftest import command as command

OPTIONS = {"cell": "gru", "units": 8, "epochs": 12, "learning_rate": 0.03, "validation": None}


def signs(count: int, seed: int, steps: int | None = None):
    """Whether the sum so far is above zero: as a text and as 0 or 1."""
    draws = np.random.default_rng(seed)
    X = [draws.normal(size=(steps or draws.integers(1, 9), 1)) for _ in range(count)]
    return X, [np.where(x[:, 0].cumsum() > 0, "above", "below") for x in X]


def test_labels_as_long_as_their_sequences_are_of_steps(tmp_path):
    X, y = signs(120, 0)
    model = elman.Classifier(**OPTIONS).fit(X, y)
    new, true = signs(40, 1)
    result = model.evaluate(new, true)
    assert result["score"] > 0.85
    assert result["balanced_accuracy"] > 0.8
    assert 0 < result["baselines"]["majority class"] < result["score"]
    found = model.predict(new)
    assert [len(row) for row in found] == [len(x) for x in new]
    assert np.mean(np.concatenate(found) == np.concatenate(true)) == pytest.approx(result["score"])
    chances = model.predict_proba(new)
    assert chances[3].shape == (len(new[3]), 2)
    model.save(tmp_path / "model.elman")
    again = elman.load(tmp_path / "model.elman")
    assert again.evaluate(new, true)["score"] == result["score"]
    weight = np.zeros(40)
    weight[:10] = 1
    alone = model.evaluate(new[:10], true[:10])["score"]
    assert model.evaluate(new, true, weight)["score"] == pytest.approx(alone)
    assert elman.diagnose(model, (new, true)).cost == "the loss"


def test_what_may_be_either_is_asked_for():
    X, y = signs(30, 0, steps=4)
    ones = [(row == "above").astype(int) for row in y]
    for given in (np.array(ones), ones):
        with pytest.raises(ArgumentError, match=r"per_step: y has 4 labels .* True for a class at"):
            elman.Classifier(**OPTIONS).fit(np.stack(X), given)
    steps = elman.Classifier(**OPTIONS, per_step=True).fit(np.stack(X), np.array(ones))
    assert steps.predict(np.stack(X)).shape == (30, 4)
    labels = elman.Classifier(**OPTIONS, per_step=False).fit(np.stack(X), np.array(ones))
    assert labels.model_.multilabel
    three = elman.Classifier(**OPTIONS).fit(np.stack(X), np.array(ones)[:, :3])
    assert three.model_.multilabel
    steps.set_params(warm_start=True, per_step=None).fit(np.stack(X), np.array(ones))
    assert steps.model_.per_step


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"pool": "mean"}, ArgumentError, "pool: 'mean' with per_step=True"),
    ],
)
def test_what_does_not_go_together(changes, error, said):
    with pytest.raises(error, match=said):
        elman.Classifier(**OPTIONS, per_step=True, **changes).fit(*signs(5, 0))


def test_one_class_only():
    X, y = signs(5, 0)
    with pytest.raises(DataError, match="one class only, 'above'"):
        elman.Classifier(**OPTIONS).fit(X, [np.full(len(row), "above") for row in y])


def test_from_the_command_line(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, count, seed in (("train", 120, 0), ("test", 40, 1)):
        X, y = signs(count, seed)
        rows = [f"{n},{k},{x[k, 0]},{y[n][k]}" for n, x in enumerate(X) for k in range(len(x))]
        (tmp_path / f"{name}.csv").write_text("\n".join(["id,t,x,label", *rows]) + "\n")
    told = (
        "--data",
        "train.csv",
        "--test",
        "test.csv",
        "--cell",
        "gru",
        "--units",
        8,
        "--epochs",
        12,
    )
    told += ("--learning-rate", 0.03, "--threads", 1, "--out", "run")
    refused = command("train", "classifier", *told, "--no-per-step")
    assert refused.exit_code == 1
    assert "for one at each step set --per-step" in " ".join(refused.stderr.split())
    done = command("train", "classifier", *told)
    assert done.exit_code == 0, done.output
    assert "column 'label' changes within" in done.stderr
    scored = json.loads(command("evaluate", "run", "--data", "test.csv", "--json").stdout)
    assert scored["score"] > 0.85
    rows = command("predict", "run", "--data", "test.csv").stdout.splitlines()
    assert rows[0] == "id,step,prediction,probability"
    assert len(rows) == 1 + sum(len(x) for x in signs(40, 1)[0])
    assert command("plot", "unrolled", "run", "--data", "test.csv").exit_code == 0


def test_rows_of_one_length_and_a_single_contradiction(command, tmp_path, monkeypatch):
    """A class a step is inferred of many sequences; one row that differs is an error."""
    monkeypatch.chdir(tmp_path)

    def write(name, label):
        rows = [f"{n},{k},{k % 3},{label(n, k)}" for n in range(20) for k in range(6)]
        (tmp_path / name).write_text("\n".join(["id,t,x,label", *rows]) + "\n")

    write("steps.csv", lambda n, k: "ab"[(n + k) % 2])
    write("odd.csv", lambda n, k: "b" if n == 2 and k == 4 else "ab"[n % 2])
    quick = ("--epochs", 1, "--units", 4, "--no-pictures")
    done = command("train", "classifier", "--data", "steps.csv", *quick, "--out", "run")
    assert done.exit_code == 0, done.output
    assert "changes within 20 of 20 sequences: a class a step" in " ".join(done.stderr.split())
    refused = command("train", "classifier", "--data", "odd.csv", *quick, "--out", "odd")
    assert refused.exit_code == 1
    shown = command("data", "show", "steps.csv")
    assert "2 classes of steps: a: 60, b: 60" in " ".join(shown.output.split())
