"""How many threads the compiled kernels may use."""

from __future__ import annotations

import os
import sys
from typing import Any

from elman.errors import ArgumentError

__all__ = ["thread_count"]


def thread_count() -> int:
    """Torch's number of threads where torch is loaded, else that of `ELMAN_NUM_THREADS`.

    Without either, one for each processor that this process may use.

    Raises:
        ArgumentError: `ELMAN_NUM_THREADS` is not a positive integer.
    """
    torch: Any = sys.modules.get("torch")
    if hasattr(torch, "get_num_threads"):  # it may still be loading
        return torch.get_num_threads()
    given = os.environ.get("ELMAN_NUM_THREADS")
    if not given:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else _processors()
    if not given.isdecimal() or int(given) == 0:
        raise ArgumentError(
            "environment variable ELMAN_NUM_THREADS", f"found {given!r}", "give 1 or more"
        )
    return int(given)


def _processors() -> int:
    return os.cpu_count() or 1
