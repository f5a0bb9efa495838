"""How a training went, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from elman.errors import ArgumentError
from elman.plots.style import canvas, capital, explain, percent, shortened, title, whole_ticks
from elman.plots.themes import colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["learning_curves"]

_LOG_FROM = 30  # largest over smallest loss from which a linear axis would hide the end
_STYLES = ((0, (1, 1.5)), (0, (5, 1.5)))
_ENDED = 0.1  # of the highest learning rate: under this share a schedule has come to its end


def learning_curves(
    history: Sequence[Mapping[str, Any]],
    *,
    score_name: str = "accuracy",
    loss_name: str = "loss",
    levels: Mapping[str, float] | None = None,
    score_levels: Mapping[str, float] | None = None,
    theme: str | None = None,
) -> Figure:
    """Loss and validation score by epoch; the best epoch is marked.

    Args:
        history: An entry an epoch: `epoch` and `train_loss`; if known also `validation_loss`,
            `validation_score` (larger is better), `learning_rate` and `seconds` (of that epoch).
        score_name: What the validation score is; an "accuracy" is shown in percent.
        loss_name: What the loss is, with its unit.
        levels: Losses on the validation part that it is held against, by name: lines across.
        score_levels: Scores on the validation part that it is held against, likewise.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ArgumentError: The history is empty; there is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    if not history:
        raise ArgumentError("history", "found no epochs", "train for at least one")
    epochs = [int(entry["epoch"]) for entry in history]
    best = _best(history)
    scored = any(entry.get("validation_score") is not None for entry in history)
    with canvas(5.2 if scored else 3.6, theme=theme) as figure:
        axes = figure.subplots(2 if scored else 1, 1, sharex=True, squeeze=False)[:, 0]
        losses = {
            "training": (_column(history, "train_loss"), colours().blue),
            "validation": (_column(history, "validation_loss"), colours().orange),
        }
        _draw(axes[0], epochs, losses)
        axes[0].set_ylabel(shortened(loss_name, 30))
        values = [value for values, _ in losses.values() for value in values]
        _choose_scale(axes[0], [*values, *(levels or {}).values()])
        _draw_levels(axes[0], levels or {})
        if scored:
            scores = _column(history, "validation_score")
            if score_name == "accuracy":
                axes[1].yaxis.set_major_formatter(lambda value, _: f"{100 * value:.6g} %")
            _draw(axes[1], epochs, {"validation": (scores, colours().orange)})
            _draw_levels(axes[1], score_levels or {})
            if score_levels:
                explain(axes[1])
            axes[1].set_ylabel(shortened(score_name, 30))
        if any(map(math.isfinite, _column(history, "validation_loss"))) or scored:
            for ax in axes:
                _mark(ax, history[best]["epoch"])
        if len(axes[0].get_lines()) > 1:
            explain(axes[0])
        _label_epochs(axes[-1], epochs, [entry.get("seconds") for entry in history])
        title(figure, _finding(history, best, score_name), _more(history, best))
    return figure


def _column(history: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    """The values by epoch; NaN, which is not drawn, where there is none."""
    values = (entry.get(name) for entry in history)
    return [math.nan if value is None else float(value) for value in values]


def _best(history: Sequence[Mapping[str, Any]]) -> int:
    """Place of the epoch of highest score, then lowest validation loss, then the earlier.

    Without a validation part it is the last one.
    """

    def rank(place: int) -> tuple[float, float, int]:
        score, loss = (
            math.inf if value is None or math.isnan(value) else value
            for value in (
                -history[place].get("validation_score", -math.inf),
                history[place].get("validation_loss", math.inf),
            )
        )
        return score, loss, place

    validated = [
        place
        for place, entry in enumerate(history)
        if {"validation_score", "validation_loss"} & entry.keys()
    ]
    return min(validated, key=rank) if validated else len(history) - 1


def _draw(ax: Axes, epochs: list[int], lines: dict[str, tuple[list[float], str]]) -> None:
    ax.grid(axis="y", color=colours().rule, linewidth=0.6)
    marker = "o" if len(epochs) <= 30 else ""
    for name, (values, colour) in lines.items():
        if any(map(math.isfinite, values)):
            ax.plot(epochs, values, color=colour, marker=marker, markersize=3.5, label=name)


def _draw_levels(ax: Axes, levels: Mapping[str, float]) -> None:
    for (name, level), style in zip(levels.items(), _STYLES * len(levels), strict=False):
        ax.axhline(
            level, color=colours().grey, linewidth=1.2, linestyle=style, label=name, zorder=1
        )


def _choose_scale(ax: Axes, losses: list[float]) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    known = [loss for loss in losses if math.isfinite(loss)]
    if known and min(known) > 0 and max(known) / min(known) > _LOG_FROM:
        ax.set_yscale("log")
        decades = math.log10(max(known) / min(known))
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0) if decades < 3 else (1.0,)))
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        ax.yaxis.set_minor_locator(NullLocator())
    elif known and min(known) >= 0:
        ax.set_ylim(0, 1.08 * max(known) or 1.0)


def _mark(ax: Axes, epoch: int) -> None:
    ax.axvline(
        epoch, color=colours().grey, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0.5,
        label="best epoch",
    )  # fmt: skip


def _label_epochs(ax: Axes, epochs: list[int], seconds: list[float | None]) -> None:
    whole_ticks(ax.xaxis)
    ax.set_xlim(epochs[0] - 0.5, epochs[-1] + max(0.5, 0.02 * (epochs[-1] - epochs[0])))
    known = [value for value in seconds if value is not None]
    each = f" ({_time(sum(known) / len(known))} each, {_time(sum(known))} in all)" if known else ""
    ax.set_xlabel(f"epoch{each}")


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _finding(history: Sequence[Mapping[str, Any]], best: int, score_name: str) -> str:
    entry = history[best]
    score, loss = entry.get("validation_score"), entry.get("validation_loss")
    if score is not None and math.isfinite(score):
        shown = percent(score) if score_name == "accuracy" else f"{score:.3g}".replace("-", "−")
        as_good = _as_good(history, best)
        first = "first " * (len(as_good) > 1)
        return (
            f"{capital(score_name)} on the validation part {first}reached {shown} "
            f"in epoch {history[as_good[0]]['epoch']}"
        )
    if loss is not None and math.isfinite(loss):
        return f"The loss on the validation part was lowest in epoch {entry['epoch']}: {loss:.3g}"
    if score is not None or loss is not None:
        return "No epoch has a number on the validation part: the training diverged"
    if not math.isfinite(entry["train_loss"]):
        return f"The training loss is no number after epoch {entry['epoch']}"
    return f"The training loss stood at {entry['train_loss']:.3g} after epoch {entry['epoch']}"


def _as_good(history: Sequence[Mapping[str, Any]], best: int) -> list[int]:
    """The places of all epochs with the score of the best one, itself among them."""
    score = history[best].get("validation_score")
    return [place for place, entry in enumerate(history) if entry.get("validation_score") == score]


def _more(history: Sequence[Mapping[str, Any]], best: int) -> str:
    """What came after the best epoch, or may come yet."""
    entry, later = history[best], len(history) - 1 - best
    score, loss = entry.get("validation_score"), entry.get("validation_loss")
    known = [value for value in (score, loss) if value is not None]
    if len(history) == 1 or not known or not any(map(math.isfinite, known)):
        return ""
    kept = ""
    if score is not None and _as_good(history, best)[0] != best:
        kept = f"Epoch {entry['epoch']} is the best: as good, with a lower loss. "
    if later:
        after = "epoch" if later == 1 else f"{later} epochs"
        return f"{kept}The {after} after it brought nothing better."
    if kept or score == 1:  # what is perfect cannot grow
        return kept.strip()
    rates = [rate for e in history if (rate := e.get("learning_rate")) is not None]
    if rates and rates[-1] < _ENDED * max(rates):
        return (
            "The last epoch was the best. The learning rate had come down by then, as was planned: "
            "only a longer schedule may help."
        )
    return "The last epoch was the best: more epochs may help."
