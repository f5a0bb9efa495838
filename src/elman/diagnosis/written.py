"""What a written cell's named values do over a batch, and the matrices that it sees its past by."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from elman.cells import TapeCell
from elman.diagnosis.gates import GATE_EDGE, TANH_EDGE, Gate
from elman.diagnosis.recurrence import Matrix
from elman.kernels.tapes import reference
from elman.state import WrittenState, written_parts
from elman.tapes import Op

__all__ = ["named_gates", "named_matrices", "named_values"]


def named_values(
    cell: TapeCell, inputs: Float[np.ndarray, "N I"], before: Any
) -> dict[str, Float[np.ndarray, "N H"]]:
    """Each named value of N steps, of which inputs and states before them are known."""
    weights = tuple(weight.detach().numpy() for weight in cell.weights())
    counted = isinstance(before, WrittenState) and before.counted
    steps = before.counted[1] if counted else None
    states = written_parts(before)
    call = reference.Call(cell.tape, weights, inputs[:, None], states, steps=steps)
    values, _ = reference.step(call)
    size = cell.hidden_size
    return {
        name: np.broadcast_to(values[k], (len(inputs), size))
        for name, k in cell.tape.named
        if cell.tape.ops[k].size in (1, size)
    }


def named_gates(cell: TapeCell, values: dict[str, np.ndarray]) -> dict[str, Gate]:
    """The shares at each value's ends: of a tanh's beyond ±0.95, of others near 0 and 1."""
    found = {}
    kinds = {name: cell.tape.ops[k].name for name, k in cell.tape.named}
    for name, array in values.items():
        low, high, ends = GATE_EDGE, 1 - GATE_EDGE, f"under {GATE_EDGE} or above {1 - GATE_EDGE}"
        if kinds[name] == "tanh":
            low, high, ends = -TANH_EDGE, TANH_EDGE, f"beyond ±{TANH_EDGE}"
        at = (float((array < low).mean()), float((array > high).mean()))
        found[name] = Gate(*at, float(array.mean()), ends)
    return found


def named_matrices(cell: TapeCell) -> dict[str, Matrix]:
    """Of each named value the square weight by which it sees a part of the state, if it does."""
    found = {}
    for name, value in cell.tape.named:
        product = _product_of(cell, value)
        if product is not None:
            number, row = map(int, product.given)
            weight = cell.weights()[number].detach().numpy()
            found[name] = Matrix.of(weight[row : row + cell.hidden_size])
    return found


def _product_of(cell: TapeCell, value: int) -> Op | None:
    """The first product with the state that a value follows from, through sums and activations."""
    ops, size = cell.tape.ops, cell.hidden_size
    op = ops[value]
    if op.name == "product":
        square = op.size == size and ops[op.args[0]].size == size
        return op if square and ops[op.args[0]].name == "state" else None
    if op.name not in ("add", "sub", "sigmoid", "tanh", "relu", "neg"):
        return None
    found = (_product_of(cell, arg) for arg in op.args)
    return next((each for each in found if each is not None), None)
