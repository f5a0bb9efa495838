"""The words that a tagger got wrong most often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from elman.errors import ShapeError
from elman.plots.style import called, canvas, percent, shortened, title, whole_ticks
from elman.plots.themes import colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["mistagged"]

_ROW = 0.3  # inches


def mistagged(
    words: Sequence[str],
    true: Sequence[Any],
    predicted: Sequence[Any],
    *,
    most: int = 16,
    theme: str | None = None,
) -> Figure:
    """The most frequent mistakes: a word, its true tag, and the tag it was given.

    Args:
        words: All N words, one sentence after the other.
        true: Their tags `[N]`.
        predicted: What was predicted `[N]`.
        most: How many kinds of mistakes to show.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ShapeError: They do not have N rows each.
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    rows = len(words)
    if {len(true), len(predicted)} != {rows} or not rows:
        found = f"{rows} words, {len(true)} true and {len(predicted)} predicted tags"
        raise ShapeError("mistagged", found, "pass N of each, N ≥ 1")
    names = [
        (word, str(tag), str(said)) for word, tag, said in zip(words, true, predicted, strict=True)
    ]
    of = Counter((word, tag) for word, tag, _ in names)
    counts = Counter(one for one in names if one[1] != one[2])
    shown = counts.most_common(most)
    with canvas(1.55 + _ROW * len(shown) if shown else 0.9, theme=theme) as figure:
        if shown:
            _draw(figure.subplots(), shown, of)
        title(figure, *_finding(rows, sum(counts.values()), len(counts), len(shown)))
    return figure


def _draw(ax: Axes, shown: Sequence[tuple[tuple[str, str, str], int]], of: Counter[Any]) -> None:
    """A bar for each kind of mistake; at its right, of how many such words it is."""
    places = range(len(shown))
    ax.barh(places, [count for _, count in shown], 0.62, color=colours().orange)
    pairs = [
        (shortened(word, 16), called(tag, 12), called(said, 12)) for (word, tag, said), _ in shown
    ]
    ax.set_yticks(places, [f"{word}   {tag} → {said}" for word, tag, said in pairs])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    whole_ticks(ax.xaxis)
    ax.set_xlabel("number of mistakes")
    right = ax.secondary_yaxis("right")
    totals = [(count, of[word, tag]) for (word, tag, _), count in shown]
    texts = [f"{count:,} of {total:,} ({percent(count / total)})" for count, total in totals]
    right.set_yticks(places, texts, fontsize=8.5, color=colours().grey)
    right.tick_params(length=0, pad=4)
    right.spines[:].set_visible(False)


def _finding(rows: int, wrong: int, kinds: int, shown: int) -> tuple[str, str]:
    if not wrong:
        all_of_them = f"All {rows:,} words were" if rows > 1 else "The one word was"
        return f"{all_of_them} tagged correctly", "There is no mistake to show."
    were = "was" if wrong == 1 else "were"
    finding = f"{wrong:,} of {rows:,} words {were} tagged wrongly ({percent(wrong / rows)})"
    part = (
        f"The {shown} most frequent of {kinds:,} kinds of mistakes" if shown < kinds else "Mistakes"
    )
    more = "word, true tag → tag it was given; at the right, of how many such words."
    return finding, f"{part}: {more}"
