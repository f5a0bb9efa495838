"""Settings that all tests share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
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


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache folder, and no ELMAN_DATA."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("ELMAN_CACHE", str(folder))
    monkeypatch.delenv("ELMAN_DATA", raising=False)
    return folder


@pytest.fixture
def real_data(tmp_path, monkeypatch) -> Path:
    """The folder that ELMAN_DATA names, with an empty cache beside it."""
    given = os.environ.get("ELMAN_DATA")
    if not given:
        pytest.skip("ELMAN_DATA is not set: the public data sets are not on this machine")
    monkeypatch.setenv("ELMAN_CACHE", str(tmp_path / "cache"))
    return Path(given)
