"""What a training tells while it runs, and who shows it."""

from elman.training.events.kinds import (
    CheckpointDamaged,
    CheckpointSaved,
    EpochEnd,
    EpochStart,
    Event,
    Listener,
    MemoryPlanned,
    RunEnd,
    RunStart,
    StepEnd,
    StepSkipped,
)

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
]
