"""Reading a measured point: who took how long, and what follows from it."""

from __future__ import annotations

from typing import Any

from benchmarks.suites.grid import SGEMM, SGEMM_SIZE

__all__ = [
    "Point",
    "by_processor_time",
    "fastest_peer",
    "label",
    "names",
    "peers",
    "rate",
    "seconds",
    "share",
    "speedup",
]

Point = dict[str, Any]


def names(point: Point) -> list[str]:
    return [each["name"] for each in point["measurements"]]


def peers(point: Point) -> list[str]:
    return [name for name in names(point) if name not in ("Elman", SGEMM)]


def by_processor_time(points: list[Point]) -> list[Point]:
    """The points with processor time in the place of time; those without it are left out."""
    return [
        {**point, "measurements": [{**m, "seconds": m["processor"]} for m in point["measurements"]]}
        for point in points
        if all("processor" in each for each in point["measurements"])
    ]


def seconds(point: Point, name: str) -> float:
    """The median of a contender."""
    return next(each["seconds"] for each in point["measurements"] if each["name"] == name)


def speedup(point: Point, slower: str, faster: str = "Elman") -> float:
    """How many times faster one contender is than another; below 1, it is the slower one."""
    return seconds(point, slower) / seconds(point, faster)


def fastest_peer(point: Point) -> str:
    return min(peers(point), key=lambda name: seconds(point, name))


def rate(point: Point, name: str) -> float:
    """Operations a second of the matrix products that a contender had to do."""
    operations = 2 * SGEMM_SIZE**3 if name == SGEMM else point["operations"]
    return operations / seconds(point, name)


def share(point: Point, name: str = "Elman") -> float:
    """A contender's rate as a share of the machine's own, timed in the same rounds."""
    return rate(point, name) / rate(point, SGEMM)


def label(point: Point) -> str:
    """The point in words."""
    about = [str(point[key]) for key in ("client", "variant", "cell", "size") if key in point]
    return " ".join([*about, "training" if point["training"] else "inference"])
