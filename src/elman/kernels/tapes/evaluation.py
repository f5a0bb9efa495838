"""The operations of a tape, and of the way back through it, on NumPy arrays or torch tensors.

A value is `[B, units]`. What the leaves are, the caller says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from elman.tapes import Op

__all__ = ["NUMPY", "evaluate"]

Array = Any


def _sigmoid(x: np.ndarray) -> np.ndarray:
    part = np.exp(-np.abs(x))
    return np.where(x < 0, part, x.dtype.type(1)) / (1 + part)


def _softplus(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _pad(x: np.ndarray, first: int, size: int) -> np.ndarray:
    padded = np.zeros((len(x), size), x.dtype)
    padded[:, first : first + x.shape[1]] = x
    return padded


def _scale(x: np.ndarray, epsilon: float) -> np.ndarray:
    return 1 / np.sqrt(x.var(axis=1, keepdims=True) + x.dtype.type(epsilon))


def _norm_back(by: np.ndarray, unit: np.ndarray, scale: np.ndarray) -> np.ndarray:
    mean = by.mean(axis=1, keepdims=True)
    along = (by * unit).mean(axis=1, keepdims=True)
    return (by - mean - unit * along) * scale


NUMPY: dict[str, Callable[..., Any]] = {
    "neg": np.negative,
    "still": lambda x: x,
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "exp": np.exp,
    "log": np.log,
    "softplus": _softplus,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "floor": np.floor,
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "max": np.maximum,
    "min": np.minimum,
    "greater": lambda a, b: (a > b).astype(a.dtype),
    "where": lambda m, a, b: np.where(m != 0, a, b),
    "sigmoid_back": lambda g, y: g * y * (1 - y),
    "tanh_back": lambda g, y: g * (1 - y * y),
    "sum": lambda x: x.sum(axis=1, keepdims=True),
    "mean": lambda x: x.mean(axis=1, keepdims=True),
    "amax": lambda x: x.max(axis=1, keepdims=True),
    "norm_scale": _scale,
    "norm": lambda x, scale: (x - x.mean(axis=1, keepdims=True)) * scale,
    "norm_back": _norm_back,
    "join": lambda *parts: np.concatenate(parts, axis=1),
    "spread": lambda x, size: np.broadcast_to(x, (len(x), size)),
    "slice": lambda x, first, size: x[:, first : first + size],
    "pad": _pad,
    "product": lambda weight, x: x @ weight.T,
    "back": lambda weight, x: x @ weight,
}
"""Each operation but the leaves."""


def evaluate(
    ops: Sequence[Op],
    leaf: Callable[[Op], Array],
    weights: Sequence[Array],
    functions: dict[str, Callable[..., Any]] = NUMPY,
) -> list[Array]:
    """Every value `[B, units]` (`[B, 1]`, or `[1, units]` where all rows have the same).

    Args:
        ops: Of a tape, or of the way back.
        leaf: The value of an operation that reads no other one; vectors and constants are known.
        weights: In the tape's order.
        functions: The operations: NumPy's, or another library's.
    """
    values: list[Array] = []
    for op in ops:
        args = [values[arg] for arg in op.args]
        function = functions.get(op.name)
        if function is None:
            values.append(leaf(op))
        elif op.name in ("product", "back"):
            weight, row = map(int, op.given)
            rows = op.size if op.name == "product" else args[0].shape[1]
            values.append(function(weights[weight][row : row + rows], *args))
        elif op.name in ("slice", "pad"):
            values.append(function(*args, int(op.given[0]), op.size))
        elif op.name == "norm_scale":
            values.append(function(*args, op.given[0]))
        elif op.name == "spread":
            values.append(function(*args, op.size))
        else:
            values.append(function(*args))
    return values
