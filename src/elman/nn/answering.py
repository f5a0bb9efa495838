"""A layer's ordinary call on the shortest way: a small recurrence is short, too.

What is out of the ordinary (several layers or directions, other classes, shapes or dtypes, who
looks on, errors) goes the long way, which tells about it; the numbers are the same to the bit,
but for one step that is learnt from: those are torch's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from elman.kernels.compiled import missing
from elman.kernels.contract import LSTM, Recurrence
from elman.nn.weights import layer_weights
from elman.operators import aten, native
from elman.operators.biases import zero_state
from elman.operators.memory import may_touch, transformed
from elman.operators.notice import watched
from elman.state import RNNState, to_torch

__all__ = ["answer"]

_SHORT = 1 << 16  # entries of the outputs: more take so long that nobody feels the way


def answer(module: Any, inputs: Any, hx: Any) -> tuple[Tensor, Any] | None:
    """Outputs and final state of a layer, as its `forward` gives them; None: not here."""
    if module.num_layers != 1 or module.bidirectional or not isinstance(inputs, Tensor):
        return None
    given: Any = (inputs,) if hx is None else (inputs, hx)
    if module.mode == "LSTM" and hx is not None:
        if type(hx) not in (tuple, list) or len(hx) != 2 or hx[0] is None or hx[1] is None:
            return None
        given = (inputs, *hx)
    return (_run if module._frozen is None else _answer_frozen)(module, *given)


def _run(
    module: Any, inputs: Any, hidden: Any = None, cell: Any = None
) -> tuple[Tensor, Any] | None:
    """Of a layer that may be trained."""
    given: tuple[Any, Any, Any] = layer_weights(module, 0)
    recurrence, weights, second_bias = given
    tensors = [inputs, hidden, cell, second_bias, *weights]
    dtype = weights.weight_ih.dtype
    if not _ordinary(tensors, dtype) or inputs.ndim != 3 or transformed() or missing():
        return None
    units, recurrent = module.hidden_size, module.proj_size or module.hidden_size
    rows = recurrence.gates * units
    shapes = [
        (1, inputs.shape[0 if module.batch_first else 1], size) for size in (recurrent, units)
    ]
    fits = (
        inputs.shape[2] == module.input_size
        and (hidden is None or hidden.shape == shapes[0])
        and (cell is None or cell.shape == shapes[1])
        and weights.weight_ih.shape == (rows, module.input_size)
        and weights.weight_hh.shape == (rows, recurrent)
        and weights.bias.shape == (rows,)
        and (second_bias is None or second_bias.shape == (rows,))
        and (not module.proj_size or weights.projection.shape == (recurrent, units))
    )
    if not fits:
        return None
    tensors[:3] = (
        inputs.transpose(0, 1) if module.batch_first else inputs,
        None if hidden is None else hidden[0],
        None if cell is None else cell[0],
    )
    if _one_step(recurrence, tensors):
        states = zero_state(recurrence, weights, tensors[0].shape[1], inputs)
        if hidden is not None:
            states = RNNState(tensors[1])
        outputs, final = aten.unroll(
            recurrence, weights, tensors[0].transpose(0, 1), states, None, False, second_bias
        )
        return outputs if module.batch_first else outputs.transpose(0, 1), to_torch((final,))
    job = native.Job(recurrence, None, None, (False,), None, True)
    outputs, (final,) = native.run(job, type(weights), tensors)
    states = to_torch((final,))
    return outputs.transpose(0, 1) if module.batch_first else outputs, states


def _one_step(recurrence: Recurrence, tensors: Sequence[Any]) -> bool:
    """Whether this is one step that is learnt from, and not an LSTM's.

    A kernel packs the weights for each call, which a single step back does not pay: torch's own
    operators are mostly quicker there (not an LSTM's).
    """
    if len(tensors[0]) != 1 or isinstance(recurrence, LSTM) or not torch.is_grad_enabled():
        return False
    return any(tensor is not None and tensor.requires_grad for tensor in tensors)


def _answer_frozen(
    module: Any, inputs: Any, hidden: Any = None, cell: Any = None
) -> tuple[Tensor, Any] | None:
    """Of a layer whose weights are packed."""
    ((_, weights, _, (what, prepared)),) = module._frozen
    if not _ordinary((inputs, hidden, cell), weights.weight_ih.dtype) or inputs.ndim != 3:
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
        or (hidden is not None and (hidden.shape != size or not hidden.is_contiguous()))
        or (cell is not None and (cell.shape != size_cell or not cell.is_contiguous()))
    ):
        return None
    module._check_frozen((inputs, hidden, cell))
    outputs = inputs.new_empty(time, batch, what[3])
    last = inputs.new_empty(size)
    last_cell = inputs.new_empty(size_cell) if module.mode == "LSTM" else None
    prepared.answer(
        batch,
        time,
        False,
        inputs.data_ptr(),
        row,
        step,
        0 if hidden is None else hidden.data_ptr(),
        0 if cell is None else cell.data_ptr(),
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


def _ordinary(tensors: Sequence[Any], dtype: torch.dtype) -> bool:
    """Whether nobody looks on, and all that is given is of this dtype, which the kernels know."""
    if not may_touch(tensors) or forward_ad._current_level >= 0 or watched():
        return False
    if dtype not in (torch.float32, torch.float64) or torch.is_autocast_enabled("cpu"):
        return False
    return all(tensor is None or tensor.dtype is dtype for tensor in tensors)
