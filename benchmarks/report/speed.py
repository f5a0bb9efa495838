"""How fast the kernels are: a chapter for each class of processor, and its pictures."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path

from benchmarks.environment import describe_environment
from benchmarks.report import charts, tables
from benchmarks.report.points import Point, by_processor_time, speedup
from benchmarks.report.targets import all_targets
from benchmarks.report.verdicts import Column, table
from benchmarks.results import classed, classes, load
from benchmarks.suites import SUITES
from benchmarks.suites.budget import EVERYTHING
from benchmarks.suites.overhead import BARE

__all__ = ["speed_chapter"]

PictureOf = Callable[[str], Path]
"""The name of a picture -> where it goes."""

TITLES = {"avx2": "AVX2", "avx512": "AVX-512", "neon": "NEON"}

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

`make bench` measures all of it anew; `python -m benchmarks.run grid --quick` takes a look at a few
sizes, by processor time, too, without TensorFlow, and keeps nothing here. A multiple says how many
times longer the other one takes; a loss is in bold. Each class of processor, named by the best
instruction set that it runs, has a chapter of its own, and its own targets. Beside the time by the
clock stands processor time, that of all of a process's threads together: other work on the machine
adds to the first and hardly to the second, so on one thread it is the steadier ratio; on two, a
library that waits for its other thread by spinning has the higher one, the more so the busier the
machine.
"""
GRID = """The rate counts the matrix products alone, the share is of a 2048×2048 product that torch
runs in the same rounds (B ≥ 32 and H ≥ 128)."""
BOUNDED = """No processor without AVX-512 was at hand, so all who can be told keep to AVX2 here:
Elman by `ELMAN_ISA`, PyTorch by `ATEN_CPU_CAPABILITY`, `MKL_ENABLE_INSTRUCTIONS` and
`ONEDNN_MAX_CPU_ISA`, JAX by XLA's `xla_cpu_max_isa`; ONNX Runtime and TensorFlow, which cannot be
told, are left out (`ELMAN_ISA=avx2 python -m benchmarks.run grid_bounded`). Ratios are those of a
processor with AVX2 as far as its caches and clock are alike."""
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
CELLS = """A cell called once a step in a loop, as tutorials write it, and the way back through all
steps; one call of a frozen layer of 150 units with one step; one step of such a layer and the
scores read out from it: by Elman's runtime, and by two modules of torch."""
CLIENTS = """Other projects' programs and the classic tutorials, each as it is and with
`elman.accelerate`; nothing else differs. Sizes are those of the projects' own examples or defaults,
the data are made up. A call trains on a few batches, or answers."""
TEXT = """Networks that read words in both directions, trained: vectors of 150 numbers in a table of
50,000 words, an LSTM, scores of each word's tag (tagger: sentences of UD English EWT) or, from the
maximum over time, of a text's class (classifier: snippets of reviews). Every batch holds 32 texts
as they come, of different lengths; words that are read count, padding does not. Elman takes the
trainer's steps, with vectors learnt row by row; PyTorch's model is written as usual: `Embedding`,
`LSTM`, packed or padded, `Linear`, Adam. The first batch's loss and gradients of the packed one are
the same; padded, the way back begins in the padding. Fused Adam is the faster one that one has to
ask for."""
TRANSLATION = """An encoder of both directions and a decoder with attention (general scores):
embeddings and 256 units, 4,000 subwords or 100 characters on each side, 64 pairs a batch, of
different lengths, as they come. Training is six batches: Elman takes the trainer's steps,
PyTorch's model is written as usual (packed or padded, whichever is faster; scores of real steps
only; with input feeding a step of `LSTMCell` and attention at a time). Decoding writes 20 tokens
for each of 1 or 32 sentences with a beam of 5: Elman without torch, PyTorch with all hypotheses in
one batch. Losses, gradients and the probabilities of the best hypotheses are the same."""
MEMORY = """What one forward and backward pass adds to the resident memory at its highest, in a
fresh process each, after a small one of the same kind."""


def speed_chapter(results: Path, pictures: Path) -> list[str]:
    """The chapter's parts; its pictures go to the folder `pictures`."""
    found = classes(results, SUITES)
    parts = [HEADER] if found else []
    for level in found:
        reports = {name: load(results, classed(name, level)) for name in SUITES}
        parts += _of_class(level, {n: r for n, r in reports.items() if r is not None}, pictures)
    return parts + _bounded(results, pictures)


def _bounded(results: Path, pictures: Path) -> list[str]:
    """The grid at a lower level than the processor's own, as somebody without that would see it."""
    name = "grid_bounded_avx2_on_avx512"
    report = load(results, name)
    if report is None:
        return []
    parts = ["## Speed with AVX2 alone, on a processor with AVX-512\n", BOUNDED + "\n"]
    parts += _provenance({"grid": report})
    points = {"grid": report["points"]}
    parts += ["### Targets\n", _lines(_targets(points, "avx2"))]
    return parts + _grid(report["points"], lambda each: pictures / f"{each}-avx2-on-avx512.svg")


def _of_class(level: str, reports: dict[str, dict], pictures: Path) -> list[str]:
    """All that was measured on a class of processors."""
    points = {name: report["points"] for name, report in reports.items()}
    parts = [f"## Speed with {TITLES.get(level, level)}\n", *_provenance(reports)]
    parts += ["### Targets\n", _lines(_targets(points, level))]
    for name, chapter in _CHAPTERS.items():
        if name in points:
            parts += chapter(points[name], lambda name: pictures / f"{classed(name, level)}.svg")
    return parts


def _targets(points: dict[str, list[Point]], level: str) -> list[str]:
    by_clock = all_targets(points, level)
    worked = {name: by_processor_time(kept) for name, kept in points.items()}
    by_processor = all_targets({name: kept for name, kept in worked.items() if kept}, level)
    return table(
        [
            Column("1 thread", 1, by_clock),
            Column("2 threads", 2, by_clock),
            Column("1 thread, processor time", 1, by_processor),
            Column("2 threads, processor time", 2, by_processor),
        ]
    )


def _provenance(reports: dict[str, dict]) -> list[str]:
    """Machine and versions, once for each environment that the suites ran in."""
    places: dict[str, list[str]] = {}
    for name, report in reports.items():
        state = "" if report["complete"] else " (interrupted)"
        places.setdefault(describe_environment(report["environment"]), []).append(name + state)
    return [f"{', '.join(suites)}: {place}\n" for place, suites in places.items()]


def _grid(points: list[Point], picture_of: PictureOf) -> list[str]:
    parts = ["### Every cell at every size\n", GRID + "\n"]
    for training in (False, True):
        kept = [point for point in points if point["training"] == training]
        mode = "training" if training else "inference"
        picture = picture_of(f"speed-{mode}")
        charts.draw_ratios(kept, _finding(kept, mode), picture)
        parts.append(f"![Times of each library over Elman's, {mode}]({_link(picture)})\n")
        for threads in sorted({point["threads"] for point in kept}):
            count = "one thread" if threads == 1 else f"{threads} threads"
            parts.append(f"#### {mode.capitalize()}, {count}\n")
            same = [point for point in kept if point["threads"] == threads]
            parts.append(_lines(tables.grid_table(same)))
    finding = "How near each library comes to the machine's own rate"
    charts.draw_shares(points, finding, picture_of("speed-shares"))
    link = _link(picture_of("speed-shares"))
    return [*parts, f"![Shares of the machine's SGEMM rate]({link})\n"]


def _finding(points: list[Point], mode: str) -> str:
    means = [
        statistics.geometric_mean(speedup(p, "PyTorch") for p in points if p["threads"] == threads)
        for threads in sorted({point["threads"] for point in points})
    ]
    shown = " and ".join(f"{mean:.1f}" for mean in means)
    return f"{mode.capitalize()}: {shown} times faster than PyTorch in the geometric mean"


def _lengths(points: list[Point], picture_of: PictureOf) -> list[str]:
    ragged = [point for point in points if point["about"] == "lengths"]
    resets = [point for point in points if point["about"] == "resets"]
    return [
        "### Lengths, packed sequences, resets\n",
        LENGTHS + "\n",
        _lines(tables.time_table(ragged, "Elman, lengths")),
        _lines(tables.time_table(resets, "Elman, no resets")),
    ]


def _variants(points: list[Point], picture_of: PictureOf) -> list[str]:
    table = tables.time_table(points, "Elman", extra=("variant",))
    return ["### Variants of the LSTM\n", VARIANTS + "\n", _lines(table)]


def _step(points: list[Point], picture_of: PictureOf) -> list[str]:
    return ["### One step\n", STEP + "\n", _lines(tables.time_table(points, "Elman"))]


def _cells(points: list[Point], picture_of: PictureOf) -> list[str]:
    parts = ["### One step at a time\n", CELLS + "\n"]
    for about in dict.fromkeys(point["about"] for point in points):
        kept = [point for point in points if point["about"] == about]
        parts += [f"{about.capitalize()}:\n", _lines(tables.time_table(kept, "Elman"))]
    return parts


def _clients(points: list[Point], picture_of: PictureOf) -> list[str]:
    return ["### Programs of others\n", CLIENTS + "\n", _lines(tables.client_table(points))]


def _epoch(points: list[Point], picture_of: PictureOf) -> list[str]:
    return ["### The lesson's epoch\n", EPOCH + "\n", _lines(tables.epoch_table(points))]


def _overhead(points: list[Point], picture_of: PictureOf) -> list[str]:
    return ["### The training loop\n", OVERHEAD + "\n", _lines(tables.time_table(points, BARE))]


def _text(points: list[Point], picture_of: PictureOf) -> list[str]:
    return ["### Training on texts\n", TEXT + "\n", _lines(tables.text_table(points))]


def _translation(points: list[Point], picture_of: PictureOf) -> list[str]:
    table = tables.time_table(points, "Elman", extra=("about",))
    return ["### Translation\n", TRANSLATION + "\n", _lines(table)]


def _memory(points: list[Point], picture_of: PictureOf) -> list[str]:
    return ["### Memory\n", MEMORY + "\n", _lines(tables.memory_table(points))]


def _budget_memory(points: list[Point], picture_of: PictureOf) -> list[str]:
    table = _lines(tables.budget_table(points))
    return ["### Long sequences within a memory budget\n", BUDGET + "\n", table]


def _budget_time(points: list[Point], picture_of: PictureOf) -> list[str]:
    return [BUDGET_TIME + "\n", _lines(tables.time_table(points, EVERYTHING))]


_CHAPTERS: dict[str, Callable[[list[Point], PictureOf], list[str]]] = {
    "grid": _grid,
    "lengths": _lengths,
    "variants": _variants,
    "step": _step,
    "cells": _cells,
    "mnist_epoch": _epoch,
    "clients": _clients,
    "overhead": _overhead,
    "text": _text,
    "translation": _translation,
    "memory": _memory,
    "budget_memory": _budget_memory,
    "budget_time": _budget_time,
}


def _lines(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def _link(picture: Path) -> str:
    return f"docs/pictures/{picture.name}"
