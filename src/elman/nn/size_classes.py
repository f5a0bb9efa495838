"""Modules that torch is known to run faster than our kernels, by their sizes and the processor.

What is not known when a module is replaced (the batch, the steps) has no place here: an example
tells it, and is timed instead.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import nn

from elman.kernels.compiled import isa
from elman.nn.replacement import torchs_class

__all__ = ["KNOWN_SLOWER", "SizeClass", "known_slower"]

Range = tuple[float, float]
_ANY: Range = (1, math.inf)


class SizeClass(NamedTuple):
    """Modules of one kind on one class of processors; ranges contain both ends.

    Attributes:
        isa: The level of the compiled kernels that run: "avx2".
        dtype: Of the weights.
        kind: torch.nn's class: "LSTM", "GRUCell".
        measured: What was measured, for the report: "0.8 times torch's speed at B 64, T 50".
        hidden: Of `hidden_size`.
        inputs: Of `input_size`.
        layers: Of `num_layers`; a cell has 1.
        directions: 1 and 2; a cell has 1.
    """

    isa: str
    dtype: torch.dtype
    kind: str
    measured: str
    hidden: Range = _ANY
    inputs: Range = _ANY
    layers: Range = _ANY
    directions: Range = _ANY

    def holds(self, kind: str, dtype: torch.dtype, sizes: tuple[int, int, int, int]) -> bool:
        """Whether a module on this processor belongs to the class; `sizes` as the ranges."""
        if (self.isa, self.dtype, self.kind) != (isa(), dtype, kind):
            return False
        ranges = (self.hidden, self.inputs, self.layers, self.directions)
        return all(low <= size <= high for size, (low, high) in zip(sizes, ranges, strict=True))


KNOWN_SLOWER: tuple[SizeClass, ...] = ()
"""One line for each class that a benchmark has shown; none is known now."""


def known_slower(module: Any) -> str | None:
    """Why a torch.nn.RNN, LSTM, GRU or cell is better left to torch; None if that is not known."""
    kind = torchs_class(type(module)).__name__
    cell = isinstance(module, nn.RNNCellBase)
    layers, directions = (1, 1) if cell else (module.num_layers, 1 + module.bidirectional)
    sizes = (module.hidden_size, module.input_size, layers, directions)
    dtype = next(module.parameters()).dtype
    for row in KNOWN_SLOWER:
        if row.holds(kind, dtype, sizes):
            return f"torch's own is faster on this processor ({row.isa}): {row.measured}"
    return None
