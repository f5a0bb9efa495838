"""Training: a loop with events, checkpoints that resume to the bit, and the folder of a run."""

from __future__ import annotations

from elman.training.augment import Augmentation, augment
from elman.training.batches import Examples, batches, epoch_order
from elman.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from elman.training.config import TrainingConfig
from elman.training.events import EpochEnd, EpochStart, Event, Listener, RunEnd, RunStart, StepEnd
from elman.training.folder import MetricsFile, RunFolder
from elman.training.history import EpochRecord, History
from elman.training.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    MeanSquaredError,
    Measure,
    WeightedSum,
)
from elman.training.progress import ProgressDisplay
from elman.training.trainer import Trainer

__all__ = [
    "Augmentation",
    "BinaryCrossEntropy",
    "Checkpoint",
    "CrossEntropy",
    "EpochEnd",
    "EpochRecord",
    "EpochStart",
    "Event",
    "Examples",
    "History",
    "Listener",
    "MeanSquaredError",
    "Measure",
    "MetricsFile",
    "ProgressDisplay",
    "RunEnd",
    "RunFolder",
    "RunStart",
    "StepEnd",
    "Trainer",
    "TrainingConfig",
    "WeightedSum",
    "augment",
    "batches",
    "epoch_order",
    "load_checkpoint",
    "save_checkpoint",
]
