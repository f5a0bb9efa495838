"""Trying an example before anything is replaced."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

import elman
from elman.errors import AccelerationError, SlowPathError
from elman.nn import acceleration
from tests.unchecked import unchecked


class Net(nn.Module):
    """A little of everything that a trial could disturb."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(3, 4, num_layers=2, dropout=0.5, batch_first=True)
        self.norm = nn.BatchNorm1d(4)
        self.head = nn.Linear(4, 2)
        self.unused = nn.RNN(2, 2)
        self.state = None

    def forward(self, inputs, scale=1.0):
        outputs, self.state = self.rnn(inputs, self.state)
        self.state = self.state.detach() * (1 + random.random() + np.random.rand())
        outputs = self.norm(outputs[:, -1]) * scale
        return {"scores": [self.head(outputs)], "classes": outputs.argmax(1), "more": (outputs,)}


INPUTS = torch.randn(8, 5, 3, generator=torch.Generator().manual_seed(0))


def names(entries):
    return [entry.name for entry in entries]


@pytest.fixture
def quick(monkeypatch):
    """No clock: every module is twice as fast."""
    monkeypatch.setattr(acceleration, "speed_up", lambda *_: 2.0)


@pytest.mark.parametrize("example", [INPUTS, (INPUTS, 2.0), {"inputs": INPUTS, "scale": 0.5}])
def test_examples_are_one_argument_or_all_of_them(example, quick, capsys):
    model = Net()
    report = elman.accelerate(model, example)
    assert names(report.replaced) == ["rnn", "unused"]
    assert [entry.speed_up for entry in report.entries] == [2.0, None]
    assert "2.0x" in str(report)
    assert capsys.readouterr().out == f"{report}\n"
    assert isinstance(model.rnn, elman.nn.RNN)


def test_a_packed_sequence_is_one_argument(quick):
    model = nn.RNN(3, 4, num_layers=2, dropout=0.5)
    packed = pack_sequence([torch.ones(2, 3), torch.ones(4, 3)], enforce_sorted=False)
    assert elman.accelerate(model, packed).entries[0].speed_up == 2.0


def test_a_trial_leaves_no_trace(quick):
    model = Net()
    model(INPUTS)["scores"][0].sum().backward()
    held = {name: value.clone() for name, value in model.state_dict().items()}
    gradients = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
    state = model.state
    model.head.eval()
    torch.manual_seed(1), random.seed(1), np.random.seed(1)
    expected = torch.rand(3), random.random(), np.random.rand()
    torch.manual_seed(1), random.seed(1), np.random.seed(1)
    with unchecked():  # the check of the signatures draws random numbers itself
        elman.accelerate(model, INPUTS)
    drawn = torch.rand(3), random.random(), np.random.rand()
    assert torch.equal(drawn[0], expected[0])
    assert drawn[1:] == expected[1:]
    assert all(torch.equal(value, held[name]) for name, value in model.state_dict().items())
    for before, parameter in zip(gradients, model.parameters(), strict=True):
        assert (before is None) == (parameter.grad is None)
        assert before is None or torch.equal(before, parameter.grad)
    assert model.state is state
    assert (model.training, model.head.training) == (True, False)
    assert not model.rnn._forward_pre_hooks


def test_the_clock_really_runs():
    report = elman.accelerate(nn.RNN(3, 4), INPUTS)
    assert report.entries[0].speed_up > 0


class Wrong(acceleration._Accelerated, elman.nn.RNN):
    original = nn.RNN
    fault = staticmethod(lambda outputs: outputs)

    def forward(self, *args, **kwargs):
        outputs, final = super().forward(*args, **kwargs)
        return type(self).fault(outputs), final


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda outputs: outputs * 1.001, "output 0: differs"),
        (lambda outputs: outputs + torch.nan, "output 0: differs by nan"),
        (lambda outputs: outputs[:1], r"output 0: shape \[8, 5, 4\] became \[1, 5, 4\]"),
        (lambda outputs: (outputs, outputs), "output: .* became"),
        (lambda outputs: outputs.detach(), "gradient of weight_ih_l0: differs"),
        (
            lambda outputs: outputs + 0.001 * (outputs - outputs.detach()),
            "gradient of weight_ih_l0: differs",
        ),
    ],
)
def test_another_answer_is_an_error_and_nothing_is_replaced(fault, message, monkeypatch):
    monkeypatch.setattr(Wrong, "fault", staticmethod(fault))
    monkeypatch.setitem(acceleration._ACCELERATED, nn.RNN, Wrong)
    model = nn.RNN(3, 4, batch_first=True)
    with pytest.raises(AccelerationError, match=f"^{message}"):
        elman.accelerate(model, INPUTS)
    assert type(model) is nn.RNN


def test_rounding_and_equal_infinities_are_no_difference(monkeypatch):
    def rounded(outputs):
        noise = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(0))
        return outputs * (1 + 1e-6 * noise)

    monkeypatch.setattr(Wrong, "fault", staticmethod(rounded))
    monkeypatch.setitem(acceleration._ACCELERATED, nn.RNN, Wrong)
    model = nn.RNN(3, 4, nonlinearity="relu", batch_first=True)
    with torch.no_grad():
        model.bias_ih_l0[0] = torch.inf
    model.requires_grad_(False)
    assert names(elman.accelerate(model, INPUTS).entries) == [""]


def test_a_slower_module_is_left_with_its_figure(monkeypatch):
    monkeypatch.setattr(acceleration, "speed_up", lambda *_: 0.5)
    model = Net()
    report = elman.accelerate(model, INPUTS)
    assert names(report.replaced) == ["unused"]
    assert report.left[0].speed_up == 0.5
    assert "faster on the example" in report.left[0].why
    assert type(model.rnn) is nn.RNN
    with pytest.raises(SlowPathError, match="rnn: "):
        elman.accelerate(model, INPUTS, strict=True)


def test_a_model_that_cannot_be_copied():
    model = nn.RNN(3, 4, batch_first=True)
    model.kept = model(INPUTS)[0]
    with pytest.raises(AccelerationError, match="cannot be copied"):
        elman.accelerate(model, INPUTS)
    assert elman.accelerate(model).replaced


def test_errors_of_the_model_itself_come_through():
    with pytest.raises(RuntimeError, match="input_size"):
        elman.accelerate(nn.RNN(3, 4), torch.ones(2, 5, 7))
