"""One calm style for all pictures, and how a picture becomes a file.

Colours are told apart with every common kind of colour blindness (Okabe and Ito 2008). No
picture goes through pyplot, so none stays open and nobody's own settings change.
"""

from __future__ import annotations

import io
import os
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elman.errors import ArgumentError, MissingExtraError
from elman.files import replace_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "BLUE",
    "GREY",
    "INK",
    "ORANGE",
    "PALETTE",
    "RED",
    "RULE",
    "amount",
    "canvas",
    "file_kind",
    "footnotes",
    "percent",
    "save",
    "shortened",
    "title",
]

INK, GREY, RULE = "#222222", "#6b6b6b", "#d9d9d9"
BLUE, ORANGE, RED = "#0072B2", "#D55E00", "#B3001B"
PALETTE = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9")

WIDTH = 8.0
"""Inches; 800 pixels at 100 dots an inch, where the smallest text is still legible."""
_DOTS = 160
_SETTINGS: Any = {
    "font.family": ["DejaVu Sans"],
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.5,
    "axes.unicode_minus": True,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "white",
    "svg.hashsalt": "elman",  # the same picture gives the same file
}


@contextmanager
def canvas(height: float, width: float = WIDTH) -> Iterator[Figure]:
    """An empty figure to draw on in our style, in a `with` block.

    Args:
        height: Inches.
        width: Inches.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError.of("matplotlib", "train", "the pictures") from error
    with matplotlib.rc_context(_SETTINGS):
        yield Figure(figsize=(width, height), dpi=100, layout="constrained")


def title(figure: Figure, finding: str, more: str = "", doubts: Sequence[str] = ()) -> None:
    """What the picture shows, as a sentence above it; quieter lines, and loud ones, below that."""
    height = figure.get_size_inches()[1]
    below = 0.12  # inches from the top
    paragraphs = [(finding, 76, 0.25, {"fontsize": 13, "fontweight": "bold"})]
    paragraphs += [(more, 104, 0.19, {"color": GREY})] if more else []
    paragraphs += [(doubt, 98, 0.19, {"color": RED, "fontweight": "bold"}) for doubt in doubts]
    for text, width, line_height, look in paragraphs:
        lines = textwrap.wrap(text, width) or [""]
        figure.text(0.012, 1 - below / height, "\n".join(lines), va="top", **look)
        below += line_height * len(lines)
    engine = figure.get_layout_engine()
    assert engine is not None
    top = 1 - (below + 0.1) / height
    engine.set(rect=(0.005, 0.005, 0.985, top))  # pyright: ignore[reportCallIssue]


def footnotes(figure: Figure, notes: Sequence[str]) -> None:
    """Small lines below the picture; call it after `title`."""
    height = figure.get_size_inches()[1]
    lines = [line for note in notes for line in textwrap.wrap(note, 118)]
    figure.text(0.012, 0.08 / height, "\n".join(lines), va="bottom", fontsize=8.5, linespacing=1.3)
    engine = figure.get_layout_engine()
    assert engine is not None
    left, bottom, width, tall = engine.get()["rect"]
    room = (0.12 + 0.155 * len(lines)) / height
    engine.set(rect=(left, bottom + room, width, tall - room))  # pyright: ignore[reportCallIssue]


def shortened(label: object, most: int = 18) -> str:
    """A label for a place where only `most` characters fit."""
    text = str(label)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def percent(share: float) -> str:
    """A share in [0, 1] for a reader: "97.8 %"; 100 % and 0 % only if it is exactly that.

    >>> percent(0.9777), percent(0.99999), percent(1), percent(0.00001)
    ('97.8 %', '> 99.9 %', '100 %', '< 0.1 %')
    """
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    if round(share, 3) in (0.0, 1.0):
        return "> 99.9 %" if share > 0.5 else "< 0.1 %"
    return f"{100 * share:.1f} %"


def amount(value: float) -> str:
    """The first three digits of a value for a reader, with a minus sign that is one.

    >>> amount(-0.12345), amount(195_822.7), amount(2.0)
    ('−0.123', '196,000', '2')
    """
    return f"{float(f'{value:.3g}'):,.10g}".replace("-", "−")


def file_kind(path: str | os.PathLike[str]) -> str:
    """Either "png" or "svg", as the path's suffix says; `ArgumentError` if it says neither."""
    kind = Path(path).suffix.lower().lstrip(".")
    if kind not in ("png", "svg"):
        raise ArgumentError(os.fspath(path), f"suffix {kind!r}", "end it in .png or .svg")
    return kind


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a picture as PNG or SVG, whichever the path's suffix says, atomically.

    Raises:
        ArgumentError: The suffix is neither `.png` nor `.svg`.
        BundleError: The folder or the disk refused; an older picture is unchanged.
    """
    import matplotlib

    kind = file_kind(path)
    content = io.BytesIO()
    metadata: dict[str, Any] = {"Date": None} if kind == "svg" else {}
    with matplotlib.rc_context(_SETTINGS):
        figure.savefig(content, format=kind, dpi=_DOTS, metadata=metadata)
    replace_file(Path(path), content.getvalue())
