"""A training's numbers for TensorBoard."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

from elman.errors import MissingExtraError
from elman.training.events import EpochEnd, EpochStart, Event, RunStart, StepEnd

__all__ = ["TensorBoard"]


class TensorBoard:
    """A listener that writes a training's numbers for TensorBoard; a context, so that it closes.

    After each step `train/loss`, `train/learning_rate` and `train/gradient_norm`; after each epoch
    `validation/loss` and `validation/score` where there are any. All stand over the number of
    steps that are done. A resumed run goes on in the same folder, and what was written there beyond
    its checkpoint is dropped.

    Args:
        folder: Where the event files go: what `tensorboard --logdir` is given.

    Raises:
        MissingExtraError: The package tensorboard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise MissingExtraError.of("tensorboard", "tensorboard", "TensorBoard") from error
        self._make = SummaryWriter
        self._folder = folder
        self._writer: Any = None
        self._steps = 0  # of an epoch

    def __enter__(self) -> TensorBoard:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def __call__(self, event: Event) -> None:
        """Write what an event tells."""
        if isinstance(event, RunStart):
            self._steps = event.steps
        elif isinstance(event, EpochStart):
            self._open(done=(event.epoch - 1) * self._steps + event.step)
        elif isinstance(event, StepEnd):
            done = (event.epoch - 1) * self._steps + event.step
            for name in ("loss", "learning_rate", "gradient_norm"):
                self._write(f"train/{name}", getattr(event, name), done)
        elif isinstance(event, EpochEnd):
            done = event.record.epoch * self._steps
            self._write("validation/loss", event.record.validation_loss, done)
            self._write("validation/score", event.record.validation_score, done)

    def _open(self, done: int) -> None:
        if self._writer is None:
            self._writer = self._make(str(self._folder), purge_step=done + 1)

    def _write(self, name: str, value: float | None, done: int) -> None:
        if value is not None:
            self._writer.add_scalar(name, value, done)
