"""Which of the words that are read a translator looks at while it writes each of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from elman.errors import ShapeError
from elman.plots.lettering import columns_of
from elman.plots.style import canvas, shortened, title
from elman.plots.themes import colours, shades

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["attention"]

_MOST = 80  # tokens of either side that are drawn
_LARGEST, _WIDE = 0.34, 5.9  # inches: of a cell, of all columns
_LONGEST = 20  # letters of a token
_LETTER = 0.062  # inches, for each letter of a name that stands upright
_ONCE = 0.5  # a token that has so much of the attention is the one that is looked at
_SIGNS = {" ": "␣", "\n": "↵", "\t": "⇥", "\r": "␍"}


def attention(
    source_tokens: Sequence[str],
    target_tokens: Sequence[str],
    weights: np.ndarray,
    *,
    theme: str | None = None,
) -> Figure:
    """The attention of each written token over those that were read, as shades.

    Read tokens stand across, in their order; written ones down. A row's shades sum to one. Of long
    sentences the beginning is shown.

    Args:
        source_tokens: The S tokens that were read.
        target_tokens: The U tokens that were written.
        weights: `[U, S]` ≥ 0, where the sum of each row is one.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ShapeError: The weights are not `[U, S]` with U and S ≥ 1.
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    weights = np.asarray(weights, dtype=np.float64)
    whole = (len(target_tokens), len(source_tokens))
    if weights.shape != whole or not weights.size:
        found = f"shape {weights.shape} beside {whole[0]} written and {whole[1]} read tokens"
        raise ShapeError("weights", found, f"[{whole[0]}, {whole[1]}], both at least 1")
    shown = weights[:_MOST, :_MOST]
    cell = min(_LARGEST, _WIDE / shown.shape[1])
    across, down = (
        [_name(token) for token in tokens[:_MOST]] for tokens in (source_tokens, target_tokens)
    )
    above = _LETTER * max(map(columns_of, across)) + 0.1
    with canvas(max(cell * len(down) + above + 1.3, 2.6), theme=theme) as figure:
        ax = figure.subplots()
        scale = shades(colours().shares)
        image = ax.imshow(shown, cmap=scale, vmin=0, vmax=1, aspect="equal", interpolation="none")
        ax.set_anchor("NW")
        _name_tokens(ax, across, down, cell)
        wide, tall = (cell * size for size in shown.shape[::-1])  # inches
        beside = ax.inset_axes((1 + 0.15 / wide, 0, 0.12 / wide, min(1.0, 1.4 / tall)))
        bar = figure.colorbar(image, cax=beside)
        bar.set_ticks([0, 0.5, 1], labels=["0", "½", "1"])
        bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
        title(figure, _finding(weights), _more(shown.shape, whole))
    return figure


def _name(token: str) -> str:
    """A token for a place where blanks can be told apart; all other letters as they are."""
    plain = token if token.strip() else "".join(_SIGNS.get(sign, sign) for sign in token)
    return shortened(plain, _LONGEST) or "∅"


def _name_tokens(ax: Axes, across: list[str], down: list[str], cell: float) -> None:
    size = float(np.clip(cell * 72 * 0.62, 5, 9.5))
    ax.xaxis.tick_top()
    ax.set_xticks(range(len(across)), across, fontsize=size, rotation=90)
    ax.set_yticks(range(len(down)), down, fontsize=size)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)
    if cell > 0.12:
        ax.set_xticks(np.arange(len(across) - 1) + 0.5, minor=True)
        ax.set_yticks(np.arange(len(down) - 1) + 0.5, minor=True)
        ax.grid(which="minor", color=colours().paper, linewidth=0.8)


def _finding(weights: np.ndarray) -> str:
    """How many tokens there are that look at one place."""
    sure = int((weights.max(axis=1) >= _ONCE).sum())
    looks = "looks" if sure == 1 else "look"
    return f"{sure:,} of {len(weights):,} written tokens {looks} mostly at one that was read"


def _more(shown: tuple[int, ...], whole: tuple[int, int]) -> str:
    more = "Down what is written, across what was read; a row's shades sum to 1."
    if shown == whole:
        return more
    return (
        f"{more} Shown are the first {shown[0]:,} of {whole[0]:,} written and {shown[1]:,} of "
        f"{whole[1]:,} read tokens."
    )
