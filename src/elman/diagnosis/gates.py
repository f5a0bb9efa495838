"""What the gates of a recurrence do over a batch: how often they are shut, and which units die."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from elman.kernels.contract import Recurrence, Simple
from elman.kernels.equations import step_forward
from elman.state import map_leaves

__all__ = ["GATE_EDGE", "TANH_EDGE", "Gate", "dead_units", "gate_values", "saturation"]

GATE_EDGE = 0.05  # a gate under this is closed; above 1 minus this, open
TANH_EDGE = 0.95  # beyond ± this, tanh passes less than a tenth of a gradient
_AT_ONCE = 1024  # steps; what the equations keep for their way back is large


@dataclass(frozen=True)
class Gate:
    """How a gate's values are spread over units, real steps and rows.

    Attributes:
        low: Share under 0.05. Of a candidate or a tanh cell's h (values in -1…1): share under
            -0.95; of a ReLU cell's h: share of zeros.
        high: Share above 0.95; of a ReLU cell's h always 0.
        mean: The mean value.
        ends: Where the ends begin, in words.
    """

    low: float
    high: float
    mean: float
    ends: str

    @property
    def saturated(self) -> float:
        """Share at either end."""
        return self.low + self.high


def gate_values(
    recurrence: Recurrence, weights: Any, inputs: Float[np.ndarray, "N I"], before: Any
) -> dict[str, Float[np.ndarray, "N H"]]:
    """The value of each gate and candidate, by its name in the equations; `h` of a simple cell.

    Args:
        recurrence: Which equations.
        weights: The contract's NamedTuple of arrays.
        inputs: What N steps read.
        before: The states before these steps.
    """
    names = recurrence.blocks
    parts = []
    for start in range(0, len(inputs), _AT_ONCE):
        rows = itemgetter(slice(start, start + _AT_ONCE))
        _, tape = step_forward(recurrence, weights, rows(inputs), map_leaves(rows, before))
        parts.append([getattr(tape, name) for name in names])
    return {name: np.concatenate(arrays) for name, *arrays in zip(names, *parts, strict=True)}


def saturation(
    recurrence: Recurrence, values: dict[str, Float[np.ndarray, "N H"]]
) -> dict[str, Gate]:
    """The shares at each gate's ends."""
    found = {}
    for name, array in values.items():
        low, high = _ends(recurrence, name, array)
        ends = _where(recurrence, name)
        found[name] = Gate(float(low.mean()), float(high.mean()), float(array.mean()), ends)
    return found


def dead_units(
    recurrence: Recurrence, values: dict[str, Float[np.ndarray, "N H"]]
) -> tuple[int, ...]:
    """Units through which nothing comes at any of the N steps, counted from 0.

    - ReLU: h is 0 at all of them.
    - tanh: h stays beyond 0.95 with the same sign.
    - With gates: one of the recurrence's `shut` is always at that end; an LSTM's input gate
      closed (never written) or output gate (never read), a GRU's update gate open (never written).
    """
    ends = {name: _ends(recurrence, name, array) for name, array in values.items()}
    if recurrence.gate_names:
        shut = [ends[name][upper] for name, upper in recurrence.shut.items()]
    else:
        shut = list(ends["h"])
    dead = np.any([units.all(axis=0) for units in shut], axis=0)
    return tuple(np.flatnonzero(dead).tolist())


def _ends(
    recurrence: Recurrence, name: str, values: np.ndarray
) -> tuple[Bool[np.ndarray, "N H"], Bool[np.ndarray, "N H"]]:
    """Where values are at their lower and at their upper end."""
    if isinstance(recurrence, Simple) and recurrence.activation == "relu":
        return values == 0, np.zeros(values.shape, dtype=bool)
    if name == recurrence.candidate:
        return values < -TANH_EDGE, values > TANH_EDGE
    return values < GATE_EDGE, values > 1 - GATE_EDGE


def _where(recurrence: Recurrence, name: str) -> str:
    """Where the ends of `_ends` begin."""
    if isinstance(recurrence, Simple) and recurrence.activation == "relu":
        return "that are 0"
    if name == recurrence.candidate:
        return f"beyond ±{TANH_EDGE}"
    return f"under {GATE_EDGE} or above {1 - GATE_EDGE}"
