"""A process that holds prepared runs of one library and does them when it is told to.

Each library has one of its own, so that neither thread pools nor allocators meet. All have the
same cores and the same environment.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import logging
import multiprocessing
import os
import signal
import time
import traceback
import warnings
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from benchmarks.work import Contender, Run

__all__ = ["BenchmarkError", "Worker"]

_LIMITS = (
    "ELMAN_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NPROC",  # XLA's
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "TF_NUM_INTRAOP_THREADS",
)
_SETTINGS = {
    "CUDA_VISIBLE_DEVICES": "",
    "JAX_PLATFORMS": "cpu",
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1",  # what compiling takes is told, too
    "TF_USE_LEGACY_KERAS": "1",  # for tf.compat.v1's cells; the peer's layers are Keras 3's
}


class BenchmarkError(Exception):
    """A measurement could not be made, or computed something else than it should."""


class Worker:
    """A process for `module`, on `threads` cores and with as many threads.

    `ask` waits for an answer; `tell` does not, and `answer` fetches it later.
    """

    def __init__(self, module: str, threads: int) -> None:
        self.module = module
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        before = dict(os.environ)
        os.environ.update({**_SETTINGS, **dict.fromkeys(_LIMITS, str(threads))})
        try:
            self._process = context.Process(target=_serve, args=(theirs, module, threads))
            self._process.start()
        finally:
            os.environ.clear()
            os.environ.update(before)
        theirs.close()
        self.pid = self._process.pid or 0

    def tell(self, command: str, *arguments: Any) -> None:
        try:
            self._connection.send((command, arguments))
        except ConnectionError:
            raise self._ended() from None

    def answer(self) -> Any:
        try:
            done, value = self._connection.recv()
        except (EOFError, ConnectionError):  # reset, where it left commands unread
            raise self._ended() from None
        if not done:
            raise BenchmarkError(f"{self.module}:\n{value}")
        return value

    def _ended(self) -> BenchmarkError:
        self._process.join()
        code = self._process.exitcode
        return BenchmarkError(f"{self.module}: its process ended with code {code}")

    def ask(self, command: str, *arguments: Any) -> Any:
        self.tell(command, *arguments)
        return self.answer()

    def rest(self) -> None:
        """Wait until its threads, which spin a while after work, have come to rest."""
        clock = ((~self.pid) << 3) | 2  # clock_getcpuclockid(3): the CPU time of a process
        before = time.clock_gettime(clock)
        for _ in range(500):
            time.sleep(0.002)
            now = time.clock_gettime(clock)
            if now - before < 0.0001:
                return
            before = now
        raise BenchmarkError(f"{self.module}: still busy a second after its work was done")

    def close(self) -> None:
        self._connection.close()
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _serve(connection: Connection, module: str, threads: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the harness says when it is over
    warnings.simplefilter("ignore")  # the libraries warn each other
    logging.disable(logging.WARNING)  # and tell of themselves
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    runs: dict[Contender, Run] = {}
    commands = {f.__name__: f for f in (prepare, results, timing, peak, forget)}
    with contextlib.suppress(EOFError, ConnectionError):  # the harness has gone: so do we
        while True:
            command, arguments = connection.recv()
            try:
                message = (True, commands[command](runs, *arguments))
            except Exception:
                message = (False, traceback.format_exc())
            connection.send(message)


# The commands. Each gets the process's prepared runs, and its arguments from the harness.


def prepare(runs: dict[Contender, Run], contender: Contender) -> None:
    """Make the work ready."""
    function = getattr(importlib.import_module(contender.module), contender.function)
    runs[contender] = function(*contender.arguments)


def results(
    runs: dict[Contender, Run], contender: Contender
) -> tuple[dict[str, np.ndarray], float]:
    """What the work computes, and the seconds of this first time, in which compilers work."""
    start = time.perf_counter()
    return runs[contender].results(), time.perf_counter() - start


def timing(runs: dict[Contender, Run], contender: Contender, calls: int) -> tuple[float, float]:
    """Seconds and processor seconds a call over a burst of calls.

    Before a burst of several, one warms the caches. Processor time is that of all the process's
    threads; another process that keeps a core busy does not add to it.
    """
    call = runs[contender].call
    if calls > 1:
        call()
    start, busy = time.perf_counter(), time.process_time()
    for _ in range(calls):
        call()
    taken, worked = time.perf_counter() - start, time.process_time() - busy
    return taken / calls, worked / calls


def peak(runs: dict[Contender, Run], contender: Contender) -> int:
    """Bytes by which a call raises the resident memory at its highest."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # so that nothing freed before is used again unseen
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")  # proc(5): the highest is counted anew from now on
    before = _status("VmRSS")
    runs[contender].call()
    return _status("VmHWM") - before


def forget(runs: dict[Contender, Run]) -> None:
    """Let go of all work."""
    runs.clear()
    gc.collect()


def _status(field: str) -> int:
    with open("/proc/self/status", encoding="ascii") as file:
        line = next(line for line in file if line.startswith(field))
    return 1024 * int(line.split()[1])
