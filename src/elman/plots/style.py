"""One calm style for all pictures, and how a picture becomes a file.

No picture goes through pyplot, so none stays open; nobody's own settings change, and none of them
changes a picture.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elman.errors import ArgumentError, MissingExtraError
from elman.files import replace_file
from elman.plots.lettering import USUAL, columns_of, drawable, lettering
from elman.plots.themes import colours, themed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

__all__ = [
    "amount",
    "called",
    "canvas",
    "capital",
    "explain",
    "file_kind",
    "fits",
    "footnotes",
    "percent",
    "save",
    "shortened",
    "title",
    "whole_ticks",
    "wrapped",
]

WIDTH = 8.0
"""Inches; 800 pixels at 100 dots an inch, where the smallest text is still legible."""
_DOTS = 160
_MARGIN = 0.1  # inches, left and right of lines of text
_KINDS = {"pdf": {"CreationDate": None}, "png": {}, "svg": {"Date": None}}
"""What a picture can be saved as, and what keeps its bytes the same each time."""


@contextmanager
def canvas(height: float, width: float = WIDTH, *, theme: str | None = None) -> Iterator[Figure]:
    """An empty figure to draw on in our style, in a `with` block.

    Args:
        height: Inches.
        width: Inches.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError.of("matplotlib", "train", "the pictures") from error
    with themed(theme), _our_settings():
        figure = Figure(figsize=(width, height), dpi=100, layout="constrained")
        yield figure
        lettering().finish(figure)


@contextmanager
def _our_settings() -> Iterator[None]:
    """Matplotlib's settings as it brings them, with ours over them, in a `with` block."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_settings())
        yield


def _settings() -> dict[Any, Any]:
    theme = colours()
    return {
        "font.family": [USUAL],
        "font.size": 10,
        "text.color": theme.ink,
        "axes.edgecolor": theme.grey,
        "axes.facecolor": theme.paper,
        "axes.labelcolor": theme.ink,
        "axes.labelsize": 10,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 10.5,
        "axes.titlecolor": theme.ink,
        "axes.unicode_minus": True,
        "xtick.color": theme.grey,
        "ytick.color": theme.grey,
        "xtick.labelcolor": theme.ink,
        "ytick.labelcolor": theme.ink,
        "xtick.labelsize": 9,
        "ytick.labelsize": 9,
        "lines.linewidth": 1.8,
        "lines.solid_capstyle": "round",
        "figure.facecolor": theme.paper,
        "figure.edgecolor": theme.paper,
        "legend.labelcolor": theme.ink,
        "pdf.fonttype": 42,  # words stay words
        "svg.hashsalt": "elman",  # the same picture gives the same file
    }


def title(figure: Figure, finding: str, more: str = "", doubts: Sequence[str] = ()) -> None:
    """What the picture shows, as a sentence above it; quieter lines, and loud ones, below that."""
    theme = colours()
    width, height = figure.get_size_inches()
    below = 0.12  # inches from the top
    paragraphs = [(finding, 13, "bold", 0.25, theme.ink)]
    paragraphs += [(more, 10, "normal", 0.19, theme.grey)] if more else []
    paragraphs += [(doubt, 10, "bold", 0.19, theme.red) for doubt in doubts]
    for text, size, weight, line_height, colour in paragraphs:
        lines = wrapped(text, width - 2 * _MARGIN, size, weight)
        figure.text(
            _MARGIN / width, 1 - below / height, "\n".join(lines), va="top",
            fontsize=size, fontweight=weight, color=colour,
        )  # fmt: skip
        below += line_height * len(lines)
    engine = figure.get_layout_engine()
    assert engine is not None
    top = 1 - (below + 0.1) / height
    engine.set(rect=(0.005, 0.005, 0.985, top))  # pyright: ignore[reportCallIssue]


def footnotes(figure: Figure, notes: Sequence[str]) -> None:
    """Small lines below the picture; call it after `title`."""
    width, height = figure.get_size_inches()
    lines = [line for note in notes for line in wrapped(note, width - 2 * _MARGIN, 8.5)]
    figure.text(
        _MARGIN / width, 0.08 / height, "\n".join(lines), va="bottom", fontsize=8.5, linespacing=1.3
    )
    engine = figure.get_layout_engine()
    assert engine is not None
    left, bottom, wide, tall = engine.get()["rect"]
    room = (0.12 + 0.155 * len(lines)) / height
    engine.set(rect=(left, bottom + room, wide, tall - room))  # pyright: ignore[reportCallIssue]


def wrapped(text: str, inches: float, size: float, weight: str = "normal") -> list[str]:
    """A text in lines that are no wider than that; a word that is wider is cut.

    Args:
        text: Made drawable, if it is not yet.
        inches: The room.
        size: Of the letters, points.
        weight: "normal" or "bold".
    """
    text = drawable(text)
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if fits(longer, inches, size, weight):
            lines[-1] = longer
            continue
        lines += [word] if lines[-1] else []
        lines[-1] = word
        while not fits(lines[-1], inches, size, weight):
            most = next(
                k
                for k in range(len(word) - 1, 0, -1)
                if k == 1 or fits(word[:k], inches, size, weight)
            )
            lines[-1:] = [word[:most], word := word[most:]]
    return lines


def fits(line: str, inches: float, size: float, weight: str = "normal") -> bool:
    """Whether a drawable line is no wider than that; arguments as of `wrapped`."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=size, **lettering().fonts(line, weight))
    width = text_to_path.get_text_width_height_descent(line, font, False)[0]
    return width <= 0.94 * 72 * inches  # in few dots letters are a little wider than in theory


def explain(ax: Axes, place: str = "above", down: float = 0.0, **look: Any) -> Legend | None:
    """Name what is drawn beside a panel, never in it, where it would cover something.

    Args:
        ax: Its lines and shades that have labels are named; none: there is no legend.
        place: "above" and "above left", on the line of the panel's title; "right"; "below" and
            "below right".
        down: For the places below: how far below the panel, as a share of its height.
        look: What else `Axes.legend` takes.
    """
    loc, anchor = {
        "above": ("lower right", (1.0, 1.0)),
        "above left": ("lower left", (0.0, 1.0)),
        "right": ("center left", (1.0, 0.5)),
        "below": ("upper center", (0.5, -down)),
        "below right": ("upper right", (1.0, -down)),
    }[place]
    handles, names = ax.get_legend_handles_labels()
    given = {"handles": handles, "labels": names, "ncols": 1 if place == "right" else len(names)}
    given |= {
        "frameon": False, "fontsize": 8, "loc": loc, "bbox_to_anchor": anchor, "handlelength": 1.2,
        "borderpad": 0.2, "borderaxespad": 0.2, "handletextpad": 0.5, "columnspacing": 1.0,
    }  # fmt: skip
    given |= look
    return ax.legend(**given) if given["handles"] else None


def whole_ticks(axis: Axis, most: int = 9) -> None:
    """Whole numbers only along an axis of counts, epochs or steps."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=most, integer=True, min_n_ticks=1))
    axis.set_major_formatter(lambda value, _: f"{value:,.0f}".replace("-", "−"))


def shortened(label: object, most: int = 18) -> str:
    """A label for a place where only `most` letters fit, as it can be drawn here.

    >>> shortened("a rather long name", 10), shortened("two\\nlines")
    ('a rather…', 'two lines')
    """
    text = drawable(" ".join(str(label).splitlines()))
    if columns_of(text) <= most:
        return text
    while columns_of(text) > most - 1:
        text = text[:-1]
    return text.rstrip().rstrip("\\") + "…"


def called(label: object, most: int = 18) -> str:
    """What a class is called in a picture: its name `shortened`, and a word where it has none.

    >>> called("maybe"), called(" ")
    ('maybe', '(no name)')
    """
    return shortened(label, most) if str(label).strip() else "(no name)"


def capital(text: str) -> str:
    """With a large first letter, as at the beginning of a sentence."""
    return text[:1].upper() + text[1:]


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
    """One of "pdf", "png" and "svg", as the path's suffix says; else an `ArgumentError`."""
    kind = Path(path).suffix.lower().lstrip(".")
    if kind not in _KINDS:
        raise ArgumentError(os.fspath(path), f"suffix {kind!r}", "end it in .png, .svg or .pdf")
    return kind


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a picture as PNG, SVG or PDF, whichever the path's suffix says, atomically.

    Raises:
        ArgumentError: The suffix is none of `.png`, `.svg` and `.pdf`.
        BundleError: The folder or the disk refused; an older picture is unchanged.
    """
    kind = file_kind(path)
    content = io.BytesIO()
    with _our_settings():
        figure.savefig(content, format=kind, dpi=_DOTS, metadata=dict(_KINDS[kind]))
    replace_file(Path(path), content.getvalue())
