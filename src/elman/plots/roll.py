"""A piece of music as a piano roll: which pitch sounds when."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from elman.errors import ShapeError
from elman.plots.style import canvas, explain, footnotes, title
from elman.plots.themes import blend, colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["piano_roll"]

_NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "G♯", "A", "B♭", "B")
_BLACK = {1, 3, 6, 8, 10}
_ROW = 32.0  # quarter notes side by side, where there are no bars
_BARS = 8  # of a row
_MOST_ROWS = 8
_FULL = 6.0  # bits at which the shade is full
_FEWEST = 13  # pitches that a row shows


def piano_roll(
    pitches: Sequence[int] | np.ndarray,
    starts: Sequence[float] | np.ndarray,
    durations: Sequence[float] | np.ndarray,
    *,
    bars: Sequence[float] = (),
    bits: Sequence[float] | np.ndarray | None = None,
    given: float = 0.0,
    finding: str = "A piece of music",
    more: str = "",
    theme: str | None = None,
) -> Figure:
    """Notes as bars over time, the higher the pitch the higher up; long pieces in several rows.

    Args:
        pitches: `[N]`, by MIDI's number: 60 is middle C.
        starts: `[N]`, when each begins, in quarter notes.
        durations: `[N]`, how long each sounds, in quarter notes.
        bars: Where bar lines stand, in quarter notes.
        bits: `[N]`, how surprising each note was to a model; None: all have one colour.
        given: Up to where the piece was given rather than written, in quarter notes.
        finding: The title.
        more: A quieter line below it.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ShapeError: There is no note, or not as many of each.
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    arrays = [np.asarray(one, dtype=np.float64) for one in (pitches, starts, durations)]
    shades = None if bits is None else np.asarray(bits, dtype=np.float64)
    sizes = {one.shape for one in (*arrays, *(() if shades is None else (shades,)))}
    if len(sizes) != 1 or not arrays[0].size or arrays[0].ndim != 1:
        raise ShapeError("pitches", f"shapes {sorted(sizes)}", "a note or more, each with all")
    end = float((arrays[1] + arrays[2]).max())
    cuts = _rows(sorted(bars), end)
    shown = cuts[: _MOST_ROWS + 1]
    low, high = _range(arrays[0])
    tall = 0.35 + 0.043 * (high - low + 1)
    with canvas(1.25 + tall * (len(shown) - 1), theme=theme) as figure:
        axes = figure.subplots(len(shown) - 1, 1, squeeze=False)[:, 0]
        widest = max(b - a for a, b in pairwise(shown))
        for ax, (first, last) in zip(axes, pairwise(shown), strict=True):
            _draw_row(ax, arrays, shades, (first, last), given)
            _frame(
                ax, (low, high), (first, first + widest), [b for b in bars if first <= b <= last]
            )
        axes[-1].set_xlabel("quarter notes")
        if given > 0:
            explain(axes[0])
        note = "" if shades is None else "The darker a note, the more surprising to the model."
        title(figure, finding, " ".join(one for one in (more, note) if one))
        if len(shown) < len(cuts):
            footnotes(figure, [f"The first {shown[-1]:g} of {end:g} quarter notes are shown."])
    return figure


def _rows(bars: list[float], end: float) -> list[float]:
    """Where each row begins, and where the last ends."""
    inner = [bar for bar in bars if 0 < bar < end]
    if not inner:
        count = max(1, int(np.ceil(end / _ROW - 1e-9)))
        return [k * _ROW for k in range(count)] + [max(end, _ROW if count > 1 else end)]
    return [0.0, *inner[_BARS - 1 :: _BARS], end]


def _range(pitches: np.ndarray) -> tuple[int, int]:
    low, high = int(pitches.min()), int(pitches.max())
    missing = max(0, _FEWEST - (high - low + 1))
    return low - missing // 2 - 1, high + (missing + 1) // 2 + 1


def _draw_row(
    ax: Axes,
    notes: list[np.ndarray],
    bits: np.ndarray | None,
    span: tuple[float, float],
    given: float,
) -> None:
    """The notes of a row; one that goes on into the next is drawn in both."""
    from matplotlib.patches import Rectangle

    theme, (first, last), named = colours(), span, set[str]()
    for k, (pitch, start, duration) in enumerate(zip(*notes, strict=True)):
        left, right = max(start, first), min(start + duration, last)
        if right <= left:
            continue
        colour, name = theme.blue, "written"
        if start < given:
            colour, name = theme.grey, "given"
        elif bits is not None:
            colour = blend(theme.orange, 0.25 + 0.75 * min(1.0, max(0.0, bits[k] / _FULL)))
        gap = 0.06 * min(1.0, right - left)
        box = (left, pitch - 0.4), max(right - left - gap, 0.03), 0.8
        look = {"facecolor": colour, "edgecolor": theme.ink, "linewidth": 0.3}
        ax.add_patch(Rectangle(*box, **look, label=None if name in named else name))
        named.add(name)


def _frame(
    ax: Axes, pitches: tuple[int, int], span: tuple[float, float], bars: list[float]
) -> None:
    """Rows of black keys, names of the octaves, bar lines."""
    theme, (low, high) = colours(), pitches
    band = blend(theme.grey, 0.13)
    for pitch in range(low, high + 1):
        if pitch % 12 in _BLACK:
            ax.axhspan(pitch - 0.5, pitch + 0.5, color=band, linewidth=0, zorder=0)
    for bar in bars:
        ax.axvline(bar, color=theme.rule, linewidth=0.8, zorder=0.5)
    ax.set_ylim(low - 0.5, high + 0.5)
    ax.set_xlim(*span)
    ticks = [p for p in range(low, high + 1) if p % 12 in (0, 7)]
    ax.set_yticks(ticks, [f"{_NAMES[p % 12]}{p // 12 - 1}" for p in ticks])
    ax.tick_params(axis="y", length=0)
