"""How well each of several labels was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ShapeError
from elman.plots.style import called, canvas, explain, percent, title, whole_ticks
from elman.plots.themes import blend, colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["rates"]

_MOST = 40  # labels that are drawn, the most frequent ones
_ROW = 0.34  # inches


def rates(true: Any, predicted: Any, labels: Sequence[Any], *, theme: str | None = None) -> Figure:
    """For each of several labels how many sequences have it, and were said to have it.

    A bar counts the sequences with the label, those found and those missed, and after them those
    that were said to have it and have not. Beside it stand the shares.

    Args:
        true: Which labels each sequence has: 0 and 1, `[N, L]`.
        predicted: Which it was said to have `[N, L]`.
        labels: The L labels' names. Of more than 40 the most frequent are drawn.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ShapeError: The shapes differ, there are no rows, or not L names.
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    wanted, said = (np.asarray(each) > 0 for each in (true, predicted))
    if wanted.ndim != 2 or wanted.shape != said.shape or not wanted.size:
        found = f"true {wanted.shape}, predicted {said.shape}"
        raise ShapeError("rates", found, "pass [N, L] of each, N and L ≥ 1")
    if len(labels) != wanted.shape[1]:
        expected = f"{wanted.shape[1]} names"
        raise ShapeError("labels", f"{len(labels)} names", expected)
    counts = np.stack([(wanted & said).sum(0), (wanted & ~said).sum(0), (~wanted & said).sum(0)], 1)
    shown = np.sort(np.argsort(-counts[:, :2].sum(axis=1), kind="stable")[:_MOST])
    with canvas(1.75 + _ROW * len(shown), theme=theme) as figure:
        ax = figure.subplots()
        _draw_bars(ax, counts[shown])
        _name_labels(ax, [called(labels[k], 24) for k in shown], counts[shown])
        title(figure, *_finding(wanted, said, labels, counts, len(shown)))
    return figure


def _draw_bars(ax: Axes, counts: np.ndarray) -> None:
    """Counts `[L, 3]`: found, missed, said wrongly."""
    look, places = colours(), np.arange(len(counts))
    found, missed, wrongly = counts.T
    ax.barh(places, found, 0.62, color=look.blue, label="found")
    ax.barh(places, missed, 0.62, left=found, color=blend(look.blue, 0.3), label="missed")
    ax.barh(places, wrongly, 0.62, left=found + missed, color=look.orange, label="said wrongly")
    whole_ticks(ax.xaxis)
    ax.set_xlabel("number of sequences")
    ax.set_ylim(len(counts) - 0.4, -0.6)
    explain(ax)


def _name_labels(ax: Axes, names: list[str], counts: np.ndarray) -> None:
    """The labels at the left, and beside each at the right its shares."""
    places = np.arange(len(names))
    ax.set_yticks(places, names)
    ax.tick_params(axis="y", length=0)
    found, missed, wrongly = counts.T
    texts = [
        f"{_share(hits, hits + lost)} found, {_share(hits, hits + false)} of the said right"
        for hits, lost, false in zip(found, missed, wrongly, strict=True)
    ]
    right = ax.secondary_yaxis("right")
    right.set_yticks(places, texts, fontsize=8.5, color=colours().grey)
    right.tick_params(length=0, pad=4)
    right.spines[:].set_visible(False)


def _share(part: int, of: int) -> str:
    return percent(part / of) if of else "none"


def _finding(
    wanted: np.ndarray, said: np.ndarray, labels: Sequence[Any], counts: np.ndarray, shown: int
) -> tuple[str, str]:
    rows, right = len(wanted), int((wanted == said).all(axis=1).sum())
    finding = (
        f"{right:,} of {rows:,} sequences have all their labels right ({percent(right / rows)})"
    )
    have = counts[:, 0] + counts[:, 1]
    known = np.flatnonzero(have)
    more = []
    if len(known):
        share = counts[known, 0] / have[known]
        worst = known[int(share.argmin())]
        least = f"{percent(float(share.min()))} of {have[worst]:,}"
        if share.min() == share.max():
            more.append(f"Of each label {percent(float(share.min()))} was found.")
        else:
            more.append(f"Found least: {called(labels[worst])}, {least}.")
    never = [
        called(label) for label, count in zip(labels, counts, strict=True) if not count[::2].any()
    ]
    if never:
        rest = f" and {len(never) - 3:,} more" * (len(never) > 3)
        more.append(f"Never said: {', '.join(never[:3])}{rest}.")
    if shown < len(labels):
        more.append(f"The {shown} most frequent of {len(labels):,} labels are drawn.")
    return finding, " ".join(more)
