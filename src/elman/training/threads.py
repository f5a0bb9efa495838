"""How many threads a training computes with: as it is told, or what a short trial shows."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from elman.errors import ArgumentError
from elman.parameters import whole_number
from elman.training.distributed import launch
from elman.training.events import ThreadsChosen
from elman.training.run.folder import RunFolder

__all__ = ["computing_with", "slowdown"]

_ENTRIES = 1 << 16  # of the trial's tensor: as small a product as torch divides among threads
_BRIEF, _LONG = 0.02, 0.15  # seconds of a trial: on a machine that seems idle, and on a busy one
_MOST = 1024  # threads: more cannot be meant
_WORTH = 3.0  # idle threads need up to twice the time of one here; waiting ones 5 to 1,000 times


def slowdown(threads: int) -> float:
    """How many times as long torch takes for a small product with its threads as with one.

    Threads that wait for each other at the end of each product lose much where other programs hold
    the processors: the last one has to be given its turn first.

    Args:
        threads: Of torch, at least 2; they are as before afterwards.
    """
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    seconds = _LONG if load > (os.cpu_count() or 1) / 2 else _BRIEF
    try:
        return _seconds_each(threads, seconds) / _seconds_each(1, seconds / 4)
    finally:
        torch.set_num_threads(threads)


def _seconds_each(threads: int, seconds: float) -> float:
    """The mean time of one small product, over so many seconds."""
    torch.set_num_threads(threads)
    values = torch.ones(_ENTRIES)
    values.mul_(1.0)  # the threads are there
    began, done = time.perf_counter(), 0
    while (taken := time.perf_counter() - began) < seconds or not done:
        values.mul_(1.0)
        done += 1
    return taken / done


@contextmanager
def computing_with(
    threads: int | None,
    folder: RunFolder | None,
    resume: bool,
    tell: Callable[[ThreadsChosen], None],
) -> Iterator[None]:
    """Within this block torch computes with so many threads.

    Args:
        threads: How many; None: as torch has them, but one where the trial shows that other work
            keeps the processors busy. Where `OMP_NUM_THREADS` or `torchrun` says, there is no
            trial; and a run that goes on has as many as it began with, for its bits.
        folder: Of the run, which keeps the choice.
        resume: Whether the run goes on.
        tell: Is told of a choice that was made here.

    Raises:
        ArgumentError: `threads` is no whole number from 1 to 1,024.
    """
    if threads is not None:
        chosen = whole_number("threads", threads, 1)
        if chosen > _MOST:
            raise ArgumentError("threads", f"found {threads!r}", f"at most {_MOST}")
    else:
        chosen = folder.threads() if resume and folder is not None else None
        if chosen is None and not resume:
            chosen = _tried(folder, tell)
    before = torch.get_num_threads()
    torch.set_num_threads(before if chosen is None else chosen)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _tried(folder: RunFolder | None, tell: Callable[[ThreadsChosen], None]) -> int | None:
    """One thread, if several lose time; None: as torch has them."""
    usual = torch.get_num_threads()
    if usual == 1 or launch() is not None or os.environ.get("OMP_NUM_THREADS"):
        return None
    times = slowdown(usual)
    if times < _WORTH:
        return None
    tell(ThreadsChosen(1, usual, times))
    if folder is not None:
        folder.chosen_threads = 1
    return 1
