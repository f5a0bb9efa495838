"""Contenders that do nothing but take a known time, and points as the suites keep them."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from benchmarks.work import Contender, Run

MODULE = "tests.benchmarks.fakes"


def contender(name: str, seconds: float = 0.0, value: float = 1.0, way: str = "") -> Contender:
    return Contender(name, MODULE, "sleeper", (seconds, value), way)


def sleeper(seconds: float, value: float) -> Run:
    """Sleeps, and says that it computed `value`."""
    return Run(lambda: time.sleep(seconds), lambda: {"outputs": np.array([value, 1.0])})


def surroundings() -> Run:
    """What its process was given."""
    threads = int(os.environ["OMP_NUM_THREADS"])
    return Run(lambda: None, lambda: {"limits": np.array([len(os.sched_getaffinity(0)), threads])})


def hungry(size: int) -> Run:
    """Needs `size` bytes for a moment."""
    return Run(lambda: np.ones(size, np.uint8).sum(), dict)


def broken() -> Run:
    raise ValueError("this cannot be prepared")


def dying() -> Run:
    return Run(lambda: os._exit(3), lambda: os._exit(3))


def point(times: dict[str, float], **description: Any) -> dict[str, Any]:
    """A measured point: seconds by name."""
    measurements = [
        {"name": name, "way": "", "seconds": taken, "quartiles": [taken, 1.1 * taken], "rounds": 5}
        for name, taken in times.items()
    ]
    about = {"cell": "GRU", "size": "64x128x128x256", "training": True, "threads": 1}
    return {**about, "operations": 10**9, **description, "measurements": measurements}
