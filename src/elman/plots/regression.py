"""Predicted numbers against the true ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ShapeError
from elman.metrics import r2, rmse
from elman.metrics.scorecards import number_card
from elman.plots.style import amount, canvas, percent, shortened, title, whole_ticks, wrapped
from elman.plots.themes import colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

__all__ = ["regression"]

_MOST = 4  # targets that are drawn, a row of the picture each
_WIDE, _TALL = 2.6, 2.0  # inches, of a panel
_TICKS = 5  # parts of an axis, at most


def regression(
    true: Any,
    predicted: Any,
    names: Sequence[str] | None = None,
    *,
    theme: str | None = None,
) -> Figure:
    """Predicted against true values, and what is left over, for each target.

    Args:
        true: `[N]` or `[N, K]`; for a number per step, the real steps. The first four of K
            targets are drawn.
        predicted: As `true`.
        names: The K targets, with their units; None: "target", or "target 1" and so on.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ShapeError: The shapes differ, there are no rows, or not K names.
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    rmse(true, predicted)  # checks the shapes
    true, predicted = (np.asarray(a, dtype=np.float64) for a in (true, predicted))
    true, predicted = true.reshape(len(true), -1), predicted.reshape(len(predicted), -1)
    outputs = true.shape[1]
    if names is None:
        names = ["target"] if outputs == 1 else [f"target {k + 1}" for k in range(outputs)]
    if len(names) != outputs:
        raise ShapeError("names", f"{len(names)} for {outputs} targets", "pass one a target")
    score = number_card(true, predicted, None)["r2"]
    drawn = min(outputs, _MOST)
    with canvas(0.8 + 3.1 * drawn, theme=theme) as figure:
        rows = figure.subplots(drawn, 2, squeeze=False, width_ratios=[1.15, 1])
        for k, (left, right) in enumerate(rows):
            name = shortened(names[k], 60)
            _draw_agreement(left, true[:, k], predicted[:, k], name)
            _draw_residuals(right, predicted[:, k] - true[:, k], name)
        title(figure, *_finding(score, true, predicted, names))
    return figure


def _finding(
    score: float | None, true: np.ndarray, predicted: np.ndarray, names: Sequence[str]
) -> tuple[str, str]:
    rows, outputs = true.shape
    mean = f" (the mean over {outputs} targets)" if outputs > 1 else ""
    if (true == predicted).all():
        found = (
            "Every value was predicted exactly" if rows > 1 else "The value was predicted exactly"
        )
    elif score is None:
        found = "The true values are all equal: there is no variance to explain"
    elif score > 0:
        found = f"{percent(score)} of the variance is explained{mean}"
    else:
        than = "no better than" if score == 0 else "worse than"
        found = f"The predictions are {than} always giving the mean{mean}"
    errors = ", ".join(
        f"{shortened(name, 30)} {amount(rmse(t, p))}"
        + (f" (R² {_signed(r2(t, p), 2)})" if outputs > 1 and (t != t[0]).any() else "")
        for name, t, p, _ in zip(names, true.T, predicted.T, range(_MOST), strict=False)
    )
    known = "R² is not defined" if score is None else f"R² = {_signed(score, 3)}"
    more = f"{known} over {rows:,} value{'s' * (rows > 1)}"
    left_out = f" {outputs - _MOST} more targets are not drawn." * (outputs > _MOST)
    return found, f"{more}; typical error (RMSE): {errors}.{left_out}"


def _signed(value: float, digits: int) -> str:
    """With a minus sign that is one."""
    return f"{value:.{digits}f}".replace("-", "−")


def _draw_agreement(ax: Axes, true: np.ndarray, predicted: np.ndarray, name: str) -> None:
    """A point a row; on the line the prediction is exact."""
    low, high = min(true.min(), predicted.min()), max(true.max(), predicted.max())
    margin = 0.04 * (high - low) or 0.5
    limits = low - margin, high + margin
    ax.plot(limits, limits, color=colours().grey, linewidth=1, zorder=1)
    alpha = float(np.clip(30 / np.sqrt(len(true)), 0.08, 0.75))
    ax.plot(
        true, predicted, "o", color=colours().blue, alpha=alpha, markersize=4, markeredgewidth=0,
        rasterized=len(true) > 2000,
    )  # fmt: skip
    ax.set_xlim(limits)
    ax.set_ylim(limits)
    ax.set_aspect("equal")
    _number(ax.xaxis, limits)
    _number(ax.yaxis, limits)
    ax.set_xlabel(_in_lines(f"true {name}", _WIDE))
    ax.set_ylabel(_in_lines(f"predicted {name}", _TALL))


def _number(axis: Axis, limits: tuple[float, float]) -> None:
    """As few ticks as do not touch, each as it is: no offset stands in a corner."""
    from matplotlib.ticker import MaxNLocator

    def shown(value: float, _: Any = None) -> str:
        return f"{value:,.10g}".replace("-", "−")

    ticks = MaxNLocator(nbins=_TICKS).tick_values(*limits)
    widest = max(len(shown(tick)) for tick in ticks)
    axis.set_major_locator(MaxNLocator(nbins=int(np.clip(_WIDE / (0.1 * widest), 1, _TICKS))))
    axis.set_major_formatter(shown)
    axis.set_tick_params(labelsize=8.5)


def _in_lines(text: str, inches: float) -> str:
    """What an axis shows, no longer than the axis."""
    return "\n".join(wrapped(text, inches, 10))


def _draw_residuals(ax: Axes, residuals: np.ndarray, name: str) -> None:
    bins = int(np.clip(2 * np.sqrt(len(residuals)), 9, 40)) | 1  # zero is in the middle of one
    reach = np.abs(residuals).max() * 1.02 or 1.0
    ax.hist(
        residuals,
        bins=np.linspace(-reach, reach, bins + 1).tolist(),
        color=colours().blue,
        alpha=0.85,
    )
    ax.axvline(0, color=colours().grey, linewidth=1)
    _number(ax.xaxis, (-reach, reach))
    ax.set_xlabel(_in_lines(f"predicted − true {name}", _WIDE))
    whole_ticks(ax.yaxis, 6)
    ax.set_ylabel("number of values")
