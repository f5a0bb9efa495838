"""What a network remembers while it reads one sequence, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.plots.inside import (
    check_classes,
    draw_input,
    features_of,
    input_height,
    layer_name,
    name_rows,
    rows_height,
    unit_order,
)
from elman.plots.panels import (
    FEW,
    heat_map,
    label_steps,
    label_units,
    lines,
    number,
    shares,
    signed,
    spread,
)
from elman.plots.style import canvas, shortened, title
from elman.runtime.network import LayerRecording, Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["states"]


def states(
    recording: Recording,
    classes: Sequence[Any] | None = None,
    *,
    feature_names: Sequence[str] | None = None,
    target_names: Sequence[str] | None = None,
    theme: str | None = None,
) -> Figure:
    """The input, each layer's h and c with their norms, and the answer, over time.

    Args:
        recording: One sequence; `record` of a model makes it.
        classes: The K classes' names where the answers are probabilities; None for numbers.
        feature_names: What the input's features are called.
        target_names: What the K numbers are called, where there are no classes.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ShapeError: Not as many classes as answers.
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    check_classes(recording, classes)
    feature_names = features_of(recording, feature_names)
    heights = [input_height(recording.inputs, feature_names)]
    for layer in recording.layers:
        heights += [0.85] * (1 if layer.cell is None else 2) + [0.5]
    answers = recording.answers.shape[1]
    heights.append(1.0 if answers <= FEW else rows_height(answers))
    with canvas(1.35 + 1.12 * sum(heights) + 0.2 * len(recording.layers), theme=theme) as figure:
        grid = figure.subplots(len(heights), 1, squeeze=False, sharex=True, height_ratios=heights)[
            :, 0
        ]
        panels = iter(grid)
        draw_input(next(panels), recording.inputs, feature_names)
        for layer in recording.layers:
            _draw_layer(panels, layer)
        _draw_answers(grid[-1], recording.answers, classes, target_names)
        label_steps(grid[-1], len(recording.inputs))
        title(figure, *_finding(recording))
    return figure


def _draw_layer(panels: Any, layer: LayerRecording) -> None:
    parts = {"h": layer.hidden} | ({} if layer.cell is None else {"c": layer.cell})
    for name, values in parts.items():
        ax = next(panels)
        if name == "h":
            ax.set_title(layer_name(layer), fontsize=10, fontweight="bold", pad=4)
        if values.shape[1] > FEW:
            heat_map(ax, values[:, unit_order(layer, values)], **signed(values))
        else:
            lines(ax, values, [str(k + 1) for k in range(values.shape[1])])
        label_units(ax, name, {"h": "hidden state", "c": "cell"}[name])
    ax = next(panels)
    norms = {name: np.linalg.norm(values, axis=1) for name, values in parts.items()}
    lines(ax, np.stack(list(norms.values()), axis=1), [f"‖{name}‖" for name in norms])
    ax.set_ylim(0, None)
    label_units(ax, "norm", "of the state")


def _draw_answers(
    ax: Axes,
    answers: np.ndarray,
    classes: Sequence[Any] | None,
    targets: Sequence[str] | None,
) -> None:
    count = answers.shape[1]
    ax.set_title("Answer", fontsize=10, fontweight="bold", pad=4)
    known = targets if targets is not None and len(targets) == count else None
    names = [str(k) for k in classes or known or range(1, count + 1)]
    if count <= FEW:
        lines(ax, answers, names if count > 1 else [""])
        if classes is not None:
            ax.set_ylim(-0.04, 1.04)
        alone = shortened(known[0], 14) if known and count == 1 else "numbers"
        label_units(ax, "y", alone if classes is None else "probability")
        return
    heat_map(ax, answers, **(spread(answers) if classes is None else shares()))
    name_rows(ax, names)


def _finding(recording: Recording) -> tuple[str, str]:
    top = recording.layers[-1]
    norms = np.linalg.norm(top.hidden, axis=1)[:: -1 if top.reverse else 1]
    more = "Units are in the order of their last value. ‖·‖ is the length of the vector."
    first, last = number(norms[0]), number(norms[-1])
    if len(norms) == 1:
        return f"‖h‖ of the top layer is {last} after the one step", more
    if first == last:
        return f"‖h‖ of the top layer is {first} after the first and the last of its steps", more
    change = "grows" if norms[-1] > norms[0] else "shrinks"
    return f"‖h‖ of the top layer {change} from {first} to {last} in {len(norms):,} steps", more
