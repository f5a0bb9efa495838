"""What a classifier believes after each word of a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ArgumentError, ShapeError
from elman.plots.lettering import columns_of
from elman.plots.style import canvas, footnotes, percent, shortened, title, whole_ticks
from elman.plots.themes import colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["sentence"]

_ROOM = 86.0  # letters that stand side by side
_GAP = 1.6  # letters between words
_MOST_LINES = 14  # of words; a longer text is drawn as one curve
_NAMED = 8  # words of a longer text that are named
_LONGEST = 26  # letters of a word


def sentence(
    pieces: Sequence[str],
    probabilities: np.ndarray,
    labels: Sequence[Any],
    true: Any = None,
    *,
    theme: str | None = None,
) -> Figure:
    """Reading a text: its words line by line, and above each what was believed after it.

    The blue line is the probability of the class that is answered in the end; where another one is
    true, the orange line is that one's. Of a text with too many words for lines there is one curve,
    and the words are named after which the answer's probability changed most.

    Args:
        pieces: The T words.
        probabilities: `[T, K]`, the class probabilities after each word.
        labels: The K classes' names.
        true: The text's class, one of `labels`; None: not known.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ShapeError: The probabilities are not `[T, K]` with K labels and T ≥ 1.
        ArgumentError: `true` is none of the labels; there is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    chances, labels = np.asarray(probabilities, dtype=np.float64), list(labels)
    if chances.shape != (len(pieces), len(labels)) or not chances.size:
        found = f"shape {chances.shape} beside {len(pieces)} words and {len(labels)} labels"
        raise ShapeError("probabilities", found, f"pass [{len(pieces)}, {len(labels)}], T ≥ 1")
    if true is not None and true not in labels:
        raise ArgumentError("true", f"found {true!r}", f"one of the labels {labels}")
    answer = int(chances[-1].argmax())
    words = [shortened(piece, _LONGEST) for piece in pieces]
    lines = _lines(words)
    curves = {answer: colours().blue}
    if true is not None and labels.index(true) != answer:
        curves[labels.index(true)] = colours().orange
    long = len(lines) > _MOST_LINES
    height = 3.4 if long else 1.0 + 0.78 * len(lines)
    with canvas(height, theme=theme) as figure:
        if long:
            _draw_curve(figure.subplots(), chances, curves)
        else:
            panels = figure.subplots(len(lines), 1, squeeze=False)[:, 0]
            for ax, line in zip(panels, lines, strict=True):
                _draw_line(ax, line, words, chances, curves)
        title(figure, *_finding(labels, true, answer, chances[-1], curves))
        if long:
            footnotes(figure, [_turns(words, chances[:, answer])])
    return figure


def _lines(words: Sequence[str]) -> list[dict[int, tuple[float, float]]]:
    """For each line the words on it, by their number: where each begins and ends, in letters."""
    lines: list[dict[int, tuple[float, float]]] = [{}]
    right = 0.0
    for number, word in enumerate(words):
        wide = max(2.0, float(columns_of(word))) + _GAP
        if lines[-1] and right + wide > _ROOM:
            lines.append({})
            right = 0.0
        lines[-1][number] = (right, right + wide)
        right += wide
    return lines


def _draw_line(
    ax: Axes,
    line: dict[int, tuple[float, float]],
    words: Sequence[str],
    chances: np.ndarray,
    curves: dict[int, str],
) -> None:
    """A line of words, and above each the probabilities after it."""
    numbers = list(line)
    edges = [line[numbers[0]][0], *(right for _, right in line.values())]
    for place, colour in curves.items():
        ax.stairs(chances[numbers, place], edges, baseline=None, color=colour, linewidth=1.6)
    answered = next(iter(curves))
    shade = {"color": colours().blue, "alpha": 0.15, "linewidth": 0}
    ax.stairs(chances[numbers, answered], edges, fill=True, **shade)
    for number, (left, right) in line.items():
        ax.text(
            (left + right) / 2, -0.16, words[number], ha="center", va="top", fontsize=9,
            clip_on=False,
        )  # fmt: skip
    _share_axis(ax, edges[0], _ROOM)
    ax.set_xticks([])
    ax.spines["bottom"].set_bounds(edges[0], edges[-1])
    ax.set_ylim(-0.62, 1.05)
    ax.spines["bottom"].set_position(("data", 0))
    ax.spines["left"].set_bounds(0, 1)


def _draw_curve(ax: Axes, chances: np.ndarray, curves: dict[int, str]) -> None:
    """The probabilities after all words, from the first to the last."""
    steps = np.arange(1, len(chances) + 1)
    for place, colour in curves.items():
        ax.plot(steps, chances[:, place], color=colour, linewidth=1.4)
    _share_axis(ax, 1, len(chances))
    ax.set_ylim(-0.04, 1.04)
    ax.set_xlabel("words read")
    whole_ticks(ax.xaxis)


def _share_axis(ax: Axes, left: float, right: float) -> None:
    """Shares upwards, and a line at one half."""
    ax.set_xlim(left, right)
    ax.set_yticks([0, 0.5, 1], ["0", "½", "1"])
    ax.axhline(0.5, color=colours().rule, linewidth=0.8, zorder=0)


def _turns(words: Sequence[str], chances: np.ndarray) -> str:
    """The words after which a probability changed most, in a sentence."""
    change = np.diff(chances, prepend=chances[0])
    most = np.argsort(-np.abs(change), kind="stable")[:_NAMED]
    named = (f"“{words[k]}” ({k + 1:,}: {change[k]:+.2f})".replace("-", "−") for k in most)
    return "The answer's probability changed most after " + ", ".join(named) + "."


def _finding(
    labels: list[Any], true: Any, answer: int, chances: np.ndarray, curves: dict[int, str]
) -> tuple[str, str]:
    taken, sure = shortened(labels[answer]), percent(float(chances[answer]))
    line = f"The blue line is the probability of “{taken}” after each word"
    if true is None:
        return f"“{taken}” ({sure})", f"{line}."
    if len(curves) == 1:
        return f"“{taken}”, predicted correctly ({sure})", f"{line}."
    name = shortened(true)
    return f"“{name}”, taken for “{taken}” ({sure})", f"{line}, the orange one that of “{name}”."
