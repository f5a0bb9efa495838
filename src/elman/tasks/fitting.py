"""What fitting a classifier and fitting a regressor have in common: data to trained network."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from elman import __version__
from elman.blueprint import Blueprint
from elman.bundle import pack_strings
from elman.errors import ArgumentError
from elman.kernels import native
from elman.models import limit_memory
from elman.runtime.seen import Seen
from elman.tasks.network import ScaledInputs
from elman.tasks.own import CheckedOutputs, takes
from elman.tasks.parts import Parts
from elman.training import (
    CheckpointDamaged,
    Event,
    Examples,
    History,
    Listener,
    Measure,
    ProgressDisplay,
    RunFolder,
    RunStart,
    StepSkipped,
    StopTraining,
    Streams,
    TensorBoard,
    Trainer,
    TrainingConfig,
    WholeScore,
    joined,
    writes,
)
from elman.training.loop.batches import ExampleSet
from elman.training.run.keeping import Continuation
from elman.training.threads import computing_with
from elman.transforms.scaler import Scaler

__all__ = [
    "Fitted",
    "Learning",
    "Options",
    "Ready",
    "callbacks_of",
    "fit_network",
    "one_pass",
    "remembered",
    "summary",
    "take_weights",
    "train_module",
    "weights_of",
]


@dataclass(frozen=True, eq=False)
class Learning:
    """How a task learns from its parts.

    Attributes:
        parts: With targets as the network answers them.
        loss: What is made small.
        score: What chooses the epoch; None: the loss.
        weight: Of the rows of `parts.train` `[N]`, or of their steps `[N, T]`; None for alike.
        tensors: What travels with the network, by name.
        settings: Likewise, as plain data.
        around: What stands around the network in training, given that; None: its scaler.
        notes: What was inferred, in sentences.
    """

    parts: Parts
    loss: Measure
    score: Measure | WholeScore | None = None
    weight: np.ndarray | None = None
    tensors: dict[str, np.ndarray] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    around: Callable[[nn.Module], nn.Module] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Ready:
    """All that a training needs.

    Attributes:
        blueprint: The network as data; or what is known of one of a user's own.
        network: To be trained in place.
        parts: What was given, targets in their own unit.
        learning: What it learns, and how.
        scaler: Of the inputs, or None.
        notes: What was inferred of how it begins, in sentences.
        seen: Which sequences the network that it goes on from had seen; None: there is none.
        listeners: Who is told of the training besides the user's.
    """

    blueprint: Any
    network: nn.Module
    parts: Parts
    learning: Learning
    scaler: Scaler | None
    notes: tuple[str, ...] = ()
    seen: Seen | None = None
    listeners: tuple[Listener, ...] = ()

    def module(self, options: Options) -> nn.Module:
        """What is trained: the network behind its scaler, on the device, within the memory."""
        network = self.network
        if self.blueprint.described:
            limit_memory(network, options.memory)
        else:
            network = CheckedOutputs(network, self.blueprint)
        if self.learning.around is not None:
            return self.learning.around(network).to(options.device)
        return ScaledInputs(network, self.scaler).to(options.device)

    def train(self, options: Options) -> Examples | Streams:
        """What is learnt, as the options have it read."""
        train = self.learning.parts.train.examples(self.learning.weight)
        if options.truncation is None:
            return train
        return Streams.of(train, options.config.batch_size, options.truncation, options.stride)


@dataclass(frozen=True, eq=False)
class Options:
    """How to train, beside what the configuration says.

    Attributes:
        config: Of the trainer.
        truncation: Steps that a gradient reaches back; None: whole sequences.
        stride: Steps from one update to the next; None: `truncation`.
        memory: What gradients may need; None: no bound.
        device: Where.
        threads: Of torch, or None to leave them as they are.
        folder: Of the run, or None.
        resume: Whether to go on with the run in the folder.
        verbose: Whether to show the progress.
        tensorboard: Whether to write for TensorBoard, into the folder.
        workers: How many threads prepare batches ahead.
        callbacks: Who is told of the training besides.
        told: What the run is told, for the folder's `config.toml`.
    """

    config: TrainingConfig
    truncation: int | None
    stride: int | None
    memory: str | int | None
    device: torch.device
    threads: int | None
    folder: RunFolder | None
    resume: bool
    verbose: bool
    tensorboard: bool
    workers: int
    callbacks: tuple[Listener, ...]
    told: dict[str, Any]


class Fitted(NamedTuple):
    """How a training came about, and where it ended."""

    history: History
    continuation: Continuation


def weights_of(network: nn.Module) -> dict[str, np.ndarray]:
    """A network's weights by the blueprint's names."""
    state = network.state_dict()
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in state.items()}


def take_weights(network: nn.Module, weights: Mapping[str, np.ndarray]) -> None:
    """Give a network weights by the blueprint's names, in place."""
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})


def fit_network(ready: Ready, options: Options, before: Continuation | None = None) -> Fitted:
    """Train a network in place.

    Args:
        ready: What is trained.
        options: How.
        before: Where an earlier training of it ended, which this one goes on from.

    Raises:
        TrainingError, CheckpointError, KeyboardInterrupt: As `Trainer.run` does.
    """
    learning = ready.learning
    options = replace(options, callbacks=(*ready.listeners, *options.callbacks))
    validation = learning.parts.validation
    held_out = None if validation is None else validation.examples(validation.weight)
    return train_module(
        ready.module(options),
        learning.loss,
        ready.train(options),
        held_out,
        options,
        score=learning.score,
        notes=ready.notes,
        before=before,
    )


def train_module(
    module: nn.Module,
    loss: Measure,
    train: ExampleSet | Streams,
    validation: ExampleSet | None,
    options: Options,
    **more: Any,
) -> Fitted:
    """Train a module in place, as the options say; arguments and errors as of `Trainer`."""
    with ExitStack() as opened:
        listeners, early = opened.enter_context(_listeners(options)), list[StopTraining]()

        def tell(event: Event) -> None:
            for listener in listeners:
                try:
                    listener(event)
                except StopTraining as stop:
                    early.append(stop)

        def stops_early(_event: Event) -> None:
            if early:
                raise early[0]

        opened.enter_context(computing_with(options.threads, options.folder, options.resume, tell))
        opened.enter_context(joined(options.device))
        trainer = Trainer(
            module,
            loss,
            train,
            validation,
            options.config,
            folder=options.folder,
            told=options.told,
            listeners=[*listeners, stops_early],
            workers=options.workers,
            **more,
        )
        return Fitted(trainer.run(options.resume), trainer.continuation())


def one_pass(options: Options, before: Continuation | None) -> Options:
    """The options of one more pass: no validation, no end that is known, threads as `before`.

    Raises:
        ArgumentError: They ask for what only a training has whose end is known.
    """
    config = options.config
    for name, usual in (("schedule", "constant"), ("average", None), ("epoch_steps", None)):
        if getattr(config, name) != usual:
            found = f"{getattr(config, name)!r} in partial_fit"
            raise ArgumentError(name, found, f"{usual!r}, or fit, which knows its end")
    if options.folder is not None:
        found = f"{str(options.folder.path)!r} in partial_fit"
        raise ArgumentError("run", found, "None, or fit: a folder holds one run")
    done = 0 if before is None else len(before.records)
    threads = options.threads
    if before is not None and threads is None:
        threads = before.threads
    config = replace(config, epochs=done + 1, early_stopping=None)
    return replace(options, config=config, threads=threads)


def remembered(parts: Parts, held_out: Sequence[str], before: Seen | None) -> dict[str, np.ndarray]:
    """What a model file keeps of which sequences were learnt from, and which were not.

    Args:
        parts: Those that were.
        held_out: Names of those of the same data that were not.
        before: What the model had seen that the training went on from.
    """
    learnt = [part.sequences for part in (parts.train, parts.validation) if part is not None]
    seen = Seen.of(*learnt)
    if before is not None:
        seen = seen.and_of(before)
    tensors = {f"seen.{name}": array for name, array in seen.tensors().items()}
    packed = pack_strings(held_out) if held_out else {}
    return tensors | {f"held_out.{name}": array for name, array in packed.items()}


def summary(
    task: str,
    blueprint: Blueprint,
    about: dict[str, Any],
    history: History,
    config: TrainingConfig,
) -> dict[str, Any]:
    """How a model came about, as plain data for `result.json` and the model file.

    Args:
        task: Its name.
        blueprint: The network.
        about: The task's own facts: what it was trained and validated on.
        history: Of the training.
        config: Likewise.
    """
    best = history.best
    return {
        "task": task,
        "elman": __version__,
        "level": native.isa(),
        "network": blueprint.describe(),
        "parameters": blueprint.parameters,
        **about,
        "validation_score": best.validation_score,
        "validation_loss": best.validation_loss,
        "best_epoch": history.best_epoch,
        "epochs": len(history.records),
        "seconds": round(history.seconds, 3),
        "training": config.to_dict(),
    }


def callbacks_of(value: Any) -> tuple[Listener, ...]:
    """The parameter `callbacks`, checked.

    Raises:
        ArgumentError: It is no list of callables.
    """
    if not isinstance(value, list | tuple):
        raise ArgumentError("callbacks", f"found {value!r}", "a list of functions of an event")
    for k, one in enumerate(value):
        if not callable(one) or isinstance(one, type):
            raise ArgumentError(f"callbacks[{k}]", f"found {one!r}", "a function of an event")
        if not takes(one, 1):
            found = f"found {one!r}, which does not take one argument"
            raise ArgumentError(f"callbacks[{k}]", found, "a function of an event")
    return tuple(value)


@contextmanager
def _listeners(options: Options) -> Iterator[list[Listener]]:
    """Who is told of the training, within this block."""
    with ExitStack() as opened:
        listeners: list[Listener] = []
        listeners.append(opened.enter_context(ProgressDisplay()) if options.verbose else _warn)
        if options.tensorboard and options.folder is not None and writes():
            listeners.append(opened.enter_context(TensorBoard(options.folder.tensorboard)))
        yield [*listeners, *options.callbacks]


def _warn(event: Event) -> None:
    """What must be seen where no progress is shown."""
    if isinstance(event, RunStart):
        for note in event.notes:
            warnings.warn(note, stacklevel=2)
    elif isinstance(event, CheckpointDamaged):
        message = f"passed over a damaged checkpoint: {event.path}: {event.found}"
        warnings.warn(message, stacklevel=2)
    elif isinstance(event, StepSkipped):
        message = f"skipped epoch {event.epoch}, step {event.step}: {event.found}"
        warnings.warn(message, stacklevel=2)
