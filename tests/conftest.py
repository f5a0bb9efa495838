"""Settings that all tests share."""

from __future__ import annotations

import os

# One thread a process: the tests run in several processes, and small arrays gain nothing.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from jaxtyping import install_import_hook

# Shapes in signatures are checked at run time in the rooms whose arrays they describe.
_CHECKED = ("elman.kernels", "elman.cells", "elman.layers", "elman.nn", "elman.operators")
_hook = install_import_hook(_CHECKED, "beartype.beartype")

from hypothesis import settings

# Shrinking and deadlines measure the machine; the seed is fixed so that a run can be repeated.
settings.register_profile("checks", deadline=None, derandomize=True, max_examples=25)
settings.load_profile("checks")
