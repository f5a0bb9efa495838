"""Remedies for vanishing and exploding gradients, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ArgumentError
from elman.plots.style import canvas, title
from elman.plots.themes import colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["remedies"]

_COLUMNS = 4
_FADED = 0.01  # the share of the gradient at lag 0 from which a memory counts as gone
_FLOOR = 1e-6  # gradients below this share are drawn at it


def remedies(measured: Mapping[str, Any], *, theme: str | None = None) -> Figure:
    """Gradient by lag and learning curve of each remedy, the plain network in grey behind them.

    Args:
        measured: What `elman.diagnosis.remedies.Remedies.to_dict` gives, or the JSON of it. Its
            first remedy is the plain network.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ArgumentError: There are no remedies in it; there is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    entries: Sequence[Mapping[str, Any]] = measured["remedies"]
    if not entries:
        raise ArgumentError("measured", "found no remedies", "at least the plain network")
    bands = -(-len(entries) // _COLUMNS)
    with canvas(1.05 + 3.7 * bands, theme=theme) as figure:
        grid = figure.subplots(2 * bands, _COLUMNS, squeeze=False)
        gradients, curves = [*grid[0::2].flat], [*grid[1::2].flat]
        for ax in (*gradients[len(entries) :], *curves[len(entries) :]):
            ax.set_axis_off()
        for k, entry in enumerate(entries):
            _draw_gradient(gradients[k], entry, entries[0])
            _draw_curve(curves[k], entry, entries[0], measured)
            for ax in (gradients[k], curves[k]):
                ax.tick_params(labelsize=8, length=2)
                if k % _COLUMNS:
                    ax.tick_params(labelleft=False)
        _share_limits(gradients[: len(entries)])
        _share_limits(curves[: len(entries)])
        for band in range(bands):
            grid[2 * band, 0].set_ylabel("gradient by the input")
            grid[2 * band + 1, 0].set_ylabel("squared error")
        _explain_lines(gradients[0], curves[0], measured)
        title(figure, *_finding(measured))
    return figure


def _draw_gradient(ax: Axes, entry: Mapping[str, Any], plain: Mapping[str, Any]) -> None:
    """By lag, each curve as a share of its own value at lag 0."""
    ax.set_title(entry["name"], fontsize=10.5, fontweight="bold", pad=16)
    ax.annotate(
        f"learning rate {entry['learning_rate']:g}", (0, 1), xytext=(0, 4),
        xycoords="axes fraction", textcoords="offset points", fontsize=8, color=colours().grey,
    )  # fmt: skip
    if entry is not plain:
        ax.plot(_shares(plain["gradient_after"]), color=colours().faint, linewidth=1.2)
    ax.plot(
        _shares(entry["gradient_before"]),
        color=colours().blue,
        linewidth=1.2,
        linestyle=(0, (2, 1.5)),
    )
    ax.plot(_shares(entry["gradient_after"]), color=colours().blue)
    ax.axhline(_FADED, color=colours().grey, linewidth=0.8, linestyle=(0, (1, 2)))
    ax.set_yscale("log")
    ax.set_xlabel("steps back", fontsize=8.5)
    ax.margins(x=0.02)


def _shares(gradient: Sequence[float]) -> np.ndarray:
    values = np.asarray(gradient, dtype=np.float64)
    return np.maximum(values / (values[:1].max(initial=0.0) or 1.0), _FLOOR)


def _draw_curve(
    ax: Axes, entry: Mapping[str, Any], plain: Mapping[str, Any], measured: Mapping[str, Any]
) -> None:
    """The error on new sequences after so many updates."""
    if entry is not plain:
        ax.plot(plain["updates"], plain["error"], color=colours().faint, linewidth=1.2)
    ax.plot(entry["updates"], entry["error"], color=colours().orange)
    for level in (measured["baseline"], measured["solved"]):
        ax.axhline(level, color=colours().grey, linewidth=0.8, linestyle=(0, (1, 2)))
    ax.set_yscale("log")
    ax.set_xlim(0, measured["updates"])
    ax.set_xticks([0, measured["updates"] // 2, measured["updates"]])
    ax.set_xlabel("updates", fontsize=8.5)
    if entry["stopped"]:
        ax.text(0.05, 0.06, "diverged", transform=ax.transAxes, fontsize=8.5, color=colours().ink)
    elif (first := _first_solved(entry, measured)) is not None:
        ax.text(
            0.05,
            0.06,
            f"solved after {first:,}",
            transform=ax.transAxes,
            fontsize=8.5,
            color=colours().ink,
        )


def _first_solved(entry: Mapping[str, Any], measured: Mapping[str, Any]) -> int | None:
    """The updates after which the error was first under the line; None if it never was."""
    pairs = zip(entry["updates"], entry["error"], strict=True)
    return next((count for count, error in pairs if error < measured["solved"]), None)


def _share_limits(axes: Sequence[Axes]) -> None:
    """One vertical scale for all of these, so that they can be compared."""
    limits = [ax.get_ylim() for ax in axes]
    for ax in axes:
        ax.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
        ax.minorticks_off()


def _explain_lines(gradient: Axes, curve: Axes, measured: Mapping[str, Any]) -> None:
    """What the lines are, said once, in the panels of the plain network."""
    note = {"fontsize": 7.5, "color": colours().grey, "textcoords": "offset points"}
    across = gradient.get_yaxis_transform(), curve.get_yaxis_transform()
    gradient.annotate("1 %", (1, _FADED), (-1, 2), xycoords=across[0], ha="right", **note)
    for level, text in ((measured["baseline"], "a constant"), (measured["solved"], "solved")):
        curve.annotate(text, (1, level), (-1, 2), xycoords=across[1], ha="right", **note)


def _finding(measured: Mapping[str, Any]) -> tuple[str, str]:
    entries = measured["remedies"]
    solved = [e["name"] for e in entries if _first_solved(e, measured) is not None]
    learn = "learns" if len(solved) == 1 else "learn"
    found = (
        f"{len(solved) or 'None'} of {len(entries)} networks {learn} to remember over "
        f"{measured['steps']} steps"
    )
    return found, (
        "The adding problem: the sum of two marked numbers in a sequence. Above: how much the "
        "error depends on the input so many steps back, before (dotted) and after training, as a "
        f"share of lag 0. Below: the error on new sequences. {measured['units']} units, "
        f"{measured['optimizer']}, batches of {measured['batch']}, seed {measured['seed']}. "
        "Grey: the first network."
    )
