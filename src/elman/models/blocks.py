"""The blocks of a blueprint as torch modules; twins of `elman.runtime.network.blocks`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from elman import blueprint as plan
from elman.errors import ArgumentError, ShapeError
from elman.kernels.memory_plan import share
from elman.models.attention import Attend
from elman.models.chord import Chord
from elman.models.convolution import Convolution
from elman.models.feeding import feed
from elman.models.flow import Flow
from elman.models.heads import Adaptive, Tied
from elman.models.horizon import Flatten, Parallel, Recall, Segments, Tail
from elman.models.layers import Dense, Dropout, Embedding, Given, Pool, Recurrent
from elman.models.mixture import Mixture
from elman.models.soft_window import SoftWindow
from elman.models.tagging import Crf, Words

__all__ = [
    "BLOCKS",
    "Chain",
    "begin_with_frequencies",
    "layer_titles",
    "limit_memory",
    "sample_scores",
    "scoring_late",
]

BLOCKS: dict[str, Callable[[Any, int], nn.Module]] = {
    "embedding": Embedding,
    "words": Words,
    "given": Given,
    "convolution": Convolution,
    "recurrent": Recurrent,
    "pool": Pool,
    "dense": Dense,
    "tied": Tied,
    "adaptive": Adaptive,
    "mixture": Mixture,
    "soft_window": SoftWindow,
    "chord": Chord,
    "dropout": Dropout,
    "crf": Crf,
    "attend": Attend,
    "segments": Segments,
    "tail": Tail,
    "flatten": Flatten,
    "parallel": Parallel,
    "recall": Recall,
}
"""The module of each kind of block: made of (block, features that it is fed)."""


class Chain(nn.ModuleList):
    """Blocks in a row.

    Args:
        blueprint: The network's.
        name: Of the chain.
        vectors: The embedding whose vectors this chain's own has, where it is `shared`.
    """

    def __init__(
        self, blueprint: plan.Blueprint, name: str, vectors: Embedding | None = None
    ) -> None:
        super().__init__(
            BLOCKS[block.kind](block, features) for block, features in blueprint.fed_blocks(name)
        )
        for block, after in pairwise(self):
            if isinstance(block, Recurrent) and isinstance(after, Pool):
                block.last_only = after.how == "last"
        # In a tuple, for a module's own parts are named as parts of it.
        self._vectors: Any = (self[0] if vectors is None else vectors,)
        if isinstance(self[-1], Tied):
            self.vectors.scores_all = True
            self.vectors.begin_small()

    @property
    def vectors(self) -> Any:
        """The embedding whose vectors the chain's first block looks up, if it is an embedding."""
        return self._vectors[0]

    def forward(
        self,
        flow: Flow,
        states: list[Any] | None = None,
        reverse: bool = False,
        blocks: slice = slice(None),
    ) -> tuple[Flow, list[Any]]:
        """What the last block gives, and the final states of each recurrent block.

        A decoder that feeds itself has none.

        Args:
            flow: What the first block is fed.
            states: Initial states for each recurrent block; None: the cells' own.
            reverse: Recurrent blocks read each row from its last step to its first.
            blocks: Which of the blocks, in a row.
        """
        given = None if states is None else iter(states)
        after, chosen = [], [*self][blocks]
        for block, following in zip(chosen, [*chosen[1:], None], strict=True):
            if isinstance(block, Recurrent):
                before = None if given is None else next(given)
                if isinstance(following, Attend) and following.feeding:
                    flow = feed(block, following, flow, before)  # nobody reads its final states
                else:
                    flow, state = block(flow, before, reverse)
                    after.append(state)
            elif isinstance(block, SoftWindow):
                flow, state = block(flow, None if given is None else next(given), reverse)
                after.append(state)
            elif isinstance(block, Tied | Embedding):
                flow = block(flow, self.vectors)
            elif not (isinstance(block, Attend) and block.feeding):  # else it was done above
                flow = block(flow)
        return flow, after

    def index_of_recurrent(self) -> int:
        """The place of the first recurrent block."""
        return next(k for k, block in enumerate(self) if isinstance(block, Recurrent))

    def recurrent(self) -> list[Recurrent]:
        """The recurrent blocks, in order."""
        return [block for block in self if isinstance(block, Recurrent)]


def layer_titles(network: nn.Module) -> dict[str, str]:
    """What the cells of a built network are called, by the names of their modules.

    Layers are counted from 1 at the bottom of each chain, as recordings count them; of a network of
    several chains the name says which.

    >>> from elman.models import build, layer_titles
    >>> cell = plan.CellConfig("gru", 3)
    >>> both = plan.sequence_to_vector(input_size=2, cells=cell, outputs=1, bidirectional=True)
    >>> layer_titles(build(both))
    {'body.0.cells.0': 'layer 1', 'body.0.backward_cells.0': 'layer 1 backwards'}
    """
    found = {}
    chains = {name: part for name, part in network.named_children() if isinstance(part, Chain)}
    for name, chain in chains.items():
        which, number = f"{name}, " * (len(chains) > 1), 0
        for path, block in chain.named_modules(prefix=name):
            if not isinstance(block, Recurrent):
                continue
            of_words = path.endswith(".reader")  # of letters: below the layers
            for k in range(len(block.cells)):
                title = f"{which}letters {k + 1}" if of_words else f"{which}layer {number + k + 1}"
                found[f"{path}.cells.{k}"] = title
                if block.backward_cells:
                    found[f"{path}.backward_cells.{k}"] = f"{title} backwards"
            number += 0 if of_words else len(block.cells)
    return found


def limit_memory(network: nn.Module, memory: str | int | None) -> None:
    """Let a network's gradients need no more than so much memory, exact as they are.

    Args:
        network: As `build` makes it.
        memory: As `elman.layers.dynamic_unroll` has it, for all blocks with cells together;
            None: no bound.

    Raises:
        ArgumentError: It is neither; or the network feeds back what it attended to, for which all
            steps are kept.
    """
    feeding = any(isinstance(part, Attend) and part.feeding for part in network.modules())
    if feeding and memory is not None:
        raise ArgumentError("memory", f"found {memory!r} for input feeding", "None: no bound")
    blocks = [part for part in network.modules() if isinstance(part, Recurrent | Parallel)]
    part = share(memory, max(1, len(blocks)))  # one that pools what it embeds has none
    for block in blocks:
        block.memory = part


def begin_with_frequencies(network: Any, counts: np.ndarray) -> None:
    """Let a network's scores of tokens begin with how frequent these are, in place.

    The bias becomes the log of each token's share, one more of each than was counted. So training
    need not learn it first; sampled scores (`sample_scores`) come to the full ones much sooner.

    Args:
        network: As `build` makes it: its last block is dense without an activation, or tied.
        counts: `[V]`, how often each token stands in the training part.

    Raises:
        ArgumentError: The last block is another one.
        ShapeError: There is not a count for each token.
    """
    block, last, _ = _scoring(network, "counts")
    if np.shape(counts) != (last.output_features(0),):
        found = f"found shape {list(np.shape(counts))}"
        raise ShapeError("counts", found, f"give [{last.output_features(0)}]")
    shares = np.log((np.asarray(counts, np.float64) + 1) / (np.sum(counts) + len(counts)))
    block.bias.data = torch.from_numpy(shares).to(block.bias)


def sample_scores(network: Any, candidates: int | None) -> None:
    """Let a network's training compare each target with so many tokens only, drawn at each step.

    What it gives is then `elman.models.heads.Unscored`, from which `CrossEntropy` learns; not while
    training, and in a model file, it is the same network as without. Token ids go by frequency, as
    those of a codec of words do.

    Args:
        network: As `build` makes it: its last block is dense without an activation, or tied.
        candidates: How many, from 1 to half of the vocabulary; None: all tokens.

    Raises:
        ArgumentError: There are more, or the last block is another one.
    """
    block, last, first = _scoring(network, "candidates")
    most = last.output_features(0) // 2
    if candidates is not None and not 1 <= candidates <= most:
        expected = f"1 to {most}, half of the vocabulary, or None"
        raise ArgumentError("candidates", f"found {candidates}", expected)
    block.candidates = candidates
    if isinstance(block, Tied):
        first.scores_all = candidates is None


@contextmanager
def scoring_late(network: Any) -> Iterator[None]:
    """Let a network make the scores of those tokens' steps only that a loss asks for.

    What it gives is then `elman.models.heads.Unscored`: nothing is computed for what pads a batch,
    and no scores are copied to choose the real steps of them. It learns the same. A network whose
    last block makes few scores anyway (see `sample_scores`) is left as it is.

    Args:
        network: As `build` makes it.
    """
    name, blocks = [*network.blueprint.chains.items()][-1]
    last, scores = getattr(network, name)[-1], blocks[-1]
    late = isinstance(scores, plan.Tied) or (
        isinstance(scores, plan.Dense) and not scores.activation
    )
    if late:
        last.late = True
    try:
        yield
    finally:
        if late:
            last.late = False


def _scoring(network: Any, given: str) -> tuple[Any, plan.Dense | plan.Tied, Any]:
    """The last block, its description, and the first block; `ArgumentError` if it scores none."""
    name, blocks = [*network.blueprint.chains.items()][-1]
    chain, last = getattr(network, name), blocks[-1]
    plain = isinstance(last, plan.Dense) and last.activation is None
    if not plain and not isinstance(last, plan.Tied):
        raise ArgumentError(given, f"given for {last.describe()}", "a dense or tied block")
    return chain[-1], last, chain.vectors
