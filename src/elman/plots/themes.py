"""The colours of a picture: a light and a dark theme, and what can be read on what.

Colours are told apart with every common kind of colour blindness (after Okabe and Ito 2008). Words
stand in `ink`, `grey` or one of the strong colours, each of which can be read on the paper; the
pale ones of the palette are for lines and marks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ArgumentError
from elman.printable import closest

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

__all__ = [
    "THEMES",
    "Theme",
    "blend",
    "check_theme",
    "colours",
    "contrast",
    "ink_on",
    "shades",
    "themed",
]


@dataclass(frozen=True)
class Theme:
    """Colours by what they are for, as "#rrggbb".

    Attributes:
        paper: Behind everything.
        ink: Words and what was observed.
        grey: Quieter words and lines.
        rule: Lines of a grid.
        faint: Marks that are only there to compare with.
        blue: What a picture is about.
        orange: What is held against it, and mistakes.
        red: What must not be overlooked.
        palette: Lines side by side, in this order.
        shares: From none to all of something.
        amounts: From nothing to the largest value.
    """

    paper: str
    ink: str
    grey: str
    rule: str
    faint: str
    blue: str
    orange: str
    red: str
    palette: tuple[str, ...]
    shares: tuple[str, ...]
    amounts: tuple[str, ...]


THEMES = {
    "light": Theme(
        paper="#ffffff",
        ink="#222222",
        grey="#6b6b6b",
        rule="#d9d9d9",
        faint="#b5b5b5",
        blue="#0072B2",
        orange="#C25400",
        red="#B3001B",
        palette=("#0072B2", "#C25400", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
        shares=("#f7fbff", "#c6dbef", "#6baed6", "#2171b5", "#08306b"),
        amounts=("#ffffff", "#111111"),
    ),
    "dark": Theme(
        paper="#17191e",
        ink="#e8e8e8",
        grey="#a6abb3",
        rule="#3a3f48",
        faint="#6d737d",
        blue="#4FA8EE",
        orange="#F39149",
        red="#FF7B86",
        palette=("#4FA8EE", "#F39149", "#2FC79D", "#E59BC6", "#F2C14B", "#B5E2FF"),
        shares=("#1c2027", "#1f3f5f", "#2f74ab", "#6ab6f3", "#d9efff"),
        amounts=("#17191e", "#f2f2f2"),
    ),
}
_FALLBACK = "light"
_CHOSEN: ContextVar[Theme] = ContextVar("theme", default=THEMES[_FALLBACK])


@contextmanager
def themed(theme: str | None) -> Iterator[None]:
    """Within this block pictures are drawn in a theme.

    Args:
        theme: "light" or "dark"; None: the one that holds already, which at first is "light".

    Raises:
        ArgumentError: There is no such theme.
    """
    if theme is None:
        yield
        return
    check_theme(theme)
    before = _CHOSEN.set(THEMES[theme])
    try:
        yield
    finally:
        _CHOSEN.reset(before)


def check_theme(theme: str | None) -> None:
    """`ArgumentError` unless there is such a theme, or it is None."""
    if theme is not None and theme not in THEMES:
        raise ArgumentError("theme", f"found {theme!r}", closest(str(theme), THEMES))


def colours() -> Theme:
    """Those of the picture that is being drawn."""
    return _CHOSEN.get()


def shades(stops: tuple[str, ...]) -> Colormap:
    """A scale of colours that runs evenly through some."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("elman", list(stops))


def blend(colour: Any, strength: Any) -> np.ndarray:
    """RGB of so much of a colour on the paper.

    Args:
        colour: What matplotlib takes for one.
        strength: In [0, 1], any shape S; 0 is the paper.

    Returns:
        `[*S, 3]` in [0, 1].
    """
    from matplotlib.colors import to_rgb

    paper, full = np.array(to_rgb(colours().paper)), np.array(to_rgb(colour))
    return paper + np.asarray(strength)[..., None] * (full - paper)


def contrast(one: Any, other: Any) -> float:
    """How well one colour is read on another, from 1 (not at all) to 21, as WCAG 2.1 defines it.

    >>> round(contrast("white", "black"))
    21
    """
    light, dark = sorted(map(_luminance, (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def ink_on(colour: Any) -> str:
    """The ink or the paper, whichever is the better read on that colour."""
    theme = colours()
    return max(theme.ink, theme.paper, key=lambda one: contrast(one, colour))


def _luminance(colour: Any) -> float:
    from matplotlib.colors import to_rgb

    parts = np.array(to_rgb(colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
