"""Which classes are taken for which."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ShapeError
from elman.plots.style import called, canvas, percent, title
from elman.plots.themes import blend, colours, ink_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["confusion"]

_LEGIBLE = 30  # classes up to which each cell can hold its number
_TIED = 3  # equally frequent mistakes that are named


def confusion(
    matrix: np.ndarray,
    labels: Sequence[Any],
    *,
    counted: str = "",
    theme: str | None = None,
) -> Figure:
    """The confusion matrix: counts in the cells, each row's share of them as the shade.

    Hits, on the diagonal, are blue and mistakes orange. At the right of a row stands the share
    of that class that was found. Beyond 30 classes the cells show their shade only.

    Args:
        matrix: Counts `[K, K]`, true class down and predicted class across.
        labels: The K classes' names.
        counted: What is counted, as "steps"; "" where that is plain.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ShapeError: The matrix is not square, or there are not K labels.
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    matrix = np.asarray(matrix)
    size = len(labels)
    if matrix.shape != (size, size) or not size:
        raise ShapeError("matrix", f"shape {matrix.shape}, {size} labels", "pass [K, K], K labels")
    total = matrix.sum(axis=1)
    rates = matrix / np.maximum(total, 1e-300)[:, None]
    cell = min(1.0, 5.6 / size)  # inches
    names, upright = _names(labels, cell)
    height = cell * size + 1.75 + (0.06 * max(map(len, names)) if upright else 0)
    with canvas(height, theme=theme) as figure:
        ax = figure.subplots()
        shades = _shades(rates)
        ax.imshow(shades, aspect="equal", interpolation="nearest")
        ax.set_anchor("N")
        _lines_between(ax, size)
        _name_classes(ax, names, upright, cell)
        if size <= _LEGIBLE:
            _write_counts(ax, matrix, shades, cell)
            _write_found(ax, total, rates, cell)
        title(figure, *_finding(matrix, labels, counted))
    return figure


def _shades(rates: np.ndarray) -> np.ndarray:
    """RGB `[K, K, 3]`: the paper at 0; the square root lets rare mistakes show."""
    strength = 0.85 * np.sqrt(rates)
    hits, misses = blend(colours().blue, strength), blend(colours().orange, strength)
    return np.where(np.eye(len(rates), dtype=bool)[..., None], hits, misses)


def _lines_between(ax: Axes, size: int) -> None:
    ax.set_xticks(np.arange(size - 1) + 0.5, minor=True)
    ax.set_yticks(np.arange(size - 1) + 0.5, minor=True)
    ax.grid(which="minor", color=colours().rule, linewidth=0.6)
    ax.tick_params(which="both", length=0)
    for spine in ax.spines.values():
        spine.set_visible(True)
        spine.set_color(colours().faint)


def _names(labels: Sequence[Any], cell: float) -> tuple[list[str], bool]:
    """The classes' names, in lines as wide as a column; whether they must stand upright."""
    names = [called(label) for label in labels]
    fit = int(cell * 72 / (_font(cell, 11) * 0.62))
    lines = [textwrap.wrap(name, max(fit, 1), break_long_words=False) or [""] for name in names]
    if cell < 0.6 or any(len(line) > fit for name in lines for line in name):
        return names, any(len(name) > fit for name in names)
    return ["\n".join(name) for name in lines], False


def _name_classes(ax: Axes, names: list[str], upright: bool, cell: float) -> None:
    every = -(-len(names) // 40)  # with very many classes only some can be named
    places = np.arange(0, len(names), every)
    size = _font(cell * every, 11)
    ax.set_xticks(places, [names[k] for k in places], fontsize=size)
    ax.set_yticks(places, [names[k] for k in places], fontsize=size)
    if upright:
        ax.tick_params(axis="x", labelrotation=90)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")


def _write_counts(ax: Axes, matrix: np.ndarray, shades: np.ndarray, cell: float) -> None:
    for row, column in np.argwhere(matrix > 0):
        count = matrix[row, column]
        text = f"{count / 1000:.0f}k" if 1e3 <= count < 1e6 and cell < 0.3 else _short(float(count))
        size = min(_font(cell, 12), cell * 72 * 1.35 / len(text))
        ax.text(
            column, row, text, ha="center", va="center_baseline",
            fontsize=size, color=ink_on(shades[row, column]), in_layout=False,
        )  # fmt: skip


def _write_found(ax: Axes, total: np.ndarray, rates: np.ndarray, cell: float) -> None:
    """Beside each row: the share found, and of how many."""
    size, edge = _font(cell, 10), len(rates) - 0.5
    right = ax.secondary_yaxis("right")
    texts = [
        f"{percent(rate)} of {_short(float(count), grouped=True)}" if count else "none"
        for rate, count in zip(rates.diagonal(), total, strict=True)
    ]
    right.set_yticks(np.arange(len(rates)), texts, fontsize=size, color=colours().grey)
    right.tick_params(length=0, pad=6)
    right.spines[:].set_visible(False)
    ax.annotate(
        "found", (edge, -0.5), xytext=(6, 5), textcoords="offset points",
        fontsize=size, color=colours().grey, annotation_clip=False,
    )  # fmt: skip


def _short(count: float, grouped: bool = False) -> str:
    """A count, or a sum of weights, in as few letters as a reader needs.

    >>> _short(480), _short(12.5), _short(15_196_000), _short(2.4e12)
    ('480', '12.5', '15.2M', '2400G')
    """
    for size, letter in ((1e9, "G"), (1e6, "M")):
        if count >= size:
            return f"{float(f'{count / size:.3g}'):.10g}{letter}"
    return f"{count:,.6g}" if grouped else f"{count:.6g}"


def _font(cell: float, largest: float) -> float:
    """Points that suit a cell of this many inches."""
    return float(np.clip(cell * 72 * 0.42, 5.5, largest))


def _finding(matrix: np.ndarray, labels: Sequence[Any], counted: str) -> tuple[str, str]:
    total, hits = matrix.sum(), np.trace(matrix)
    if not total:
        return "Nothing was predicted", ""
    were = "was" if total == 1 else "were"
    every = f"{total:,.0f}" if total >= 1e6 else f"{total:,.6g}"
    finding = f"{percent(hits / total)} of {every} {counted}".rstrip()
    finding += f" {were} predicted correctly"
    return finding, " ".join([_mistakes(matrix, labels), *_neglected(matrix, labels)])


def _mistakes(matrix: np.ndarray, labels: Sequence[Any]) -> str:
    """The most frequent one, or how many are equally frequent."""
    mistakes = matrix - np.diag(matrix.diagonal())
    most = mistakes.max()
    if not most:
        return "No class was taken for another."
    places = np.argwhere(mistakes == most)
    times = f"{_short(most, grouped=True)} times" if most != 1 else "once"
    if len(places) > _TIED:
        if (mistakes > 0).sum() == len(places):
            return f"{len(places):,} different mistakes, {times} each."
        return f"No mistake stands out: {len(places):,} of them were made {times} each, none more."
    named = ", ".join(f"{called(labels[r])} taken for {called(labels[c])}" for r, c in places)
    each = " each" * (len(places) > 1)
    return f"The most frequent mistake{'s' * (len(places) > 1)}: {named}, {times}{each}."


def _neglected(matrix: np.ndarray, labels: Sequence[Any]) -> list[str]:
    """That classes which occur were never predicted."""
    never = np.flatnonzero((matrix.sum(axis=0) == 0) & (matrix.sum(axis=1) > 0))
    if not len(never):
        return []
    named = ", ".join(called(labels[k]) for k in never[:_TIED])
    more = f" and {len(never) - _TIED:,} more" if len(never) > _TIED else ""
    return [f"Never predicted: {named}{more}."]
