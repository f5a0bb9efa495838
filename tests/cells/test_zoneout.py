"""Zoneout: which units keep their value, and the expectation in evaluation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman.cells import Dropout, GRUCell, LSTMCell, Zoneout
from elman.errors import ArgumentError
from elman.kernels import reference
from elman.kernels.contract import Noise
from elman.layers import dynamic_unroll
from elman.unrolling.loop import loop
from tests.cell_zoo import (
    Leaky,
    assert_states_close,
    gru,
    lstm,
    make,
    random_inputs,
    random_state,
    rnn,
)

WIDTH = 400


def step(cell):
    """A step from a random state: before, the cell's own result, and zoneout's."""
    torch.manual_seed(0)
    state = random_state(cell, 3)
    inputs = torch.randn(3, 2)
    _, plain = cell.cell(inputs, state.inner)
    outputs, after = cell(inputs, state)
    return state.inner, plain, outputs, after.inner


def kept(before, plain, after):
    assert ((after == before) | (after == plain)).all()
    return (after == before).float().mean().item()


def test_units_keep_their_value_at_the_rate():
    before, plain, outputs, after = step(Zoneout(GRUCell(2, WIDTH), 0.3))
    assert kept(before.hidden, plain.hidden, after.hidden) == pytest.approx(0.3, abs=0.04)
    assert outputs is after.hidden


def test_hidden_and_cell_have_rates_and_masks_of_their_own():
    before, plain, outputs, after = step(Zoneout(LSTMCell(2, WIDTH), hidden=0.1, cell_rate=0.5))
    assert kept(before.hidden, plain.hidden, after.hidden) == pytest.approx(0.1, abs=0.04)
    assert kept(before.cell, plain.cell, after.cell) == pytest.approx(0.5, abs=0.04)
    assert outputs is after.hidden
    before, _, _, after = step(Zoneout(LSTMCell(2, WIDTH), 0.5))
    same_hidden, same_cell = after.hidden == before.hidden, after.cell == before.cell
    assert (same_hidden & same_cell).float().mean().item() == pytest.approx(0.25, abs=0.04)


def test_evaluation_gives_the_expectation():
    before, plain, outputs, after = step(Zoneout(LSTMCell(2, 5), hidden=0.1, cell_rate=0.5).eval())
    torch.testing.assert_close(after.hidden, 0.1 * before.hidden + 0.9 * plain.hidden)
    torch.testing.assert_close(after.cell, 0.5 * before.cell + 0.5 * plain.cell)
    assert outputs is after.hidden


def test_rate_zero_is_the_cell_itself():
    cell = make("zoneout")
    cell.hidden = 0.0
    inputs = random_inputs(2, 4)
    found, _ = dynamic_unroll(cell, inputs)
    expected, _ = dynamic_unroll(cell.cell, inputs)
    torch.testing.assert_close(found, expected)


def test_counters_and_outputs_that_are_no_state_pass_through():
    cell = Zoneout(Leaky(), 0.5)
    state = cell.initial_state(2)
    inputs = random_inputs(2, 1)[:, 0]
    outputs, plain = Leaky()(inputs, state.inner)
    found, after = cell(inputs, state)
    assert torch.equal(found, outputs)
    assert after.inner.count.tolist() == plain.count.tolist() == [1, 1]


@pytest.mark.parametrize("options", [{"rate": 1.0}, {"hidden": -0.1}, {"cell_rate": 2.0}])
def test_a_rate_is_a_probability_below_one(options):
    with pytest.raises(ArgumentError):
        Zoneout(LSTMCell(2, 3), **options)


BUILT_IN = {
    "rnn": rnn,
    "lstm_all": lambda: lstm(hidden=3, peepholes=True, projection=2, layer_norm=True),
    "gru": gru,
    "gru_reset_before": lambda: gru(reset_after=False),
}


def gradients(cell, outputs, final):
    loss = outputs.square().sum() + sum(leaf.sin().sum() for leaf in final.inner)
    return torch.autograd.grad(loss, list(cell.parameters()))


@pytest.mark.parametrize("reverse", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("training", [False, True], ids=["answering", "training"])
@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_cell_goes_as_a_whole_as_it_goes_step_by_step(
    name, training, reverse, monkeypatch
):
    cell = Zoneout(BUILT_IN[name](), hidden=0.3, cell_rate=0.5).train(training)
    start = random_state(cell, 3)._replace(step=torch.tensor([0, 2, 2**32 - 1]))
    inputs, lengths = random_inputs(3, 5), torch.tensor([5, 0, 3])
    resets = None if training else torch.tensor([[0, 1, 0, 0, 1], [1] * 5, [0, 0, 0, 1, 1]]).bool()
    wanted = loop(cell, inputs, start, lengths, resets, reverse)
    monkeypatch.setattr(type(cell.cell), "forward", None)  # no single steps from here on
    found = dynamic_unroll(
        cell, inputs, initial_state=start, lengths=lengths, resets=resets, reverse=reverse
    )
    torch.testing.assert_close(found[0], wanted[0], rtol=0, atol=1e-12)
    assert_states_close(found[1], wanted[1])
    torch.testing.assert_close(gradients(cell, *found), gradients(cell, *wanted))


@pytest.mark.parametrize("training", [False, True], ids=["answering", "training"])
@pytest.mark.parametrize("name", BUILT_IN)
def test_its_steps_are_those_of_the_specification(name, training):
    cell = Zoneout(BUILT_IN[name](), hidden=0.3, cell_rate=0.5).train(training)
    start = random_state(cell, 3)
    inputs = random_inputs(3, 4)
    outputs, final = loop(cell, inputs, start)
    drawn = (start.key.numpy(), start.step.numpy()) if training else (None, None)
    weights = cell.cell.weights()
    wanted = reference.forward(
        cell.cell.recurrence,
        type(weights)(*(None if w is None else w.detach().numpy() for w in weights)),
        inputs.numpy(),
        type(start.inner)(*(leaf.numpy() for leaf in start.inner)),
        noise=Noise(*drawn, zoneout_hidden=0.3, zoneout_cell=0.5 if "lstm" in name else 0.0),
    )
    expected = (wanted.outputs, *wanted.final_state)
    for part, of_specification in zip((outputs, *final.inner), expected, strict=True):
        np.testing.assert_allclose(part.detach(), of_specification, rtol=0, atol=1e-12)


def test_around_other_cells_it_goes_step_by_step():
    cell, calls = make("own_zoneout"), []
    cell.cell.register_forward_hook(lambda *_: calls.append(1))
    _, final = dynamic_unroll(cell, random_inputs(2, 4))
    assert len(calls) == 4
    assert final.step.tolist() == [4, 4]


@pytest.mark.parametrize("lengths", [None, [6, 0, 4]], ids=["all steps", "lengths"])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda cell: Zoneout(cell, 0.4),
        lambda cell: Dropout(cell, input=0.3, output=0.2, recurrent=0.4),
        lambda cell: Dropout(Zoneout(cell, 0.4), input=0.3, output=0.2, variational=True),
    ],
    ids=["zoneout", "dropout", "both"],
)
def test_with_fresh_masks_it_goes_from_reset_to_reset(wrap, lengths, monkeypatch):
    """By the kernels, with the masks of the same draws as step by step."""
    cell = wrap(lstm())
    start, inputs = random_state(cell, 3), random_inputs(3, 6)
    lengths = None if lengths is None else torch.tensor(lengths)
    resets = torch.tensor([[0, 0, 1, 0, 0, 1], [1] * 6, [1, 0, 0, 0, 1, 1]]).bool()
    torch.manual_seed(0)
    wanted = loop(cell, inputs, start, lengths, resets)
    monkeypatch.setattr(LSTMCell, "forward", None)
    torch.manual_seed(0)
    found = dynamic_unroll(cell, inputs, initial_state=start, lengths=lengths, resets=resets)
    torch.testing.assert_close(found[0], wanted[0], rtol=0, atol=1e-12)
    assert_states_close(found[1], wanted[1])
    for one, other in zip(*(torch.autograd.grad(part[0].square().sum(), [*cell.parameters()])
                            for part in (found, wanted)), strict=True):  # fmt: skip
        torch.testing.assert_close(one, other)
