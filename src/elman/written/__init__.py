"""A cell that is written once: its step for one row, over NumPy arrays or what stands for them.

`functions` are what a step may use, `tracing` makes a tape of a step, `cell` is a cell's
description, `family` some known cells. `elman.cells.written` makes a torch module of one.
"""

from elman.written.cell import WrittenCell, written_cells
from elman.written.functions import (
    clip,
    exp,
    floor,
    join,
    log,
    maximum,
    mean,
    minimum,
    named,
    normalise,
    relu,
    sigmoid,
    softmax,
    softplus,
    split,
    sqrt,
    still,
    tanh,
    total,
    variance,
    where,
)

__all__ = [
    "WrittenCell",
    "clip",
    "exp",
    "floor",
    "join",
    "log",
    "maximum",
    "mean",
    "minimum",
    "named",
    "normalise",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "split",
    "sqrt",
    "still",
    "tanh",
    "total",
    "variance",
    "where",
    "written_cells",
]
