"""What a diagnosis found, as data and as a table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from elman.diagnosis.gates import Gate
from elman.diagnosis.gradients import Decay
from elman.diagnosis.recurrence import Matrix
from elman.nn.report import table

__all__ = ["Advice", "Diagnosis", "LayerDiagnosis", "pace", "percent"]


@dataclass(frozen=True)
class Advice:
    """A sentence about a layer, and the number that it rests on.

    Attributes:
        layer: Its name.
        measure: What was measured: `memory`, `factor`, `mean of f` and so on.
        value: Its value.
        text: What it means and what to do.
    """

    layer: str
    measure: str
    value: float
    text: str


@dataclass(frozen=True, eq=False)
class LayerDiagnosis:
    """One recurrent layer and direction. T is the number of steps of the batch's longest row.

    Attributes:
        name: Where it is in the model.
        what: The recurrence and its sizes: "LSTM 28 -> 150".
        hidden_by_step: Norm of the gradient of the cost by the hidden states of all rows, at each
            step `[T]`.
        hidden_by_lag: Norm of the gradient of what the layer holds after each row's last step, by
            its hidden state so many steps before `[T]`; 1 at lag 0. Root mean square over rows.
        state_by_lag: The same by the whole state: an LSTM remembers by its c, which is in this
            one only.
        decay: What becomes of `state_by_lag`.
        window: Steps that truncated backpropagation has to keep: `decay.memory`, or T.
        written: Whether it is a written cell, whose gates are its named values.
        matrices: Of each gate, its recurrent matrix; `h` for a simple cell. Empty for a cell of a
            user's own, as are `gates`.
        gates: Of each gate and candidate, how often it is at its ends.
        units: Number of units H.
        dead: The units through which nothing comes; `elman.diagnosis.gates.dead_units` has the
            definition.
    """

    name: str
    what: str
    hidden_by_step: Float[np.ndarray, "T"]
    hidden_by_lag: Float[np.ndarray, "T"]
    state_by_lag: Float[np.ndarray, "T"]
    decay: Decay
    window: int
    matrices: dict[str, Matrix]
    gates: dict[str, Gate]
    units: int
    dead: tuple[int, ...]
    written: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As plain data: lists and numbers; an eigenvalue is a pair (real, imaginary)."""
        return {
            "name": self.name,
            "what": self.what,
            "hidden_by_step": self.hidden_by_step.tolist(),
            "hidden_by_lag": self.hidden_by_lag.tolist(),
            "state_by_lag": self.state_by_lag.tolist(),
            "factor": self.decay.factor,
            "memory": self.decay.memory,
            "largest": self.decay.largest,
            "explodes": self.decay.explodes,
            "pace": pace(self.decay.factor),
            "window": self.window,
            "matrices": {
                name: {
                    "radius": matrix.radius,
                    "norm": matrix.norm,
                    "eigenvalues": [[v.real, v.imag] for v in matrix.eigenvalues.tolist()],
                }
                for name, matrix in self.matrices.items()
            },
            "gates": {name: vars(gate) for name, gate in self.gates.items()},
            "units": self.units,
            "dead": list(self.dead),
        }


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Why a network learns or does not; `print` it for tables and advice.

    Attributes:
        layers: In the order in which they ran.
        advice: What to do.
        cost: What the gradients are of, in words.
        unseen: Recurrent modules that could not be looked into, and why.
    """

    layers: tuple[LayerDiagnosis, ...]
    advice: tuple[Advice, ...]
    cost: str
    unseen: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain data, which `elman.plots.gradients` draws."""
        return {
            "cost": self.cost,
            "layers": [layer.to_dict() for layer in self.layers],
            "advice": [vars(advice) for advice in self.advice],
            "unseen": list(self.unseen),
        }

    def __str__(self) -> str:
        header = ("layer", "recurrence", "gradient", "memory", "window", "dead units")
        blocks = [table([header, *map(_layer_row, self.layers)])]
        gates = [_gate_row(layer, name) for layer in self.layers for name in layer.gates]
        if gates:
            header = ("layer", "gate", "eigenvalue", "norm", "low", "high", "mean")
            blocks.append(table([header, *gates]))
        blocks.append(f"The gradient is that of {self.cost}.")
        blocks.append("\n".join(f"- {advice.layer}: {advice.text}" for advice in self.advice))
        blocks += [f"Not looked into: {reason}." for reason in self.unseen]
        return "\n\n".join(blocks)


def pace(factor: float) -> str:
    """What multiplying by a factor at each step means: "halves every 3 steps".

    >>> pace(0.5), pace(2 ** 0.2), pace(0.9999), pace(0.0)
    ('halves every step', 'doubles every 5.0 steps', 'stays', 'ends at once')
    """
    if factor < 1e-3:
        return "ends at once"
    rate = math.log2(factor)
    if abs(rate) < 1e-3:
        return "stays"
    verb, steps = "doubles" if rate > 0 else "halves", 1 / abs(rate)
    if round(steps, 1) == 1:
        return f"{verb} every step"
    return f"{verb} every {steps:.1f} steps" if steps < 20 else f"{verb} every {steps:.0f} steps"


def percent(share: float) -> str:
    """A share for a reader: "45 %"."""
    return f"{100 * share:.0f} %"


def _layer_row(layer: LayerDiagnosis) -> tuple[str, ...]:
    memory = layer.decay.memory
    steps = f"{memory} steps" if memory is not None else f"all {len(layer.state_by_lag)} steps"
    gradient = "explodes: " * layer.decay.explodes + pace(layer.decay.factor)
    dead = f"{len(layer.dead)} of {layer.units}" if layer.gates else ""
    return layer.name, layer.what, gradient, steps, str(layer.window), dead


def _gate_row(layer: LayerDiagnosis, name: str) -> tuple[str, ...]:
    gate, matrix = layer.gates[name], layer.matrices.get(name)
    numbers = (percent(gate.low), percent(gate.high), f"{gate.mean:.2f}")
    if matrix is None:  # of a written cell whose value sees no state by a matrix of its own
        return layer.name, name, "", "", *numbers
    return layer.name, name, f"{matrix.radius:.3f}", f"{matrix.norm:.3f}", *numbers
