"""`elman plot unrolled|gates|states|remedies`."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pytest

import elman.diagnosis
from elman.diagnosis import remedies


@pytest.mark.parametrize("kind", ["unrolled", "gates", "states"])
def test_the_inside_is_drawn_for_a_sequence_of_ones_own(command, tables, run, tmp_path, kind):
    out = tmp_path / "picture.png"
    given = ("--input", tables / "test.csv", "--label", "class", "--index", 3)
    done = command("plot", kind, run / "model.elman", *given, "--out", out)
    assert done.exit_code == 0, done.output
    assert out.read_bytes().startswith(b"\x89PNG")


def test_labels_and_torch_are_not_needed(tables, run, tmp_path):
    unlabelled = tmp_path / "new.csv"
    with open(tables / "test.csv", newline="", encoding="utf-8") as old:
        rows = [row[:-1] for row in csv.reader(old)]
    with open(unlabelled, "w", newline="", encoding="utf-8") as new:
        csv.writer(new).writerows(rows)
    code = (
        "import sys\n"
        "for name in ('torch', 'sklearn', 'pandas'): sys.modules[name] = None\n"
        "from elman.cli import main\n"
        "main()"
    )
    given = ["--input", str(unlabelled), "--out", str(tmp_path / "gates.svg")]
    line = [sys.executable, "-c", code, "plot", "gates", str(run / "model.elman"), *given]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "gates.svg").read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize("kind", ["states", "gradients", "confusion"])
def test_a_run_shows_its_own_data_by_default_with_its_columns(command, own_run, kind):
    done = command("plot", kind, own_run)
    assert done.exit_code == 0, done.output
    assert (own_run / "pictures" / f"{kind}.png").stat().st_size > 10_000


@pytest.fixture
def quick(monkeypatch):
    """Only two remedies, so that it takes a moment."""
    real = remedies.measure_remedies

    def measure(**options):
        return real(remedies=remedies.REMEDIES[:2], **options)

    monkeypatch.setattr(elman.diagnosis, "measure_remedies", measure, raising=False)


def test_remedies_leave_their_numbers_beside_the_picture(command, quick, tmp_path):
    out = tmp_path / "folder" / "remedies.png"
    options = ("--steps", 4, "--epochs", 1, "--seed", 7)
    done = command("plot", "remedies", *options, "--out", out)
    assert done.exit_code == 0, done.output
    assert out.read_bytes().startswith(b"\x89PNG")
    numbers = json.loads(out.with_suffix(".json").read_text())
    assert (numbers["steps"], numbers["updates"], numbers["seed"]) == (4, 100, 7)
    assert [entry["name"] for entry in numbers["remedies"]] == ["tanh", "ReLU, identity"]


def test_remedies_interrupted_leave_nothing(command, monkeypatch, tmp_path):
    def interrupted(**options):
        raise KeyboardInterrupt

    monkeypatch.setattr(elman.diagnosis, "measure_remedies", interrupted, raising=False)
    done = command("plot", "remedies", "--out", tmp_path / "remedies.png")
    assert done.exit_code == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("gates", "{run}", "--input", "{test}", "--label", "class", "--index", "99"), "29"),
        (("gates", "{run}/model.elman"), "--data"),
        (("states",), "needs a run's folder or a model"),
        (("gradients", "{run}", "--index", "3"), "--index: gradients shows no single sequence"),
        (("portrait", "{run}", "--data", "{test}", "--label", "class"), "unrolled, gates, states"),
        (("remedies", "{run}"), "measured afresh"),
        (("remedies", "--out", "remedies.bmp"), ".png"),
        (("remedies", "--steps", "1"), "steps"),
    ],
)
def test_misuse_says_what_to_do(command, tables, run, arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places = {"run": run, "test": tables / "test.csv"}
    done = command("plot", *(argument.format(**places) for argument in arguments))
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert "Traceback" not in done.output
