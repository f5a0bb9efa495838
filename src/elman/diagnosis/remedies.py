"""The remedies for vanishing and exploding gradients, measured on the adding problem.

Every remedy is trained alike: the same sequences in the same order, number of units, optimiser
and number of updates. Only the learning rate is each one's own, fixed beforehand in `REMEDIES`:
0.01 for the gated cells, 0.001 for the others; none was searched for.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from elman.cells import BatchNormRNNCell, GRUCell, LSTMCell, RNNCell, initialise
from elman.data.synthetic import ADDING_BASELINE, adding
from elman.errors import ArgumentError, TrainingError
from elman.layers import dynamic_unroll
from elman.targets import Target
from elman.training import Examples, MeanSquaredError, Trainer, TrainingConfig
from elman.training.events import EpochEnd, Event, StepEnd, StepSkipped

__all__ = [
    "REMEDIES",
    "Measured",
    "Progress",
    "Remedies",
    "Remedy",
    "gradient_by_lag",
    "measure_remedies",
]

_SOLVED = 0.01  # mean squared error; a constant answer has ADDING_BASELINE
_UNITS = 64
_BATCH = 100
_UPDATES = 100  # in an epoch, after which the error is measured
_NEW = 1_000  # sequences that it is measured on

Progress = Callable[[str, int, int], None]
"""Told after each update: the remedy's name, its updates done and to do."""


@dataclass(frozen=True)
class Remedy:
    """A network for the adding problem.

    Attributes:
        name: For headings.
        cell: (steps of a sequence, where weights are drawn from) to a cell of 2 features.
        learning_rate: Adam's.
        clip_norm: As in `TrainingConfig`.
    """

    name: str
    cell: Callable[[int, torch.Generator], nn.Module]
    learning_rate: float
    clip_norm: float | None = None


def _plain(steps: int, draws: torch.Generator) -> nn.Module:
    """The simple cell as it was before the remedies: tanh, random recurrent weights."""
    cell = RNNCell(2, _UNITS, generator=draws)
    return initialise(cell, recurrent="glorot_uniform", generator=draws)


def _identity(steps: int, draws: torch.Generator) -> nn.Module:
    """Le et al. 2015, arXiv 1504.00941v2, section 4.1: input weights of deviation 0.001."""
    cell = RNNCell(2, _UNITS, activation="relu", generator=draws)
    return initialise(
        cell,
        input=lambda block, draw: nn.init.normal_(block, std=0.001, generator=draw),
        recurrent="identity",
        generator=draws,
    )


REMEDIES: tuple[Remedy, ...] = (
    Remedy("tanh", _plain, 1e-3),
    Remedy("ReLU, identity", _identity, 1e-3),
    Remedy("orthogonal", lambda steps, draws: RNNCell(2, _UNITS, generator=draws), 1e-3),
    Remedy("clipping", _plain, 1e-3, clip_norm=1.0),
    Remedy(
        "batch norm",
        lambda steps, draws: BatchNormRNNCell(2, _UNITS, max_steps=steps, generator=draws),
        1e-3,
    ),
    Remedy(
        "layer norm",
        lambda steps, draws: RNNCell(2, _UNITS, layer_norm=True, generator=draws),
        1e-3,
    ),
    Remedy("LSTM", lambda steps, draws: LSTMCell(2, _UNITS, generator=draws), 1e-2),
    Remedy("GRU", lambda steps, draws: GRUCell(2, _UNITS, generator=draws), 1e-2),
)
"""The plain network first. All simple cells but the last two, with tanh but for the second."""


@dataclass(frozen=True)
class Measured:
    """What became of one remedy.

    Attributes:
        name: The remedy's.
        learning_rate: That it was trained with.
        clip_norm: Likewise, or None.
        gradient_before: By lag, `gradient_by_lag` of the untrained network.
        gradient_after: The same with the weights of the best epoch; empty if it was stopped.
        updates: After how many updates each error was measured.
        error: Mean squared error on sequences that are not trained on.
        seconds: Wall-clock time of training.
        stopped: Why training ended early, or None.
    """

    name: str
    learning_rate: float
    clip_norm: float | None
    gradient_before: list[float]
    gradient_after: list[float]
    updates: list[int]
    error: list[float]
    seconds: float
    stopped: str | None


@dataclass(frozen=True)
class Remedies:
    """All remedies under the same conditions; `elman.plots.remedies` draws `to_dict()`.

    Attributes:
        remedies: The plain network first.
        steps: T of the adding problem.
        updates: Of each network.
        units: Of each network.
        batch: Sequences in an update.
        sequences: That are trained on, time and again.
        optimizer: For all.
        seed: Of data, weights and order.
        baseline: The error of always answering 1.
        solved: The error under which the problem counts as solved.
    """

    remedies: list[Measured]
    steps: int
    updates: int
    units: int
    batch: int
    sequences: int
    optimizer: str
    seed: int
    baseline: float
    solved: float

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain data, for JSON."""
        return asdict(self)


class _Adder(nn.Module):
    """A cell, and a number from its last output."""

    def __init__(self, cell: nn.Module, draws: torch.Generator) -> None:
        super().__init__()
        self.cell = cell
        self.weight = nn.Parameter(torch.empty(1, _UNITS))
        self.bias = nn.Parameter(torch.zeros(1))
        nn.init.xavier_uniform_(self.weight, generator=draws)

    def forward(self, inputs: Tensor, lengths: Tensor | None) -> Tensor:
        outputs, _ = dynamic_unroll(self.cell, inputs, lengths=lengths)
        return nn.functional.linear(outputs[:, -1], self.weight, self.bias)


def gradient_by_lag(network: nn.Module, inputs: Tensor, targets: Tensor) -> list[float]:
    """How much the squared error depends on the input so many steps before the last one.

    This is ‖d error / d x(T - lag)‖, its root mean square over the rows: the chain of factors
    that vanishes or explodes, through whatever a cell remembers with. Computed in float64; the
    network stays as it is.

    Args:
        network: inputs and lengths (None) to answers `[B, 1]`.
        inputs: `[B, T, I]`.
        targets: `[B, 1]`.

    Returns:
        T numbers ≥ 0, lag 0 first.
    """
    probe = copy.deepcopy(network).double().train()  # as it is trained; it may gather statistics
    read = inputs.double().requires_grad_()
    error = (probe(read, None) - targets).square().sum()
    (gradient,) = torch.autograd.grad(error, read)
    return gradient.norm(dim=2).square().mean(dim=0).sqrt().flip(0).tolist()


def measure_remedies(
    *,
    steps: int = 50,
    epochs: int = 15,
    seed: int = 0,
    remedies: Sequence[Remedy] = REMEDIES,
    progress: Progress = lambda name, done, total: None,
) -> Remedies:
    """Train each remedy's network on the adding problem and measure its gradients.

    Args:
        steps: T of the adding problem, ≥ 2.
        epochs: Of 100 updates each, ≥ 1; the error is measured after each.
        seed: Of everything random, ≥ 0.
        remedies: Which, the plain network first.
        progress: Called after each update.

    Raises:
        ArgumentError: A number is below its least.
        KeyboardInterrupt: Ctrl-C, after the update in progress.
    """
    if epochs < 1:
        raise ArgumentError("epochs", f"found {epochs}", "a whole number of at least 1")
    train = _examples(_BATCH * _UPDATES, steps, seed)
    new = _examples(_NEW, steps, seed + 1)
    return Remedies(
        remedies=[_measure(remedy, train, new, epochs, seed, progress) for remedy in remedies],
        steps=steps,
        updates=epochs * _UPDATES,
        units=_UNITS,
        batch=_BATCH,
        sequences=len(train),
        optimizer="Adam",
        seed=seed,
        baseline=ADDING_BASELINE,
        solved=_SOLVED,
    )


def _measure(
    remedy: Remedy,
    train: Examples,
    new: Examples,
    epochs: int,
    seed: int,
    progress: Progress,
) -> Measured:
    draws = torch.Generator().manual_seed(seed)
    network = _Adder(remedy.cell(train.inputs.shape[1], draws), draws)
    probed = new.inputs[:_BATCH], new.targets[:_BATCH]
    before = gradient_by_lag(network, *probed)
    errors: list[float] = []

    def listen(event: Event) -> None:
        if isinstance(event, StepEnd | StepSkipped):
            done = (event.epoch - 1) * _UPDATES + event.step
            progress(remedy.name, done, epochs * _UPDATES)
        elif isinstance(event, EpochEnd) and event.record.validation_loss is not None:
            errors.append(event.record.validation_loss)

    config = TrainingConfig(
        learning_rate=remedy.learning_rate,
        clip_norm=remedy.clip_norm,
        batch_size=_BATCH,
        epochs=epochs,
        seed=seed,
    )
    trainer = Trainer(network, MeanSquaredError(), train, new, config, listeners=[listen])
    started, stopped = time.perf_counter(), None
    try:
        trainer.run()
    except TrainingError as error:
        stopped = str(error)
    return Measured(
        remedy.name,
        remedy.learning_rate,
        remedy.clip_norm,
        before,
        gradient_by_lag(network, *probed) if stopped is None else [],
        [_UPDATES * (k + 1) for k in range(len(errors))],
        errors,
        time.perf_counter() - started,
        stopped,
    )


def _examples(rows: int, steps: int, seed: int) -> Examples:
    inputs, targets = adding(rows, steps, seed)
    return Examples(torch.from_numpy(inputs), torch.from_numpy(targets), kind=Target.NUMBERS)
