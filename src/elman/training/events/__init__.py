"""What a training tells those who listen: one small object for each thing that happens.

A listener is any callable that takes an event. It is called from the training's own thread,
so a slow listener slows the training, and an exception in one ends it. One exception ends it well:
`StopTraining`.

>>> def patient(event):
...     if isinstance(event, EpochEnd) and event.record.train_loss < 0.01:
...         raise StopTraining("the loss is small enough")
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from elman.training.events.history import EpochRecord

__all__ = [
    "CheckpointDamaged",
    "CheckpointSaved",
    "EpochEnd",
    "EpochStart",
    "Event",
    "Listener",
    "MemoryPlanned",
    "RunEnd",
    "RunStart",
    "StepEnd",
    "StepSkipped",
    "StopTraining",
    "ThreadsChosen",
]


@dataclass(frozen=True)
class RunStart:
    """Training begins or goes on.

    Attributes:
        epochs: At most, in all.
        steps: In each epoch.
        done: Records of the epochs that are already behind; empty for a fresh run.
        padding: The share of what the network reads in the first epoch that is padding, in [0, 1).
        notes: What was inferred of how it begins, in sentences.
    """

    epochs: int
    steps: int
    done: tuple[EpochRecord, ...]
    padding: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ThreadsChosen:
    """Other work keeps the processors busy, so torch computes with fewer threads.

    Attributes:
        threads: With so many.
        usual: Instead of so many.
        times: How many times as long those took in a trial.
    """

    threads: int
    usual: int
    times: float


@dataclass(frozen=True)
class EpochStart:
    """An epoch (from 1) begins, or goes on with its step `step` (from 0)."""

    epoch: int
    step: int


@dataclass(frozen=True)
class MemoryPlanned:
    """Gradients are computed within a memory budget, for the longest sequences so far.

    Attributes:
        plan: What it leads to, in words.
    """

    plan: str


@dataclass(frozen=True)
class StepEnd:
    """The weights were updated.

    Attributes:
        epoch: From 1.
        step: From 1 in its epoch: how many are done.
        sequences: In this step's batch.
        loss: Mean over the batch, before the update.
        learning_rate: That was used.
        gradient_norm: Joint norm of all gradients before clipping; None if it was not computed.
        seconds: From the end of the step before, so that waiting for the batch counts.
    """

    epoch: int
    step: int
    sequences: int
    loss: float
    learning_rate: float
    gradient_norm: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class StepSkipped:
    """A loss or gradient was not finite: weights and optimiser are as they were.

    Attributes:
        epoch: From 1.
        step: From 1 in its epoch: how many are done, this one included.
        found: What was not finite, in words.
        rows: Of the training data, in this step's batch.
    """

    epoch: int
    step: int
    found: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class CheckpointSaved:
    """A checkpoint is on the disk: from `epoch` (from 1), `step` steps of which are done."""

    epoch: int
    step: int


@dataclass(frozen=True)
class CheckpointDamaged:
    """A checkpoint that cannot be used was passed over for an older one.

    Attributes:
        path: Its file.
        found: What is wrong with it.
    """

    path: str
    found: str


@dataclass(frozen=True)
class EpochEnd:
    """An epoch is complete, validated and saved; `best` if no epoch before it was as good."""

    record: EpochRecord
    best: bool


@dataclass(frozen=True)
class RunEnd:
    """Training is complete.

    Attributes:
        best_epoch: Whose weights were kept.
        stopped_early: Whether it ended before its last epoch: the validation result had ceased to
            improve, or a listener asked for it.
        reason: What the listener said; None where none asked.
    """

    best_epoch: int
    stopped_early: bool
    reason: str | None = None


Event = (
    RunStart
    | EpochStart
    | MemoryPlanned
    | StepEnd
    | StepSkipped
    | EpochEnd
    | CheckpointSaved
    | CheckpointDamaged
    | RunEnd
    | ThreadsChosen
)
Listener = Callable[[Event], Any]
"""Who is told of a training: of several processes by the first alone, but for a listener with an
attribute `everywhere` that is true."""


class StopTraining(Exception):  # noqa: N818  it is no error
    """Raised by a listener to end the training early, and well.

    The epoch in progress ends with the step in progress: it is validated, recorded and saved, and
    the best epoch's weights are kept, as at the end of any training. A run that is resumed goes on
    from there, unless it is stopped again.

    Args:
        reason: Why, for who looks on.
    """

    def __init__(self, reason: str = "a callback asked for it") -> None:
        super().__init__(reason)
        self.reason = reason
