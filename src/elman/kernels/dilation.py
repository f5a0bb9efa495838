"""A dilated recurrence as several plain ones: Chang et al. 2017, arXiv 1710.02224v3.

Where step t continues from the state of step t - d, a sequence is d interleaved ones that never
meet: the k-th holds the steps k, k + d, k + 2d and so on. One text serves NumPy arrays and torch
tensors.

>>> import numpy as np
>>> interleave(np.array([7, 2]), np.arange(3), reverse=False)
Interleaved(lengths=array([[3, 2, 2],
       [1, 1, 0]]), first=array([[0, 1, 2],
       [0, 1, 2]]), last=array([[1, 2, 0],
       [2, 0, 1]]))
"""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Interleaved", "interleave"]

Array = Any  # numpy.ndarray or torch.Tensor


class Interleaved(NamedTuple):
    """How the d interleaved sequences of each row are read, each an integer `[B, d]`.

    Attributes:
        lengths: Real steps of each.
        first: From which of the row's d states, the oldest being 0, each sequence goes on.
        last: Whose final state each of the row's d states is in the end, again oldest first.
    """

    lengths: Array
    first: Array
    last: Array


def interleave(lengths: Array, order: Array, reverse: bool) -> Interleaved:
    """The interleaved sequences of rows of `lengths [B]` steps.

    Args:
        lengths: Real steps of each row, 0…T.
        order: 0…d-1, an array of the same library and device.
        reverse: Each row is read from its own last step to its first.
    """
    dilation, rows = len(order), lengths[:, None]
    own = (rows - order + dilation - 1) // dilation
    if reverse:
        return Interleaved(own, (rows - 1 - order) % dilation, rows * 0 + dilation - 1 - order)
    return Interleaved(own, rows * 0 + order, (rows + order) % dilation)
