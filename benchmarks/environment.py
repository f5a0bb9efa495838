"""What a measured figure stands beside: processor, cores and versions; never host or user."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any

from elman.cli.info import processor

PACKAGES = ("elman", "numpy", "torch", "scikit-learn")


def environment() -> dict[str, Any]:
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{package: metadata.version(package) for package in PACKAGES},
    }
