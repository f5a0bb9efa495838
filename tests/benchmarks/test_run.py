"""The command: what it measures, what it says, what it keeps."""

from __future__ import annotations

import json

import pytest

from benchmarks import run
from benchmarks.harness import Case
from benchmarks.results import classes
from benchmarks.suites import SUITES, Suite
from benchmarks.work import Contender
from elman.kernels.compiled import available_isas
from tests.benchmarks.fakes import MODULE, contender, point


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
    assert "no suite gird: there are grid, grid_bounded, lengths" in capsys.readouterr().err


def test_a_missing_peer_names_the_extra(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["run", "step"])
    monkeypatch.setattr(run, "find_spec", lambda name: None if name == "jax" else object())
    with pytest.raises(SystemExit, match=r"needs the package 'jax'.*\[bench\]"):
        run.main()


def test_what_was_measured_before_a_failure_is_kept(monkeypatch, tmp_path):
    good = Case({"cell": "RNN", "size": "1x1x1x1", "training": False}, (contender("A", 0.001),))
    bad = Case({**good.description, "cell": "GRU"}, (contender("A"), contender("B", value=2.0)))
    monkeypatch.setitem(SUITES, "fake", Suite(lambda: iter([good, bad]), threads=(1,)))
    monkeypatch.setattr(run, "environment", lambda packages: {"processor": "any"})
    with pytest.raises(run.BenchmarkError):
        run.run_suite("fake", given(monkeypatch, "--rounds", "2"), tmp_path, "avx2")
    kept = json.loads((tmp_path / "fake-avx2.json").read_text(encoding="utf-8"))
    assert kept["complete"] is False
    assert kept["command"] == "python -m benchmarks.run --rounds 2"
    (only,) = kept["points"]
    assert (only["cell"], only["threads"]) == ("RNN", 1)
    assert only["measurements"][0]["rounds"] == 2


def test_a_client_that_is_missing_or_fails_is_told_and_the_others_are_measured(
    monkeypatch, tmp_path
):
    about = {"client": "theirs", "cell": "GRU", "size": "1x1x1x1", "training": True}
    fails = Contender("Elman", MODULE, "dying", ())
    cases = [
        Case({**about, "client": "absent"}, (contender("Elman"),), needs=("no-such-package",)),
        Case({**about, "client": "dying"}, (fails, contender("PyTorch"))),
        Case(about, (contender("PyTorch", 0.002), contender("Elman", 0.001))),
    ]
    monkeypatch.setitem(SUITES, "fake", Suite(lambda: iter(cases), threads=(1,), clients=True))
    run.run_suite("fake", given(monkeypatch, "--rounds", "2"), tmp_path, "avx2")
    kept = json.loads((tmp_path / "fake-avx2.json").read_text(encoding="utf-8"))
    absent, dying, theirs = kept["points"]
    assert kept["complete"] is True
    assert absent["not run"] == "not installed: no-such-package"
    assert dying["not run"].startswith("failed: ")
    assert "ended with code 3" in dying["not run"]
    assert absent["measurements"] == dying["measurements"] == []
    assert [each["name"] for each in theirs["measurements"]] == ["PyTorch", "Elman"]
    assert "not installed: no-such-package" in run.line(absent)


@pytest.mark.parametrize(
    ("words", "asked", "folder"),
    [
        ([], None, "RESULTS"),
        (["--quick"], None, "PARTIAL"),
        (["--only", "GRU"], None, "PARTIAL"),
        ([], "portable", "PARTIAL"),
    ],
)
def test_only_a_whole_run_at_the_processor_s_own_level_becomes_its_class_s_result(
    monkeypatch, tmp_path, words, asked, folder
):
    case = Case({"cell": "GRU", "size": "1x1x1x1", "training": False}, (contender("Elman", 0.001),))
    fake = Suite(lambda: iter([case]), threads=(1,), clients=True)
    monkeypatch.setitem(SUITES, "fake", fake)
    monkeypatch.setattr(run.native, "isa", lambda: "avx2")
    for name in ("RESULTS", "PARTIAL"):
        monkeypatch.setattr(run, name, tmp_path / name)
        (tmp_path / name).mkdir()
    monkeypatch.delenv("ELMAN_ISA", raising=False)
    if asked:
        monkeypatch.setenv("ELMAN_ISA", asked)
    run.run(given(monkeypatch, "fake", *words))
    assert [path.parent.name for path in tmp_path.glob("*/fake-avx2.json")] == [folder]


def test_a_level_that_is_asked_for_is_kept_of_elman_alone(monkeypatch, tmp_path):
    case = Case({"cell": "GRU", "size": "1x1x1x1", "training": False}, (contender("Elman", 0.001),))
    monkeypatch.setitem(
        SUITES, "fake", Suite(lambda: iter([case]), threads=(1,), peers=(), bounded=True)
    )
    monkeypatch.setattr(run.native, "isa", lambda: "portable")
    monkeypatch.setattr(run, "RESULTS", tmp_path)
    monkeypatch.setenv("ELMAN_ISA", "portable")
    run.run(given(monkeypatch, "fake"))
    (path,) = tmp_path.glob("*.json")
    assert path.stem == f"fake_portable_on_{available_isas()[-1]}"
    assert classes(tmp_path, ["fake"]) == []


def test_progress_tells_who_took_how_long():
    text = run.line(point({"Elman": 0.0123, "PyTorch": 0.5}, variant="peephole"))
    expected = "peephole GRU 64x128x128x256 training, 1 thread: Elman 12.3 ms, PyTorch 500 ms"
    assert text == expected
