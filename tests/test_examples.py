"""The examples run as they are, and stay short."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))
LINES = 60


def test_there_are_ten():
    assert len(EXAMPLES) == 10


@pytest.mark.filterwarnings("default::UserWarning")  # what is told to whoever trains
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    assert len(example.read_text(encoding="utf-8").splitlines()) < LINES
    runpy.run_path(str(example), run_name="__main__")
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
