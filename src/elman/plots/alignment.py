"""What a transcriber hears over time: the sound's features, how probable labels are, and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from elman.errors import ShapeError
from elman.plots.style import canvas, explain, percent, shortened, title, whole_ticks
from elman.plots.themes import colours, shades
from elman.printable import many

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["alignment"]

_RANGE = 14.0  # nats of energy below the loudest (61 dB)
_TICKS = 5  # frequencies that are named
_PROBABLE = 0.05  # a label that is never more has no line


def alignment(
    steps: np.ndarray,
    chances: np.ndarray,
    names: Sequence[str],
    labels: Sequence[str],
    times: np.ndarray,
    step_seconds: float = 1.0,
    *,
    spectrogram: np.ndarray | None = None,
    hertz: np.ndarray | None = None,
    true: str | None = None,
    theme: str | None = None,
) -> Figure:
    """The sound over time, below it the probabilities of labels, and where each is said.

    Labels that are probable anywhere have a line, of many the most probable ones.

    Args:
        steps: `[T, F]` features.
        chances: `[T, K]` in [0, 1]: of each class at each step, the blank's first.
        names: K names of the classes.
        labels: The U labels that were heard.
        times: Seconds `[U, 2]`: where each begins and has ended.
        step_seconds: Seconds of a step.
        spectrogram: `[M, B]` logarithms of energies of B bands over the same time, which are drawn
            in place of the features; NaN where there is no sound.
        hertz: `[B]`, the frequencies of these.
        true: What is really said, if it is known.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ShapeError: There is no step, or shapes do not fit each other.
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    steps, chances = np.asarray(steps, np.float64), np.asarray(chances, np.float64)
    times = np.asarray(times, np.float64).reshape(-1, 2)
    if steps.ndim != 2 or not len(steps):
        raise ShapeError("steps", f"found {list(steps.shape)}", "[T, F], at least one step")
    if chances.shape != (len(steps), len(names)):
        expected = f"[{len(steps)}, {len(names)}]: a class a name"
        raise ShapeError("chances", f"found {list(chances.shape)}", expected)
    if len(times) != len(labels):
        raise ShapeError("times", f"{len(times)} for {len(labels)} labels", "as many of both")
    _check_spectrogram(spectrogram, hertz)
    with canvas(5.2, theme=theme) as figure:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
        end = len(steps) * step_seconds
        shown = steps if spectrogram is None else spectrogram
        above.imshow(
            shown.T, cmap=shades(colours().amounts), aspect="auto", origin="lower",
            extent=(0, end, 0, shown.shape[1]), interpolation="none", vmin=_quietest(spectrogram),
        )  # fmt: skip
        above.set_ylabel("feature" if spectrogram is None else "Hz")
        if hertz is not None:
            places = np.linspace(0, len(hertz) - 1, min(_TICKS, len(hertz))).astype(int)
            above.set_yticks(places + 0.5, [f"{hertz[k]:,.0f}" for k in places])
        _draw_chances(below, chances, names, step_seconds)
        _mark(above, below, labels, times)
        below.set_xlabel("seconds" if step_seconds != 1.0 else "step")
        below.set_xlim(0, end)
        if step_seconds == 1.0:
            whole_ticks(below.xaxis)
        title(figure, _finding(labels, true), _more(chances, times))
    return figure


def _check_spectrogram(spectrogram: np.ndarray | None, hertz: np.ndarray | None) -> None:
    bands = None if hertz is None else len(hertz)
    found = None if spectrogram is None else list(np.shape(spectrogram))
    if found is None and bands is None:
        return
    if found is None or len(found) != 2 or not all(found) or found[1] != bands:
        raise ShapeError("spectrogram", f"found {found} with {bands} hertz", "[M, B], and B hertz")


def _quietest(spectrogram: np.ndarray | None) -> float | None:
    """What is drawn as nothing: digital silence is so far below that all else would look alike."""
    if spectrogram is None or np.isnan(spectrogram).all():
        return None
    return max(float(np.nanmin(spectrogram)), float(np.nanmax(spectrogram)) - _RANGE)


def _draw_chances(ax: Axes, chances: np.ndarray, names: Sequence[str], step_seconds: float) -> None:
    middle = (np.arange(len(chances)) + 0.5) * step_seconds
    ax.plot(middle, chances[:, 0], color=colours().faint, label="blank", linewidth=1.2)
    palette, peaks = colours().palette, chances[:, 1:].max(axis=0)
    ranked = np.argsort(-peaks, kind="stable")[: len(palette)]  # a colour each
    for n, k in enumerate(sorted((ranked[peaks[ranked] >= _PROBABLE] + 1).tolist())):
        label = shortened(str(names[k]).strip() or "␣", 14)
        ax.plot(middle, chances[:, k], color=palette[n % len(palette)], label=label, linewidth=1.4)
    ax.set_ylim(0, 1.05)
    ax.set_ylabel("probability")
    ax.grid(axis="y", color=colours().rule, linewidth=0.6)
    explain(ax, "right")


def _mark(above: Axes, below: Axes, labels: Sequence[str], times: np.ndarray) -> None:
    """Where each label is said: a band over both, and its name at the top."""
    for label, (start, end) in zip(labels, times.tolist(), strict=True):
        for ax in (above, below):
            ax.axvspan(start, end, color=colours().blue, alpha=0.18, linewidth=0)
        shown = shortened(str(label).strip() or "␣", 12)
        above.annotate(
            shown, ((start + end) / 2, 1.0), xycoords=("data", "axes fraction"),
            xytext=(0, 2), textcoords="offset points", ha="center", va="bottom", fontsize=8,
        )  # fmt: skip


def _finding(labels: Sequence[str], true: str | None) -> str:
    heard = " ".join(labels) if any(len(one) > 1 for one in labels) else "".join(labels)
    said = f"Heard: {shortened(heard, 60)}" if labels else "Nothing is heard: all is blank"
    return said if true is None else f"{said} (said: {shortened(true, 60)})"


def _more(chances: np.ndarray, times: np.ndarray) -> str:
    blank = float((chances.argmax(axis=1) == 0).mean())
    said = f"{many(len(times), 'label')} in {many(len(chances), 'step')}, of which "
    return f"{said}{percent(blank)} are mostly blank; bands: where a label is said."
