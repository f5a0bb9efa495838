"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from elman.errors import ArgumentError, CheckpointError, TrainingError
from elman.kernels.memory_plan import Plan
from elman.training.config import TrainingConfig
from elman.training.distributed import Ranks, launch
from elman.training.events import (
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
)
from elman.training.events.history import EpochRecord, History, best_epoch
from elman.training.loop.averaging import average_of
from elman.training.loop.batches import ExampleSet
from elman.training.loop.loading import StepBatches
from elman.training.loop.losses import Measure, WholeScore
from elman.training.loop.optimizers import build_optimizer, learning_rate
from elman.training.loop.stepping import Stepper
from elman.training.loop.streams import Streams
from elman.training.randomness import generator
from elman.training.run.checkpoint import restore_optimizer
from elman.training.run.folder import RunFolder
from elman.training.run.interruption import HeldSignals
from elman.training.run.journal import MetricsFile, StepsFile
from elman.training.run.keeping import Continuation, Keeper, Place
from elman.training.run.lock import folder_lock
from elman.unrolling.budget import plans

__all__ = ["Trainer"]

_AVERAGE = "average."  # before the names of the averaged weights in a checkpoint
_CARRIED = "carried."  # likewise, of the state between windows


class Trainer:
    """Trains a module, and keeps the weights of its best epoch.

    A run is a pure function of module, data and configuration: interrupted after any step and
    resumed from its folder, it ends with the same bits (on a CPU, with the same number of
    threads). Where torch.distributed has been initialised, its processes train together, each with
    its share of every batch's rows (`elman.training.distributed`).

    Args:
        module: Called as `module(*batch.arguments)`, of `Examples` with inputs `[B, T, I]` and
            lengths `[B]` or None; trained in place. To train on `Streams` it has a method
            `unroll`, too: see `elman.training.Unroll`.
        loss: What is made small.
        train: What is learnt: whole sequences, windows of long series, pairs of sequences, or
            recordings that are read window by window with the state carried on. It says by which
            lesson it is learnt.
        validation: What chooses the best epoch; None keeps the last.
        config: How.
        score: What is reported on `validation` and, larger being better, chooses the epoch; with
            None the validation loss does.
        folder: Where configuration, checkpoints and metrics go; None keeps nothing.
        told: What the folder's `config.toml` says, nested plain data; None: `config`.
        listeners: Called with each event; one may raise `StopTraining`.
        workers: Threads that prepare batches ahead, ≥ 0. The bits do not depend on it.
        notes: Sentences that the listeners are told at the start.
        before: Where an earlier training of the same module stood, to go on from; its epochs count
            among those of `config`. None: this is the first.

    Raises:
        ArgumentError: The configuration does not fit the data, or `workers` is out of range.
    """

    def __init__(
        self,
        module: nn.Module,
        loss: Measure,
        train: ExampleSet | Streams,
        validation: ExampleSet | None,
        config: TrainingConfig,
        *,
        score: Measure | WholeScore | None = None,
        folder: RunFolder | None = None,
        told: Mapping[str, Any] | None = None,
        listeners: Sequence[Listener] = (),
        workers: int = 0,
        notes: Sequence[str] = (),
        before: Continuation | None = None,
    ) -> None:
        if config.early_stopping is not None and validation is None:
            raise ArgumentError(
                "early_stopping", "there is no validation part", "give one, or early_stopping=None"
            )
        self.module = module
        self.device = next(module.parameters()).device
        self.config = config
        ranks = self._ranks = Ranks()
        self._scored, self._validated = score is not None, validation is not None
        held_out = None if validation is None else validation.to(self.device)
        self._advice: str = getattr(loss, "advice", "")
        self._lesson = train.lesson(
            module, loss, train.to(self.device), held_out, score, config, workers, ranks
        )
        self._steps = self._lesson.steps
        optimizer = build_optimizer(module, config)
        self._stepper = Stepper(module, self._lesson.cost, config, optimizer, ranks)
        self._average = None if config.average is None else average_of(module, config.average)
        self._kept = module if self._average is None else self._average.module
        self._best: dict[str, Tensor] = {}
        self._planned = 0  # steps of the longest sequence that a memory plan was made for
        self._listeners = [*listeners]
        self._stop: StopTraining | None = None  # what a listener raised
        self._folder, self._keeper = folder, None
        self._optimizer, self._notes = optimizer, tuple(notes)
        self._before = before or Continuation((), {}, 0)
        self._place = Place()
        if before is not None:
            restore_optimizer(optimizer, before.optimizer)
        self._told = {"training": config.to_dict()} if told is None else told
        if folder is not None:
            self._listeners += [MetricsFile(folder.metrics), StepsFile(folder.steps)]
            facts = {"data": self._lesson.fingerprints(), "config": config.to_dict()}
            self._keeper = Keeper(folder, module, optimizer, facts, self._emit, ranks)

    def run(self, resume: bool = False) -> History:
        """Train to the end; afterwards the module holds the best epoch's weights.

        Args:
            resume: Go on from the folder's newest whole checkpoint. So does, without being told,
                a run that `torchrun` started again.

        Raises:
            TrainingError: Weights or validation loss ceased to be finite, too many steps in a
                row had to be skipped, or another process of this training is gone.
            CheckpointError: The folder holds another run, or another training is at work there;
                there is nothing to resume from, it belongs to other data or another
                configuration; or a checkpoint could not be written.
            KeyboardInterrupt: Ctrl-C, after the step in progress was completed and saved.
        """
        devices = [self.device] if self.device.type == "cuda" else []
        with (
            self._ranks.watched(),
            self._started(resume) as resume,
            HeldSignals(self._ranks) as held,
            torch.random.fork_rng(devices=devices),
        ):
            begun = self._before.records
            place = Place(len(begun) + 1, records=[*begun])
            if resume:
                place = self._resume()
            self._place = place
            done, padding = tuple(place.records), self._lesson.padding
            self._emit(RunStart(self.config.epochs, self._steps, done, padding, self._notes))
            if not resume:
                self._save(place)
            while not self._complete(place):
                self._train_epoch(place, held)
                self._end_epoch(place, held)
        self.module.load_state_dict(self._best)
        self.module.eval()
        chosen = best_epoch(place.records)
        reason = None if self._stop is None else self._stop.reason
        self._emit(RunEnd(chosen, place.epoch <= self.config.epochs, reason))
        return History(tuple(place.records), chosen)

    def continuation(self) -> Continuation:
        """Where the training stands, for another one to go on from with the same module."""
        place, memory = self._place, self._optimizer.state_dict()["state"]
        threads = torch.get_num_threads()
        return Continuation(tuple(place.records), memory, self._done(place), threads)

    @contextmanager
    def _started(self, resume: bool) -> Iterator[bool]:
        """Within this block the folder is this run's, and nobody else's; whether it goes on."""
        folder = self._folder
        if folder is None:
            yield resume
            return

        def start() -> bool:
            goes_on = resume or folder.restarted(launch())
            folder.start(self._told, goes_on, launch())
            return goes_on

        with folder_lock(folder.path) if self._ranks.rank == 0 else nullcontext():
            yield self._ranks.first(start)

    def _complete(self, place: Place) -> bool:
        patience = self.config.early_stopping
        waited = len(place.records) - best_epoch(place.records)
        stopped = self._stopped() and bool(self._best)  # something to keep
        idle = patience is not None and waited >= patience
        return stopped or idle or place.epoch > self.config.epochs

    def _train_epoch(self, place: Place, held: HeldSignals) -> None:
        self.module.train()
        self._emit(EpochStart(place.epoch, place.step))
        every = self.config.checkpoint_every
        before = time.perf_counter()
        steps = self._lesson.epoch(place.epoch, first=place.step)
        with _flushed_denormals(), closing(steps), plans() as made:
            for step in steps:
                event = self._step(step, place, before)
                self._announce(made)
                before = time.perf_counter()
                self._emit(event)
                if place.skipped > self.config.max_skipped:
                    self._give_up(place, event)
                if every is not None and self._done(place) % every == 0:
                    self._save(place)
                held.deliver(before=lambda: self._save(place))
                if self._stopped():
                    break

    def _stopped(self) -> bool:
        """Whether a listener asked for the end; rank 0 has them."""
        return bool(self._ranks.most(self._stop is not None))

    def _announce(self, made: list[Plan]) -> None:
        """Tell of plans for longer sequences than any before."""
        for plan in made:
            if plan.steps > self._planned:
                self._planned = plan.steps
                self._emit(MemoryPlanned(str(plan)))
        made.clear()

    def _step(self, step: StepBatches, place: Place, before: float) -> StepEnd | StepSkipped:
        """One update of the weights, if it can be made."""
        rate = self._learning_rate(self._done(place))
        self._seed_module(place)
        taken = self._stepper.step(step.batches, rate)
        seconds = time.perf_counter() - before
        place.step += 1
        place.seconds += seconds
        if taken.fault is not None:
            place.skipped += 1
            return StepSkipped(place.epoch, place.step, taken.fault, tuple(step.rows.tolist()))
        place.skipped = 0
        if self._average is not None:
            self._average.update_parameters(self.module)
        place.total += taken.total
        place.count += taken.count
        return StepEnd(
            place.epoch,
            place.step,
            sequences=len(step.rows),
            loss=taken.total / taken.count if taken.count else 0.0,
            learning_rate=rate,
            gradient_norm=taken.gradient_norm,
            seconds=seconds,
        )

    def _done(self, place: Place) -> int:
        """Steps that are done, over all epochs."""
        before = self._before
        return before.steps + (place.epoch - len(before.records) - 1) * self._steps + place.step

    def _learning_rate(self, done: int) -> float:
        return learning_rate(self.config, done, self.config.epochs * self._steps)

    def _seed_module(self, place: Place) -> None:
        """What the module draws in this step (dropout) depends on step and rank alone."""
        draws = generator(self.config.seed, "module", place.epoch, place.step)
        seed = int(draws.integers(2**63, size=self._ranks.size)[self._ranks.rank])
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def _end_epoch(self, place: Place, held: HeldSignals) -> None:
        """Validate, record and save; then the place is the next epoch's beginning."""
        self._check_weights(place)
        started = time.perf_counter()
        loss, score = self._validate(place, held)
        record = EpochRecord(
            epoch=place.epoch,
            train_loss=place.total / place.count if place.count else 0.0,
            learning_rate=self._learning_rate(self._done(place) - 1),
            seconds=place.seconds + time.perf_counter() - started,
            validation_loss=loss,
            validation_score=score,
        )
        place.records.append(record)
        place.epoch, place.step = place.epoch + 1, 0
        place.total = place.count = place.seconds = 0.0
        best = best_epoch(place.records) == record.epoch
        if best:
            self._best = {k: v.detach().clone() for k, v in self._kept.state_dict().items()}
        self._save(place)
        self._emit(EpochEnd(record, best))
        held.deliver()

    def _validate(self, place: Place, held: HeldSignals) -> tuple[float | None, float | None]:
        """Mean loss and score over the validation part."""
        if not self._validated:
            return None, None
        self._kept.eval()
        totals, counts = [0.0] * (1 + self._scored), [0.0] * (1 + self._scored)
        with torch.no_grad():
            for rows in self._lesson.held_out():
                for k, part in enumerate(self._lesson.measured(self._kept, rows)):
                    totals[k] += part.total.item()
                    counts[k] += part.count.item()
                held.deliver(before=lambda: self._save(place))
        totals, counts = self._ranks.sum(totals), self._ranks.sum(counts)
        means = [t / c if c else 0.0 for t, c in zip(totals, counts, strict=True)]
        if not math.isfinite(means[0]):
            raise self._diverged(place, f"the validation loss is {means[0]}")
        return means[0], means[1] if self._scored else None

    def _resume(self) -> Place:
        if self._keeper is None:
            raise CheckpointError("resume", "the run has no folder", "give the folder to resume")
        place, self._best, more = self._keeper.resume()
        if self._average is not None and more:
            self._average.load_state_dict(_group(more, _AVERAGE))
        self._lesson.restore(_group(more, _CARRIED))
        return place

    def _save(self, place: Place) -> None:
        """Weights that are not finite never take the place of good ones."""
        if self._keeper is not None:
            self._check_weights(place)
            average = {} if self._average is None else self._average.state_dict()
            carried = self._lesson.carried()
            more = {f"{_AVERAGE}{name}": tensor for name, tensor in average.items()}
            more |= {f"{_CARRIED}{name}": tensor for name, tensor in carried.items()}
            self._keeper.save(place, self._best, more)

    def _check_weights(self, place: Place) -> None:
        if not all(torch.isfinite(tensor).all() for tensor in self.module.parameters()):
            raise self._diverged(place, "a weight is no longer finite")

    def _give_up(self, place: Place, event: Event) -> None:
        """Too many steps in a row were skipped: the weights are still the last good ones."""
        assert isinstance(event, StepSkipped)
        self._save(place)
        many = f" (so were {place.skipped - 1} steps before)" if place.skipped > 1 else ""
        raise self._diverged(place, f"{event.found}{many}")

    def _diverged(self, place: Place, found: str) -> TrainingError:
        kept = "" if self._folder is None else f"; the last good state is in {self._folder.last}"
        return TrainingError(
            f"epoch {place.epoch}, step {place.step} of {self._steps}",
            found,
            f"{self._advice}lower learning_rate ({self.config.learning_rate:g}) or set clip_norm"
            f"{kept}",
        )

    def _emit(self, event: Event) -> None:
        for listener in self._listeners:
            if self._ranks.rank and not getattr(listener, "everywhere", False):
                continue
            try:
                listener(event)
            except StopTraining as stop:  # the others are told of the event, too
                self._stop = self._stop or stop


def _group(more: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix`, by the rest of their names."""
    return {k.removeprefix(prefix): t for k, t in more.items() if k.startswith(prefix)}


@contextmanager
def _flushed_denormals() -> Iterator[None]:
    """Numbers below float32's normal range count as zero: states that fade cost no extra time."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
