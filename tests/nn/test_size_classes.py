"""Modules that torch is known to run faster."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import elman
from elman.errors import SlowPathError
from elman.nn import acceleration, size_classes
from elman.nn.size_classes import SizeClass

ROW = SizeClass("avx2", torch.float32, "LSTM", "0.8 at B 64, T 50", (100, 200), (1, 64), (1, 1))


@pytest.fixture(autouse=True)
def table(monkeypatch):
    monkeypatch.setattr(size_classes, "isa", lambda: "avx2")
    monkeypatch.setattr(size_classes, "KNOWN_SLOWER", (ROW,))


def left(module):
    return [entry.why for entry in elman.accelerate(nn.Sequential(module)).left]


@pytest.mark.parametrize("hidden", [100, 150, 200])
def test_a_module_of_the_class_is_left_and_told_why(hidden):
    expected = "torch's own is faster on this processor (avx2): 0.8 at B 64, T 50"
    assert left(nn.LSTM(64, hidden)) == [expected]
    assert expected in str(elman.explain(nn.LSTM(64, hidden)))
    with pytest.raises(SlowPathError, match="faster on this processor"):
        elman.accelerate(nn.LSTM(64, hidden), strict=True)


@pytest.mark.parametrize(
    "module",
    [
        lambda: nn.LSTM(64, 99),
        lambda: nn.LSTM(64, 201),
        lambda: nn.LSTM(65, 150),
        lambda: nn.LSTM(64, 150, num_layers=2),
        lambda: nn.LSTM(64, 150, dtype=torch.float64),
        lambda: nn.GRU(64, 150),
        lambda: nn.LSTMCell(64, 150),
    ],
)
def test_others_are_replaced(module):
    assert left(module()) == []


def test_both_directions_are_classes_of_their_own(monkeypatch):
    row = ROW._replace(directions=(2, 2))
    monkeypatch.setattr(size_classes, "KNOWN_SLOWER", (row,))
    assert left(nn.LSTM(64, 150)) == []
    assert len(left(nn.LSTM(64, 150, bidirectional=True))) == 1


def test_another_processor_is_another_class(monkeypatch):
    monkeypatch.setattr(size_classes, "isa", lambda: "avx512")
    assert left(nn.LSTM(64, 150)) == []


def test_cells_have_one_layer_and_direction(monkeypatch):
    row = SizeClass("avx2", torch.float32, "GRUCell", "0.9", layers=(1, 1), directions=(1, 1))
    monkeypatch.setattr(size_classes, "KNOWN_SLOWER", (row,))
    assert len(left(nn.GRUCell(3, 4))) == 1


def test_an_example_is_timed_instead(monkeypatch):
    monkeypatch.setattr(acceleration, "speed_up", lambda *_: 1.2)
    report = elman.accelerate(nn.LSTM(64, 150), torch.ones(2, 3, 64))
    assert [entry.replaced for entry in report.entries] == [True]
