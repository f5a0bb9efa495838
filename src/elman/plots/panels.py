"""Values over time in one panel of a picture: a heat map of many, lines of a few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.plots.style import explain, shortened
from elman.plots.themes import THEMES, colours, shades

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "FEW",
    "heat_map",
    "label_steps",
    "label_units",
    "lines",
    "number",
    "numbers",
    "shares",
    "signed",
    "spread",
]

FEW = len(THEMES["light"].palette)
"""Up to so many values have a line each; more are a heat map."""


def shares() -> dict[str, Any]:
    """Colours for values in [0, 1]."""
    return {"cmap": shades(colours().shares), "vmin": 0.0, "vmax": 1.0}


def signed(values: np.ndarray) -> dict[str, Any]:
    """Colours for values of both signs: orange below zero, blank at zero, blue above."""
    theme = colours()
    scale = shades((theme.orange, theme.paper, theme.blue))
    reach = float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0
    return {"cmap": scale, "vmin": -reach, "vmax": reach}


def spread(values: np.ndarray) -> dict[str, Any]:
    """Colours for values of unknown range: `signed`, or blank to full if none is negative."""
    known = values[np.isfinite(values)]
    if known.min(initial=0.0) < 0:
        return signed(values)
    most = float(known.max(initial=0.0)) or 1.0
    return {"cmap": shades(colours().amounts), "vmin": 0.0, "vmax": most}


def number(value: float, digits: int = 2) -> str:
    """The first digits of a value, with a minus sign that is one.

    >>> number(-0.1234), number(250.0)
    ('−0.12', '2.5e+02')
    """
    return f"{value:.{digits}g}".replace("-", "−")


def numbers(values: np.ndarray) -> list[str]:
    """Values of one kind, each with as many digits as tell them apart.

    >>> numbers(np.array([1_000_300.5, 1_000_312.0])), numbers(np.array([-0.1234, 2.0]))
    (['1,000,300', '1,000,312'], ['−0.12', '2'])
    """
    known = values[np.isfinite(values)]
    reach, span = (float(np.abs(known).max()), float(np.ptp(known))) if len(known) else (0.0, 0.0)
    digits = 2
    if span and reach:
        digits = int(np.clip(np.ceil(np.log10(reach / span)) + 2, 2, 9))
    elif reach:  # the same value everywhere
        digits = max(4, int(np.floor(np.log10(reach))) + 1)
    return [f"{float(f'{value:.{digits}g}'):,.10g}".replace("-", "−") for value in values]


def heat_map(ax: Axes, values: np.ndarray, **scale: Any) -> None:
    """Values `[T, U]` with time across and units down, and their scale at the right.

    Args:
        ax: Where to draw.
        values: What is drawn.
        scale: `cmap`, `vmin` and `vmax`, as `signed`, `spread` and `shares` give them.
    """
    figure = ax.get_figure(root=True)
    assert figure is not None
    shown = ax.imshow(values.T, aspect="auto", interpolation=_interpolation(values), **scale)
    bar = figure.colorbar(shown, ax=ax, pad=0.012, fraction=0.02, aspect=9)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    ends = scale["vmin"], scale["vmax"]
    bar.set_ticks(list(ends), labels=[number(end) for end in ends])
    bar.ax.tick_params(labelsize=7.5, length=0, labelcolor=colours().grey)
    ax.set_yticks([])
    ax.tick_params(axis="x", length=0)
    for spine in ax.spines.values():
        spine.set_visible(True)
        spine.set_color(colours().rule)


def _interpolation(values: np.ndarray) -> str:
    """Sharp edges, unless there are more values than dots."""
    steps, units = values.shape
    return "nearest" if steps <= 800 and units <= 100 else "antialiased"


def lines(ax: Axes, values: np.ndarray, names: Sequence[str]) -> None:
    """Values `[T, U]`, U ≤ `FEW`, as a line each, with their names above the upper right corner."""
    drawn, shown = [], [shortened(name, 14) for name in names]
    for column, name, colour in zip(values.T, shown, colours().palette, strict=False):
        marker = "o" if np.isfinite(column).sum() == 1 else ""
        drawn += ax.plot(
            column, color=colour, linewidth=1.4, marker=marker, markersize=4, label=name
        )
    ax.grid(axis="y", color=colours().rule, linewidth=0.6)
    ax.margins(x=0)
    ax.set_xlim(-0.5, len(values) - 0.5)
    ax.tick_params(axis="y", labelsize=7.5, length=0, labelcolor=colours().grey)
    ax.tick_params(axis="x", length=0)
    ax.spines["bottom"].set_visible(False)
    if any(names):
        explain(ax, handles=drawn, labels=shown, ncols=len(shown))


def label_units(ax: Axes, name: str, more: str) -> None:
    """What a panel shows, beside it at the left: its name, and below it a quieter word."""
    aside = -34 if len(ax.get_yticks()) else -10  # points: numbers stand between
    for text, y, size, colour, side in (
        (name, 1, 10, colours().ink, "bottom"),
        (more, -1, 8, colours().grey, "top"),
    ):
        ax.annotate(
            text, (0, 0.5), xytext=(aside, y), textcoords="offset points", ha="right", va=side,
            xycoords="axes fraction", fontsize=size, color=colour,
        )  # fmt: skip


def label_steps(ax: Axes, steps: int, *, down: bool = False) -> None:
    """Number the steps, from 1, below the lowest panel, or beside it where they run down."""
    from matplotlib.ticker import MaxNLocator

    most = 8 if down else 10
    counts = MaxNLocator(nbins=most, integer=True, min_n_ticks=1).tick_values(1, steps)
    named = [1, *(int(count) for count in counts if 1 < count <= steps)]
    (ax.set_yticks if down else ax.set_xticks)(
        [count - 1 for count in named], [f"{count:,}" for count in named]
    )
    if not down:
        ax.set_xlabel("step")
