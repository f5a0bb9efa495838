"""What is held against every picture: it can be drawn, and nothing leaves its edges."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg


def texts_of(figure):
    """All text in a picture, as drawn."""
    return [text.get_text() for text in figure.findobj(match=_is_text) if text.get_visible()]


def _is_text(artist):
    return hasattr(artist, "get_text") and bool(artist.get_text())


@pytest.fixture
def drawn():
    """Draw a figure, check that it stays within its edges, and give its texts."""

    def draw(figure):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        width, height = figure.get_size_inches()
        box = figure.get_tightbbox(canvas.get_renderer())
        assert box.x0 >= -0.01, box
        assert box.y0 >= -0.01, box
        assert box.x1 <= width + 0.01, box
        assert box.y1 <= height + 0.01, box
        pixels = np.asarray(canvas.buffer_rgba())
        assert pixels[..., :3].min() < 128  # something was drawn
        return texts_of(figure)

    return draw
