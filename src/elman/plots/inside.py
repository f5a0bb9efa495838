"""What the pictures of a network that reads one sequence have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ShapeError
from elman.plots.panels import FEW, heat_map, lines, spread
from elman.plots.sequences import as_table
from elman.runtime.network import LayerRecording, Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["check_classes", "draw_input", "layer_name", "unit_order"]


def check_classes(recording: Recording, classes: Sequence[Any] | None) -> None:
    """`ShapeError` unless there are no classes, or as many as the answers have entries."""
    found = recording.answers.shape[1]
    if classes is not None and len(classes) != found:
        raise ShapeError("classes", f"{len(classes)} for {found} answers", f"pass {found}")


def layer_name(layer: LayerRecording) -> str:
    """One line for a heading: "Layer 2 backwards: LSTM, 64 units"."""
    units = (layer.hidden if layer.cell is None else layer.cell).shape[1]
    back = " backwards" if layer.reverse else ""
    return f"Layer {layer.number}{back}: {layer.kind}, {units} unit{'s' * (units > 1)}"


def unit_order(layer: LayerRecording, states: np.ndarray) -> np.ndarray:
    """The units of `states` `[T, U]` by their state after the step read last, largest first."""
    return np.argsort(-states[0 if layer.reverse else -1], kind="stable")


def draw_input(
    ax: Axes, inputs: np.ndarray, names: Sequence[str] | None, *, named: bool = True
) -> None:
    """The sequence itself, `[T, I]`: a line each for a few features, else a heat map."""
    values = as_table(inputs, "inputs")
    if values.shape[1] > FEW:
        heat_map(ax, values, **spread(values))
        return
    several = named and names is not None and len(names) == values.shape[1] > 1
    lines(ax, values, list(names) if several and names else [""] * values.shape[1])
