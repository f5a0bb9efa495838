"""The batches of each step, prepared ahead of it."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from jaxtyping import Int

from elman.errors import ArgumentError
from elman.parameters import whole_number
from elman.training.augment import Augmentation, augment
from elman.training.config import TrainingConfig
from elman.training.distributed import Ranks
from elman.training.loop.batches import ExampleSet, batch_rows, padded_share
from elman.training.randomness import generator

__all__ = ["EpochBatches", "StepBatches", "prepared", "shared"]

Prepared = TypeVar("Prepared")

_AHEAD = 2  # steps for each worker: one in work, one waiting


class StepBatches(NamedTuple):
    """What one step learns from.

    Attributes:
        rows: Of the training data, those of all the batches on all ranks.
        batches: This rank's share of each, as the network reads them, one after the other:
            `Examples`, a `ForecastBatch`, or a `Window`.
    """

    rows: Int[np.ndarray, "N"]
    batches: tuple[Any, ...]


class EpochBatches:
    """The training part in steps: their order and distortion are functions of seed and epoch.

    Args:
        examples: The training part.
        config: How it is cut, shuffled and distorted.
        workers: How many threads prepare steps ahead, ≥ 0.
        ranks: Among which each batch is shared out; None: there is only this process.

    Attributes:
        padding: The share of the first epoch's steps of sequences that are padding, in [0, 1).

    Raises:
        ArgumentError: `workers` is outside its range, or the configuration does not fit the data.
    """

    def __init__(
        self,
        examples: ExampleSet,
        config: TrainingConfig,
        workers: int = 0,
        ranks: Ranks | None = None,
    ) -> None:
        if config.augment is not None:
            _check_distortable(examples, config.augment)
        self._examples, self._config = examples, config
        self._workers = whole_number("workers", workers, 0)
        self._ranks = ranks or Ranks()
        first = self._cut(epoch=1)
        self._length = len(first)
        self.padding = padded_share(examples, itertools.chain.from_iterable(first))

    def __len__(self) -> int:
        """Steps of an epoch: alike in all."""
        return self._length

    def epoch(self, epoch: int, first: int = 0) -> Generator[StepBatches, None, None]:
        """The steps of an epoch in order.

        Args:
            epoch: From 1.
            first: Number of steps to leave out at the beginning.
        """
        prepare = partial(self._prepare, self._cut(epoch), epoch)
        return prepared(prepare, range(first, self._length), self._workers)

    def _cut(self, epoch: int) -> list[list[Int[np.ndarray, "B"]]]:
        """For each step the rows of its batches, of as many passes as there must be."""
        config, steps = self._config, list[list[Int[np.ndarray, "B"]]]()
        draws = generator(config.seed, "order", epoch)
        while not steps or len(steps) < (config.epoch_steps or 0):
            rows = batch_rows(self._examples, config.batch_size, config.batch_tokens, draws)
            if not rows:
                break
            each = config.accumulate
            steps += [rows[k : k + each] for k in range(0, len(rows), each)]
        return steps

    def _prepare(self, cut: list[list[np.ndarray]], epoch: int, step: int) -> StepBatches:
        config = self._config
        found = []
        for k, rows in enumerate(cut[step]):
            batch = shared(self._examples, rows, self._ranks)
            number = step * config.accumulate + k
            if hasattr(batch, "drawn_anew"):  # cut otherwise in each epoch
                batch = batch.drawn_anew(generator(config.seed, "augment", epoch, number))
            if config.augment is not None:
                draws = generator(config.seed, "augment", epoch, number)
                mine = self._ranks.share(np.arange(len(rows)))
                share = (mine, len(rows))
                batch = batch.distorted(
                    partial(augment, bounds=config.augment, draws=draws, share=share)
                )
            found.append(batch)
        return StepBatches(np.concatenate(cut[step]), tuple(found))


def _check_distortable(examples: Any, bounds: Augmentation) -> None:
    """`ArgumentError` where sequences cannot be distorted so."""
    if bounds.of_images and not getattr(examples, "images", False):
        found = "sequences of different lengths, or no images of rows and columns"
        expected = "images of one size; crop, warp, mix and noise; or augment=None"
        raise ArgumentError("augment", found, expected)
    if not getattr(examples, "numeric", False):
        found = "what is learnt from are no sequences of numbers, held in memory"
        raise ArgumentError("augment", found, "augment=None")


def shared(examples: ExampleSet, rows: Int[np.ndarray, "B"], ranks: Ranks) -> Any:
    """This rank's share of a batch of these rows.

    Where there are fewer rows than ranks, some have one that counts nothing: every rank has to
    compute, for all of them sum their gradients together.
    """
    batch = examples.select(ranks.share(rows))
    if ranks.rank < len(rows):
        return batch
    return replace(batch, weights=torch.zeros(len(batch), device=batch.arguments[0].device))


def prepared(
    prepare: Callable[[int], Prepared], steps: Iterable[int], workers: int
) -> Generator[Prepared, None, None]:
    """What `prepare` makes for each step, in the order of the steps.

    The workers are threads. torch lets go of the interpreter while it selects and distorts, so
    they do work side by side; unlike processes they copy no data and end with the training,
    however that ends: none lives on to hold the folder's lock.

    >>> list(prepared(lambda step: step * step, range(4), workers=2))
    [0, 1, 4, 9]

    Args:
        prepare: A pure function of the step.
        steps: Their numbers.
        workers: How many threads work ahead; 0 prepares each step when it is asked for.
    """
    if not workers:
        yield from map(prepare, steps)
        return
    waiting: deque[Future[Prepared]] = deque()
    # Each thread has its own flag: in all of them, tiny numbers count as zero as in the loop.
    with ThreadPoolExecutor(workers, "elman", torch.set_flush_denormal, (True,)) as pool:
        try:
            for step in steps:
                waiting.append(pool.submit(prepare, step))
                if len(waiting) == _AHEAD * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
