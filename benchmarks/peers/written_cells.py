"""Weights and work of a written cell, the same for everybody."""

from __future__ import annotations

import numpy as np

from benchmarks.problem import Problem

__all__ = ["GATES", "Arrays", "drawn_arrays", "drawn_sequences", "shapes", "told"]

Arrays = dict[str, np.ndarray]
GATES = {"SLSTM": ("_i", "_f", "_z", "_o"), "MinGRU": ("_z", "_n"), "IndRNN": ("",)}
"""The gates that the input meets."""


def shapes(cell: str, problem: Problem) -> dict[str, tuple[int, ...]]:
    """The names and shapes of `elman.written.family`."""
    hidden, inputs = problem.hidden, problem.inputs
    found: dict[str, tuple[int, ...]] = {}
    for gate in GATES[cell]:
        found[f"w{gate}"], found[f"b{gate}"] = (hidden, inputs), (hidden,)
        if cell == "SLSTM":
            found[f"u{gate}"] = (hidden, hidden)
    if cell == "IndRNN":
        found["u"] = (hidden,)
    return found


def drawn_arrays(shapes: dict[str, tuple[int, ...]], problem: Problem) -> Arrays:
    """Weights by name, small enough that no state runs away."""
    random = np.random.default_rng([problem.hidden, problem.inputs])
    bound = 0.5 * problem.hidden**-0.5
    return {
        name: random.uniform(-bound, bound, shape).astype(np.float32)
        for name, shape in sorted(shapes.items())
    }


def drawn_sequences(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Inputs, and the gradient by the outputs."""
    random = np.random.default_rng(7)
    shape = (problem.batch, problem.steps)
    inputs = random.standard_normal((*shape, problem.inputs), np.float32)
    return inputs, random.standard_normal((*shape, problem.hidden), np.float32)


def told(outputs: np.ndarray, grads: Arrays) -> Arrays:
    """What is compared: a sample of the outputs, and the gradients by name.

    An sLSTM's answer does not depend on `b_i`: the normaliser takes it out. What is computed of
    that gradient of zero is rounding.
    """
    return {"outputs": outputs, **{name: grad for name, grad in grads.items() if name != "b_i"}}
