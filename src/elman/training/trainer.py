"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor, nn

from elman.errors import ArgumentError, CheckpointError, TrainingError
from elman.training.augment import augment
from elman.training.batches import Examples, batch_count, batches, epoch_order
from elman.training.checkpoint import (
    Checkpoint,
    load_checkpoint,
    restore_optimizer,
    save_checkpoint,
)
from elman.training.config import TrainingConfig
from elman.training.events import (
    EpochEnd,
    EpochStart,
    Event,
    Listener,
    RunEnd,
    RunStart,
    StepEnd,
)
from elman.training.folder import MetricsFile, RunFolder
from elman.training.history import EpochRecord, History, best_epoch
from elman.training.interruption import HeldSignals
from elman.training.losses import Measure
from elman.training.optimizers import build_optimizer, learning_rate
from elman.training.randomness import generator

__all__ = ["Trainer"]


@dataclass
class _Place:
    """Where a training stands: all that weights and optimiser do not say."""

    epoch: int = 1
    step: int = 0  # how many of this epoch are done
    total: float = 0.0  # of the losses of this epoch's steps
    count: float = 0.0
    seconds: float = 0.0  # spent on this epoch
    records: list[EpochRecord] = field(default_factory=list)


class Trainer:
    """Trains a module, and keeps the weights of its best epoch.

    A run is a pure function of module, data and configuration: interrupted after any step and
    resumed from its folder, it ends with the same bits (on a CPU, with the same number of
    threads).

    Args:
        module: Called as `module(inputs [B, T, I], lengths [B] or None)`; trained in place.
        loss: What is made small.
        train: What is learnt.
        validation: What chooses the best epoch; None keeps the last.
        config: How.
        score: What is reported on `validation` and, larger being better, chooses the epoch; with
            None the validation loss does.
        folder: Where checkpoints and metrics go; None keeps nothing. It has been started.
        listeners: Called with each event.

    Raises:
        ArgumentError: The configuration does not fit the data.
    """

    def __init__(
        self,
        module: nn.Module,
        loss: Measure,
        train: Examples,
        validation: Examples | None,
        config: TrainingConfig,
        *,
        score: Measure | None = None,
        folder: RunFolder | None = None,
        listeners: Sequence[Listener] = (),
    ) -> None:
        if config.early_stopping is not None and validation is None:
            raise ArgumentError(
                "early_stopping", "there is no validation part", "give one, or early_stopping=None"
            )
        if config.augment is not None and train.lengths is not None:
            raise ArgumentError(
                "augment", "sequences of different lengths", "images of one size, or augment=None"
            )
        self.module = module
        self.device = next(module.parameters()).device
        self.config = config
        self._loss, self._score = loss, score
        self._train = train.to(self.device)
        self._validation = None if validation is None else validation.to(self.device)
        self._folder = folder
        self._listeners = [*listeners]
        if folder is not None:
            self._listeners.append(MetricsFile(folder.metrics))
            self._data = [part and part.fingerprint() for part in (train, validation)]
        self._steps = batch_count(len(train), config.batch_size)
        self._optimizer = build_optimizer(module, config)
        self._best: dict[str, Tensor] = {}

    def run(self, resume: bool = False) -> History:
        """Train to the end; afterwards the module holds the best epoch's weights.

        Args:
            resume: Go on from the folder's last checkpoint.

        Raises:
            TrainingError: The loss or the weights ceased to be finite.
            CheckpointError: There is nothing to resume from, it belongs to other data or another
                configuration, or a checkpoint could not be written.
            KeyboardInterrupt: Ctrl-C, after the step in progress was completed and saved.
        """
        place = self._resume() if resume else self._begin()
        devices = [self.device] if self.device.type == "cuda" else []
        with HeldSignals() as held, torch.random.fork_rng(devices=devices):
            self._emit(RunStart(self.config.epochs, self._steps, tuple(place.records)))
            while not self._complete(place):
                self._train_epoch(place, held)
                self._end_epoch(place, held)
        self.module.load_state_dict(self._best)
        self.module.eval()
        chosen = best_epoch(place.records)
        self._emit(RunEnd(chosen, stopped_early=place.epoch <= self.config.epochs))
        return History(tuple(place.records), chosen)

    def _complete(self, place: _Place) -> bool:
        patience = self.config.early_stopping
        waited = len(place.records) - best_epoch(place.records)
        return place.epoch > self.config.epochs or (patience is not None and waited >= patience)

    def _train_epoch(self, place: _Place, held: HeldSignals) -> None:
        self.module.train()
        self._emit(EpochStart(place.epoch, place.step))
        order = epoch_order(len(self._train), self.config.seed, place.epoch)
        started = time.perf_counter() - place.seconds
        with _flushed_denormals():
            for batch in batches(self._train, self.config.batch_size, order, first=place.step):
                event = self._step(batch, place)
                place.seconds = time.perf_counter() - started
                self._emit(event)
                held.deliver(before=lambda: self._save_last(place))

    def _step(self, batch: Examples, place: _Place) -> StepEnd:
        """One update of the weights."""
        config = self.config
        rate = self._learning_rate(place.epoch, place.step)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._seed_module(place)
        inputs = batch.inputs
        if config.augment is not None:
            draws = generator(config.seed, "augment", place.epoch, place.step)
            inputs = augment(inputs, config.augment, draws)
        self._optimizer.zero_grad()
        loss = self._loss(self.module(inputs, batch.lengths), batch)
        mean = loss.mean()
        value = mean.item()
        if not math.isfinite(value):
            raise self._diverged(place, f"the loss is {value}")
        mean.backward()
        if config.clip_norm is not None:
            norm = nn.utils.clip_grad_norm_(self.module.parameters(), config.clip_norm)
            if not math.isfinite(norm.item()):
                raise self._diverged(place, f"the norm of the gradients is {norm.item()}")
        self._optimizer.step()
        place.step += 1
        place.total += loss.total.item()
        place.count += loss.count.item()
        return StepEnd(place.epoch, place.step, len(batch), value, rate)

    def _learning_rate(self, epoch: int, step: int) -> float:
        done = (epoch - 1) * self._steps + step
        return learning_rate(self.config, done, self.config.epochs * self._steps)

    def _seed_module(self, place: _Place) -> None:
        """What the module draws in this step (dropout) depends on the step alone."""
        seed = int(generator(self.config.seed, "module", place.epoch, place.step).integers(2**63))
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def _end_epoch(self, place: _Place, held: HeldSignals) -> None:
        """Validate, record and save; then the place is the next epoch's beginning."""
        if not all(torch.isfinite(tensor).all() for tensor in self.module.parameters()):
            raise self._diverged(place, "a weight is no longer finite")
        started = time.perf_counter()
        loss, score = self._validate(place, held)
        record = EpochRecord(
            epoch=place.epoch,
            train_loss=place.total / place.count if place.count else 0.0,
            learning_rate=self._learning_rate(place.epoch, self._steps - 1),
            seconds=place.seconds + time.perf_counter() - started,
            validation_loss=loss,
            validation_score=score,
        )
        place.records.append(record)
        place.epoch, place.step = place.epoch + 1, 0
        place.total = place.count = place.seconds = 0.0
        best = best_epoch(place.records) == record.epoch
        if best:
            self._best = {k: v.detach().clone() for k, v in self.module.state_dict().items()}
            self._save_best(record)
        self._save_last(place)
        self._emit(EpochEnd(record, best))
        held.deliver()

    def _validate(self, place: _Place, held: HeldSignals) -> tuple[float | None, float | None]:
        """Mean loss and score over the validation part."""
        if self._validation is None:
            return None, None
        self.module.eval()
        measures = [self._loss] if self._score is None else [self._loss, self._score]
        totals, counts = [0.0] * len(measures), [0.0] * len(measures)
        with torch.no_grad():
            # No graph is kept, so larger batches fit.
            for batch in batches(self._validation, 4 * self.config.batch_size):
                outputs = self.module(batch.inputs, batch.lengths)
                for k, measure in enumerate(measures):
                    part = measure(outputs, batch)
                    totals[k] += part.total.item()
                    counts[k] += part.count.item()
                held.deliver(before=lambda: self._save_last(place))
        means = [t / c if c else 0.0 for t, c in zip(totals, counts, strict=True)]
        if not math.isfinite(means[0]):
            raise self._diverged(place, f"the validation loss is {means[0]}")
        return means[0], None if self._score is None else means[1]

    def _begin(self) -> _Place:
        place = _Place()
        self._save_last(place)
        return place

    def _resume(self) -> _Place:
        """Weights, optimiser and place of the folder's last checkpoint."""
        if self._folder is None:
            raise CheckpointError("resume", "the run has no folder", "give the folder to resume")
        last = load_checkpoint(self._folder.last)
        where = str(self._folder.last)
        facts = dict(last.place)
        for name, now in (("data", self._data), ("config", self.config.to_dict())):
            if facts.pop(name, None) != now:
                raise CheckpointError(
                    where, f"was saved with other {name}", "resume with what the run began with"
                )
        try:
            records = [EpochRecord(**record) for record in facts.pop("records")]
            place = _Place(records=records, **facts)
            self.module.load_state_dict(dict(last.weights))
            restore_optimizer(self._optimizer, last)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise CheckpointError(
                where, f"belongs to another network: {error}", "begin anew in another folder"
            ) from error
        if place.records:
            self._best = dict(load_checkpoint(self._folder.best).weights)
        return place

    def _save_last(self, place: _Place) -> None:
        if self._folder is None:
            return
        facts = {**asdict(place), "data": self._data, "config": self.config.to_dict()}
        memory = self._optimizer.state_dict()["state"]
        save_checkpoint(self._folder.last, Checkpoint(self.module.state_dict(), memory, facts))

    def _save_best(self, record: EpochRecord) -> None:
        if self._folder is not None:
            save_checkpoint(self._folder.best, Checkpoint(self._best, {}, record.to_dict()))

    def _diverged(self, place: _Place, found: str) -> TrainingError:
        kept = (
            ""
            if self._folder is None
            else f"; the state after epoch {len(place.records)} is in {self._folder.last}"
        )
        return TrainingError(
            f"epoch {place.epoch}, step {min(place.step + 1, self._steps)} of {self._steps}",
            found,
            f"lower learning_rate ({self.config.learning_rate:g}) or set clip_norm{kept}",
        )

    def _emit(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)


@contextmanager
def _flushed_denormals() -> Iterator[None]:
    """Numbers below float32's normal range count as zero: states that fade cost no extra time."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
