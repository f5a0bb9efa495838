"""Pages of drawings, as pictures and as SVG."""

from __future__ import annotations

import numpy as np
import pytest

from elman import plots
from elman.data import Drawings, read_drawings
from elman.errors import ArgumentError, ShapeError
from elman.runtime.drawing.pages import svg_page

CORNER = [np.array([[0.0, 0], [0, 1], [1, 1]])]
DOTTED = [np.array([[0.0, 0], [0, 1]]), np.array([[0.0, -0.3]])]
LINE = [np.array([[0.0, 0], [6, 1]])]


def test_a_page_has_every_stroke_in_its_section():
    figure = plots.drawings({"ours": [CORNER, DOTTED], "theirs": [CORNER]}, "Two hands", "quietly")
    above, below = figure.axes
    assert [len(ax.lines) for ax in (above, below)] == [3, 1]
    assert (above.get_title("left"), below.get_title("left")) == ("ours", "theirs")
    named = plots.drawings({"": [CORNER]}, "One", names={"": ["a b"]})
    assert [one.get_text() for one in named.axes[0].texts] == ["a b"]
    wide = plots.drawings({"": [LINE] * 6}, "Lines")
    assert wide.axes[0].get_xlim()[1] < 4


def test_what_is_no_page_is_refused():
    with pytest.raises(ShapeError, match="no drawing"):
        plots.drawings({"": []}, "Nothing")
    with pytest.raises(ShapeError, match="no points"):
        plots.drawings({"": [[]]}, "Nothing")
    with pytest.raises(ArgumentError):
        plots.drawings({"": [CORNER]}, "One", theme="green")


def test_an_svg_page_is_read_back_stroke_by_stroke(tmp_path):
    data = Drawings.of([CORNER, DOTTED, LINE], labels=["<a>", "b", "c"])
    page = svg_page(data, columns=2)
    assert "&lt;a&gt;" in page
    (tmp_path / "page.svg").write_text(page)
    found = read_drawings(tmp_path / "page.svg").strokes(0)
    assert [len(one) for one in found] == [3, 2, 2, 2]
    corner = found[0] - found[0].min(axis=0)
    np.testing.assert_allclose(corner / corner.max(), CORNER[0], atol=1e-2)
