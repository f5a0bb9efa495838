"""Tunes and chorales on the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from elman.cli.works import input_of
from elman.data.sets import catalogue
from elman.data.sets.tunes import made_up_tunes
from elman.music import read_tune

SMALL = ("--units", "16", "--epochs", "1", "--threads", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("music")


@pytest.fixture(scope="module")
def tunes(folder):
    path = folder / "tunes.abc"
    path.write_text("\n".join(made_up_tunes(40).texts) + "\nX:99\nM:4/4\nK:C\nC[E\n")
    return path


@pytest.fixture(scope="module")
def chorales(folder):
    draws, pieces = np.random.default_rng(0), []
    for _ in range(12):
        lows = np.clip(55 + np.cumsum(draws.choice([-2, 0, 2], 12)), 45, 65).tolist()
        pieces.append([[low, low + 4, low + 7] for low in lows])
    path = folder / "pieces.json"
    path.write_text(json.dumps({"train": pieces[:8], "valid": pieces[8:10], "test": pieces[10:]}))
    return path


@pytest.fixture(scope="module")
def trained(folder, tunes, chorales):
    from typer.testing import CliRunner

    from elman.cli.verbs import app

    for name, data, more in (("m", tunes, ("--embedding", "8")), ("c", chorales, ())):
        told = ["train", "generator", "--data", str(data), "--out", str(folder / name)]
        found = CliRunner().invoke(app, [*told, *SMALL, *more])
        assert found.exit_code == 0, found.output
    return folder


def run(*words):
    from typer.testing import CliRunner

    from elman.cli.verbs import app

    found = CliRunner().invoke(app, [str(word) for word in words])
    return found.exit_code, found.output


def test_data_say_what_they_are(tunes, chorales, tmp_path):
    assert input_of("generator", str(tunes)) == "melodies"
    assert input_of("generator", str(tunes.parent / "tunes.abc")) == "melodies"
    assert input_of("generator", str(chorales)) == "chorales"
    assert input_of("generator", "tunes") == input_of("generator", "nottingham") == "melodies"
    assert input_of("generator", "chorales") == "chorales"
    (tmp_path / "a.txt").write_text("words")
    assert input_of("generator", str(tmp_path)) == input_of("generator", "python") == ""
    (tmp_path / "a.mid").write_bytes(b"MThd")
    assert input_of("generator", str(tmp_path)) == "melodies"
    assert input_of("generator", str(tmp_path), "chorales") == "chorales"


def test_a_run_has_a_report_with_bars_and_pictures(trained):
    report = (trained / "m" / "report.md").read_text()
    assert "nats an event" in report
    assert "fill the metre" in report
    assert "cannot be read left out" in report  # the tune with a chord that has no end
    assert {path.name for path in (trained / "m" / "pictures").iterdir()} >= {
        "curves.png",
        "melody.png",
    }
    result = json.loads((trained / "m" / "result.json").read_text())
    assert result["test"]["sampled"]["parsed"] == result["test"]["sampled"]["tunes"]
    report = (trained / "c" / "report.md").read_text()
    assert "nats a step" in report
    assert "logistic regression on the last chord" in report


def test_tunes_are_written_as_abc_and_as_files(trained, tmp_path):
    code, said = run("generate", trained / "m", "--key", "C", "--bars", 4, "--primer", "GAB")
    assert code == 0
    assert "K:C" in said
    assert "GAB" in said
    out = tmp_path / "t.abc"
    code, said = run("generate", trained / "m", "--out", out, "--n", 2, "--bars", 3, "--exact")
    assert code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t-1.abc", "t-2.abc"]
    filled = read_tune((tmp_path / "t-1.abc").read_text()).melody.filled()
    assert filled.right == filled.bars
    code, said = run("generate", trained / "m", "--out", tmp_path / "t.wav", "--bars", 2)
    assert code == 0
    assert (tmp_path / "t.wav").read_bytes()[:4] == b"RIFF"
    code, said = run("generate", trained / "m", "--out", tmp_path / "t.svg", "--bars", 2)
    assert code == 0
    assert "<svg" in (tmp_path / "t.svg").read_text()
    code, said = run("generate", trained / "m", "--json", "--bars", 2)
    assert json.loads(said)[0]["given"] == 3


def test_pieces_are_written(trained, tmp_path):
    code, said = run("generate", trained / "c", "--length", 5, "--seed", 1)
    assert code == 0
    assert len(json.loads(said)[0]["steps"]) == 5
    code, said = run("generate", trained / "c", "--length", 5, "--out", tmp_path / "c.png")
    assert code == 0
    assert (tmp_path / "c.png").exists()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("m", "--metre", "13/8"), "13/8, which none of the tunes names"),
        (("m", "--expression", "a+"), "--expression"),
        (("m", "--length", "5"), "--length"),
        (("m", "--out", "t.ogg"), "ends in '.ogg'; one of .abc, .mid, .midi, .wav, .png, .svg"),
        (("m", "--bars", "0"), "--bars: found 0"),
        (("c", "--key", "G"), "--key"),
        (("c", "--length", "0"), "length"),
        (("m", "--primer", "G@", "--key", "G"), "primer, line 1, column 2"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_options_name(trained, words, found):
    code, said = run("generate", trained / words[0], *words[1:])
    assert code == 2 or code == 1
    assert found in " ".join(said.split())


def test_judging_and_drawing(trained, tunes, chorales, tmp_path):
    code, said = run("evaluate", trained / "m", "--data", tunes)
    assert code == 0
    assert "judged on what was held out" in " ".join(said.split())
    code, said = run("evaluate", trained / "c", "--data", chorales, "--json")
    assert json.loads(said)["part"] == "test"
    code, said = run("predict", trained / "m", "--data", tunes, "--out", tmp_path / "p.csv")
    assert code == 1  # one tune could not be read
    assert len((tmp_path / "p.csv").read_text().splitlines()) == 41
    for kind, name in (("melody", "m"), ("chorale", "c")):
        out = tmp_path / f"{kind}.png"
        code, said = run("plot", kind, trained / name, "--index", 1, "--out", out)
        assert (code, out.exists()) == (0, True), said
    code, said = run("plot", "chorale", trained / "m")
    assert code != 0
    code, said = run("info", trained / "m")
    assert "tunes, as" in said


def test_the_sets_are_here_or_say_how_to_get_them(tmp_path):
    if catalogue.find("nottingham_abc") is None:
        pytest.skip("the set nottingham_abc is not here")
    from elman.data.sets.melodies import load_melodies

    found = load_melodies("nottingham")
    assert len(found) == 1033
    assert "1 tune that cannot be read left out" in found.notes[-1]
