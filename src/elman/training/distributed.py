"""One training by several processes, as `torchrun` starts them.

Each process ("rank") holds the whole network and takes its share of every batch's rows. Gradients
are summed by torch's DistributedDataParallel, everything else (losses, counts, scores, whether to
stop) by the few calls of `Ranks`; so all ranks take the same decisions at the same steps, and the
weights of all stay the same. Rank 0 alone writes.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor, distributed, nn
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from elman.errors import ElmanError, TrainingError

__all__ = ["Ranks", "SharedCost", "joined", "launch", "writes"]

Made = TypeVar("Made")

_LOST = ("gloo", "nccl", "connection", "process group", "socket", "timed out")
"""What torch's messages name when another process is gone."""
_PAUSE = 0.05  # seconds from one look at the store to the next


class Ranks:
    """The processes that train together, as one of them sees them.

    Of a single process every call gives back what it was given. In several, all of them make the
    same calls in the same order.

    >>> ranks = Ranks()
    >>> ranks.size, ranks.sum([1.0, 2.0]), ranks.share(np.arange(3))
    (1, [1.0, 2.0], array([0, 1, 2]))

    Attributes:
        rank: Which this is, from 0.
        size: How many there are.
    """

    def __init__(self) -> None:
        several = distributed.is_initialized()
        self.rank = distributed.get_rank() if several else 0
        self.size = distributed.get_world_size() if several else 1

    def share(self, rows: Int[np.ndarray, "N"]) -> Int[np.ndarray, "M"]:
        """This rank's rows of a batch's, dealt one by one; the first where there is none left."""
        mine = rows[self.rank :: self.size]
        return mine if len(mine) else rows[:1]

    def sum(self, numbers: Sequence[float]) -> list[float]:
        """Each number's sum over the ranks."""
        if self.size == 1:
            return [*numbers]
        total = torch.tensor(numbers, dtype=torch.float64)
        distributed.all_reduce(total)
        return total.tolist()

    def most(self, number: int) -> int:
        """The largest of the ranks' numbers."""
        if self.size == 1:
            return number
        largest = torch.tensor(number)
        distributed.all_reduce(largest, distributed.ReduceOp.MAX)
        return int(largest)

    def mean_of_rows(self, gradient: Tensor) -> Tensor:
        """The mean over the ranks of a gradient that holds some rows of a table `[V, E]`.

        Each rank may hold others, as many as it likes; the mean holds all of them.
        """
        if self.size == 1:
            return gradient
        own = gradient.coalesce()
        rows, values = own.indices()[0], own.values()
        count = torch.tensor([len(rows)], device=rows.device)
        counts = [torch.empty_like(count) for _ in range(self.size)]
        distributed.all_gather(counts, count)
        most = max(int(one) for one in counts)
        parts = []
        for tensor in (rows, values):
            padded = tensor.new_zeros(most, *tensor.shape[1:])
            padded[: len(rows)] = tensor
            found = [torch.empty_like(padded) for _ in range(self.size)]
            distributed.all_gather(found, padded)
            kept = zip(found, counts, strict=True)
            parts.append(torch.cat([each[: int(one)] for each, one in kept]))
        places, total = parts[0][None], parts[1] / self.size
        whole = torch.sparse_coo_tensor(places, total, gradient.shape, check_invariants=True)
        return whole.coalesce()

    def first(self, make: Callable[[], Made]) -> Made:
        """What rank 0 makes, on every rank.

        Raises:
            ElmanError: On every rank, if making it raised one on rank 0.
        """
        if self.size == 1:
            return make()
        answer: list[Any] = [None, None]
        if self.rank == 0:
            try:
                answer[0] = make()
            except ElmanError as error:
                answer[1] = error
        distributed.broadcast_object_list(answer)
        if answer[1] is not None:
            raise answer[1]
        return answer[0]

    def joined_rows(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Tensors `[B, ...]` of all rows, from each rank's share of them."""
        if self.size == 1:
            return tensors
        parts: list[Any] = [None] * self.size
        distributed.all_gather_object(parts, {k: t.cpu() for k, t in tensors.items()})
        return {name: _interleaved([part[name] for part in parts]) for name in parts[0]}

    def watched(self) -> AbstractContextManager[None]:
        """Within this block torch's error over a process that is gone is a `TrainingError`."""
        return nullcontext() if self.size == 1 else _lost_peers()


class SharedCost:
    """A cost whose gradients are the mean over the ranks, on each of them.

    Args:
        module: Whose parameters the cost depends on.
        cost: Of a rank's share of a batch, scalars in a tuple.
        ranks: The processes.
        tables: Parameters of the module whose gradients hold rows, by name: they stay with their
            rank, for `Ranks.mean_of_rows` to join.
    """

    def __init__(
        self,
        module: nn.Module,
        cost: Callable[[Any], Any],
        ranks: Ranks,
        tables: Mapping[str, Tensor],
    ) -> None:
        self._reduced, self._cost = None, cost
        if ranks.size > 1:
            asked = _Cost(module, cost)
            ignored = [f"module.{name}" for name in tables]
            DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(asked, ignored)
            for table in tables.values():  # as all other weights are, by what follows
                distributed.broadcast(table.data, 0)
            self._reduced = self._cost = DistributedDataParallel(asked)

    def __call__(self, batch: Any) -> Any:
        """The cost of this rank's share."""
        return self._cost(batch)

    def summed_later(self, later: bool) -> AbstractContextManager[None]:
        """Within this block, if `later`, gradients stay with their rank: a later one sums them."""
        return nullcontext() if self._reduced is None or not later else self._reduced.no_sync()


class _Cost(nn.Module):
    """DistributedDataParallel wants a module, and calls its `forward`."""

    def __init__(self, module: nn.Module, cost: Callable[[Any], Any]) -> None:
        super().__init__()
        self.module, self._cost = module, cost

    def forward(self, batch: Any) -> Any:
        return self._cost(batch)


@contextmanager
def joined(device: torch.device) -> Iterator[Ranks]:
    """Within this block the processes that one `torchrun` started train together.

    On CPUs they talk by gloo, on GPUs by NCCL. A process that was started otherwise is alone; one
    that has joined a group already stays in it.

    Args:
        device: Where this rank computes.
    """
    if launch() is None or distributed.is_initialized() or int(os.environ["WORLD_SIZE"]) == 1:
        yield Ranks()
        return
    backend = "gloo"
    if device.type == "cuda":
        torch.cuda.set_device(device)
        backend = "cpu:gloo,cuda:nccl"
    store, rank, size = next(rendezvous("env://"))
    own = PrefixStore(_attempt(store, rank, size), store)
    distributed.init_process_group(backend, store=own, rank=rank, world_size=size)
    try:
        yield Ranks()
    finally:
        distributed.destroy_process_group()


def _attempt(store: Store, rank: int, size: int) -> str:
    """A name that the ranks of this start agree on, and those of earlier starts never had.

    `torchrun` keeps its store when it starts the processes again, so that the addresses of those
    that died are still in it (pytorch/pytorch#135712). Here each rank says a word of its own, until
    rank 0 has answered it; a word of the dead is never acknowledged.
    """
    word = uuid.uuid4().hex
    store.set(f"elman/word/{rank}", word)
    while rank:
        answer = json.loads(store.get("elman/answer"))  # waits for a first one
        if answer[rank] == word:
            store.set(f"elman/joined/{rank}", answer[0])
            return answer[0]
        time.sleep(_PAUSE)
    others = range(1, size)
    while True:
        words = [store.get(f"elman/word/{r}").decode() for r in others]
        store.set("elman/answer", json.dumps([word, *words]))
        keys = [f"elman/joined/{r}" for r in others]
        if store.check(keys) and all(store.get(key).decode() == word for key in keys):
            return word
        time.sleep(_PAUSE)


def launch() -> str | None:
    """What names the `torchrun` that started this process, restarts included; None without one.

    A restarted run has the same name, so it can tell its own folder from another run's.
    """
    name = os.environ.get("TORCHELASTIC_RUN_ID")
    if name is None:
        return None
    # Without --rdzv-id all runs are called "none"; the agent that started this process is not.
    return f"process {os.getppid()}" if name == "none" else name


def writes() -> bool:
    """Whether this process writes and says what a training leaves behind: rank 0, or alone."""
    if distributed.is_initialized():
        return distributed.get_rank() == 0
    return launch() is None or os.environ.get("RANK", "0") == "0"


def _interleaved(parts: Sequence[Tensor]) -> Tensor:
    """Rows dealt one by one, put together again."""
    whole = parts[0].new_empty(sum(map(len, parts)), *parts[0].shape[1:])
    for rank, part in enumerate(parts):
        whole[rank :: len(parts)] = part
    return whole


@contextmanager
def _lost_peers() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if not any(word in str(error).lower() for word in _LOST):
            raise
        raise TrainingError(
            "torchrun",
            f"another process of this training is gone ({str(error).splitlines()[0]})",
            "start with --max-restarts N, and training goes on by itself; or resume=True",
        ) from error
