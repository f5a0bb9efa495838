"""Truncated backpropagation through time: an update every k1 steps, gradients k2 steps back.

Williams and Peng 1990 (their BPTT(k2; k1)), with the names of Sutskever's thesis (2013). The
state goes on from window to window and so reaches back for ever; the gradient of a cost stops at
the beginning of its window, so it reaches back k2 - k1 to k2 - 1 steps: k1 is `Streams.stride`,
k2 is `Streams.truncation`.

    state = None
    for window in streams.windows(seed, epoch):
        optimizer.zero_grad()
        outputs, state = truncated_unroll(module.unroll, window, state)
        loss(outputs, window.batch).mean().backward()
        optimizer.step()

`Trainer` does the same where it is given `Streams` to train on.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import torch
from jaxtyping import Float
from torch import Tensor, nn

from elman.errors import ArgumentError
from elman.models.heads import joined
from elman.state import leaves, map_leaves
from elman.training.config import TrainingConfig
from elman.training.distributed import Ranks
from elman.training.loop.lesson import Lesson
from elman.training.loop.loading import StepBatches
from elman.training.loop.losses import Measure, WeightedSum

if TYPE_CHECKING:  # who says that it is learnt by this lesson
    from elman.training.loop.streams import Streams, Window

__all__ = ["CarriedLesson", "Unroll", "truncated_unroll"]


class Unroll(Protocol):
    """A recurrent network over part of a sequence, called as `elman.layers.dynamic_unroll` is.

    So `functools.partial(dynamic_unroll, cell)` is one.
    """

    def __call__(
        self,
        inputs: Float[Tensor, "B T I"],
        *,
        lengths: Tensor | None,
        initial_state: Any,
        resets: Tensor | None,
    ) -> tuple[Float[Tensor, "B T O"], Any]:
        """Outputs at each step, and the state after each row's last.

        Args:
            inputs: The steps.
            lengths: `[B]` int64, real steps of each row; None: all.
            initial_state: Nested tuples of tensors, as this call gave for the steps before; None:
                each row begins.
            resets: `[B, T]` bool, where a row begins again before it reads that step; None:
                nowhere.
        """
        ...


def truncated_unroll(
    unroll: Unroll, window: Window, state: Any = None
) -> tuple[Float[Tensor, "B S O"], Any]:
    """Read one window, and carry the state to the next.

    With a stride of the window's length each step is read once, and one window that holds a whole
    sequence is full backpropagation, to the bit. A smaller stride reads the older steps of each
    window again, with the weights as they are now, from the state that stood k2 steps ago: k2/k1
    times the work and no more memory than a window of k2 steps.

    >>> from functools import partial
    >>> import torch
    >>> from elman.cells import GRUCell
    >>> from elman.layers import dynamic_unroll
    >>> from elman.training import Streams
    >>> cell = GRUCell(1, 4)
    >>> streams = Streams([torch.randn(7, 1)], [torch.randn(7, 4)], rows=1, truncation=4, stride=2)
    >>> state = None
    >>> for window in streams.windows(seed=0, epoch=1):
    ...     outputs, state = truncated_unroll(partial(dynamic_unroll, cell), window, state)
    >>> outputs.shape, state.hidden.requires_grad
    (torch.Size([1, 1, 4]), False)

    Args:
        unroll: What reads.
        window: What is read.
        state: What this function gave for the window before; None lets all rows begin. So does
            a window in which they all do, as an epoch's first.

    Returns:
        Outputs at the window's new steps `[B, S, O]`, and the state at which the next window
        begins, without its gradient.
    """
    resets = window.resets.clone()
    if bool(resets[:, 0].all()):
        state = None
    if state is None:  # then rows begin without being told
        resets[:, 0] = False
    carried, parts = state, []
    for steps in (slice(0, window.advance), slice(window.advance, window.inputs.shape[1])):
        if steps.start < steps.stop:
            part, state = unroll(
                window.inputs[:, steps],
                lengths=_within(window.lengths, steps),
                initial_state=state,
                resets=resets[:, steps] if bool(resets[:, steps].any()) else None,
            )
            parts.append(part)
        if steps.stop == window.advance:
            carried = state
    outputs = joined(parts)
    detached = None if carried is None else map_leaves(lambda leaf: leaf.detach(), carried)
    return outputs[:, window.context :], detached


def _within(lengths: Tensor | None, steps: slice) -> Tensor | None:
    """How many of these steps each row has."""
    if lengths is None:
        return None
    return (lengths - steps.start).clamp(0, steps.stop - steps.start)


class EpochWindows:
    """The training part as windows, one a step: what `EpochBatches` is for whole sequences.

    Args:
        streams: The training part.
        config: Of the training; its seed draws the order.
        workers: How many threads cut windows ahead, ≥ 0.
        ranks: Among which the rows are shared out.

    Raises:
        ArgumentError: The configuration asks for what windows do not have, or there are fewer
            rows than ranks.
    """

    def __init__(
        self, streams: Streams, config: TrainingConfig, workers: int, ranks: Ranks
    ) -> None:
        for name, usual in (
            ("augment", None),
            ("batch_tokens", None),
            ("epoch_steps", None),
            ("accumulate", 1),
        ):
            if getattr(config, name) != usual:
                raise ArgumentError(
                    name,
                    f"{getattr(config, name)!r} with truncation",
                    f"whole sequences, or {usual}",
                )
        if streams.rows < ranks.size:
            raise ArgumentError(
                "batch_size", f"{streams.rows} rows for {ranks.size} processes", "a row for each"
            )
        self._streams, self._seed, self._workers = streams, config.seed, workers
        self._mine = slice(ranks.rank, None, ranks.size)
        self.padding = streams.padding

    def __len__(self) -> int:
        """Steps of an epoch: alike in all."""
        return len(self._streams)

    def epoch(self, epoch: int, first: int = 0) -> Generator[StepBatches, None, None]:
        """The steps of an epoch in order, but for so many at the beginning."""
        for window in self._streams.windows(self._seed, epoch, first, self._workers):
            yield StepBatches(window.recordings, (window.share(self._mine),))

    def sample(self) -> Tensor:
        """The first step of each of this rank's rows: inputs `[B, 1, I]`."""
        return next(self._streams.windows(self._seed, epoch=1)).inputs[self._mine, :1]


class TruncatedCost:
    """The loss of one window after the other, with the state carried in between.

    Args:
        module: Has the method `unroll`, see `Unroll`.
        loss: Of a window's new steps.
        ranks: Among which the rows are shared out.

    Raises:
        ArgumentError: The module has no such method.
    """

    def __init__(self, module: nn.Module, loss: Measure, ranks: Ranks) -> None:
        if not callable(getattr(module, "unroll", None)):
            raise ArgumentError(
                "module",
                f"a {type(module).__name__} without a method unroll",
                "a module that can go on from a state",
            )
        self._module: Any = module
        self._loss, self._ranks = loss, ranks
        self._state: Any = None

    def __call__(self, window: Window) -> WeightedSum:
        """The loss of the next window."""
        outputs, state = truncated_unroll(self._module.unroll, window, self._state)
        # After a step that was skipped because of it, a spoilt state would spoil all that follow.
        fine = state is None or all(bool(torch.isfinite(leaf).all()) for leaf in leaves(state))
        self._state = None if self._ranks.most(not fine) else state
        return self._loss(outputs, window.batch)

    def tensors(self) -> dict[str, Tensor]:
        """The carried state's arrays, depth first, of all ranks' rows, for a checkpoint."""
        state = () if self._state is None else self._state
        return self._ranks.joined_rows({str(k): leaf for k, leaf in enumerate(leaves(state))})

    def restore(self, tensors: Mapping[str, Tensor], sample: Tensor) -> None:
        """Carry on from what `tensors` gave.

        Args:
            tensors: Its result.
            sample: Inputs `[B, 1, I]` of this rank's rows: they show how a state is put together.
        """
        if not tensors:
            self._state = None
            return
        self._module.eval()
        with torch.no_grad():
            _, like = self._module.unroll(sample, lengths=None, initial_state=None, resets=None)
        mine = slice(self._ranks.rank, None, self._ranks.size)
        saved = iter([tensors[str(k)][mine] for k in range(len(tensors))])
        self._state = map_leaves(lambda leaf: next(saved).to(leaf.device), like)


class CarriedLesson(Lesson):
    """Recordings, window by window, the state carried on; whole sequences to validate on."""

    def __init__(self, module: nn.Module, loss: Measure, *more: Any) -> None:
        super().__init__(module, loss, *more)
        self._cost = self._windows = TruncatedCost(module, loss, self._ranks)

    def carried(self) -> dict[str, Tensor]:
        """The state that goes on."""
        return self._windows.tensors()

    def restore(self, carried: Mapping[str, Tensor]) -> None:
        """Carry on from what `carried` gave."""
        self._windows.restore(carried, self._epochs.sample())

    def _prepared(self, workers: int) -> EpochWindows:
        return EpochWindows(self._train, self._config, workers, self._ranks)
