"""Every cell and wrapper by name, and cells as a user writes them: what the laws hold for.

All read 3 features in float64 and have weights, biases and gains without a pattern.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from elman import state
from elman.cells import (
    BatchNormLSTMCell,
    BatchNormRNNCell,
    Dilated,
    Dropout,
    GRUCell,
    LearnedInitialState,
    LSTMCell,
    Projected,
    Residual,
    RNNCell,
    Stacked,
    Zoneout,
)
from elman.layers import dynamic_unroll
from elman.state import RNNState

FEATURES = 3


class LeakyState(NamedTuple):
    total: Any
    count: Any


class Leaky:
    """A user's cell as a plain object, with an integer in its state."""

    input_size = output_size = FEATURES

    def initial_state(self, batch):
        zeros = torch.zeros(batch, FEATURES, dtype=torch.float64)
        return LeakyState(zeros + 0.5, torch.zeros(batch, dtype=torch.int64))

    def __call__(self, inputs, previous):
        count = previous.count + 1
        total = 0.8 * previous.total + torch.sin(inputs) / count[:, None]
        return total * inputs.cos(), LeakyState(total, count)


class MinimalGated(nn.Module):
    """A user's cell as a module, of a kind that Elman does not have."""

    input_size, output_size = FEATURES, 2

    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(FEATURES + 2, 2, dtype=torch.float64)
        self.candidate = nn.Linear(FEATURES + 2, 2, dtype=torch.float64)

    def initial_state(self, batch):
        return RNNState(torch.zeros(batch, 2, dtype=torch.float64))

    def forward(self, inputs, previous):
        forget = self.gate(torch.cat([inputs, previous.hidden], 1)).sigmoid()
        new = self.candidate(torch.cat([inputs, forget * previous.hidden], 1)).tanh()
        hidden = (1 - forget) * previous.hidden + forget * new
        return hidden, RNNState(hidden)


def rnn(inputs=FEATURES, hidden=2, **options):
    return RNNCell(inputs, hidden, dtype=torch.float64, **options)


def lstm(inputs=FEATURES, hidden=2, **options):
    return LSTMCell(inputs, hidden, dtype=torch.float64, **options)


def gru(inputs=FEATURES, hidden=2, **options):
    return GRUCell(inputs, hidden, dtype=torch.float64, **options)


def normalised(kind, **options):
    """A batch-normalised cell whose averages have seen a batch, at three steps of four."""
    cell = kind(FEATURES, 2, max_steps=4, dtype=torch.float64, **options)
    dynamic_unroll(cell, random_inputs(5, 3))
    return cell


def everything():
    """The order in which a blueprint wraps."""
    cell = Dropout(Zoneout(lstm(hidden=3), 0.3), input=0.2, output=0.3, recurrent=0.2)
    return LearnedInitialState(Projected(Residual(cell), 2))


CELLS: dict[str, Callable[[], Any]] = {
    "rnn": rnn,
    "rnn_relu": lambda: rnn(activation="relu"),
    "rnn_norm": lambda: rnn(layer_norm=True),
    "lstm": lstm,
    "lstm_peepholes": lambda: lstm(peepholes=True),
    "lstm_projection": lambda: lstm(hidden=3, projection=2),
    "lstm_clip": lambda: lstm(cell_clip=0.3),
    "lstm_norm": lambda: lstm(layer_norm=True),
    "lstm_all": lambda: lstm(
        hidden=3, peepholes=True, projection=2, cell_clip=0.9, layer_norm=True, forget_bias=0.5
    ),
    "gru": gru,
    "gru_norm": lambda: gru(layer_norm=True),
    "gru_reset_before": lambda: gru(reset_after=False),
    "gru_reset_before_norm": lambda: gru(reset_after=False, layer_norm=True),
    "rnn_batch_norm": lambda: normalised(BatchNormRNNCell),
    "lstm_batch_norm": lambda: normalised(BatchNormLSTMCell),
    "batch_norm_wrapped": lambda: Dropout(Zoneout(normalised(BatchNormLSTMCell), 0.3), output=0.2),
    "stacked": lambda: Stacked([rnn(), lstm(2, 3), gru(3, 2)]),
    "stacked_concatenated": lambda: Stacked([rnn(), lstm(2, 3), gru(3, 2)], state_is_tuple=False),
    "residual": lambda: Residual(lstm(hidden=3)),
    "dropout": lambda: Dropout(lstm(), input=0.3, output=0.4),
    "dropout_variational": lambda: Dropout(gru(), input=0.3, output=0.4, variational=True),
    "dropout_recurrent": lambda: Dropout(lstm(), output=0.3, recurrent=0.4),
    "dropout_recurrent_variational": lambda: Dropout(rnn(), recurrent=0.4, variational=True),
    "zoneout": lambda: Zoneout(gru(), 0.3),
    "zoneout_two_rates": lambda: Zoneout(lstm(), hidden=0.2, cell_rate=0.5),
    "projected": lambda: Projected(lstm(), 2),
    "learned": lambda: LearnedInitialState(lstm(projection=1)),
    "everything": everything,
    "dilated": lambda: Dilated(lstm(), 2),
    "dilated_far": lambda: Dilated(gru(), 7),
    "dilated_everything": lambda: Dilated(everything(), 3),
    "dilated_batch_norm": lambda: Dilated(normalised(BatchNormRNNCell), 2),
    "dilated_learned_apart": lambda: LearnedInitialState(Dilated(rnn(), 2)),
    "stacked_wrapped": lambda: Stacked(
        [Dropout(Residual(gru(hidden=3)), output=0.3), LearnedInitialState(rnn(3, 2))]
    ),
    "own": Leaky,
    "own_module": MinimalGated,
    "own_stacked": lambda: Stacked([Leaky(), MinimalGated(), gru(2, 2)]),
    "own_residual": lambda: Residual(Leaky()),
    "own_dropout": lambda: Dropout(Leaky(), input=0.2, recurrent=0.3),
    "own_zoneout": lambda: Zoneout(MinimalGated(), 0.4),
    "own_projected": lambda: Projected(Leaky(), 2),
    "own_dilated": lambda: Dilated(Leaky(), 2),
    "own_learned": lambda: LearnedInitialState(Leaky()),
}

ANSWERING = {
    "rnn_batch_norm",
    "lstm_batch_norm",
    "batch_norm_wrapped",
    "dilated_batch_norm",
}
"""In training the rows of these depend on each other: laws of rows hold for their `eval()`."""

PRODUCTS = {
    *ANSWERING,
    "projected",
    "everything",
    "dilated_everything",
    "own_module",
    "own_stacked",
    "own_zoneout",
    "own_projected",
}
"""Some of their numbers are torch's matrix products, whose last bits may differ with the number of
rows, the address and the processor. Equal bits are promised of our own kernels only."""


def make(name: str, training: bool = True) -> Any:
    """The cell of that name, always with the same weights; those `ANSWERING` never train."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        cell = CELLS[name]()
        if isinstance(cell, nn.Module):
            cell.train(training and name not in ANSWERING)
            with torch.no_grad():
                for parameter in cell.parameters():
                    parameter.add_(0.3 * torch.randn_like(parameter))
    return cell


def random_state(cell: Any, batch: int, seed: int = 1) -> Any:
    """A state with random values; keys and counters are the cell's own."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)

        def random(leaf: Tensor) -> Tensor:
            return 0.5 * torch.randn_like(leaf) if leaf.is_floating_point() else leaf

        return state.map_leaves(random, cell.initial_state(batch))


def random_inputs(batch: int, steps: int, seed: int = 2) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(batch, steps, FEATURES, generator=draw, dtype=torch.float64)


def assert_same_bits(name: str, found: Tensor, expected: Tensor) -> None:
    """Of a cell of that name; to rounding, where torch's products decide the last bits."""
    rounding = 1e-13 if name in PRODUCTS else 0.0
    torch.testing.assert_close(found, expected, rtol=rounding, atol=rounding)


def assert_states_close(found: Any, expected: Any) -> None:
    assert state.describe(found) == state.describe(expected)
    for a, b in zip(state.leaves(found), state.leaves(expected), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11)
