"""What a step may use: each on a NumPy vector of one row, or on what a tape is traced with.

NumPy's own functions of these names (`np.tanh`, `np.where`, `np.clip`, `np.mean` …) do as well.

>>> import numpy as np
>>> sigmoid(np.array([0.0])).tolist(), softmax(np.array([1.0, 1.0])).tolist()
([0.5], [0.5, 0.5])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.errors import ArgumentError
from elman.kernels.tapes.evaluation import NUMPY
from elman.written.tracing import Traced, apply, first_traced

__all__ = [
    "clip",
    "exp",
    "floor",
    "join",
    "log",
    "maximum",
    "mean",
    "minimum",
    "named",
    "normalise",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "split",
    "sqrt",
    "still",
    "tanh",
    "total",
    "variance",
    "where",
]

Value = Any  # a NumPy array, a number, or what stands for one


def _do(name: str, *values: Value) -> Value:
    if first_traced(values) is not None:
        return apply(name, *values)
    dtype = np.result_type(np.float32, *(v for v in values if isinstance(v, np.ndarray)))
    return NUMPY[name](*(np.asarray(value, dtype) for value in values))


def sigmoid(x: Value) -> Value:
    """1 / (1 + e^-x)."""
    return _do("sigmoid", x)


def tanh(x: Value) -> Value:
    """The hyperbolic tangent."""
    return _do("tanh", x)


def relu(x: Value) -> Value:
    """The greater of x and 0."""
    return _do("relu", x)


def exp(x: Value) -> Value:
    """e^x."""
    return _do("exp", x)


def log(x: Value) -> Value:
    """The natural logarithm."""
    return _do("log", x)


def softplus(x: Value) -> Value:
    """log(1 + e^x)."""
    return _do("softplus", x)


def sqrt(x: Value) -> Value:
    """The square root."""
    return _do("sqrt", x)


def floor(x: Value) -> Value:
    """The integer below; its gradient is zero."""
    return _do("floor", x)


def maximum(a: Value, b: Value) -> Value:
    """The greater of two, unit by unit."""
    return _do("max", a, b)


def minimum(a: Value, b: Value) -> Value:
    """The smaller of two, unit by unit."""
    return _do("min", a, b)


def clip(x: Value, low: float, high: float) -> Value:
    """x, but not below `low` nor above `high`."""
    return minimum(maximum(x, low), high)


def where(condition: Value, a: Value, b: Value) -> Value:
    """Takes a where the condition is true (not 0), else b."""
    return _do("where", condition, a, b)


def still(x: Value) -> Value:
    """The value itself, through which no gradient goes."""
    return _do("still", x)


def total(x: Value) -> Value:
    """The sum over a row's units."""
    return apply("sum", x) if isinstance(x, Traced) else x.sum(keepdims=True)


def mean(x: Value) -> Value:
    """The mean over a row's units."""
    return apply("mean", x) if isinstance(x, Traced) else x.mean(keepdims=True)


def variance(x: Value) -> Value:
    """The mean of the squared deviations from the mean of a row's units."""
    deviation = x - mean(x)
    return mean(deviation * deviation)


def normalise(x: Value, epsilon: float = 1e-5) -> Value:
    """(x - mean) / √(variance + epsilon) over a row's units: layer normalisation without gains."""
    if isinstance(x, Traced):
        return x.trace.normalised(x, epsilon)
    return (x - mean(x)) / np.sqrt(variance(x) + x.dtype.type(epsilon))


def softmax(x: Value) -> Value:
    """e^x over a row's units, divided by its sum."""
    most = apply("amax", x) if isinstance(x, Traced) else x.max(keepdims=True)
    powers = exp(x - still(most))
    return powers / total(powers)


def split(x: Value, count: int) -> list[Value]:
    """A vector `[N]` in parts of the same size.

    Raises:
        ArgumentError: N is no multiple of the count.
    """
    size = len(x) // count
    if size * count != len(x):
        raise ArgumentError("split", f"found {len(x)} units", f"give a multiple of {count}")
    return [x[k * size : (k + 1) * size] for k in range(count)]


def join(*parts: Value) -> Value:
    """Vectors one after the other."""
    if first_traced(parts) is not None:
        return apply("join", *parts)
    return np.concatenate(parts)


def named(name: str, value: Value) -> Value:
    """The value itself, which pictures and `diagnose` then know by this name."""
    if isinstance(value, Traced):
        value.trace.name(name, value)
    return value
