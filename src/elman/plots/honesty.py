"""The honesty report as one picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ArgumentError
from elman.metrics.honesty import sentences
from elman.plots.horizon import draw_steps, error_name
from elman.plots.style import (
    WIDTH,
    amount,
    canvas,
    footnotes,
    percent,
    shortened,
    title,
    whole_ticks,
    wrapped,
)
from elman.plots.themes import Theme, colours, ink_on
from elman.printable import many

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["honesty"]

_NAMED_SERIES = 12  # with more, their distribution is drawn
_MOST_ALARMS = 4  # that are printed
_CLIPPED = -1.0  # skill below it is drawn at it
_LEAST_SAID = -0.75  # skill below it is told as so many times the error
_MISSED = 0.05  # of what an interval promises: from here on it is orange


def honesty(report: Mapping[str, Any], *, theme: str | None = None) -> Figure:
    """What a forecaster is worth: skill, errors by step and series, coverage, and what to doubt.

    Args:
        report: An honesty report, as of `Backtest.report` or of `evaluate`, or the JSON of it.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ArgumentError: The report compares with no baseline; there is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    if not report["skill"]:
        raise ArgumentError("report", "found no baselines", "one to compare with, at least")
    alarms, others = _doubts(report)
    doubts = [*alarms[:_MOST_ALARMS], *others]
    if (more := len(alarms) - _MOST_ALARMS) > 0:
        doubts.insert(_MOST_ALARMS, f"{more} more alarm{'s' * (more > 1)}.")
    lower = _lower_panels(report)
    heights = [0.55 + 0.3 * len(report["skill"]), 2.3]
    heights += [max(height for _, height in lower)] if lower else []
    words = [line for line in sentences(report) if line not in [*alarms, *others]]
    lines = sum(len(wrapped(text, WIDTH - 0.3, 10)) for text in [*doubts, *words])
    with canvas(1.6 + sum(heights) + 0.18 * lines, theme=theme) as figure:
        grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
        _draw_skill(figure.add_subplot(grid[0]), report)
        steps = figure.add_subplot(grid[1])
        hidden = draw_steps(steps, report)
        steps.set_title("Error by step")
        if hidden:
            words.append(f"Larger than the picture of the steps shows: {', '.join(hidden)}.")
        if lower:
            below = grid[2].subgridspec(1, len(lower))
            for place, (draw, _) in enumerate(lower):
                draw(figure.add_subplot(below[place]), report)
        title(figure, *_finding(report), doubts=doubts)
        footnotes(figure, words)
    return figure


def _lower_panels(
    report: Mapping[str, Any],
) -> list[tuple[Callable[[Axes, Mapping[str, Any]], None], float]]:
    """What is drawn in the last row, with its height in inches."""
    panels: list[tuple[Callable[[Axes, Mapping[str, Any]], None], float]] = []
    count = len(_by_series(report))
    if count > 1:
        panels.append((_draw_series, 2.0 if count > _NAMED_SERIES else 0.7 + 0.22 * count))
    if report["coverage"]:
        panels.append((_draw_coverage, 0.75 + 0.3 * len(report["coverage"])))
    return panels


def _by_series(report: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Names and errors, worst first, of the series that have one."""
    rows = ((row["series"], row[report["measure"]]) for row in report["by_series"])
    return [(name, error) for name, error in rows if error is not None]


def _draw_skill(ax: Axes, report: Mapping[str, Any]) -> None:
    """A bar for each baseline, and beside it in words how the model compares with it."""
    from matplotlib.ticker import MaxNLocator

    theme = colours()
    skills = {name: entry["skill"] for name, entry in report["skill"].items()}
    known = [skill for skill in skills.values() if skill is not None]
    ax.set_xlim(max(_CLIPPED, min([*known, -0.05]) * 1.05), max([*known, 0.05]) * 1.05)
    for row, entry in enumerate(report["skill"].values()):
        skill, outcome = entry["skill"], entry["outcome"]
        colour = _colour(theme, outcome)
        says = "no number" if skill is None else _signed(skill)
        if skill is not None:
            ax.barh(row, max(skill, _CLIPPED), color=colour, height=0.62, zorder=2)
        if skill is not None and skill < _CLIPPED:
            ax.plot(_CLIPPED + 0.03, row, "<", color=ink_on(colour), markersize=6, zorder=3)
        for offset, text, side in ((62, says, "right"), (72, outcome, "left")):
            ax.annotate(
                text, (1, row), xytext=(offset, 0), xycoords=("axes fraction", "data"),
                textcoords="offset points", va="center", ha=side, color=colour, fontsize=9.5,
                fontweight="bold" if side == "left" else "normal",
            )  # fmt: skip
    ax.set_yticks(range(len(skills)), [shortened(name, 24) for name in skills])
    ax.set_ylim(len(skills) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.axvline(0, color=colours().ink, linewidth=0.9, zorder=3)
    ax.grid(axis="x", color=colours().rule, linewidth=0.6)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %".replace("-", "−"))
    ax.set_title(f"Share of each baseline's {report['measure'].upper()} that is saved (skill)")


def _colour(theme: Theme, outcome: str) -> str:
    return {"better": theme.blue, "worse": theme.orange}.get(outcome, theme.grey)


def _signed(skill: float) -> str:
    """In percent, with its sign, as long as that is short."""
    if skill < _LEAST_SAID:
        return f"{1 - skill:,.{0 if skill < -9 else 1}f} × error"
    return f"{100 * skill:+,.1f} %".replace("-", "−")


def _draw_series(ax: Axes, report: Mapping[str, Any]) -> None:
    rows = _by_series(report)
    errors = np.array([error for _, error in rows])
    ax.set_title(f"Error of each of {len(rows):,} series")
    if len(rows) <= _NAMED_SERIES:
        ax.barh(range(len(rows)), errors, color=colours().blue, height=0.62)
        ax.set_yticks(range(len(rows)), [shortened(name, 20) for name, _ in rows])
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="x", color=colours().rule, linewidth=0.6)
        ax.set_axisbelow(True)
        ax.set_xlabel(error_name(report))
        return
    ax.hist(
        errors, bins=int(np.clip(2 * np.sqrt(len(errors)), 8, 40)), color=colours().blue, alpha=0.85
    )
    whole_ticks(ax.yaxis, 5)
    ax.set_ylabel("number of series")
    median = float(np.median(errors))
    ax.axvline(median, color=colours().orange, linewidth=1.2)
    ax.set_xlabel(f"{error_name(report)}; half are below {amount(median)}")


def _draw_coverage(ax: Axes, report: Mapping[str, Any]) -> None:
    """What each interval promises to hold, as a ring, and what it holds, as a dot."""
    intervals = report["coverage"]
    for row, interval in enumerate(intervals):
        promised, found = interval["promised"], interval["found"]
        kept = abs(found - promised) <= _MISSED
        colour = colours().blue if kept else colours().orange
        ax.plot([promised, found], [row, row], color=colour, linewidth=2, zorder=2)
        ax.plot(
            [promised], [row], "o", color=colours().grey, markersize=8, fillstyle="none", zorder=3
        )
        ax.plot([found], [row], "o", color=colour, markersize=6, zorder=4, clip_on=False)
        ax.annotate(
            percent(found), (1, row), xytext=(6, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", va="center", color=colour, fontsize=9.5,
        )  # fmt: skip
    ax.set_yticks(range(len(intervals)), [f"{100 * each['promised']:.3g} %" for each in intervals])
    ax.set_ylim(len(intervals) - 0.4, -0.6)
    ax.set_xlim(0, 1)
    ax.tick_params(axis="y", length=0)
    ax.grid(color=colours().rule, linewidth=0.6)
    ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    ax.set_title("Intervals: promised (ring), found (dot)")


def _doubts(report: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """What must not be overlooked: alarms; warnings, and that a forecast is the last value."""
    persistence = report["persistence"]
    alarms = [f"Leak? {alarm['sentence']}" for alarm in report["leakage"]]
    warnings = [line for line in report["verdict"] if line.startswith("Warning: ")]
    return alarms, [*warnings, *([persistence["sentence"]] if persistence["persistence"] else [])]


def _finding(report: Mapping[str, Any]) -> tuple[str, str]:
    outcomes = [entry["outcome"] for entry in report["skill"].values()]
    better, count = outcomes.count("better"), len(outcomes)
    if count == 1:
        found = f"{'Better' if better else 'Not better'} than the one baseline"
    else:
        several = f"all {count}" if better == count else f"{better or 'none'} of {count}"
        found = f"Better than {several} baselines"
    metrics = report["metrics"]
    shown = (("MAE", "mae"), ("RMSE", "rmse"), ("sMAPE", "smape"), ("MASE", "mase"))
    numbers = [
        f"{name} {amount(metrics[key])}" + " %" * (key == "smape")
        for name, key in shown
        if metrics[key] is not None
    ]
    steps = f"{report['horizon']} step{'s' * (report['horizon'] > 1)}"
    return found, (
        f"{many(report['windows'], 'forecast')} of {steps}, {len(report['series']):,} series: "
        f"{', '.join(numbers)}."
    )
