"""What a classifier believes after each step of a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ArgumentError, ShapeError
from elman.plots.sequences import as_table, draw_sequence, is_image
from elman.plots.style import GREY, INK, ORANGE, canvas, percent, shortened, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["reading"]


def reading(
    sequence: np.ndarray, probabilities: np.ndarray, labels: Sequence[Any], true: Any
) -> Figure:
    """Reading a digit: the image, and beside each of its rows what was believed after it.

    A dashed line marks where the final answer took the lead for good.

    Args:
        sequence: `[T, I]` or `[T]`; an image whose rows are the steps, or a series.
        probabilities: `[T, K]`, the class probabilities after each step.
        labels: The K classes' names.
        true: The sequence's class, one of `labels`.

    Raises:
        ShapeError: The probabilities are not `[T, K]` with K labels and T ≥ 1.
        ArgumentError: `true` is none of the labels.
        MissingExtraError: matplotlib is not installed.
    """
    sequence = as_table(sequence, "sequence")
    probabilities, labels = np.asarray(probabilities, dtype=np.float64), list(labels)
    steps = len(sequence)
    if probabilities.shape != (steps, len(labels)) or not probabilities.size:
        raise ShapeError(
            "probabilities",
            f"shape {probabilities.shape} beside {steps} steps and {len(labels)} labels",
            f"pass [{steps}, {len(labels)}]",
        )
    if true not in labels:
        raise ArgumentError("true", f"found {true!r}", f"one of the labels {labels}")
    step = "row" if is_image(sequence) else "step"
    leads = probabilities.argmax(axis=1)
    last_change = np.flatnonzero(leads != leads[-1])
    decided = int(last_change[-1]) + 1 if len(last_change) else 0
    with canvas(4.7) as figure:
        wide = figure.subplots(1, 2, sharey=True, width_ratios=_widths(sequence))
        draw_sequence(wide[0], sequence, downwards=True)
        _label_steps(wide[0], steps, step)
        shades = wide[1].imshow(
            probabilities, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest"
        )
        _name_classes(wide[1], labels, labels.index(true))
        bar = figure.colorbar(shades, ax=wide[1], shrink=0.5, aspect=18, pad=0.03)
        bar.outline.set_visible(False)
        bar.set_label(f"probability after the {step}", fontsize=9)
        if decided:
            for ax in wide:
                ax.axhline(decided - 0.5, color=ORANGE, linewidth=1.3, linestyle=(0, (4, 3)))
        answer, sure = labels[leads[-1]], probabilities[-1].max()
        title(figure, *_finding(true, answer, sure, decided, steps, step))
    return figure


def _widths(sequence: np.ndarray) -> tuple[float, float]:
    """Inches for the two parts, so that an image keeps its proportions if it is not too wide."""
    if not is_image(sequence):
        return 2.8, 3.5
    width = float(np.clip(3.6 * sequence.shape[1] / sequence.shape[0], 1.2, 3.6))
    return width, 6.3 - width


def _label_steps(ax: Axes, steps: int, step: str) -> None:
    from matplotlib.ticker import MaxNLocator

    counts = MaxNLocator(nbins=8, integer=True, min_n_ticks=1).tick_values(1, steps)
    named = [1, *(int(count) for count in counts if 1 < count <= steps)]
    ax.set_xticks([])
    ax.set_yticks([count - 1 for count in named], [str(count) for count in named])
    ax.set_ylabel(f"{step}s read, from the first down")
    ax.spines[["bottom", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)


def _name_classes(ax: Axes, labels: list[Any], true: int) -> None:
    """The classes above their columns, the true one set off."""
    names = [shortened(label, 14) for label in labels]
    longest = max(map(len, names))
    size = 10 if len(names) <= 12 else 7
    upright = longest * len(names) > (34 if size == 10 else 48)
    ax.set_xticks(range(len(names)), names, fontsize=size, rotation=90 if upright else 0)
    ax.tick_params(axis="x", length=0, labeltop=True, labelbottom=False)
    ax.tick_params(axis="y", length=0, labelleft=False)
    ax.spines[["bottom", "left"]].set_visible(False)
    for place, name in enumerate(ax.get_xticklabels()):
        name.set_color(INK if place == true else GREY)
        name.set_fontweight("bold" if place == true else "normal")
    for edge in (true - 0.5, true + 0.5):
        ax.axvline(edge, color=INK, linewidth=0.8)


def _finding(
    true: Any, answer: Any, sure: float, decided: int, steps: int, step: str
) -> tuple[str, str]:
    right = answer == true
    name, taken = shortened(true), shortened(answer)
    finding = f"“{name}”, predicted correctly" if right else f"“{name}”, taken for “{taken}”"
    start = f"{step} {decided + 1} of {steps}" if decided else f"the first {step}"
    return (
        f"{finding} ({percent(sure)})",
        f"“{taken}” led from {start} on. Columns are classes, the true one between the lines.",
    )
