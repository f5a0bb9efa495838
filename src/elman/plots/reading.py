"""What a classifier believes after each step of a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ArgumentError, ShapeError
from elman.plots.inside import draw_input
from elman.plots.panels import label_steps, shares
from elman.plots.sequences import as_table, draw_image, is_image
from elman.plots.style import called, canvas, percent, title
from elman.plots.themes import colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["reading"]


def reading(
    sequence: np.ndarray,
    probabilities: np.ndarray,
    labels: Sequence[Any],
    true: Any,
    *,
    feature_names: Sequence[str] | None = None,
    theme: str | None = None,
) -> Figure:
    """Reading a digit: the image, and beside each of its rows what was believed after it.

    Of a series time runs to the right: its values, and below each step what was believed after it.
    A dashed line marks where the final answer took the lead for good.

    Args:
        sequence: `[T, I]` or `[T]`; an image whose rows are the steps, or a series.
        probabilities: `[T, K]`, the class probabilities after each step.
        labels: The K classes' names.
        true: The sequence's class, one of `labels`.
        feature_names: What the features of a series are called; None: of what is wide enough for an
            image, one is drawn.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ShapeError: The probabilities are not `[T, K]` with K labels and T ≥ 1.
        ArgumentError: `true` is none of the labels; there is no such theme.
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
    image = is_image(sequence, feature_names)
    decided = _decided(probabilities)
    with canvas(4.7 if image else 3.3 + _height(len(labels)), theme=theme) as figure:
        names = [called(label, 14) for label in labels]
        if image:
            axes = _draw_rows(figure, sequence, probabilities, names, labels.index(true))
        else:
            axes = _draw_times(
                figure, sequence, probabilities, names, labels.index(true), feature_names
            )
        for ax in axes if decided else ():
            line = ax.axhline if image else ax.axvline
            line(decided - 0.5, color=colours().orange, linewidth=1.3, linestyle=(0, (4, 3)))
        title(figure, *_finding(labels, true, probabilities[-1], decided, steps, image))
    return figure


def _decided(probabilities: np.ndarray) -> int:
    """The step, from 0, from which on no class stood above the one that is answered."""
    answer = int(probabilities[-1].argmax())
    behind = np.flatnonzero(probabilities.max(axis=1) > probabilities[:, answer])
    return int(behind[-1]) + 1 if len(behind) else 0


def _height(classes: int) -> float:
    """Inches for the rows of so many classes."""
    return float(np.clip(0.2 * classes, 0.5, 4.5))


def _draw_rows(
    figure: Figure, image: np.ndarray, probabilities: np.ndarray, names: list[str], true: int
) -> list[Axes]:
    """The image, and at the right of each row the probabilities after it."""
    wide = figure.subplots(1, 2, sharey=True, width_ratios=_widths(image))
    draw_image(wide[0], image, stretched=True)
    label_steps(wide[0], len(image), down=True)
    wide[0].set_ylabel("rows read, from the first down")
    wide[0].set_xticks([])
    wide[0].spines[["bottom", "left"]].set_visible(False)
    wide[0].tick_params(axis="y", length=0)
    shades = wide[1].imshow(probabilities, aspect="auto", interpolation="nearest", **shares())
    _name_columns(wide[1], names, true)
    _explain_shades(figure, wide[1], shades, "probability after the row", shrink=0.5)
    return [*wide]


def _widths(sequence: np.ndarray) -> tuple[float, float]:
    """Inches for the two parts, so that an image keeps its proportions if it is not too wide."""
    width = float(np.clip(3.6 * sequence.shape[1] / sequence.shape[0], 1.2, 3.6))
    return width, 6.3 - width


def _draw_times(
    figure: Figure,
    series: np.ndarray,
    probabilities: np.ndarray,
    names: list[str],
    true: int,
    feature_names: Sequence[str] | None,
) -> list[Axes]:
    """The series over time, and below each step the probabilities after it."""
    above, below = figure.subplots(
        2, 1, sharex=True, height_ratios=[1.6, max(1.0, _height(len(names)))]
    )
    draw_input(above, series, feature_names)
    shades = below.imshow(probabilities.T, aspect="auto", interpolation="nearest", **shares())
    every = -(-len(names) // 30)  # with very many classes only some can be named
    shown = sorted({*range(0, len(names), every), true} - set(_beside(true, every)))
    below.set_yticks(shown, [names[k] for k in shown], fontsize=9 if len(names) <= 18 else 7)
    below.tick_params(axis="y", length=0)
    below.spines[["bottom", "left"]].set_visible(False)
    _set_off(below.get_yticklabels(), shown.index(true))
    for edge in (true - 0.5, true + 0.5):
        below.axhline(edge, color=colours().ink, linewidth=0.8)
    label_steps(below, len(series))
    _explain_shades(figure, below, shades, "probability")
    return [above, below]


def _beside(place: int, every: int) -> list[int]:
    """The places so near to one that their names would lie on its name."""
    return [k for k in range(place - every + 1, place + every) if k != place]


def _name_columns(ax: Axes, names: list[str], true: int) -> None:
    """The classes above their columns, the true one set off."""
    longest = max(map(len, names))
    size = 10 if len(names) <= 12 else 7
    upright = longest * len(names) > (34 if size == 10 else 48)
    ax.set_xticks(range(len(names)), names, fontsize=size, rotation=90 if upright else 0)
    ax.tick_params(axis="x", length=0, labeltop=True, labelbottom=False)
    ax.tick_params(axis="y", length=0, labelleft=False)
    ax.spines[["bottom", "left"]].set_visible(False)
    _set_off(ax.get_xticklabels(), true)
    for edge in (true - 0.5, true + 0.5):
        ax.axvline(edge, color=colours().ink, linewidth=0.8)


def _set_off(names: Sequence[Any], true: int) -> None:
    for place, name in enumerate(names):
        name.set_color(colours().ink if place == true else colours().grey)
        name.set_fontweight("bold" if place == true else "normal")


def _explain_shades(figure: Figure, ax: Axes, shades: Any, name: str, shrink: float = 1) -> None:
    bar = figure.colorbar(shades, ax=ax, shrink=shrink, aspect=18, pad=0.03)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.set_label(name, fontsize=9)


def _finding(
    labels: list[Any], true: Any, chances: np.ndarray, decided: int, steps: int, image: bool
) -> tuple[str, str]:
    step, classes = ("row", "Columns") if image else ("step", "Rows")
    best = np.flatnonzero(chances == chances.max())
    name, taken = called(true), called(labels[best[0]])
    sure = percent(float(chances.max()))
    lines = f"{classes} are classes, the true one between the lines."
    if len(best) > 1:
        equal = ", ".join(f"“{called(labels[k])}”" for k in best[:3]) + " …" * (len(best) > 3)
        return f"“{name}”, left undecided: {equal} ({sure} each)", lines
    right = labels[best[0]] == true
    finding = f"“{name}”, predicted correctly" if right else f"“{name}”, taken for “{taken}”"
    start = f"{step} {decided + 1} of {steps}" if decided else f"the first {step}"
    return f"{finding} ({sure})", f"“{taken}” led from {start} on. {lines}"
