"""What the pictures of a network that reads one sequence have in common."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from elman import plots
from elman.blueprint import CellConfig
from elman.errors import ShapeError
from elman.plots.inside import layer_name, unit_order
from tests.plots.recordings import recorded


def test_units_are_in_the_order_of_the_state_that_was_read_last():
    forward, backward = recorded(CellConfig("lstm", 9), bidirectional=True).layers
    assert forward.cell is not None
    for layer, states, last in ((forward, forward.cell, -1), (backward, backward.hidden, 0)):
        ordered = states[last, unit_order(layer, states)]
        assert (np.diff(ordered) <= 0).all()


def test_a_layer_is_named_by_its_own_units_and_not_its_projections():
    cells = [CellConfig("lstm", 40, projection=7), CellConfig("rnn", 1)]
    names = [layer_name(layer) for layer in recorded(*cells).layers]
    assert names == ["Layer 1: LSTM, 40 units", "Layer 2: simple cell, 1 unit"]


@pytest.mark.parametrize("draw", [plots.states, plots.unrolled])
def test_classes_are_checked(draw):
    with pytest.raises(ShapeError, match="classes: 2 for 3 answers; pass 3"):
        draw(recorded(CellConfig("gru", 9)), ["a", "b"])


@pytest.mark.parametrize("draw", [plots.states, plots.gates])
@pytest.mark.parametrize("names", [None, ["a", "b"], ["a"]])
def test_every_feature_has_its_line_whether_named_or_not(draw, names):
    recording = recorded(CellConfig("gru", 9))
    lines = draw(recording, feature_names=names).axes[0].get_lines()
    for line, values in zip(lines, recording.inputs.T, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), values)


def test_token_ids_are_called_so(drawn):
    recording = recorded(CellConfig("gru", 9), steps=3)
    ids = dataclasses.replace(recording, inputs=np.array([4, 0, 2]))
    for draw in (plots.states, plots.gates, plots.unrolled):
        assert "token id" in drawn(draw(ids))
