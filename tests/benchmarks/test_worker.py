"""A worker's process: its limits, and what the harness hears when it fails."""

from __future__ import annotations

import os

import pytest

from benchmarks.work import Contender
from benchmarks.worker import BenchmarkError, Worker
from tests.benchmarks.fakes import MODULE


def fake(function):
    return Contender("A", MODULE, function, ())


@pytest.fixture
def worker():
    worker = Worker(MODULE, threads=1)
    yield worker
    worker.close()


def test_cores_and_threads_are_limited_and_our_own_environment_is_left_alone(worker):
    before = os.environ.get("OMP_NUM_THREADS")
    worker.ask("prepare", fake("surroundings"))
    found, seconds = worker.ask("results", fake("surroundings"))
    assert seconds > 0
    assert found["limits"].tolist() == [1, 1]
    assert os.environ.get("OMP_NUM_THREADS") == before


def test_an_error_comes_with_the_worker_s_traceback_and_the_worker_lives_on(worker):
    with pytest.raises(BenchmarkError, match=r"(?s)fakes.*in broken.*this cannot be prepared"):
        worker.ask("prepare", fake("broken"))
    worker.ask("prepare", fake("surroundings"))


def test_a_process_that_ends_is_told_with_its_code(worker):
    worker.ask("prepare", fake("dying"))
    with pytest.raises(BenchmarkError, match="ended with code 3"):
        worker.ask("results", fake("dying"))
    with pytest.raises(BenchmarkError, match="ended with code 3"):
        worker.ask("results", fake("dying"))


def test_a_process_that_ends_with_commands_unread_is_told_too(worker):
    worker.ask("prepare", fake("dying"))

    def ask_for_more() -> None:
        for _ in range(3):
            worker.tell("results", fake("dying"))
        worker.answer()

    with pytest.raises(BenchmarkError, match="ended with code 3"):
        ask_for_more()


def test_a_worker_comes_to_rest(worker):
    worker.ask("prepare", fake("surroundings"))
    worker.rest()
