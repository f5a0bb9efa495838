"""Paths of agents from files to a model, its errors, its forecasts and its picture, by commands."""

from __future__ import annotations

import csv
import io
import json

import pytest

from elman.data.sets.walkers import walkers

SMALL = ("--units", 8, "--epochs", 2, "--components", 2, "--threads", 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four scenes as files, and one that is broken."""
    found = tmp_path_factory.mktemp("scenes")
    for scene in walkers(4, 2, steps=50).scenes:
        rows = sorted(zip(scene.steps, scene.who, scene.values.tolist(), strict=True))
        text = "".join(f"{10.0 * s}\t{w + 1}.0\t{x}\t{y}\n" for s, w, (x, y) in rows)
        (found / f"{scene.name}.txt").write_text(text)
    (found / "broken.txt").write_text("0 1 nan 3\n")
    return found


@pytest.fixture(scope="module")
def run(command, folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "paths"
    done = command("train", "forecaster", "--data", folder, "--unit", "m", *SMALL, "--out", out)
    assert done.exit_code == 0, done.output
    return out


def test_a_test_part_that_tests_nothing_is_refused_before_the_training(command, tmp_path):
    source, out = tmp_path / "one.txt", tmp_path / "run"
    source.write_text("".join(f"{f} {a} {a} {0.1 * f}\n" for f in range(60) for a in range(3)))
    done = command("train", "forecaster", "--data", source, *SMALL, "--out", out)
    assert done.exit_code == 1
    assert "its test part has no agent that is seen for 20 steps in a row" in done.output
    assert "epoch 1" not in done.output


def test_a_run_says_what_was_held_out_and_how_good_it_is(run):
    told = json.loads((run / "result.json").read_text())
    assert told["data"]["scenes"] == 4
    assert any("1 file of 5 left out" in note for note in told["data"]["notes"])
    (scene,) = told["test"]["scenes"]  # a fifth of four
    assert scene in told["split"]["how"]
    assert told["test"]["unit"] == "m"
    report = (run / "report.md").read_text()
    assert report.index("constant velocity") < report.index("this model")
    assert "Apart from these: the best of samples, chosen in hindsight in m" in report
    assert {path.name for path in (run / "pictures").iterdir()} == {"paths.png", "curves.png"}


def test_the_scenes_held_out_are_judged_unless_others_are_asked_for(command, run, folder):
    told = json.loads((run / "result.json").read_text())
    done = command("evaluate", run, "--data", folder, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["scenes"].keys() == told["test"]["scenes"].keys()
    assert found["score"] == pytest.approx(told["test"]["score"])
    done = command("evaluate", run, "--data", folder, "--part", "all", "--json")
    assert len(json.loads(done.stdout)["scenes"]) == 4
    done = command("evaluate", run, "--data", "walkers", "--samples", 2)
    assert done.exit_code == 0, done.output
    assert "best of 2" in done.output


def rows_of(done):
    assert done.exit_code == 0, done.output
    return list(csv.DictReader(io.StringIO(done.stdout)))


@pytest.mark.parametrize("verb", ["predict", "forecast"])
def test_forecasts_and_encounters(command, run, folder, verb):
    source = folder / "walkers-1.txt"
    rows = rows_of(command(verb, run, "--data", source))
    assert [*rows[0]] == ["scene", "agent", "frame", "x", "y"]
    agents = {row["agent"] for row in rows}
    assert len(rows) == 12 * len(agents)
    assert {int(row["frame"]) for row in rows} == set(range(500, 620, 10))
    more = rows_of(command(verb, run, "--data", source, "--every"))
    assert len({row["agent"] for row in more}) > len(agents)
    several = {"predict": "--samples", "forecast": "--paths"}[verb]
    drawn = rows_of(command(verb, run, "--data", source, several, 3))
    assert len(drawn) == 3 * len(rows)
    met = rows_of(command(verb, run, "--data", source, "--distance", 3))
    assert all(0 < float(row["chance"]) <= 1 for row in met)
    assert [*met[0]] == ["scene", "agent", "other", "chance", "step", "nearest"]


def test_the_picture(command, run, folder, tmp_path):
    out = tmp_path / "paths.png"
    done = command("plot", "paths", run, "--distance", 1, "--out", out)
    assert done.exit_code == 0, done.output
    assert out.stat().st_size > 10_000
    given = ("--data", folder, "--scene", "walkers-2", "--frame", 250, "--part", "all")
    done = command("plot", "paths", run, *given, "--out", tmp_path / "other.svg")
    assert done.exit_code == 0, done.output
    done = command("plot", "paths", run, *given[:-2], "--frame", 9999, "--out", out)
    assert done.exit_code != 0
    drawn = tmp_path / "f.png"
    done = command("forecast", run, "--data", folder / "walkers-1.txt", "--plot", drawn)
    assert done.exit_code == 0, done.output
    assert drawn.exists()


def test_one_scene_is_tested_on_its_end(command, tmp_path):
    (scene,) = walkers(1, 5, steps=110).scenes
    source, out = tmp_path / "one.csv", tmp_path / "a"
    rows = sorted(zip(scene.steps, scene.who, scene.values.tolist(), strict=True))
    text = "".join(f"{s},{w},{x},{y}\n" for s, w, (x, y) in rows)
    source.write_text("frame,agent,x,y\n" + text)
    done = command("train", "forecaster", "--data", source, *SMALL, "--out", out)
    assert done.exit_code == 0, done.output
    assert "Test part: the scene from frame 88 on" in " ".join(done.output.split())
    done = command("evaluate", out, "--data", source, "--json")
    assert json.loads(done.stdout)["part"] == "test"


def test_what_has_no_use_is_refused(command, run, folder, tmp_path):
    done = command("forecast", run, "--data", folder, "--levels", "0.1")
    assert done.exit_code != 0
    assert "--levels: a forecaster of paths has no such option" in done.output
    done = command("train", "forecaster", "--data", folder, "--season", 7, "--out", tmp_path / "x")
    assert done.exit_code != 0
    assert "season" in done.output
    done = command("backtest", run, "--data", folder)
    assert done.exit_code != 0
    assert "Traceback" not in done.output
    done = command("predict", run, "--data", folder, "--distance", 1, "--every")
    assert done.exit_code != 0


def test_a_folder_of_paths_is_shown_as_what_it_is(command, tmp_path):
    rows = [f"{10 * f} {a} {f} {a}" for a in (1, 2) for f in range(30) if f != 5]
    for name in ("one", "two"):
        (tmp_path / "scenes").mkdir(exist_ok=True)
        (tmp_path / "scenes" / f"{name}.txt").write_text("\n".join(rows))
    found = json.loads(command("data", "show", tmp_path / "scenes", "--json").stdout)
    assert found["paths"]["describes"] == "2 scenes, 4 agents, 120 observations"
    assert found["paths"]["windows"] == 2 * 2 * 11
    assert any("4 places missing" in note for note in found["notes"])
    said = command("data", "show", tmp_path / "scenes").stdout
    assert "two: 2 agents, 30 steps, 22 windows" in said
    assert "elman train forecaster --data" in said
