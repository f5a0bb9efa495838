"""How weights start: each gate's block on its own."""

from __future__ import annotations

import math

import pytest
import torch

from elman.cells import GRUCell, LSTMCell, Residual, RNNCell, Stacked, chrono, initialise
from elman.errors import ArgumentError
from tests.cell_zoo import MinimalGated

INPUTS, HIDDEN = 30, 40


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("name", "deviation"),
    [
        ("glorot_uniform", math.sqrt(2 / (INPUTS + HIDDEN))),
        ("glorot_normal", math.sqrt(2 / (INPUTS + HIDDEN))),
        ("he_uniform", math.sqrt(2 / INPUTS)),
        ("he_normal", math.sqrt(2 / INPUTS)),
    ],
)
def test_each_block_has_the_papers_deviation(name, deviation):
    cell = initialise(LSTMCell(INPUTS, HIDDEN), input=name, generator=draw())
    blocks = cell.weight_ih.detach().chunk(4)
    for block in blocks:
        assert abs(block.mean()) < 0.1 * deviation
        assert block.std().item() == pytest.approx(deviation, rel=0.1)
        if name.endswith("uniform"):
            assert block.abs().max().item() == pytest.approx(deviation * math.sqrt(3), rel=0.02)
        else:
            assert block.abs().max() > deviation * 2.5
    assert not torch.equal(blocks[0], blocks[1])


def test_the_default_recurrent_blocks_are_orthogonal():
    for cell, gates in (
        (RNNCell(INPUTS, HIDDEN), 1),
        (LSTMCell(INPUTS, HIDDEN), 4),
        (GRUCell(INPUTS, HIDDEN), 3),
    ):
        blocks = cell.weight_hh.detach().chunk(gates)
        for block in blocks:
            torch.testing.assert_close(block @ block.T, torch.eye(HIDDEN), rtol=0, atol=1e-5)


def test_identity_makes_a_cell_that_copies():
    cell = initialise(RNNCell(2, 3, activation="relu"), input="identity", recurrent="identity")
    state = cell.initial_state(1)._replace(hidden=torch.tensor([[1.0, 2.0, 3.0]]))
    outputs, _ = cell(torch.tensor([[5.0, 7.0]]), state)
    assert outputs.tolist() == [[6.0, 9.0, 3.0]]


def test_biases_peepholes_and_gains_start_without_effect():
    cell = LSTMCell(3, 4, peepholes=True, layer_norm=True, projection=2)
    assert (cell.bias == 0).all()
    assert (cell.peephole == 0).all()
    assert all((gain == 1).all() for gain in (cell.norm_ih, cell.norm_hh, cell.norm_cell[0]))
    assert (cell.norm_cell[1] == 0).all()
    biased = initialise(GRUCell(3, 4), bias=0.5)
    assert (biased.bias == 0.5).all()
    assert (biased.recurrent_bias == 0.5).all()


def test_a_function_can_fill_the_blocks():
    shapes = []

    def fill(block, generator):
        shapes.append(tuple(block.shape))
        block.fill_(len(shapes))

    cell = initialise(GRUCell(3, 4), recurrent=fill)
    assert shapes == [(4, 4)] * 3
    assert [block[0, 0].item() for block in cell.weight_hh.chunk(3)] == [1, 2, 3]


def test_every_cell_inside_is_reached_and_the_seed_decides():
    stacks = [
        initialise(Stacked([Residual(RNNCell(3, 3)), GRUCell(3, 4)]), generator=draw(seed))
        for seed in (1, 1, 2)
    ]
    first, second, third = [list(stack.parameters()) for stack in stacks]
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert all(not torch.equal(a, b) for a, b in zip(first, third, strict=True) if a.dim() > 1)


def test_bad_arguments():
    with pytest.raises(ArgumentError, match=r"input: found 'xavier'; one of glorot_uniform"):
        initialise(RNNCell(3, 4), input="xavier")
    with pytest.raises(ArgumentError, match="recurrent"):
        initialise(RNNCell(3, 4), recurrent="random")
    with pytest.raises(ArgumentError, match="MinimalGated"):
        initialise(MinimalGated())


@pytest.mark.parametrize("forget_bias", [0.0, 1.0])
def test_chrono_draws_memories_evenly_up_to_the_longest(forget_bias):
    cell = chrono(LSTMCell(3, 2000, forget_bias=forget_bias), 101, generator=draw())
    i, f, g, o = cell.bias.detach().chunk(4)
    times = (f + forget_bias).exp()
    assert (times.min().item(), times.max().item()) == pytest.approx((1, 100), abs=0.2)
    assert times.mean().item() == pytest.approx(50.5, abs=2)
    torch.testing.assert_close(i, -(f + forget_bias))
    assert not g.any()
    assert not o.any()


def test_chrono_lets_a_gru_keep_what_it_holds():
    cell = chrono(Residual(GRUCell(4, 4)), 1000, generator=draw()).cell
    r, z, n = cell.bias.detach().chunk(3)
    assert (z > 0).all()
    assert not torch.cat([r, n]).any()
    state = cell.initial_state(1)._replace(hidden=torch.ones(1, 4))
    with torch.no_grad():
        outputs, _ = cell(torch.zeros(1, 4), state)
    assert (outputs > 0.95).all()
    again = chrono(Residual(GRUCell(4, 4)), 1000, generator=draw()).cell
    assert torch.equal(again.bias, cell.bias)


def test_chrono_needs_gates_and_time():
    with pytest.raises(ArgumentError, match="LSTM or GRU"):
        chrono(RNNCell(3, 2), 100)
    with pytest.raises(ArgumentError, match="at least 3 steps"):
        chrono(LSTMCell(3, 2), 2)
