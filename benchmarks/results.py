"""The kept results: one JSON file a suite and class of processor.

A class is named by the best instruction set that its processors run, so a run on another class of
processor does not overwrite it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from elman.files import replace_file
from elman.kernels.compiled import available_isas

__all__ = ["PARTIAL", "RESULTS", "classed", "classes", "keep", "load", "lowered"]

RESULTS = Path(__file__).parent / "results"
PARTIAL = Path(__file__).parent.parent / "build" / "benchmarks"  # quick runs, single points


def classed(name: str, level: str) -> str:
    """The name of a report that belongs to a class of processors.

    >>> classed("grid", "avx2")
    'grid-avx2'
    """
    return f"{name}-{level}"


def lowered(name: str, level: str) -> str:
    """The name of a report at a level that was asked for, on a processor that has a higher one.

    No class of processors has it, so `classes` does not find it.
    """
    return f"{name}_{level}_on_{available_isas()[-1]}"


def classes(folder: Path, names: Iterable[str]) -> list[str]:
    """The classes of processors of which there is a report by one of the names, sorted."""
    found = (path.stem.removeprefix(f"{n}-") for n in names for path in folder.glob(f"{n}-*.json"))
    return sorted(set(found))


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
