"""The sequences that a classifier got wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ShapeError
from elman.plots.sequences import as_table, draw_sequence
from elman.plots.style import GREY, INK, RULE, canvas, percent, shortened, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["misread"]

_COLUMNS = 6


def misread(
    sequences: Sequence[np.ndarray],
    true: Sequence[Any],
    predicted: Sequence[Any],
    probabilities: np.ndarray,
    *,
    most: int = 24,
) -> Figure:
    """The sequences whose class was predicted wrongly, the most confident mistakes first.

    Args:
        sequences: All N sequences that were predicted, `[T, I]` or `[T]` each.
        true: Their classes `[N]`.
        predicted: What was predicted `[N]`.
        probabilities: `[N, K]`; a prediction's confidence is its row's greatest.
        most: How many to show.

    Raises:
        ShapeError: The four do not have N rows each.
        MissingExtraError: matplotlib is not installed.
    """
    rows, chances = len(sequences), np.asarray(probabilities, dtype=np.float64)
    if chances.ndim != 2 or {len(true), len(predicted), len(chances)} != {rows} or not rows:
        raise ShapeError(
            "misread",
            f"{rows} sequences, {len(true)} true and {len(predicted)} predicted classes, "
            f"probabilities {chances.shape}",
            "pass N of each, probabilities [N, K]",
        )
    confidence = chances.max(axis=1)
    wrong = np.flatnonzero(np.asarray(true) != np.asarray(predicted))
    shown = wrong[np.argsort(-confidence[wrong], kind="stable")][:most]
    captions = _captions([true[row] for row in shown], [predicted[row] for row in shown])
    lines = -(-len(shown) // _COLUMNS)
    with canvas(0.9 + 1.62 * lines) as figure:
        title(figure, *_finding(rows, len(wrong), len(shown)))
        if not len(shown):
            return figure
        grid = figure.subplots(lines, _COLUMNS, squeeze=False).ravel()
        for ax, row, caption in zip(grid, shown, captions, strict=False):
            draw_sequence(ax, as_table(sequences[row], f"sequences[{row}]"))
            _frame(ax)
            size = 9 if "\n" in caption else 11
            ax.set_title(caption, fontsize=size, color=INK, loc="left", pad=3)
            ax.set_xlabel(
                percent(confidence[row]), fontsize=8.5, color=GREY, loc="left", labelpad=2
            )
        for ax in grid[len(shown) :]:
            ax.set_axis_off()
    return figure


def _frame(ax: Axes) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(True)
        spine.set_color(RULE)


def _captions(true: list[Any], predicted: list[Any]) -> list[str]:
    """`4 → 9` for each; all on two lines if one of them needs it."""
    pairs = [(shortened(t, 15), shortened(p, 15)) for t, p in zip(true, predicted, strict=True)]
    long = any(len(t) + len(p) > 12 for t, p in pairs)
    return [f"{t}\n→ {p}" if long else f"{t} → {p}" for t, p in pairs]


def _finding(rows: int, wrong: int, shown: int) -> tuple[str, str]:
    if not wrong:
        return f"All {rows:,} were predicted correctly", "There is no mistake to show."
    finding = f"{wrong:,} of {rows:,} were predicted wrongly ({percent(wrong / rows)})"
    part = f"The {shown} most confident mistakes" if shown < wrong else "The most confident first"
    return finding, f"{part}: true class → predicted class, and the probability it was given."
