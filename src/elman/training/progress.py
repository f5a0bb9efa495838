"""How a training is shown while it runs: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from elman.training.events import EpochEnd, EpochStart, Event, RunEnd, RunStart, StepEnd
from elman.training.history import EpochRecord

__all__ = ["ProgressDisplay"]


class ProgressDisplay:
    """A listener that shows loss, speed and time left; a context, so that it cleans up.

    On a terminal: one bar over all epochs. Elsewhere (a file, a pipe): a line for each epoch.
    Both go to standard error.

    Args:
        console: Where to; None is standard error.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = Console(stderr=True) if console is None else console
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._run: RunStart | None = None
        self._since = 0.0  # when the epoch's first counted step began
        self._sequences = self._steps = 0  # counted since then

    def __enter__(self) -> ProgressDisplay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if isinstance(event, RunStart):
            self._begin(event)
        elif isinstance(event, EpochStart):
            self._since, self._sequences, self._steps = time.perf_counter(), 0, 0
        elif isinstance(event, StepEnd):
            self._step(event)
        elif isinstance(event, EpochEnd):
            self._say(_epoch_line(event.record, self._run, event.best, self._speed()))
        elif isinstance(event, RunEnd):
            early = ", stopped early" if event.stopped_early else ""
            self._say(f"kept the weights of epoch {event.best_epoch}{early}")

    def _begin(self, event: RunStart) -> None:
        self._run = event
        if event.done:
            self._say(f"resumed after epoch {len(event.done)}")
        if self._console.is_terminal:
            self._bar = Progress(
                TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
                BarColumn(),
                TextColumn("{task.fields[facts]}"),
                TimeRemainingColumn(elapsed_when_finished=True),
                console=self._console,
                transient=True,
            )
            self._task = self._bar.add_task(
                "training",
                total=event.epochs * event.steps,
                completed=len(event.done) * event.steps,
                epoch=len(event.done) + 1,
                epochs=event.epochs,
                facts="",
            )
            self._bar.start()

    def _step(self, event: StepEnd) -> None:
        self._sequences += event.sequences
        self._steps += 1
        if self._bar is not None and self._run is not None:
            self._bar.update(
                self._task,
                completed=(event.epoch - 1) * self._run.steps + event.step,
                epoch=event.epoch,
                facts=f"loss {event.loss:.4f} · {self._speed()}",
            )

    def _speed(self) -> str:
        seconds = max(time.perf_counter() - self._since, 1e-9)
        return (
            f"{self._sequences / seconds:,.0f} sequences/s · {self._steps / seconds:,.1f} steps/s"
        )

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)


def _epoch_line(record: EpochRecord, run: RunStart | None, best: bool, speed: str) -> str:
    epochs = run.epochs if run is not None else record.epoch
    parts = [f"epoch {record.epoch}/{epochs}", f"loss {record.train_loss:.4f}"]
    if record.validation_loss is not None:
        parts.append(f"validation loss {record.validation_loss:.4f}")
    if record.validation_score is not None:
        parts.append(f"score {record.validation_score:.4f}")
    parts += [f"{record.seconds:.1f} s", speed]
    return "  ".join(parts) + (" *" if best else "")
