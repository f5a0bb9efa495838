"""The gradient by time and by lag, against networks whose answer is known and loops by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import elman.nn
from elman.cells import GRUCell, LSTMCell, RNNCell
from elman.diagnosis import diagnose
from elman.diagnosis.gradients import decay
from elman.state import RNNState

T, B, FEATURES, H = 12, 3, 2, 4


def linear(factor, hidden=8):
    """A ReLU cell that is never at its edge: h(t) = factor·h(t-1) + 5."""
    cell = RNNCell(FEATURES, hidden, activation="relu", dtype=torch.float64)
    with torch.no_grad():
        cell.weight_hh.copy_(factor * torch.eye(hidden, dtype=torch.float64))
        cell.weight_ih.zero_()
        cell.bias.fill_(5.0)
    return cell


def inputs(batch=B, steps=T):
    return torch.randn(batch, steps, FEATURES, generator=torch.Generator().manual_seed(1)).double()


def seeded(make, *args, **options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make(*args, **options).double()


def test_radius_one_half_halves_every_step():
    (layer,) = diagnose(linear(0.5), inputs(steps=20)).layers
    np.testing.assert_allclose(layer.state_by_lag, 0.5 ** np.arange(20), rtol=1e-12)
    assert layer.decay.factor == pytest.approx(0.5)
    assert layer.decay.memory == layer.window == 7  # 0.5 ** 7 is under 1 %
    assert not layer.decay.explodes


def test_radius_above_one_explodes():
    (layer,) = diagnose(linear(1.1), inputs(steps=40)).layers
    np.testing.assert_allclose(layer.state_by_lag, 1.1 ** np.arange(40), rtol=1e-9)
    assert layer.decay.explodes
    assert layer.decay.memory is None
    assert layer.window == 40


class Kept(nn.Module):
    """Each step keeps as much of the state as the input's first feature says."""

    def initial_state(self, batch):
        return RNNState(torch.ones(batch, 2, dtype=torch.float64))

    def forward(self, inputs, state):
        hidden = state.hidden * inputs[:, :1] + 0 * inputs[:, 1:]
        return hidden, RNNState(hidden)


@pytest.mark.parametrize("short", [1.0, 0.1])
def test_a_row_that_ends_is_no_fall_and_no_rise(short):
    kept = torch.ones(4, 40, 3, dtype=torch.float64)
    kept[:2, :, 0], kept[2:, :, 0] = short, 0.95
    (layer,) = diagnose(Kept(), (kept, None, [6, 6, 40, 40])).layers
    factors = layer.state_by_lag[1:] / layer.state_by_lag[:-1]
    low, high = sorted((short, 0.95))
    assert (factors > low - 1e-9).all()
    assert (factors < high + 1e-9).all()
    np.testing.assert_allclose(factors[6:], 0.95, rtol=1e-9)
    (alone,) = diagnose(Kept(), (kept[2:], None, [40, 40])).layers
    np.testing.assert_allclose(alone.state_by_lag, 0.95 ** np.arange(40), rtol=1e-9)


def test_an_lstm_remembers_by_its_forget_bias():
    def memory(bias):
        cell = seeded(LSTMCell, FEATURES, H, forget_bias=bias)
        return diagnose(cell, inputs(steps=60)).layers[0].decay.memory

    assert memory(5.0) is None
    assert memory(-2.0) < memory(0.0) < 60


class ByHand(nn.Module):
    """A torch cell in a loop of the user's own; keeps its hidden states."""

    def __init__(self, cell):
        super().__init__()
        self.cell = cell

    def forward(self, inputs):
        state, self.hidden = None, []
        for x in inputs.unbind(1):
            state = self.cell(x, state)
            parts = state if isinstance(state, tuple) else (state,)
            parts = tuple(part + 0.0 for part in parts)  # so that c does not see h's gradient
            self.hidden.append(parts)
            state = parts if len(parts) == 2 else parts[0]
        return parts[0]


def same_cell(kind, ours):
    """torch.nn's cell with the weights of ours."""
    twin = kind(FEATURES, H).double()
    with torch.no_grad():
        twin.weight_ih.copy_(ours.weight_ih)
        twin.weight_hh.copy_(ours.weight_hh)
        twin.bias_ih.copy_(ours.bias)
        twin.bias_hh.zero_()
        if ours.recurrence.weights_type._fields[3] == "recurrent_bias":
            twin.bias_hh[2 * H :] = ours.recurrent_bias
    return twin


KINDS = {
    "rnn": (RNNCell, nn.RNNCell, nn.RNN, {}),
    "lstm": (LSTMCell, nn.LSTMCell, nn.LSTM, {"forget_bias": 0.0}),
    "gru": (GRUCell, nn.GRUCell, nn.GRU, {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_against_autograd_through_a_loop_by_hand(kind):
    ours, torchs, _, options = KINDS[kind]
    cell = seeded(ours, FEATURES, H, **options)
    module = ByHand(same_cell(torchs, cell))
    target = torch.ones(B, H).double()

    def loss(outputs, targets):
        return (outputs - targets).square().mean()

    found = diagnose(module, (inputs(), target), loss=loss).layers[0]

    output = module(inputs())
    loss(output, target).backward(inputs=[part for parts in module.hidden for part in parts])
    for part in module.hidden[-1][1:]:
        part.grad = torch.zeros_like(part)  # the output is h alone
    hidden = torch.stack([parts[0].grad for parts in module.hidden])
    np.testing.assert_allclose(found.hidden_by_step, hidden.norm(dim=(1, 2)), rtol=1e-10)

    scaled = torch.stack([torch.cat([p.grad for p in parts], 1) for parts in module.hidden])
    scaled = scaled / hidden[-1].norm(dim=1)[:, None]
    by_lag = scaled.norm(dim=2).square().mean(dim=1).sqrt().flip(0)
    np.testing.assert_allclose(found.state_by_lag, by_lag, rtol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_one_answer_for_torchs_layer_ours_and_a_cell(kind):
    ours, torchs, layer_kind, options = KINDS[kind]
    cell = seeded(ours, FEATURES, H, **options)
    weights = {f"{k}_l0": v for k, v in same_cell(torchs, cell).state_dict().items()}
    torch_layer = layer_kind(FEATURES, H, batch_first=True).double()
    torch_layer.load_state_dict(weights)
    twin = getattr(elman.nn, layer_kind.__name__)(FEATURES, H).double()
    twin.load_state_dict(weights)
    subjects = [(cell, inputs()), (torch_layer, inputs()), (twin, inputs().transpose(0, 1))]
    subjects.append((ByHand(same_cell(torchs, cell)), inputs()))

    def numbers(subject):
        layer = diagnose(*subject).to_dict()["layers"][0]
        return {key: value for key, value in layer.items() if key not in ("name", "what", "pace")}

    expected, *others = map(numbers, subjects[:3])
    assert others == [expected] * 2
    by_hand = numbers(subjects[3])  # gives the last output only: the same cost
    np.testing.assert_allclose(by_hand["state_by_lag"], expected["state_by_lag"], rtol=1e-10)
    assert by_hand["gates"].keys() == expected["gates"].keys()


def test_lengths_are_respected():
    cell, padded = seeded(LSTMCell, FEATURES, H), inputs()
    lengths = [T, 5, 0]
    padded[1, 5:] = math.nan
    padded[2] = math.nan
    (both,) = diagnose(cell, (padded, None, lengths)).layers
    alone = [diagnose(cell, padded[k : k + 1, :n]).layers[0] for k, n in enumerate(lengths[:2])]
    steps = np.zeros(T)
    steps[:5] = alone[1].hidden_by_step
    together = np.sqrt(alone[0].hidden_by_step ** 2 + steps**2) / 3  # the cost is a mean of rows
    np.testing.assert_allclose(both.hidden_by_step, together, rtol=1e-10)
    mean = (alone[0].state_by_lag[:5] ** 2 + alone[1].state_by_lag ** 2) / 2
    np.testing.assert_allclose(both.state_by_lag[:5] ** 2, mean, rtol=1e-10)
    # A row that ends is neither a fall nor a rise: from there on the other one goes on alone.
    falls = [curve[5:] / curve[4] for curve in (both.state_by_lag, alone[0].state_by_lag)]
    np.testing.assert_allclose(falls[0], falls[1], rtol=1e-10)


def test_the_backward_direction_is_the_forward_one_of_reversed_rows():
    layer = seeded(elman.nn.GRU, FEATURES, H, bidirectional=True, batch_first=True)
    swapped = seeded(elman.nn.GRU, FEATURES, H, bidirectional=True, batch_first=True)
    names = {k: k + "_reverse" for k in layer.state_dict() if not k.endswith("_reverse")}
    names |= {new: old for old, new in names.items()}
    swapped.load_state_dict({names[k]: v for k, v in layer.state_dict().items()})
    lengths = [T, 5, 2]
    turned = torch.zeros_like(inputs())
    for row, n in enumerate(lengths):
        turned[row, :n] = inputs()[row, :n].flip(0)

    def loss(outputs, targets):  # every real step counts alike
        real = torch.arange(T) < torch.tensor(lengths)[:, None]
        return (outputs.sum(dim=2) * real).sum()

    one = diagnose(layer, (inputs(), 0, lengths), loss=loss).layers
    other = diagnose(swapped, (turned, 0, lengths), loss=loss).layers
    assert [found.name for found in one] == ["l0", "l0_reverse"]
    for here, there in ((one[0], other[1]), (one[1], other[0])):
        np.testing.assert_allclose(here.state_by_lag, there.state_by_lag, rtol=1e-10)


@given(st.floats(0.05, 1.5), st.integers(10, 60))
def test_a_geometric_curve_is_read_off(factor, steps):
    found = decay(7.0 * factor ** np.arange(steps))
    assert found.factor == pytest.approx(factor, rel=1e-6)
    expected = next((k for k in range(steps) if factor**k < 0.01), None)
    assert found.memory == expected
    assert found.explodes == (factor ** (steps - 1) > 10)


@pytest.mark.parametrize(
    ("curve", "factor", "memory", "explodes"),
    [
        ([1.0], 1.0, None, False),
        ([1.0, 0.0, 0.0], 0.0, 1, False),
        ([1.0, 0.001, 0.5, 0.001], None, 3, False),  # it comes back: not faded at lag 1
        ([1.0, 1e200, math.inf], None, None, True),
        ([1.0, 2.0, math.nan], None, None, True),
    ],
)
def test_odd_curves(curve, factor, memory, explodes):
    found = decay(np.array(curve))
    assert factor is None or found.factor == factor
    assert (found.memory, found.explodes) == (memory, explodes)
