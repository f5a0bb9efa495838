"""How series go on: the end of the history, the forecast, its intervals, and what came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from elman.data.tables.timestamps import local_times, shown
from elman.plots.style import amount, canvas, explain, percent, shortened, title
from elman.plots.themes import blend, colours
from elman.plots.timelines import (
    History,
    chosen,
    draw_observed,
    label_times,
    line_width,
    mean_error,
    observed,
    values_at,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from elman.runtime.forecasting import Forecast

__all__ = ["forecast"]

_MOST = 4  # series that are drawn unless some are named
_PAST = 2  # horizons of history that are drawn …
_LEAST_PAST = 40  # … and at least so many steps
_DOTTED = 14  # steps up to which each has a dot


def forecast(
    forecast: Forecast,
    history: History,
    actual: History | None = None,
    *,
    series: Sequence[str] | None = None,
    intervals: Sequence[float] | None = None,
    theme: str | None = None,
) -> Figure:
    """The forecasts of some series, a panel for each of them and each target.

    Args:
        forecast: What `predict` gave.
        history: For each series that is drawn its times `[T]` and values `[T]` or `[T, K]`, NaN
            where missing; all of it: its end is drawn.
        actual: What came, in the same way, as far as it is known; only what lies at the
            forecast's times is drawn.
        series: Names of those to draw; None: the first four.
        intervals: Shares that they hold, as (0.5, 0.8); None: all that the forecast has.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ArgumentError: A series or an interval that the forecast or the history has not; there is no
            such theme.
        ShapeError: A series' times, values and targets do not fit each other.
        MissingExtraError: matplotlib is not installed.
    """
    names = chosen(forecast.names, series, forecast.names[:_MOST])
    shares = sorted(_shares(forecast.levels) if intervals is None else intervals, reverse=True)
    panels = [
        _Panel(forecast, name, k, shares, history, actual)
        for name in names
        for k in range(len(forecast.targets))
    ]
    with canvas(1.2 + (2.6 if len(panels) == 1 else 1.75 * len(panels)), theme=theme) as figure:
        axes = list(figure.subplots(len(panels), 1, squeeze=False)[:, 0])
        for ax, panel in zip(axes, panels, strict=True):
            panel.draw(ax)
        _explain(axes[0])
        _share_dates(axes)
        title(figure, *_finding(forecast, names, panels, shares))
    return figure


def _shares(levels: Sequence[float]) -> list[float]:
    """What is held between each level and its counterpart."""
    return [1 - 2 * q for q in levels if q < 0.5 and np.isclose(levels, 1 - q).any()]


class _Panel:
    """One target of one series."""

    def __init__(
        self,
        forecast: Forecast,
        name: str,
        k: int,
        shares: Sequence[float],
        history: History,
        actual: History | None,
    ) -> None:
        n, targets = forecast.names.index(name), len(forecast.targets)
        self.target = forecast.targets[k]
        self.name = name if targets == 1 else f"{name}: {self.target}"
        self.times, self.mean = forecast.times[n], forecast.mean[n, :, k]
        self.zone = forecast.written.zone
        bounds = (forecast.interval(share) for share in shares)
        self.intervals = {
            share: (low[n, :, k], high[n, :, k])
            for share, (low, high) in zip(shares, bounds, strict=True)
        }
        times, values = observed(history, name, targets)
        past = np.flatnonzero(times < self.times[0])[-max(_PAST * len(self.times), _LEAST_PAST) :]
        self.past_times, self.past = times[past], values[past, k]
        self.actual = np.full(len(self.times), np.nan)
        if actual is not None:
            self.actual = values_at(*observed(actual, name, targets), self.times)[:, k]

    @property
    def error(self) -> float:
        """Mean absolute error; NaN where nothing came yet."""
        return float(mean_error(self.actual[None], self.mean[None])[0])

    def draw(self, ax: Axes) -> None:
        dots = (
            {"marker": "o", "markersize": 3, "markevery": slice(-len(self.times), None)}
            if len(self.times) <= _DOTTED
            else {}
        )
        tints = zip(self.intervals.items(), _tints(len(self.intervals)), strict=True)
        for place, ((share, (low, high)), tint) in enumerate(tints):
            (times, low), (_, high) = self._from_origin(low), self._from_origin(high)
            ax.fill_between(
                times, low, high, color=tint, linewidth=0, zorder=1 + place / 10,
                label=f"{100 * share:.3g} % interval",
            )  # fmt: skip
        draw_observed(ax, self.past_times, self.past)
        width = line_width(len(self.times) + len(self.past_times), 1.6)
        ax.plot(
            *self._from_origin(self.mean), color=colours().blue, linewidth=width, zorder=4,
            label="forecast", **dots,
        )  # fmt: skip
        if not np.isnan(self.actual).all():
            ax.plot(
                *self._from_origin(self.actual), color=colours().orange, linewidth=width,
                zorder=3.5, label="what came", **dots,
            )  # fmt: skip
        if len(self.past_times):
            ax.axvline(
                self.past_times[-1], color=colours().grey, linewidth=0.9, linestyle=(0, (4, 3))
            )
        error = "" if np.isnan(self.error) else f"  (off by {amount(self.error)} on average)"
        ax.set_title(shortened(self.name, 44) + error, fontsize=10)
        ax.set_ylabel(shortened(self.target, 20))
        ax.margins(x=0.01)
        label_times(ax, self.times, self.zone)

    def _from_origin(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Times and values, with the last observed ones before them."""
        known = np.flatnonzero(~np.isnan(self.past))[-1:]
        return (
            np.concatenate([self.past_times[known], self.times]),
            np.concatenate([self.past[known], values]),
        )


def _tints(count: int) -> np.ndarray:
    """RGB `[N, 3]` of blue, the faintest first."""
    return blend(colours().blue, np.linspace(0.2, 0.2 + 0.12 * (count - 1), count))


def _explain(ax: Axes) -> None:
    """What lines and shades are, between the first panel and its title."""
    handles, names = ax.get_legend_handles_labels()
    order = sorted(range(len(names)), key=lambda k: names[k].endswith("interval"))  # lines first
    ax.set_title(ax.get_title(loc="left"), fontsize=10, pad=20)
    explain(ax, "above left", handles=[handles[k] for k in order], labels=[names[k] for k in order])


def _share_dates(axes: Sequence[Axes]) -> None:
    """Panels over the same time need their dates only once, below the last."""
    limits = {ax.get_xlim() for ax in axes}
    if len(limits) == 1:
        for ax in axes[:-1]:
            ax.tick_params(labelbottom=False)
            ax.set_xlabel("")
            ax.xaxis.get_offset_text().set_visible(False)


def _finding(
    forecast: Forecast, names: Sequence[str], panels: Sequence[_Panel], shares: Sequence[float]
) -> tuple[str, str]:
    steps = forecast.times.shape[1]
    found = f"The next {steps} steps" if steps > 1 else "The next step"
    first, last = (np.unique([panel.times[end] for panel in panels]) for end in (0, -1))
    if len(first) == len(last) == 1:
        span = [shown(local_times(each, forecast.written.zone)[0]) for each in (first, last)]
        found += f", {' to '.join(span[: min(steps, 2)])}"
    actual = np.concatenate([panel.actual for panel in panels])
    known = ~np.isnan(actual)
    if known.any() and shares:
        bounds = [panel.intervals[shares[0]] for panel in panels]
        low, high = (np.concatenate(side) for side in zip(*bounds, strict=True))
        inside = ((low <= actual) & (actual <= high))[known].mean()
        found = f"{percent(inside)} of what came lies in the {100 * shares[0]:.3g} % interval"
    more = "The dashed line is the last step that was read."
    if len(names) < len(forecast):
        more = f"{len(names)} of {len(forecast):,} series. {more}"
    return found, more
