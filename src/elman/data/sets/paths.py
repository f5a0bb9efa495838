"""Paths by name, or from files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from elman.data.paths import Paths
from elman.data.readers.paths import looks_like_paths, read_paths
from elman.data.sets.walkers import load_paths, path_set_names
from elman.errors import ArgumentError

__all__ = ["are_paths", "open_paths"]


def are_paths(source: str) -> bool:
    """Whether a source is a set of paths by name, or files that look like some."""
    if source in path_set_names():
        return True
    return os.path.exists(source) and looks_like_paths(Path(source))


def open_paths(source: str | os.PathLike[str], part: str | None = None, **told: Any) -> Paths:
    """Paths by name, or from files.

    Args:
        source: A name of `path_set_names()`, or what `read_paths` takes.
        part: Of a name: "train" (also for None), "test" or "all".
        told: Options of `read_paths`, of files.

    Raises:
        ArgumentError: There is no such part; or files have none.
        DataError, FormatError: As of `read_paths`.
    """
    name = os.fspath(source)
    if name in path_set_names() and not os.path.exists(name):
        return load_paths(name, part)
    if part is not None:
        raise ArgumentError("part", f"{part!r} of {name}", "None: files have no parts")
    return read_paths(source, **{key: value for key, value in told.items() if value is not None})
