"""From a model file to what answers."""

from __future__ import annotations

import os
from typing import Any

from elman import bundle
from elman.errors import ArgumentError, BundleError, ElmanError
from elman.registry import known_tasks, task_of
from elman.runtime.travelling import setting_of

__all__ = ["load"]


def load(path: str | os.PathLike[str]) -> Any:
    """The model in a file that `save` wrote, ready to answer; needs no torch.

    Raises:
        BundleError: The file is missing, damaged or foreign, or its task is not known here.
    """
    found = bundle.load(path)
    try:
        task = task_of(found.task)
    except ArgumentError as error:
        known = ", ".join(row.name for row in known_tasks())
        raise BundleError(
            str(path), f"a model for {found.task!r}", f"one of {known}, or update Elman"
        ) from error
    try:
        return task.load_model(setting_of(found, "input", str, ""))(found)
    except ElmanError as error:
        raise BundleError(str(path), f"{error.where}: {error.found}", error.expected) from error
