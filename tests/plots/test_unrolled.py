"""The network unrolled: a box for each step, arrows between them, and the values inside."""

import numpy as np
import pytest
from matplotlib.text import Annotation

from elman import plots
from elman.blueprint import CellConfig
from tests.plots.recordings import recorded
from tests.plots.shapes import overlapping

LABELS = ["a", "b", "c"]


def arrows(figure):
    """Start and end of each arrow."""
    drawn = [text for text in figure.axes[0].texts if isinstance(text, Annotation)]
    return [(text.xyann, text.xy) for text in drawn]


def test_every_step_is_a_column_with_its_own_values(drawn):
    recording = recorded(CellConfig("lstm", 9), steps=4)
    figure = plots.unrolled(recording, LABELS)
    texts = drawn(figure)
    assert [t for t in texts if t.startswith("step")] == [f"step {k}" for k in range(1, 5)]
    for value in recording.inputs.ravel():
        assert f"{value:.2g}".replace("-", "−") in texts
    best = recording.answers[-1].argmax()
    assert f"After 4 steps: “{LABELS[best]}” ({100 * recording.answers[-1, best]:.1f} %)" in texts
    tiles = [image.get_array() for image in figure.axes[0].images]
    hidden = [np.sort(image.compressed()) for image in tiles if image.size >= 9]
    np.testing.assert_allclose(hidden, np.sort(recording.layers[0].hidden, axis=1), rtol=1e-6)
    assert overlapping(figure, figure.axes[0].texts) == []


def test_arrows_run_up_and_on_and_in_a_backward_layer_back():
    one = arrows(plots.unrolled(recorded(CellConfig("gru", 9), steps=4), LABELS))
    assert len([1 for (x, _), (x2, _) in one if x == x2]) == 8  # 4 into h, 4 into y
    assert len([1 for (_, y), (_, y2) in one if y == y2]) == 3
    assert all(x <= x2 and y <= y2 for (x, y), (x2, y2) in one)
    both = arrows(
        plots.unrolled(recorded(CellConfig("gru", 9), steps=4, bidirectional=True), LABELS)
    )
    level = [(x, x2) for (x, y), (x2, y2) in both if y == y2]
    assert len([1 for x, x2 in level if x < x2]) == len([1 for x, x2 in level if x > x2]) == 3
    assert len([1 for (x, _), (x2, _) in both if x == x2]) == 5  # one answer, at the end


@pytest.mark.parametrize("steps", [1, 8, 1007])
def test_a_long_sequence_shows_its_ends_and_says_what_is_missing(drawn, steps):
    figure = plots.unrolled(recorded(CellConfig("rnn", 16), steps=steps), LABELS)
    texts = drawn(figure)
    numbers = [int(t.split()[1]) for t in texts if t.startswith("step")]
    if steps <= 8:
        assert numbers == list(range(1, steps + 1))
        assert not any("more" in text for text in texts)
    else:
        assert numbers == [1, 2, 3, 4, steps - 2, steps - 1, steps]
        missing = steps - 7
        assert f"{missing:,} more\nstep{'s' * (missing > 1)}" in texts
    assert overlapping(figure, figure.axes[0].texts) == []


@pytest.mark.parametrize(("features", "outputs"), [(4, 10), (300, 30)])
def test_any_number_of_features_classes_and_layers(drawn, features, outputs):
    cells = [CellConfig("lstm", 150), CellConfig("gru", 7), CellConfig("rnn", 1)]
    recording = recorded(*cells, features=features, outputs=outputs, bidirectional=True)
    texts = drawn(plots.unrolled(recording, [f"class {k}" for k in range(outputs)]))
    assert "GRU, 7 units\nbackwards" in texts


@pytest.mark.parametrize("outputs", [1, 9])
def test_numbers(drawn, outputs):
    recording = recorded(CellConfig("gru", 9), outputs=outputs)
    texts = drawn(plots.unrolled(recording))
    first = [f"{value:.4g}".replace("-", "−") for value in recording.answers[-1][:3]]
    assert f"After 6 steps: {', '.join(first)}{', …' * (outputs > 3)}" in texts


def test_names_of_features_and_numbers_stand_beside_theirs(drawn):
    recording = recorded(CellConfig("gru", 9), outputs=2)
    names = {"feature_names": ["load (kW)", "wind"], "target_names": ["wear", "life"]}
    assert {"load (kW)", "wind", "wear", "life"} <= set(drawn(plots.unrolled(recording, **names)))
    assert "2 features" not in drawn(plots.unrolled(recording, **names))


def test_an_answer_that_is_no_answer_names_all_of_it():
    recording = recorded(CellConfig("gru", 9))
    recording.answers[-1] = [0.4, 0.4, 0.2]
    headline = plots.unrolled(recording, LABELS).texts[0].get_text()
    assert headline == "After 6 steps: “a” and “b” (40.0 % each)"


@pytest.mark.parametrize(
    ("chances", "said"),
    [
        ([0.9, 0.2, 0.7], "“a” (90.0 %), “c” (70.0 %)"),
        ([0.1, 0.2, 0.3], "no label"),
    ],
)
def test_of_several_labels_those_that_are_likely_are_told(chances, said):
    recording = recorded(CellConfig("gru", 9))
    recording.answers[-1] = chances
    headline = plots.unrolled(recording, LABELS).texts[0].get_text()
    assert headline == f"After 6 steps: {said}"


@pytest.mark.parametrize("steps", [1, 12])
def test_long_names_of_classes_stay_in_their_columns(drawn, steps):
    names = ["WWWWWWWWWWWWWWWWWWWWW", "a very long name of a class", "MMMMMM MMMMMM MMMMMM"]
    figure = plots.unrolled(recorded(CellConfig("gru", 9), steps=steps), names)
    drawn(figure)
    assert overlapping(figure, figure.axes[0].texts) == []


def test_large_numbers_are_told_apart_and_targets_have_their_own_colours(drawn):
    recording = recorded(CellConfig("gru", 9), outputs=2)
    recording.answers[:, 0] = np.linspace(20, 22.5, 6)
    recording.answers[:, 1] = 1_000_000 + 100 * np.arange(6)
    figure = plots.unrolled(recording, target_names=["price [€]", "volume"])
    texts = drawn(figure)
    assert {"1,000,000", "1,000,100", "1,000,500", "20", "22.5"} <= set(texts)
    assert "After 6 steps: price [€] 22.5, volume 1,000,500" in texts
    images = [image for image in figure.axes[0].images if image.get_array().size == 1]
    ranges = {image.get_clim() for image in images if image.get_array().max() > 19}
    assert len(ranges) == 2
    assert all(low > 0 for low, _ in ranges)  # what lies far from zero differs in colour, too
    assert overlapping(figure, figure.axes[0].texts) == []
