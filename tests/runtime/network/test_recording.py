"""What is recorded of a sequence is what the network ran with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from elman.blueprint import (
    Blueprint,
    CellConfig,
    CellKind,
    Recurrent,
    register_cell,
    sequence_to_sequence,
    sequence_to_vector,
    vector_to_sequence,
)
from elman.errors import ArgumentError, ShapeError
from elman.runtime import Network
from elman.tasks import Classifier, Regressor
from tests.tasks.sequences import TINY, classes, sums

T = 7
INPUTS = np.random.default_rng(1).normal(size=(T, 3)).astype(np.float32)


def network(blueprint: Blueprint) -> Network:
    draws = np.random.default_rng(0)
    shapes = blueprint.shapes().items()
    return Network(blueprint, {name: draws.normal(size=shape) for name, shape in shapes})


def bare(*cells: CellConfig, bidirectional: bool = False) -> Network:
    """Nothing but recurrent layers: the answers are the top layer's outputs."""
    layers = Recurrent(cells, bidirectional=bidirectional)
    return network(Blueprint("sequence_to_sequence", 3, {"body": (layers,)}))


def befores(states: np.ndarray, start: float | np.ndarray = 0.0) -> np.ndarray:
    """The state before each step."""
    return np.concatenate([np.broadcast_to(start, (1, states.shape[1])), states[:-1]])


LSTMS = {
    "plain": CellConfig("lstm", 5),
    "peepholes": CellConfig("lstm", 5, peepholes=True),
    "clipped": CellConfig("lstm", 5, cell_clip=0.3),
    "zoneout": CellConfig("lstm", 5, zoneout=0.3),
}


@pytest.mark.parametrize("config", LSTMS.values(), ids=LSTMS)
@pytest.mark.parametrize("both", [False, True])
def test_an_lstms_gates_make_its_cell_and_hidden_state(config, both):
    for layer in bare(config, bidirectional=both).record(INPUTS).layers:
        order = slice(None, None, -1 if layer.reverse else 1)
        gates = {name: gate[order] for name, gate in layer.gates.items()}
        assert list(gates) == ["i", "f", "g", "o"]
        assert layer.cell is not None
        cell, hidden = layer.cell[order], layer.hidden[order]
        new = gates["f"] * befores(cell) + gates["i"] * gates["g"]
        if config.cell_clip:
            new = np.clip(new, -config.cell_clip, config.cell_clip)
        keep = np.float32(config.zoneout)
        output = keep * befores(hidden) + (1 - keep) * gates["o"] * np.tanh(new)
        np.testing.assert_allclose(keep * befores(cell) + (1 - keep) * new, cell, atol=2e-6)
        np.testing.assert_allclose(output, hidden, atol=2e-6)


@pytest.mark.parametrize("reset_after", [True, False])
def test_a_grus_gates_make_its_hidden_state(reset_after):
    (layer,) = bare(CellConfig("gru", 5, reset_after=reset_after)).record(INPUTS).layers
    assert list(layer.gates) == ["r", "z", "n"]
    assert layer.cell is None
    z, n = layer.gates["z"], layer.gates["n"]
    np.testing.assert_allclose((1 - z) * n + z * befores(layer.hidden), layer.hidden, atol=2e-6)


def test_wrappers_are_seen_through():
    config = CellConfig("lstm", 3, residual=True, output_projection=4, learned_state=True)
    which = bare(config)
    recording = which.record(INPUTS)
    (layer,) = recording.layers
    assert layer.kind == "LSTM"
    assert layer.hidden.shape == (T, 3)
    assert recording.answers.shape == (T, 4)
    start = which._chains["body"].initial_state(1)[0][0].cell
    assert start.any()
    new = layer.gates["f"] * befores(layer.cell, start[0]) + layer.gates["i"] * layer.gates["g"]
    np.testing.assert_allclose(new, layer.cell, atol=2e-6)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("both", [False, True])
def test_the_states_are_the_outputs_that_the_network_ran_with(kind, both):
    which = bare(CellConfig(kind, 4), CellConfig(kind, 6), bidirectional=both)
    layers = which.record(INPUTS).layers
    assert [(layer.number, layer.reverse) for layer in layers] == (
        [(1, False), (1, True), (2, False), (2, True)] if both else [(1, False), (2, False)]
    )
    lower, upper = ([layer for layer in layers if layer.number == number] for number in (1, 2))
    below = np.concatenate([layer.hidden for layer in lower], axis=1)
    above = np.concatenate([layer.hidden for layer in upper], axis=1)
    for layer in lower:
        np.testing.assert_array_equal(layer.inputs, INPUTS)
    for layer in upper:
        np.testing.assert_allclose(layer.inputs, below, atol=1e-6)
    np.testing.assert_allclose(above, which.run(INPUTS[None])[0], atol=1e-5)
    assert np.ptp(above) > 0.1


@pytest.mark.parametrize("both", [False, True])
def test_a_dilated_cells_gates_act_on_the_state_so_many_steps_back(both):
    config = CellConfig("lstm", 4, dilation=3, learned_state=True)
    which = bare(config, bidirectional=both)
    layers = which.record(INPUTS).layers
    start = which._chains["body"].initial_state(1)[0]
    for layer, begin in zip(layers, start, strict=True):
        order = slice(None, None, -1 if layer.reverse else 1)
        gates = {name: gate[order] for name, gate in layer.gates.items()}
        cell = layer.cell[order]
        before = np.concatenate([begin.states.cell[0], cell[:-3]])
        np.testing.assert_allclose(gates["f"] * before + gates["i"] * gates["g"], cell, atol=2e-6)
    outputs = np.concatenate([layer.hidden for layer in layers], axis=1)
    np.testing.assert_allclose(outputs, which.run(INPUTS[None])[0], atol=1e-6)


def test_a_simple_cell_has_no_gates():
    (layer,) = bare(CellConfig("rnn", 4)).record(INPUTS).layers
    assert (layer.kind, dict(layer.gates), layer.cell) == ("simple cell", {}, None)


def test_answers_are_those_of_a_trace():
    cells = CellConfig("gru", 4)
    which = network(sequence_to_vector(input_size=3, cells=cells, outputs=2, pool="mean"))
    np.testing.assert_array_equal(which.record(INPUTS).answers, which.trace(INPUTS[None])[0])


def test_a_vector_of_both_directions_is_answered_at_the_end_only():
    cells = CellConfig("gru", 4)
    which = network(sequence_to_vector(input_size=3, cells=cells, outputs=2, bidirectional=True))
    answers = which.record(INPUTS).answers
    assert np.isnan(answers[:-1]).all()
    np.testing.assert_array_equal(answers[-1], which.run(INPUTS[None])[0])


def test_token_ids():
    cells = CellConfig("lstm", 4)
    which = network(sequence_to_sequence(vocabulary=6, embedding=3, cells=cells, outputs=2))
    ids = np.array([3, 1, 5, 1])
    recording = which.record(ids)
    (layer,) = recording.layers
    np.testing.assert_array_equal(recording.inputs, ids)
    new = layer.gates["f"] * befores(layer.cell) + layer.gates["i"] * layer.gates["g"]
    np.testing.assert_allclose(new, layer.cell, atol=2e-6)


class Sum(NamedTuple):
    total: np.ndarray


class RunningSum:
    """A user's own cell."""

    def initial_state(self, batch):
        return Sum(np.zeros((batch, 3), np.float32))

    def __call__(self, inputs, state):
        total = state.total + inputs
        return total, Sum(total)


def test_a_users_own_cell_shows_its_state():
    kind = CellKind(
        "recorded_sum", lambda *_: {}, lambda config: {"hidden": 3},
        numpy_cell=lambda config, weights: RunningSum(),
    )  # fmt: skip
    register_cell(kind)
    (layer,) = bare(CellConfig("recorded_sum", 3)).record(INPUTS).layers
    assert (layer.kind, dict(layer.gates)) == ("RunningSum", {})
    np.testing.assert_allclose(layer.hidden, INPUTS.cumsum(axis=0), atol=1e-6)


def test_what_cannot_be_recorded_is_a_typed_error():
    with pytest.raises(ShapeError, match="no steps"):
        bare(CellConfig("rnn", 4)).record(INPUTS[:0])
    with pytest.raises(ShapeError, match=r"numbers \[B, T, 3\]"):
        bare(CellConfig("rnn", 4)).record(INPUTS[:, :2])
    writer = vector_to_sequence(
        input_size=3, vocabulary=7, embedding=3, cells=CellConfig("rnn", 4), go=0, eos=1
    )
    with pytest.raises(ArgumentError, match="use decoder and teach"):
        network(writer).record(INPUTS)


def test_a_classifier_records_its_probabilities_and_the_sequence_as_it_was_given():
    X, y = classes(30)
    model = Classifier(**TINY, baselines=False).fit(X, y).model_
    recording = model.record(X[0])
    np.testing.assert_array_equal(recording.inputs, X[0])
    assert model.input_scaler is not None
    scaled = model.input_scaler.transform(X[0])
    np.testing.assert_array_equal(recording.layers[0].inputs, scaled)
    np.testing.assert_array_equal(recording.answers, model.trace(X[0]))


def test_a_regressor_records_numbers_in_the_targets_unit():
    X, y, _ = sums(30)
    model = Regressor(**TINY, baselines=False).fit(X, y).model_
    np.testing.assert_array_equal(model.record(X[0]).answers, model.trace(X[0]))
    np.testing.assert_allclose(model.record(X[0]).answers[-1, 0], model.predict(X[:1])[0])
