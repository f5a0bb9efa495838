"""What a tagger learns by, and what its epochs are chosen by: paths of tags."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from elman.errors import ArgumentError
from elman.kernels.crf import Allowed, Transitions, best_paths
from elman.models.tagging import PathScores
from elman.operators.crf import log_partition, path_scores
from elman.training.loop.losses import CrossEntropy, Measure, WeightedSum

__all__ = ["FrequencyLoss", "PathAccuracy", "PathLikelihood", "WithFrequencies"]


@dataclass(frozen=True)
class PathLikelihood:
    """-log(probability of the true path of tags), in nats a step, of a network that scores paths.

    For `PathScores` and indices `[B, T]`; each sequence counts as often as it has steps, times its
    weight.

    Attributes:
        allowed: Which tags may follow each other: the other paths have no probability. None: any.

    Raises:
        ArgumentError: In the call: steps have weights of their own, which no path has.
    """

    allowed: Allowed | None = None

    def __call__(self, outputs: Any, batch: Any, /) -> WeightedSum:
        """Sum over the rows."""
        scores, lengths = outputs.scores, _lengths(outputs.scores, batch)
        weights = torch.ones_like(scores[:, 0, 0]) if batch.weights is None else batch.weights
        if weights.dim() != 1:
            raise ArgumentError(
                "sample_weight",
                "one for each step, where whole paths are learnt",
                "one for each sequence, or output='softmax'",
            )
        pairs, start, end = (self._within(k, score) for k, score in enumerate(outputs[1:]))
        totals = log_partition(scores, pairs, start, end, lengths)
        losses = totals - path_scores(scores, pairs, start, end, batch.targets, lengths)
        weights = weights.to(losses.dtype)
        return WeightedSum((losses * weights).sum(), (lengths * weights).sum())

    def _within(self, part: int, score: Tensor) -> Tensor:
        """Scores beside those of steps, -inf where it is not allowed; see `Transitions.within`."""
        if self.allowed is None:
            return score
        may = torch.from_numpy(self.allowed[part]).to(score.device)
        return torch.where(may, score, -torch.inf)


@dataclass(frozen=True)
class PathAccuracy:
    """Share of steps whose tag is the one on the best path, each with its weight or its row's.

    For `PathScores`, or scores of tags `[B, T, K]`.

    Attributes:
        allowed: Which tags may follow each other; None: any.
    """

    allowed: Allowed | None = None

    def __call__(self, outputs: PathScores | Tensor, batch: Any, /) -> WeightedSum:
        """Sum over the real steps."""
        scores = outputs if isinstance(outputs, Tensor) else outputs.scores
        transitions = Transitions.zeros(scores.shape[2])
        if isinstance(outputs, PathScores):
            transitions = Transitions(*(one.detach().cpu().double().numpy() for one in outputs[1:]))
        lengths = _lengths(scores, batch).cpu().numpy()
        found, _ = best_paths(
            scores.detach().cpu().double().numpy(), transitions.within(self.allowed), lengths
        )
        real = torch.from_numpy(np.arange(found.shape[1]) < lengths[:, None]).to(scores.device)
        weights = torch.ones_like(scores[..., 0]) if batch.weights is None else batch.weights
        weights = (weights if weights.dim() == 2 else weights[:, None]) * real
        right = torch.from_numpy(found).to(scores.device) == batch.targets
        return WeightedSum((right * weights).sum(), weights.sum())


class WithFrequencies(NamedTuple):
    """What a network says in training that learns, beside tags, how frequent words are.

    Attributes:
        tags: What it says of the tags.
        scores: `[B, T, F]` of each bin of frequency.
        bins: `[B, T]`, the words' own.
    """

    tags: Any
    scores: Float[Tensor, "B T F"]
    bins: Int[Tensor, "B T"]


@dataclass(frozen=True)
class FrequencyLoss:
    """A loss of tags, and `weight` times -log(probability of the word's bin of frequency), in nats.

    Both are means over the same steps with the same weights. Of a network that says tags alone, as
    every one does that is not in training, it is the loss of the tags. Plank, Søgaard, Goldberg
    2016 (arXiv 1604.05529), whose weight is 1.

    Attributes:
        usual: The loss of the tags.
        weight: ≥ 0.
    """

    usual: Measure
    weight: float

    @property
    def advice(self) -> str:
        """What to do where the loss of the tags is not finite."""
        return getattr(self.usual, "advice", "")

    def __call__(self, outputs: Any, batch: Any, /) -> WeightedSum:
        """Sum over the steps, or what the loss of the tags counts."""
        if not isinstance(outputs, WithFrequencies):
            return self.usual(outputs, batch)
        said = self.usual(outputs.tags, batch)
        beside = CrossEntropy()(outputs.scores, replace(batch, targets=outputs.bins))
        return WeightedSum(said.total + self.weight * beside.total, said.count)


def _lengths(scores: Tensor, batch: Any) -> Tensor:
    if batch.lengths is not None:
        return batch.lengths.to(scores.device)
    return torch.full((len(scores),), scores.shape[1], device=scores.device)
