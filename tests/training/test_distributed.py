"""Several processes that train together, as torchrun starts them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import elman
from elman.errors import TrainingError
from elman.training import Ranks, RunFolder
from elman.training.distributed import _lost_peers, launch, writes
from elman.training.loop.loading import shared
from elman.training.run.checkpoint import load_checkpoint
from tests.training.networks import examples
from tests.training.together import KINDS

TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node")


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def together(tmp_path_factory) -> Path:
    """Every kind of training by two processes."""
    folder = tmp_path_factory.mktemp("together")
    command = (*TORCHRUN, "2", "-m", "tests.training.together", str(folder))
    subprocess.run(command, check=True, timeout=240)
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_learn_what_one_does(kind, together, tmp_path):
    two, one = RunFolder(together / kind), RunFolder(tmp_path)
    KINDS[kind](one).run()
    for name, steps in (("loss", "steps"), ("gradient_norm", "steps"), ("train_loss", "metrics")):
        curves = [[line[name] for line in lines(getattr(run, steps))] for run in (two, one)]
        np.testing.assert_allclose(*curves, rtol=1e-5)
    scored = {"windows": (), "texts": ("validation_loss",)}
    for name in scored.get(kind, ("validation_loss", "validation_score")):
        scores = [[line[name] for line in lines(run.metrics)] for run in (two, one)]
        np.testing.assert_allclose(*scores, rtol=1e-5)
    found, wanted = load_checkpoint(two.last), load_checkpoint(one.last)
    for group in ("weights", "best", "more"):
        for name, tensor in getattr(wanted, group).items():
            if tensor.is_floating_point():  # the rest are keys of dropout, each rank's own
                same = getattr(found, group)[name]
                torch.testing.assert_close(same, tensor, rtol=1e-4, atol=1e-5)


def ranks_of(rank: int, size: int) -> Ranks:
    """What one of several processes sees, without starting them."""
    ranks = Ranks()
    ranks.rank, ranks.size = rank, size
    return ranks


@given(st.integers(1, 20), st.integers(1, 6))
def test_every_row_is_one_ranks(count, size):
    rows = np.arange(count) + 7
    shares = [ranks_of(rank, size).share(rows).tolist() for rank in range(min(count, size))]
    assert sorted(row for share in shares for row in share) == rows.tolist()
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_rows_are_dealt_one_by_one():
    assert ranks_of(1, 2).share(np.arange(5)).tolist() == [1, 3]


def test_where_no_row_is_left_the_first_counts_nothing():
    data, rows = examples(6, ragged=True), np.array([4, 2])
    mine, spare = (shared(data, rows, ranks_of(rank, 3)) for rank in (1, 2))
    assert torch.equal(mine.targets, data.targets[[2]])
    assert mine.weights is None
    assert torch.equal(spare.targets, data.targets[[4]])
    assert spare.weights is not None
    assert spare.weights.tolist() == [0]


DATA = ("--data", "digits", "--cell", "gru", "--units", "24", "--batch-size", "60", "--seed", "1")
EPOCHS = "12"
PLAIN = ("--no-pictures", "--no-baselines", "--threads", "1")


def start(out: Path, *more: str, restarts: int = 0) -> subprocess.Popen:
    """`elman train` by two processes."""
    run = (*TORCHRUN, "2", "--max-restarts", str(restarts), "--monitor-interval", "0.2")
    run = (*run, "-m", "elman")
    command = (*run, "train", "classifier", *DATA, *PLAIN, "--out", str(out), *more)
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def workers(agent: int) -> dict[int, int]:
    """The processes of each rank."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == agent:
                facts = (entry / "environ").read_text().split("\0")
                found[int(dict(f.split("=", 1) for f in facts if "=" in f)["RANK"])] = int(
                    entry.name
                )
        except (OSError, KeyError):
            continue  # a process that has ended, or is no worker
    return found


def wait_for(path: Path, count: int, process: subprocess.Popen) -> None:
    """Until the file has so many lines."""
    until = time.monotonic() + 120
    while not path.exists() or len(path.read_text().splitlines()) < count:
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> Path:
    """The same training by one process."""
    out = tmp_path_factory.mktemp("alone") / "run"
    command = (sys.executable, "-m", "elman", "train", "classifier", *DATA, *PLAIN)
    subprocess.run((*command, "--epochs", EPOCHS, "--out", str(out)), check=True, timeout=240)
    return out


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the workers through /proc")
@pytest.mark.drill
@pytest.mark.parametrize("rank", [0, 1] if os.environ.get("ELMAN_DRILLS") == "all" else [0])
def test_a_worker_that_is_killed_does_not_end_the_run(rank, alone, tmp_path):
    out = tmp_path / "run"
    process = start(out, "--epochs", EPOCHS, "--checkpoint-every", "7", restarts=2)
    wait_for(out / "steps.jsonl", 40, process)
    os.kill(workers(process.pid)[rank], signal.SIGKILL)
    _, said = process.communicate(timeout=240)
    assert process.returncode == 0, said
    assert "resumed after" in said
    curves = [[line["loss"] for line in lines(run / "steps.jsonl")] for run in (out, alone)]
    np.testing.assert_allclose(*curves, rtol=1e-4)
    scores = [json.loads((run / "result.json").read_text())["test"] for run in (out, alone)]
    assert scores[0]["score"] == pytest.approx(scores[1]["score"], abs=0.006)
    assert elman.load(out / "model.elman").n_features_in_ == 8


@pytest.mark.skipif(os.name != "posix", reason="sends SIGTERM")
def test_a_termination_of_one_saves_and_ends_all(tmp_path):
    out = tmp_path / "run"
    process = start(out, "--epochs", "500")
    wait_for(out / "steps.jsonl", 10, process)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "Saved. Go on with the same command" in said
    place = load_checkpoint(RunFolder(out).last).place
    last = lines(out / "steps.jsonl")[-1]
    assert (place["epoch"], place["step"]) == (last["epoch"], last["step"])


def test_a_run_of_another_launch_is_not_taken_up(tmp_path):
    folder = RunFolder(tmp_path)
    folder.start({"seed": 1}, launch="one")
    assert folder.restarted("one")
    assert not folder.restarted("another")
    assert not folder.restarted(None)


def test_torchrun_needs_a_folder(monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setenv("RANK", "1")
    assert launch() == f"process {os.getppid()}"
    assert not writes()
    command = (sys.executable, "-m", "elman", "train", "classifier", *DATA)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "--out: not given" in done.stderr


def test_a_lost_peer_is_said_in_words():
    with (
        pytest.raises(TrainingError, match="another process of this training is gone"),
        _lost_peers(),
    ):
        raise RuntimeError("[gloo/transport/tcp/pair.cc:547] Connection closed by peer")
    with pytest.raises(RuntimeError, match="shapes"), _lost_peers():
        raise RuntimeError("shapes do not match")
