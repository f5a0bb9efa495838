"""Dropout around a cell: what is zeroed, when, and that a state decides it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import torch

from elman.cells import Dropout, DropoutState, Stacked, Zoneout
from elman.errors import ArgumentError
from elman.kernels import reference
from elman.kernels.contract import Noise
from elman.layers import dynamic_unroll
from elman.unrolling.loop import loop
from tests.cell_zoo import assert_states_close, gru, lstm, random_inputs, random_state, rnn
from tests.unchecked import unchecked

WIDTH = 500


class Seen(NamedTuple):
    hidden: object
    cell: object


class Mirror:
    """Puts out its inputs; its state is what it found as state, and ones."""

    input_size = output_size = WIDTH

    def initial_state(self, batch):
        return Seen(torch.ones(batch, WIDTH), torch.ones(batch, WIDTH))

    def __call__(self, inputs, state):
        self.seen = state
        return inputs, self.initial_state(inputs.shape[0])


def run(cell, rows=4, steps=6):
    torch.manual_seed(0)
    return dynamic_unroll(cell, torch.ones(rows, steps, WIDTH))


@pytest.mark.parametrize("where", ["input", "output"])
def test_what_is_kept_is_scaled_and_the_rate_is_met(where):
    outputs, _ = run(Dropout(Mirror(), **{where: 0.2}))
    assert outputs.unique().tolist() == [0.0, 1.25]
    assert (outputs == 0).float().mean().item() == pytest.approx(0.2, abs=0.02)


def test_input_and_output_masks_are_independent():
    outputs, _ = run(Dropout(Mirror(), input=0.5, output=0.5))
    assert outputs.unique().tolist() == [0.0, 4.0]
    assert (outputs != 0).float().mean().item() == pytest.approx(0.25, abs=0.03)


def test_masks_differ_by_step_and_row_or_by_row_only():
    by_step, _ = run(Dropout(Mirror(), input=0.5))
    assert not torch.equal(by_step[:, 0], by_step[:, 1])
    assert not torch.equal(by_step[0], by_step[1])
    variational, _ = run(Dropout(Mirror(), input=0.5, variational=True))
    assert (variational == variational[:, :1]).all()
    assert not torch.equal(variational[0], variational[1])


@pytest.mark.parametrize("variational", [False, True])
def test_recurrent_dropout_spares_the_field_named_cell(variational):
    cell = Dropout(Mirror(), recurrent=0.2, variational=variational)
    state = cell.initial_state(3)
    masks = []
    for _ in range(2):
        _, state = cell(torch.ones(3, WIDTH), state)
        assert (cell.cell.seen.cell == 1).all()
        masks.append(cell.cell.seen.hidden)
        assert masks[-1].unique().tolist() == [0.0, 1.25]
    assert torch.equal(*masks) == variational


def test_recurrent_dropout_reaches_every_hidden_state_of_a_stack():
    mirrors = Mirror(), Mirror()
    cell = Dropout(Stacked(mirrors), recurrent=0.5)
    cell(torch.ones(1, WIDTH), cell.initial_state(1))
    below, above = (mirror.seen for mirror in mirrors)
    assert below.hidden.unique().tolist() == above.hidden.unique().tolist() == [0.0, 2.0]
    assert not torch.equal(below.hidden, above.hidden)
    assert (below.cell == 1).all()


def test_evaluation_changes_nothing_and_draws_nothing():
    cell = Dropout(Mirror(), input=0.5, output=0.5, recurrent=0.5).eval()
    before = torch.get_rng_state()
    outputs, state = dynamic_unroll(cell, torch.ones(4, 6, WIDTH))
    assert torch.equal(torch.get_rng_state(), before)
    assert (outputs == 1).all()
    assert isinstance(state, DropoutState)
    assert (state.key == 0).all()
    assert (state.step == 0).all()


def test_the_state_decides_the_masks():
    cell = Dropout(Mirror(), input=0.5)
    state = cell.initial_state(4)
    inputs = torch.ones(4, 6, WIDTH)
    first, final = dynamic_unroll(cell, inputs, initial_state=state)
    again, _ = dynamic_unroll(cell, inputs, initial_state=state)
    assert torch.equal(first, again)
    assert final.step.tolist() == [6] * 4
    onward, _ = dynamic_unroll(cell, inputs, initial_state=final)
    assert not torch.equal(first, onward)
    backwards, final = dynamic_unroll(
        cell, inputs, initial_state=state, lengths=[6, 3, 1, 0], reverse=True
    )
    assert torch.equal(backwards[1, :3], first[1, :3].flip(0))
    assert final.step.tolist() == [6, 3, 1, 0]


def test_the_seed_decides_the_keys():
    cell = Dropout(Mirror(), input=0.5)
    keys = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        keys.append(cell.initial_state(5).key)
    assert torch.equal(keys[0], keys[1])
    assert not torch.equal(keys[0], keys[2])
    assert keys[0].unique().numel() == 5
    assert keys[0].dtype == torch.int64


def test_a_reset_draws_fresh_masks():
    cell = Dropout(Mirror(), input=0.5)
    resets = torch.zeros(1, 4, dtype=torch.bool)
    resets[0, 2] = True
    outputs, state = dynamic_unroll(cell, torch.ones(1, 4, WIDTH), resets=resets)
    assert not torch.equal(outputs[0, :2], outputs[0, 2:])
    assert state.step.tolist() == [2]


def test_a_reset_in_evaluation_forgets_the_key_too():
    cell = Dropout(Mirror(), input=0.5)
    start = cell.initial_state(3)._replace(step=torch.tensor([4, 4, 4]))
    resets = torch.tensor([[False, True, False], [False, False, True], [False, False, False]])
    options = {"initial_state": start, "resets": resets, "lengths": [3, 2, 3]}
    _, final = dynamic_unroll(cell.eval(), torch.ones(3, 3, WIDTH), **options)
    assert final.step.tolist() == [0, 4, 4]
    assert (final.key == start.key).tolist() == [False, True, True]


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan"), True])
@pytest.mark.parametrize("where", ["input", "output", "recurrent"])
def test_a_rate_is_a_probability_below_one(where, rate):
    with unchecked(), pytest.raises(ArgumentError) as caught:
        Dropout(Mirror(), **{where: rate})
    assert caught.value.where == where


BUILT_IN = {
    "rnn": rnn,
    "lstm_projection": lambda: lstm(hidden=3, projection=2),
    "gru": gru,
    "gru_reset_before": lambda: gru(reset_after=False),
}


@pytest.mark.parametrize("reverse", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("variational", [False, True])
@pytest.mark.parametrize("name", BUILT_IN)
def test_recurrent_dropout_goes_as_a_whole_as_it_goes_step_by_step(
    name, variational, reverse, monkeypatch
):
    cell = Dropout(BUILT_IN[name](), recurrent=0.4, output=0.3, variational=variational)
    start = random_state(cell, 3)._replace(step=torch.tensor([0, 2, 2**32 - 1]))
    inputs, lengths = random_inputs(3, 5), torch.tensor([5, 0, 3])
    wanted = loop(cell, inputs, start, lengths, None, reverse)
    monkeypatch.setattr(type(cell.cell), "forward", None)  # no single steps from here on
    found = dynamic_unroll(cell, inputs, initial_state=start, lengths=lengths, reverse=reverse)
    torch.testing.assert_close(found[0], wanted[0], rtol=0, atol=1e-12)
    assert_states_close(found[1], wanted[1])

    def gradients(outputs, final):
        loss = outputs.square().sum() + sum(leaf.sin().sum() for leaf in final.inner)
        return torch.autograd.grad(loss, list(cell.parameters()))

    torch.testing.assert_close(gradients(*found), gradients(*wanted))


@pytest.mark.parametrize("variational", [False, True])
@pytest.mark.parametrize("name", BUILT_IN)
def test_steps_with_recurrent_dropout_are_those_of_the_specification(name, variational):
    cell = Dropout(BUILT_IN[name](), recurrent=0.4, variational=variational)
    start = random_state(cell, 3)
    inputs = random_inputs(3, 4)
    outputs, final = loop(cell, inputs, start)
    weights = cell.cell.weights()
    noise = Noise(
        start.key.numpy(), start.step.numpy(), recurrent_dropout=0.4, variational=variational
    )
    wanted = reference.forward(
        cell.cell.recurrence,
        type(weights)(*(None if w is None else w.detach().numpy() for w in weights)),
        inputs.numpy(),
        type(start.inner)(*(leaf.numpy() for leaf in start.inner)),
        noise=noise,
    )
    expected = (wanted.outputs, *wanted.final_state)
    for part, of_specification in zip((outputs, *final.inner), expected, strict=True):
        np.testing.assert_allclose(part.detach(), of_specification, rtol=0, atol=1e-12)


def test_recurrent_dropout_of_other_cells_goes_step_by_step():
    cell = Dropout(Zoneout(gru(), 0.3), recurrent=0.4)
    start = random_state(cell, 2)
    calls = []
    cell.cell.register_forward_hook(lambda *_: calls.append(1))
    dynamic_unroll(cell, random_inputs(2, 4), initial_state=start)
    assert len(calls) == 4
    cell.recurrent = 0.0
    dynamic_unroll(cell, random_inputs(2, 4), initial_state=start)
    assert len(calls) == 4
