"""JAX: a compiled `lax.scan` over the cell's equations, the input product taken for all steps."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.problem import Problem, draw, sample
from benchmarks.work import Run

__all__ = ["grid"]


def grid(problem: Problem, way: str) -> Run:
    numbers = draw(problem)
    weights = _weights(problem.cell, numbers)
    inputs = jnp.asarray(numbers.inputs.swapaxes(0, 1))
    grad_outputs = jnp.asarray(numbers.grad_outputs.swapaxes(0, 1))
    unroll = 2 if "unroll" in way else 1

    def infer(weights: Any, inputs: Any) -> Any:
        return _layer(problem.cell, unroll, weights, inputs), {}

    def train(weights: Any, inputs: Any, grad_outputs: Any) -> Any:
        outputs, pull_back = jax.vjp(
            lambda weights: _layer(problem.cell, unroll, weights, inputs), weights
        )
        return outputs, pull_back(grad_outputs)[0]

    arguments = (weights, inputs, grad_outputs) if problem.training else (weights, inputs)
    function = jax.jit(train if problem.training else infer)
    program = function.lower(*arguments).compile()

    def call() -> Any:
        return jax.block_until_ready(program(*arguments))

    def results() -> dict[str, np.ndarray]:
        outputs, grads = call()
        found = {"outputs": sample(np.asarray(outputs).swapaxes(0, 1))}
        if problem.training:
            found["weight_ih"] = np.asarray(grads["kernel"]).T
            found["weight_hh"] = np.asarray(grads["recurrent"]).T
            found["bias_ih"] = np.asarray(grads["bias"])
        return found

    return Run(call, results)


def _weights(cell: str, numbers: Any) -> dict[str, Any]:
    """Kernels as [in, out], the two biases added where the equations allow it."""
    bias = numbers.bias_ih + numbers.bias_hh
    weights = {"kernel": numbers.weight_ih.T, "recurrent": numbers.weight_hh.T, "bias": bias}
    if cell == "GRU":
        candidate = 2 * len(bias) // 3
        weights["recurrent_bias"] = numbers.bias_hh[candidate:]
        bias[candidate:] = numbers.bias_ih[candidate:]
    return {name: jnp.asarray(array) for name, array in weights.items()}


def _layer(cell: str, unroll: int, weights: dict[str, Any], inputs: Any) -> Any:
    """Outputs `[T, B, H]` of inputs `[T, B, I]`."""
    projected = inputs @ weights["kernel"] + weights["bias"]
    zeros = jnp.zeros((inputs.shape[1], weights["recurrent"].shape[0]), inputs.dtype)
    step = {"RNN": _simple, "LSTM": _lstm, "GRU": _gru}[cell]
    state = (zeros, zeros) if cell == "LSTM" else zeros
    _, outputs = lax.scan(
        lambda state, row: step(weights, row, state), state, projected, unroll=unroll
    )
    return outputs


def _simple(weights: dict[str, Any], projected: Any, hidden: Any) -> tuple[Any, Any]:
    hidden = jnp.tanh(projected + hidden @ weights["recurrent"])
    return hidden, hidden


def _lstm(weights: dict[str, Any], projected: Any, state: Any) -> tuple[Any, Any]:
    hidden, cell = state
    i, f, g, o = jnp.split(projected + hidden @ weights["recurrent"], 4, axis=-1)
    cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
    hidden = jax.nn.sigmoid(o) * jnp.tanh(cell)
    return (hidden, cell), hidden


def _gru(weights: dict[str, Any], projected: Any, hidden: Any) -> tuple[Any, Any]:
    r, z, n = jnp.split(projected, 3, axis=-1)
    r_h, z_h, n_h = jnp.split(hidden @ weights["recurrent"], 3, axis=-1)
    r, z = jax.nn.sigmoid(r + r_h), jax.nn.sigmoid(z + z_h)
    n = jnp.tanh(n + r * (n_h + weights["recurrent_bias"]))
    hidden = (1 - z) * n + z * hidden
    return hidden, hidden
