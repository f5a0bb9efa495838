"""Each advice rests on a number, and is given where that number asks for it."""

from __future__ import annotations

import pytest
import torch

from elman.cells import GRUCell, LSTMCell, RNNCell, initialise
from elman.diagnosis import diagnose
from elman.diagnosis.report import pace


def seeded(kind, *args, **options):
    return kind(*args, **options, generator=torch.Generator().manual_seed(0))


def inputs(steps=30):
    return torch.randn(4, steps, 3, generator=torch.Generator().manual_seed(1))


def advice_on(cell, batch):
    return {advice.measure: advice for advice in diagnose(cell, batch).advice}


def shrunk(cell, recurrent=0.1):
    with torch.no_grad():
        cell.weight_hh.mul_(recurrent)
    return cell


def test_a_vanishing_gradient():
    (found,) = advice_on(shrunk(seeded(RNNCell, 3, 8), 0.5), inputs()).values()
    assert found.measure == "memory"
    assert found.value == diagnose(shrunk(seeded(RNNCell, 3, 8), 0.5), inputs()).layers[0].window
    assert "orthogonal initialisation: the largest eigenvalue is only 0.50" in found.text
    assert f"window of {found.value:.0f}" in found.text


def test_an_exploding_gradient():
    cell = shrunk(seeded(RNNCell, 3, 8, activation="relu"), 2.0)
    found = advice_on(cell, inputs())["largest"]
    assert found.value > 10
    assert "clip_norm=1" in found.text


def test_closed_forget_gates():
    found = advice_on(seeded(LSTMCell, 3, 8, forget_bias=0.0), inputs())
    assert 0.4 < found["mean of f"].value < 0.6
    assert "forget_bias=1" in found["mean of f"].text
    assert "open the forget gates" in found["memory"].text
    open_ones = advice_on(shrunk(seeded(LSTMCell, 3, 8, forget_bias=1.0)), inputs())
    assert "mean of f" not in open_ones
    assert "a larger forget_bias" in open_ones["memory"].text


def test_a_grus_memory_hangs_on_its_update_gate():
    assert "z" in advice_on(shrunk(seeded(GRUCell, 3, 8)), inputs())["memory"].text


def test_saturated_values():
    wild = seeded(RNNCell, 3, 8)
    assert "saturation of h" in advice_on(wild, 100 * inputs())
    assert "saturation of h" not in advice_on(wild, inputs())
    assert "saturation of g" in advice_on(seeded(LSTMCell, 3, 8), 100 * inputs())
    relu = seeded(RNNCell, 3, 8, activation="relu")
    assert "saturation of h" not in advice_on(relu, 100 * inputs())


def test_a_gate_that_is_closed():
    cell = seeded(LSTMCell, 3, 8)
    with torch.no_grad():
        cell.bias[:8] = -9
    found = advice_on(cell, inputs())
    assert found["low of i"].value == 1
    assert found["dead units"].value == 8


def test_dead_units():
    cell = seeded(RNNCell, 3, 8, activation="relu")
    with torch.no_grad():
        cell.bias[:3] = -50
    found = advice_on(cell, inputs())["dead units"]
    assert found.value == 3
    assert "3 of 8 units" in found.text


def test_nothing_stands_out():
    cell = initialise(seeded(RNNCell, 3, 8, activation="relu"), recurrent="identity", bias=1.0)
    with torch.no_grad():
        cell.weight_ih.abs_()
    (found,) = advice_on(cell, inputs().abs()).values()
    assert found.measure == "last share"
    assert found.value == pytest.approx(1)
    assert "100 %" in found.text


@pytest.mark.parametrize(
    ("factor", "words"),
    [(0.5, "halves every step"), (2**0.1, "doubles every 10.0 steps"), (1, "stays"),
     (0.5**0.01, "halves every 100 steps"), (0, "ends at once")],
)  # fmt: skip
def test_pace(factor, words):
    assert pace(factor) == words
