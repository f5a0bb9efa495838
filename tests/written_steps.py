"""Random steps for written cells, and calls of tapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.kernels.tapes.reference import Call
from elman.written import (
    WrittenCell,
    exp,
    join,
    log,
    maximum,
    mean,
    minimum,
    normalise,
    relu,
    sigmoid,
    softmax,
    softplus,
    split,
    sqrt,
    tanh,
    total,
    variance,
    where,
)
from elman.written import family as known

FAMILY = {name: getattr(known, name) for name in known.__all__}

UNITS = 5  # of the random steps
_ONE = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": relu,
    "exp": lambda a: exp(tanh(a)),
    "log": lambda a: log(softplus(a) + 1.5),
    "softplus": softplus,
    "sqrt": lambda a: sqrt(softplus(a) + 0.5),
    "absolute": abs,
    "negative": lambda a: -a,
    "softmax": softmax,
    "normalise": lambda a: normalise(a, 0.1),
    "centred": lambda a: a - mean(a),
    "share": lambda a: a / (total(exp(tanh(a))) + variance(a)),
    "paced": lambda a: a * np.linspace(0.5, 1.5, UNITS),
    "turned": lambda a: join(a[2:], a[:2]),
    "flipped": lambda a: join(*reversed(split(join(a, tanh(a)), 2)))[1 : 1 + UNITS],
    "matrix_u": None,
    "matrix_v": None,
}
_TWO = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - 0.5 * b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / (softplus(b) + 0.7),
    "max": maximum,
    "min": minimum,
    "where": lambda a, b: where(a > b, a * 1.25, b - 0.125),
}


def random_cell(choices: list[tuple[str, int, int]]) -> WrittenCell:
    """A cell whose step does what the choices say: an operation and which values it reads."""

    def step(x: Any, state: Any, w: Any) -> tuple:
        values = [w.w @ x + w.b, state.hidden, w.u @ state.hidden, state.other, 0.3 * w.b + x[0:1]]
        for name, first, second in choices:
            a, b = values[first % len(values)], values[second % len(values)]
            if name.startswith("matrix"):
                values.append(getattr(w, name[-1]) @ tanh(a))
            elif name in _ONE:
                values.append(_ONE[name](a))
            else:
                values.append(_TWO[name](a, b))
        # Bounded, so that several steps stay so, and without a sudden change of the gradient.
        output = tanh(values[-1] + 0.5 * values[-2])
        return output, {"hidden": tanh(values[-2] + 0.1 * values[1]), "other": sigmoid(values[-3])}

    return WrittenCell(
        step,
        "random",
        weights={"w": ("H", "I"), "u": ("H", "H"), "v": ("H", "H"), "b": ("H",)},
        states={"hidden": "H", "other": "H"},
        inputs=3,
    )


OPERATIONS = (*_ONE, *_TWO)


def _paced(x: Any, state: Any, w: Any) -> Any:
    """Constants where a sum begins, a product reads, a mask chooses, and a slice takes some."""
    h, pace = state.hidden, np.linspace(0.1, 0.9, len(state.hidden))
    a = (w.w @ x + np.concatenate([pace, -pace]))[len(h) :]
    b = w.v @ pace + where(np.arange(len(h)) > 2, a, h) / (1 + pace)
    return tanh(pace * h + maximum(b, pace - 0.3) * (1 - pace))


PACED = WrittenCell(_paced, "paced", weights={"w": ("2H", "I"), "v": ("H", "H")})


def random_call(
    cell: WrittenCell,
    units: int,
    inputs: int,
    batch: int,
    time: int,
    seed: int = 0,
    dtype: Any = np.float64,
    **reading: Any,
) -> Call:
    """Weights, inputs and states of a cell, drawn."""
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(dtype)

    tape = cell.tape(units).sized(inputs)
    weights = {name: draw(*shape) * dtype(0.4) for name, shape in tape.weights}
    if "tau" in weights:
        weights["tau"] = np.abs(weights["tau"]) + dtype(1)
    states = tuple(np.abs(draw(batch, size)) * dtype(0.5) + dtype(0.1) for _, size in tape.states)
    return Call(tape, tuple(weights.values()), draw(batch, time, inputs), states, **reading)


def modes(batch: int, time: int, seed: int = 0) -> dict[str, dict[str, Any]]:
    """Ways to read a batch."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, time + 1, batch)
    resets = rng.random((batch, time)) < 0.3
    return {
        "plain": {},
        "lengths": {"lengths": lengths},
        "reverse": {"lengths": lengths, "reverse": True},
        "resets": {"lengths": lengths, "resets": resets},
        "all": {"lengths": lengths, "resets": resets, "reverse": True},
    }
