"""The command: what it measures, what it says, what it keeps."""

from __future__ import annotations

import json

import pytest

from benchmarks import run
from benchmarks.harness import Case
from benchmarks.suites import SUITES, Suite
from tests.benchmarks.fakes import contender, point


def given(monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["run", *words])
    return run.arguments()


def test_cells_and_sizes_can_be_picked(monkeypatch):
    picked = given(monkeypatch, "grid", "--only", "GRU", "--points", "16x1000x1x32", "1x28x28x150")
    cases = [case for case in SUITES["grid"].cases() if run.wanted(case, picked)]
    assert {case.description["cell"] for case in cases} == {"GRU"}
    assert {case.description["size"] for case in cases} == {"16x1000x1x32", "1x28x28x150"}
    assert len(cases) == 4


def test_an_unknown_suite_is_misuse(monkeypatch, capsys):
    with pytest.raises(SystemExit) as stopped:
        given(monkeypatch, "gird")
    assert stopped.value.code == 2
    assert "no suite gird: there are grid, lengths" in capsys.readouterr().err


def test_a_missing_peer_names_the_extra(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["run", "step"])
    monkeypatch.setattr(run, "find_spec", lambda name: None if name == "jax" else object())
    with pytest.raises(SystemExit, match=r"needs the package 'jax'.*elman\[bench\]"):
        run.main()


def test_what_was_measured_before_a_failure_is_kept(monkeypatch, tmp_path):
    good = Case({"cell": "RNN", "size": "1x1x1x1", "training": False}, (contender("A", 0.001),))
    bad = Case({**good.description, "cell": "GRU"}, (contender("A"), contender("B", value=2.0)))
    monkeypatch.setitem(SUITES, "fake", Suite(lambda: iter([good, bad]), threads=(1,)))
    monkeypatch.setattr(run, "environment", lambda peers: {"processor": "any"})
    with pytest.raises(run.BenchmarkError):
        run.run_suite("fake", given(monkeypatch, "--rounds", "2"), tmp_path)
    kept = json.loads((tmp_path / "fake.json").read_text(encoding="utf-8"))
    assert kept["complete"] is False
    assert kept["command"] == "python -m benchmarks.run --rounds 2"
    (only,) = kept["points"]
    assert (only["cell"], only["threads"]) == ("RNN", 1)
    assert only["measurements"][0]["rounds"] == 2


def test_progress_tells_who_took_how_long():
    text = run.line(point({"Elman": 0.0123, "PyTorch": 0.5}, variant="peephole"))
    expected = "peephole GRU 64x128x128x256 training, 1 thread: Elman 12.3 ms, PyTorch 500 ms"
    assert text == expected
