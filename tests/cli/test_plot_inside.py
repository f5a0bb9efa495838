"""`elman plot unrolled|gates|states|remedies`."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pytest

import elman.diagnosis
from elman.diagnosis import remedies
from elman.plots import lettering


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


@pytest.mark.parametrize(("kind", "start"), [("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_the_files_ending_says_its_kind_and_the_theme_its_colours(
    command, own_run, tmp_path, kind, start
):
    files = []
    for theme in ("light", "dark"):
        out = tmp_path / f"{theme}.{kind}"
        done = command("plot", "states", own_run, "--theme", theme, "--out", out)
        assert done.exit_code == 0, done.output
        files.append(out.read_bytes())
        assert files[-1].startswith(start)
    assert files[0] != files[1]


@pytest.mark.parametrize("verb", ["plot", "train"])
def test_another_theme_is_refused_before_anything_is_done(command, run, tables, tmp_path, verb):
    out = tmp_path / "out.png"
    asked = {
        "plot": ("states", run),
        "train": ("classifier", "--data", tables / "train.csv"),
    }
    done = command(verb, *asked[verb], "--theme", "drak", "--out", out)
    assert done.exit_code == 2, done.output
    assert "--theme: found 'drak'; did you mean 'dark'?" in done.output
    assert not out.exists()


def test_words_that_no_font_has_are_told_in_one_note(command, tables, monkeypatch, tmp_path):
    monkeypatch.setattr(lettering, "_LETTERING", lettering.Lettering())
    monkeypatch.setattr(lettering, "_family_with", lambda character: None)
    table = tmp_path / "words.csv"
    text = (tables / "test.csv").read_text(encoding="utf-8")
    text = text.replace("low", "雨").replace("high", "晴れ").replace(",a,", ",加速,")
    table.write_text(text, encoding="utf-8")
    told = ("--data", table, "--test", table, "--label", "class", "--units", 4, "--epochs", 1)
    done = command("train", "classifier", *told, "--threads", 1, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    notes = [line for line in done.output.splitlines() if "no font" in line.lower()]
    assert len(notes) == 1
    assert all(f"is {word!r}" in notes[0] for word in ("雨", "晴れ", "加速"))


def write_answers(path, columns, steps=5, sequences=20):
    """Sequences with these columns of answers: of the sequence's number and the step's."""
    lines = [",".join(["id", "t", "x", *columns])]
    for n in range(sequences):
        for t in range(steps):
            told = [str(answer(n, t)) for answer in columns.values()]
            lines.append(",".join([f"s{n}", str(t), f"{n % 2 + t / 9:.2f}", *told]))
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("columns", "kind", "drawn", "refused"),
    [
        (
            {"fever": lambda n, t: n % 2, "cough": lambda n, t: n // 2 % 2},
            "labels",
            ("rates",),
            ("confusion", "misread", "reading"),
        ),
        (
            {"label": lambda n, t: "ab"[(n + t) % 2]},
            "class per step",
            ("confusion", "misread"),
            ("reading", "rates"),
        ),
    ],
)
def test_every_kind_of_answers_has_its_pictures(command, tmp_path, columns, kind, drawn, refused):
    write_answers(tmp_path / "own.csv", columns)
    run = tmp_path / "run"
    done = command(
        "train", "classifier", "--data", tmp_path / "own.csv", "--label", ",".join(columns),
        "--cell", "gru", "--units", 4, "--epochs", 1, "--threads", 1, "--out", run,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    pictures = {path.stem for path in (run / "pictures").iterdir()}
    assert pictures == {"curves", *drawn}
    for name in refused:
        done = command("plot", name, run)
        assert done.exit_code == 2
        said = " ".join(done.stderr.split())
        assert f"this classifier's answers are of the kind '{kind}'" in said
