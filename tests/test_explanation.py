"""Which implementation runs a layer, in words."""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn

import elman
import elman.nn
from elman.blueprint import CellConfig, sequence_to_vector
from elman.cells import GRUCell, LSTMCell, RNNCell, Stacked, Zoneout
from elman.errors import ArgumentError, SlowPathError
from elman.models import build
from elman.state import RNNState


class Sum:
    """A cell of a user's own."""

    input_size = 3

    def initial_state(self, batch):
        return RNNState(torch.zeros(batch, 3))

    def __call__(self, inputs, state):
        return inputs + state.hidden, RNNState(inputs + state.hidden)


def told(*args, **kwargs):
    lines = elman.explain(*args, **kwargs).lines
    return [(line.name, line.what, line.choice.kernel) for line in lines]


def test_every_layer_and_direction_of_a_twin():
    layer = elman.nn.RNN(3, 5, num_layers=2, bidirectional=True)
    expected = [
        ("l0", "simple cell 3 -> 5", "native"),
        ("l0_reverse", "simple cell 3 -> 5", "native"),
        ("l1", "simple cell 10 -> 5", "native"),
        ("l1_reverse", "simple cell 10 -> 5", "native"),
    ]
    assert told(layer) == expected
    assert told(layer, lengths=True) == expected
    assert told(layer, torch.ones(4, 2, 3)) == expected


@pytest.mark.parametrize(
    ("layer", "what"),
    [
        (elman.nn.LSTM(3, 5, batch_first=True), "LSTM 3 -> 5"),
        (elman.nn.GRU(3, 5), "GRU 3 -> 5"),
        (RNNCell(3, 5), "simple cell 3 -> 5"),
        (LSTMCell(3, 5, projection=2), "LSTM 3 -> 5"),
        (GRUCell(3, 5), "GRU 3 -> 5"),
    ],
)
@pytest.mark.parametrize("lengths", [False, True])
def test_the_kernel_that_choose_names(layer, what, lengths):
    line = elman.explain(layer, batch=2, time=3, lengths=lengths).lines[0]
    assert line.what == what
    assert line.choice.kernel in ("native", "aten")
    assert line.choice.reason


def test_stacks_and_wrappers_name_their_cells():
    stack = Stacked([RNNCell(3, 3), Zoneout(Sum(), 0.1), RNNCell(3, 2)])
    assert told(stack) == [
        ("cells.0", "simple cell 3 -> 3", "native"),
        ("cells.1", "Zoneout", "loop"),
        ("cells.2", "simple cell 3 -> 2", "native"),
    ]


def test_a_cell_of_ones_own_goes_step_by_step():
    ((name, what, kernel),) = told(Sum())
    assert (name, what, kernel) == ("Sum", "Sum", "loop")
    assert "unroll" in elman.explain(Sum()).lines[0].choice.reason


def test_resets_are_asked_for():
    layer = GRUCell(3, 5).bfloat16()
    assert told(layer, batch=2, time=3)[0][2] == "aten"
    assert told(layer, batch=2, time=3, resets=True)[0][2] == "loop"


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (nn.RNN(3, 5), "elman.accelerate replaces it"),
        (nn.LSTM(3, 5, batch_first=True).bfloat16(), "leaves it: .*bfloat16"),
        (nn.RNNCell(3, 5), "elman.accelerate replaces it"),
        (elman.nn.LSTMCell(3, 5), "single step"),
    ],
)
def test_torchs_own(layer, reason):
    (line,) = elman.explain(layer, batch=2, time=3).lines
    assert line.name == type(layer).__name__
    assert line.what.startswith(f"{type(layer).__name__}(3, 5")
    assert line.choice.kernel == "aten"
    assert re.search(reason, line.choice.reason)


def test_whole_models():
    model = nn.ModuleDict({"rnn": nn.RNN(3, 5), "out": nn.Linear(5, 2)})
    model.forward = lambda inputs: model["out"](model["rnn"](inputs)[0])
    elman.accelerate(model)
    assert told(model, torch.ones(4, 2, 3)) == [("rnn l0", "simple cell 3 -> 5", "native")]
    blueprint = sequence_to_vector(input_size=3, cells=CellConfig("rnn", 5), outputs=2)
    ours = build(blueprint, seed=0)
    ((name, what, _),) = told(ours, torch.ones(4, 2, 3))
    assert name.endswith("cells.0")
    assert told(ours, {"inputs": torch.ones(4, 2, 3), "lengths": [2, 1, 0, 2]})[0][1] == what


def test_strict():
    elman.explain(RNNCell(3, 5), strict=True)
    with pytest.raises(SlowPathError, match="Sum: the loop implementation runs"):
        elman.explain(Sum(), strict=True)


def test_nothing_is_disturbed():
    layer = nn.RNN(3, 5, num_layers=2, dropout=0.5)
    before = torch.get_rng_state()
    elman.explain(layer)
    assert torch.equal(torch.get_rng_state(), before)
    assert not layer._forward_pre_hooks


def test_the_table():
    lines = str(elman.explain(elman.nn.RNN(3, 5, num_layers=2))).splitlines()
    assert lines[0].split() == ["layer", "recurrence", "kernel", "why"]
    assert lines[1].index("native") == lines[2].index("native") == lines[0].index("kernel")


@pytest.mark.parametrize(
    ("layer", "options", "message"),
    [
        (nn.Linear(3, 5), {"inputs": torch.ones(2, 3)}, "ran nothing recurrent"),
        (nn.Linear(3, 5), {}, "tells no input_size"),
        (7, {"inputs": torch.ones(2, 3)}, "layer: found 7"),
        (RNNCell, {"inputs": torch.ones(2, 4, 3)}, "layer: found"),
        (nn.RNN(3, 5), {"lengths": True}, "lengths: RNN takes none"),
        (elman.nn.RNN(3, 5), {"resets": True}, "resets: RNN takes none"),
        (RNNCell(3, 5), {"batch": 0}, "batch: found 0"),
        (RNNCell(3, 5), {"time": 0}, "time: found 0"),
    ],
)
def test_what_cannot_be_explained(layer, options, message):
    with pytest.raises(ArgumentError, match=message):
        elman.explain(layer, **options)
