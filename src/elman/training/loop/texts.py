"""Texts as streams of tokens, of which a network learns to say the next one."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor, nn

from elman.targets import Target
from elman.training.loop.lesson import asked
from elman.training.loop.losses import WeightedSum
from elman.training.loop.streams import Streams, Window
from elman.training.loop.truncated import CarriedLesson, truncated_unroll

__all__ = ["TextLesson", "TextStreams"]


class TextLesson(CarriedLesson):
    """Texts window by window with the state carried on; so is what the epoch is chosen on."""

    _reading: Generator[Window, None, None]

    def held_out(self) -> list[Int[np.ndarray, "B"]]:
        """The windows of the validation part, in the order in which `measured` reads them."""
        part: Any = self._validation
        if part is None:
            return []
        self._reading, self._state = part.windows(seed=0, epoch=1), None
        return [np.array([k]) for k in range(len(part))]

    def measured(self, module: nn.Module, rows: Int[np.ndarray, "B"]) -> list[WeightedSum]:
        """Loss, and score if there is one, of the next window of the validation part."""
        mine = slice(self._ranks.rank, None, self._ranks.size)
        window, unroll = next(self._reading).share(mine), getattr(module, "unroll")  # noqa: B009
        if not len(window.inputs):  # fewer texts than processes
            nothing = torch.zeros(())
            return [WeightedSum(nothing, nothing) for _ in self._measures]
        outputs, self._state = truncated_unroll(unroll, window, self._state)
        told = (module, outputs, window.batch, False)
        return [asked(measure, *told) for measure in self._measures]


class TextStreams(Streams):
    """Token ids as recordings whose target at each step is the next id.

    >>> import numpy as np
    >>> streams = TextStreams.of_texts([np.array([1, 5, 6, 7, 8])], rows=2, truncation=3)
    >>> window = next(streams.windows(seed=0, epoch=1))
    >>> sorted(window.inputs.tolist()), sorted(window.batch.targets.tolist())
    ([[1, 5], [6, 7]], [[5, 6], [7, 8]])
    """

    lesson: ClassVar = TextLesson

    @classmethod
    def of_texts(cls, texts: Sequence[Int[np.ndarray, "T"]], rows: int, truncation: int) -> Self:
        """Streams of texts; long ones are cut into pieces, so that all rows are as long.

        A piece begins with a state of its own, and reads the token before it.

        Args:
            texts: The ids of each, with what is read before its first token.
            rows: B at most.
            truncation: Steps of a window.

        Raises:
            ArgumentError, ShapeError: As the constructor.
        """
        steps = sum(len(ids) - 1 for ids in texts)
        longest = max(1, -(-steps // rows))
        pieces = [piece for ids in texts for piece in _pieces(torch.from_numpy(ids), longest)]
        inputs = [piece[:-1] for piece in pieces]
        targets = [piece[1:] for piece in pieces]
        return cls(inputs, targets, rows, truncation, None, Target.CLASS_PER_STEP)


def _pieces(ids: Tensor, longest: int) -> Iterator[Tensor]:
    """Parts of about the same length, each with the id before its first."""
    steps = len(ids) - 1
    count = max(1, -(-steps // longest))
    ends = [steps * k // count for k in range(count + 1)]
    for first, last in pairwise(ends):
        yield ids[first : last + 1]
