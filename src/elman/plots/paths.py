"""How agents go on: what was seen, the fan of futures over it, and what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from elman.errors import ArgumentError
from elman.plots.style import amount, canvas, explain, footnotes, percent, shortened, title
from elman.plots.themes import blend, colours
from elman.printable import many
from elman.runtime.moving.encounters import Encounter
from elman.runtime.moving.futures import Futures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["paths"]

_FANS = 8  # agents whose fans are drawn
_LINES = 60  # of a fan
_TOLD = 3  # encounters that are told below the picture
_LABELLED = 0.05  # chance from which a pair is marked


def paths(
    futures: Futures,
    *,
    scene: str | None = None,
    agents: Sequence[str] | None = None,
    came: Mapping[str, Float[np.ndarray, "T 2"]] | None = None,
    met: Sequence[Encounter] = (),
    distance: float | None = None,
    unit: str = "",
    theme: str | None = None,
) -> Figure:
    """One scene from above: each agent's path, the fan of its futures, and what came.

    Args:
        futures: With samples, as `PathModel.predict` gives them.
        scene: Which one; None: the first, or that of the likeliest encounter.
        agents: Whose fans are drawn; None: those of the likeliest encounters, then of those who
            move most, at most eight.
        came: Of some agents of the scene, by name, where they went.
        met: Who may come near whom, as `PathModel.encounters` gives it.
        distance: How near that is, in the data's own unit.
        unit: Of places, as "m".
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ArgumentError: There is no such scene, agent or theme, or there are no samples.
        MissingExtraError: matplotlib is not installed.
    """
    if futures.samples.shape[1] == 0:
        raise ArgumentError("futures", "without samples", "predict(paths, samples=100)")
    scene = scene or (met[0].scene if met else futures.scenes[0])
    rows = [n for n, name in enumerate(futures.scenes) if name == scene]
    if not rows:
        known = ", ".join(dict.fromkeys(futures.scenes))
        raise ArgumentError("scene", f"no agent of {scene!r}", f"one of {known}")
    met = [one for one in met if one.scene == scene]
    shown = _shown(futures, scene, rows, agents, met)
    told, notes = _finding(futures, scene, rows, came or {}, met, distance, unit)
    with canvas(7.4, theme=theme) as figure:
        ax = figure.subplots()
        for row in rows:
            _draw(ax, futures, row, row in shown, (came or {}).get(futures.agents[row]))
        _mark(ax, futures, met, distance)
        _dress(ax, futures, rows, shown, unit, came)
        title(figure, *told)
        if notes:
            footnotes(figure, notes)
    return figure


def _shown(
    futures: Futures,
    scene: str,
    rows: Sequence[int],
    agents: Sequence[str] | None,
    met: Sequence[Encounter],
) -> list[int]:
    """The rows whose fans are drawn."""
    if agents is not None:
        return [futures.row(scene, name) for name in agents]
    found = [futures.row(scene, name) for one in met for name in (one.agent, one.other)]
    moved = np.abs(futures.mean[rows, -1] - futures.seen[rows, -1]).sum(axis=1)
    found += [rows[k] for k in np.argsort(-moved, kind="stable")]
    return list(dict.fromkeys(found))[:_FANS]


def _draw(ax: Axes, futures: Futures, row: int, fan: bool, came: np.ndarray | None) -> None:
    """One agent."""
    theme, seen, mean = colours(), futures.seen[row], futures.mean[row]
    last = seen[-1:]
    if fan:
        for sample in futures.samples[row][:_LINES]:
            line = np.concatenate([last, sample])
            ax.plot(*line.T, color=theme.blue, alpha=0.13, linewidth=1.1, zorder=2)
    onward = np.concatenate([last, mean])
    strong = theme.blue if fan else blend(theme.blue, 0.45)
    plain = last + np.arange(0, len(mean) + 1)[:, None] * (seen[-1] - seen[-2])
    ax.plot(*plain.T, color=theme.orange, linewidth=1.1, dashes=(3, 2), zorder=3)
    ax.plot(*onward.T, color=strong, linewidth=2.0, zorder=4)
    ax.plot(*seen.T, color=theme.ink, linewidth=1.6, zorder=5)
    ax.plot(*last.T, "o", color=theme.ink, markersize=4.5, zorder=6)
    if came is not None and len(came):
        after = np.concatenate([last, came])
        ax.plot(*after.T, color=theme.ink, linewidth=1.3, linestyle=(0, (1, 1.6)), zorder=5)


def _mark(ax: Axes, futures: Futures, met: Sequence[Encounter], distance: float | None) -> None:
    """A ring around where a likely pair comes near, with the chance."""
    from matplotlib.patches import Circle

    theme = colours()
    for one in met[:_TOLD]:
        if one.chance < _LABELLED:
            continue
        at = [_place(futures, futures.row(one.scene, name), one.step)
              for name in (one.agent, one.other)]  # fmt: skip
        middle = (at[0] + at[1]) / 2
        radius = distance or float(np.abs(at[0] - at[1]).max())
        ax.add_patch(
            Circle(tuple(middle), radius, fill=False, color=theme.red, linewidth=1.4, zorder=7)
        )
        ax.annotate(
            percent(one.chance), (middle[0], middle[1] + radius), xytext=(0, 2),
            textcoords="offset points", ha="center", va="bottom", fontsize=9, fontweight="bold",
            color=theme.red, zorder=8,
            bbox={"facecolor": theme.paper, "edgecolor": "none", "alpha": 0.85, "pad": 1.0},
        )  # fmt: skip


def _place(futures: Futures, row: int, step: float) -> np.ndarray:
    """Where an agent is forecast to be after so many steps."""
    known = np.concatenate([futures.seen[row, -1:], futures.mean[row]])
    below = min(int(step), len(known) - 2)
    return known[below] + (step - below) * (known[below + 1] - known[below])


def _dress(
    ax: Axes,
    futures: Futures,
    rows: Sequence[int],
    shown: Sequence[int],
    unit: str,
    came: Mapping[str, np.ndarray] | None,
) -> None:
    """Names, equal axes, the legend."""
    from matplotlib.lines import Line2D

    theme = colours()
    for row in shown:
        ax.annotate(
            shortened(futures.agents[row], 10), tuple(futures.seen[row, 0]), xytext=(-3, -3),
            textcoords="offset points", ha="right", va="top", fontsize=8, color=theme.grey,
        )  # fmt: skip
    places = np.concatenate([futures.seen[rows].reshape(-1, 2), futures.mean[rows].reshape(-1, 2)])
    drawn = futures.samples[shown][:, :_LINES].reshape(-1, 2)
    inner = np.quantile(drawn, [0.01, 0.99], axis=0)
    low = np.minimum(places.min(axis=0), inner[0])
    high = np.maximum(places.max(axis=0), inner[1])
    room = 0.04 * max((high - low).max(), 1e-9)
    ax.set_xlim(low[0] - room, high[0] + room)
    ax.set_ylim(low[1] - room, high[1] + room)
    ax.set_aspect("equal", adjustable="box")
    ax.set_xlabel(f"x{_in(unit)}")
    ax.set_ylabel(f"y{_in(unit)}")
    looks: dict[str, dict[str, Any]] = {
        "seen": {"color": theme.ink, "marker": "o", "markersize": 4},
        "came": {"color": theme.ink, "linestyle": (0, (1, 1.6))},
        "forecast": {"color": theme.blue, "linewidth": 2},
        "samples": {"color": theme.blue, "alpha": 0.3},
        "constant velocity": {"color": theme.orange, "dashes": (3, 2)},
    }
    if not came:
        del looks["came"]
    handles = []
    for name, look in looks.items():
        dashes = look.pop("dashes", None)
        line = Line2D([], [], label=name, **look)
        if dashes is not None:
            line.set_dashes(dashes)
        handles.append(line)
    explain(ax, "above", handles=handles, labels=list(looks), ncols=len(handles))


def _finding(
    futures: Futures,
    scene: str,
    rows: Sequence[int],
    came: Mapping[str, np.ndarray],
    met: Sequence[Encounter],
    distance: float | None,
    unit: str,
) -> tuple[tuple[str, str], list[str]]:
    """What the picture shows, and what stands below it."""
    ahead = futures.mean.shape[1]
    frames = futures.frames[rows]
    more = f"{many(len(rows), 'agent')} of {shortened(scene, 40)}, {ahead} steps from frame "
    more += f"{amount(float(frames[:, 0].min()))} on; {futures.samples.shape[1]} samples each"
    notes = []
    within = "" if distance is None else f" nearer than {amount(distance)}{_of(unit)}"
    for one in met[:_TOLD]:
        notes.append(
            f"{_pair(one)} come{within} with a chance of {percent(one.chance)}, first after "
            f"{one.step:.1f} steps (the median of the samples in which they do)."
        )
    errors = _errors(futures, rows, came)
    if met:
        first = met[0]
        finding = f"{_pair(first)} come{within} with a chance of {percent(first.chance)}"
        return (finding, more), notes[1:]
    if distance is not None:
        return (f"No two agents come{within} in any sample", more), notes
    if errors is None:
        return (f"How {many(len(rows), 'agent')} may go on", more), notes
    found, plain = errors
    finding = f"Forecasts are {amount(found)}{_of(unit)} off on average"
    if np.isclose(found, plain, rtol=5e-4):
        return (f"{finding}, as constant velocity is", more), notes
    than = "less" if found < plain else "more"
    told = f"{finding}: {than} than the {amount(plain)}{_of(unit)} of constant velocity"
    return (told, more), notes


def _errors(
    futures: Futures, rows: Sequence[int], came: Mapping[str, np.ndarray]
) -> tuple[float, float] | None:
    """The mean distance of forecast and of constant velocity from what came, as far as it did."""
    found, plain = [], []
    for row in rows:
        after = came.get(futures.agents[row])
        if after is None or not len(after):
            continue
        seen, steps = futures.seen[row], len(after)
        onward = seen[-1] + np.arange(1, steps + 1)[:, None] * (seen[-1] - seen[-2])
        found.append(np.sqrt(np.square(futures.mean[row, :steps] - after).sum(axis=1)))
        plain.append(np.sqrt(np.square(onward - after).sum(axis=1)))
    if not found:
        return None
    return float(np.concatenate(found).mean()), float(np.concatenate(plain).mean())


def _pair(one: Encounter) -> str:
    return f"Agents {shortened(one.agent)} and {shortened(one.other)}"


def _in(unit: str) -> str:
    return f" ({unit})" if unit else ""


def _of(unit: str) -> str:
    return f" {unit}" if unit else ""
