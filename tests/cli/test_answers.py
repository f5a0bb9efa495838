"""`elman evaluate`, `predict`, `plot`, `info` and `data`."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import numpy as np
import pytest

import elman
from elman.kernels import native


def test_evaluate_prints_the_baselines_beside_the_score(command, tables, run):
    data = ("--data", tables / "test.csv", "--label", "class")
    shown = command("evaluate", run, *data)
    assert shown.exit_code == 0, shown.output
    assert "majority class" in shown.output
    assert "logistic regression" in shown.output
    result = json.loads(command("evaluate", run / "model.elman", *data, "--json").stdout)
    kept = json.loads((run / "result.json").read_text())
    assert result["score"] == kept["test"]["score"]
    assert {result["level"], kept["level"], kept["test"]["level"]} == {native.isa()}
    assert f"30 sequences, {native.isa()} kernels" in shown.stdout


def test_predict_needs_no_torch(tables, run):
    code = (
        "import sys\n"
        "for name in ('torch', 'sklearn', 'matplotlib', 'pandas'): sys.modules[name] = None\n"
        "from elman.cli import main\n"
        "main()"
    )
    data = ["--data", str(tables / "test.csv"), "--label", "class", "--probabilities"]
    line = [sys.executable, "-c", code, "predict", str(run / "model.elman"), *data]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    answers = elman.load(run / "model.elman").predict(
        elman.data.read(tables / "test.csv", label="class").sequences
    )
    assert [row["prediction"] for row in rows] == answers.tolist()
    assert [row["id"] for row in rows] == [f"s{k}" for k in range(30)]
    totals = [float(row["p(high)"]) + float(row["p(low)"]) for row in rows]
    np.testing.assert_allclose(totals, 1.0, atol=1e-6)


def test_predict_writes_a_file(command, tables, run, tmp_path):
    out = tmp_path / "answers.csv"
    data = ("--data", tables / "test.csv", "--label", "class")
    done = command("predict", run / "model.elman", *data, "--out", out)
    assert done.exit_code == 0, done.output
    assert len(out.read_text().splitlines()) == 31


def test_predict_prints_json(command, tables, run):
    data = ("--data", tables / "test.csv", "--label", "class")
    done = command("predict", run, *data, "--json")
    rows = json.loads(done.stdout)
    assert f"30 answers by {native.isa()} kernels" in done.stderr
    assert {row["prediction"] for row in rows} <= {"low", "high"}
    assert all(0.5 <= row["probability"] <= 1 for row in rows)


@pytest.mark.parametrize("kind", ["curves", "confusion", "misread", "reading"])
@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_plot_draws(command, tables, run, tmp_path, kind, suffix):
    out = tmp_path / f"picture.{suffix}"
    data = ("--data", tables / "test.csv", "--label", "class")
    done = command("plot", kind, run, *data, "--out", out)
    assert done.exit_code == 0, done.output
    start = {"png": b"\x89PNG", "svg": b"<?xml"}[suffix]
    assert out.read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("evaluate", "{run}", "--data", "{test}", "--label", "colour"), 1, "colour"),
        (("evaluate", "{run}/config.toml", "--data", "{test}"), 1, "config.toml"),
        (("predict", "nothing.elman", "--data", "{test}"), 1, "nothing.elman"),
        (("predict", "{run}", "--data", "nothing.csv"), 1, "nothing.csv"),
        (("plot", "portrait", "{run}", "--data", "{test}", "--label", "class"), 2, "reading"),
        (("plot", "curves", "{run}/model.elman"), 2, "folder"),
        (("plot", "curves", "nothing"), 2, "nothing is no folder"),
        (("plot", "curves", "."), 1, "metrics.jsonl: cannot be read: No such file or directory"),
        (("plot", "gradients", "nothing"), 1, "nothing: there is no such file"),
        (("plot", "gradients", "run"), 1, "run: there is no such file"),  # not "--out: ..."
        (("plot", "gradients", "."), 1, "model.elman: there is no such file"),
        (("plot", "curves", "{run}", "--out", "picture.bmp"), 2, ".png"),
        (
            ("plot", "reading", "{run}", "--data", "{test}", "--label", "class", "--index", "99"),
            2,
            "29",
        ),
        (("data", "show", "minst"), 2, "mnist"),
        (("data", "get", "minst"), 2, "mnist"),
    ],
)
def test_wrong_input_says_what_to_do(
    command, tables, run, arguments, code, said, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    places = {"run": run, "test": tables / "test.csv"}
    done = command(*(argument.format(**places) for argument in arguments))
    assert done.exit_code == code, done.output
    assert said in done.output
    assert "Traceback" not in done.output


def test_info_tells_versions_and_instruction_sets(command):
    report = json.loads(command("info", "--json").stdout)
    assert report["elman"] == elman.__version__
    assert "portable" in report["instruction sets"]
    assert report["instruction set in use"] in report["instruction sets"]
    assert "torch" in command("info").output


def test_data_list_names_every_set(command):
    listed = {row["name"] for row in json.loads(command("data", "list", "--json").stdout)}
    assert {"digits", "mnist", "timeseries", "tatoeba_fra_eng"} <= listed
    assert "CC BY-SA" in command("data", "list").output


def test_data_show_and_get_of_a_set_that_comes_with_a_dependency(command):
    shown = command("data", "show", "digits").output
    assert "1438 sequences" in shown
    assert command("data", "get", "digits").exit_code == 0


def test_help_and_version(command):
    assert command("help", "evaluate").output == command("evaluate", "--help").output
    assert "--per-step" in command("help", "train", "classifier").output
    assert "Commands" in command("help").output
    assert command("--version").output.strip() == f"elman {elman.__version__}"


def test_help_has_an_example_for_each_verb(command):
    for verb in ("train", "evaluate", "predict", "forecast", "backtest", "plot", "info"):
        assert "Example" in command(verb, "--help").output
    for verb in ("list", "get", "show"):
        assert "Example" in command("data", verb, "--help").output
