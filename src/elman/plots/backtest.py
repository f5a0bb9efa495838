"""Forecasts from many origins in the past, and how far off each was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from elman.errors import ArgumentError
from elman.plots.style import amount, canvas, explain, shortened, title
from elman.plots.themes import colours
from elman.plots.timelines import (
    History,
    chosen,
    draw_observed,
    label_times,
    label_values,
    line_width,
    mean_error,
    observed,
    values_at,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from elman.runtime.forecasting import Backtest

__all__ = ["backtest"]

_MOST = 3  # pairs of a series and a target that are drawn unless some are named
_FEWEST_FANS, _MOST_FANS = 3, 12


def backtest(
    backtest: Backtest,
    history: History | None = None,
    *,
    series: Sequence[str] | None = None,
    theme: str | None = None,
) -> Figure:
    """What was forecast from some origins beside what came, and below it the error of all.

    Args:
        backtest: What `backtest` gave.
        history: For each series that is drawn its times `[T]` and values `[T]` or `[T, K]`, NaN
            where missing; None: the steps that were forecast are put together.
        series: Names of those to draw; None: all up to three, else the worst, the middle and the
            best one.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ArgumentError: There is no forecast, or none of a series that was named; there is no such
            theme.
        ShapeError: A series' times, values and targets do not fit each other.
        MissingExtraError: matplotlib is not installed.
    """
    if not len(backtest):
        raise ArgumentError("backtest", "found no origins", "at least one")
    ranks = _ranks(backtest)
    names = chosen([row["series"] for row in backtest.report["by_series"]], series, [*ranks])
    targets = min(max(_MOST // len(names), 1), len(backtest.targets))  # the first ones, of each
    shown = [(name, k) for name in names for k in range(targets)]
    with canvas(1.0 + (3.8 if len(shown) == 1 else 3.1 * len(shown)), theme=theme) as figure:
        bands = figure.subplots(
            2 * len(shown), 1, height_ratios=[2.2, 1] * len(shown), squeeze=False
        )[:, 0].reshape(-1, 2)
        for (above, below), (name, k) in zip(bands, shown, strict=True):
            tested = _Tested(backtest, name, k, history)
            below.sharex(above)
            tested.draw_fan(above)
            tested.draw_errors(below)
            label = name if len(backtest.targets) == 1 else f"{name}: {backtest.targets[k]}"
            rank = f"  ({ranks[name]})" if ranks.get(name) else ""
            above.set_title(shortened(label, 40) + rank, fontsize=10)
        explain(bands[0, 0])
        title(figure, *_finding(backtest, len(names), len(backtest.targets) - targets))
    return figure


def _ranks(backtest: Backtest) -> dict[str, str]:
    """The series that are drawn unless some are named, and what each is among all.

    Several may be as bad as the worst or as good as the best; one without an error is neither.
    """
    rows, measure = backtest.report["by_series"], backtest.report["measure"]
    if len(rows) <= _MOST:
        names = {row["series"] for row in rows}
        return dict.fromkeys((name for name in backtest.names if name in names), "")
    known = [row for row in rows if row[measure] is not None] or rows
    errors = [row[measure] for row in known]
    picked = {0: "worst", len(known) - 1: "best"}
    found = {known[len(known) // 2]["series"]: "the middle"}
    for place, rank in picked.items():
        tied = errors.count(errors[place]) > 1
        found[known[place]["series"]] = f"one of the {rank}" if tied else f"the {rank}"
    order = sorted(found, key=[row["series"] for row in known].index)
    return dict.fromkeys(order, "") if errors[0] == errors[-1] else {n: found[n] for n in order}


class _Tested:
    """The forecasts of one target of one series, in the order of their origins."""

    def __init__(self, backtest: Backtest, name: str, k: int, history: History | None) -> None:
        rows = np.flatnonzero(backtest.series == backtest.names.index(name))
        rows = rows[np.argsort(backtest.steps[rows], kind="stable")]
        self.target = backtest.targets[k]
        self.origins, self.steps = backtest.origins[rows], backtest.steps[rows]
        self.times, self.zone = backtest.times[rows], backtest.written.zone
        self.mean, self.actual = backtest.mean[rows, :, k], backtest.actual[rows, :, k]
        if history is None:
            self.past_times, first = np.unique(self.times, return_index=True)
            self.past = self.actual.ravel()[first]
        else:
            times, values = observed(history, name, len(backtest.targets))
            begin = max(0, np.searchsorted(times, self.origins[0]) - self.times.shape[1])
            end = np.searchsorted(times, self.times[-1, -1], side="right")
            self.past_times, self.past = times[begin:end], values[begin:end, k]
        self.last = values_at(self.past_times, self.past[:, None], self.origins)[:, 0]

    def draw_fan(self, ax: Axes) -> None:
        """What was observed, and some forecasts, each from its origin on."""
        draw_observed(ax, self.past_times, self.past)
        blues = colours().blue, colours().palette[5]
        for place, row in enumerate(self._evenly()):
            times = np.concatenate([self.origins[row, None], self.times[row]])
            values = np.concatenate([self.last[row, None], self.mean[row]])
            begin = int(np.isnan(self.last[row]))  # at the first step if the origin is not known
            ax.plot(
                times[begin:], values[begin:], color=blues[place % 2], zorder=4,
                linewidth=line_width(len(self.past_times), 1.5), marker="o", markevery=[0],
                markersize=3.5, label=None if place else "forecasts",
            )  # fmt: skip
        ax.set_ylabel(shortened(self.target, 20))
        ax.margins(x=0.01)
        ax.tick_params(labelsize=8.5, labelbottom=False)
        ax.xaxis.get_offset_text().set_visible(False)

    def _evenly(self) -> np.ndarray:
        """Rows of some origins, so far apart that two forecasts at most lie over each other."""
        span = int(self.steps[-1] - self.steps[0])
        fans = int(np.clip(2 * span // self.times.shape[1], _FEWEST_FANS, _MOST_FANS))
        return np.unique(np.linspace(0, len(self.steps) - 1, fans).round().astype(int))

    def draw_errors(self, ax: Axes) -> None:
        """The mean absolute error of every forecast, below its origin; and the last value's."""
        marker = "o" if len(self.origins) <= 30 else ""
        errors = {
            "last value": (mean_error(self.actual, self.last[:, None]), colours().grey, 1.0),
            "forecast": (mean_error(self.actual, self.mean), colours().blue, 1.6),
        }
        for name, (values, colour, width) in errors.items():
            if not np.isnan(values).all():
                ax.plot(
                    self.origins, values, color=colour, label=name,
                    linewidth=line_width(len(self.origins), width),
                    marker=marker, markersize=3,
                )  # fmt: skip
        largest = np.concatenate([values for values, _, _ in errors.values()])
        ax.set_ylim(0, 1.12 * np.nan_to_num(largest).max() or 1.0)
        ax.margins(x=0.01)
        ax.grid(axis="y", color=colours().rule, linewidth=0.6)
        ax.set_ylabel("mean error")
        label_values(ax)
        label_times(ax, self.times, self.zone)


def _finding(backtest: Backtest, shown: int, hidden: int) -> tuple[str, str]:
    report = backtest.report
    error, scaled = report["metrics"]["mae"], report["metrics"]["mase"]
    several = len(report["series"]) > 1 or len(report["targets"]) > 1
    ours = f"MASE {amount(scaled)}" if several and scaled is not None else (
        f"mean absolute error {amount(error)}"
    )  # fmt: skip
    steps = f"{backtest.horizon} step{'s' * (backtest.horizon > 1)}"
    found = f"{len(backtest):,} forecasts of {steps}: {ours}"
    more = (
        "Above: what was observed, and the forecasts from some origins (dots). Below: the mean "
        "absolute error of the forecast from each origin; grey: of handing on the last value."
    )
    if shown < len(report["series"]):
        more = f"{shown} of {len(report['series']):,} series. {more}"
    if hidden:
        more += f" {hidden} more target{'s are' if hidden > 1 else ' is'} not shown."
    return found, more
