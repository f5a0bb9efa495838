"""What the pictures of a network that reads one sequence have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ShapeError
from elman.plots.panels import FEW, heat_map, label_units, lines, spread
from elman.plots.sequences import as_table
from elman.plots.style import shortened
from elman.runtime.network import LayerRecording, Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "check_classes",
    "draw_input",
    "features_of",
    "input_height",
    "layer_name",
    "name_rows",
    "rows_height",
    "unit_order",
]


def check_classes(recording: Recording, classes: Sequence[Any] | None) -> None:
    """`ShapeError` unless there are no classes, or as many as the answers have entries."""
    found = recording.answers.shape[1]
    if classes is not None and len(classes) != found:
        raise ShapeError("classes", f"{len(classes)} for {found} answers", f"pass {found}")


def features_of(recording: Recording, names: Sequence[str] | None) -> Sequence[str] | None:
    """What the features are called; token ids are a feature whose name is known."""
    inputs = np.asarray(recording.inputs)
    return ["token id"] if inputs.ndim == 1 and inputs.dtype.kind in "iu" else names


def layer_name(layer: LayerRecording) -> str:
    """One line for a heading: "Layer 2 backwards: LSTM, 64 units"."""
    units = (layer.hidden if layer.cell is None else layer.cell).shape[1]
    back = " backwards" if layer.reverse else ""
    return f"Layer {layer.number}{back}: {layer.kind}, {units} unit{'s' * (units > 1)}"


def unit_order(layer: LayerRecording, states: np.ndarray) -> np.ndarray:
    """The units of `states` `[T, U]` by their state after the step read last, largest first."""
    return np.argsort(-states[0 if layer.reverse else -1], kind="stable")


def input_height(inputs: np.ndarray, names: Sequence[str] | None) -> float:
    """Of the panel that `draw_input` fills, in units of the others: room for many names."""
    width = as_table(inputs, "inputs").shape[1]
    named = names is not None and len(names) == width > FEW
    return rows_height(width) if named else 0.75


def rows_height(count: int) -> float:
    """Of a heat map whose rows have names, in units of the other panels."""
    return float(np.clip(0.14 * count, 1.0, 3.0))


def name_rows(ax: Axes, names: Sequence[str]) -> None:
    """Names beside the rows of a heat map; of very many only some."""
    every = -(-len(names) // 30)
    shown = [shortened(name, 14) for name in names[::every]]
    ax.set_yticks(range(0, len(names), every), shown, fontsize=7.5)
    ax.tick_params(axis="y", length=0)


def draw_input(
    ax: Axes, inputs: np.ndarray, names: Sequence[str] | None, *, first: bool = True,
    last: bool = True,
) -> None:  # fmt: skip
    """The sequence itself, `[T, I]`: a line each for a few features, else a heat map.

    Args:
        ax: Where to draw.
        inputs: The values, or token ids `[T]`.
        names: What the features are called.
        first: Whether the panel is the first of its row: what it shows stands at its left.
        last: Whether it is the last one: a few features are named above it.
    """
    values = as_table(inputs, "inputs")
    features = values.shape[1]
    known = list(names) if names is not None and len(names) == features else []
    if features > FEW:
        heat_map(ax, values, **spread(values))
        if known and first:
            name_rows(ax, known)
            ax.set_title("Input", fontsize=10, fontweight="bold", pad=4)
            return
    else:
        lines(ax, values, known if known and last and features > 1 else [""] * features)
    if first:
        one = shortened(known[0], 14) if len(known) == 1 else "input"
        label_units(ax, "x", one)
