"""The sequences that a classifier got wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ShapeError
from elman.plots.lettering import columns_of
from elman.plots.sequences import as_table, draw_image, draw_series, is_image
from elman.plots.style import canvas, percent, shortened, title
from elman.plots.themes import colours

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
    feature_names: Sequence[str] | None = None,
    theme: str | None = None,
) -> Figure:
    """The sequences whose class was predicted wrongly, the most confident mistakes first.

    Args:
        sequences: All N sequences that were predicted, `[T, I]` or `[T]` each.
        true: Their classes `[N]`.
        predicted: What was predicted `[N]`.
        probabilities: `[N, K]`; a prediction's confidence is its row's greatest.
        most: How many to show.
        feature_names: What the features of series are called; None: what is wide enough for an
            image is drawn as one.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ShapeError: The four do not have N rows each.
        ArgumentError: There is no such theme.
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
    lines = -(-len(shown) // _COLUMNS)
    with canvas(0.9 + 1.62 * lines, theme=theme) as figure:
        captions = _captions([true[row] for row in shown], [predicted[row] for row in shown])
        title(figure, *_finding(rows, len(wrong), len(shown)))
        if not len(shown):
            return figure
        grid = figure.subplots(lines, _COLUMNS, squeeze=False).ravel()
        for ax, row, caption in zip(grid, shown, captions, strict=False):
            sequence = as_table(sequences[row], f"sequences[{row}]")
            (draw_image if is_image(sequence, feature_names) else draw_series)(ax, sequence)
            _frame(ax)
            size = 9 if "\n" in caption else 11
            ax.set_title(caption, fontsize=size, color=colours().ink, loc="left", pad=3)
            ax.set_xlabel(
                percent(confidence[row]), fontsize=8.5, color=colours().grey, loc="left", labelpad=2
            )
        for ax in grid[len(shown) :]:
            ax.set_axis_off()
    return figure


def _frame(ax: Axes) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(True)
        spine.set_color(colours().rule)


def _captions(true: list[Any], predicted: list[Any]) -> list[str]:
    """`4 → 9` for each; all on two lines if one of them needs it."""
    pairs = [(shortened(t, 15), shortened(p, 15)) for t, p in zip(true, predicted, strict=True)]
    long = any(columns_of(t + p) > 12 for t, p in pairs)
    return [f"{t}\n→ {p}" if long else f"{t} → {p}" for t, p in pairs]


def _finding(rows: int, wrong: int, shown: int) -> tuple[str, str]:
    if not wrong:
        all_of_them = f"All {rows:,} were" if rows > 1 else "The one sequence was"
        return f"{all_of_them} predicted correctly", "There is no mistake to show."
    were = "was" if wrong == 1 else "were"
    finding = f"{wrong:,} of {rows:,} {were} predicted wrongly ({percent(wrong / rows)})"
    part = f"The {shown} most confident mistakes" if shown < wrong else "The most confident first"
    part = "Shown" if wrong == 1 else part
    return finding, f"{part}: true class → predicted class, and the probability it was given."
