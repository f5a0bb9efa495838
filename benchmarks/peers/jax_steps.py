"""Cells as one writes them in JAX: a step in a compiled `lax.scan`, input products before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.peers.written_cells import (
    GATES,
    Arrays,
    drawn_arrays,
    drawn_sequences,
    shapes,
    told,
)
from benchmarks.problem import Problem, sample
from benchmarks.work import Run

__all__ = ["scan"]

State = tuple[Any, ...]


def slstm(x: Any, state: State, w: dict[str, Any]) -> State:
    h, c, n, m = state
    gates = x + jnp.concatenate([h @ w[f"u_{gate}"].T for gate in "ifzo"], 1)
    i, f, z, o = jnp.split(gates, 4, 1)
    kept = jax.nn.log_sigmoid(f) + m
    most = jnp.maximum(kept, i)
    i, f = jnp.exp(i - most), jnp.exp(kept - most)
    c = f * c + i * jnp.tanh(z)
    n = f * n + i
    return jax.nn.sigmoid(o) * c / n, c, n, most


def min_gru(x: Any, state: State, w: dict[str, Any]) -> State:
    z, a = jnp.split(x, 2, 1)
    z = jax.nn.sigmoid(z)
    n = jnp.where(a >= 0, a + 0.5, jax.nn.sigmoid(a))
    return ((1 - z) * state[0] + z * n,)


def ind_rnn(x: Any, state: State, w: dict[str, Any]) -> State:
    return (jax.nn.relu(x + w["u"] * state[0]),)


# The step, and the parts of the state.
STEPS: dict[str, tuple[Callable[..., State], int]] = {
    "SLSTM": (slstm, 4),
    "MinGRU": (min_gru, 1),
    "IndRNN": (ind_rnn, 1),
}


def scan(cell: str, problem: Problem) -> Run:
    (step, parts), gates = STEPS[cell], GATES[cell]
    drawn = drawn_arrays(shapes(cell, problem), problem)
    weights = {name: jnp.asarray(array) for name, array in drawn.items()}
    inputs, by = map(jnp.asarray, drawn_sequences(problem))

    def run(weights: dict[str, Any], inputs: Any) -> Any:
        weight = jnp.concatenate([weights[f"w{gate}"] for gate in gates])
        bias = jnp.concatenate([weights[f"b{gate}"] for gate in gates])
        projected = (inputs @ weight.T + bias).swapaxes(0, 1)
        state = (jnp.zeros((problem.batch, problem.hidden), inputs.dtype),) * parts

        def one(state: State, x: Any) -> tuple[State, Any]:
            state = step(x, state, weights)
            return state, state[0]

        return lax.scan(one, state, projected)[1].swapaxes(0, 1)

    def train(weights: dict[str, Any], inputs: Any, by: Any) -> Any:
        outputs, pull_back = jax.vjp(lambda weights: run(weights, inputs), weights)
        return outputs, pull_back(by)[0]

    arguments = (weights, inputs, by) if problem.training else (weights, inputs)
    program = jax.jit(train if problem.training else run).lower(*arguments).compile()

    def call() -> Any:
        return jax.block_until_ready(program(*arguments))

    def results() -> Arrays:
        found = call()
        outputs, grads = found if problem.training else (found, {})
        by_name = {name: np.asarray(grad) for name, grad in grads.items()}
        return told(sample(np.asarray(outputs)), by_name)

    return Run(call, results)
