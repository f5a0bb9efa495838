"""Captions from files to a model, its score, its answers and its pictures, by commands."""

from __future__ import annotations

import json

import numpy as np
import pytest

SMALL = ("--units", 12, "--embedding", 6, "--epochs", 12, "--learning-rate", 0.03, "--threads", 1)
NAMES = ["a cat sits on a mat", "a dog runs in the snow"]
ALSO = ["one cat on the mat there", "one dog running through snow"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Vectors and images, each with a file of captions."""
    found = tmp_path_factory.mktemp("captions")
    draws = np.random.default_rng(0)
    which = draws.integers(2, size=80)
    np.save(found / "vectors.npy", 2 * np.eye(2)[which] + 0.1 * draws.normal(size=(80, 2)))
    images = draws.integers(60, size=(80, 4, 4)).astype(np.uint8)
    images[which == 1, 0] = 255
    np.save(found / "images.npy", images)
    rows = [{"index": row, "captions": [NAMES[k], ALSO[k]]} for row, k in enumerate(which)]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (found / "captions.jsonl").write_text(lines, encoding="utf-8")
    return found


def given(folder, name: str) -> tuple[object, ...]:
    return "--data", folder / f"{name}.npy", "--captions", folder / "captions.jsonl"


@pytest.fixture(scope="module")
def run(command, folder, tmp_path_factory):
    """A run on the images."""
    out = tmp_path_factory.mktemp("runs") / "images"
    told = (*given(folder, "images"), "--scan", "both", *SMALL, "--out", out)
    done = command("train", "captioner", *told)
    assert done.exit_code == 0, done.output
    return out


def test_from_files_to_a_score(command, folder, tmp_path):
    out = tmp_path / "run"
    told = (*given(folder, "vectors"), *SMALL, "--out", out, "--json", "--test-share", 0.2)
    told = (*told, "--epochs", 40)
    done = command("train", "captioner", *told)
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["test"]["pairs"] == 16
    assert result["test"]["references"] == 32
    assert set(result["test"]["baselines"]) == {
        "the most frequent caption",
        "the nearest training item's caption",
    }
    assert result["test"]["exact_of_all"] == 1
    assert result["test"]["signatures"]["bleu_of_all"].startswith("nrefs:2|")
    report = (out / "report.md").read_text(encoding="utf-8")
    assert "# Captioner" in report
    assert "most frequent caption" in report


def test_what_was_held_out_is_judged(command, run, folder):
    done = command("evaluate", run, *given(folder, "images"), "--json")
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert (result["part"], result["pairs"]) == ("test", 8)
    assert any("judged on what was held out" in one for one in result["notes"])
    done = command("evaluate", run, *given(folder, "images"), "--json", "--part", "all")
    assert json.loads(done.stdout)["pairs"] == 80
    done = command("evaluate", run, "--data", folder / "images.npy")
    assert done.exit_code == 1
    assert "has no captions" in " ".join(done.output.split())


def test_answers_of_a_file_without_captions(command, run, folder):
    done = command("predict", run, "--data", folder / "images.npy", "--beam-size", 2)
    assert done.exit_code == 0, done.output
    lines = done.stdout.strip().splitlines()
    assert lines[0] == "id,prediction,log_probability,ended"
    assert len(lines) == 81
    assert {line.split(",")[1] for line in lines[1:]} <= {*NAMES, *ALSO}
    done = command("predict", run, "--data", folder / "vectors.npy")
    assert done.exit_code == 1
    assert "bytes [N, 4, 4]" in " ".join(done.output.split())


def test_pictures(command, run, folder, tmp_path):
    for name in ("curves", "attention"):
        assert (run / "pictures" / f"{name}.png").stat().st_size > 1000
    path = tmp_path / "a.png"
    told = (*given(folder, "images"), "--index", 2, "--out", path)
    done = command("plot", "attention", run, *told)
    assert done.exit_code == 0, done.output
    assert path.stat().st_size > 1000


def test_options_that_contradict_each_other(command, folder):
    wrong = {
        "share in [0, 1)": ("--test-share", 2),
        "one of the two": ("--test", folder / "vectors.npy", "--test-share", 0.2),
    }
    for said, told in wrong.items():
        done = command("train", "captioner", *given(folder, "vectors"), *told, *SMALL)
        assert done.exit_code == 2, done.output
        assert said in " ".join(done.output.split())
