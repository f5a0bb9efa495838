"""How many threads a training computes with."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.errors import ArgumentError
from elman.tasks import Classifier
from elman.training import RunFolder, ThreadsChosen, threads
from elman.training.threads import computing_with, slowdown


@pytest.fixture
def two(monkeypatch):
    """Torch has two threads, and nothing in the environment says how many it should have."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def busy(monkeypatch, times):
    monkeypatch.setattr(threads, "slowdown", lambda _threads: times)


def counted(told, folder=None, resume=False):
    events = []
    with computing_with(told, folder, resume, events.append):
        return torch.get_num_threads(), events


def test_a_trial_leaves_the_threads_as_they_were(two):
    assert slowdown(2) > 0
    assert torch.get_num_threads() == 2


def test_busy_processors_leave_one_thread_and_it_is_said(two, monkeypatch):
    busy(monkeypatch, 25.0)
    assert counted(None) == (1, [ThreadsChosen(1, 2, 25.0)])
    assert torch.get_num_threads() == 2


def test_idle_processors_change_nothing(two, monkeypatch):
    busy(monkeypatch, 1.6)
    assert counted(None) == (2, [])


def test_what_is_told_counts(two, monkeypatch):
    busy(monkeypatch, 25.0)
    assert counted(2) == (2, [])
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert counted(None) == (2, [])


def test_a_run_goes_on_as_it_began(two, monkeypatch, tmp_path):
    busy(monkeypatch, 25.0)
    folder = RunFolder(tmp_path)
    assert counted(None, folder)[0] == 1
    folder.start({"epochs": 1})
    busy(monkeypatch, 1.0)
    assert counted(None, RunFolder(tmp_path), resume=True) == (1, [])
    assert counted(2, RunFolder(tmp_path), resume=True) == (2, [])


def test_a_run_that_began_on_idle_processors_goes_on_so(two, monkeypatch, tmp_path):
    RunFolder(tmp_path).start({"epochs": 1})
    busy(monkeypatch, 25.0)
    assert counted(None, RunFolder(tmp_path), resume=True) == (2, [])


@pytest.mark.parametrize("wrong", [0, 1.5, True, "two"])
def test_wrong_numbers(wrong):
    with pytest.raises(ArgumentError, match="threads: found"):
        counted(wrong)


def test_the_choice_is_shown(two, monkeypatch, capsys):
    busy(monkeypatch, 25.0)
    X = np.zeros((8, 3, 1), np.float32)
    Classifier(units=2, epochs=1, validation=None, baselines=False, verbose=True).fit(X, [0, 1] * 4)
    shown = capsys.readouterr().err
    assert "2 threads took 25 times as long as one" in shown
    assert "Training with one thread" in shown
