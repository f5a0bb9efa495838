"""Drawings from the command line: trained, judged, drawn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from elman import plots
from elman.cli.verbs import app
from elman.data import read_drawings

LINE = "START\n{0},-1,0\n{0},-{1},50\nBREAK\n"
HOOK = "START\n{0},-1,0\n{0},-{1},50\n{1},-{1},90\nBREAK\n"


def run(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Lines and hooks as files, of four drawers; one of them is broken."""
    home, draws = tmp_path_factory.mktemp("data") / "letters", np.random.default_rng(0)
    for name, form in (("line", LINE), ("hook", HOOK)):
        (home / name).mkdir(parents=True)
        for n in range(32):
            path = home / name / f"{n // 4:04}_{n % 4:02}.txt"
            path.write_text(form.format(*draws.integers(20, 30, 2)))
    (home / "line" / "0099_01.txt").write_text("START\n1,nan,3\n")
    return home


@pytest.fixture(scope="module")
def trained(folder):
    out = folder.parent / "run"
    found = run("train", "generator", "--data", folder, "--out", out, "--epochs", 4, "--units", 16,
                "--components", 3, "--threads", 1)  # fmt: skip
    assert found.exit_code == 0, found.output
    return out, found


def test_a_training_says_what_was_read_and_what_it_is_worth(trained):
    out, found = trained
    assert "1 file left out that could not be read" in found.output
    assert "1 of 4 groups" in found.output
    assert found.output.index("one Gaussian") < found.output.index("this model")
    result = json.loads((out / "result.json").read_text())
    assert result["test"]["drawings"] == 16
    assert (out / "pictures" / "strokes.png").stat().st_size > 10_000


def test_it_draws_svg_png_and_json(trained, tmp_path):
    out, _ = trained
    for name in ("page.svg", "page.png"):
        found = run("generate", out, "--n", 4, "--kind", "hook", "--out", tmp_path / name)
        assert found.exit_code == 0, found.output
    read = read_drawings(tmp_path / "page.svg")
    assert sum(len(one) for one in read.strokes(0)) >= 4
    shown = run("generate", out, "--n", 2, "--json", "--temperature", 0.5)
    rows = json.loads(shown.stdout)
    assert len(rows) == 2
    assert {"strokes", "label"} == {*rows[0]}


def test_a_picture_names_the_classes_as_the_page_does(trained, tmp_path, monkeypatch):
    named = []
    drawings = plots.drawings

    def kept(*given, names, **told):
        named.append(names)
        return drawings(*given, names=names, **told)

    monkeypatch.setattr(plots, "drawings", kept)
    found = run("generate", trained[0], "--n", 3, "--kind", "hook", "--out", tmp_path / "page.png")
    assert found.exit_code == 0, found.output
    assert named == [{"": ["hook"] * 3}]


def test_it_is_judged_on_what_was_held_out(trained, folder):
    out, _ = trained
    found = run("evaluate", out, "--data", folder, "--json")
    told = json.loads(found.stdout)
    assert (told["part"], told["drawings"]) == ("test", 16)
    assert any("judged on what was held out" in note for note in told["notes"])
    rows = run("predict", out, "--data", folder, "--json")
    assert len(json.loads(rows.stdout)) == 64


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--kind", "circle"), "never seen"),
        (("--text", "x"), "--text: given, and this model is told class"),
        (("--expression", "x"), "--expression"),
        (("--out", "page.bmp"), "end it in .png, .svg or .pdf"),
        (("--beam-size", 3), "--beam-size"),
    ],
)
def test_what_it_cannot_draw_is_said(trained, words, told):
    found = run("generate", trained[0], *words)
    assert found.exit_code == 1 or found.exit_code == 2
    assert told in found.output


def test_pages_of_data_and_of_a_model(trained, folder, tmp_path):
    for words in (("--data", folder), (trained[0], "--data", folder, "--temperature", 0.5)):
        found = run("plot", "strokes", *words, "--out", tmp_path / "page.png")
        assert found.exit_code == 0, found.output
    assert run("plot", "strokes").exit_code == 2 or "not given" in run("plot", "strokes").output


def test_a_classifier_reads_the_same_folder(folder):
    out = folder.parent / "classes"
    told = ("--epochs", 30, "--units", 16, "--learning-rate", 0.02, "--threads", 1)
    found = run("train", "classifier", "--data", folder, "--out", out, *told, "--no-pictures")
    assert found.exit_code == 0, found.output
    assert json.loads((out / "result.json").read_text())["test"]["score"] > 0.9
