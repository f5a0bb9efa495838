"""The programs that the C++ drivers run: native/tests/tapes.txt.

`python -m tests.kernels.tapes.driver_programs` writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from elman.kernels.tapes.program import programs
from elman.written import (
    WrittenCell,
    exp,
    family,
    floor,
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
    sqrt,
    tanh,
    total,
    where,
)

FILE = Path(__file__).parents[3] / "native" / "tests" / "tapes.txt"


def _everything(x: Any, state: Any, w: Any, t: Any, noise: Any) -> tuple:
    """Every operation that there is."""
    h, other, units = state.hidden, state.other, len(state.hidden)
    a = w.w @ x + w.b + w.u @ (h * noise(0.25, units))
    one, two, three = a[:units], a[units : 2 * units], a[2 * units :]
    gate, candidate = sigmoid(normalise(one) * w.gain), tanh(two + 0.1 * floor(0.5 * t))
    share = softmax(three) + relu(two) * np.linspace(0.1, 0.7, units)
    b = exp(minimum(gate, share)) / (1.0 + abs(three) + sqrt(softplus(one) + 0.5))
    c = where((one > two) & ~(three > 0.5), log(1.5 + softplus(b)), maximum(b, h - total(other)))
    d = join(c[1:], c[:1]) - mean(c) * b + w.row[0] * other + w.v @ tanh(other)
    new = gate * h + (1 - gate) * candidate * noise(0.5, units)
    return tanh(d) * new, {"hidden": new + 0.1 * tanh(d), "other": tanh(other + total(c * 0.1))}


EVERYTHING = WrittenCell(
    _everything,
    "everything",
    weights={
        **{"w": ("3H", "I"), "u": ("3H", "H"), "b": ("3H",), "gain": ("H",)},
        **{"v": ("H", 1), "row": (2, "H")},
    },
    states={"hidden": "H", "other": 1},
)
CELLS = (
    *((EVERYTHING, 5, 3), (EVERYTHING, 33, 1), (EVERYTHING, 2, 2)),
    *((family.slstm, 17, 2), (family.mgu, 7, 16)),
)


def _words(name: str, fields: tuple) -> Iterator[str]:
    yield f"program {name}"
    for field in fields:
        rows = field if isinstance(field, list | tuple) else [field]
        flat = [n for row in rows for n in (row if isinstance(row, tuple) else (row,))]
        yield " ".join([str(len(flat)), *map(repr, flat)])


def text() -> str:
    """What the file should hold."""
    lines: list[str] = []
    for cell, units, inputs in CELLS:
        tape = cell.tape(units).sized(inputs)
        name = f"{cell.name}-{units}x{inputs}"
        answered = programs(tape, False, False)
        lines += _words(f"{name} answered", answered.there)
        for resets in (False, True):
            made = programs(tape, True, resets)
            assert made.back is not None
            lines += _words(f"{name}{'-resets' * resets} there", made.there)
            lines += _words(f"{name}{'-resets' * resets} back", made.back)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="ascii")
