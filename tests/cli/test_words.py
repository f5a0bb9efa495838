"""The command line speaks of its own options, suggests what was meant, and completes words."""

from __future__ import annotations

import re

import numpy as np
import pytest
from typer.testing import CliRunner

from elman.cli.completion import among, sets, usual
from elman.cli.exits import Said, as_options
from elman.cli.verbs import app
from elman.errors import ArgumentError


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--units", 0), "Error: --units: found 0"),
        (("--learning-rate", -1), "Error: --learning-rate: found -1.0"),
        (("--cell", "gruu"), "Error: --cell: found 'gruu'; did you mean 'gru'?"),
        (("--optimizer", "adamm"), "Error: --optimizer: found 'adamm'; did you mean"),
        (("--early-stopping", 3, "--validation", 0), "or --early-stopping 0"),
        (("--unitz", 3), "did you mean --units?"),
        (("--features", "aa"), "did you mean 'a'?"),
    ],
)
def test_errors_of_a_training_name_options(command, tables, arguments, said, tmp_path):
    files = ("--data", tables / "train.csv", "--label", "class", "--out", tmp_path / "run")
    done = command("train", "classifier", *files, "--epochs", 1, *arguments)
    assert done.exit_code in (1, 2), done.output
    assert said in done.output
    assert not re.search(r"\b[a-z_]+=(None|True|False|')", done.output)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("train", "clasifier"), "did you mean 'classifier'?"),
        (("evaluat",), "Did you mean 'evaluate'?"),
        (("train", "classifier", "--data", "digitz"), "did you mean digits"),
        (("train", "classifier", "--config", "digits-dem"), "did you mean 'digits-demo'?"),
        (("data", "show", "digitz"), "did you mean digits"),
    ],
)
def test_the_closest_name(command, arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command(*arguments)
    assert done.exit_code in (1, 2), done.output
    assert said in done.output


def test_the_closest_picture(command, run, tmp_path):
    done = command("plot", "confusoin", run, "--out", tmp_path / "a.png")
    assert "did you mean 'confusion'?" in done.output


def test_advice_about_a_run_is_in_the_words_of_where_one_is(command, tables, own_run):
    files = ("--data", tables / "train.csv", "--label", "class")
    done = command("train", "classifier", *files, "--out", own_run)
    assert "pass --resume to go on with it, or another folder as --out" in done.output


def test_argumentsas_options():
    known = {
        "baselines": Said("--baselines", "--no-baselines", "none"),
        "pool": Said("--pool", None, "none"),
        "clip_norm": Said("--clip-norm", None, "0"),
        "per_step": Said("--per-step", None, "none"),
    }
    for python, shell in (
        ("baselines=False", "--no-baselines"),
        ("per_step=False", "no --per-step"),
        ("per_step=True and pool='last'", "--per-step and --pool last"),
        ("clip_norm=None, or clip_norm=0.5", "--clip-norm 0, or --clip-norm 0.5"),
        ("another=3", "another=3"),
    ):
        assert as_options(python, known) == shell


def test_scalars_of_numpy_are_told_as_pythons():
    error = ArgumentError("y", f"found {np.str_('a (b)')!r} and {[np.int64(3)]!r}", "another")
    assert str(error) == "y: found 'a (b)' and [3]; another"


def completed(*words: str) -> set[str]:
    """What bash would offer for the last of these words."""
    line = " ".join(("elman", *words))
    environment = {
        "_ELMAN_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words)),
    }
    return set(CliRunner().invoke(app, [], prog_name="elman", env=environment).output.split())


def test_completion():
    assert {"train", "evaluate", "info"} <= completed("")
    assert completed("train", "cl") == {"classifier"}
    assert {"--units", "--cell"} <= completed("train", "classifier", "--")
    assert completed("train", "classifier", "--cell", "g") == {"gru"}
    assert "cosine" in completed("train", "classifier", "--schedule", "c")
    assert completed("train", "classifier", "--data", "mnist/") == {"mnist/pixels"}
    assert "digits-demo" in completed("train", "classifier", "--config", "dig")
    assert completed("plot", "confu") == {"confusion"}
    assert "digits-demo" in completed("train", "--config", "digits-d")
    assert completed("train", "--data", "mnist/") == {"mnist/pixels"}
    assert completed("train", "nosuch", "--") == {"--help"}
    assert completed("train", "forecaster", "--strategy", "d") == {"direct"}
    assert completed("data", "get", "mnist/") == {"mnist/pixels"}


def test_words_that_are_completed():
    assert among(["ab", "ac", "b"])("a") == ["ab", "ac"]
    assert "digits" in sets("dig")
    assert sets("no/such/path") == []
    assert usual("units", ()) is None


def test_a_shell_can_be_told(command):
    assert "--install-completion" in command("--help").output
