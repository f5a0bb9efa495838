"""A network unrolled through time, with the values of one sequence in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from elman.plots.inside import check_classes, features_of
from elman.plots.panels import numbers, signed, spread
from elman.plots.sequences import as_table
from elman.plots.style import WIDTH, called, canvas, fits, percent, shortened, title
from elman.plots.themes import blend, colours, ink_on
from elman.printable import many
from elman.runtime.network import LayerRecording, Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["unrolled"]

_SLOTS = 8  # columns of the picture; of a longer sequence the middle is left out
_NUMBERS = 4  # up to so many values are written as numbers
_STRIP = 64  # up to so many values of an input stand in one row
_LEFT, _GAP = 1.3, 0.36  # inches: for the names of the rows, and between rows


class _Row(NamedTuple):
    """A row of boxes: its lower edge and its height, in inches."""

    y: float
    height: float

    @property
    def top(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


class _Box(NamedTuple):
    """One box: its middle and its width, in inches, and the row that it stands in."""

    middle: float
    width: float
    row: _Row

    @property
    def left(self) -> float:
        return self.middle - self.width / 2


class _Layout(NamedTuple):
    """Where boxes stand, in inches from the lower left."""

    columns: list[int | None]  # the step in each; None where some are left out
    input: _Row
    layers: list[_Row]
    answer: _Row

    @property
    def slot(self) -> float:
        """Width of a column."""
        return min((WIDTH - _LEFT - 0.1) / len(self.columns), 1.9)

    @property
    def width(self) -> float:
        """Width of a box."""
        return min(0.66 * self.slot, 1.0)

    @property
    def height(self) -> float:
        """Of the whole picture."""
        return self.answer.top + 0.42

    def middle(self, column: int) -> float:
        """Where the middle of a column is."""
        return _LEFT + (column + 0.5) * self.slot

    def box(self, row: _Row, column: int) -> _Box:
        """Where a row and a column meet."""
        return _Box(self.middle(column), self.width, row)

    def shown(self) -> list[tuple[int, int]]:
        """Each column that has a step, and that step."""
        return [(column, step) for column, step in enumerate(self.columns) if step is not None]


def unrolled(
    recording: Recording,
    classes: Sequence[Any] | None = None,
    *,
    feature_names: Sequence[str] | None = None,
    target_names: Sequence[str] | None = None,
    theme: str | None = None,
) -> Figure:
    """Input, hidden states and answer of each step, and what flows between them.

    A tile is a value; up to four are written as numbers. Of more than eight steps the first four
    and the last three are shown, and between them how many are not.

    Args:
        recording: One sequence; `record` of a model makes it.
        classes: The K classes' names where the answers are probabilities; None for numbers.
        feature_names: What the input's features are called; a few are named.
        target_names: What the K numbers are called, where there are no classes.
        theme: "light" or "dark"; None: the one that holds (`elman.plots.themed`).

    Raises:
        ShapeError: Not as many classes as answers.
        ArgumentError: There is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    check_classes(recording, classes)
    inputs = as_table(recording.inputs, "inputs")
    layout = _layout(inputs, recording.layers)
    with canvas(layout.height + 0.75, theme=theme) as figure:
        ax = figure.subplots()
        _draw_inputs(ax, inputs, features_of(recording, feature_names), layout)
        for place, layer in enumerate(recording.layers):
            _draw_layer(ax, layer, place, layout)
        _draw_answers(ax, recording.answers, classes, target_names, layout)
        _draw_gap(ax, len(inputs), layout)
        ax.set(xlim=(0, WIDTH), ylim=(0, layout.height), aspect="equal", anchor="N")
        ax.set_axis_off()
        title(figure, *_finding(recording, classes, target_names))
    return figure


def _layout(inputs: np.ndarray, layers: Sequence[LayerRecording]) -> _Layout:
    steps, features = inputs.shape
    columns: list[int | None] = list(range(steps))
    if steps > _SLOTS:
        columns = [0, 1, 2, 3, None, steps - 3, steps - 2, steps - 1]
    tall = 0.19 * features if features <= _NUMBERS else 0.25 if features <= _STRIP else 0.6
    lowest = below = _Row(0.3, tall)
    rows = []
    for layer in layers:  # a backward cell stands close above its forward one
        below = _Row(below.top + (0.08 if layer.reverse else _GAP), 0.6)
        rows.append(below)
    return _Layout(columns, lowest, rows, _Row(below.top + _GAP, 0.5))


def _draw_values(ax: Axes, table: np.ndarray, row: _Row, layout: _Layout, alike: bool) -> None:
    """Of each step that is shown its values, of `table` `[T, U]`, as tiles in its box.

    Few are written, too, each in its own colours unless all are `alike`, of one unit. What is NaN
    is left out.
    """
    shown = [(column, step) for column, step in layout.shown() if not np.isnan(table[step]).any()]
    scale = signed(table) if alike else spread(table)
    if table.shape[1] > _NUMBERS:
        for column, step in shown:
            _tiles(ax, table[step], layout.box(row, column), **scale)
        return
    steps = [step for _, step in shown]
    together = np.reshape(numbers(table[steps].ravel()), (len(steps), -1))
    for k, values in enumerate(table.T):
        texts = together[:, k] if alike else numbers(values[steps])
        own = scale if alike else _told_apart(values)
        height = row.height / table.shape[1]
        part = _Row(row.top - (k + 1) * height, height)
        for (column, step), text in zip(shown, texts, strict=True):
            _write(ax, values[step], text, layout.box(part, column), **own)
    for column, _ in shown:
        _frame(ax, layout.box(row, column))


def _told_apart(values: np.ndarray) -> dict[str, Any]:
    """Colours for values of one unit; those far above zero differ from each other, too."""
    scale, known = spread(values), values[np.isfinite(values)]
    low, high = known.min(initial=np.inf), known.max(initial=0.0)
    return scale | ({"vmin": 2 * low - high} if high / 2 < low < high else {})


def _write(ax: Axes, value: float, text: str, box: _Box, **scale: Any) -> None:
    """A value as a tile, with its number."""
    row = box.row
    ax.imshow(
        [[value]], extent=(box.left, box.left + box.width, row.y, row.top), **scale
    )  # fmt: skip
    share = (value - scale["vmin"]) / (scale["vmax"] - scale["vmin"])
    size = float(np.clip(72 * box.width / (0.66 * len(text)), 5, 8.5))
    ax.text(
        box.middle, row.middle, text, ha="center", va="center_baseline", fontsize=size,
        color=ink_on(scale["cmap"](float(share))[:3]),
    )  # fmt: skip


def _tiles(ax: Axes, values: np.ndarray, box: _Box, **scale: Any) -> None:
    """Many values `[U]` as tiles in a box; `scale` is what `imshow` takes."""
    count, row = len(values), box.row
    across = count if row.height < 0.3 else _across(count, box.width / row.height)
    down = -(-count // across)
    padded = np.full(across * down, np.nan)
    padded[:count] = values
    ax.imshow(
        padded.reshape(down, across), interpolation="nearest", **scale,
        extent=(box.left, box.left + box.width, row.y, row.top),
    )  # fmt: skip
    _frame(ax, box)


def _across(count: int, ratio: float) -> int:
    """Tiles in a row: about square ones, and no row that is not full if it can be."""
    wanted = max(1, round(np.sqrt(count * ratio)))
    whole = [k for k in range(1, count + 1) if count % k == 0 and wanted / 2 <= k <= wanted * 2]
    return min(whole, key=lambda k: abs(k - wanted), default=wanted)


def _frame(ax: Axes, box: _Box) -> None:
    from matplotlib.patches import Rectangle

    corner, height = (box.left, box.row.y), box.row.height
    ax.add_patch(
        Rectangle(corner, box.width, height, fill=False, edgecolor=colours().grey, linewidth=0.8)
    )


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    ax.annotate(
        "", end, start, annotation_clip=False,
        arrowprops={
            "arrowstyle": "-|>", "color": colours().grey, "lw": 1, "shrinkA": 1, "shrinkB": 1,
        },
    )  # fmt: skip


def _name(ax: Axes, row: _Row, name: str, more: str) -> None:
    """What a row of boxes shows, at its left."""
    ax.text(_LEFT - 0.12, row.middle + 0.02, name, ha="right", va="bottom", fontsize=10)
    ax.text(
        _LEFT - 0.12,
        row.middle - 0.02,
        more,
        ha="right",
        va="top",
        fontsize=8,
        color=colours().grey,
    )


def _name_each(ax: Axes, row: _Row, name: str, names: Sequence[str]) -> None:
    """What a row of boxes shows, and each of its numbers, at their left."""
    ax.text(_LEFT - 0.12, row.top + 0.04, name, ha="right", va="bottom", fontsize=10)
    for k, each in enumerate(names):
        ax.text(
            _LEFT - 0.12, row.top - (k + 0.5) * row.height / len(names), shortened(each, 16),
            ha="right", va="center_baseline", fontsize=8, color=colours().grey,
        )  # fmt: skip


def _named(names: Sequence[str] | None, count: int) -> bool:
    """Whether the numbers of a row are written, and have names."""
    return names is not None and len(names) == count <= _NUMBERS


def _draw_inputs(
    ax: Axes, inputs: np.ndarray, names: Sequence[str] | None, layout: _Layout
) -> None:
    features = inputs.shape[1]
    if names is not None and _named(names, features):
        _name_each(ax, layout.input, "input x", names)
    else:
        _name(ax, layout.input, "input x", many(features, "feature"))
    _draw_values(ax, inputs, layout.input, layout, alike=False)
    for column, step in layout.shown():
        ax.text(
            layout.middle(column), 0.14, f"step {step + 1}", ha="center", va="center", fontsize=8.5
        )


def _draw_layer(ax: Axes, layer: LayerRecording, place: int, layout: _Layout) -> None:
    """A layer's hidden states, and the arrows that come to them from below and from the side."""
    row = layout.layers[place]
    below = layout.input if place == 0 else layout.layers[place - 1]
    units = layer.hidden.shape[1]
    more = f"{shortened(layer.kind)}, {units} unit{'s' * (units > 1)}"
    _name(ax, row, f"layer {layer.number}, h", more + "\nbackwards" * layer.reverse)
    _draw_values(ax, layer.hidden, row, layout, alike=True)
    for column, _ in layout.shown():
        box = layout.box(row, column)
        if not layer.reverse:
            _arrow(ax, (box.middle, below.top), (box.middle, row.y))
    for column in range(len(layout.columns) - 1):
        ends = [
            (layout.middle(column + side) + way * _edge(layout, column + side), row.middle)
            for side, way in ((0, 1), (1, -1))
        ]
        _arrow(ax, *(reversed(ends) if layer.reverse else ends))


def _edge(layout: _Layout, column: int) -> float:
    """From a column's middle to where an arrow may begin."""
    return 0.16 if layout.columns[column] is None else layout.width / 2


def _draw_answers(
    ax: Axes,
    answers: np.ndarray,
    classes: Sequence[Any] | None,
    targets: Sequence[str] | None,
    layout: _Layout,
) -> None:
    """The answers, and arrows to them: one that needs all steps is fed from all of them."""
    row, top = layout.answer, layout.layers[-1].top
    if classes is None and targets is not None and _named(targets, answers.shape[1]):
        _name_each(ax, row, "output y", targets)
    else:
        _name(ax, row, "output y", "numbers" if classes is None else "probabilities")
    all_steps = bool(np.isnan(answers).any())
    start = top + _GAP / 2 if all_steps else top
    for column, step in layout.shown():
        box = layout.box(row, column)
        if all_steps:
            ax.plot([box.middle] * 2, [top, start], color=colours().grey, linewidth=1)
        if np.isnan(answers[step]).any():
            continue
        _arrow(ax, (box.middle, start), (box.middle, row.y))
        if classes is not None:
            _draw_bars(ax, answers[step], classes, box, layout.slot - 0.06)
    if classes is None:
        _draw_values(ax, answers, row, layout, alike=False)
    if all_steps:
        ends = [layout.middle(0), layout.middle(len(layout.columns) - 1)]
        ax.plot(ends, [start] * 2, color=colours().grey, linewidth=1)


def _draw_bars(
    ax: Axes, chances: np.ndarray, classes: Sequence[Any], box: _Box, room: float
) -> None:
    """A bar for each class, and the name of the most likely one above them, in so many inches."""
    row, best = box.row, int(chances.argmax())
    each = box.width / len(chances)
    places = box.left + each * (np.arange(len(chances)) + 0.5)
    blue = colours().blue
    shown = [blue if k == best else blend(blue, 0.4) for k in range(len(chances))]
    ax.bar(places, chances * row.height, 0.8 * each, bottom=row.y, color=shown)
    _frame(ax, box)
    ax.text(
        box.middle, row.top + 0.06, _caption(classes[best], float(chances[best]), room),
        ha="center", va="bottom", fontsize=8, color=colours().ink, linespacing=1.1,
    )  # fmt: skip


def _caption(label: Any, chance: float, room: float) -> str:
    """A class and its probability: on a line, or on two, the name cut, where that is too wide."""
    line = f"{called(label)}  {percent(chance)}"
    if fits(line, room, 8):
        return line
    most = next((most for most in range(18, 1, -1) if fits(called(label, most), room, 8)), 1)
    return f"{called(label, most)}\n{percent(chance)}"


def _draw_gap(ax: Axes, steps: int, layout: _Layout) -> None:
    """What stands where steps are left out."""
    if None not in layout.columns:
        return
    middle = layout.middle(layout.columns.index(None))
    missing = steps - len(layout.shown())
    for row in layout.layers:
        ax.text(
            middle, row.middle, "···", ha="center", va="center", fontsize=12, color=colours().grey
        )
    ax.text(
        middle, layout.input.y, f"{missing:,} more\nstep{'s' * (missing > 1)}",
        ha="center", va="bottom", fontsize=8.5, color=colours().grey,
    )  # fmt: skip


def _finding(
    recording: Recording, classes: Sequence[Any] | None, targets: Sequence[str] | None
) -> tuple[str, str]:
    steps, last = len(recording.inputs), recording.answers[-1]
    over = f"{steps:,} step{'s' * (steps > 1)}"
    if classes is None:
        named = [""] * len(last)
        if targets is not None and len(targets) == len(last):
            named = [f"{shortened(target)} " for target in targets]
        said = [numbers(np.array([value]))[0] for value in last[:3]]
        shown = ", ".join(f"{name}{one}" for name, one in zip(named, said, strict=False))
        finding = f"After {over}: {shown}{', …' * (len(last) > 3)}"
    elif not np.isclose(last.sum(), 1):  # of several labels each is true or not
        likely = [f"“{called(classes[k])}” ({percent(last[k])})" for k in np.argsort(-last)]
        count = int((last > 0.5).sum())
        finding = f"After {over}: {', '.join(likely[: min(count, 3)]) or 'no label'}"
        finding += f" and {count - 3} more" * (count > 3)
    else:
        best = np.flatnonzero(last == last.max())
        named = " and ".join(f"“{called(classes[k])}”" for k in best[:2])
        named += " and others" * (len(best) > 2)
        each = " each" * (len(best) > 1)
        finding = f"After {over}: {named} ({percent(float(last.max()))}{each})"
    return finding, (
        "The same weights at every step. Each tile of h is a unit: blue above zero, orange below."
    )
