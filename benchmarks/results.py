"""The kept results: one JSON file a suite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from elman.files import replace_file

__all__ = ["PARTIAL", "RESULTS", "keep", "load"]

RESULTS = Path(__file__).parent / "results"
PARTIAL = Path(__file__).parent.parent / "build" / "benchmarks"  # quick runs, single points


def keep(folder: Path, name: str, report: dict[str, Any]) -> None:
    """Write a suite's report whole or not at all.

    Raises:
        BundleError: The folder or the disk refused.
    """
    text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
    replace_file(folder / f"{name}.json", text.encode())


def load(folder: Path, name: str) -> dict[str, Any] | None:
    """A suite's report, or None if there is none."""
    path = folder / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
