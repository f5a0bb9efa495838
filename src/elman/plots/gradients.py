"""Why a network learns or does not: gradient by lag, recurrent matrices, gates, advice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ArgumentError
from elman.plots.style import (
    WIDTH,
    canvas,
    capital,
    explain,
    shortened,
    title,
    whole_ticks,
    wrapped,
)
from elman.plots.themes import colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["gradients"]

_MOST = 4  # layers that are drawn, a row of the picture each
_FADED = 0.01
_FLOOR = 1e-6  # shares of the gradient below this are not drawn apart
_LINE = 0.19  # inches of a line of text


def gradients(report: Mapping[str, Any], *, theme: str | None = None) -> Figure:
    """A diagnosis as a picture: for each layer the gradient by lag, the spectrum, the gates.

    Args:
        report: What `to_dict` of an `elman.diagnose` gives. The first four layers are drawn; the
            advice is that on all.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ArgumentError: There is no layer in it; there is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    from matplotlib.transforms import blended_transform_factory

    layers = report["layers"]
    if not layers:
        raise ArgumentError("report", "found no layers", "diagnose a recurrent network")
    drawn = layers[:_MOST]
    lines = _advice(report["advice"], len(layers) > 1)
    below = 0.15 + _LINE * len(lines)
    with canvas(1.15 + 2.75 * len(drawn) + below, theme=theme) as figure:
        grid = figure.add_gridspec(
            len(drawn) + 1, 3,
            width_ratios=[2.1, 1.35, 1.2], height_ratios=[2.75] * len(drawn) + [below],
        )  # fmt: skip
        for k, layer in enumerate(drawn):
            axes = [figure.add_subplot(grid[k, place]) for place in range(3)]
            _draw_lags(axes[0], layer)
            _draw_spectrum(axes[1], layer["matrices"])
            _draw_gates(axes[2], layer)
        text = figure.add_subplot(grid[-1, :])
        text.set_axis_off()
        place = blended_transform_factory(figure.transFigure, text.transAxes)
        text.text(0.012, 1, "\n".join(lines), va="top", transform=place).set_in_layout(False)
        left_out = f" {len(layers) - _MOST} more layers are not drawn." * (len(layers) > _MOST)
        title(figure, _finding(layers), f"{_MORE} {_saturation(drawn)}{left_out}".rstrip())
    return figure


_MORE = (
    "Gradient of what a layer holds after the last step, by its state so many steps before."
    " Each row counts as far as it reaches. Spectrum: eigenvalues of the recurrent matrices, with"
    " the unit circle."
)


def _draw_lags(ax: Axes, layer: Mapping[str, Any]) -> None:
    """The gradient on a logarithmic scale, where it fades, and an LSTM's hidden part apart."""
    state, hidden = (np.asarray(layer[f"{name}_by_lag"]) for name in ("state", "hidden"))
    lags = np.arange(len(state))
    marker = "o" if len(lags) <= 30 else ""
    if not np.array_equal(state, hidden):
        ax.plot(lags, _shown(hidden), color=colours().grey, linewidth=1, label="by h alone")
    ax.plot(
        lags, _shown(state), color=colours().blue, marker=marker, markersize=3, label="by the state"
    )
    ax.set_yscale("log")
    low, high = _limits(state)
    ax.set_ylim(low, high)
    ax.axhline(_FADED, color=colours().orange, linewidth=1, linestyle=(0, (4, 3)))
    ax.annotate(
        "1 %", (1, _FADED), xycoords=("axes fraction", "data"), xytext=(-2, 2),
        textcoords="offset points", ha="right", fontsize=8, color=colours().orange,
    )  # fmt: skip
    memory = layer["memory"]
    if memory is not None:
        ax.axvline(memory, color=colours().orange, linewidth=1)
        right = memory > 0.55 * len(lags)
        ax.annotate(
            f"memory: {memory} step{'s' * (memory != 1)}", (memory, 0.93),
            xycoords=("data", "axes fraction"), xytext=(-5 if right else 5, 0),
            textcoords="offset points", ha="right" if right else "left", fontsize=8.5,
            color=colours().orange,
        )  # fmt: skip
    if len(ax.get_legend_handles_labels()[0]) > 1:
        explain(ax, "below right", 0.1)
    _label_lags(ax, len(lags))
    ax.set_title(f"{shortened(layer['name'], 22)} · {shortened(layer['what'], 26)}")


def _shown(curve: np.ndarray) -> np.ndarray:
    """What a logarithmic axis can show of it."""
    return np.where(np.isfinite(curve), np.maximum(curve, _FLOOR / 10), np.nan)


def _limits(curve: np.ndarray) -> tuple[float, float]:
    known = curve[np.isfinite(curve)]
    low, high = known.min(initial=1.0), known.max(initial=1.0)
    return max(min(low, _FADED) / 3, _FLOOR), high * 3


def _label_lags(ax: Axes, count: int) -> None:
    from matplotlib.ticker import NullLocator

    whole_ticks(ax.xaxis, 6)
    ax.yaxis.set_minor_locator(NullLocator())
    ax.grid(axis="y", color=colours().rule, linewidth=0.6)
    ax.set_xlim(-0.5, max(count - 0.5, 1.5))
    ax.set_xlabel("steps back", loc="left")
    ax.set_ylabel("gradient, 1 at the last step")


def _draw_spectrum(ax: Axes, matrices: Mapping[str, Mapping[str, Any]]) -> None:
    """The eigenvalues in the complex plane, a colour for each gate."""
    ax.set_title("spectrum")
    if not matrices:
        _say(ax, "not known for\na cell of your own")
        return
    angle = np.linspace(0, 2 * math.pi, 200)
    ax.plot(np.cos(angle), np.sin(angle), color=colours().grey, linewidth=0.9)
    for (name, matrix), colour in zip(matrices.items(), colours().palette, strict=False):
        real, imaginary = np.asarray(matrix["eigenvalues"]).T
        ax.plot(
            real, imaginary, "o", color=colour, markersize=3, markeredgewidth=0, alpha=0.7,
            label=f"{name}: {matrix['radius']:.2f}",
        )  # fmt: skip
    reach = 1.15 * max(1.0, *(matrix["radius"] for matrix in matrices.values()))
    ax.set_xlim(-reach, reach)
    ax.set_ylim(-reach, reach)
    ax.set_aspect("equal")
    ax.set_xticks([-1, 0, 1])
    ax.set_yticks([-1, 0, 1], ["-i", "0", "i"])
    explain(ax, "below", 0.12, ncols=2)


def _draw_gates(ax: Axes, layer: Mapping[str, Any]) -> None:
    """How much of each gate is at its lower and at its upper end."""
    gates, dead, units = layer["gates"], len(layer["dead"]), layer["units"]
    ax.set_title("saturation")
    if not gates:
        _say(ax, "not known for\na cell of your own")
        return
    names = list(gates)
    for place, name in enumerate(names):
        low, high = gates[name]["low"], gates[name]["high"]
        ax.barh(place, 1, color=colours().rule, height=0.62, alpha=0.45)
        ax.barh(
            place, low, color=colours().orange, height=0.62, label="lower end" if place == 0 else ""
        )
        ax.barh(
            place, high, left=1 - high, color=colours().blue, height=0.62,
            label="upper end" if place == 0 else "",
        )  # fmt: skip
        share = f"{low + high:.0%}".replace("%", " %")
        ax.text(1.03, place, share, va="center", fontsize=8)
    ax.set_yticks(range(len(names)), names, fontsize=10)
    ax.tick_params(axis="y", length=0, labelcolor=colours().ink)
    ax.set_ylim(max(len(names), 3) - 0.4, -0.6)
    ax.set_xlim(0, 1)
    ax.set_xticks([])
    ax.spines[["left", "bottom"]].set_visible(False)
    explain(ax, "below", 0.02, title=f"{dead} of {units} units dead", title_fontsize=8)


def _say(ax: Axes, words: str) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.text(0.5, 0.5, words, ha="center", va="center", color=colours().grey, transform=ax.transAxes)


def _saturation(layers: Sequence[Mapping[str, Any]]) -> str:
    """What counts as an end, of which gates."""
    ends: dict[str, dict[str, None]] = {}
    for layer in layers:
        for name, gate in layer["gates"].items():
            ends.setdefault(gate["ends"], {})[name] = None
    told = [f"of {', '.join(names)} the values {words}" for words, names in ends.items()]
    return f"Saturation: {'; '.join(told)}." if told else ""


def _advice(advice: Sequence[Mapping[str, Any]], named: bool) -> list[str]:
    """The sentences as lines; with the layers' names where there are several."""
    lines = []
    for entry in advice:
        text = f"{entry['layer']}: {entry['text']}" if named else capital(entry["text"])
        first, *others = wrapped(text, WIDTH - 0.4, 10)
        lines += [f"• {first}", *(f"   {line}" for line in others)]
    return lines


def _finding(layers: Sequence[Mapping[str, Any]]) -> str:
    """About the layer with the worst gradient: one that explodes, or the shortest memory."""

    def rank(layer: Mapping[str, Any]) -> tuple[bool, float]:
        memory = layer["memory"]
        if layer["explodes"]:
            return False, -float(np.nan_to_num(layer["state_by_lag"], nan=math.inf).max())
        return True, math.inf if memory is None else memory

    worst = min(layers, key=rank)
    where = f" in {shortened(worst['name'])}" if len(layers) > 1 else ""
    steps = len(worst["state_by_lag"]) - 1
    if not steps:
        return "One step only: no gradient goes back in time"
    if worst["explodes"]:
        return f"The gradient explodes{where}: it {worst['pace']}"
    if worst["memory"] is None:
        everywhere = ", in every layer" * (len(layers) > 1)
        return f"The gradient reaches back over all {steps + 1:,} steps{everywhere}"
    alike = [layer for layer in layers if rank(layer) == rank(worst)]
    after = "one step" if worst["memory"] == 1 else f"{worst['memory']} steps"
    if len(alike) > 1:
        which = "every layer" if len(alike) == len(layers) else f"{len(alike)} layers"
        return f"In {which} less than 1 % of the gradient is left after {after}"
    return f"The gradient {worst['pace']}{where}: after {after} less than 1 % is left"
