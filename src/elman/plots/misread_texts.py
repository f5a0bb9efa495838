"""The texts that a classifier got wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ShapeError
from elman.plots.lettering import columns_of
from elman.plots.style import called, canvas, percent, title, wrapped
from elman.plots.themes import colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["misread_texts"]

_LINES = 3  # of a text
_LETTERS = 600  # of a text that are looked at
_WIDE = 7.65  # inches: classes, and the text beside them
_LETTER, _LINE, _GAP = 0.09, 0.165, 0.16  # inches


def misread_texts(
    texts: Sequence[str],
    true: Sequence[Any],
    predicted: Sequence[Any],
    probabilities: np.ndarray,
    *,
    most: int = 12,
    theme: str | None = None,
) -> Figure:
    """The texts whose class was predicted wrongly, the most confident mistakes first.

    Of a long text the beginning is shown.

    Args:
        texts: All N that were predicted.
        true: Their classes `[N]`.
        predicted: What was predicted `[N]`.
        probabilities: `[N, K]`; a prediction's confidence is its row's greatest.
        most: How many to show.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ShapeError: They do not have N rows each.
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    chances, rows = np.asarray(probabilities, dtype=np.float64), len(texts)
    if chances.ndim != 2 or {len(true), len(predicted), len(chances)} != {rows} or not rows:
        found = f"{rows} texts, {len(true)} true and {len(predicted)} predicted classes"
        found += f", probabilities {chances.shape}"
        raise ShapeError("misread texts", found, "pass N of each, probabilities [N, K]")
    confidence = chances.max(axis=1)
    wrong = np.flatnonzero(np.asarray(true) != np.asarray(predicted))
    shown = wrong[np.argsort(-confidence[wrong], kind="stable")][:most]
    pairs = [f"{called(true[row], 9)} → {called(predicted[row], 9)}" for row in shown]
    left = 0.2 + _LETTER * max([6, *map(columns_of, pairs)])
    lines = [_beginning(str(texts[row]), _WIDE - left) for row in shown]
    heights = [_LINE * max(2, len(some)) + _GAP for some in lines]
    with canvas(1.0 + sum(heights), theme=theme) as figure:
        title(figure, *_finding(rows, len(wrong), len(shown)))
        if not len(shown):
            return figure
        ax = figure.subplots()
        ax.set_axis_off()
        ax.set_xlim(0, _WIDE)
        ax.set_ylim(sum(heights), 0)
        top = 0.0
        for row, pair, some, height in zip(shown, pairs, lines, heights, strict=True):
            _write(ax, top, pair, percent(confidence[row]))
            look = {"va": "top", "linespacing": 1.25, "fontsize": 9, "color": colours().ink}
            ax.text(left, top, "\n".join(some), **look)
            top += height
    return figure


def _beginning(text: str, inches: float) -> list[str]:
    """The first lines of a text, in that room."""
    lines = wrapped(text[:_LETTERS], inches, 9)
    if not any(lines):
        return ["(no words)"]
    if len(lines) > _LINES or len(text) > _LETTERS:
        lines = lines[:_LINES]
        lines[-1] = f"{lines[-1][:-2].rstrip()}…"
    return lines


def _write(ax: Axes, top: float, pair: str, confidence: str) -> None:
    """A mistake's classes, and how sure it was."""
    ax.text(0, top, pair, va="top", fontsize=9, fontweight="bold", color=colours().ink)
    ax.text(0, top + _LINE, confidence, va="top", fontsize=8.5, color=colours().grey)


def _finding(rows: int, wrong: int, shown: int) -> tuple[str, str]:
    if not wrong:
        all_of_them = f"All {rows:,} texts were" if rows > 1 else "The one text was"
        return f"{all_of_them} predicted correctly", "There is no mistake to show."
    were = "was" if wrong == 1 else "were"
    finding = f"{wrong:,} of {rows:,} texts {were} predicted wrongly ({percent(wrong / rows)})"
    part = f"The {shown} most confident mistakes" if shown < wrong else "The most confident first"
    part = "Shown" if wrong == 1 else part
    return finding, f"{part}: true class → predicted class, and the probability it was given."
