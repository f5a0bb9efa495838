"""What is heard over time: what is drawn, and what the words around it say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elman import plots
from elman.errors import ShapeError

STEPS = np.arange(24.0).reshape(8, 3)
CHANCES = np.array([[0.9, 0.05, 0.05]] * 3 + [[0.1, 0.8, 0.1]] * 2 + [[0.8, 0.1, 0.1]] * 3)
TIMES = np.array([[0.06, 0.1]])


def test_features_probabilities_and_places_are_what_is_drawn():
    figure = plots.alignment(STEPS, CHANCES, ["blank", "a", "b"], ["a"], TIMES, 0.02, true="ab")
    above: Any = figure.axes[0]
    below: Any = figure.axes[1]
    assert np.allclose(above.images[0].get_array(), STEPS.T)
    assert above.images[0].get_extent() == [0, 0.16, 0, 3]
    lines = {line.get_label(): line.get_ydata() for line in below.lines}
    assert np.allclose(lines["a"], CHANCES[:, 1])
    assert np.allclose(lines["blank"], CHANCES[:, 0])
    assert np.allclose(below.lines[0].get_xdata(), (np.arange(8) + 0.5) * 0.02)
    spans = [patch.get_extents().transformed(below.transData.inverted()) for patch in below.patches]
    assert np.allclose([[one.x0, one.x1] for one in spans], TIMES)
    assert [text.get_text() for text in above.texts] == ["a"]
    said = [text.get_text() for text in figure.texts]
    assert said[0] == "Heard: a (said: ab)"
    assert "1 label in 8 steps, of which 75.0 % are mostly blank" in " ".join(said)


def test_a_spectrogram_stands_in_place_of_the_features_over_the_same_time():
    bands = np.arange(32.0).reshape(16, 2) - 40
    bands[3] = -500.0  # digital silence
    bands[-2:] = np.nan
    figure = plots.alignment(
        STEPS, CHANCES, ["blank", "a", "b"], ["a"], TIMES, 0.02,
        spectrogram=bands, hertz=np.array([250.0, 1500.0]),
    )  # fmt: skip
    above: Any = figure.axes[0]
    drawn = above.images[0]
    np.testing.assert_array_equal(drawn.get_array().filled(np.nan), bands.T)
    assert drawn.get_extent() == [0, 0.16, 0, 2]
    assert drawn.get_clim() == (-13.0 - 14.0, -13.0)  # what is fainter is nothing
    assert [text.get_text() for text in above.get_yticklabels()] == ["250", "1,500"]
    assert above.get_ylabel() == "Hz"


def test_where_nothing_is_heard_the_picture_says_so():
    figure = plots.alignment(STEPS, CHANCES, ["blank", "a", "b"], [], np.zeros((0, 2)))
    assert figure.texts[0].get_text() == "Nothing is heard: all is blank"
    assert figure.axes[1].get_xlabel() == "step"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"steps": np.zeros((0, 3))}, r"steps: found \[0, 3\]"),
        ({"chances": CHANCES[:, :2]}, r"chances: found \[8, 2\]; \[8, 3\]"),
        ({"times": np.zeros((2, 2))}, "times: 2 for 1 labels"),
        ({"spectrogram": np.zeros((4, 2))}, r"spectrogram: found \[4, 2\] with None hertz"),
        ({"hertz": np.zeros(2)}, r"spectrogram: found None with 2 hertz"),
        ({"spectrogram": np.zeros((0, 2)), "hertz": np.zeros(2)}, r"found \[0, 2\] with 2"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(changed, said):
    given = {"steps": STEPS, "chances": CHANCES, "names": ["blank", "a", "b"], "labels": ["a"],
             "times": TIMES}  # fmt: skip
    with pytest.raises(ShapeError, match=said):
        plots.alignment(**{**given, **changed})
