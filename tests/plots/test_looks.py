"""That what is measured of pictures is found in one that is wrong."""

from __future__ import annotations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tests.plots.looks import broken_ticks, covered, pale


def drawn(figure):
    FigureCanvasAgg(figure).draw()
    return figure


def test_a_legend_on_a_line_or_a_bar_is_found():
    for place in ("upper right", "lower left"):
        figure = Figure(layout="constrained")
        ax = figure.subplots()
        ax.plot([0, 1], [0, 1], label="rising")
        ax.legend(loc=place)
        assert covered(drawn(figure)) == ["['rising'] on line rising"]
    figure = Figure()
    figure.subplots().bar([0, 1], [1, 1], label="all")
    figure.axes[0].legend(loc="center")
    assert covered(drawn(figure))


def test_white_on_light_is_found():
    figure = Figure()
    ax = figure.subplots()
    ax.imshow([[0.1]], cmap="Greys", vmin=0, vmax=1)
    ax.text(0, 0, "7", color="white")
    assert pale(drawn(figure)) == ["'7' in (1.0, 1.0, 1.0)"]


def test_half_an_epoch_is_found():
    figure = Figure()
    ax = figure.subplots()
    ax.plot([1, 2, 3])
    ax.set_xlabel("epoch")
    assert broken_ticks(drawn(figure))
    ax.set_xlabel("seconds")
    assert not broken_ticks(drawn(figure))
