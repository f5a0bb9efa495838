"""The average of a network's weights along its training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

__all__ = ["average_of"]


def average_of(module: nn.Module, decay: float) -> AveragedModel:
    """A copy of `module` for the moving average of its weights: after each step, update it.

    After t steps it holds Σ decay^(t-k) w_k / Σ decay^(t-k) over the weights w_k after step k, for
    k from 1 to t: free of the initial weights, and the plain mean as decay goes to 1. Temporal
    averaging with its bias corrected: Kingma and Ba 2015 (arXiv 1412.6980v9), section 7.2. Buffers,
    such as running statistics, are the newest step's.

    >>> module = nn.Linear(1, 1, bias=False)
    >>> averaged = average_of(module, decay=0.5)
    >>> for weight in (1.0, 4.0):
    ...     _ = nn.init.constant_(module.weight, weight)
    ...     averaged.update_parameters(module)
    >>> averaged.module.weight.item()  # (0.5 · 1 + 4) / (0.5 + 1)
    3.0

    Args:
        module: Any; it is copied.
        decay: In (0, 1). The average reaches back about 1 / (1 - decay) steps.
    """

    def update(averages: Sequence[Tensor], weights: Sequence[Tensor], count: Any) -> None:
        share = (1.0 - decay) / (1.0 - decay ** (int(count) + 1))
        with torch.no_grad():
            for average, weight in zip(averages, weights, strict=True):
                average.lerp_(weight, share)

    return AveragedModel(module, multi_avg_fn=update)
