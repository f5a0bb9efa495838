"""What a trainer asks: the steps of an epoch, what they cost, and what chooses the best epoch.

Every kind of data set says which lesson it is learnt by (`ExampleSet.lesson`): whole sequences,
windows of series and pairs by `Lesson`, recordings that are read window by window by
`CarriedLesson`. So the trainer knows none of them.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor, nn

from elman.training.config import TrainingConfig
from elman.training.distributed import Ranks
from elman.training.loop.batches import ExampleSet, batch_rows
from elman.training.loop.loading import EpochBatches, StepBatches, shared
from elman.training.loop.losses import Measure, WeightedSum, WholeScore
from elman.training.loop.stepping import Cost, whole_cost

__all__ = ["Lesson", "asked"]


class Lesson:
    """Batches of rows, on each of which a module is called once with what the batch says.

    Args:
        module: What learns.
        loss: What is made small.
        train: What is learnt, on the module's device.
        validation: What chooses the best epoch, likewise; None: nothing does.
        score: What is reported on the validation part; None: nothing but the loss.
        config: Of the training.
        workers: Threads that prepare batches ahead, ≥ 0.
        ranks: The processes among which rows are shared out.

    Attributes:
        steps: Of an epoch.
        padding: The share of an epoch's steps of sequences that are padding, in [0, 1).

    Raises:
        ArgumentError: The configuration does not fit the data, or `workers` is out of range.
    """

    def __init__(
        self,
        module: nn.Module,
        loss: Measure,
        train: Any,
        validation: ExampleSet | None,
        score: Measure | WholeScore | None,
        config: TrainingConfig,
        workers: int,
        ranks: Ranks,
    ) -> None:
        self._train, self._validation = train, validation
        self._measures = (loss,) if score is None else (loss, score)
        self._config, self._ranks = config, ranks
        self._cost: Cost = whole_cost(module, loss)
        self._epochs: Any = self._prepared(workers)
        self.steps = len(self._epochs)
        self.padding: float = self._epochs.padding

    def epoch(self, epoch: int, first: int) -> Generator[StepBatches, None, None]:
        """The steps of an epoch, from 1, in order, but for the `first` ones."""
        return self._epochs.epoch(epoch, first=first)

    def cost(self, batch: Any) -> WeightedSum:
        """The loss of a batch, from its inputs on."""
        return self._cost(batch)

    def held_out(self) -> list[Int[np.ndarray, "B"]]:
        """Rows of the batches to validate on: no graph is kept, so larger ones fit."""
        part, size, tokens = self._validation, self._config.batch_size, self._config.batch_tokens
        if part is None:
            return []
        if tokens is not None:
            tokens = max(4 * tokens, int(part.steps().max()))
        return batch_rows(part, 4 * size, tokens)

    def measured(self, module: nn.Module, rows: Int[np.ndarray, "B"]) -> list[WeightedSum]:
        """Loss, and score if there is one, of rows of the validation part.

        Args:
            module: What is validated: the one that learns, or its average.
            rows: Some that `held_out` gave.
        """
        assert self._validation is not None  # or there would be no rows
        batch = shared(self._validation, rows, self._ranks)
        outputs = module(*batch.arguments)
        first = self._ranks.rank == 0 and 0 in rows
        return [asked(measure, module, outputs, batch, first) for measure in self._measures]

    def fingerprints(self) -> list[str | None]:
        """Checksums of both parts: whether a run goes on with the data that it began with."""
        parts = (self._train, self._validation)
        return [None if part is None else part.fingerprint() for part in parts]

    def carried(self) -> dict[str, Tensor]:
        """What goes on from step to step beside the weights, for a checkpoint."""
        return {}

    def restore(self, carried: Mapping[str, Tensor]) -> None:
        """Carry on from what `carried` gave."""

    def _prepared(self, workers: int) -> Any:
        return EpochBatches(self._train, self._config, workers, self._ranks)


def asked(
    measure: Measure | WholeScore, module: nn.Module, outputs: Any, batch: Any, first: bool
) -> WeightedSum:
    """A measure of the outputs, or of what else the module says of the batch (a search, say).

    A `WholeScore` is asked once, with the batch of the part's `first` row.
    """
    if isinstance(measure, WholeScore):
        value = measure.whole(module) if first else 0.0
        return WeightedSum(*torch.tensor([value, float(first)], dtype=torch.float64))
    decoded = getattr(measure, "decoded", None)
    return measure(outputs, batch) if decoded is None else decoded(module, batch)
