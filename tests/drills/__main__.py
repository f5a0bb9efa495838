"""`python -m tests.drills`: all drills, their result kept under benchmarks/results/."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.environment import environment

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Run the drills; the exit code is pytest's."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        line = [sys.executable, "-m", "pytest", "-n", "auto", "-q", "-m", "drill", "tests"]
        begun = time.monotonic()
        surroundings = {**os.environ, "ELMAN_DRILLS": "all"}
        code = subprocess.call([*line, f"--junitxml={report}"], cwd=ROOT, env=surroundings)
        tree = ET.parse(report).getroot()
    suite = next(tree.iter("testsuite")).attrib
    drills = Counter(case.attrib["name"].partition("[")[0] for case in tree.iter("testcase"))
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    counts = {name: int(suite[name]) for name in ("tests", "failures", "errors", "skipped")}
    result = {
        "command": "make drills",
        "commit": commit.stdout.strip() or None,
        **counts,
        "drills": dict(drills),
        "seconds": round(time.monotonic() - begun),
        "environment": environment(),
    }
    text = json.dumps(result, indent=1) + "\n"
    (ROOT / "benchmarks" / "results" / "drills.json").write_text(text, encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
