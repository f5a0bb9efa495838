"""The golden cases: what TensorFlow computed, and its layouts as ours."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import count, takewhile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from elman.convert.tensorflow1 import from_tensorflow1, split_cells, to_tensorflow1
from elman.kernels.contract import GRU, LSTM, Recurrence, Simple
from elman.state import LSTMState, RNNState

COMMITTED = Path(__file__).parent / "golden"
TOLERANCE = {"rtol": 1e-10, "atol": 1e-10}


class Case(NamedTuple):
    """One case: its row of the index, and the arrays of its file."""

    index: dict[str, Any]
    arrays: dict[str, np.ndarray]

    @property
    def config(self) -> list[dict[str, Any]]:
        return self.index["config"]

    @property
    def lengths(self) -> np.ndarray | None:
        """`[B]` int64, or None."""
        found = self.arrays.get("lengths")
        return None if found is None else found.astype(np.int64)

    @property
    def scopes(self) -> list[str]:
        """Below which names the variables of each direction stand: forward, then backward."""
        if self.index["bidirectional"]:
            return ["bidirectional_rnn/fw", "bidirectional_rnn/bw"]
        return [""]

    @property
    def variables(self) -> dict[str, np.ndarray]:
        return dict(zip(self.index["weights"], self.numbered("w"), strict=True))

    @property
    def state_is_tuple(self) -> bool:
        return all(cell.get("state_is_tuple", True) for cell in self.config)

    def numbered(self, prefix: str) -> list[np.ndarray]:
        """The arrays `prefix0`, `prefix1` and so on."""
        names = takewhile(self.arrays.__contains__, (f"{prefix}{k}" for k in count()))
        return [self.arrays[name] for name in names]


class Result(NamedTuple):
    """What an implementation computed, in TensorFlow's layouts."""

    outputs: np.ndarray
    final_states: list[np.ndarray]
    loss: float
    grad_inputs: np.ndarray
    grad_initial_states: list[np.ndarray]
    grad_variables: dict[str, np.ndarray]


class Layer(NamedTuple):
    """One cell of a stack as the kernels take it."""

    name: str
    recurrence: Recurrence
    weights: Any
    residual: bool


def golden_folder() -> Path:
    """The committed cases, or those in the folder that `ELMAN_GOLDEN` names."""
    return Path(os.environ.get("ELMAN_GOLDEN", COMMITTED))


def load_cases(folder: Path) -> dict[str, Case]:
    """Every case of a folder by its name."""
    cases = {}
    for row in json.loads((folder / "index.json").read_text())["cases"]:
        with np.load(folder / f"{row['case']}.npz") as file:
            cases[row["case"]] = Case(row, dict(file))
    return cases


def recurrence_of(cell: dict[str, Any]) -> Recurrence:
    """What a cell of the index computes."""
    if cell["cell"] == "rnn":
        return Simple(cell["activation"])
    if cell["cell"] == "gru":
        return GRU(cell["reset_after"])
    return LSTM(cell["forget_bias"], cell.get("cell_clip"))


def layers(case: Case, scope: str) -> list[Layer]:
    """The stack of one direction, from bottom to top."""
    found = []
    cells = split_cells(case.variables, scope)
    for cell, (name, variables) in zip(case.config, cells.items(), strict=True):
        recurrence = recurrence_of(cell)
        weights = from_tensorflow1(recurrence, variables)
        found.append(Layer(name, recurrence, weights, cell.get("wrapper") == "residual"))
    return found


def named_variables(layer: Layer, weights: Any) -> dict[str, np.ndarray]:
    """Gradients by a layer's weights as gradients by TensorFlow's variables."""
    variables = to_tensorflow1(layer.recurrence, weights)
    return {f"{layer.name}/{name}": array for name, array in variables.items()}


def our_states(case: Case, theirs: Iterator[Any]) -> list[RNNState | LSTMState]:
    """One direction's states, cell by cell, out of TensorFlow's flat ones (arrays or tensors)."""
    widths = [_widths(cell) for cell in case.config]
    if not case.state_is_tuple:
        joined = next(theirs)
        ends = np.cumsum([width for cell in widths for width in cell])
        starts = [0, *ends[:-1]]
        theirs = iter([joined[:, a:b] for a, b in zip(starts, ends, strict=True)])
    states = []
    for cell in widths:
        arrays = [next(theirs) for _ in cell]
        state = LSTMState if len(cell) == 2 else RNNState
        states.append(state(*reversed(arrays)))
    return states


def their_states(case: Case, ours: list[RNNState | LSTMState]) -> list[np.ndarray]:
    """The inverse of `our_states`, for arrays."""
    flat = [np.asarray(leaf) for state in ours for leaf in reversed(state)]
    return flat if case.state_is_tuple else [np.concatenate(flat, axis=1)]


def _widths(cell: dict[str, Any]) -> list[int]:
    """Widths of a cell's state in TensorFlow's order: an LSTM's c, then h."""
    units = cell["units"]
    return [units, cell.get("projection", units)] if cell["cell"] == "lstm" else [units]


def assert_reproduced(case: Case, result: Result) -> None:
    """Compare everything that TensorFlow computed, to 1e-10."""
    pairs = {
        "outputs": (result.outputs, case.arrays["y"]),
        "loss": (result.loss, case.arrays["loss"]),
        "gradient by inputs": (result.grad_inputs, case.arrays["grad_x"]),
    }
    final, grad_initial = case.numbered("s"), case.numbered("grad_s0_")
    assert len(result.final_states) == len(final) == case.index["states"]
    for k, expected in enumerate(final):
        pairs[f"final state {k}"] = (result.final_states[k], expected)
    assert len(result.grad_initial_states) == len(grad_initial)
    for k, expected in enumerate(grad_initial):
        pairs[f"gradient by initial state {k}"] = (result.grad_initial_states[k], expected)
    grad_variables = dict(zip(case.index["weights"], case.numbered("grad_w"), strict=True))
    assert result.grad_variables.keys() == grad_variables.keys()
    for name, expected in grad_variables.items():
        pairs[f"gradient by {name}"] = (result.grad_variables[name], expected)
    for what, (found, expected) in pairs.items():
        np.testing.assert_allclose(found, expected, err_msg=what, **TOLERANCE)
