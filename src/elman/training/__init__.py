"""Training: a loop with events, checkpoints that resume to the bit, and the folder of a run."""

from __future__ import annotations

from elman.training.augment import Augmentation, augment
from elman.training.averaging import average_of
from elman.training.batches import ExampleSet, batch_rows, batches, padded_share
from elman.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from elman.training.config import TrainingConfig
from elman.training.distributed import Ranks, joined, launch, writes
from elman.training.events import (
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
from elman.training.examples import Examples
from elman.training.folder import RunFolder
from elman.training.history import EpochRecord, History
from elman.training.journal import MetricsFile, StepsFile
from elman.training.lesson import Lesson
from elman.training.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    MeanSquaredError,
    Measure,
    WeightedSum,
)
from elman.training.pairs import PairExamples
from elman.training.progress import ProgressDisplay
from elman.training.streams import Streams, Window
from elman.training.tensorboard import TensorBoard
from elman.training.trainer import Trainer
from elman.training.truncated import Unroll, truncated_unroll
from elman.training.windows import ForecastBatch, WindowExamples
from elman.unrolling.bptt import Backpropagation, LayersAsCell, bptt

__all__ = [
    "Augmentation",
    "Backpropagation",
    "BinaryCrossEntropy",
    "Checkpoint",
    "CheckpointDamaged",
    "CheckpointSaved",
    "CrossEntropy",
    "EpochEnd",
    "EpochRecord",
    "EpochStart",
    "Event",
    "ExampleSet",
    "Examples",
    "ForecastBatch",
    "History",
    "LayersAsCell",
    "Lesson",
    "Listener",
    "MeanSquaredError",
    "Measure",
    "MemoryPlanned",
    "MetricsFile",
    "PairExamples",
    "ProgressDisplay",
    "Ranks",
    "RunEnd",
    "RunFolder",
    "RunStart",
    "StepEnd",
    "StepSkipped",
    "StepsFile",
    "Streams",
    "TensorBoard",
    "Trainer",
    "TrainingConfig",
    "Unroll",
    "WeightedSum",
    "Window",
    "WindowExamples",
    "augment",
    "average_of",
    "batch_rows",
    "batches",
    "bptt",
    "joined",
    "launch",
    "load_checkpoint",
    "padded_share",
    "save_checkpoint",
    "truncated_unroll",
    "writes",
]
