"""Saturation and dead units, of cells whose biases force them."""

from __future__ import annotations

import pytest
import torch

from elman.cells import GRUCell, LSTMCell, RNNCell
from elman.diagnosis import diagnose
from elman.state import LSTMState

FEATURES, H = 2, 4


def inputs():
    return torch.randn(3, 6, FEATURES, generator=torch.Generator().manual_seed(1))


def with_biases(cell, **biases):
    """A gate's name and the biases of its units, blocks in the order of the gates."""
    gates = {"RNNCell": "h", "LSTMCell": "ifgo", "GRUCell": "rzn"}[type(cell).__name__]
    with torch.no_grad():
        cell.weight_ih.mul_(0.01)
        cell.weight_hh.mul_(0.01)
        for name, values in biases.items():
            start = gates.index(name) * H
            cell.bias[start : start + H] = torch.tensor(values)
    return cell


def layer_of(cell):
    return diagnose(cell, inputs()).layers[0]


def test_relu_units_with_a_large_negative_bias_are_dead():
    cell = RNNCell(FEATURES, H, activation="relu")
    found = layer_of(with_biases(cell, h=[-9.0, 9.0, -9.0, 9.0]))
    assert found.dead == (0, 2)
    assert found.gates["h"].low == 0.5
    assert found.gates["h"].high == 0


def test_tanh_units_that_never_leave_an_end_are_dead():
    found = layer_of(with_biases(RNNCell(FEATURES, H), h=[9.0, 0.0, -9.0, 0.0]))
    assert found.dead == (0, 2)
    assert (found.gates["h"].low, found.gates["h"].high) == (0.25, 0.25)
    assert found.gates["h"].saturated == 0.5


def test_lstm_units_that_are_never_written_or_never_read_are_dead():
    biases = {"i": [-9.0, 0.0, 0.0, 0.0], "o": [0.0, 0.0, 0.0, -9.0], "f": [9.0] * 4}
    found = layer_of(with_biases(LSTMCell(FEATURES, H, forget_bias=0.0), **biases))
    assert found.dead == (0, 3)
    assert found.gates["i"].low == found.gates["o"].low == 0.25
    assert (found.gates["f"].high, found.gates["f"].low) == (1, 0)
    assert found.gates["f"].mean == pytest.approx(1, abs=1e-3)


def test_gru_units_that_are_never_written_are_dead():
    found = layer_of(with_biases(GRUCell(FEATURES, H), z=[0.0, 9.0, 0.0, -9.0]))
    assert found.dead == (1,)
    assert (found.gates["z"].low, found.gates["z"].high) == (0.25, 0.25)


def test_the_forget_bias_counts():
    found = layer_of(with_biases(LSTMCell(FEATURES, H, forget_bias=1.0)))
    assert found.gates["f"].mean == pytest.approx(0.731, abs=0.01)


def test_gates_against_the_equations_by_hand():
    cell = LSTMCell(FEATURES, H, peepholes=True).double()
    with torch.no_grad():
        cell.weight_ih.mul_(9)
        cell.peephole.normal_(generator=torch.Generator().manual_seed(0))
    state, values = cell.initial_state(3), []
    with torch.no_grad():
        for x in inputs().double().unbind(1):
            pre = x @ cell.weight_ih.T + state.hidden @ cell.weight_hh.T + cell.bias
            pre_i = pre[:, :H] + cell.peephole[0] * state.cell
            values.append(torch.sigmoid(pre_i))
            _, state = cell(x, LSTMState(*state))
    expected, found = torch.stack(values), layer_of(cell).gates["i"]
    assert found.low == pytest.approx(float((expected < 0.05).double().mean()))
    assert found.high == pytest.approx(float((expected > 0.95).double().mean()))
    assert 0 < found.saturated < 1
    assert found.mean == pytest.approx(float(expected.mean()))


def test_what_stands_past_a_length_is_not_counted():
    cell = with_biases(RNNCell(FEATURES, H, activation="relu"), h=[0.0] * H)
    padded = torch.ones(2, 6, FEATURES)
    padded[1, 1:] = float("nan")
    some = diagnose(cell, (padded, None, [1, 1])).layers[0]
    assert some.gates == diagnose(cell, padded[:, :1]).layers[0].gates


def test_many_steps_are_all_counted():
    cell = with_biases(RNNCell(FEATURES, H, activation="relu"), h=[0.0] * H)
    early, late = -torch.ones(1, 1500, FEATURES), torch.ones(1, 500, FEATURES)
    with torch.no_grad():
        cell.weight_ih.fill_(1)
        cell.weight_hh.zero_()
    found = diagnose(cell, torch.cat([early, late], dim=1)).layers[0]
    assert found.gates["h"].low == 0.75
    assert found.dead == ()
