"""The targets, held against what was measured."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks.report.points import (
    Point,
    fastest_peer,
    label,
    names,
    seconds,
    share,
    speedup,
)
from benchmarks.suites.budget import EVERYTHING, LONGER, SHORT_WITHIN, TIMES
from benchmarks.suites.grid import SGEMM
from benchmarks.suites.overhead import BARE, WHOLE

__all__ = ["Found", "Target", "all_targets", "table"]


@dataclass(frozen=True)
class Found:
    """A measured figure, and at which point (empty for a mean)."""

    value: float
    where: str = ""


@dataclass(frozen=True)
class Target:
    """What should be true, and what was found.

    Attributes:
        number: Which target it belongs to.
        text: What is measured.
        bound: Where it should be.
        at_least: Whether the bound is a lower one.
        form: How a figure is written.
        found: By number of threads.
    """

    number: int
    text: str
    bound: float
    at_least: bool
    form: str
    found: dict[int, Found]

    def verdict(self, threads: int) -> str:
        """Met, or by how much it was missed, in one cell of a table.

        >>> found = {1: Found(3.0), 2: Found(5.0)}
        >>> target = Target(1, "geometric mean", 4.0, True, "{:.2f}×", found)
        >>> target.verdict(1), target.verdict(2)
        ('**3.00×: missed by 25 %**', '5.00×: met')
        """
        if threads not in self.found:
            return ""
        value, where = self.found[threads].value, self.found[threads].where
        at = f" at {where}" if where else ""
        if (value >= self.bound) if self.at_least else (value <= self.bound):
            return f"{self.form.format(value)}: met{at}"
        percent = f"{100 * abs(value / self.bound - 1):.0f} %"
        return f"**{self.form.format(value)}: missed by {percent}**{at}"


def table(targets: Iterable[Target]) -> list[str]:
    """The lines of a Markdown table; a worst point is named."""
    lines = ["| | measured | target | 1 thread | 2 threads |", "|---:|---|---:|---|---|"]
    for target in targets:
        sign = "≥" if target.at_least else "≤"
        bound = f"{sign} {target.form.format(target.bound)}"
        cells = (target.number, target.text, bound, target.verdict(1), target.verdict(2))
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def all_targets(suites: dict[str, list[Point]]) -> list[Target]:
    """Every target of which something was measured."""
    functions = {
        "grid": (_against_pytorch, _against_fastest, _against_sgemm),
        "lengths": (_lengths,),
        "variants": (_variants,),
        "step": (_step,),
        "mnist_epoch": (_epoch,),
        "memory": (_memory,),
        "overhead": (_overhead,),
        "budget_memory": (_budget_memory,),
        "budget_time": (_budget_time,),
    }
    found = (f(suites[name]) for name, group in functions.items() if name in suites for f in group)
    return [target for group in found for target in group if target.found]


def _against_pytorch(points: list[Point]) -> list[Target]:
    def ratio(point: Point) -> float:
        return speedup(point, "PyTorch")

    targets = [
        _mean(1, f"geometric mean against PyTorch, {_mode(training)}", bound, kept, ratio)
        for training, bound in ((True, 4.0), (False, 3.0))
        for kept in [[p for p in points if p["training"] == training]]
    ]
    for cell, bound in (("GRU", 1.4), ("RNN", 1.1), ("LSTM", 1.0)):
        kept = [point for point in points if point["cell"] == cell]
        targets.append(_worst(1, f"every {cell} point against PyTorch", bound, kept, ratio))
    return targets


def _against_fastest(points: list[Point]) -> list[Target]:
    def ratio(point: Point) -> float:
        return speedup(point, fastest_peer(point))

    return [
        _mean(2, "geometric mean against the fastest peer of each point", 2.0, points, ratio),
        _worst(2, "every point against its fastest peer", 1.0, points, ratio),
    ]


def _against_sgemm(points: list[Point]) -> list[Target]:
    wide = [point for point in points if SGEMM in names(point)]
    return [
        _worst(
            3,
            f"share of the machine's SGEMM rate at B ≥ 32, H ≥ 128, {_mode(training)}",
            bound,
            [point for point in wide if point["training"] == training],
            lambda point: 100 * share(point),
            form="{:.0f} %",
        )
        for training, bound in ((False, 70.0), (True, 60.0))
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
        _worst(4, "time of a ragged batch over a dense one at the mean length, B ≥ 32", 1.10,
               many_rows, cost, at_least=False)
    ]  # fmt: skip
    for size, bound in (("16x1000x1x32", 10.0), ("32x512x64x128", 3.0)):
        kept = [point for point in ragged if point["size"] == size and point["cell"] == "GRU"]
        targets.append(_worst(4, f"packed GRU against PyTorch's at {size}", bound, kept, packed))
    text = "time with resets over time without"
    return [*targets, _worst(4, text, 1.05, reset, resets, at_least=False)]


def _variants(points: list[Point]) -> list[Target]:
    def cost(point: Point) -> float:
        return speedup(point, "Elman", "Elman, plain LSTM")

    def loop(point: Point) -> float:
        return speedup(point, "PyTorch, loop")

    text = "time of a variant over the plain LSTM's"
    targets = [_worst(5, text, 1.4, points, cost, at_least=False)]
    for size, bound in (("16x1000x1x32", 10.0), ("64x128x128x128", 1.5)):
        kept = [point for point in points if point["size"] == size]
        targets.append(_worst(5, f"a variant against a loop in torch, {size}", bound, kept, loop))
    return targets


def _step(points: list[Point]) -> list[Target]:
    def microseconds(point: Point) -> float:
        return 1e6 * seconds(point, "Elman")

    text = "one step of an LSTM 64→64 at batch 1"
    return [
        _worst(6, text, 4.0, points, microseconds, at_least=False, form="{:.1f} µs"),
        _worst(6, "against ONNX Runtime", 8.0, points, lambda p: speedup(p, "ONNX Runtime")),
        _worst(6, "against torch.nn.LSTM", 40.0, points, lambda p: speedup(p, "PyTorch, LSTM")),
        _worst(
            6, "against torch.nn.LSTMCell", 40.0, points, lambda p: speedup(p, "PyTorch, LSTMCell")
        ),
    ]


def _epoch(points: list[Point]) -> list[Target]:
    targets = []
    for cell, rivals, bound in (
        ("RNN", ("TensorFlow 1 style", "PyTorch"), 2.0),
        ("GRU", ("PyTorch",), 2.5),
        ("LSTM", ("PyTorch",), 1.3),
    ):
        kept = [point for point in points if point["cell"] == cell]
        for rival in rivals:
            text = f"the lesson's epoch, {cell}, against {rival}"
            targets.append(_worst(7, text, bound, kept, lambda p, r=rival: speedup(p, r)))
    return targets


def _memory(points: list[Point]) -> list[Target]:
    def ratio(point: Point) -> float:
        peaks = {each["name"]: each["bytes"] for each in point["measurements"]}
        return peaks["Elman"] / peaks["PyTorch"]

    kept = [point for point in points if point["cell"] == "LSTM"]
    text = "memory of training over PyTorch's"
    return [_worst(8, text, 0.5, kept, ratio, at_least=False)]


def _overhead(points: list[Point]) -> list[Target]:
    return [
        _worst(
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
        targets.append(_worst(10, text, bound, kept, peak, at_least=False, form="{:.1f} MB"))
    short = [point for point in points if len(point["measurements"]) == 2]
    text = "memory that a budget saves of LSTM 32x1000x8x128's"
    return [*targets, _worst(10, text, 90.0, short, saved, form="{:.1f} %")]


def _budget_time(points: list[Point]) -> list[Target]:
    text = "time of LSTM 32x1000x8x128 within a budget over that of keeping all"
    longer = "time of a step of ten times as many, within a budget, over that"
    return [
        _worst(10, text, 1.4, points, lambda p: speedup(p, SHORT_WITHIN, EVERYTHING),
               at_least=False),
        _worst(10, longer, 1.4, points, lambda p: speedup(p, LONGER, EVERYTHING) / TIMES,
               at_least=False),
    ]  # fmt: skip


def _mode(training: bool) -> str:
    return "forward + backward" if training else "inference"


def _mean(
    number: int, text: str, bound: float, points: list[Point], value: Callable[[Point], float]
) -> Target:
    found = {
        threads: Found(statistics.geometric_mean(map(value, kept)))
        for threads, kept in _by_threads(points).items()
    }
    return Target(number, text, bound, True, "{:.2f}×", found)


def _worst(
    number: int,
    text: str,
    bound: float,
    points: list[Point],
    value: Callable[[Point], float],
    *,
    at_least: bool = True,
    form: str = "{:.2f}×",
) -> Target:
    pick = min if at_least else max
    found = {}
    for threads, kept in _by_threads(points).items():
        worst = pick(kept, key=value)
        found[threads] = Found(value(worst), label(worst) if len(kept) > 1 else "")
    return Target(number, text, bound, at_least, form, found)


def _by_threads(points: list[Point]) -> dict[int, list[Point]]:
    kept: dict[int, list[Point]] = {}
    for point in points:
        kept.setdefault(point["threads"], []).append(point)
    return kept
