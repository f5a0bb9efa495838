"""Weights of TensorFlow 1's recurrent cells (`tf.compat.v1.nn.rnn_cell`).

How its variables relate to ours, with I inputs, H units and R recurrent units (H, or num_proj):

- BasicRNNCell: `kernel [I+R, H]` over concat(x, h). Its first I rows, transposed, are our
  `weight_ih`, the others our `weight_hh`; so it is for all kernels.
- BasicLSTMCell, LSTMCell: gate blocks of `kernel` and `bias` in the order i, j, f, o become
  i, f, g, o (its j is our g). `w_i_diag`, `w_f_diag`, `w_o_diag` are the rows of `peephole`;
  `projection/kernel [H, R]`, transposed, is `projection`.
- GRUCell: `gates/...` holds r, u and `candidate/...` the candidate: our r, z, n (its u is our z).

The forget bias, the clip of the cell and the activation are settings, not variables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from elman.errors import ArgumentError, ShapeError
from elman.kernels.check import check_weights
from elman.kernels.contract import (
    GRU,
    LSTM,
    GRUWeights,
    LSTMWeights,
    Recurrence,
    RNNWeights,
    Simple,
    Weights,
)

__all__ = ["from_tensorflow1", "load_tensorflow1", "split_cells", "to_tensorflow1"]

Variables = Mapping[str, np.ndarray]

_PEEPHOLES = ("w_i_diag", "w_f_diag", "w_o_diag")
_PROJECTION = "projection/kernel"
_GRU = ("gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias")
_VARIABLE = re.compile(
    r"(?P<cell>.*?)/?"
    r"(?P<name>(?:gates|candidate)/(?:kernel|bias)|projection/kernel|kernel|bias|w_[ifo]_diag)(?::0)?"
)


def from_tensorflow1(recurrence: Recurrence, variables: Variables) -> Weights:
    """One cell's variables as the weights of our kernels, in their dtype.

    >>> kernel, bias = np.arange(15.0).reshape(5, 3), np.zeros(3)
    >>> weights = from_tensorflow1(Simple(), {"kernel": kernel, "bias": bias})
    >>> weights.weight_ih.shape, weights.weight_hh.shape
    ((3, 2), (3, 3))

    Args:
        recurrence: What the cell computes.
        variables: By their names within the cell, as above.

    Raises:
        ArgumentError: A variable is missing or unknown, or TensorFlow 1 has no such cell.
        ShapeError: The variables' shapes do not fit each other.
    """
    _check_names(recurrence, variables)
    variables = {name: np.asarray(array) for name, array in variables.items()}
    try:
        weights = _READERS[type(recurrence)](variables)
    except (ValueError, IndexError) as error:
        shapes = ", ".join(f"{name} {np.shape(array)}" for name, array in variables.items())
        raise ShapeError("variables", f"found {shapes}", f"shapes of one {recurrence}") from error
    weights = type(weights)(*(None if w is None else np.ascontiguousarray(w) for w in weights))
    check_weights(recurrence, weights)
    return weights


def to_tensorflow1(recurrence: Recurrence, weights: Weights) -> dict[str, np.ndarray]:
    """The variables of TensorFlow 1's cell that has these weights.

    A permutation of entries, so it turns gradients by our weights into gradients by its
    variables just as well.

    Raises:
        ArgumentError: TensorFlow 1 has no such cell (layer normalisation, reset_after).
        ShapeError: The weights' shapes do not fit each other.
    """
    check_weights(recurrence, weights)
    if weights.norm_ih is not None:
        raise ArgumentError(
            "weights", "found layer normalisation", "TensorFlow 1's cells have none"
        )
    _check_reset(recurrence)
    return _WRITERS[type(recurrence)](weights)


def split_cells(variables: Variables, scope: str = "") -> dict[str, dict[str, np.ndarray]]:
    """The variables of a network by cell: `{cell's name: {name within the cell: array}}`.

    Args:
        variables: By their full names, as in a checkpoint.
        scope: Take only the names below this one, such as "bidirectional_rnn/fw".

    Returns:
        Cells in the order of their names, numbers compared as numbers: from bottom to top.

    Raises:
        ArgumentError: There are none, or one is not a recurrent cell's.
    """
    cells: dict[str, dict[str, np.ndarray]] = {}
    for full_name, array in variables.items():
        if scope and not full_name.startswith(f"{scope}/"):
            continue
        match = _VARIABLE.fullmatch(full_name)
        if match is None:
            raise ArgumentError(
                "variables",
                f"found {full_name!r}, which is no recurrent cell's",
                "give the recurrent network's only (or its scope=), without an optimiser's",
            )
        cells.setdefault(match["cell"], {})[match["name"]] = np.asarray(array)
    if not cells:
        raise ArgumentError(
            "variables", f"found none{f' below {scope!r}' * bool(scope)}", "give a network's"
        )
    return {name: cells[name] for name in sorted(cells, key=_natural)}


def load_tensorflow1(cell: Any, variables: Variables, scope: str = "") -> None:
    """Copy a TensorFlow 1 network's variables into one of Elman's cells, in place.

    Args:
        cell: An `elman.cells` cell, stacked and wrapped as the network was.
        variables: By their full names: `{name: tf.train.load_variable(path, name), ...}`.
        scope: Take only the names below this one; a bidirectional network's two cells are below
            "bidirectional_rnn/fw" and "bidirectional_rnn/bw".

    Raises:
        ArgumentError: The network has another number or kind of cells.
        ShapeError: A cell has another size. Nothing was copied then.
    """
    targets = [module for module in cell.modules() if hasattr(module, "recurrence")]
    sources = split_cells(variables, scope)
    if len(targets) != len(sources):
        raise ArgumentError(
            "variables",
            f"found {len(sources)} cells ({', '.join(sources)})",
            f"give the variables of {len(targets)}",
        )
    copies = []
    for target, (name, source) in zip(targets, sources.items(), strict=True):
        weights = from_tensorflow1(target.recurrence, source)
        for field, array in zip(weights._fields, weights, strict=True):
            parameter = getattr(target, field, None)
            found, wanted = _shape(array), _shape(parameter)
            if found != wanted:
                raise ShapeError(f"{name}: {field}", f"found {found}", f"the cell has {wanted}")
            if parameter is not None:
                copies.append((parameter, array))
    for parameter, array in copies:
        parameter.data.copy_(parameter.new_tensor(array))


def _shape(array: Any) -> tuple[int, ...] | None:
    return None if array is None else tuple(array.shape)


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _check_reset(recurrence: Recurrence) -> None:
    if isinstance(recurrence, GRU) and recurrence.reset_after:
        raise ArgumentError(
            "recurrence",
            "found GRU(reset_after=True)",
            "use reset_after=False, as TensorFlow 1's GRUCell does",
        )


def _check_names(recurrence: Recurrence, variables: Variables) -> None:
    required, optional = {"kernel", "bias"}, set()
    if isinstance(recurrence, GRU):
        _check_reset(recurrence)
        required = set(_GRU)
    elif isinstance(recurrence, LSTM):
        optional = {*_PEEPHOLES, _PROJECTION}
        if not set(_PEEPHOLES).isdisjoint(variables):
            required |= set(_PEEPHOLES)
    names = set(variables)
    if not required <= names <= required | optional:
        raise ArgumentError(
            "variables",
            f"found {', '.join(sorted(names)) or 'none'}",
            f"{recurrence} has {', '.join(sorted(required))}",
        )


def _split_kernel(kernel: np.ndarray, recurrent: int) -> tuple[np.ndarray, np.ndarray]:
    """The input's and the recurrent weights of a kernel over concat(x, h)."""
    inputs = kernel.shape[0] - recurrent
    return kernel[:inputs].T, kernel[inputs:].T


def _reorder(blocks: np.ndarray) -> np.ndarray:
    """Blocks i, j, f, o along the first axis as i, f, j, o; or the other way round."""
    first, second, third, fourth = np.split(blocks, 4)
    return np.concatenate([first, third, second, fourth])


def _read_simple(variables: Variables) -> RNNWeights:
    kernel = variables["kernel"]
    return RNNWeights(*_split_kernel(kernel, kernel.shape[1]), variables["bias"])


def _write_simple(weights: RNNWeights) -> dict[str, np.ndarray]:
    kernel = np.concatenate([weights.weight_ih.T, weights.weight_hh.T])
    return {"kernel": kernel, "bias": weights.bias}


def _read_lstm(variables: Variables) -> LSTMWeights:
    kernel, projection = variables["kernel"], variables.get(_PROJECTION)
    recurrent = kernel.shape[1] // 4 if projection is None else projection.shape[1]
    weight_ih, weight_hh = _split_kernel(kernel, recurrent)
    has_peepholes = _PEEPHOLES[0] in variables
    return LSTMWeights(
        _reorder(weight_ih),
        _reorder(weight_hh),
        _reorder(variables["bias"]),
        np.stack([variables[name] for name in _PEEPHOLES]) if has_peepholes else None,
        None if projection is None else projection.T,
    )


def _write_lstm(weights: LSTMWeights) -> dict[str, np.ndarray]:
    kernel = np.concatenate([_reorder(weights.weight_ih).T, _reorder(weights.weight_hh).T])
    variables = {"kernel": kernel, "bias": _reorder(weights.bias)}
    if weights.peephole is not None:
        variables |= dict(zip(_PEEPHOLES, weights.peephole, strict=True))
    if weights.projection is not None:
        variables[_PROJECTION] = weights.projection.T
    return variables


def _read_gru(variables: Variables) -> GRUWeights:
    gates_kernel, gates_bias, kernel, bias = (variables[name] for name in _GRU)
    gates_ih, gates_hh = _split_kernel(gates_kernel, kernel.shape[1])
    candidate_ih, candidate_hh = _split_kernel(kernel, kernel.shape[1])
    return GRUWeights(
        np.concatenate([gates_ih, candidate_ih]),
        np.concatenate([gates_hh, candidate_hh]),
        np.concatenate([gates_bias, bias]),
    )


def _write_gru(weights: GRUWeights) -> dict[str, np.ndarray]:
    kernel = np.concatenate([weights.weight_ih.T, weights.weight_hh.T])
    gates = 2 * weights.weight_hh.shape[1]
    arrays = (kernel[:, :gates], weights.bias[:gates], kernel[:, gates:], weights.bias[gates:])
    return dict(zip(_GRU, arrays, strict=True))


_READERS = {Simple: _read_simple, LSTM: _read_lstm, GRU: _read_gru}
_WRITERS = {Simple: _write_simple, LSTM: _write_lstm, GRU: _write_gru}
