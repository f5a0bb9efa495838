"""The usual blocks as torch modules; twins of `elman.runtime.network.layers`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from elman import blueprint as plan
from elman.cells import Stacked
from elman.cells.masks import draw_keys
from elman.cells.weight_drop import for_one_pass
from elman.errors import ArgumentError, ShapeError
from elman.kernels.memory_plan import share
from elman.kernels.philox import keep_mask
from elman.layers import bidirectional_unroll, dynamic_unroll
from elman.models.cells import build_cell
from elman.models.flow import Flow, hidden, only_real
from elman.models.heads import scored
from elman.operators.loop import real_steps

__all__ = ["Dense", "Dropout", "Embedding", "Given", "Pool", "Recurrent"]

ACTIVATIONS: dict[str | None, Callable[[Tensor], Tensor]] = {
    None: lambda values: values,
    "relu": torch.relu,
    "tanh": torch.tanh,
}


class Embedding(nn.Module):
    """A vector for each token id; starts normal with deviation 1.

    Attributes:
        weight: The vectors; None where they are another embedding's (`Chain.vectors`).
        frozen: Whether the vectors stay as they are.
        scores_all: Whether the vectors score all tokens, too, at the chain's end: then all have
            gradients.
    """

    weight: nn.Parameter | None

    def __init__(self, block: plan.Embedding, features: int) -> None:
        super().__init__()
        self.rate, self.unknown = block.dropout, block.unknown
        self.frozen = self.scores_all = self._by_rows = self._small = False
        own = None if block.shared else nn.Parameter(torch.randn(block.vocabulary, block.size))
        self.register_parameter("weight", own)

    @property
    def by_rows(self) -> bool:
        """Whether gradients hold only the rows that were used, as was asked for, if they can.

        Then they are sparse, and an optimiser must know them (`elman.training.loop.rows`).
        """
        return self._by_rows and not self.scores_all

    @by_rows.setter
    def by_rows(self, wanted: bool) -> None:
        self._by_rows = wanted

    @property
    def table(self) -> Tensor:
        """The vectors `[V, E]`; without a gradient while they are frozen."""
        assert self.weight is not None  # who has none is not asked
        return self.weight.detach() if self.frozen else self.weight

    def begin_small(self) -> None:
        """Let vectors that were just drawn have the variance 1 / size: a length of about 1."""
        if not self._small:
            self._small = True
            self.weight.data /= self.weight.shape[1] ** 0.5  # pyright: ignore  (it has one)

    def forward(self, flow: Flow, vectors: Embedding | None = None) -> Flow:
        """Token ids to steps, by the vectors of this embedding or of another one.

        Raises:
            ShapeError: The ids are no integers `[B, T]`.
            ArgumentError: An id is outside the vocabulary.
        """
        ids = flow.values
        if ids.dim() != 2 or ids.dtype not in (torch.int64, torch.int32):
            raise ShapeError(
                "token ids", f"found {ids.dtype} of shape {list(ids.shape)}", "give int64 [B, T]"
            )
        of = self if vectors is None else vectors
        wrong = (ids < 0) | (ids >= len(of.table))
        if bool(wrong.any()):
            row, step = wrong.nonzero()[0].tolist()
            raise ArgumentError(
                f"token ids[{row}, {step}]",
                f"found {int(ids[row, step])}",
                f"give 0 to {len(of.table) - 1}",
            )
        if self.training and self.rate:
            ids = self._dropped(ids)
        values = nn.functional.embedding(ids, of.table, sparse=of.by_rows)
        return only_real(flow._replace(values=values))

    def _dropped(self, ids: Tensor) -> Tensor:
        """Some ids at random as the unknown one: of each row and step a mask of its own."""
        key, _ = draw_keys(len(ids), ids, training=True)
        steps = torch.arange(ids.shape[1], device=ids.device).expand(ids.shape)
        kept = keep_mask(key, steps, 1, self.rate, stream=0)[..., 0]
        return ids.masked_fill(kept == 0, self.unknown)


class Given(nn.Module):
    """Further numbers behind each step's features; see the blueprint's `Given`."""

    def __init__(self, block: plan.Given, features: int) -> None:
        super().__init__()

    def forward(self, flow: Flow) -> Flow:
        """Steps, with what is given for each of them; zero past each length."""
        assert flow.given is not None  # checked with the inputs
        values = torch.cat([flow.values, flow.given.to(flow.values.dtype)], dim=2)
        return only_real(flow._replace(values=values, given=None))


class Recurrent(nn.Module):
    """Layers of cells, each fed with the outputs of the one below.

    Attributes:
        memory: What gradients may need, as `elman.layers.dynamic_unroll` has it; None: no bound.
        last_only: Nobody reads the outputs, only the state after the last step.
    """

    def __init__(self, block: plan.Recurrent, features: int) -> None:
        super().__init__()
        self.memory: str | int | None = None
        self.last_only = False
        self.beside = block.beside
        self.cells = nn.ModuleList()
        self.backward_cells = nn.ModuleList()
        for config in block.cells:
            self.cells.append(build_cell(config, features))
            if block.bidirectional:
                self.backward_cells.append(build_cell(config, features))
            features = config.output_size * block.directions

    def initial_state(self, batch: int) -> tuple[Any, ...]:
        """The state of each cell before the first step; of one direction only."""
        return tuple(cell.initial_state(batch) for cell in self.cells)  # pyright: ignore

    def forward(self, flow: Flow, state: Any = None, reverse: bool = False) -> tuple[Flow, Any]:
        """Steps to steps, and the state of each cell after each row's last step.

        Args:
            flow: The steps.
            state: The state of each cell before the first step; None: the cells' own.
            reverse: Read each row from its last step to its first.
        """
        given, state = self._read(flow, state, reverse)
        if self.beside:
            given = given._replace(values=torch.cat([given.values, flow.values], dim=2))
        return given, state

    def _read(self, flow: Flow, state: Any, reverse: bool) -> tuple[Flow, Any]:
        if self.backward_cells:
            return self._both_directions(flow)
        before = self.initial_state(len(flow.values)) if state is None else state
        cells = [*map(for_one_pass, self.cells)]
        if self.memory is not None:
            return self._within_memory(flow, cells, before, reverse)
        values, after = flow.values, []
        for cell, part in zip(cells, before, strict=True):
            values, part = dynamic_unroll(
                cell,
                values,
                lengths=flow.lengths,
                initial_state=part,
                reverse=reverse,
                resets=flow.resets,
            )
            after.append(part)
        return flow._replace(values=values, hidden=hidden(after[-1])), tuple(after)

    def _within_memory(
        self, flow: Flow, cells: list[Any], before: Any, reverse: bool
    ) -> tuple[Flow, Any]:
        """All layers segment by segment, so that none of the outputs between them is kept."""
        values, after = dynamic_unroll(
            Stacked(cells),
            flow.values,
            lengths=flow.lengths,
            initial_state=tuple(before),
            reverse=reverse,
            resets=flow.resets,
            steps="last" if self.last_only else None,
            memory=self.memory,
        )
        return flow._replace(values=values, hidden=hidden(after[-1])), after

    def _both_directions(self, flow: Flow) -> tuple[Flow, Any]:
        values, after = flow.values, []
        memory = share(self.memory, len(self.cells))
        for cell, backward in zip(self.cells, self.backward_cells, strict=True):
            both = (for_one_pass(cell), for_one_pass(backward))
            outputs, states = bidirectional_unroll(
                *both, values, lengths=flow.lengths, memory=memory
            )
            values = torch.cat(outputs, dim=2)
            after += states
        both = torch.cat([hidden(state) for state in after[-2:]], dim=1)
        return Flow(values, flow.lengths, both), tuple(after)


class Pool(nn.Module):
    """One vector from a sequence; see the blueprint's `Pool`."""

    def __init__(self, block: plan.Pool, features: int) -> None:
        super().__init__()
        self.how = block.how
        if self.how == "attention":
            self.weight = nn.Parameter(torch.empty(features, features))
            self.bias = nn.Parameter(torch.zeros(features))
            self.query = nn.Parameter(torch.empty(1, features))
            nn.init.xavier_uniform_(self.weight)
            nn.init.xavier_uniform_(self.query)

    def forward(self, flow: Flow) -> Flow:
        """Steps to a vector."""
        if self.how == "last":
            assert flow.hidden is not None  # the blueprint puts a Recurrent before it
            return Flow(flow.hidden)
        values = flow.values
        batch, steps, features = values.shape
        lengths = flow.lengths
        if lengths is None:
            lengths = torch.full((batch,), steps, device=values.device)
        mean = values.sum(dim=1) / lengths.clamp(min=1)[:, None]
        if self.how == "mean":
            return Flow(mean)
        padding = ~real_steps(lengths, steps)[..., None]
        if self.how == "attention":
            return Flow((values * self._weights(values, padding)).sum(dim=1))
        # A step of zeros where a row has none of its own, else one that is never the maximum.
        extra = torch.where(lengths == 0, 0.0, -torch.inf).to(values)
        extra = extra[:, None, None].expand(batch, 1, features)
        most = torch.cat([extra, values.masked_fill(padding, -torch.inf)], dim=1).amax(dim=1)
        return Flow(most if self.how == "max" else torch.cat([mean, most], dim=1))

    def _weights(self, values: Tensor, padding: Tensor) -> Tensor:
        """How much each step counts `[B, T, 1]`; a row without steps has values of zero anyway."""
        said = torch.tanh(nn.functional.linear(values, self.weight, self.bias))
        scores = nn.functional.linear(said, self.query)
        return scores.masked_fill(padding, torch.finfo(scores.dtype).min).softmax(dim=1)


class Dense(nn.Module):
    """activation(W x + b); W starts He normal for ReLU, else Glorot uniform, b at zero.

    Attributes:
        candidates: How many tokens training compares targets with, see `elman.models.heads.
            Sampled`; None: all. Only of a last layer without an activation.
        late: Whether scores are made when they are asked for, see `elman.models.heads.Linear`.
            Likewise.
    """

    def __init__(self, block: plan.Dense, features: int) -> None:
        super().__init__()
        self.candidates: int | None = None
        self.late = False
        self.weight = nn.Parameter(torch.empty(block.units, features))
        self.bias = nn.Parameter(torch.zeros(block.units))
        self.activation = ACTIVATIONS[block.activation]
        if block.activation == "relu":
            nn.init.kaiming_normal_(self.weight)
        else:
            nn.init.xavier_uniform_(self.weight)

    @property
    def by_rows(self) -> bool:
        """Whether gradients of the weight hold only the rows that were used."""
        return self.candidates is not None

    def forward(self, flow: Flow) -> Flow:
        """Steps to steps, or a vector to a vector."""
        flow = scored(flow, self.weight, self.bias, self, self.by_rows)
        return flow._replace(values=self.activation(flow.values))


class Dropout(nn.Module):
    """Values set to zero at random in training; nothing happens in `eval()`."""

    def __init__(self, block: plan.Dropout, features: int) -> None:
        super().__init__()
        self.rate, self.locked = block.rate, block.locked

    def forward(self, flow: Flow) -> Flow:
        """Steps to steps, or a vector to a vector."""
        values = flow.values
        if not self.locked or values.dim() < 3:
            return flow._replace(values=nn.functional.dropout(values, self.rate, self.training))
        kept = nn.functional.dropout(torch.ones_like(values[:, :1]), self.rate, self.training)
        return flow._replace(values=values * kept)
