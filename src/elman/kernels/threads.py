"""How many threads the compiled kernels may use."""

from __future__ import annotations

import os
import sys
from typing import Any

from elman.errors import ArgumentError

__all__ = ["MOST_THREADS", "thread_count"]

MOST_THREADS = 1024
_DIGITS = 9  # longer numbers are none of threads, and Python refuses the longest


def thread_count() -> int:
    """Torch's number of threads where torch is loaded, else that of `ELMAN_NUM_THREADS`.

    Without either, one for each processor that this process may use.

    Raises:
        ArgumentError: `ELMAN_NUM_THREADS` is no whole number of 1 to 1024.
    """
    torch: Any = sys.modules.get("torch")
    if hasattr(torch, "get_num_threads"):  # it may still be loading
        return torch.get_num_threads()
    given = os.environ.get("ELMAN_NUM_THREADS")
    if not given:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else _processors()
    usable = given.isdecimal() and len(given) <= _DIGITS and 1 <= int(given) <= MOST_THREADS
    if not usable:
        raise ArgumentError(
            "environment variable ELMAN_NUM_THREADS",
            f"found {given[:40]!r}",
            f"a whole number from 1 to {MOST_THREADS}; unset it for one thread a processor",
        )
    return int(given)


def _processors() -> int:
    return os.cpu_count() or 1
