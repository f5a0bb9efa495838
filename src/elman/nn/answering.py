"""A frozen layer's ordinary call on the shortest way: a single step of a small recurrence is short.

What is out of the ordinary (other classes, shapes or dtypes, who looks on, errors) goes the long
way, which tells about it; the numbers are the same to the bit.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from elman.operators.memory import may_touch
from elman.operators.notice import watched

__all__ = ["answer"]

_SHORT = 1 << 16  # entries of the outputs: more take so long that nobody feels the way


def answer(module: Any, inputs: Any, hx: Any) -> tuple[Tensor, Any] | None:
    """Outputs and final state of a frozen layer, as its `forward` gives them; None: not here."""
    lstm = module.mode == "LSTM"
    if len(module._frozen) != 1 or (lstm and hx is not None and len(hx) != 2):
        return None
    ((_, weights, _, (what, prepared)),) = module._frozen
    given: tuple[Any, ...] = (inputs,) if hx is None else (inputs, *hx) if lstm else (inputs, hx)
    dtype = weights.weight_ih.dtype
    if not _plain(given, dtype) or inputs.ndim != 3:
        return None
    batch, time, features = inputs.shape
    row, step, entry = inputs.stride()
    if not module.batch_first:
        batch, time, row, step = time, batch, step, row
    size, size_cell = (1, batch, what[3]), (1, batch, what[2])
    if (
        features != what[1]
        or (entry != 1 and features > 1)
        or batch * time * what[3] > _SHORT
        or (hx is not None and given[1].shape != size)
        or (hx is not None and lstm and given[2].shape != size_cell)
    ):
        return None
    module._check_frozen(given)
    outputs = inputs.new_empty(time, batch, what[3])
    last = inputs.new_empty(size)
    last_cell = inputs.new_empty(size_cell) if lstm else None
    prepared.answer(
        batch,
        time,
        False,
        inputs.data_ptr(),
        row,
        step,
        0 if hx is None else given[1].data_ptr(),
        given[2].data_ptr() if lstm and hx is not None else 0,
        outputs.data_ptr(),
        what[3],
        batch * what[3],
        last.data_ptr(),
        0 if last_cell is None else last_cell.data_ptr(),
        torch.get_num_threads(),
    )
    if module.batch_first:
        outputs = outputs.transpose(0, 1)
    return outputs, last if last_cell is None else (last, last_cell)


def _plain(given: tuple[Any, ...], dtype: torch.dtype) -> bool:
    """Whether nobody looks on, and the states are dense, all of this dtype."""
    if not may_touch(given) or forward_ad._current_level >= 0 or watched():
        return False
    if given[0].dtype is not dtype or torch.is_autocast_enabled("cpu"):
        return False
    return all(state.dtype is dtype and state.is_contiguous() for state in given[1:])
