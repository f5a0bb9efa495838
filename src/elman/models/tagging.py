"""The blocks of a tagger as torch modules; twins of `elman.runtime.network.tagging`."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from elman import blueprint as plan
from elman.errors import ArgumentError, ShapeError
from elman.models.flow import Flow, only_real
from elman.models.layers import Recurrent
from elman.operators.loop import real_steps

__all__ = ["Crf", "PathScores", "Words"]


class PathScores(NamedTuple):
    """What a network with a `crf` block says of each row: how every path of tags is scored.

    Attributes:
        scores: `[B, T, K]` of each tag at each step, zero past each length.
        pairs: `[K, K]` of tag j after tag i, at [i, j].
        start: `[K]` of the first tag.
        end: `[K]` of the last.
    """

    scores: Float[Tensor, "B T K"]
    pairs: Float[Tensor, "K K"]
    start: Float[Tensor, "K"]
    end: Float[Tensor, "K"]


class Words(nn.Module):
    """Words and their letters as numbers; see the blueprint's `Words`.

    Vectors start normal with the variance 1 / size, so that a word has about length 1.

    Attributes:
        frozen: Whether the words' vectors stay as they are; their letters' are learnt.
    """

    def __init__(self, block: plan.Words, features: int) -> None:
        super().__init__()
        self.rate, self.letters, self.frozen = block.dropout, block.letters, False
        self.weight = nn.Parameter(torch.randn(block.vocabulary, block.size) / block.size**0.5)
        self.reader = None
        if block.reader is not None:
            drawn = torch.randn(block.characters, block.character_size)
            self.character_weight = nn.Parameter(drawn / block.character_size**0.5)
            self.reader = Recurrent(block.reader, block.character_size)

    def forward(self, flow: Flow) -> Flow:
        """Codes `[B, T, 1 + letters]` to steps.

        Raises:
            ShapeError: They are no such integers.
            ArgumentError: An id is outside of its range.
        """
        codes = flow.values
        whole = codes.dtype in (torch.int64, torch.int32)
        if codes.dim() != 3 or codes.shape[2] != 1 + self.letters or not whole:
            found = f"found {codes.dtype} of shape {list(codes.shape)}"
            raise ShapeError("words", found, f"give int64 [B, T, {1 + self.letters}]")
        ids, letters = codes[..., 0], codes[..., 1:]
        _check("words", ids, len(self.weight))
        if self.training and self.rate:
            ids = ids.masked_fill(torch.rand(ids.shape, device=ids.device) < self.rate, 0)
        values = nn.functional.embedding(ids, self.weight.detach() if self.frozen else self.weight)
        if self.reader is not None:
            values = torch.cat([values, self._read(letters, flow.lengths)], dim=2)
        return only_real(flow._replace(values=values))

    def _read(self, letters: Tensor, lengths: Tensor | None) -> Tensor:
        """What the cells say of the letters `[B, T, L]` of the real words."""
        _check("letters", letters, len(self.character_weight))
        batch, steps, _ = letters.shape
        real = torch.ones(batch, steps, dtype=torch.bool, device=letters.device)
        if lengths is not None:
            real = real_steps(lengths, steps)
        spelled = letters[real]
        long = (spelled != 0).sum(dim=1)
        spelled = spelled[:, : max(1, int(long.max()) if len(long) else 1)]
        read = nn.functional.embedding(spelled, self.character_weight)
        assert self.reader is not None
        flow, _ = self.reader(only_real(Flow(read, long)))
        assert flow.hidden is not None
        said = flow.hidden.new_zeros(batch, steps, flow.hidden.shape[1])
        said[real] = flow.hidden
        return said


class Crf(nn.Module):
    """Scores of pairs of tags, of the first and of the last; all start at zero."""

    def __init__(self, block: plan.Crf, features: int) -> None:
        super().__init__()
        self.pairs = nn.Parameter(torch.zeros(features, features))
        self.start = nn.Parameter(torch.zeros(features))
        self.end = nn.Parameter(torch.zeros(features))

    def forward(self, flow: Flow) -> Flow:
        """The steps as they are, and beside them the scores of paths."""
        return flow._replace(paths=(self.pairs, self.start, self.end))


def _check(what: str, ids: Tensor, count: int) -> None:
    wrong = (ids < 0) | (ids >= count)
    if bool(wrong.any()):
        place = wrong.nonzero()[0].tolist()
        found = f"found {int(ids[tuple(place)])}"
        raise ArgumentError(f"{what}{place}", found, f"give 0 to {count - 1}")
