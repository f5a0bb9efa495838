"""What a network remembers while it reads one sequence, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.plots.inside import check_classes, draw_input, layer_name, unit_order
from elman.plots.panels import (
    FEW,
    SHARES,
    heat_map,
    label_steps,
    label_units,
    lines,
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
) -> Figure:
    """The input, each layer's h and c with their norms, and the answer, over time.

    Args:
        recording: One sequence; `record` of a model makes it.
        classes: The K classes' names where the answers are probabilities; None for numbers.
        feature_names: What the input's features are called, where they are few.

    Raises:
        ShapeError: Not as many classes as answers.
        MissingExtraError: matplotlib is not installed.
    """
    check_classes(recording, classes)
    heights = [0.75]
    for layer in recording.layers:
        heights += [0.85] * (1 if layer.cell is None else 2) + [0.5]
    heights.append(_answer_height(recording.answers))
    with canvas(1.35 + 1.12 * sum(heights) + 0.2 * len(recording.layers)) as figure:
        grid = figure.subplots(len(heights), 1, squeeze=False, sharex=True, height_ratios=heights)[
            :, 0
        ]
        panels = iter(grid)
        draw_input(next(panels), recording.inputs, feature_names)
        label_units(grid[0], "x", "input")
        for layer in recording.layers:
            _draw_layer(panels, layer)
        _draw_answers(grid[-1], recording.answers, classes)
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


def _answer_height(answers: np.ndarray) -> float:
    """In units of the other panels: as many rows as there are answers, if they are many."""
    return 1.0 if answers.shape[1] <= FEW else float(np.clip(0.14 * answers.shape[1], 1.0, 3.0))


def _draw_answers(ax: Axes, answers: np.ndarray, classes: Sequence[Any] | None) -> None:
    count = answers.shape[1]
    ax.set_title("Answer", fontsize=10, fontweight="bold", pad=4)
    names = [shortened(k, 14) for k in classes or range(1, count + 1)]
    if count <= FEW:
        lines(ax, answers, names if count > 1 else [""])
        if classes is not None:
            ax.set_ylim(-0.04, 1.04)
        label_units(ax, "y", "numbers" if classes is None else "probability")
        return
    heat_map(ax, answers, **(spread(answers) if classes is None else SHARES))
    every = -(-count // 30)  # with very many answers only some can be named
    ax.set_yticks(range(0, count, every), names[::every], fontsize=7.5)
    ax.tick_params(axis="y", length=0)


def _finding(recording: Recording) -> tuple[str, str]:
    top = recording.layers[-1]
    norms = np.linalg.norm(top.hidden, axis=1)[:: -1 if top.reverse else 1]
    steps = len(norms)
    change = "grows" if norms[-1] > norms[0] else "shrinks"
    return (
        f"‖h‖ of the top layer {change} from {norms[0]:.2g} to {norms[-1]:.2g} "
        f"in {steps} step{'s' * (steps > 1)}",
        "Units are in the order of their last value. ‖·‖ is the length of the vector.",
    )
