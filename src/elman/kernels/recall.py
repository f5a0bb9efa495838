"""What recalling earlier segments means, for both executors of the block `Recall`."""

from __future__ import annotations

from typing import Any

from elman.blueprint import Recall
from elman.errors import ShapeError

__all__ = ["RECALL_SHARPNESS", "recallable"]

RECALL_SHARPNESS = 8.0
"""The softmax's scores are this much larger than the layer's outputs, so that an optimiser whose
steps are all of a size chooses among segments as fast as it learns everything else."""


def recallable(block: Recall, values: Any, segments: Any) -> Any:
    """What is mixed `[B, n, length, K]`, of all segments `[B, N, length, F]`.

    Raises:
        ShapeError: There are more or fewer positions, or too few segments were read.
    """
    if values.shape[1] != block.positions:
        raise ShapeError("steps", f"found {values.shape[1]} positions", f"give {block.positions}")
    if segments is None or segments.shape[1] < block.segments:
        found = 0 if segments is None else segments.shape[1]
        raise ShapeError("steps", f"found {found} segments", f"give {block.segments} or more")
    return segments[:, : block.segments, :, : block.targets]
