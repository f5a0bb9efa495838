"""Exact backpropagation through time: whole, by chosen steps, within a budget."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import elman.nn
from elman.cells import GRUCell
from elman.errors import ArgumentError
from elman.unrolling.bptt import LayersAsCell, bptt
from tests.cell_zoo import make, random_inputs


def gradients(module):
    found = [p.grad.clone() for p in module.parameters()]
    module.zero_grad()
    return found


def assert_close(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_the_cost_of_chosen_steps_is_that_of_all_others_times_zero():
    cell, inputs = make("lstm"), random_inputs(3, 10)
    mask = torch.zeros(10, 1)
    mask[4:7] = 1
    whole = bptt(cell, inputs, lambda outputs, state: (mask * outputs).square().sum())
    expected = gradients(cell)
    for steps in (slice(4, 7), [4, 5, 6], mask[:, 0] > 0):
        for memory in (None, 4):
            part = bptt(cell, inputs, lambda y, state: y.square().sum(), steps=steps, memory=memory)
            torch.testing.assert_close(part.loss, whole.loss)
            assert part.outputs.shape == (3, 3, 2)
            assert (part.plan is None) == (memory is None)
            assert_close(gradients(cell), expected)


def test_the_last_step_is_the_final_state():
    cell, inputs, lengths = make("gru"), random_inputs(3, 10), [4, 10, 1]
    bptt(cell, inputs, lambda y, state: y.square().sum(), steps="last", lengths=lengths, memory=4)
    expected = gradients(cell)
    found = bptt(
        cell, inputs, lambda y, state: state.hidden.square().sum(), steps=[], lengths=lengths
    )
    assert found.outputs.shape == (3, 0, 2)
    assert_close(gradients(cell), expected)


def test_nothing_that_comes_back_has_a_graph():
    cell = make("lstm")
    found = bptt(cell, random_inputs(3, 10), lambda y, state: y.sum(), memory=2)
    assert not any(
        tensor.requires_grad for tensor in (found.loss, found.outputs, *found.final_state)
    )
    assert str(found.plan) == "T=10: 2 checkpoints, 1 extra forward"


@pytest.mark.parametrize("memory", [None, 3])
@pytest.mark.parametrize("package", [nn, elman.nn])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("RNN", {}),
        ("LSTM", {"num_layers": 2, "batch_first": True}),
        ("LSTM", {"proj_size": 2}),
        ("GRU", {"num_layers": 3}),
    ],
)
def test_modules_of_torch_and_their_twins(package, kind, options, memory):
    module = getattr(package, kind)(3, 4, dtype=torch.float64, **options)
    inputs = random_inputs(2, 12)
    found = bptt(module, inputs, lambda y, state: y.square().sum(), memory=memory)
    ours = gradients(module)
    turned = inputs if module.batch_first else inputs.transpose(0, 1)
    outputs, after = module(turned)
    outputs.square().sum().backward()
    outputs = outputs if module.batch_first else outputs.transpose(0, 1)
    torch.testing.assert_close(found.outputs, outputs.detach(), rtol=1e-12, atol=1e-12)
    top = (after[0] if kind == "LSTM" else after)[-1]
    torch.testing.assert_close(found.final_state[-1].hidden, top.detach(), rtol=1e-12, atol=1e-12)
    assert_close(ours, gradients(module))


def test_lengths_reach_a_twin():
    module, inputs = elman.nn.LSTM(3, 4, dtype=torch.float64), random_inputs(2, 12)
    found = bptt(module, inputs, lambda y, state: y.sum(), lengths=[5, 12], memory=3)
    expected, _ = module(inputs.transpose(0, 1), lengths=[5, 12])
    assert torch.equal(found.outputs, expected.transpose(0, 1))


def test_one_step_of_a_module():
    cell = LayersAsCell(nn.GRU(3, 4, num_layers=2))
    outputs, after = cell(torch.ones(2, 3), cell.initial_state(2))
    assert torch.equal(outputs, after[1].hidden)


@pytest.mark.parametrize(
    ("module", "options", "message"),
    [
        (nn.LSTM(3, 4, bidirectional=True), {}, "network: found a bidirectional LSTM"),
        (nn.LSTM(3, 4), {"lengths": [3, 2]}, "lengths: .*use cells"),
        (elman.nn.LSTM(3, 4), {"reverse": True}, "reverse: "),
        (elman.nn.LSTM(3, 4), {"resets": torch.zeros(2, 3, dtype=torch.bool)}, "resets: "),
    ],
)
def test_what_modules_cannot(module, options, message):
    with pytest.raises(ArgumentError, match=message):
        bptt(module, torch.ones(2, 3, 3), lambda y, state: y.sum(), **options)


@pytest.mark.parametrize(
    ("gives", "found"), [(lambda y, _: y, r"\[2, 4, 5\]"), (lambda *_: 1.0, "float")]
)
def test_a_cost_is_one_number(gives, found):
    with pytest.raises(ArgumentError, match=f"loss: it gave {found}"):
        bptt(GRUCell(3, 5), torch.ones(2, 4, 3), gives)
