"""Whether long sentences are written as well as short ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from elman.errors import ShapeError
from elman.plots.style import canvas, explain, shortened, title, whole_ticks
from elman.plots.themes import colours
from elman.printable import many

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["quality_by_length"]

_LONGEST = 44  # letters of a name


def quality_by_length(
    lengths: Sequence[tuple[int, int]],
    counts: Sequence[int],
    scores: Mapping[str, Sequence[float | None]],
    *,
    score_name: str = "BLEU",
    unit: str = "words",
    theme: str | None = None,
) -> Figure:
    """A score for each range of lengths, of a model and of what it is held against.

    The bars below say how many sentences each range has: where there are few, a score says little.

    Args:
        lengths: The K ranges, shortest first: the least and the greatest length of each.
        counts: Sentences in each.
        scores: By name K scores each, larger is better, None where a range has none; the first
            one is what it is about.
        score_name: What they are.
        unit: What lengths are counted in.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ShapeError: There is no range or no score, or not one for each range.
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    if not lengths or not scores:
        raise ShapeError("lengths", f"{len(lengths)} ranges, {len(scores)} scores", "≥ 1 of both")
    for name, values in {"counts": counts, **scores}.items():
        if len(values) != len(lengths):
            found = f"{len(values)} of them for {len(lengths)} ranges"
            raise ShapeError(name, found, "one for each range")
    drawn = {name: np.array(values, dtype=np.float64) for name, values in scores.items()}
    with canvas(4.6, theme=theme) as figure:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        _draw_scores(above, drawn, score_name)
        below.bar(range(len(counts)), counts, width=0.7, color=colours().faint)
        below.set_ylabel("sentences")
        whole_ticks(below.yaxis, 4)
        below.set_xlabel(f"length of the source, {unit}")
        names = [f"{low:,}" if low == high else f"{low:,}–{high:,}" for low, high in lengths]
        below.set_xticks(range(len(names)), names)
        if len(scores) > 1:
            explain(above)
        title(figure, *_finding(names, counts, next(iter(drawn.values())), score_name, unit))
    return figure


def _draw_scores(ax: Axes, scores: Mapping[str, np.ndarray], score_name: str) -> None:
    ax.grid(axis="y", color=colours().rule, linewidth=0.6)
    palette = colours().palette
    for k, (name, values) in enumerate(scores.items()):
        ax.plot(
            range(len(values)), values, color=palette[k % len(palette)], marker="o", markersize=3.5,
            linewidth=1.8 if k == 0 else 1.2, label=shortened(name, _LONGEST), clip_on=False,
        )  # fmt: skip
    known = np.concatenate([[0.0], *scores.values()])
    ax.set_ylim(0, 1.08 * np.nanmax(known) or 1.0)
    ax.set_ylabel(shortened(score_name, 30))


def _finding(
    names: Sequence[str], counts: Sequence[int], values: np.ndarray, score: str, unit: str
) -> tuple[str, str]:
    if np.isnan(values).all():
        return f"{score} tells nothing at any length", f"{many(sum(counts), 'sentence')} in all."
    best, worst = int(np.nanargmax(values)), int(np.nanargmin(values))
    total = f"{many(sum(counts), 'sentence')} in all."
    if len(names) == 1 or values[best] == values[worst]:
        return f"{score} is {values[best]:.1f} at every length", total
    return (
        f"{score} is {values[best]:.1f} at {names[best]} {unit} and {values[worst]:.1f} at "
        f"{names[worst]}",
        total,
    )
