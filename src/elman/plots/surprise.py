"""How surprising each token of a text is to a language model, drawn over the text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from elman.errors import ShapeError
from elman.plots.lettering import columns_of
from elman.plots.style import canvas, footnotes, shortened, title
from elman.plots.themes import blend, colours, ink_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["surprise"]

_ROOM = 84.0  # letters that stand side by side
_MOST_LINES = 24
_FULL = 12.0  # bits at which the shade is full
_NAMED = 6  # tokens that are named
_LONGEST = 26  # letters of a token
_SIGNS = {"\n": "↵", "\t": "⇥", "\r": "␍"}


def surprise(tokens: Sequence[str], bits: np.ndarray, *, theme: str | None = None) -> Figure:
    """A text, each token shaded by how surprising it was to a model that had read those before.

    Lines break where the text's do, and where there is no more room; of a long text the beginning
    is shown.

    Args:
        tokens: T of them, as they are shown.
        bits: `[T]`, -log2(probability) of each.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ShapeError: There is no token, or not a number for each.
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    bits = np.asarray(bits, dtype=np.float64)
    if bits.shape != (len(tokens),) or not len(tokens):
        raise ShapeError("bits", f"shape {bits.shape} beside {len(tokens)} tokens", "one for each")
    words = [_shown(token) for token in tokens]
    gap = 0.0 if np.median([len(token) for token in tokens]) <= 1 else 1.0
    lines = _lines(tokens, words, gap)
    with canvas(1.3 + 0.3 * len(lines), theme=theme) as figure:
        ax = figure.subplots()
        for down, line in enumerate(lines):
            for number, (left, width) in line.items():
                _draw(ax, left, down, width, words[number], float(bits[number]))
        ax.set_xlim(0, _ROOM)
        ax.set_ylim(len(lines) - 0.4, -0.7)
        ax.set_axis_off()
        shown = sum(map(len, lines))
        more = f"; the first {shown:,} of {len(tokens):,} are shown" if shown < len(tokens) else ""
        title(
            figure,
            f"{bits.mean():.2f} bits a token",
            f"The darker, the more surprising after what stands before{more}.",
        )
        footnotes(figure, [_most(words, bits)])
    return figure


def _shown(token: str) -> str:
    plain = "".join(_SIGNS.get(sign, sign) for sign in token)
    return shortened(plain, _LONGEST) if plain.strip() else plain


def _lines(
    tokens: Sequence[str], words: Sequence[str], gap: float
) -> list[dict[int, tuple[float, float]]]:
    """For each line the tokens on it, by their number: where each begins, and how wide it is."""
    lines: list[dict[int, tuple[float, float]]] = [{}]
    right = 0.0
    for number, word in enumerate(words):
        wide = max(1.0, float(columns_of(word))) + gap
        if lines[-1] and right + wide > _ROOM:
            lines.append({})
            right = 0.0
        lines[-1][number] = (right, wide)
        right += wide
        if tokens[number].endswith("\n"):
            lines.append({})
            right = 0.0
    return [line for line in lines if line][:_MOST_LINES]


def _draw(ax: Axes, left: float, down: int, width: float, word: str, bits: float) -> None:
    from matplotlib.patches import Rectangle

    shade = min(1.0, max(0.0, bits / _FULL))
    behind = blend(colours().orange, 0.75 * shade)
    ax.add_patch(Rectangle((left, down - 0.46), width, 0.92, facecolor=behind, linewidth=0))
    middle = left + width / 2
    ax.text(middle, down, word, ha="center", va="center", fontsize=9, color=ink_on(behind))


def _most(words: Sequence[str], bits: np.ndarray) -> str:
    order = np.argsort(-bits, kind="stable")[:_NAMED]
    named = ", ".join(f"“{words[k]}” ({k + 1:,}: {bits[k]:.1f})" for k in order)
    return f"Most surprising, with their place and bits: {named}."
