"""What each gate of a network does while it reads one sequence."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from elman.plots.inside import draw_input, features_of, input_height, layer_name, unit_order
from elman.plots.panels import heat_map, label_steps, label_units, shares, signed
from elman.plots.style import canvas, percent, title
from elman.recurrences import RECURRENCES
from elman.runtime.network import LayerRecording, Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["gates"]

_NAMES = {
    "i": "input gate",
    "f": "forget gate",
    "g": "candidate",
    "o": "output gate",
    "r": "reset gate",
    "z": "update gate",
    "n": "candidate",
}
_SHARES = "ifozr"
"""Gates whose values are shares in [0, 1]; a candidate lies in [-1, 1]."""
_KEEPS = {"f": "the cell", "z": "the state"}
"""The gates that say how much goes on to the next step, and of what."""


class _Panel(NamedTuple):
    """One heat map: its name, what that stands for, values `[T, U]`, colours."""

    name: str
    more: str
    values: np.ndarray
    colours: dict[str, Any]


def gates(
    recording: Recording,
    *,
    feature_names: Sequence[str] | None = None,
    theme: str | None = None,
) -> Figure:
    """Each layer's gates, cell and hidden state as heat maps over time and units.

    The units of a layer stand in the order of their last c (or h), the same in all its panels. A
    layer of both directions has its backward cell at the right.

    Args:
        recording: One sequence; `record` of a model makes it.
        feature_names: What the input's features are called.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    layers = [list(pair) for _, pair in groupby(recording.layers, key=lambda one: one.number)]
    columns = max((len(pair) for pair in layers), default=1)
    feature_names = features_of(recording, feature_names)
    heights = [input_height(recording.inputs, feature_names)]
    heights += [0.66 for pair in layers for _ in _parts(pair[0])]
    with canvas(1.35 + 1.12 * sum(heights) + 0.2 * len(layers), theme=theme) as figure:
        panels = [[_panels(layer) for layer in pair] for pair in layers]
        grid = figure.subplots(
            len(heights), columns, squeeze=False, sharex=True, height_ratios=heights
        )
        for ax in grid[0]:
            ends = {"first": ax is grid[0, 0], "last": ax is grid[0, -1]}
            draw_input(ax, recording.inputs, feature_names, **ends)
        row, size = 1, 10 if columns == 1 else 8.5
        for pair, shown in zip(layers, panels, strict=True):
            for column, (layer, parts) in enumerate(zip(pair, shown, strict=True)):
                axes = [*grid[row : row + len(parts), column]]
                axes[0].set_title(layer_name(layer), fontsize=size, fontweight="bold", pad=4)
                _draw(axes, parts, named=column == 0)
            row += len(shown[0])
        for ax in grid[-1]:
            label_steps(ax, len(recording.inputs))
        title(figure, *_finding(recording))
    return figure


def _parts(layer: LayerRecording) -> list[str]:
    """What is drawn of a layer, from the top down."""
    return [*layer.gates, *(["c"] if layer.cell is not None else []), "h"]


def _panels(layer: LayerRecording) -> list[_Panel]:
    """A layer's heat maps from the top down."""
    order = unit_order(layer, layer.hidden if layer.cell is None else layer.cell)
    found = [_gate(layer, name, values, order) for name, values in layer.gates.items()]
    if layer.cell is not None:
        found.append(_Panel("c", "cell", layer.cell[:, order], signed(layer.cell)))
    if layer.hidden.shape[1] != len(order):  # a projection has units of its own
        order = unit_order(layer, layer.hidden)
    found.append(_Panel("h", "hidden state", layer.hidden[:, order], signed(layer.hidden)))
    return found


def _gate(layer: LayerRecording, name: str, values: np.ndarray, order: np.ndarray) -> _Panel:
    """A gate's heat map; of a written cell's value nothing is known but the name."""
    if values.shape[1] == len(order):
        values = values[:, order]
    if _is_built_in(layer):
        return _Panel(
            name, _NAMES[name], values, shares() if name in _SHARES else signed(np.ones(1))
        )
    inside = bool(((values >= 0) & (values <= 1)).all())
    return _Panel(name, "", values, shares() if inside else signed(values))


def _is_built_in(layer: LayerRecording) -> bool:
    return layer.kind in {recurrence.title for recurrence in RECURRENCES.values()}


def _draw(axes: Sequence[Axes], panels: list[_Panel], *, named: bool) -> None:
    for ax, panel in zip(axes, panels, strict=True):
        heat_map(ax, panel.values, **panel.colours)
        if named:
            label_units(ax, panel.name, panel.more)


def _finding(recording: Recording) -> tuple[str, str]:
    steps = len(recording.inputs)
    kept = [
        f"{percent(float(layer.gates[name].mean()))} of {what} (layer {layer.number})"
        for layer in recording.layers
        for name, what in _KEEPS.items()
        if name in layer.gates and _is_built_in(layer) and not layer.reverse
    ]
    over = f"{steps} step{'s' * (steps > 1)}"
    if not kept and any(layer.gates for layer in recording.layers):
        found = f"What the cells name, and the hidden state over {over}"
        return found, "Units are in the order of their last h."
    if not kept:
        return f"No gates: the hidden state over {over}", "Units are in the order of their last h."
    more = f" Of {len(kept)} layers, the first two are told." * (len(kept) > 2)
    return (
        f"From step to step {' and '.join(kept[:2])} is kept on average",
        f"One sequence of {over}. Units are in the order of their last "
        f"{'h' if recording.layers[0].cell is None else 'c'}, the same in all panels of a layer."
        + more,
    )
