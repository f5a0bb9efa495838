"""Threads: how many, shared weights, forks, and signals that end a long call."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from elman.errors import ArgumentError
from elman.kernels import native, threads
from elman.kernels.contract import Simple
from tests.kernels.agreement import MODES, Mode, Problem, Sizes, random_problem, solve, tame_weights
from tests.kernels.variants import VARIANTS
from tests.unchecked import unchecked

# Enough work for three threads.
SIZES = Sizes(13, 12, 20, 33)


def use_threads(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(native, "thread_count", lambda: count)


def problem_of(name: str, mode: Mode = MODES["everything"], dtype: Any = np.float64) -> Problem:
    return random_problem(VARIANTS[name], SIZES, mode, np.random.default_rng(len(name)), dtype)


# ---- how many -----------------------------------------------------------------------------------


class LoadedTorch:
    @staticmethod
    def get_num_threads() -> int:
        return 7


def test_torchs_number_of_threads_holds_where_torch_is_loaded(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", LoadedTorch)
    monkeypatch.setenv("ELMAN_NUM_THREADS", "3")
    assert threads.thread_count() == 7


def test_else_the_environments_holds(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setenv("ELMAN_NUM_THREADS", "3")
    assert threads.thread_count() == 3
    monkeypatch.setenv("ELMAN_NUM_THREADS", "")
    processors = threads.thread_count()
    assert 1 <= processors <= (os.cpu_count() or 1)


@pytest.mark.parametrize("given", ["0", "-1", "two", "1.5", "1025", "²", "9" * 5000])
def test_a_number_of_threads_that_is_none_is_an_error(monkeypatch, given):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setenv("ELMAN_NUM_THREADS", given)
    with pytest.raises(ArgumentError, match="ELMAN_NUM_THREADS: found"):
        threads.thread_count()


# The call that says so must have been divided; threads are made when first wanted.
COUNTED = """
import os
from elman.kernels import native
from tests.kernels import test_threads as t

def count():
    return len(os.listdir("/proc/self/task"))

before = count()
native.thread_count = lambda: 1
t.solve(native, t.problem_of("lstm"))
assert count() == before
native.thread_count = lambda: 3
t.solve(native, t.problem_of("lstm"))
assert count() == before + 2, (before, count())
t.solve(native, t.problem_of("gru-before"))
assert count() == before + 2, (before, count())
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="counts threads as Linux does")
def test_threads_are_made_once_when_first_wanted():
    run_python(COUNTED)


def run_python(code: str) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr


# ---- the work is divided ------------------------------------------------------------------------


@pytest.mark.parametrize("name", VARIANTS)
def test_gradients_are_the_same_on_any_number_of_threads(name, monkeypatch):
    """To rounding: the parts' totals are added up at the end."""
    problem = problem_of(name)
    use_threads(monkeypatch, 1)
    alone = solve(native, problem)
    for count in (2, 3):
        use_threads(monkeypatch, count)
        divided = solve(native, problem)
        for field in ("inputs", "initial.hidden"):  # a row's own
            found, wanted = divided.gradients[field], alone.gradients[field]
            np.testing.assert_array_equal(found, wanted)
        for field, wanted in alone.gradients.items():
            bound = 1e-12 * max(1, np.abs(wanted).max())
            np.testing.assert_allclose(divided.gradients[field], wanted, rtol=0, atol=bound)


def test_a_dense_layer_is_the_same_on_any_number_of_threads(monkeypatch):
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(500, 40)), rng.normal(size=(33, 40))
    use_threads(monkeypatch, 1)
    alone = native.dense(x, weight)
    use_threads(monkeypatch, 3)
    np.testing.assert_array_equal(native.dense(x, weight), alone)


@pytest.mark.parametrize("count", [1, 2])
def test_many_threads_may_share_weights(count, monkeypatch):
    use_threads(monkeypatch, count)
    problem = problem_of("lstm-norm-peep-proj-clip", dtype=np.float32)
    wanted = solve(native, problem)
    packed = native.prepare(problem.recurrence, problem.weights)
    start = threading.Barrier(64)

    def run(_: int) -> tuple[Any, Any]:
        start.wait()
        answered = native.forward(
            problem.recurrence, problem.weights, problem.inputs, problem.state,
            **problem.reading, keep=False, prepared=packed,
        )  # fmt: skip
        return answered, solve(native, problem)

    with unchecked(), ThreadPoolExecutor(64) as callers:
        for answered, found in callers.map(run, range(64)):
            np.testing.assert_array_equal(answered.outputs, wanted.values["outputs"])
            np.testing.assert_array_equal(found.values["outputs"], wanted.values["outputs"])
            np.testing.assert_allclose(
                found.gradients["weights.weight_hh"],
                wanted.gradients["weights.weight_hh"],
                rtol=0,
                atol=1e-4,
            )


# ---- forks --------------------------------------------------------------------------------------

FORKED = """
import os
import numpy as np
from elman.kernels import native
from tests.kernels import test_threads as t

native.thread_count = lambda: 3
problem = t.problem_of("gru-after-bias")
wanted = t.solve(native, problem)
child = os.fork()
if child == 0:
    found = t.solve(native, problem)
    same = all(np.array_equal(found.values[k], v) for k, v in wanted.values.items())
    os._exit(0 if same else 1)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 0, status
again = t.solve(native, problem)
assert np.array_equal(again.values["outputs"], wanted.values["outputs"])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_computes_the_same():
    run_python(FORKED)


# ---- signals ------------------------------------------------------------------------------------


class ThirdRingError(Exception):
    """What the handler raises at the third signal."""


@contextmanager
def ringing() -> Iterator[None]:
    """Sends a signal every 60 ms. A call that looks after it only at its end hears one ring."""
    done, heard = threading.Event(), []

    def listen(*_: Any) -> None:
        heard.append(1)
        if len(heard) == 3:
            raise ThirdRingError

    def ring() -> None:
        while not done.wait(0.06):
            os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, listen)
    bell = threading.Thread(target=ring)
    bell.start()
    try:
        yield
    finally:
        done.set()
        bell.join()
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="needs POSIX signals")
@pytest.mark.parametrize("count", [1, 2])
def test_a_signal_ends_a_long_call_and_its_way_back(count, monkeypatch):
    """Each takes many seconds."""
    use_threads(monkeypatch, count)
    time, sizes = 30_000, Sizes(2, 30_000, 1, 1500)
    weights = tame_weights(VARIANTS["relu"], sizes, np.random.default_rng(0), np.float32)
    x = np.ones((2, time, 1), np.float32)
    tape = native.forward(Simple("relu"), weights, x[:, :1]).tape
    long = tape._replace(
        inputs=x,
        call=tape.call._replace(lengths=np.full(2, time)),
        outputs=np.zeros((2, time, 1500), np.float32),
    )
    grad_outputs = np.broadcast_to(np.zeros(1500, np.float32), long.outputs.shape)
    with unchecked():
        with ringing(), pytest.raises(ThirdRingError):
            native.forward(Simple("relu"), weights, x, keep=False)
        with ringing(), pytest.raises(ThirdRingError):
            native.backward(long, grad_outputs)
