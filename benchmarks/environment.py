"""What a measured figure stands beside: processor, cores and versions; never host or user."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib import metadata
from typing import Any

from elman.cli.info import processor

__all__ = ["PEERS", "describe_environment", "environment"]

PACKAGES = ("elman", "numpy", "torch", "scikit-learn")
PEERS = ("tensorflow", "keras", "tf-keras", "jax", "onnx", "onnxruntime")


def environment(peers: Iterable[str] = ()) -> dict[str, Any]:
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{package: metadata.version(package) for package in (*PACKAGES, *peers)},
    }


def describe_environment(place: dict[str, Any]) -> str:
    """As a report says it: the machine, then the versions."""
    versions = ", ".join(f"{k} {v}" for k, v in place.items() if k not in ("processor", "cores"))
    return f"{place['processor']}, {place['cores']} cores. {versions}."
