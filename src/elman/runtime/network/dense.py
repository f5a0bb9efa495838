"""The dense product of inference, whose bits depend on one row alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from elman.kernels import native

__all__ = ["ACTIVATIONS", "Linear", "linear"]

ACTIVATIONS: dict[str | None, Callable[[np.ndarray], np.ndarray]] = {
    None: lambda values: values,
    "relu": lambda values: np.maximum(values, 0),
    "tanh": np.tanh,
}
"""What a `Dense` block may apply to its result, by the blueprint's name."""


def linear(
    inputs: Float[np.ndarray, "*batch I"],
    weight: Float[np.ndarray, "K I"],
    bias: Float[np.ndarray, "K"],
) -> Float[np.ndarray, "*batch K"]:
    """W x + b for every row.

    >>> linear(np.ones((2, 3)), np.ones((1, 3)), np.zeros(1)).tolist()
    [[3.0], [3.0]]
    """
    rows = inputs.reshape(-1, inputs.shape[-1])
    if native.isa() is not None:
        product = native.dense(rows, weight, bias)
    else:
        # One vector times the matrix for each row: a product of two matrices sums in an order
        # that changes with the number of rows, so a row would not give the same bits alone.
        product = np.matmul(rows[:, None], weight.T)[:, 0] + bias
    return product.reshape(*inputs.shape[:-1], len(weight))


class Linear:
    """`linear` with a weight that stays, and perhaps no bias: packed once for the kernels."""

    def __init__(
        self, weight: Float[np.ndarray, "K I"], bias: Float[np.ndarray, "K"] | None = None
    ) -> None:
        self.weight = weight
        self.bias = np.zeros(len(weight), weight.dtype) if bias is None else bias
        self.layer = None if native.isa() is None else native.Layer(weight, bias)

    def __call__(self, inputs: Float[np.ndarray, "*batch I"]) -> Float[np.ndarray, "*batch K"]:
        """W x + b for every row."""
        if self.layer is None:
            return linear(inputs, self.weight, self.bias)
        product = self.layer(inputs.reshape(-1, inputs.shape[-1]))
        return product.reshape(*inputs.shape[:-1], len(self.weight))
