"""The kernels compute on torch's own threads.

Torch's OpenMP keeps its threads awake for a while after each of its operators. Threads of our own
would then share the processors with them: in a model that holds anything beside a recurrent layer
a second thread brought nothing.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import torch

from elman.kernels.compiled import compute_on

__all__ = ["join_torch"]

_NEEDED = (
    "GOMP_parallel",
    "omp_get_num_threads",
    "omp_in_parallel",
    "omp_get_dynamic",
    "omp_get_thread_limit",
)
"""Of GCC's OpenMP; LLVM's and Intel's have them too, for programs that GCC compiled."""


def join_torch() -> None:
    """From now on the kernels of this process run on torch's threads, where it computes by OpenMP.

    The child of a fork has threads of its own, as torch's do not survive one.
    """
    addresses = _functions()
    if addresses is not None:
        compute_on(addresses)


def _functions() -> tuple[int, ...] | None:
    """Where the functions are that torch itself is linked with; None: elsewhere, or otherwise."""
    if (
        sys.platform != "linux"
        or "parallel backend: OpenMP" not in torch.__config__.parallel_info()
    ):
        return None
    library = Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    try:
        loaded = ctypes.CDLL(str(library))  # it is loaded: its functions, and what it needs
        found = [ctypes.cast(getattr(loaded, name), ctypes.c_void_p).value for name in _NEEDED]
    except (OSError, AttributeError):
        return None
    return tuple(address for address in found if address) if all(found) else None


join_torch()
