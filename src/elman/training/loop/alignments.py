"""What a network of frames is trained for whose labels have no times; see `elman.kernels.ctc`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from elman.kernels.ctc import BLANK, collapsed
from elman.metrics.edits import edits_of_all
from elman.training.loop.losses import WeightedSum

__all__ = ["Ctc", "LabelAccuracy"]


@dataclass(frozen=True)
class Ctc:
    """-log(probability of a row's labels over all alignments), in nats for each label.

    For scores `[B, T, K]` of K classes, the blank's first, and a batch with the labels as
    `targets [B, U]`, zeros past each row's last. Of torch's own `ctc_loss`, which is held to
    `elman.kernels.ctc`. Labels that do not fit into their frames are no rows to learn from: the
    loss of such a row is infinite, and the training says so.
    """

    advice: ClassVar[str] = "see first that all labels fit into their frames; "

    def __call__(self, outputs: Float[Tensor, "B T K"], batch: Any) -> WeightedSum:
        """Sum over the rows; a row without labels counts as if it had one."""
        counts = (batch.targets != BLANK).sum(dim=1)
        losses = F.ctc_loss(
            outputs.log_softmax(dim=2).transpose(0, 1),
            batch.targets,
            _lengths(outputs, batch),
            counts,
            blank=BLANK,
            reduction="none",
        )
        each = counts.clamp(min=1).to(losses.dtype)
        if batch.weights is not None:
            losses, each = losses * batch.weights, each * batch.weights
        return WeightedSum(losses.sum(), each.sum())


@dataclass(frozen=True)
class LabelAccuracy:
    """1 - edits for each true label, of the most probable class at each frame.

    What is said is these classes with repeated ones made one and blanks left out. Arguments as of
    `Ctc`.
    """

    def __call__(self, outputs: Float[Tensor, "B T K"], batch: Any) -> WeightedSum:
        """Sum over the rows' labels."""
        paths = outputs.argmax(dim=2).cpu().numpy()
        lengths = _lengths(outputs, batch).cpu().numpy()
        targets = batch.targets.cpu().numpy()
        said = [collapsed(path[:n])[0].tolist() for path, n in zip(paths, lengths, strict=True)]
        true = [row[row != BLANK].tolist() for row in targets]
        found = edits_of_all(zip(true, said, strict=True))
        told = torch.tensor([found.items - found.errors, found.items], dtype=torch.float64)
        return WeightedSum(*told)


def _lengths(outputs: Tensor, batch: Any) -> Tensor:
    """The frames of each row."""
    if batch.lengths is not None:
        return batch.lengths
    return outputs.new_full((len(outputs),), outputs.shape[1], dtype=torch.int64)
