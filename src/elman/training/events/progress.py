"""How a training is shown while it runs: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from elman.terminal import Terminal
from elman.training.events import (
    CheckpointDamaged,
    EpochEnd,
    EpochStart,
    Event,
    MemoryPlanned,
    RunEnd,
    RunStart,
    StepEnd,
    StepSkipped,
    ThreadsChosen,
)
from elman.training.events.history import EpochRecord

__all__ = ["ProgressDisplay"]

_WAITED, _GROWN = 3, 1.5  # so many epochs, and times, after which a loss has grown to be told
_QUIET = 30.0  # seconds without a line, where there is no bar


@dataclass
class _Pace:
    """How fast an epoch goes: what was done of it since it began, or went on, here."""

    began: float
    seconds: float = 1e-9
    sequences: int = 0
    steps: int = 0

    def add(self, sequences: int) -> None:
        self.sequences += sequences
        self.steps += 1
        self.seconds = time.perf_counter() - self.began

    def left(self, steps: int) -> timedelta:
        """How long so many more steps take."""
        return timedelta(seconds=round(steps * self.seconds / self.steps))

    def __str__(self) -> str:
        sequences, steps = self.sequences / self.seconds, self.steps / self.seconds
        return f"{sequences:,.0f} sequences/s · {steps:,.1f} steps/s"


class ProgressDisplay:
    """A listener that shows loss, speed and time left; a context, so that it cleans up.

    On a terminal: a bar over all epochs, and a line for each. Elsewhere (a file, a pipe): a line
    for each epoch, and one every half minute within. Both go to standard error.

    Args:
        console: Where to; None is standard error.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = Terminal(stderr=True) if console is None else console
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._epochs = self._steps = 0  # in all; in each epoch
        self._pace: _Pace | None = None  # of the epoch in progress
        self._said = 0.0  # when the last line was printed
        self._records: list[EpochRecord] = []

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
            self._start(event)
        elif isinstance(event, EpochStart):
            if self._pace is None:
                self._begin(event)
            self._pace = _Pace(time.perf_counter())
        elif isinstance(event, StepEnd) and self._pace is not None:
            self._pace.add(event.sequences)
            self._step(event, self._pace)
        elif isinstance(event, ThreadsChosen):
            self._say(_threads_line(event))
        elif isinstance(event, MemoryPlanned):
            self._say(f"within the memory budget: {event.plan}")
        elif isinstance(event, StepSkipped):
            self._say(f"skipped {self._place(event)}: {event.found}")
        elif isinstance(event, CheckpointDamaged):
            self._say(f"passed over a damaged checkpoint: {event.path}: {event.found}")
        elif isinstance(event, EpochEnd):
            self._records.append(event.record)
            self._say(_epoch_line(event.record, self._epochs, event.best, str(self._pace)))
        elif isinstance(event, RunEnd):
            self._say(_end_line(event))
            if (line := _by_heart(self._records)) is not None:
                self._say(line)

    def _start(self, event: RunStart) -> None:
        """What is known before the first epoch."""
        self._epochs, self._steps = event.epochs, event.steps
        self._records = [*event.done]
        for note in event.notes:
            self._say(note)
        if event.padding:
            share = 100 * event.padding
            self._say(f"{event.steps} steps an epoch; {share:.1f} % of what they read is padding")

    def _begin(self, event: EpochStart) -> None:
        """Say where the training stands; on a terminal, put up the bar."""
        self._said = time.perf_counter()
        if event.step:
            self._say(f"resumed after {self._place(event)}")
        elif event.epoch > 1:
            self._say(f"resumed after epoch {event.epoch - 1}")
        if self._console.is_terminal:
            self._bar = Progress(
                TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
                BarColumn(bar_width=None),
                TextColumn("{task.fields[facts]} ·"),
                TimeRemainingColumn(),
                TextColumn("left"),
                console=self._console,
                transient=True,
                expand=True,
            )
            self._task = self._bar.add_task(
                "training",
                total=self._epochs * self._steps,
                completed=self._done(event),
                epoch=event.epoch,
                epochs=self._epochs,
                facts="",
            )
            self._bar.start()

    def _step(self, event: StepEnd, pace: _Pace) -> None:
        facts = f"loss {event.loss:.4f} · {pace}"
        if self._bar is not None:
            done = self._done(event)
            self._bar.update(self._task, completed=done, epoch=event.epoch, facts=facts)
        elif time.perf_counter() - self._said >= _QUIET:
            left = pace.left(self._epochs * self._steps - self._done(event))
            self._say(f"{self._place(event)}  {facts} · {left} left")

    def _place(self, event: EpochStart | StepEnd | StepSkipped) -> str:
        return f"epoch {event.epoch}/{self._epochs}, step {event.step}/{self._steps}"

    def _done(self, event: EpochStart | StepEnd) -> int:
        """Steps of the whole training that are done."""
        return (event.epoch - 1) * self._steps + event.step

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)
        self._said = time.perf_counter()


def _threads_line(event: ThreadsChosen) -> str:
    many = "one thread" if event.threads == 1 else f"{event.threads} threads"
    return (
        f"Other work keeps the processors busy: {event.usual} threads took {event.times:.0f} times "
        f"as long as one for a small product. Training with {many} (threads= or --threads chooses)"
    )


def _end_line(event: RunEnd) -> str:
    early = ", stopped early" if event.stopped_early else ""
    why = f": {event.reason}" if event.reason else ""
    return f"kept the weights of epoch {event.best_epoch}{early}{why}"


def _by_heart(records: Sequence[EpochRecord]) -> str | None:
    """What is to be known of a validation loss that grew again and again; None: it did not."""
    known = [(one.validation_loss, one) for one in records if one.validation_loss is not None]
    if not known:
        return None
    (lowest, best), (last, end) = min(known, key=lambda one: one[0]), known[-1]
    grown = lowest > 0 and last >= _GROWN * lowest and end.train_loss < best.train_loss
    if not grown or end.epoch - best.epoch < _WAITED:
        return None
    return (
        f"The validation loss was lowest after epoch {best.epoch} and has grown since: the "
        "training part came to be known by heart. A stop in time (early_stopping) saves the epochs "
        "behind; dropout, weight decay or fewer units may raise the score"
    )


def _epoch_line(record: EpochRecord, epochs: int, best: bool, speed: str) -> str:
    parts = [f"epoch {record.epoch}/{epochs}", f"loss {record.train_loss:.4f}"]
    if record.validation_loss is not None:
        parts.append(f"validation loss {record.validation_loss:.4f}")
    if record.validation_score is not None:
        parts.append(f"score {record.validation_score:.4f}")
    parts += [f"{record.seconds:.1f} s", speed]
    return "  ".join(parts) + (" *" if best else "")
