"""Words as points: those whose vectors are near each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import DataError
from elman.plots.lettering import columns_of
from elman.plots.style import canvas, percent, shortened, title
from elman.plots.themes import colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["embeddings"]

_CHOSEN = 8  # words that are shown where none are named
_NEAR = 6  # neighbours of each
_WIDTH, _HEIGHT = 3.7, 4.4  # inches of the map, nearly
_DOT = 0.03  # inches from a point's middle to its edge
_LETTER, _LINE = 0.075, 0.16  # inches
_OFFSETS = ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1))


def embeddings(
    found: Any,
    words: Sequence[str] | None = None,
    *,
    analogies: Sequence[tuple[str, str, str]] = (),
    theme: str | None = None,
) -> Figure:
    """Words and their nearest neighbours, on a map of their vectors and as a list.

    The map shows the two directions in which these vectors differ most (PCA); the list names
    neighbours by the cosine of the angle between vectors, in all of their directions.

    Args:
        found: As `elman.embeddings` gives it.
        words: Some of its words; None: the most frequent longer ones, or none beside analogies.
        analogies: Words `(one, other, third)`: asked is what is to `third` as `other` is to `one`.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        DataError: One is no word of the model, or there is none to choose.
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    asked = list(dict.fromkeys(words or (() if analogies else _frequent(found))))
    chosen = list(dict.fromkeys([*asked, *(word for three in analogies for word in three)]))
    near = {word: found.nearest(word, _NEAR) for word in asked}
    answers = {_said(three): found.analogy(*three, _NEAR) for three in analogies}
    listed = near | answers
    shown = list(dict.fromkeys([*chosen, *(one for row in listed.values() for one, _ in row)]))
    places, share = _map(np.stack([found.vector(word) for word in shown]))
    height = max(1.0 + _HEIGHT, 1.2 + 0.42 * len(listed))
    with canvas(height, theme=theme) as figure:
        left, right = figure.subplots(1, 2, width_ratios=[1.45, 1])
        _draw_map(left, shown, places, set(chosen))
        _draw_list(right, listed)
        finding = _finding(near, answers)
        more = f"The map shows {percent(share)} of how these {len(shown)} vectors differ (PCA)."
        title(figure, finding, more)
    return figure


def _said(three: Sequence[str]) -> str:
    one, other, third = (shortened(word, 12) for word in three)
    return f"{other} is to {one} as to {third}"


def _finding(near: dict[str, list[tuple[str, float]]], answers: dict[str, Any]) -> str:
    """The nearest two words; without any the first analogy's answer."""
    rows = [(word, row[0]) for word, row in near.items() if row]
    if rows:
        first, (best, cosine) = max(rows, key=lambda one: one[1][1])
        return f"“{shortened(first)}” is nearest to “{shortened(best)}” (cosine {cosine:.2f})"
    said, row = next(iter(answers.items()), ("", []))
    if not row:
        return "These words have no neighbours"
    return f"{said}: “{shortened(row[0][0])}” (cosine {row[0][1]:.2f})"


def _frequent(found: Any) -> list[str]:
    """The most frequent words of more than three letters: ids are in the order of counts."""
    longer = [word for word in found.words if word.isalpha() and len(word) > 3][:_CHOSEN]
    if not longer:
        raise DataError("words", "not given, and the model has none to choose from", "some words")
    return longer


def _map(vectors: np.ndarray) -> tuple[np.ndarray, float]:
    """Each vector's place on the plane in which they differ most, and the share that it shows."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    places = np.zeros((len(vectors), 2))
    kept = left[:, :2] * sizes[:2]
    places[:, : kept.shape[1]] = kept
    total = float((sizes**2).sum())
    return places, float((sizes[:2] ** 2).sum()) / total if total else 1.0


def _draw_map(ax: Axes, words: Sequence[str], places: np.ndarray, chosen: set[str]) -> None:
    theme = colours()
    strong = np.array([word in chosen for word in words])
    ax.scatter(*places[~strong].T, s=10, color=theme.grey, linewidths=0)
    ax.scatter(*places[strong].T, s=26, color=theme.blue, linewidths=0)
    ax.margins(0.12)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[["left", "bottom"]].set_visible(False)
    for k, offset in _free_places(words, places):
        across, up = offset
        ax.annotate(
            shortened(words[k], 16),
            places[k],
            (6 * across, 5 * up),
            textcoords="offset points",
            ha=("right", "center", "left")[across + 1],
            va=("top", "center", "bottom")[up + 1],
            fontsize=9 if strong[k] else 8,
            fontweight="bold" if strong[k] else "normal",
            color=theme.ink if strong[k] else theme.grey,
        )


def _free_places(words: Sequence[str], places: np.ndarray) -> Iterator[tuple[int, tuple[int, int]]]:
    """Which words have room beside their points, and where: chosen ones come first."""
    span = np.maximum(np.ptp(places, axis=0), 1e-9)
    points = (places - places.min(axis=0)) / span * [_WIDTH, _HEIGHT - 0.8]
    taken: list[tuple[float, float, float, float]] = []
    dots = [(x - _DOT, x + _DOT, y - _DOT, y + _DOT) for x, y in points.tolist()]
    for k, word in enumerate(words):
        wide = _LETTER * min(16, columns_of(word)) + 0.06
        boxes = {}
        for across, up in _OFFSETS:
            x = points[k, 0] + across * (0.09 + wide / 2)
            y = points[k, 1] + up * (0.08 + _LINE / 2)
            box = (x - wide / 2, x + wide / 2, y - _LINE / 2, y + _LINE / 2)
            if not any(_over(box, other) for other in taken):
                boxes[across, up] = box
        others = [dot for n, dot in enumerate(dots) if n != k]
        hidden = {at: sum(_over(box, dot) for dot in others) for at, box in boxes.items()}
        if hidden:
            best = min(hidden, key=lambda at: hidden[at])  # of equal ones the first
            taken.append(boxes[best])
            yield k, best


def _over(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    across = one[0] < other[1] and other[0] < one[1]
    return across and one[2] < other[3] and other[2] < one[3]


def _draw_list(ax: Axes, near: dict[str, list[tuple[str, float]]]) -> None:
    """Each chosen word, and below it its neighbours in a line or two."""
    ax.set_axis_off()
    ax.set_xlim(0, 1)
    ax.set_ylim(max(len(near), _CHOSEN), 0)
    for row, (word, others) in enumerate(near.items()):
        ax.text(0, row + 0.1, shortened(word, 40), va="top", fontsize=9, fontweight="bold")
        said = [f"{shortened(other, 12)} {cosine:.2f}" for other, cosine in others]
        lines = [", ".join(said[: _NEAR // 2]), ", ".join(said[_NEAR // 2 :])]
        ax.text(
            0, row + 0.42, "\n".join(line for line in lines if line), va="top", fontsize=7.5,
            color=colours().grey, linespacing=1.15,
        )  # fmt: skip
