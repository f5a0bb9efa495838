"""How much memory training takes on a series that is itself large."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.drill

ROOT = Path(__file__).parents[2]
ROWS = 10_000_000


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads the peak of memory from /proc")
def test_ten_million_steps_of_ten_features_train_within_two_gigabytes(tmp_path):
    line = [sys.executable, "-m", "tests.drills.many_steps", str(ROWS), str(tmp_path / "run")]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["steps"] == 20
    assert found["windows"] == ROWS - 168 - 24 + 1
    assert found["peak"] < 2e9
