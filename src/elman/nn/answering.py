"""A layer's ordinary call on the shortest way: a small recurrence is short, too.

What is out of the ordinary (several layers or directions, other classes, shapes or dtypes, who
looks on, errors) goes the long way, which tells about it; the numbers are the same to the bit,
but for one step that is learnt from: its sums are taken as torch's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from elman.kernels.compiled import missing
from elman.nn.weights import layer_weights, parameters_of
from elman.operators import native
from elman.operators.memory import may_touch, transformed
from elman.operators.notice import watched
from elman.operators.stepping import step
from elman.state import to_torch

__all__ = ["answer"]

_SHORT = 1 << 16  # entries of the outputs: more take so long that nobody feels the way
_GATES = {"LSTM": 4, "GRU": 3}  # what the other two have is one
_OPERATORS: Any = {"GRU": torch.gru, "RNN_TANH": torch.rnn_tanh, "RNN_RELU": torch.rnn_relu}


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
    parameters = parameters_of(module, module._all_weights[0])
    given = (inputs, hidden, cell, *parameters)
    if not _ordinary(given, parameters[0].dtype) or inputs.ndim != 3 or transformed() or missing():
        return None
    if not _fits(module, inputs, hidden, cell, parameters):
        return None
    if inputs.shape[1 if module.batch_first else 0] == 1 and _learns(given):
        found = _one_step(module, inputs, hidden, cell, parameters)
        if found is not None:
            return found
    recurrence, weights, second_bias = layer_weights(module, 0)
    tensors = (
        inputs.transpose(0, 1) if module.batch_first else inputs,
        None if hidden is None else hidden[0],
        None if cell is None else cell[0],
        second_bias,
        *weights,
    )
    job = native.Job(recurrence, None, None, (False,), None, True)
    outputs, (final,) = native.run(job, type(weights), tensors)
    states = to_torch((final,))
    return outputs.transpose(0, 1) if module.batch_first else outputs, states


def _fits(module: Any, inputs: Tensor, hidden: Any, cell: Any, parameters: list[Any]) -> bool:
    """Whether all have the shapes that they should."""
    units, recurrent = module.hidden_size, module.proj_size or module.hidden_size
    batch, rows = inputs.shape[0 if module.batch_first else 1], _GATES.get(module.mode, 1) * units
    wanted = [(rows, module.input_size), (rows, recurrent)]
    if module.bias:
        wanted += [(rows,), (rows,)]
    if module.proj_size:
        wanted.append((recurrent, units))
    return (
        inputs.shape[2] == module.input_size
        and (hidden is None or hidden.shape == (1, batch, recurrent))
        and (cell is None or cell.shape == (1, batch, units))
        and [parameter.shape for parameter in parameters] == wanted
    )


def _learns(tensors: Sequence[Any]) -> bool:
    """Whether something is learnt from this call."""
    if not torch.is_grad_enabled():
        return False
    return any(tensor is not None and tensor.requires_grad for tensor in tensors)


def _one_step(
    module: Any, inputs: Tensor, hidden: Any, cell: Any, parameters: list[Any]
) -> tuple[Tensor, Any] | None:
    """One step that is learnt from; None: by the kernels, as more steps are.

    A kernel packs the weights for each call, which a single step back does not pay: an LSTM's step
    is a cell's, the others are torch's own operators'.
    """
    if module.proj_size:
        return None
    first = module.batch_first
    if hidden is None:
        hidden = inputs.new_zeros(1, inputs.shape[0 if first else 1], module.hidden_size)
    if module.mode != "LSTM":
        # has_biases, layers, dropout, train, bidirectional
        options = (module.bias, 1, 0.0, True, False, first)
        return _OPERATORS[module.mode](inputs, hidden, parameters, *options)
    state = (hidden[0], torch.zeros_like(hidden[0]) if cell is None else cell[0])
    weights = parameters if module.bias else [*parameters, None, None]
    after = step("lstm", inputs.squeeze(1 if first else 0), state, weights)
    if after is None:
        return None
    outputs = after[0].clone().unsqueeze(0)  # it may be changed, and the final state stay
    final = (after[0].unsqueeze(0), after[1].unsqueeze(0))
    return outputs.transpose(0, 1) if first else outputs, final


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
