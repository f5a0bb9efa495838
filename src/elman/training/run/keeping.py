"""Saving where a training stands, and taking it up again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from elman.errors import CheckpointError
from elman.training.distributed import Ranks
from elman.training.events import CheckpointDamaged, CheckpointSaved, Listener
from elman.training.events.history import EpochRecord
from elman.training.run.checkpoint import (
    Checkpoint,
    newest_checkpoint,
    restore_optimizer,
    save_checkpoint,
)
from elman.training.run.folder import RunFolder

__all__ = ["Continuation", "Keeper", "Place", "Resumed"]


@dataclass
class Place:
    """Where a training stands: all that tensors do not say.

    Attributes:
        epoch: From 1.
        step: How many of this epoch are done.
        total, count: Of the losses of this epoch's steps; their ratio is the mean loss.
        seconds: Spent on this epoch.
        skipped: Steps in a row, up to here, that were skipped.
        records: Of the epochs that are complete.
    """

    epoch: int = 1
    step: int = 0
    total: float = 0.0
    count: float = 0.0
    seconds: float = 0.0
    skipped: int = 0
    records: list[EpochRecord] = field(default_factory=list)


class Continuation(NamedTuple):
    """Where a training of a module ended, so that another one goes on with more data.

    Attributes:
        records: Of its epochs.
        optimizer: What the optimiser remembers: its `state_dict()["state"]`.
        steps: How many were done.
        threads: That torch computed with.
    """

    records: tuple[EpochRecord, ...]
    optimizer: Mapping[int, Mapping[str, Any]]
    steps: int
    threads: int | None = None


class Resumed(NamedTuple):
    """Where a run goes on, with the tensors that module and optimiser do not hold."""

    place: Place
    best: dict[str, Tensor]
    more: dict[str, Tensor]


class Keeper:
    """Saves a training in its run's folder, and takes it up again from there.

    Args:
        folder: Of the run.
        module: Saved, and restored in place.
        optimizer: Likewise.
        facts: What a run must agree in with the one that it goes on with, by name: plain data.
        emit: Is told what was saved, and what was found damaged.
        ranks: The processes that train together: the first reads and writes for all.
    """

    def __init__(
        self,
        folder: RunFolder,
        module: nn.Module,
        optimizer: torch.optim.Optimizer,
        facts: Mapping[str, Any],
        emit: Listener,
        ranks: Ranks,
    ) -> None:
        self._ranks = ranks
        self._folder, self._module, self._optimizer = folder, module, optimizer
        self._facts, self._emit = facts, emit
        self._damaged = False  # whether the last checkpoint is, so that nothing of it is kept

    def save(
        self, place: Place, best: Mapping[str, Tensor], more: Mapping[str, Tensor] | None = None
    ) -> None:
        """Write a checkpoint; the one before it is kept.

        Args:
            place: Where the training stands.
            best: The `state_dict` of the best epoch so far; empty before the first is complete.
            more: Further tensors that `resume` gives back.

        Raises:
            CheckpointError: The disk or the folder refused; older checkpoints are still whole.
        """
        if self._ranks.rank:
            return
        made = Checkpoint(
            weights=self._module.state_dict(),
            optimizer=self._optimizer.state_dict()["state"],
            place={**asdict(place), **self._facts},
            best=best,
            more=more or {},
        )
        save_checkpoint(self._folder.last, made, None if self._damaged else self._folder.previous)
        self._damaged = False
        self._emit(CheckpointSaved(place.epoch, place.step))

    def resume(self) -> Resumed:
        """Bring module and optimiser to where the newest whole checkpoint stands.

        A run that was cut off before it wrote the first one goes on from its beginning.

        Raises:
            CheckpointError: No checkpoint is whole, or it belongs to another network or other
                facts.
        """
        found, faults = self._ranks.first(self._newest)
        if found is None:
            return Resumed(Place(), {}, {})
        self._damaged = bool(faults)
        for fault in faults:
            self._emit(CheckpointDamaged(fault.where, fault.found))
        place = dict(found.place)
        for name, now in self._facts.items():
            if place.pop(name, None) != now:
                raise CheckpointError(
                    str(self._folder.path),
                    f"its checkpoint was saved with other {name}",
                    "resume with what the run began with",
                )
        try:
            records = [EpochRecord(**record) for record in place.pop("records")]
            self._module.load_state_dict(dict(found.weights))
            restore_optimizer(self._optimizer, found.optimizer)
            return Resumed(Place(records=records, **place), dict(found.best), dict(found.more))
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise CheckpointError(
                str(self._folder.path),
                f"its checkpoint belongs to another network: {error}",
                "begin anew in another folder",
            ) from error

    def _newest(self) -> tuple[Checkpoint | None, list[CheckpointError]]:
        """The newest whole checkpoint, or None where there never was one; the damaged ones."""
        paths = (self._folder.last, self._folder.previous)
        return newest_checkpoint(paths) if any(p.exists() for p in paths) else (None, [])
