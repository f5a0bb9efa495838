"""The grid in pictures: every point, losses too."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from benchmarks.report.points import Point, label, names, rate, share, speedup
from benchmarks.suites.grid import SGEMM
from elman.plots.style import canvas, save, title
from elman.plots.themes import colours

__all__ = ["draw_ratios", "draw_shares"]

PEERS = {"PyTorch": "o", "TensorFlow": "s", "JAX": "^", "ONNX Runtime": "D"}
EVERYBODY = {**PEERS, "Elman": "o"}  # the last one is drawn over the others
SHARE_TARGETS = {False: 70, True: 60}  # %, in inference and in training


def draw_ratios(points: list[Point], finding: str, path: Path) -> None:
    """Each peer's time over Elman's at every point, the numbers of threads side by side.

    Args:
        points: Those of one mode, inference or training.
        finding: The sentence above the picture.
        path: Where it goes.
    """
    rows, panels = _rows(points), sorted({point["threads"] for point in points})
    with canvas(1.9 + 0.235 * len(rows), width=9.0) as figure:
        more = "Time of each library over Elman's. Right of 1 Elman is faster, left of 1 slower."
        title(figure, finding, more)
        grid = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)
        for axes, threads in zip(grid[0], panels, strict=True):
            _rule_rows(axes, rows)
            axes.axvline(1, color=colours().ink, lw=1.2)
            kept = [point for point in points if point["threads"] == threads]
            _dots(axes, kept, rows, PEERS, speedup)
            axes.set(xscale="log", title=_threads(threads), xlabel="times Elman's")
            axes.xaxis.set_major_locator(FixedLocator([0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
            axes.xaxis.set_minor_locator(NullLocator())
        _legend(figure, [name for name in PEERS if any(name in names(p) for p in points)])
        save(figure, path)


def draw_shares(points: list[Point], finding: str, path: Path) -> None:
    """What part of the machine's own matrix-product rate each reaches, Elman and its peers.

    Args:
        points: Of both modes; those whose rate was timed beside the machine's own are shown.
        finding: The sentence above the picture.
        path: Where it goes.
    """
    points = [point for point in points if SGEMM in names(point)]
    kinds = sorted({(point["training"], point["threads"]) for point in points})
    rows = _rows(points)
    with canvas(2.1 + 0.235 * len(rows), width=10.0) as figure:
        more = (
            "Operations of the matrix products a second, over those of a large product "
            "in the same rounds. Dashed: the target."
        )
        title(figure, finding, " ".join([more, *_beyond(points)]))
        grid = figure.subplots(1, len(kinds), sharex=True, sharey=True, squeeze=False)
        for axes, (training, threads) in zip(grid[0], kinds, strict=True):
            _rule_rows(axes, rows)
            axes.axvline(SHARE_TARGETS[training], color=colours().ink, lw=1.2, ls=(0, (4, 3)))
            kept = [p for p in points if (p["training"], p["threads"]) == (training, threads)]
            _dots(axes, kept, rows, EVERYBODY, lambda point, name: 100 * share(point, name))
            mode = "training" if training else "inference"
            axes.set(xlabel="% of SGEMM", title=f"{mode}, {_threads(threads)}")
        axes.set_xlim(left=0)
        _legend(figure, [name for name in EVERYBODY if any(name in names(p) for p in points)])
        save(figure, path)


def _beyond(points: list[Point]) -> list[str]:
    """Why shares of more than 100 % can be: what they are of was slowed down itself."""
    beyond = [p for p in points if any(share(p, name) > 1 for name in names(p) if name != SGEMM)]
    told = []
    for point in beyond:
        alike = [rate(p, SGEMM) for p in points if p["threads"] == point["threads"]]
        told.append(
            f"{label(point)}, {_threads(point['threads'])}: {rate(point, SGEMM) / 1e9:.0f} of "
            f"usually {statistics.median(alike) / 1e9:.0f} GFLOP/s"
        )
    if not told:
        return []
    return [f"Above 100 %: other work slowed the large product itself ({'; '.join(told)})."]


def _colour(name: str) -> str:
    return dict(zip(("Elman", *PEERS), colours().palette, strict=False))[name]


def _rows(points: list[Point]) -> dict[tuple[str, str], int]:
    """The row of each cell and size, from the top down, in the order in which they came."""
    kinds = dict.fromkeys((point["cell"], point["size"]) for point in points)
    return {kind: row for row, kind in enumerate(kinds)}


def _rule_rows(axes: Any, rows: dict[tuple[str, str], int]) -> None:
    """Name the rows, rule them, and part the cells."""
    titles = [f"{cell}  {size.replace('x', ' ')}" for cell, size in rows]
    axes.set_yticks(list(rows.values()), titles)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(color=colours().rule, lw=0.6)
    axes.set_axisbelow(True)
    cells = [cell for cell, _ in rows]
    for row in range(1, len(cells)):
        if cells[row] != cells[row - 1]:
            axes.axhline(row - 0.5, color=colours().grey, lw=0.8)


def _dots(
    axes: Any,
    points: list[Point],
    rows: dict[tuple[str, str], int],
    marks: dict[str, str],
    value: Callable[[Point, str], float],
) -> None:
    """Where each library stands at each point."""
    for name, mark in marks.items():
        shown = [point for point in points if name in names(point)]
        along = [value(point, name) for point in shown]
        across = [rows[point["cell"], point["size"]] for point in shown]
        size = 7 if name == "Elman" else 5.5
        edge = colours().paper
        axes.plot(along, across, mark, color=_colour(name), ms=size, mec=edge, mew=0.5)


def _legend(figure: Any, shown: list[str]) -> None:
    handles = [
        Line2D([], [], color=_colour(name), marker=EVERYBODY[name], ls="", label=name)
        for name in shown
    ]
    figure.legend(handles=handles, ncols=len(handles), frameon=False, loc="outside lower center")


def _threads(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"
