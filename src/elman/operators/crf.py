"""Sums over the paths of a chain of tags, with gradients; the twin of `elman.kernels.crf`.

The way back is written out, not left to autograd: what it needs is the forward sums alone, where
autograd would keep K² numbers for each step.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

__all__ = ["log_partition", "path_scores"]

_LARGEST = 2**22
"""Most numbers of an intermediate result of the way back."""


def log_partition(
    scores: Float[Tensor, "B T K"],
    pairs: Float[Tensor, "K K"],
    start: Float[Tensor, "K"],
    end: Float[Tensor, "K"],
    lengths: Int[Tensor, "B"],
) -> Float[Tensor, "B"]:
    """The logarithm of the sum of exp(score) over all paths, of each row.

    Args:
        scores: Of each tag at each step; what stands past a length is not read, and gets no
            gradient.
        pairs: Of tag j after tag i, at [i, j]; -inf forbids it, and then gets no gradient.
        start: Of the first tag; likewise.
        end: Of the last tag; likewise.
        lengths: Steps of each row, 0…T. A row without steps gives 0.
    """
    order = torch.argsort(lengths, descending=True, stable=True)
    sums = _LogPartition.apply(scores[order], pairs, start, end, lengths[order])
    return sums[torch.argsort(order)]


def path_scores(
    scores: Float[Tensor, "B T K"],
    pairs: Float[Tensor, "K K"],
    start: Float[Tensor, "K"],
    end: Float[Tensor, "K"],
    paths: Int[Tensor, "B T"],
    lengths: Int[Tensor, "B"],
) -> Float[Tensor, "B"]:
    """The score of one path for each row; arguments as of `log_partition`."""
    real = torch.arange(scores.shape[1], device=scores.device) < lengths[:, None]
    tags = paths.masked_fill(~real, 0)
    each = scores.gather(2, tags[:, :, None])[:, :, 0].masked_fill(~real, 0)
    moves = pairs[tags[:, :-1], tags[:, 1:]].masked_fill(~real[:, 1:], 0)
    last = tags.gather(1, (lengths - 1).clamp(min=0)[:, None])[:, 0]
    ends = (start[tags[:, 0]] + end[last]).masked_fill(lengths == 0, 0)
    return each.sum(dim=1) + moves.sum(dim=1) + ends


class _LogPartition(torch.autograd.Function):
    """Of rows sorted by length, the longest first."""

    @staticmethod
    def forward(
        ctx: Any, scores: Tensor, pairs: Tensor, start: Tensor, end: Tensor, lengths: Tensor
    ) -> Tensor:
        sums = torch.zeros_like(scores)
        counts = _counts(lengths)
        for t, n in enumerate(counts):
            led = start if t == 0 else torch.logsumexp(sums[:n, t - 1, :, None] + pairs, dim=1)
            sums[:n, t] = scores[:n, t] + led
        n = counts[0] if counts else 0
        totals = scores.new_zeros(len(scores))
        last = sums[torch.arange(n, device=scores.device), lengths[:n] - 1]
        totals[:n] = torch.logsumexp(last + end, dim=1)
        ctx.save_for_backward(scores, pairs, start, end, lengths, sums, totals)
        return totals

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        scores, pairs, _, end, lengths, sums, totals = ctx.saved_tensors
        counts, weight = _counts(lengths), grads[0]
        after = torch.zeros_like(scores)
        for t, n in reversed([*enumerate(counts)]):
            goes_on = counts[t + 1] if t + 1 < len(counts) else 0
            after[goes_on:n, t] = end
            if goes_on:
                following = scores[:goes_on, t + 1] + after[:goes_on, t + 1]
                after[:goes_on, t] = torch.logsumexp(pairs + following[:, None], dim=2)
        real = torch.arange(scores.shape[1], device=scores.device) < lengths[:, None]
        chances = (sums + after - totals[:, None, None]).exp() * weight[:, None, None]
        chances = chances.masked_fill(~real[..., None], 0)
        last = torch.arange(scores.shape[1], device=scores.device) == lengths[:, None] - 1
        by_pair = torch.zeros_like(pairs)
        rows, steps = real[:, 1:].nonzero(as_tuple=True)
        for part in torch.arange(len(rows)).split(max(1, _LARGEST // pairs.numel())):
            row, step = rows[part], steps[part]
            following = scores[row, step + 1] + after[row, step + 1] - totals[row, None]
            both = (sums[row, step, :, None] + pairs + following[:, None]).exp()
            by_pair += torch.einsum("mij,m->ij", both, weight[row])
        return chances, by_pair, chances[:, 0].sum(dim=0), chances[last].sum(dim=0), None


def _counts(lengths: Tensor) -> list[int]:
    """How many of the rows, sorted by length, have a step t, for each t that some have."""
    each = lengths.cpu()
    longest = int(each[0]) if len(each) else 0
    return (each[:, None] > torch.arange(longest)).sum(dim=0).tolist()
