"""Elman and its peers, side by side in one run.

    python -m benchmarks.run                    everything; what `make bench` does
    python -m benchmarks.run grid --only GRU --points 16x1000x1x32
    python -m benchmarks.run grid --quick       a look, in some minutes: few sizes and
                                                rounds, by processor time, without TensorFlow
    python -m benchmarks.run clients            other projects' programs, before and after

The whole of a suite goes to benchmarks/results/SUITE-LEVEL.json, LEVEL being the instruction set
that runs on this machine (avx2, avx512): another class of processor has a file of its own. Parts,
quick runs and runs with `ELMAN_ISA` go to build/benchmarks/, but for whole suites in which whoever
takes part keeps to that level (written_engine, grid_bounded): these are kept as
SUITE_LEVEL_on_CLASS.json. After an interruption a file holds what was measured until then.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Iterable, Iterator
from importlib import metadata
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.environment import environment
from benchmarks.harness import Case, Effort, Pool, measure, measure_memory
from benchmarks.report.points import Point, by_processor_time
from benchmarks.report.targets import all_targets
from benchmarks.report.verdicts import Column, table
from benchmarks.results import PARTIAL, RESULTS, classed, keep, lowered
from benchmarks.suites import SUITES, Suite
from benchmarks.worker import BenchmarkError
from elman.errors import ElmanError, MissingExtraError
from elman.kernels import native

WHOLE = Effort(seconds=0.6, least=5, most=11)
PEERS_AT = {  # what has those of a bounded suite keep to a level
    "avx2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    }
}
QUICK = Effort(seconds=0.25, least=2, most=5)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("suites", nargs="*", metavar="suite", help=", ".join(SUITES))
    parser.add_argument(
        "--quick", action="store_true", help="few rounds, one thread; the grid: a few sizes"
    )
    parser.add_argument("--only", metavar="CELL", help="RNN, LSTM or GRU")
    parser.add_argument("--points", nargs="+", metavar="BxTxIxH", help="these sizes alone")
    parser.add_argument("--rounds", type=int, help="exactly so many")
    given = parser.parse_args()
    unknown = set(given.suites) - set(SUITES)
    if unknown:
        parser.error(f"no suite {', '.join(sorted(unknown))}: there are {', '.join(SUITES)}")
    if given.rounds is not None and given.rounds < 2:
        parser.error("--rounds: quartiles need two rounds")
    return given


def check_peers(names: Iterable[str]) -> None:
    """Raises: MissingExtraError: A peer of one of the suites is not installed."""
    suites = [SUITES[name] for name in names if not SUITES[name].clients]
    for package in dict.fromkeys(peer for suite in suites for peer in suite.peers):
        module = package.replace("-", "_")
        if find_spec(module) is None:
            raise MissingExtraError.of(package, "bench", "measuring the peers")


def wanted(case: Case, given: argparse.Namespace) -> bool:
    about = case.description
    right_cell = given.only is None or about["cell"] == given.only
    return right_cell and (given.points is None or about["size"] in given.points)


def measured(suite: Suite, given: argparse.Namespace) -> Iterator[Point]:
    """A suite's cases, each as it has been measured."""
    effort = QUICK if given.quick else WHOLE
    if given.rounds:
        effort = Effort(effort.seconds, given.rounds, given.rounds)
    chosen = (suite.quick or suite.cases) if given.quick else suite.cases
    for threads in suite.threads[:1] if given.quick and not suite.quick else suite.threads:
        cases = (case for case in chosen() if wanted(case, given))
        for _, group in groupby(cases, key=lambda case: case.contenders[0].module):
            with Pool(threads) as pool:  # the workers of one client end before the next one's
                for case in group:
                    found = (
                        attempt(case, pool, effort)
                        if suite.clients
                        else (figures(case, pool, effort))
                    )
                    yield {**case.description, "threads": threads, **found}


def figures(case: Case, pool: Pool, effort: Effort) -> dict[str, Any]:
    if case.warm_up:
        return {"measurements": measure_memory(case, pool.threads)}
    return {"measurements": measure(case, pool, effort)}


def attempt(case: Case, pool: Pool, effort: Effort) -> dict[str, Any]:
    """The figures of a client, or why there are none."""
    missing = [name for name in case.needs if not installed(name)]
    if missing:
        reason = f"not installed: {', '.join(missing)}"
        return {"measurements": [], "not run": reason}
    try:
        return figures(case, pool, effort)
    except BenchmarkError as error:
        pool.close()  # its workers may be dead, or have half of an answer left
        print(f"benchmarks: {error}", file=sys.stderr)
        last = str(error).strip().splitlines()[-1]
        return {"measurements": [], "not run": f"failed: {last}"}


def installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def line(point: Point) -> str:
    """A point as progress: who took how long."""
    keys = ("about", "client", "variant", "cell", "size")
    about = [str(point[key]) for key in keys if key in point]
    mode = "training" if point["training"] else "inference"
    threads = "1 thread" if point["threads"] == 1 else f"{point['threads']} threads"
    taken = [
        f"{each['name']} {1e3 * each['seconds']:.3g} ms"
        if "seconds" in each
        else f"{each['name']} {each['bytes'] / 2**20:.0f} MiB"
        for each in point["measurements"]
    ]
    return f"{' '.join(about)} {mode}, {threads}: {', '.join(taken) or point['not run']}"


def main() -> None:
    given = arguments()
    try:
        run(given)
    except (BenchmarkError, ElmanError) as error:
        sys.exit(f"benchmarks: {error}")
    except KeyboardInterrupt:
        print("interrupted; what was measured is kept", file=sys.stderr)
        sys.exit(130)


def run(given: argparse.Namespace) -> None:
    """Measure the suites that are asked for."""
    names = given.suites or list(SUITES)
    check_peers(names)
    level = native.isa()
    if level is None:
        raise BenchmarkError("the compiled kernels are missing (install Elman: pip install .)")
    # A level that was asked for is not the processor's class: its peers run another one.
    asked = os.environ.get("ELMAN_ISA")
    part = given.quick or given.only or given.points or given.rounds
    for name in names:
        start = time.perf_counter()
        kept = not part and (asked is None or SUITES[name].bounded)
        run_suite(name, given, RESULTS if kept else PARTIAL, level)
        print(f"{name}: {(time.perf_counter() - start) / 60:.1f} minutes", file=sys.stderr)


def run_suite(name: str, given: argparse.Namespace, folder: Path, level: str) -> None:
    """Measure a suite, keeping after each point what there is so far."""
    packages = packages_of(SUITES[name])
    report: dict[str, Any] = {
        "suite": name,
        "command": shlex.join(["python", "-m", "benchmarks.run", *sys.argv[1:]]),
        "environment": environment(packages),
        "complete": False,
        "points": [],
    }
    bounded = SUITES[name].bounded and os.environ.get("ELMAN_ISA") is not None
    if bounded:
        os.environ.update(PEERS_AT.get(level, {}))  # before the workers load any of them
    kept = lowered(name, level) if bounded else classed(name, level)
    for point in measured(SUITES[name], given):
        report["points"].append(point)
        keep(folder, kept, report)
        print(line(point), file=sys.stderr, flush=True)
    keep(folder, kept, {**report, "complete": True})
    print("\n".join(summary(name, report["points"], level, given.quick)))


def packages_of(suite: Suite) -> Iterable[str]:
    """Whose versions stand beside a suite's figures."""
    if not suite.clients:
        return suite.peers
    needed = dict.fromkeys(name for case in suite.cases() for name in case.needs)
    return [name for name in needed if installed(name)]


def summary(name: str, points: list[Point], level: str, quick: bool) -> list[str]:
    """The targets of a suite; a quick look on one thread goes by processor time alone."""
    by_clock = all_targets({name: points}, level)
    by_processor = all_targets({name: by_processor_time(points)}, level)
    columns = [
        Column("1 thread", 1, by_clock),
        Column("2 threads", 2, by_clock),
        Column("1 thread, processor time", 1, by_processor),
        Column("2 threads, processor time", 2, by_processor),
    ]
    return table(columns[1:] if quick else columns)


if __name__ == "__main__":
    main()
