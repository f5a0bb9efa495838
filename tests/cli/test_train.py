"""`elman train`: what a run leaves behind, and what it says to wrong input."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import elman
from elman.training.run.lock import folder_lock
from tests.cli.conftest import SMALL


def same_weights(*folders: Path) -> bool:
    """Whether two runs ended with the same model, to the bit."""
    first, second = (elman.load(folder / "model.elman").bundle.weights for folder in folders)
    return all(np.array_equal(array, second[name]) for name, array in first.items())


def test_a_run_leaves_everything_in_its_folder(run):
    found = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    assert found == {
        "config.toml",
        "metrics.jsonl",
        "steps.jsonl",
        ".lock",
        "checkpoints/last.safetensors",
        "checkpoints/previous.safetensors",
        "model.elman",
        "result.json",
        "report.md",
        "pictures/curves.png",
        "pictures/confusion.png",
        "pictures/misread.png",
        "pictures/reading.png",
    }
    result = json.loads((run / "result.json").read_text())
    assert result["test"]["score"] > result["test"]["baselines"]["majority class"]
    assert result["test"]["sequences"] == 30
    assert len((run / "metrics.jsonl").read_text().splitlines()) == 3


def test_a_regressor_is_trained_the_same_way(command, tables, tmp_path):
    files = ("--data", tables / "train-numbers.csv", "--test", tables / "test-numbers.csv")
    out = tmp_path / "run"
    done = command("train", "regressor", *files, "--label", "number", *SMALL, "--out", out)
    assert done.exit_code == 0, done.output
    assert (out / "pictures" / "regression.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.2, r"Loss on the validation part: [\d.]+\. For a test score"),
        (0, "No validation part was set aside"),
    ],
)
def test_without_test_data_the_validation_part_speaks(command, tables, tmp_path, share, said):
    files = ("--data", tables / "train-numbers.csv", "--label", "number", "--validation", share)
    files += ("--test-share", 0)
    out = tmp_path / "run"
    done = command("train", "regressor", *files, *SMALL, "--no-pictures", "--out", out)
    assert done.exit_code == 0, done.output
    assert re.search(said, done.stderr)


def test_training_goes_on_from_a_model(command, tables, run, tmp_path):
    out = tmp_path / "run"
    files = ("--data", tables / "train.csv", "--label", "class")
    done = command(
        "train", "classifier", *files, "--from", run / "model.elman", "--epochs", 1, "--out", out
    )
    assert done.exit_code == 0, done.output
    assert str(run / "model.elman") in (out / "config.toml").read_text()


def test_a_configuration_repeats_a_run_and_options_override_it(command, tables, run, tmp_path):
    told = ("--config", run / "config.toml", "--no-pictures")
    again, longer = tmp_path / "again", tmp_path / "longer"
    assert command("train", *told, "--out", again).exit_code == 0
    assert command("train", *told, "--epochs", 4, "--out", longer).exit_code == 0
    assert same_weights(run, again)
    assert not same_weights(run, longer)
    assert len((longer / "metrics.jsonl").read_text().splitlines()) == 4
    assert json.loads((again / "result.json").read_text())["test"]["sequences"] == 30


NAMES = ("clip-value", "clip-norm", "batch-tokens", "average", "validation", "early-stopping")
OFF = (*(word for name in NAMES for word in (f"--{name}", 0)), "--workers", 1)


def test_what_was_switched_off_stays_off_when_a_run_is_repeated(command, tables, tmp_path):
    files = ("--data", tables / "train.csv", "--label", "class", "--no-pictures", "--no-baselines")
    first, again, on = (tmp_path / name for name in ("first", "again", "on"))
    assert command("train", "classifier", *files, *SMALL, *OFF, "--out", first).exit_code == 0
    told = ("--config", first / "config.toml", "--no-pictures")
    assert command("train", *told, "--out", again).exit_code == 0
    assert command("train", *told, "--clip-norm", 0.01, "--out", on).exit_code == 0
    assert same_weights(first, again)
    assert not same_weights(first, on)
    assert (first / "config.toml").read_text() == (again / "config.toml").read_text()
    assert 'clip_norm = "None"' in (first / "config.toml").read_text()


def test_a_run_from_a_model_is_repeated(command, tables, run, tmp_path):
    files = ("--data", tables / "train.csv", "--label", "class", "--from", run / "model.elman")
    first, again = tmp_path / "first", tmp_path / "again"
    options = ("--epochs", 1, "--no-pictures", "--out")
    assert command("train", "classifier", *files, *options, first).exit_code == 0
    done = command("train", "--config", first / "config.toml", "--no-pictures", "--out", again)
    assert done.exit_code == 0, done.output
    assert same_weights(first, again)


def test_other_data_are_read_without_the_columns_of_the_configuration(command, run, tmp_path):
    told = ("--config", run / "config.toml", "--data", "digits", "--epochs", 1, "--no-pictures")
    done = command("train", *told, "--no-baselines", "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert 'data = "digits"' in (tmp_path / "run" / "config.toml").read_text()
    assert "train.csv" not in (tmp_path / "run" / "config.toml").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("classifier",), 2, "--data"),
        (("painter", "--data", "digits"), 2, "classifier, forecaster, generator"),
        (("classifier", "--data", "digist"), 2, "did you mean digits"),
        (("classifier", "--data", "missing.csv"), 1, "missing.csv"),
        (("classifier", "--data", "digits", "--cell", "lsmt"), 2, "lstm"),
        (("classifier", "--data", "digits", "--units", "many"), 2, "128,64"),
        (("classifier", "--data", "digits", "--optimizer", "adm"), 2, "adam"),
        (("regressor", "--data", "digits", "--class-weight", "balanced"), 2, "--class-weight"),
        (("classifier", "--config", "nothing"), 2, "mnist-lesson"),
        (("classifier", "--data", "digits", "--resume", "--out", "nowhere"), 1, "--resume"),
        (("classifier", "--data", "digits", "--from", "nowhere.elman"), 1, "nowhere.elman"),
    ],
)
def test_wrong_input_says_what_to_do(command, arguments, code, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command("train", *arguments)
    assert done.exit_code == code, done.output
    assert said in done.output
    assert "Traceback" not in done.output


def test_a_run_is_not_written_over(command, tables, run):
    files = ("--data", tables / "train.csv", "--label", "class")
    before = (run / "model.elman").read_bytes()
    done = command("train", "classifier", *files, *SMALL, "--out", run)
    assert done.exit_code == 1
    assert "--resume" in done.output
    assert (run / "model.elman").read_bytes() == before


def test_a_run_that_is_at_work_is_left_alone(command, tables, tmp_path):
    files = ("--data", tables / "train.csv", "--label", "class", *SMALL)
    with folder_lock(tmp_path):
        done = command("train", "classifier", *files, "--out", tmp_path)
    assert done.exit_code == 1
    assert "another training is at work here" in done.output


LONG = ("--label", "class", "--no-pictures", "--no-baselines", *SMALL, "--epochs", 30)
LONG += ("--batch-size", 4)


@pytest.fixture(scope="module")
def whole(command, tables, tmp_path_factory) -> Path:
    """A run that was never stopped."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    done = command("train", "classifier", "--data", tables / "train.csv", *LONG, "--out", out)
    assert done.exit_code == 0, done.output
    return out


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_is_resumed_to_the_same_bits(command, tables, tmp_path, whole, number, code):
    told = ["train", "classifier", "--data", tables / "train.csv", *LONG, "--out", tmp_path / "run"]
    line = [sys.executable, "-m", "elman", *map(str, told)]
    process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
    metrics = tmp_path / "run" / "metrics.jsonl"
    while process.poll() is None and not (metrics.exists() and metrics.stat().st_size):
        time.sleep(0.01)  # until the first epoch is complete
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    assert process.returncode == code, said
    assert "--resume" in said
    assert not (tmp_path / "run" / "model.elman").exists()

    done = command(*told, "--resume")
    assert done.exit_code == 0, done.output
    assert same_weights(tmp_path / "run", whole)


def write_walk(path: Path, seed: int, labelled: bool = True) -> None:
    """Two recordings of a noise and its running mean, in long form."""
    draws = np.random.default_rng(seed)
    lines = ["series,step,value" + ",label" * labelled]
    for name, steps in (("a", 90), ("b", 140)):
        noise = draws.normal(size=steps)
        means = np.convolve(noise, [0.5, 0.5])[:steps]
        lines += [
            f"{name},{k},{value:.6f}" + f",{mean:.6f}" * labelled
            for k, (value, mean) in enumerate(zip(noise, means, strict=True))
        ]
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    "how", [("--truncation", 20), ("--memory", "1MB"), ("--cost-steps", "10:")]
)
def test_a_table_with_a_number_at_each_step(command, tmp_path, how):
    for name, seed in (("train", 0), ("test", 1)):
        write_walk(tmp_path / f"{name}.csv", seed)
    write_walk(tmp_path / "new.csv", 2, labelled=False)
    out = tmp_path / "run"
    data = ("--data", tmp_path / "train.csv", "--test", tmp_path / "test.csv", "--per-step")
    options = (*SMALL, "--validation", 0, "--batch-size", 2, *how, "--no-pictures", "--out", out)
    done = command("train", "regressor", *data, *options)
    assert done.exit_code == 0, done.output
    scored = command("evaluate", out / "model.elman", "--data", tmp_path / "test.csv", "--json")
    assert scored.exit_code == 0, scored.output
    assert json.loads(scored.stdout)["score"] == pytest.approx(
        json.loads((out / "result.json").read_text())["test"]["score"]
    )
    for table in ("test.csv", "new.csv"):
        answered = command("predict", out / "model.elman", "--data", tmp_path / table)
        assert answered.exit_code == 0, answered.output
        assert len(answered.stdout.splitlines()) == 1 + 90 + 140


def test_a_run_that_fails_at_once_leaves_nothing(command, tables, tmp_path):
    told = ("--data", tables / "train.csv", "--label", "class", "--threads", 1)
    out = tmp_path / "runs" / "x"
    for more in (("--batch-tokens", 1), ("--resume",), ("--units", 0)):
        done = command("train", "classifier", *told, *more, "--out", out)
        assert done.exit_code in (1, 2), done.output
        assert list(tmp_path.iterdir()) == []


OWN_CELL = """
from elman.cells import written
from elman.written import sigmoid, tanh


@written(weights={"w": ("2H", "I"), "u": ("H", "H"), "b": ("2H",)}, name="cell_of_a_file")
def light(x, state, w):
    a, half = w.w @ x + w.b, len(state.hidden)
    z = sigmoid(a[:half] + w.u @ state.hidden)
    return z * state.hidden + (1 - z) * tanh(a[half:])
"""


def test_a_cell_of_a_users_own_file(command, tables, tmp_path):
    path, out, more = (tmp_path / name for name in ("own.py", "run", "more"))
    path.write_text(OWN_CELL)
    own = ("--cell", f"{path}:light", "--units", 8, "--threads", 1, "--no-pictures")
    files = ("--data", tables / "train.csv", "--label", "class")
    done = command("train", "classifier", *files, *own, "--epochs", 1, "--out", out)
    assert done.exit_code == 0, done.output
    done = command("train", "classifier", "--config", out / "config.toml", "--out", out, "--resume")
    assert done.exit_code == 0, done.output
    done = command("train", "classifier", *files, *own, "--epochs", 1, "--out", more, "--from", out)
    assert done.exit_code == 0, done.output
    path.unlink()
    words = ("predict", out, "--data", tables / "test.csv", "--json")
    answered = subprocess.run(
        [sys.executable, "-m", "elman", *map(str, words)], capture_output=True, text=True
    )
    assert answered.returncode == 0, answered.stderr
    done = command("train", "classifier", *files, *own, "--epochs", 1, "--out", tmp_path / "none")
    assert done.exit_code == 2, done.output
    assert "found no file" in done.stderr
