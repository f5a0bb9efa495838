"""Scores of a vocabulary's tokens as torch modules; twins of `elman.runtime.network.heads`.

A large vocabulary's scores need not all be computed to learn from a target: an adaptive block, and
a dense or tied one with `candidates`, pass on what they are fed, as `Unscored`, which a loss asks
for no more than it needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from elman import blueprint as plan
from elman.models.candidates import draw_candidates
from elman.models.flow import Flow, only_real

__all__ = ["Adaptive", "Head", "Sampled", "Tied", "Unscored", "Whole", "joined", "scored"]

_LARGEST = 2**24  # scores that are held at once where all are needed: 64 MiB


class Head(Protocol):
    """What scores tokens, and knows a loss of its own."""

    def scores(self, values: Float[Tensor, "*N F"]) -> Float[Tensor, "*N V"]:
        """Of every token."""
        ...

    def losses(self, values: Float[Tensor, "M F"], targets: Int[Tensor, "M"]) -> Tensor:
        """-log(probability of each target) in nats `[M]`, or in training what stands for it."""
        ...

    @property
    def whole(self) -> bool:
        """Whether losses are those of all scores anyway, at every step that counts."""
        ...

    @property
    def width(self) -> int:
        """V, how many tokens there are."""
        ...


class Unscored:
    """Scores `[..., V]` that are computed no further than they are asked for.

    It is cut and chosen from along the axes before the last as a tensor is.

    Attributes:
        values: `[..., F]`, of which the head makes the scores.
        head: It.
    """

    def __init__(self, values: Tensor, head: Head) -> None:
        self.values, self.head = values, head

    @property
    def shape(self) -> torch.Size:
        """Of the scores."""
        return torch.Size((*self.values.shape[:-1], self.head.width))

    @property
    def device(self) -> torch.device:
        """Of the scores."""
        return self.values.device

    @property
    def dtype(self) -> torch.dtype:
        """Of the scores."""
        return self.values.dtype

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, which: Any) -> Unscored:
        return Unscored(self.values[which], self.head)

    @property
    def scores(self) -> Tensor:
        """All of them."""
        return self.head.scores(self.values)

    def new_ones(self, *sizes: int) -> Tensor:
        """Ones beside the scores."""
        return self.values.new_ones(*sizes)

    def losses(self, targets: Int[Tensor, "M"]) -> Float[Tensor, "M"]:
        """Of values `[M, F]`: see `Head.losses`."""
        return self.head.losses(self.values, targets)

    def argmax(self, dim: int = -1) -> Tensor:
        """The token with the highest score; `dim` is the last."""
        rows = self.values.reshape(-1, self.values.shape[-1])
        parts = [self.head.scores(part).argmax(dim=-1) for part in _parts(rows, self.head.width)]
        return torch.cat(parts).reshape(self.values.shape[:-1])


def joined(parts: Sequence[Any]) -> Any:
    """Outputs of parts of a sequence, one after the other: tensors, or all `Unscored`."""
    if len(parts) == 1 or isinstance(parts[0], Tensor):
        return parts[0] if len(parts) == 1 else torch.cat([*parts], dim=1)
    return Unscored(torch.cat([part.values for part in parts], dim=1), parts[0].head)


class Adaptive(nn.Module):
    """An adaptive softmax; see the blueprint's `Adaptive`. Its weights start Glorot uniform."""

    whole = False

    def __init__(self, block: plan.Adaptive, features: int) -> None:
        super().__init__()
        self.block = block
        shapes = block.shapes(features)
        self.weight = _glorot(shapes["weight"])
        self.tails = nn.ModuleList(
            _Tail(shapes[f"tails.{k}.projection"], shapes[f"tails.{k}.weight"])
            for k in range(len(block.tails))
        )

    @property
    def width(self) -> int:
        """V."""
        return self.block.vocabulary

    def forward(self, flow: Flow) -> Flow:
        """What it is fed, with this head beside it."""
        return flow._replace(head=self)

    def scores(self, values: Float[Tensor, "*N F"]) -> Float[Tensor, "*N V"]:
        """log-probabilities of all tokens."""
        first = self.block.cutoffs[0]
        head = F.linear(values, self.weight).log_softmax(dim=-1)
        parts = [head[..., :first]]
        for k, tail in enumerate(self.tails):
            parts.append(tail(values).log_softmax(dim=-1) + head[..., first + k, None])
        return torch.cat(parts, dim=-1)

    def losses(self, values: Float[Tensor, "M F"], targets: Int[Tensor, "M"]) -> Float[Tensor, "M"]:
        """-log(probability of each target), exact: of a tail only where a target is in it."""
        place, rare = targets, []
        for k, ((start, stop), tail) in enumerate(zip(self.block.tails, self.tails, strict=True)):
            there = (targets >= start) & (targets < stop)
            rows = there.nonzero()[:, 0]
            place = torch.where(there, self.block.cutoffs[0] + k, place)
            if len(rows):
                scores = tail(values[rows])
                within = F.cross_entropy(scores, targets[rows] - start, reduction="none")
                rare.append((rows, within))
        losses = F.cross_entropy(F.linear(values, self.weight), place, reduction="none")
        for rows, within in rare:
            losses = losses.index_add(0, rows, within)
        return losses


class Whole:
    """A dense layer's scores, all of them, made where they are asked for: at real steps only.

    Args:
        weight: `[V, F]`.
        bias: `[V]`.
    """

    whole = True

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self.weight, self.bias = weight, bias

    @property
    def width(self) -> int:
        """V."""
        return len(self.weight)

    def scores(self, values: Float[Tensor, "*N F"]) -> Float[Tensor, "*N V"]:
        """Of all tokens."""
        return F.linear(values, self.weight, self.bias)

    def losses(self, values: Float[Tensor, "M F"], targets: Int[Tensor, "M"]) -> Float[Tensor, "M"]:
        """-log(probability of each target)."""
        return F.cross_entropy(self.scores(values), targets, reduction="none")


class Sampled:
    """A dense layer's scores, of which training computes those of some tokens.

    Each target is held against the same `candidates` tokens, drawn anew for each call; scores are
    corrected by how often a token is expected among them, and a target that is drawn is no
    candidate of itself (Jean et al. 2015, arXiv 1412.2007v2; TensorFlow's `sampled_softmax_loss`).
    While not training, losses are those of all tokens.

    Args:
        weight: `[V, F]`; ids go by frequency.
        bias: `[V]`.
        candidates: How many, 1…V.
        training: Whether to sample.
        by_rows: Gradients of the weight hold the rows that were used only.
    """

    whole = False

    def __init__(
        self, weight: Tensor, bias: Tensor, candidates: int, training: bool, by_rows: bool
    ) -> None:
        self.weight, self.bias = weight, bias
        self.candidates, self.training, self.by_rows = candidates, training, by_rows

    @property
    def width(self) -> int:
        """V."""
        return len(self.weight)

    def scores(self, values: Float[Tensor, "*N F"]) -> Float[Tensor, "*N V"]:
        """Of all tokens."""
        return F.linear(values, self.weight, self.bias)

    def losses(self, values: Float[Tensor, "M F"], targets: Int[Tensor, "M"]) -> Float[Tensor, "M"]:
        """-log(probability of each target), among the candidates in training."""
        if not self.training:
            parts = zip(_parts(values, self.width), _parts(targets, self.width), strict=True)
            found = [F.cross_entropy(self.scores(v), t, reduction="none") for v, t in parts]
            return torch.cat(found)
        drawn = draw_candidates(self.candidates, self.width)
        tokens = drawn.tokens.to(values.device)
        rows = F.embedding(torch.cat([tokens, targets]), self.weight, sparse=self.by_rows)
        others, true = rows.split([len(tokens), len(targets)])
        scores = F.linear(values, others, self._bias(tokens, drawn))
        scores = scores.masked_fill(tokens == targets[:, None], -torch.inf)
        right = (values * true).sum(dim=1) + self._bias(targets, drawn)
        return torch.cat([right[:, None], scores], dim=1).logsumexp(dim=1) - right

    def _bias(self, tokens: Tensor, drawn: Any) -> Tensor:
        return self.bias[tokens] - drawn.expected(tokens).log().to(self.bias)


def scored(flow: Flow, weight: Tensor, bias: Tensor, block: Any, rows: bool) -> Flow:
    """A dense layer's scores in place of the values, or beside them what makes these.

    Args:
        flow: The values.
        weight: `[V, F]`.
        bias: `[V]`.
        block: Whose they are: its `candidates`, and whether it is `late` and `training`.
        rows: As `Sampled.by_rows`.
    """
    if block.candidates is not None:
        head = Sampled(weight, bias, block.candidates, block.training, rows)
        return flow._replace(head=head)
    if block.late:
        return flow._replace(head=Whole(weight, bias))
    return only_real(flow._replace(values=F.linear(flow.values, weight, bias)))


class _Tail(nn.Module):
    def __init__(self, projection: tuple[int, ...], weight: tuple[int, ...]) -> None:
        super().__init__()
        self.projection, self.weight = _glorot(projection), _glorot(weight)

    def forward(self, values: Tensor) -> Tensor:
        return F.linear(F.linear(values, self.projection), self.weight)


class Tied(nn.Module):
    """The embedding's own vectors score the tokens; the bias starts at zero.

    Attributes:
        candidates: How many tokens training compares targets with, see `Sampled`; None: all.
        late: Whether scores are made where a loss asks for them (`Whole`).
        by_rows: Always False: the weight is the embedding's, which says whether rows are updated.
    """

    by_rows = False

    def __init__(self, block: plan.Tied, features: int) -> None:
        super().__init__()
        self.candidates: int | None = None
        self.late = False
        self.projection = _glorot((block.size, features)) if block.projected else None
        self.bias = nn.Parameter(torch.zeros(block.vocabulary))

    def forward(self, flow: Flow, embedding: Any) -> Flow:
        """Steps to steps, or a vector to a vector, by an `elman.models.layers.Embedding`."""
        if self.projection is not None:
            flow = flow._replace(values=F.linear(flow.values, self.projection))
        return scored(flow, embedding.table, self.bias, self, embedding.by_rows)


def _glorot(shape: tuple[int, ...]) -> nn.Parameter:
    return nn.Parameter(nn.init.xavier_uniform_(torch.empty(shape)))


def _parts(rows: Tensor, width: int) -> tuple[Tensor, ...]:
    """Rows in parts whose scores may be held at once."""
    return rows.split(max(1, _LARGEST // width))
