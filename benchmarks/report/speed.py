"""How fast the kernels are: the chapter with every suite's table, and its pictures."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path

from benchmarks.environment import describe_environment
from benchmarks.report import charts, tables, targets
from benchmarks.report.points import Point, speedup
from benchmarks.results import load
from benchmarks.suites import SUITES
from benchmarks.suites.budget import EVERYTHING
from benchmarks.suites.overhead import BARE

__all__ = ["speed_chapter"]

HEADER = """## Speed

One layer, float32, on one and on two threads: Elman beside PyTorch (`torch.nn`), TensorFlow
(Keras's layers in `tf.function`, plain or compiled by XLA), JAX (a compiled `lax.scan` with the
input product taken for all steps at once) and, for inference, ONNX Runtime (its recurrent
operators). Where a library has two reasonable ways, both are tried and the faster is kept; the
JSON names it. (XLA is not tried for training on long, wide sequences, where it takes seconds.)
Each reads its natural layout: Elman and Keras batch first, the others time first.

All read the same numbers and must give the same outputs and gradients. Each has a process of its
own on the same cores with the same limits; one works at a time, the others at rest. They take
turns in short bursts, in many rounds; a burst in which the host took a tenth of the time away is
timed again; a time is the median over the rounds, the spread the widest interquartile range among
them. Training means outputs and the gradients of all weights, given
the gradients of the outputs; the inputs are data and get none.

`make bench` measures all of it anew. A multiple says how many times longer the other one takes;
a loss is in bold.
"""
GRID = """The rate counts the matrix products alone, the share is of a 2048×2048 product that torch
runs in the same rounds (B ≥ 32 and H ≥ 128)."""
LENGTHS = """Rows whose lengths are spread evenly from 1 to T, packed, and padded with `lengths=`;
the dense batch has as many rows of the mean length. Resets: one step in a hundred begins anew."""
VARIANTS = """Each variant of the LSTM (zoneout 0.1, a projection to half the units) beside the
plain one by the same kernels, and beside the same cell written as a loop in torch."""
STEP = """An LSTM 64→64 at batch 1, the state handed on from call to call, timed as Python calls."""
EPOCH = """60,000 images in batches of 150, 150 neurons, Adam: scaled from 40 different batches of
random pixels. TensorFlow 1 style is a graph in a session of `tf.compat.v1`, by `static_rnn` or
`dynamic_rnn`, whichever is faster; its GRU has the reset gate before the product."""
OVERHEAD = """An epoch at the lesson's setting (400 batches of 150 images, 150 neurons, Adam) by
a loop in torch written by hand and by `elman.training.Trainer`: the same module, batches and
optimiser, so that only the loop differs. A run's folder holds checkpoints and JSON lines."""
BUDGET = """Forward, backward and the weights' gradients of an LSTM whose cost is on the final
state, `dynamic_unroll(..., memory=...)`: what it adds to the resident memory at its highest, beyond
the inputs. Every gradient is exact: what was not kept is computed again."""
BUDGET_TIME = """The time of the same. The longer sequence is ten times as long."""
MEMORY = """What one forward and backward pass adds to the resident memory at its highest, in a
fresh process each, after a small one of the same kind."""


def speed_chapter(results: Path, pictures: Path) -> list[str]:
    """The chapter's parts; its pictures go to the folder `pictures`."""
    reports = {name: load(results, name) for name in SUITES}
    points = {name: report["points"] for name, report in reports.items() if report is not None}
    if not points:
        return []
    parts = [HEADER, *_provenance(reports), "### Targets\n"]
    parts.append(_lines(targets.table(targets.all_targets(points))))
    for name, chapter in _CHAPTERS.items():
        if name in points:
            parts += chapter(points[name], pictures)
    return parts


def _provenance(reports: dict[str, dict | None]) -> list[str]:
    """Machine and versions, once for each environment that the suites ran in."""
    places: dict[str, list[str]] = {}
    for name, report in reports.items():
        if report is not None:
            state = "" if report["complete"] else " (interrupted)"
            places.setdefault(describe_environment(report["environment"]), []).append(name + state)
    return [f"{', '.join(suites)}: {place}\n" for place, suites in places.items()]


def _grid(points: list[Point], pictures: Path) -> list[str]:
    parts = ["### Every cell at every size\n", GRID + "\n"]
    for training in (False, True):
        kept = [point for point in points if point["training"] == training]
        mode = "training" if training else "inference"
        charts.draw_ratios(kept, _finding(kept, mode), pictures / f"speed-{mode}.svg")
        parts.append(f"![Times of each library over Elman's, {mode}]({_link(f'speed-{mode}')})\n")
        for threads in sorted({point["threads"] for point in kept}):
            count = "one thread" if threads == 1 else f"{threads} threads"
            parts.append(f"#### {mode.capitalize()}, {count}\n")
            same = [point for point in kept if point["threads"] == threads]
            parts.append(_lines(tables.grid_table(same)))
    finding = "How near each library comes to the machine's own rate"
    charts.draw_shares(points, finding, pictures / "speed-shares.svg")
    return [*parts, f"![Shares of the machine's SGEMM rate]({_link('speed-shares')})\n"]


def _finding(points: list[Point], mode: str) -> str:
    means = [
        statistics.geometric_mean(speedup(p, "PyTorch") for p in points if p["threads"] == threads)
        for threads in sorted({point["threads"] for point in points})
    ]
    shown = " and ".join(f"{mean:.1f}" for mean in means)
    return f"{mode.capitalize()}: {shown} times faster than PyTorch in the geometric mean"


def _lengths(points: list[Point], pictures: Path) -> list[str]:
    ragged = [point for point in points if point["about"] == "lengths"]
    resets = [point for point in points if point["about"] == "resets"]
    return [
        "### Lengths, packed sequences, resets\n",
        LENGTHS + "\n",
        _lines(tables.time_table(ragged, "Elman, lengths")),
        _lines(tables.time_table(resets, "Elman, no resets")),
    ]


def _variants(points: list[Point], pictures: Path) -> list[str]:
    table = tables.time_table(points, "Elman", extra=("variant",))
    return ["### Variants of the LSTM\n", VARIANTS + "\n", _lines(table)]


def _step(points: list[Point], pictures: Path) -> list[str]:
    return ["### One step\n", STEP + "\n", _lines(tables.time_table(points, "Elman"))]


def _epoch(points: list[Point], pictures: Path) -> list[str]:
    return ["### The lesson's epoch\n", EPOCH + "\n", _lines(tables.epoch_table(points))]


def _overhead(points: list[Point], pictures: Path) -> list[str]:
    return ["### The training loop\n", OVERHEAD + "\n", _lines(tables.time_table(points, BARE))]


def _memory(points: list[Point], pictures: Path) -> list[str]:
    return ["### Memory\n", MEMORY + "\n", _lines(tables.memory_table(points))]


def _budget_memory(points: list[Point], pictures: Path) -> list[str]:
    table = _lines(tables.budget_table(points))
    return ["### Long sequences within a memory budget\n", BUDGET + "\n", table]


def _budget_time(points: list[Point], pictures: Path) -> list[str]:
    return [BUDGET_TIME + "\n", _lines(tables.time_table(points, EVERYTHING))]


_CHAPTERS: dict[str, Callable[[list[Point], Path], list[str]]] = {
    "grid": _grid,
    "lengths": _lengths,
    "variants": _variants,
    "step": _step,
    "mnist_epoch": _epoch,
    "overhead": _overhead,
    "memory": _memory,
    "budget_memory": _budget_memory,
    "budget_time": _budget_time,
}


def _lines(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def _link(name: str) -> str:
    return f"docs/pictures/{name}.svg"
