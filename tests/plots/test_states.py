"""What a network remembers and answers, over time."""

import numpy as np
import pytest

from elman import plots
from elman.blueprint import CellConfig
from tests.plots.recordings import recorded


def test_states_norms_and_answers_are_drawn_over_time(drawn):
    recording = recorded(CellConfig("lstm", 9), steps=12)
    (layer,) = recording.layers
    figure = plots.states(recording, ["a", "b", "c"], feature_names=["wind", "rain"])
    texts = drawn(figure)
    hidden, cell = [ax.images[0].get_array() for ax in figure.axes if ax.images]
    np.testing.assert_allclose(hidden, layer.hidden[:, np.argsort(-layer.hidden[-1])].T)
    np.testing.assert_allclose(cell, layer.cell[:, np.argsort(-layer.cell[-1])].T)
    lines = {line.get_label(): line.get_ydata() for ax in figure.axes for line in ax.get_lines()}
    np.testing.assert_allclose(lines["‖h‖"], np.linalg.norm(layer.hidden, axis=1), rtol=1e-6)
    np.testing.assert_allclose(lines["‖c‖"], np.linalg.norm(layer.cell, axis=1), rtol=1e-6)
    np.testing.assert_allclose(lines["b"], recording.answers[:, 1])
    np.testing.assert_allclose(lines["rain"], recording.inputs[:, 1])
    norms = np.linalg.norm(layer.hidden, axis=1)
    change = "grows" if norms[-1] > norms[0] else "shrinks"
    found = f"‖h‖ of the top layer {change} from {norms[0]:.2g} to {norms[-1]:.2g} in 12 steps"
    assert found in texts


@pytest.mark.parametrize(
    ("both", "steps", "outputs"), [(False, 1, 2), (True, 40, 10), (False, 900, 200)]
)
def test_any_number_of_steps_classes_and_layers(drawn, both, steps, outputs):
    cells = [CellConfig("lstm", 40), CellConfig("gru", 4)]
    recording = recorded(*cells, steps=steps, features=30, outputs=outputs, bidirectional=both)
    texts = drawn(plots.states(recording, [f"class {k}" for k in range(outputs)]))
    assert ("Layer 2 backwards: GRU, 4 units" in texts) == both
    assert "class 0" in texts


def test_numbers(drawn):
    texts = drawn(plots.states(recorded(CellConfig("gru", 9), outputs=1)))
    assert {"y", "numbers"} <= {*texts}


def test_a_norm_that_stays_is_not_said_to_grow():
    recording = recorded(CellConfig("rnn", 3), steps=4)
    (layer,) = recording.layers
    layer.hidden[-1] = layer.hidden[0]
    headline = plots.states(recording).texts[0].get_text()
    assert headline.endswith("after the first and the last of its steps")
    headline = plots.states(recorded(CellConfig("rnn", 3), steps=1)).texts[0].get_text()
    assert headline.endswith("after the one step")
