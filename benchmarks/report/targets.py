"""The targets of each suite, by class of processor."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.report.points import (
    Point,
    fastest_peer,
    names,
    seconds,
    share,
    speedup,
)
from benchmarks.report.verdicts import Target, mean, worst
from benchmarks.suites.budget import EVERYTHING, LONGER, SHORT_WITHIN, TIMES
from benchmarks.suites.grid import SGEMM
from benchmarks.suites.overhead import BARE, WHOLE
from benchmarks.suites.text import FROZEN, PACKED, PADDED
from benchmarks.suites.translation import DECODING, FEEDING, PLAIN

__all__ = ["all_targets"]


@dataclass(frozen=True)
class Bounds:
    """What differs between classes of processors: ratios, and a share in per cent."""

    training: float  # geometric mean against PyTorch
    inference: float
    fastest: float  # geometric mean against the fastest peer
    sgemm_training: float
    gru_epoch: float


NARROW = Bounds(3.5, 2.5, 1.6, 70.0, 2.2)  # 16 registers of eight lanes, or fewer lanes
BOUNDS = {"avx512": Bounds(4.0, 3.0, 2.0, 60.0, 2.5)}


def all_targets(suites: dict[str, list[Point]], level: str) -> list[Target]:
    """Every target of which something was measured.

    Args:
        suites: The points of each suite.
        level: The instruction set that ran them.
    """
    bounds = BOUNDS.get(level, NARROW)
    functions = {
        "grid": (
            lambda points: _against_pytorch(points, bounds),
            lambda points: _against_fastest(points, bounds),
            lambda points: _against_sgemm(points, bounds),
        ),
        "lengths": (_lengths,),
        "variants": (_variants,),
        "step": (_step,),
        "cells": (_cells,),
        "clients": (_clients,),
        "mnist_epoch": (lambda points: _epoch(points, bounds),),
        "memory": (_memory,),
        "overhead": (_overhead,),
        "text": (_text,),
        "translation": (_translation,),
        "budget_memory": (_budget_memory,),
        "budget_time": (_budget_time,),
    }
    found = (f(suites[name]) for name, group in functions.items() if name in suites for f in group)
    return [target for group in found for target in group if target.found]


def _against_pytorch(points: list[Point], bounds: Bounds) -> list[Target]:
    def ratio(point: Point) -> float:
        return speedup(point, "PyTorch")

    targets = [
        mean(1, f"geometric mean against PyTorch, {_mode(training)}", bound, kept, ratio)
        for training, bound in ((True, bounds.training), (False, bounds.inference))
        for kept in [[p for p in points if p["training"] == training]]
    ]
    targets.append(worst(1, "every point against PyTorch", 1.0, points, ratio))
    for cell, bound in (("GRU", 1.4), ("RNN", 1.1), ("LSTM", 1.0)):
        kept = [point for point in points if point["cell"] == cell]
        targets.append(worst(1, f"every {cell} point against PyTorch", bound, kept, ratio))
    return targets


def _against_fastest(points: list[Point], bounds: Bounds) -> list[Target]:
    def ratio(point: Point) -> float:
        return speedup(point, fastest_peer(point))

    text = "geometric mean against the fastest peer of each point"
    every = "every point against its fastest peer (the goal is 1.00×)"
    return [mean(2, text, bounds.fastest, points, ratio), worst(2, every, 0.9, points, ratio)]


def _against_sgemm(points: list[Point], bounds: Bounds) -> list[Target]:
    wide = [point for point in points if SGEMM in names(point)]
    return [
        worst(
            3,
            f"share of the machine's SGEMM rate at B ≥ 32, H ≥ 128, {_mode(training)}",
            bound,
            [point for point in wide if point["training"] == training],
            lambda point: 100 * share(point),
            form="{:.0f} %",
        )
        for training, bound in ((False, 70.0), (True, bounds.sgemm_training))
    ]


def _lengths(points: list[Point]) -> list[Target]:
    def cost(point: Point) -> float:
        return speedup(point, "Elman, lengths", "Elman, dense at the mean length")

    def packed(point: Point) -> float:
        return speedup(point, "PyTorch, packed", "Elman, packed")

    def resets(point: Point) -> float:
        return speedup(point, "Elman, resets", "Elman, no resets")

    ragged = [point for point in points if point["about"] == "lengths"]
    many_rows = [point for point in ragged if int(point["size"].split("x")[0]) >= 32]
    reset = [point for point in points if point["about"] == "resets"]
    targets = [
        worst(4, "time of a ragged batch over a dense one at the mean length, B ≥ 32", 1.10,
               many_rows, cost, at_least=False)
    ]  # fmt: skip
    for size, bound in (("16x1000x1x32", 10.0), ("32x512x64x128", 3.0)):
        kept = [point for point in ragged if point["size"] == size and point["cell"] == "GRU"]
        targets.append(worst(4, f"packed GRU against PyTorch's at {size}", bound, kept, packed))
    text = "time with resets over time without"
    return [*targets, worst(4, text, 1.05, reset, resets, at_least=False)]


def _variants(points: list[Point]) -> list[Target]:
    def cost(point: Point) -> float:
        return speedup(point, "Elman", "Elman, plain LSTM")

    def loop(point: Point) -> float:
        return speedup(point, "PyTorch, loop")

    text = "time of a variant over the plain LSTM's"
    targets = [worst(5, text, 1.4, points, cost, at_least=False)]
    for size, bound in (("16x1000x1x32", 10.0), ("64x128x128x128", 1.5)):
        kept = [point for point in points if point["size"] == size]
        targets.append(worst(5, f"a variant against a loop in torch, {size}", bound, kept, loop))
    return targets


def _step(points: list[Point]) -> list[Target]:
    def microseconds(point: Point) -> float:
        return 1e6 * seconds(point, "Elman")

    text = "one step of an LSTM 64→64 at batch 1"
    return [
        worst(6, text, 4.0, points, microseconds, at_least=False, form="{:.1f} µs"),
        worst(6, "against ONNX Runtime", 8.0, points, lambda p: speedup(p, "ONNX Runtime")),
        worst(6, "against torch.nn.LSTM", 40.0, points, lambda p: speedup(p, "PyTorch, LSTM")),
        worst(
            6, "against torch.nn.LSTMCell", 40.0, points, lambda p: speedup(p, "PyTorch, LSTMCell")
        ),
    ]


def _cells(points: list[Point]) -> list[Target]:
    def ratio(point: Point) -> float:
        return speedup(point, "PyTorch")

    def microseconds(point: Point) -> float:
        return 1e6 * seconds(point, "Elman")

    about = {
        about: [point for point in points if point["about"] == about]
        for about in ("stepping", "frozen call", "classifier step")
    }
    targets = [
        worst(11, f"stepping a cell against torch.nn's, {_mode(training)}", 2.0, kept, ratio)
        for training in (False, True)
        for kept in [[p for p in about["stepping"] if p["training"] == training]]
    ]
    for name, text, bound in (
        ("frozen call", "a frozen layer's call of one step at H = 150", 20.0),
        ("classifier step", "a step of a whole classifier by the runtime", 5.0),
    ):
        targets.append(
            worst(11, text, bound, about[name], microseconds, at_least=False, form="{:.1f} µs")
        )
    return targets


def _clients(points: list[Point]) -> list[Target]:
    def ratio(point: Point) -> float:
        return speedup(point, "PyTorch")

    ran = [point for point in points if point["measurements"]]
    training = [point for point in ran if point["training"]]
    text = "programs of other projects, geometric mean, training"
    return [
        mean(12, text, 1.4, training, ratio),
        worst(12, "every one of them, training and inference", 0.95, ran, ratio),
    ]


def _epoch(points: list[Point], bounds: Bounds) -> list[Target]:
    targets = []
    for cell, rivals, bound in (
        ("RNN", ("TensorFlow 1 style", "PyTorch"), 2.0),
        ("GRU", ("PyTorch",), bounds.gru_epoch),
        ("LSTM", ("PyTorch",), 1.3),
    ):
        kept = [point for point in points if point["cell"] == cell]
        for rival in rivals:
            text = f"the lesson's epoch, {cell}, against {rival}"
            targets.append(worst(7, text, bound, kept, lambda p, r=rival: speedup(p, r)))
    return targets


def _memory(points: list[Point]) -> list[Target]:
    def ratio(point: Point) -> float:
        peaks = {each["name"]: each["bytes"] for each in point["measurements"]}
        return peaks["Elman"] / peaks["PyTorch"]

    kept = [point for point in points if point["cell"] == "LSTM"]
    text = "memory of training over PyTorch's"
    return [worst(8, text, 0.5, kept, ratio, at_least=False)]


def _overhead(points: list[Point]) -> list[Target]:
    return [
        worst(
            9,
            f"time of the trainer{more} beyond that of a loop written by hand",
            10.0,
            points,
            lambda point, name=name: 100 * (speedup(point, name, BARE) - 1),
            at_least=False,
            form="{:.1f} %",
        )
        for name, more in (("Elman", ""), (WHOLE, " with all that a run keeps and shows"))
    ]


def _text(points: list[Point]) -> list[Target]:
    updates = "time of a step that learns vectors row by row over that with frozen ones"
    return [
        *(
            worst(13, f"training on texts against {name}", bound, points,
                   lambda point, name=name: speedup(point, name))
            for name, bound in ((PACKED, 5.0), (PADDED, 1.4))
        ),
        worst(13, updates, 1.2, points, lambda p: speedup(p, "Elman", FROZEN), at_least=False),
    ]  # fmt: skip


def _translation(points: list[Point]) -> list[Target]:
    def ratio(point: Point) -> float:
        return speedup(point, "PyTorch")

    targets = []
    for about, cell, text, bound in (
        (PLAIN, "LSTM", "training a translator with attention, LSTM", 1.3),
        (PLAIN, "GRU", "training a translator with attention, GRU", 1.6),
        (FEEDING, "LSTM", "training a translator with input feeding", 2.0),
        (DECODING, "LSTM", "translating with a beam of 5", 4.0),
    ):
        kept = [each for each in points if (each["about"], each["cell"]) == (about, cell)]
        targets.append(worst(14, f"{text}, against PyTorch", bound, kept, ratio))
    return targets


def _budget_memory(points: list[Point]) -> list[Target]:
    def peak(point: Point) -> float:
        return point["measurements"][0]["bytes"] / 1e6

    def saved(point: Point) -> float:
        within, everything = (each["bytes"] for each in point["measurements"])
        return 100 * (1 - within / everything)

    targets = []
    for size, bound in (("32x100000x8x128", 96.0), ("1x1000000x8x64", 32.0)):
        kept = [point for point in points if point["size"] == size]
        text = f"memory of the gradients of LSTM {size}"
        targets.append(worst(10, text, bound, kept, peak, at_least=False, form="{:.1f} MB"))
    short = [point for point in points if len(point["measurements"]) == 2]
    text = "memory that a budget saves of LSTM 32x1000x8x128's"
    return [*targets, worst(10, text, 90.0, short, saved, form="{:.1f} %")]


def _budget_time(points: list[Point]) -> list[Target]:
    text = "time of LSTM 32x1000x8x128 within a budget over that of keeping all"
    longer = "time of a step of ten times as many, within a budget, over that"
    return [
        worst(10, text, 1.4, points, lambda p: speedup(p, SHORT_WITHIN, EVERYTHING),
               at_least=False),
        worst(10, longer, 1.4, points, lambda p: speedup(p, LONGER, EVERYTHING) / TIMES,
               at_least=False),
    ]  # fmt: skip


def _mode(training: bool) -> str:
    return "forward + backward" if training else "inference"
