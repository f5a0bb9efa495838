"""Trying an example before anything is replaced."""

from __future__ import annotations

import random
import secrets

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

import elman
from elman.errors import AccelerationError, SlowPathError
from elman.nn import acceleration, replacement
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


class Wrong(replacement.Accelerated, elman.nn.RNN):
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
    monkeypatch.setitem(replacement._ACCELERATED, nn.RNN, Wrong)
    model = nn.RNN(3, 4, batch_first=True)
    with pytest.raises(AccelerationError, match=f"^{message}"):
        elman.accelerate(model, INPUTS)
    assert type(model) is nn.RNN


def test_rounding_and_equal_infinities_are_no_difference(monkeypatch):
    def rounded(outputs):
        noise = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(0))
        return outputs * (1 + 1e-6 * noise)

    monkeypatch.setattr(Wrong, "fault", staticmethod(rounded))
    monkeypatch.setitem(replacement._ACCELERATED, nn.RNN, Wrong)
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


class Behind(nn.Module):
    """A recurrent layer with something random, or with a memory, behind it."""

    def __init__(self, rnn, behind):
        super().__init__()
        self.rnn, self.behind = rnn, behind

    def forward(self, inputs):
        return self.behind(self.rnn(inputs)[0])


def noise(outputs):
    return outputs + torch.rand_like(outputs) + torch.empty_like(outputs).normal_()


@pytest.mark.parametrize(
    "behind",
    [
        nn.Dropout(0.5),
        nn.AlphaDropout(0.5),
        nn.FeatureAlphaDropout(0.5),
        nn.Dropout1d(0.5),
        nn.RReLU(),
        nn.Sequential(nn.Dropout(0.3), nn.Linear(8, 8), nn.Dropout(0.3)),
        lambda outputs: torch.nn.functional.gumbel_softmax(outputs, -1),
        lambda outputs: outputs * torch.bernoulli(torch.sigmoid(outputs.detach())),
        noise,
        lambda outputs: {"more": (outputs, [nn.functional.dropout(outputs)]), "class": 3},
    ],
)
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_what_is_drawn_behind_is_drawn_for_the_same_entries(kind, behind, quick):
    for batch_first in (True, False):
        rnn = getattr(nn, kind)(3, 4, 2, batch_first=batch_first, bidirectional=True, dropout=0.2)
        elman.accelerate(Behind(rnn, behind), INPUTS)


def test_batch_norm_behind_in_both_modes(quick):
    class Net(Behind):
        def forward(self, inputs):
            return self.behind(self.rnn(inputs)[0].flatten(0, 1))

    for mode in (True, False):
        model = Net(nn.GRU(3, 4, batch_first=True), nn.BatchNorm1d(4)).train(mode)
        elman.accelerate(model, torch.randn(8, 5, 3))
        assert model.behind.num_batches_tracked == 0


def test_a_model_that_changes_its_example_in_place(quick):
    inputs, mask = INPUTS.clone(), torch.ones(1, dtype=torch.int64)
    elman.accelerate(Changing(), (inputs, mask))
    assert torch.equal(inputs, INPUTS)
    assert mask.item() == 1


class Changing(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(3, 4)

    def forward(self, inputs, mask):
        return self.rnn(inputs.mul_(mask.add_(1)))


class Drawing(nn.Module):
    """From a source that no seed of torch, NumPy or Python reaches."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(3, 4)

    def forward(self, inputs):
        return self.rnn(inputs)[0] + secrets.randbelow(2**30) / 2**30


def test_a_model_that_differs_from_itself_is_told_apart():
    with pytest.raises(AccelerationError, match=r"so does the original from itself.*seed"):
        elman.accelerate(Drawing(), INPUTS)


class Magnifying(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(3, 4)

    def forward(self, inputs):
        outputs, _ = self.rnn(inputs)
        return (outputs - outputs.detach().float().to(outputs)) * 1e3 + torch.sin(1e6 * outputs)


def test_magnified_rounding_is_told_apart():
    with pytest.raises(AccelerationError, match=r"not in float64: the model magnifies.*without an"):
        elman.accelerate(Magnifying(), INPUTS)


def test_another_answer_in_float64_too_has_no_excuse(monkeypatch):
    monkeypatch.setattr(Wrong, "fault", staticmethod(lambda outputs: outputs * 1.1))
    monkeypatch.setitem(replacement._ACCELERATED, nn.RNN, Wrong)
    with pytest.raises(AccelerationError, match="nothing was replaced; keep torch's own here"):
        elman.accelerate(nn.RNN(3, 4, batch_first=True), INPUTS)


def test_recurrent_outputs_count_where_the_models_own_tell_nothing(monkeypatch):
    monkeypatch.setattr(Wrong, "fault", staticmethod(lambda outputs: outputs * 1.1))
    monkeypatch.setitem(replacement._ACCELERATED, nn.RNN, Wrong)
    with pytest.raises(AccelerationError, match=r"^output of rnn 0: differs"):
        elman.accelerate(Deciding(), INPUTS)


class Deciding(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(3, 4)

    def forward(self, inputs):
        return self.rnn(inputs)[0].argmax(-1)


def test_errors_of_the_model_itself_come_through():
    with pytest.raises(RuntimeError, match="input_size"):
        elman.accelerate(nn.RNN(3, 4), torch.ones(2, 5, 7))
