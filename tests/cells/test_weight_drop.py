"""Recurrent weights that training leaves out: which, when, for how long, and with what gradient."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.blueprint import Blueprint as Plan
from elman.blueprint import CellConfig, Parallel, Pool, Recurrent, sequence_to_sequence
from elman.cells import Dropout, LearnedInitialState, Stacked, Zoneout, drop_weights
from elman.cells.weight_drop import for_one_pass
from elman.errors import ArgumentError, BlueprintError
from elman.layers import dynamic_unroll
from elman.models import build, limit_memory
from elman.unrolling.loop import loop
from tests.cell_zoo import Leaky, gru, lstm, random_inputs, rnn

KINDS = {"rnn": rnn, "lstm": lstm, "gru": gru}
BIG = 12


def batch(steps: int = 6, rows: int = 3) -> torch.Tensor:
    return random_inputs(rows, steps, seed=0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_dropped_weight_has_no_gradient_and_the_others_grow(kind):
    cell = drop_weights(KINDS[kind](hidden=BIG), 0.4)
    drawn = for_one_pass(cell)
    mask = drawn.weight_mask
    assert mask.unique().tolist() == pytest.approx([0, 1 / 0.6])
    assert abs((mask == 0).double().mean().item() - 0.4) < 0.15
    outputs, _ = dynamic_unroll(drawn, batch())
    outputs.square().sum().backward()
    grad = cell.weight_hh.grad
    assert (grad[mask == 0] == 0).all()
    assert (grad[mask > 0] != 0).all()
    plain = KINDS[kind](hidden=BIG)
    plain.load_state_dict({**cell.state_dict(), "weight_hh": cell.weight_hh * mask})
    expected, _ = dynamic_unroll(plain, batch())
    torch.testing.assert_close(outputs, expected, rtol=0, atol=0)
    expected.square().sum().backward()
    torch.testing.assert_close(grad, plain.weight_hh.grad * mask)


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_is_as_without(kind):
    cell, plain = drop_weights(KINDS[kind](hidden=BIG), 0.4), KINDS[kind](hidden=BIG)
    plain.load_state_dict(cell.state_dict())
    cell.eval()
    assert for_one_pass(cell) is cell
    found, expected = (dynamic_unroll(one, batch())[0] for one in (cell, plain))
    assert torch.equal(found, expected)
    assert torch.equal(cell.train()(batch()[:, 0], cell.initial_state(3))[0],
                       plain(batch()[:, 0], plain.initial_state(3))[0])  # fmt: skip
    assert not torch.equal(dynamic_unroll(cell, batch())[0], expected)


def test_one_mask_serves_a_pass_and_the_seed_draws_it():
    cell = drop_weights(lstm(hidden=BIG), 0.5)
    torch.manual_seed(3)
    drawn = for_one_pass(cell)
    whole, _ = dynamic_unroll(drawn, batch())
    first, state = dynamic_unroll(drawn, batch()[:, :2])
    second, _ = loop(drawn, batch()[:, 2:], state, None, None, False)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    other = for_one_pass(cell)
    assert not torch.equal(dynamic_unroll(other, batch())[0], whole)
    torch.manual_seed(3)
    assert torch.equal(dynamic_unroll(cell, batch())[0], whole)


def test_wrappers_keep_it_inside_and_their_kernels():
    def wrapped():
        inner = drop_weights(Dropout(Zoneout(lstm(hidden=BIG), 0.2), input=0.3, recurrent=0.1), 0.5)
        return LearnedInitialState(inner)

    cell = wrapped()
    drawn = for_one_pass(cell)
    assert drawn.cell.cell.cell.weight_mask is not None
    assert cell.cell.cell.cell.weight_mask is None
    assert {id(p) for p in drawn.parameters()} == {id(p) for p in cell.parameters()}
    dynamic_unroll(drawn, batch(), lengths=[6, 0, 2])[0].sum().backward()
    mask = drawn.cell.cell.cell.weight_mask
    assert (cell.cell.cell.cell.weight_hh.grad[mask == 0] == 0).all()
    assert all(p.grad is not None for p in cell.parameters())


@pytest.mark.parametrize("memory", [None, 2])
def test_gradients_within_a_budget_are_those_of_the_same_mask(memory):
    """Even where a later pass has drawn another mask before the way back."""
    blueprint = sequence_to_sequence(
        input_size=3, cells=[CellConfig("lstm", BIG, weight_drop=0.5)] * 2, outputs=2
    )
    model = build(blueprint, 0)
    inputs = batch(8).float()
    torch.manual_seed(0)
    expected = model(inputs)
    expected.square().sum().backward()
    wanted = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    limit_memory(model, memory)
    torch.manual_seed(0)
    found = model(inputs)
    model(inputs)
    assert torch.equal(found, expected)
    found.square().sum().backward()
    for parameter, grad in zip(model.parameters(), wanted, strict=True):
        torch.testing.assert_close(parameter.grad, grad)


@pytest.mark.parametrize(
    "blocks",
    [
        (Recurrent((CellConfig("gru", BIG, weight_drop=0.5),), bidirectional=True), Pool("mean")),
        (Parallel((CellConfig("gru", BIG, weight_drop=0.5),), 2), Pool("mean")),
    ],
    ids=["both directions", "parallel"],
)
def test_every_block_with_cells_draws_masks_in_training_only(blocks):
    model = build(Plan("sequence_to_vector", 3, {"body": blocks}), 0)
    inputs = batch().float()
    assert not torch.equal(model(inputs), model(inputs))
    torch.manual_seed(1)
    found = model(inputs)
    torch.manual_seed(1)
    assert torch.equal(model(inputs), found)
    model.eval()
    assert torch.equal(model(inputs), model(inputs))


def test_a_stack_of_cells_has_a_mask_each():
    stack = Stacked([drop_weights(lstm(hidden=4), 0.5), drop_weights(gru(4, 4), 0.5)])
    drawn = for_one_pass(stack)
    masks = [cell.weight_mask for cell in drawn.cells]
    assert [tuple(mask.shape) for mask in masks] == [(16, 4), (12, 4)]
    assert np.isfinite(dynamic_unroll(drawn, batch())[0].detach().numpy()).all()


def test_what_has_no_such_weights_is_refused():
    with pytest.raises(ArgumentError, match="rate"):
        drop_weights(lstm(), 1.0)
    with pytest.raises(ArgumentError, match="cell: found Leaky"):
        drop_weights(Leaky(), 0.5)
    with pytest.raises(BlueprintError, match="weight_drop"):
        CellConfig("lstm", 4, weight_drop=1.0)
    assert CellConfig("lstm", 4, weight_drop=0.5).describe() == "lstm 4 (weight_drop=0.5)"
