"""The trained initial state."""

from __future__ import annotations

import torch

from elman.cells import Dropout, LearnedInitialState, LSTMCell
from elman.layers import dynamic_unroll
from tests.cell_zoo import Leaky


def test_it_starts_as_the_cells_own_and_is_the_same_in_every_row():
    cell = LearnedInitialState(LSTMCell(3, 4, projection=2))
    shapes = {name: tuple(value.shape) for name, value in cell.named_parameters()}
    assert shapes["initial.0"] == (2,)
    assert shapes["initial.1"] == (4,)
    assert all((leaf == 0).all() for leaf in cell.initial_state(3))
    with torch.no_grad():
        cell.initial[1].copy_(torch.arange(4.0))
    assert cell.initial_state(3).cell.tolist() == [[0, 1, 2, 3]] * 3
    assert (LearnedInitialState(Leaky()).initial[0] == 0.5).all()


def test_integers_of_a_state_are_not_learned():
    cell = LearnedInitialState(Dropout(LSTMCell(3, 4), input=0.5))
    assert len(cell.initial) == 2
    assert cell.initial_state(2).key.unique().numel() == 2


def test_training_reaches_it():
    cell = LearnedInitialState(LSTMCell(3, 4))
    optimiser = torch.optim.SGD(cell.initial.parameters(), lr=1.0)
    inputs, target = torch.zeros(8, 2, 3), torch.full((8, 2, 4), 0.3)
    losses = []
    for _ in range(200):
        outputs, _ = dynamic_unroll(cell, inputs)
        loss = (outputs - target).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]
