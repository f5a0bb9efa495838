"""Long short-term memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from elman.errors import ArgumentError
from elman.recurrences.recurrence import LSTMState, Recurrence, Shapes, Sizes

__all__ = ["LSTM", "PEEPHOLES", "LSTMWeights"]

PEEPHOLES = ("i", "f", "o")
"""The rows of an LSTM's `peephole [3, H]`: i and f see c(t-1), o sees c(t)."""


class LSTMWeights(NamedTuple):
    """Weights of `LSTM`.

    With layer normalisation the products W_ih x and W_hh h are each normalised over all 4·H
    entries and scaled by `norm_ih [4·H]`, `norm_hh [4·H]`; the cell is normalised over its H
    entries before the last tanh: gain `norm_cell[0]`, bias `norm_cell[1]`. All three or none.
    """

    weight_ih: Any  # [4·H, I]
    weight_hh: Any  # [4·H, R]
    bias: Any  # [4·H]
    peephole: Any = None  # [3, H]: i, f, o
    projection: Any = None  # [R, H]: h(t) = projection · (o · tanh c)
    norm_ih: Any = None
    norm_hh: Any = None
    norm_cell: Any = None  # [2, H]


@dataclass(frozen=True)
class LSTM(Recurrence):
    """Long short-term memory; Hochreiter and Schmidhuber 1997, forget gate of Gers et al. 2000.

    Its gates: input gate i, forget gate f, candidate g, output gate o.

    Attributes:
        forget_bias: A constant added to the forget gate's pre-activation, on top of the bias.
        cell_clip: If given, c(t) is clipped to [-cell_clip, cell_clip] before it is used.
    """

    forget_bias: float = 0.0
    cell_clip: float | None = None

    kind = "lstm"
    title = "LSTM"
    blocks = gate_names = ("i", "f", "g", "o")
    candidate = "g"
    shut: ClassVar[Mapping[str, bool]] = {"i": False, "o": False}  # never written, never read
    weights_type = LSTMWeights
    state_type = LSTMState
    optional: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "peepholes": ("peephole",),
        "projection": ("projection",),
        "layer_norm": ("norm_ih", "norm_hh", "norm_cell"),
    }

    def __post_init__(self) -> None:
        if self.cell_clip is not None and not self.cell_clip > 0:
            raise ArgumentError(
                "cell_clip", f"found {self.cell_clip}", "give a positive bound, or None"
            )

    def weight_shapes(self, sizes: Sizes) -> Shapes:
        """The shape of every weight that it may have."""
        inputs, hidden, recurrent = sizes
        rows = 4 * hidden
        return {
            "weight_ih": (rows, inputs),
            "weight_hh": (rows, recurrent),
            "bias": (rows,),
            "peephole": (3, hidden),
            "projection": (recurrent, hidden),
            "norm_ih": (rows,),
            "norm_hh": (rows,),
            "norm_cell": (2, hidden),
        }

    def sizes(self, weights: LSTMWeights) -> Sizes:
        """What these weights imply: R is H without a projection."""
        sizes = super().sizes(weights)
        if weights.projection is None:
            return sizes
        return sizes._replace(recurrent=weights.weight_hh.shape[1])

    def state_sizes(self, sizes: Sizes) -> dict[str, int]:
        """The features of h(t) and c(t)."""
        return {"hidden": sizes.recurrent, "cell": sizes.hidden}
