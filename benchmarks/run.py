"""Elman and its peers, side by side in one run.

    python -m benchmarks.run                    everything; what `make bench` does
    python -m benchmarks.run grid --only GRU --points 16x1000x1x32
    python -m benchmarks.run --quick            few rounds, two threads: a look, not a result

The whole of a suite goes to benchmarks/results/SUITE.json, parts and quick runs to
build/benchmarks/. After an interruption a file holds what was measured until then.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.environment import PEERS, environment
from benchmarks.harness import Case, Effort, Pool, measure, measure_memory
from benchmarks.report.targets import all_targets, table
from benchmarks.results import PARTIAL, RESULTS, keep
from benchmarks.suites import SUITES, Suite
from benchmarks.worker import BenchmarkError
from elman.errors import ElmanError, MissingExtraError

WHOLE = Effort(seconds=0.6, least=5, most=11)
QUICK = Effort(seconds=0.5, least=3, most=3)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("suites", nargs="*", metavar="suite", help=", ".join(SUITES))
    parser.add_argument("--quick", action="store_true", help="few rounds, two threads")
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


def check_peers() -> None:
    """Raises: MissingExtraError: A peer is not installed."""
    modules = {name: name.replace("-", "_") for name in PEERS}
    for package, module in modules.items():
        if find_spec(module) is None:
            raise MissingExtraError.of(package, "bench", "measuring the peers")


def wanted(case: Case, given: argparse.Namespace) -> bool:
    about = case.description
    right_cell = given.only is None or about["cell"] == given.only
    return right_cell and (given.points is None or about["size"] in given.points)


def measured(suite: Suite, given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A suite's cases, each as it has been measured."""
    effort = QUICK if given.quick else WHOLE
    if given.rounds:
        effort = Effort(effort.seconds, given.rounds, given.rounds)
    for threads in suite.threads[-1:] if given.quick else suite.threads:
        with Pool(threads) as pool:
            for case in suite.cases():
                if wanted(case, given):
                    found = (
                        measure_memory(case, threads)
                        if case.warm_up
                        else measure(case, pool, effort)
                    )
                    yield {**case.description, "threads": threads, "measurements": found}


def line(point: dict[str, Any]) -> str:
    """A point as progress: who took how long."""
    about = [str(point[key]) for key in ("about", "variant", "cell", "size") if key in point]
    mode = "training" if point["training"] else "inference"
    threads = "1 thread" if point["threads"] == 1 else f"{point['threads']} threads"
    taken = [
        f"{each['name']} {1e3 * each['seconds']:.3g} ms"
        if "seconds" in each
        else f"{each['name']} {each['bytes'] / 2**20:.0f} MiB"
        for each in point["measurements"]
    ]
    return f"{' '.join(about)} {mode}, {threads}: {', '.join(taken)}"


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
    check_peers()
    part = given.quick or given.only or given.points or given.rounds
    for name in given.suites or SUITES:
        start = time.perf_counter()
        run_suite(name, given, PARTIAL if part else RESULTS)
        print(f"{name}: {(time.perf_counter() - start) / 60:.1f} minutes", file=sys.stderr)


def run_suite(name: str, given: argparse.Namespace, folder: Path) -> None:
    """Measure a suite, keeping after each point what there is so far."""
    report: dict[str, Any] = {
        "suite": name,
        "command": shlex.join(["python", "-m", "benchmarks.run", *sys.argv[1:]]),
        "environment": environment(PEERS),
        "complete": False,
        "points": [],
    }
    for point in measured(SUITES[name], given):
        report["points"].append(point)
        keep(folder, name, report)
        print(line(point), file=sys.stderr, flush=True)
    keep(folder, name, {**report, "complete": True})
    print("\n".join(table(all_targets({name: report["points"]}))))


if __name__ == "__main__":
    main()
