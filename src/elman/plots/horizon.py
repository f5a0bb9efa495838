"""The error by step of the horizon, beside the baselines'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.plots.style import amount, canvas, explain, shortened, title, whole_ticks
from elman.plots.themes import colours
from elman.plots.timelines import label_values, line_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_steps", "error_name", "horizon"]

_BEYOND = 3  # times the model's and the best baseline's largest error: more leaves the picture
_DOTTED = 14  # steps up to which each has a dot
_MOST_SEASONS = 16  # that are marked …
_FEWEST_SEASONS = 3  # … and from which on they number the axis


def horizon(report: Mapping[str, Any], *, theme: str | None = None) -> Figure:
    """How the error grows with the steps ahead, for the model and every baseline.

    Args:
        report: An honesty report, as of `Backtest.report` or of `evaluate`.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    with canvas(4.0, theme=theme) as figure:
        ax = figure.subplots()
        hidden = draw_steps(ax, report)
        found, more = _finding(report)
        if hidden:
            more += f" Above the picture: {', '.join(hidden)}."
        title(figure, found, more.strip())
    return figure


def error_name(report: Mapping[str, Any]) -> str:
    """The measure that a report's errors are told in, spelled out."""
    if report["measure"] == "mase":
        return "error (MASE)"
    return f"error (MAE, {shortened(report['targets'][0], 20)})"


def draw_steps(ax: Axes, report: Mapping[str, Any]) -> list[str]:
    """The error at each step, a line for the model and each baseline, named at the right.

    Returns:
        The baselines of which a part is too large to be seen, with their largest error.
    """
    curves = _curves(report)
    model = curves["this model"]
    top = _top(model, [curve for curve in curves.values() if curve is not model])
    others = colours().palette[1:] * len(curves)
    shown = dict(zip(curves, (colours().blue, *others), strict=False))
    steps = np.arange(1, len(model) + 1)
    for name, curve in curves.items():
        ours = curve is model
        ax.plot(
            steps, curve, color=shown[name], zorder=4 if ours else 3,
            linewidth=line_width(len(steps), 2.2 if ours else 1.2),
            marker="o" if len(steps) <= _DOTTED else "", markersize=5 if ours else 3.5,
            label=shortened(name, 22),
        )  # fmt: skip
    ax.set_ylim(0, top)
    beside = 0.5 if len(steps) <= _DOTTED else 0
    ax.set_xlim(1 - beside, len(steps) + beside)
    ax.grid(axis="y", color=colours().rule, linewidth=0.6)
    ax.set_ylabel(error_name(report))
    label_values(ax)
    _label_steps(ax, len(steps), report["season"])
    _name_lines(ax, list(curves.values()))
    return [
        f"{name} (up to {amount(float(np.nanmax(curve)))})"
        for name, curve in curves.items()
        if not np.isnan(curve).all() and np.nanmax(curve) > top
    ]


def _curves(report: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Of the model and each baseline the error `[H]`, NaN where it cannot be told."""
    by_step, measure = report["by_step"], report["measure"]
    found = {"this model": by_step[measure]}
    found |= {name: steps[measure] for name, steps in by_step["baselines"].items()}
    return {name: np.array(values, dtype=np.float64) for name, values in found.items()}


def _top(model: np.ndarray, others: list[np.ndarray]) -> float:
    """The upper end of the axis: all curves, unless they dwarf the model and the best baseline."""
    ours = np.nan_to_num(model).max()
    theirs = [np.nanmax(curve) for curve in others if not np.isnan(curve).all()]
    limit = _BEYOND * max(ours, min(theirs, default=0))
    return float(1.06 * min(max(ours, *theirs, 0), limit) or 1.0)


def _label_steps(ax: Axes, steps: int, season: int) -> None:
    """Number the steps; a thin line marks the end of each season."""
    name = "steps ahead"
    ends = list(range(season, steps + 1, season)) if season > 1 else []
    if 0 < len(ends) <= _MOST_SEASONS:
        for end in ends:
            ax.axvline(end, color=colours().grey, linewidth=0.7, linestyle=(0, (1, 3)), zorder=1)
        name += f" (dotted: each season of {season})"
    if steps <= _DOTTED:
        ax.set_xticks(range(1, steps + 1))
    elif _FEWEST_SEASONS <= len(ends) <= _MOST_SEASONS:
        ax.set_xticks([1, *ends[:: -(-len(ends) // 8)]])
    else:
        whole_ticks(ax.xaxis, 10)
    ax.set_xlabel(name)


def _name_lines(ax: Axes, curves: list[np.ndarray]) -> None:
    """Beside the panel, in the order in which the lines end."""
    handles, names = ax.get_legend_handles_labels()
    ends = [curve[~np.isnan(curve)][-1:].sum() for curve in curves]
    order = sorted(range(len(ends)), key=lambda k: -ends[k])
    explain(
        ax, "right", fontsize=9,
        handles=[handles[k] for k in order], labels=[names[k] for k in order],
    )  # fmt: skip


def _finding(report: Mapping[str, Any]) -> tuple[str, str]:
    curves = _curves(report)
    model = curves.pop("this model")
    counted = f"{report['windows']:,} forecasts of {len(report['series']):,} series"
    more = f"{counted.removesuffix(' of 1 series')}."
    if np.isnan(model).all():
        return f"The {error_name(report)} cannot be told", more
    if beaten := [name for name, curve in curves.items() if (model < curve).all()]:
        more += f" Better at every step than {', '.join(beaten)}."
    return _growth(report, model), more


def _growth(report: Mapping[str, Any], model: np.ndarray) -> str:
    """How large the error is at the first step, and where it is largest."""
    name, known = f"The {error_name(report)}", np.flatnonzero(~np.isnan(model))
    start, worst = int(known[0]), int(np.nanargmax(model))
    first, most = amount(float(model[start])), amount(float(model[worst]))
    where = "one step ahead" if start == 0 else f"at step {start + 1}"
    if len(known) == 1:
        return f"{name} is {first} {where}"
    if most == amount(float(np.nanmin(model))):
        return f"{name} is {first} at every step"
    if worst == start:
        return f"{name} is largest {where}: {first}"
    return f"{name} is {first} {where} and at most {most}, at step {worst + 1}"
