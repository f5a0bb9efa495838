"""Which texts of a picture lie on one another."""

from itertools import combinations


def overlapping(figure, texts):
    """Pairs of texts, of a figure that was drawn, whose boxes overlap by more than a pixel."""
    renderer = figure.canvas.get_renderer()
    boxes = [(t.get_text(), *t.get_window_extent(renderer).extents) for t in texts if t.get_text()]
    return [
        (one, other)
        for (one, left, low, right, high), (other, left2, low2, right2, high2) in combinations(
            boxes, 2
        )
        if min(right, right2) - max(left, left2) > 1 and min(high, high2) - max(low, low2) > 1
    ]
