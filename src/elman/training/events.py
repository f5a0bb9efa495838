"""What a training tells those who listen: one small object for each thing that happens.

A listener is any callable that takes an event. It is called from the training's own thread,
so a slow listener slows the training, and an exception in one ends it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from elman.training.history import EpochRecord

__all__ = ["EpochEnd", "EpochStart", "Event", "Listener", "RunEnd", "RunStart", "StepEnd"]


@dataclass(frozen=True)
class RunStart:
    """Training begins or goes on.

    Attributes:
        epochs: At most, in all.
        steps: In each epoch.
        done: Records of the epochs that are already behind; empty for a fresh run.
    """

    epochs: int
    steps: int
    done: tuple[EpochRecord, ...]


@dataclass(frozen=True)
class EpochStart:
    """An epoch (from 1) begins, or goes on with its step `step` (from 0)."""

    epoch: int
    step: int


@dataclass(frozen=True)
class StepEnd:
    """The weights were updated.

    Attributes:
        epoch: From 1.
        step: From 1 in its epoch: how many are done.
        sequences: In this step's batch.
        loss: Mean over the batch, before the update.
        learning_rate: That was used.
    """

    epoch: int
    step: int
    sequences: int
    loss: float
    learning_rate: float


@dataclass(frozen=True)
class EpochEnd:
    """An epoch is complete, validated and saved; `best` if no epoch before it was as good."""

    record: EpochRecord
    best: bool


@dataclass(frozen=True)
class RunEnd:
    """Training is complete; `stopped_early` if the validation result had ceased to improve."""

    best_epoch: int
    stopped_early: bool


Event = RunStart | EpochStart | StepEnd | EpochEnd | RunEnd
Listener = Callable[[Event], None]
