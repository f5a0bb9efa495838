"""Files of each format, changed at random: a result or a typed error, soon and in little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.drills.formats import FORMATS

pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="limits memory as Linux does"),
]

ROOT = Path(__file__).parents[2]
ALL = os.environ.get("ELMAN_DRILLS") == "all"
PARTS, FILES = (20, 500) if ALL else (1, 60)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", FORMATS)
def test_any_bytes_give_a_result_or_a_typed_error(tmp_path, name, part):
    arguments = [name, str(part * FILES), str(FILES), str(tmp_path)]
    line = [sys.executable, "-m", "tests.drills.reading", *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["read"] == FILES
    assert found["broken"] == []
