"""The loss while the learning rate grows: which one to take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from elman.plots.style import canvas, explain, shortened, title
from elman.plots.themes import colours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["learning_rates"]


def learning_rates(
    found: Mapping[str, Any], *, loss_name: str = "loss", theme: str | None = None
) -> Figure:
    """The loss of each step over its learning rate; the suggested one is marked.

    Args:
        found: What `elman.learning_rate_range` found, by `to_dict`.
        loss_name: What the loss is, with its unit.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    rates, losses, smoothed = found["rates"], found["losses"], found["smoothed"]
    suggested, lowest = found["suggested"], found["lowest"]
    with canvas(4.0, theme=theme) as figure:
        look = colours()
        ax = figure.subplots()
        ax.set_xscale("log")
        ax.grid(axis="y", color=look.rule, linewidth=0.6)
        ax.plot(rates, losses, color=look.grey, linewidth=0.8, alpha=0.7, label="each step")
        ax.plot(rates, smoothed, color=look.blue, label="their mean around it")
        # What is lost beyond the lowest loss would hide what falls before.
        seen = [x for x, rate in zip(losses, rates, strict=True) if rate <= (lowest or rate)]
        room = (max(seen) - min(losses)) or 1.0
        ax.set_ylim(min(losses) - 0.08 * room, max(seen) + 0.15 * room)
        ax.set_xlim(rates[0], rates[-1])
        if suggested is not None:
            ax.axvspan(
                found["begins"],
                lowest,
                color=look.orange,
                alpha=0.12,
                linewidth=0,
                label="it falls",
            )
            ax.axvline(suggested, color=look.orange, linewidth=1.6, label="fastest")
        ax.set_xlabel(f"learning rate of the step ({found['optimizer']})")
        ax.set_ylabel(shortened(loss_name, 30))
        explain(ax)
        title(figure, _finding(found), _more(found))
    return figure


def _finding(found: Mapping[str, Any]) -> str:
    if found["suggested"] is None:
        if not found["enough"]:
            return "Too few steps to tell where the loss falls"
        return "The loss falls at none of these learning rates"
    return f"The loss falls fastest at a learning rate of {found['suggested']:.2g}"


def _more(found: Mapping[str, Any]) -> str:
    if found["suggested"] is None:
        if not found["enough"]:
            return "With steps=100 a fall stands out of the noise, if there is one."
        return "Other rates, more steps, or elman.diagnose may show why."
    last = found["lowest"] == found["rates"][-1]
    beyond = "the last that was tried." if last else "beyond that, the training gets worse."
    begins, lowest = found["begins"], found["lowest"]
    return f"It begins to fall at {begins:.2g} and is lowest at {lowest:.2g}; {beyond}"
