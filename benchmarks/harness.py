"""Measuring contenders side by side: short bursts in turn, many rounds, medians."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.work import Contender
from benchmarks.worker import BenchmarkError, Worker

__all__ = [
    "Case",
    "Effort",
    "Pool",
    "Timing",
    "check",
    "fastest_ways",
    "measure",
    "measure_memory",
]

BURST = 0.03  # seconds; shorter calls are repeated until they fill it
TRIES, LOST = 4, 0.1  # of a burst; the share of it that may be taken away
STAT = Path("/proc/stat")  # counts in hundredths of a second, so one of them says nothing
TICK = 0.01
TOLERANCE = 2e-4  # of an array's largest entry: float32 over a thousand steps


@dataclass(frozen=True)
class Case:
    """Contenders for the same work; the first is the one whose results the others must give.

    Attributes:
        description: Plain data: what identifies the case, and what its tables need.
        contenders: Several of one name are ways of doing it, of which the fastest counts.
        unchecked: Names of those that compute something else on purpose.
        warm_up: Where memory is to be measured, not time: a small case of each contender.
        needs: Packages of its own, in a suite whose packages may be missing.
    """

    description: dict[str, Any]
    contenders: tuple[Contender, ...]
    unchecked: frozenset[str] = frozenset()
    warm_up: tuple[Contender, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Effort:
    """How long to measure a case: rounds until `seconds` are over, within the bounds."""

    seconds: float
    least: int
    most: int

    def rounds(self, once: float) -> int:
        """How many rounds of `once` seconds to make.

        >>> Effort(2.0, 3, 9).rounds(0.4), Effort(2.0, 3, 9).rounds(5.0)
        (5, 3)
        """
        return min(max(round(self.seconds / once), self.least), self.most)


class Timing(NamedTuple):
    """What a call takes.

    Attributes:
        seconds: By the clock on the wall.
        processor: Of processor time, all threads together: on a machine that is busy with other
            work this is what a ratio on one thread is to be taken of.
    """

    seconds: float
    processor: float


class Pool:
    """One worker for each module, started when first needed."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.first: dict[Contender, float] = {}  # seconds of each one's first time
        self._workers: dict[str, Worker] = {}

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers; whoever is needed again is started again."""
        for worker in self._workers.values():
            worker.close()
        self._workers.clear()

    def worker(self, contender: Contender) -> Worker:
        if contender.module not in self._workers:
            self._workers[contender.module] = Worker(contender.module, self.threads)
        return self._workers[contender.module]

    def prepare(self, contenders: Iterable[Contender]) -> dict[Contender, dict[str, np.ndarray]]:
        """All made ready, the modules at the same time, and what each computes."""
        queues: dict[str, list[Contender]] = {}
        for contender in contenders:
            queues.setdefault(contender.module, []).append(contender)
        results = {}
        for queue in queues.values():
            for contender in queue:
                self.worker(contender).tell("prepare", contender)
                self.worker(contender).tell("results", contender)
        for queue in queues.values():
            for contender in queue:
                self.worker(contender).answer()
                results[contender], self.first[contender] = self.worker(contender).answer()
        return results

    def timing(self, contender: Contender, calls: int) -> Timing:
        """What a call takes, with nobody else at work.

        On a virtual machine that means other machines, too: a burst in which the host took much
        time away is timed again, and the one that lost the least counts.
        """
        worker = self.worker(contender)
        tries: list[tuple[float, Timing]] = []
        while len(tries) < TRIES and (not tries or tries[-1][0] > LOST):
            before = stolen()
            timing = Timing(*worker.ask("timing", contender, calls))
            lost = max(0.0, stolen() - before - TICK)
            tries.append((lost / (calls * timing.seconds), timing))
        worker.rest()
        return min(tries)[1]

    def forget(self) -> None:
        for worker in self._workers.values():
            worker.ask("forget")


def stolen() -> float:
    """Seconds that the host has taken from this machine's cores since it started; 0 elsewhere."""
    if not STAT.exists():
        return 0.0
    return int(STAT.read_text(encoding="ascii").split(maxsplit=9)[8]) * TICK


def measure(case: Case, pool: Pool, effort: Effort) -> list[dict[str, Any]]:
    """Time the contenders of a case in turn, each name by its fastest way.

    Returns:
        For each name: way, median and quartiles of the seconds a call, median of its processor
        seconds, rounds, calls a burst, and the seconds of its first call.

    Raises:
        BenchmarkError: A contender failed, or computed something else.
    """
    check(case, pool.prepare(case.contenders))
    for contender in case.contenders:
        pool.worker(contender).rest()
    pilot = {contender: pool.timing(contender, 1).seconds for contender in case.contenders}
    calls = {contender: max(1, round(BURST / once)) for contender, once in pilot.items()}
    pilot |= {c: pool.timing(c, calls[c]).seconds for c in pilot if calls[c] > 1}
    chosen = fastest_ways(pilot)
    rounds = effort.rounds(sum(calls[c] * pilot[c] for c in chosen))
    times: dict[Contender, list[Timing]] = {contender: [] for contender in chosen}
    for turn in range(rounds):
        for contender in chosen if turn % 2 == 0 else reversed(chosen):
            times[contender].append(pool.timing(contender, calls[contender]))
    pool.forget()
    return [{**_summary(one, times[one], calls[one]), "first": pool.first[one]} for one in chosen]


def measure_memory(case: Case, threads: int) -> list[dict[str, Any]]:
    """Bytes that one call needs at its highest, each contender in a fresh process.

    The small case before it makes the library load what it loads once.
    """
    measurements = []
    for small, contender in zip(case.warm_up, case.contenders, strict=True):
        with Pool(threads) as pool:
            pool.prepare([small])
            worker = pool.worker(contender)
            worker.ask("prepare", contender)
            peak = worker.ask("peak", contender)
        measurements.append({"name": contender.name, "way": contender.way, "bytes": peak})
    return measurements


def check(case: Case, results: dict[Contender, dict[str, np.ndarray]]) -> None:
    """Everybody computed what the first did.

    Raises:
        BenchmarkError: An array differs by more than the tolerance.
    """
    expected = results[case.contenders[0]]
    for contender, found in results.items():
        if contender.name in case.unchecked:
            continue
        for name in expected.keys() & found.keys():
            largest = np.abs(expected[name]).max() or 1.0  # zero after a single step: weight_hh's
            error = np.abs(found[name] - expected[name]).max() / largest
            if not error < TOLERANCE:
                raise BenchmarkError(
                    f"{case.description}: {contender.name} ({contender.way}) computes other "
                    f"{name} than {case.contenders[0].name}: they differ by {error:.1e}"
                )


def fastest_ways(pilot: dict[Contender, float]) -> list[Contender]:
    """Of each name the fastest contender, in the order in which the names came."""
    chosen: dict[str, Contender] = {}
    for contender, once in pilot.items():
        if contender.name not in chosen or once < pilot[chosen[contender.name]]:
            chosen[contender.name] = contender
    return list(chosen.values())


def _summary(contender: Contender, times: list[Timing], calls: int) -> dict[str, Any]:
    seconds = [timing.seconds for timing in times]
    low, _, high = statistics.quantiles(seconds, n=4, method="inclusive")
    return {
        "name": contender.name,
        "way": contender.way,
        "seconds": statistics.median(seconds),
        "quartiles": [low, high],
        "processor": statistics.median(timing.processor for timing in times),
        "rounds": len(times),
        "calls": calls,
    }
