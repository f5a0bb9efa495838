"""What a measured figure stands beside: processor, cores, instruction set, date and versions.

Never host or user.
"""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Iterable
from importlib import metadata
from typing import Any

from elman.cli.info import processor
from elman.kernels import native

__all__ = ["PEERS", "describe_environment", "environment"]

PACKAGES = ("elman", "numpy", "torch", "scikit-learn")
PEERS = ("tensorflow", "keras", "tf-keras", "jax", "onnx", "onnxruntime")
_MACHINE = ("processor", "cores", "instruction set", "date")


def environment(packages: Iterable[str] = ()) -> dict[str, Any]:
    """The machine, today, and the versions of what is measured."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "instruction set": native.isa(),
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        **{package: metadata.version(package) for package in (*PACKAGES, *packages)},
    }


def describe_environment(place: dict[str, Any]) -> str:
    """As a report says it: the machine, the kernels' instruction set, the day, the versions.

    >>> describe_environment({"processor": "P", "cores": 2, "python": "3.11.7"})
    'P, 2 cores. python 3.11.7.'
    >>> describe_environment({"processor": "P", "cores": 2, "instruction set": "avx2",
    ...                       "date": "2026-01-31", "python": "3.11.7"})
    'P, 2 cores, avx2 kernels, 2026-01-31. python 3.11.7.'
    """
    machine = [place["processor"], f"{place['cores']} cores"]
    if "instruction set" in place:
        machine.append(f"{place['instruction set']} kernels")
    if "date" in place:
        machine.append(place["date"])
    versions = ", ".join(f"{k} {v}" for k, v in place.items() if k not in _MACHINE)
    return f"{', '.join(machine)}. {versions}."
