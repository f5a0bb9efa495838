"""What a command makes of its surroundings, and what of theirs reaches the terminal."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from elman import bundle
from elman.cli.exits import Said, failed
from elman.errors import ArgumentError, DataError
from tests.bundle.made import make

EVIL = "\x1b]0;owned\x07\x1b[31m\u202e\x9b"


def elman_command(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    line = [sys.executable, "-m", "elman", *map(str, arguments)]
    surroundings = os.environ | environment
    return subprocess.run(line, env=surroundings, capture_output=True, text=True, check=False)


def assert_tame(text: str) -> None:
    assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(text), repr(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ELMAN_ISA", "avx9000"),
        ("ELMAN_ISA", EVIL),
        ("ELMAN_NUM_THREADS", "0"),
        ("ELMAN_NUM_THREADS", "-3"),
        ("ELMAN_NUM_THREADS", "many"),
        ("ELMAN_NUM_THREADS", "1025"),
        ("ELMAN_NUM_THREADS", "9" * 5000),
    ],
)
def test_an_environment_that_asks_for_what_is_not_there(name, value):
    done = elman_command("info", **{name: value})
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"Error: environment variable {name}: found ")
    assert done.stderr.count("\n") == 1
    assert len(done.stderr) < 300
    assert_tame(done.stderr)


@pytest.mark.parametrize("arguments", [(EVIL,), ("info", EVIL), ("info", f"--{EVIL}")])
def test_a_command_line_is_quoted_as_a_terminal_may_show_it(arguments):
    done = elman_command(*arguments)
    assert done.returncode in (1, 2)
    assert "\\x1b[31m" in done.stderr
    assert_tame(done.stdout + done.stderr)


def test_a_model_that_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    done = elman_command("info", tmp_path / "pipe")
    assert done.returncode == 1
    assert "it is a named pipe" in done.stderr


def test_an_error_nobody_expected_shows_nothing_raw():
    code = (
        "import elman.cli.verbs as verbs\n"
        f"def app(): raise RuntimeError({EVIL!r})\n"
        "verbs.app = app\n"
        "from elman.cli import main\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "RuntimeError: \\x1b]0;owned" in done.stderr
    assert_tame(done.stderr)


def test_errors_are_one_line_and_their_code_says_who_erred(capsys):
    known = {"short": Said("--short", None, "none")}
    assert failed(ArgumentError(EVIL, "x", "short='drop'"), known) == 2
    assert failed(DataError("x", EVIL, "y")) == 1
    shown = capsys.readouterr().err
    assert shown.count("\n") == 2
    assert "--short drop" in shown
    assert_tame(shown)


@pytest.fixture
def evil(tmp_path):
    """A classifier whose classes are hostile, and a table of a hostile name to ask it about."""
    from elman.runtime.targets import class_tensors

    classes = np.array(sorted([EVIL, "[/b]"]))
    settings = {"metadata": {"elman": EVIL, "notes": [EVIL]}}
    bundle.save(tmp_path / "m", make(tensors=class_tensors(classes), settings=settings))
    folder = tmp_path / f"{EVIL}["  # with the next part a tag, as rich reads text
    folder.mkdir()
    table = folder / "b].csv"
    rows = "".join(f"{EVIL},{t},{t},1,{EVIL}\n" for t in range(3))
    table.write_text("id,t,x,y,label\n" + rows, encoding="utf-8")
    return tmp_path / "m", table


def test_labels_names_and_notes_reach_the_terminal_tame(command, evil):
    model, table = evil
    for arguments in (
        ("info", model),
        ("info", model, "--json"),
        ("predict", model, "--data", table),
        ("predict", model, "--data", table, "--json"),
        ("predict", model, "--data", table, "--probabilities"),
        ("evaluate", model, "--data", table),
        ("evaluate", model, "--data", table, "--label", EVIL),
    ):
        done = command(*arguments)
        assert done.exception is None or isinstance(done.exception, SystemExit), arguments
        assert_tame(done.output)


def test_programs_get_the_labels_as_they_are(command, evil, tmp_path):
    model, table = evil
    rows = json.loads(command("predict", model, "--data", table, "--json").stdout)
    assert rows[0]["id"] == EVIL
    out = tmp_path / "out.csv"
    assert command("predict", model, "--data", table, "--out", out).exit_code == 0
    assert next(csv.DictReader(io.StringIO(out.read_text("utf-8"))))["id"] == EVIL
