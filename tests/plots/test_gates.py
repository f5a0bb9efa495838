"""Gates as heat maps over time and units."""

import numpy as np
import pytest

from elman import plots
from elman.blueprint import CellConfig
from elman.cells import more
from elman.written import WrittenCell, join, named, sigmoid, tanh, total
from tests.plots.recordings import recorded
from tests.plots.shapes import overlapping


def maps(figure):
    """The heat maps `[units, steps]` from the top down; those of scales are left out."""
    return [ax.images[0].get_array() for ax in figure.axes if ax.images]


def test_each_gate_is_a_panel_with_its_units_in_the_order_of_their_last_cell(drawn):
    recording = recorded(CellConfig("lstm", 9), steps=12, features=20)
    (layer,) = recording.layers
    figure = plots.gates(recording)
    texts = drawn(figure)
    for name in ("input gate", "forget gate", "candidate", "output gate", "cell", "hidden state"):
        assert name in texts
    assert "Layer 1: LSTM, 9 units" in texts
    order = np.argsort(-layer.cell[-1])
    expected = [*(gate[:, order] for gate in layer.gates.values())]
    expected += [layer.cell[:, order], layer.hidden[:, order]]
    found = maps(figure)
    np.testing.assert_allclose(found[0], recording.inputs.T)
    for image, values in zip(found[1:], expected, strict=True):
        np.testing.assert_allclose(image, values.T)
    kept = 100 * layer.gates["f"].mean()
    assert f"From step to step {kept:.1f} % of the cell (layer 1) is kept on average" in texts


def test_shares_have_one_scale_and_signed_values_are_white_at_zero():
    figure = plots.gates(recorded(CellConfig("gru", 9), features=20))
    scales = [ax.images[0].get_clim() for ax in figure.axes if ax.images]
    assert scales[1:4] == [(0, 1), (0, 1), (-1, 1)]
    assert scales[4][0] == -scales[4][1]


@pytest.mark.parametrize(("both", "steps"), [(False, 1), (True, 40)])
def test_layers_of_all_kinds_and_both_directions(drawn, both, steps):
    cells = [CellConfig("lstm", 40, projection=7), CellConfig("gru", 12), CellConfig("rnn", 1)]
    recording = recorded(*cells, steps=steps, bidirectional=both)
    figure = plots.gates(recording, feature_names=["wind", "rain"])
    texts = drawn(figure)
    assert ("Layer 2 backwards: GRU, 12 units" in texts) == both
    assert {"Layer 1: LSTM, 40 units", "Layer 3: simple cell, 1 unit"} <= {*texts}
    named = [ax for ax in figure.axes if ax.get_legend() is not None]
    assert [t.get_text() for ax in named for t in ax.get_legend().get_texts()] == ["wind", "rain"]
    assert overlapping(figure, [t for ax in figure.axes for t in (*ax.texts, ax.title)]) == []


def test_without_gates_the_hidden_state_is_shown(drawn):
    texts = drawn(plots.gates(recorded(CellConfig("rnn", 9))))
    assert "No gates: the hidden state over 6 steps" in texts


def test_a_written_cells_values_are_drawn_by_their_names_whatever_they_are(drawn):
    def everything(x, state, w):
        gate = named("hidden", sigmoid(w.w @ x))
        parts = named("parts", join(gate, 3 * gate)), named("all", total(x)), named("x", x + 0.0)
        return named("z", tanh(gate * state.hidden + parts[1]))

    cell = WrittenCell(everything, "everything", weights={"w": ("H", "I")})
    recording = recorded(CellConfig("everything", 5, tape=cell.tape(5)), features=20)
    figure = plots.gates(recording)
    texts = drawn(figure)
    assert {"hidden", "parts", "all", "x", "z", "hidden state"} <= {*texts}
    assert "What the cells name, and the hidden state over 6 steps" in texts
    assert "update gate" not in texts
    shapes = [image.shape for image in maps(figure)[1:]]
    assert shapes == [(5, 6), (10, 6), (1, 6), (20, 6), (5, 6), (5, 6)]
    scales = [ax.images[0].get_clim() for ax in figure.axes if ax.images]
    assert scales[1] == (0, 1)
    assert scales[2][0] == -scales[2][1] < -1


def test_every_cell_of_the_family_is_drawn(drawn):
    for name in more.__all__:
        kind = getattr(more, name).description.name
        assert "hidden state" in drawn(plots.gates(recorded(CellConfig(kind, 4))))
