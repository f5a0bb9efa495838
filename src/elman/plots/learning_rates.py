"""The loss while the learning rate grows: which one to take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from elman.plots.style import BLUE, GREY, INK, ORANGE, RULE, canvas, title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["learning_rates"]


def learning_rates(found: Mapping[str, Any], *, loss_name: str = "loss") -> Figure:
    """The loss of each step over its learning rate; the suggested one is marked.

    Args:
        found: What `elman.learning_rate_range` found, by `to_dict`.
        loss_name: What the loss is, with its unit.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    rates, losses, smoothed = found["rates"], found["losses"], found["smoothed"]
    suggested, lowest = found["suggested"], found["lowest"]
    with canvas(4.0) as figure:
        ax = figure.subplots()
        ax.set_xscale("log")
        ax.grid(axis="y", color=RULE, linewidth=0.6)
        ax.plot(rates, losses, color=GREY, linewidth=0.8, alpha=0.7, label="each step")
        ax.plot(rates, smoothed, color=BLUE, label="their mean around it")
        # What is lost beyond the lowest loss would hide what falls before.
        seen = [x for x, rate in zip(losses, rates, strict=True) if rate <= (lowest or rate)]
        room = (max(seen) - min(losses)) or 1.0
        ax.set_ylim(min(losses) - 0.08 * room, max(seen) + 0.15 * room)
        ax.set_xlim(rates[0], rates[-1])
        if suggested is not None:
            ax.axvspan(found["begins"], lowest, color=ORANGE, alpha=0.1, linewidth=0)
            ax.axvline(suggested, color=ORANGE, linewidth=1.6)
            ax.annotate(
                f"{suggested:.2g}",
                (suggested, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(5, -4),
                textcoords="offset points",
                va="top",
                color=INK,
            )
        ax.set_xlabel(f"learning rate of the step ({found['optimizer']})")
        ax.set_ylabel(loss_name)
        ax.legend(
            frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, labelcolor="linecolor"
        )
        title(figure, _finding(found), _more(found))
    return figure


def _finding(found: Mapping[str, Any]) -> str:
    if found["suggested"] is None:
        return "The loss falls at none of these learning rates"
    return f"The loss falls fastest at a learning rate of {found['suggested']:.2g}"


def _more(found: Mapping[str, Any]) -> str:
    if found["suggested"] is None:
        return "Other rates, more steps, or elman.diagnose may show why."
    last = found["lowest"] == found["rates"][-1]
    beyond = "the last that was tried." if last else "beyond that, the training gets worse."
    begins, lowest = found["begins"], found["lowest"]
    return f"It begins to fall at {begins:.2g} and is lowest at {lowest:.2g}; {beyond}"
