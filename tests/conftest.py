"""Settings that all tests share."""

from __future__ import annotations

import os
import signal

from hypothesis import settings
from jaxtyping import install_import_hook

# One thread a process: the tests run in several processes, and small arrays gain nothing.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell starts what runs in the background with Ctrl-C ignored; the tests of interruption, and
# the processes that they start, need it as a terminal has it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Shapes in signatures are checked at run time in the rooms whose arrays they describe.
CHECKED = ("elman.kernels", "elman.cells", "elman.unrolling", "elman.nn", "elman.operators")
install_import_hook(CHECKED, "beartype.beartype")

# Deadlines measure the machine; without a random seed a run can be repeated.
settings.register_profile("checks", deadline=None, derandomize=True, max_examples=25)
settings.load_profile("checks")
