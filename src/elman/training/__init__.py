"""Training: a loop with events, checkpoints that resume to the bit, and the folder of a run."""

from __future__ import annotations

from elman.training.augment import Augmentation, augment
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
    StopTraining,
    ThreadsChosen,
)
from elman.training.events.history import EpochRecord, History
from elman.training.events.progress import ProgressDisplay
from elman.training.events.tensorboard import TensorBoard
from elman.training.loop.alignments import Ctc, LabelAccuracy
from elman.training.loop.batches import ExampleSet
from elman.training.loop.examples import Examples
from elman.training.loop.lesson import Lesson
from elman.training.loop.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    MeanSquaredError,
    Measure,
    WeightedSum,
    WholeScore,
)
from elman.training.loop.pairs import PairExamples
from elman.training.loop.streams import Streams, Window
from elman.training.loop.trainer import Trainer
from elman.training.loop.truncated import Unroll, truncated_unroll
from elman.training.loop.windows import WindowExamples
from elman.training.run.folder import RunFolder
from elman.unrolling.bptt import Backpropagation, LayersAsCell, bptt

__all__ = [
    "Augmentation",
    "Backpropagation",
    "BinaryCrossEntropy",
    "CheckpointDamaged",
    "CheckpointSaved",
    "CrossEntropy",
    "Ctc",
    "EpochEnd",
    "EpochRecord",
    "EpochStart",
    "Event",
    "ExampleSet",
    "Examples",
    "History",
    "LabelAccuracy",
    "LayersAsCell",
    "Lesson",
    "Listener",
    "MeanSquaredError",
    "Measure",
    "MemoryPlanned",
    "PairExamples",
    "ProgressDisplay",
    "Ranks",
    "RunEnd",
    "RunFolder",
    "RunStart",
    "StepEnd",
    "StepSkipped",
    "StopTraining",
    "Streams",
    "TensorBoard",
    "ThreadsChosen",
    "Trainer",
    "TrainingConfig",
    "Unroll",
    "WeightedSum",
    "WholeScore",
    "Window",
    "WindowExamples",
    "augment",
    "bptt",
    "joined",
    "launch",
    "truncated_unroll",
    "writes",
]
