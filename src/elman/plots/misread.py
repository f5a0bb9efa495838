"""The sequences that a classifier got wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ShapeError
from elman.plots.panels import FEW
from elman.plots.sequences import as_table, draw_image, draw_series, is_image
from elman.plots.style import called, canvas, fits, percent, shortened, title
from elman.plots.themes import colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["misread"]

_COLUMNS = 6
_CAPTION = 1.2  # inches, of a panel


def misread(
    sequences: Sequence[np.ndarray],
    true: Sequence[Any],
    predicted: Sequence[Any],
    probabilities: np.ndarray,
    *,
    places: np.ndarray | None = None,
    most: int = 24,
    feature_names: Sequence[str] | None = None,
    theme: str | None = None,
) -> Figure:
    """The sequences whose class was predicted wrongly, the most confident mistakes first.

    Where a class belongs to each step, N counts steps: of each sequence the most confident mistake
    is shown, and its step is marked.

    Args:
        sequences: All sequences that were predicted, `[T, I]` or `[T]` each: N, or those of the
            N steps.
        true: Their classes `[N]`.
        predicted: What was predicted `[N]`.
        probabilities: `[N, K]`; a prediction's confidence is its row's greatest.
        places: Of classes of steps `[N, 2]`, from 0: the sequence and the step that each is of;
            None: a class belongs to a sequence.
        most: How many to show.
        feature_names: What the features of series are called; None: what is wide enough for an
            image is drawn as one.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ShapeError: They do not have N rows each.
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    chances = np.asarray(probabilities, dtype=np.float64)
    rows = len(sequences) if places is None else len(places)
    if chances.ndim != 2 or {len(true), len(predicted), len(chances)} != {rows} or not rows:
        raise ShapeError(
            "misread",
            f"{rows} sequences or steps, {len(true)} true and {len(predicted)} predicted classes, "
            f"probabilities {chances.shape}",
            "pass N of each, probabilities [N, K]",
        )
    confidence = chances.max(axis=1)
    wrong = np.flatnonzero(np.asarray(true) != np.asarray(predicted))
    shown = wrong[np.argsort(-confidence[wrong], kind="stable")]
    if places is None:
        places, steps = np.stack([np.arange(rows), np.zeros(rows, np.int64)], axis=1), False
    else:
        steps, (_, firsts) = True, np.unique(places[shown, 0], return_index=True)
        shown = shown[np.sort(firsts)]
    shown = shown[:most]
    lines = -(-len(shown) // _COLUMNS)
    with canvas(0.9 + 1.62 * lines, theme=theme) as figure:
        captions = _captions([true[row] for row in shown], [predicted[row] for row in shown])
        title(figure, *_finding(rows, len(wrong), len(shown), steps))
        if not len(shown):
            return figure
        grid = figure.subplots(lines, _COLUMNS, squeeze=False).ravel()
        for ax, row, caption in zip(grid, shown, captions, strict=False):
            index, step = places[row]
            sequence = as_table(sequences[index], f"sequences[{index}]")
            image = is_image(sequence, feature_names)
            (draw_image if image else draw_series)(ax, sequence)
            _frame(ax)
            if not image:
                _number_ends(ax, len(sequence))
            if steps:
                _mark(ax, step, image)
            size = 9 if "\n" in caption else 11
            ax.set_title(caption, fontsize=size, color=colours().ink, loc="left", pad=3)
            ax.set_xlabel(
                percent(confidence[row]), fontsize=8.5, color=colours().grey, loc="left", labelpad=2
            )
        for ax in grid[len(shown) :]:
            ax.set_axis_off()
        if feature_names is not None and 1 < len(feature_names) <= FEW:
            _name_lines(figure, feature_names)
    return figure


def _frame(ax: Axes) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(True)
        spine.set_color(colours().rule)


def _number_ends(ax: Axes, steps: int) -> None:
    """The numbers of the first and the last step, below a series."""
    ends = [0, steps - 1] if steps > 1 else [0]
    names = ["step 1", f"{steps:,}"][: len(ends)]
    labels = ax.set_xticks(ends, names, fontsize=7)
    for label, side in zip(ax.get_xticklabels(), ("left", "right"), strict=False):
        label.set_horizontalalignment(side if len(labels) > 1 else "center")
    ax.tick_params(axis="x", length=0, pad=2, labelcolor=colours().grey)


def _mark(ax: Axes, step: int, image: bool) -> None:
    """The step whose class was predicted wrongly."""
    (ax.axhspan if image else ax.axvspan)(step - 0.5, step + 0.5, color=colours().red, alpha=0.3)


def _name_lines(figure: Figure, names: Sequence[str]) -> None:
    """What the features are called, once for all panels: below them."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, linewidth=1.4, label=shortened(name, 20))
        for name, colour in zip(names, colours().palette, strict=False)
    ]
    figure.legend(
        handles=handles, loc="outside lower left", ncols=4, frameon=False, fontsize=8,
        handlelength=1.2, columnspacing=1.2,
    )  # fmt: skip


def _captions(true: list[Any], predicted: list[Any]) -> list[str]:
    """`4 → 9` for each; all on two lines if one of them needs it."""
    pairs = [(called(t, 15), called(p, 15)) for t, p in zip(true, predicted, strict=True)]
    long = not all(fits(f"{t} → {p}", _CAPTION, 11) for t, p in pairs)
    return [f"{t}\n→ {p}" if long else f"{t} → {p}" for t, p in pairs]


def _finding(rows: int, wrong: int, shown: int, steps: bool) -> tuple[str, str]:
    what = " steps" if steps else ""
    if not wrong:
        alone = "The one step was" if steps else "The one sequence was"
        all_of_them = f"All {rows:,}{what} were" if rows > 1 else alone
        return f"{all_of_them} predicted correctly", "There is no mistake to show."
    were = "was" if wrong == 1 else "were"
    finding = f"{wrong:,} of {rows:,}{what} {were} predicted wrongly ({percent(wrong / rows)})"
    part = f"The {shown} most confident mistakes" if shown < wrong else "The most confident first"
    if steps:
        part = f"The most confident mistake in each of {shown} sequences, marked"
        part = "In one sequence, marked" if shown == 1 else part
    part = "Shown" if wrong == 1 and not steps else part
    return finding, f"{part}: true class → predicted class, and the probability it was given."
